"""The trail of who looked at financial or medical data, and of every write: append-only, each line chained to the one
before it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .core.clock import utc_now
from .core.errors import StateError
from .core.files import PRIVATE_FILE, home_folder, make_private_folder

BEGIN = "0" * 64  # what the first line is chained to
TAIL_BYTES = 65_536


def audit_path(tenant_id: str) -> Path:
    """Where the trail of a tenant lies."""
    return home_folder() / ".aragora" / "audit" / f"{tenant_id}.jsonl"


class Audit:
    """Adds lines to one trail. Safe among threads and processes; a line is on the disk when `add` returns."""

    def __init__(self, path: Path, connector_id: str) -> None:
        self._path = path
        self._connector_id = connector_id

    def add(self, action: str, what: str, **more: str | int) -> None:
        """One access or one write. Never what was read: only what was asked for, and how it ended."""
        make_private_folder(self._path.parent)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise StateError(
                f"cannot write the audit trail {self._path}: {error.strerror}.", hint="make it yours"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            last, number = _end_of(descriptor, self._path)
            told = {
                "at": utc_now().isoformat(),
                "connector": self._connector_id,
                "action": action,
                "what": what,
                **more,
            }
            os.write(descriptor, (_line({"number": number + 1, **told}, last) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a trail is not what was written."""

    line: int
    reason: str


def verify(path: Path) -> Iterator[int | Broken]:
    """The number of each good line; the first that is not, and why, ends it."""
    last, number = BEGIN, 0
    with path.open("rb") as trail:
        for place, raw in enumerate(trail, 1):
            try:
                text = raw.decode().removesuffix("\n")
                told = json.loads(text)
                hashed = told.pop("hash")
                expected = _line({name: told[name] for name in told if name != "before"}, last)
            except (ValueError, KeyError, TypeError, AttributeError):
                yield Broken(place, "it is no line of a trail")
                return
            if told.get("before") != last:
                yield Broken(place, "what came before it is another line now, or is gone")
                return
            if text != expected or told.get("number") != number + 1:
                yield Broken(place, "it was changed")
                return
            last, number = hashed, told["number"]
            yield number


def _line(told: Mapping[str, object], before: str) -> str:
    text = json.dumps({**told, "before": before}, ensure_ascii=False, sort_keys=True)
    return json.dumps({**told, "before": before, "hash": hashlib.sha256(text.encode()).hexdigest()}, ensure_ascii=False)


def _end_of(descriptor: int, path: Path) -> tuple[str, int]:
    """Hash and number of the last line. A line that a crash cut off is no end: it must be looked at by a person."""
    size = os.fstat(descriptor).st_size
    if not size:
        return BEGIN, 0
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    last = tail.rstrip(b"\n").rpartition(b"\n")[2]
    try:
        told = json.loads(last)
        if not tail.endswith(b"\n"):
            os.write(descriptor, b"\n")
        return str(told["hash"]), int(told["number"])
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"the audit trail {path} ends with a line that is not whole.",
            hint=f"keep a copy, then remove that line; aragora-sync audit verify {path.stem} tells which",
        ) from error
