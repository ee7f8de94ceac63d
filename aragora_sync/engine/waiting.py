"""Connectors that wait for the first time of their crontab line, and since when: on the disk, beside the stores."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from ..core.errors import ConfigError
from ..core.files import alone_in, make_private_folder, write_atomically
from .agenda import Key, LastRun
from .schedule import SyncSchedule

logger = logging.getLogger(__name__)

FILE = "schedule.json"
VERSION = 1


class FirstWaits:
    """Since when each connector waits that never ran.

    What never ran has no run to count from: without this, a time that came while no scheduler was there would be
    missed for good, as only that of a first run can be.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def since(self) -> dict[Key, datetime]:
        """What was noted; nothing where the file is absent, or nobody can read it."""
        try:
            told = json.loads(self._path.read_bytes())["waiting_since"]
            return {_key(name): _moment(text) for name, text in told.items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return {}

    def note(self, waiting: Collection[Key], now: datetime, over: Collection[Key]) -> None:
        """From now on these wait, if they did not before. Those that are `over` are forgotten."""
        folder = self._path.parent
        if not waiting and not self.since():
            return
        try:
            make_private_folder(folder)
            with alone_in(folder):  # another scheduler may note others at this moment
                self._add(waiting, now, over)
        except (OSError, ConfigError) as error:
            logger.warning("a first run that is missed is not made up: %s cannot be written (%s)", self._path, error)

    def _add(self, waiting: Collection[Key], now: datetime, over: Collection[Key]) -> None:
        before = self.since()
        noted = dict.fromkeys(waiting, now) | {key: at for key, at in before.items() if key not in over}
        if noted != before:
            told = {"/".join(key): noted[key].isoformat() for key in sorted(noted)}
            write_atomically(self._path, json.dumps({"version": VERSION, "waiting_since": told}, indent=1) + "\n")


def counted_from(
    schedules: Mapping[Key, SyncSchedule], runs: Mapping[Key, LastRun], since: Mapping[Key, datetime]
) -> dict[Key, LastRun]:
    """Each connector's latest run; of one that never ran, when it began to wait for its crontab line."""
    waits = {key: LastRun(since[key]) for key in waiting(schedules, runs) if key in since}
    return {**waits, **runs}


def waiting(schedules: Mapping[Key, SyncSchedule], runs: Mapping[Key, LastRun]) -> list[Key]:
    """Those that never ran and are not due at once."""
    return [key for key, schedule in schedules.items() if schedule.interval is None and key not in runs]


def _key(name: str) -> Key:
    tenant, connector = name.split("/")
    return tenant, connector


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
