"""What running schedulers plan, for whoever asks while they run: a file of each process, beside the stores.

A process holds a lock on its file as long as it lives, however it ends; what nobody holds is not believed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

from ..core.errors import ConfigError
from ..core.files import PRIVATE_FILE, make_private_folder, try_lock
from .agenda import Key
from .schedule import SyncSchedule

logger = logging.getLogger(__name__)

FOLDER = "plans"
VERSION = 1
REST = 100  # times as long as the last look took: telling costs a hundredth of a core at most
LONGEST_REST_SECONDS = 5.0

Plans: TypeAlias = Mapping[Key, tuple[SyncSchedule, datetime]]


class PlanTeller:
    """Publishes what one process plans, in each folder of stores it has to do with."""

    def __init__(self, folder_of: Callable[[Key], Path | None]) -> None:
        self._folder_of = folder_of
        self._files: dict[Path, _PlanFile] = {}
        self._told: dict[Key, tuple[SyncSchedule, datetime]] = {}
        self._rests_until = 0.0

    def tell(self, plans: Callable[[], Plans]) -> None:
        """Others know of them from now on, or from a moment later where they change often."""
        began = time.monotonic()
        if began < self._rests_until:
            return
        now_planned = dict(plans())
        if now_planned != self._told:
            self._told = now_planned
            self._publish()
        ended = time.monotonic()
        self._rests_until = ended + min(LONGEST_REST_SECONDS, REST * (ended - began))

    def close(self) -> None:
        """Nothing is planned any more."""
        for file in self._files.values():
            file.close()
        self._files, self._told = {}, {}

    def _publish(self) -> None:
        folders: dict[Path, dict[Key, tuple[SyncSchedule, datetime]]] = {folder: {} for folder in self._files}
        for key, planned in self._told.items():
            if (folder := self._folder_of(key)) is not None:
                folders.setdefault(folder, {})[key] = planned
        for folder, plans in folders.items():
            self._files.setdefault(folder, _PlanFile(folder / FOLDER)).write(plans)


class _PlanFile:
    """The file of this process in one folder: a new one for each plan, locked before it takes the place of the old."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{uuid4().hex}.json"
        self._held: int | None = None
        self._failed = False

    def write(self, plans: Plans) -> None:
        try:
            if self._held is None:
                make_private_folder(self._folder)
                _forget_the_dead(self._folder)
            held = self._put(_text(plans).encode())
        except (OSError, ConfigError) as error:
            if not self._failed:
                logger.warning("what runs next is told to nobody: %s cannot be written (%s)", self._path, error)
            self._failed = True
            return
        self._let_go()
        self._held, self._failed = held, False

    def close(self) -> None:
        if self._held is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._let_go()

    def _put(self, text: bytes) -> int:
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with open(descriptor, "wb", closefd=False) as file:
                file.write(text)
            os.replace(new, self._path)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


class PublishedPlans:
    """What the processes that run now plan for the connectors of these stores."""

    def __init__(self, stores: Path) -> None:
        self._due: dict[tuple[Key, str], datetime] = {}
        for path in (stores / FOLDER).glob("*.json"):
            for known, due in _read(path):
                self._due[known] = min(due, self._due.get(known, due))

    def due(self, key: Key, schedule: SyncSchedule, now: datetime) -> datetime | None:
        """When the connector runs next, at the earliest now; None where nobody runs it by this schedule."""
        due = self._due.get((key, schedule.meaning))
        return due and max(due, now)


def _text(plans: Plans) -> str:
    due: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for key, (schedule, at) in plans.items():
        due[schedule.meaning]["/".join(key)] = at.isoformat()
    return json.dumps({"version": VERSION, "pid": os.getpid(), "due": due})


def _read(path: Path) -> Iterator[tuple[tuple[Key, str], datetime]]:
    try:
        told = json.loads(_text_of_the_living(path) or "{}").get("due", {})
        for meaning, planned in told.items():
            for name, at in planned.items():
                tenant, connector = name.split("/")
                yield ((tenant, connector), meaning), datetime.fromisoformat(at)
    except (OSError, ValueError, TypeError, AttributeError):
        return  # not ours


def _text_of_the_living(path: Path) -> str:
    """Empty where the process is gone."""
    for _ in range(3):
        with path.open(encoding="utf-8") as file:
            if _is_held(file.fileno()):
                return file.read()
            if _is_still(path, file.fileno()):
                return ""
    return ""


def _is_held(descriptor: int) -> bool:
    return not try_lock(descriptor, fcntl.LOCK_SH)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether no newer plan took its place just now."""
    return os.path.samestat(path.stat(), os.fstat(descriptor))


def _forget_the_dead(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError), path.open("rb") as file:
            if not _is_held(file.fileno()):
                path.unlink()
