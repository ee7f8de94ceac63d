"""The trail of who looked at financial or medical data, and of every write: append-only, each line chained to the one
before it.

Beside a trail lies a note of its last line, so that lines which are cut off its end are missed, too.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .core.clock import utc_now
from .core.errors import StateError
from .core.files import PRIVATE_FILE, home_folder, make_private_folder

TRAIL, NOTE = ".jsonl", ".last"
TAIL_BYTES = 65_536


class _End(NamedTuple):
    """The last line of a trail."""

    number: int = 0
    hash: str = "0" * 64  # what the first line is chained to


def audit_path(tenant_id: str) -> Path:
    """Where the trail of a tenant lies."""
    return home_folder() / ".aragora" / "audit" / f"{tenant_id}{TRAIL}"


def audited_tenants() -> set[str]:
    """Those that have a trail, or had one."""
    folder = audit_path("any").parent
    return {path.stem for suffix in (TRAIL, NOTE) for path in folder.glob(f"*{suffix}")}


class Audit:
    """Adds lines to one trail. Safe among threads and processes; a line is on the disk when `add` returns."""

    def __init__(self, path: Path, connector_id: str) -> None:
        self._path = path
        self._connector_id = connector_id

    def add(self, action: str, what: str, **more: str | int) -> None:
        """One access or one write. Never what was read: only what was asked for, and how it ended.

        Raises StateError where the line cannot be written.
        """
        told = {
            "at": utc_now().isoformat(),
            "connector": self._connector_id,
            "action": action,
            "what": what,
            **more,
        }
        try:
            make_private_folder(self._path.parent)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                end = _end_of(descriptor, self._path)
                line = {"number": end.number + 1, **told}
                hashed = _hash(line, end.hash)
                _append(descriptor, json.dumps({**line, "before": end.hash, "hash": hashed}, ensure_ascii=False))
                _note(self._path, _End(end.number + 1, hashed))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StateError(
                f"cannot write the audit trail {self._path}: {error.strerror}.",
                hint="make room on the disk, and make the file yours",
            ) from error


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a trail is not what was written."""

    line: int
    reason: str


def verify(path: Path) -> Iterator[int | Broken]:
    """The number of each good line; the first that is not, and why, ends it. No trail at all is a good one, too."""
    end, place, noted = _End(), 0, _noted(path)
    for raw in _lines(path):
        place += 1
        found = _verified(raw, end)
        if isinstance(found, str):
            yield Broken(place, found)
            return
        if noted is not None and found.number == noted.number and found != noted:
            yield Broken(place, "it was changed")
            return
        end = found
        yield end.number
    if noted is not None and noted.number > end.number:
        yield Broken(place + 1, f"lines are gone; the last one was number {noted.number}")
    elif noted is None and end.number > 1:
        yield Broken(place, "the note that it is the last one is gone")


def _lines(path: Path) -> Iterator[bytes]:
    """Those that are there now; what others add meanwhile is not looked at."""
    if not path.exists():
        return
    with path.open("rb") as trail:
        fcntl.flock(trail, fcntl.LOCK_SH)
        size = os.fstat(trail.fileno()).st_size
        fcntl.flock(trail, fcntl.LOCK_UN)
        while trail.tell() < size:
            yield trail.readline()


def _verified(raw: bytes, end: _End) -> _End | str:
    """The line, or what is wrong with it as the one after `end`."""
    try:
        text = raw.decode().removesuffix("\n")
        told = json.loads(text)
        before, hashed = told.pop("before"), told.pop("hash")
        if before != end.hash:
            return "what came before it is another line now, or is gone"
        expected = {**told, "before": before, "hash": _hash(told, before)}
        if text != json.dumps(expected, ensure_ascii=False) or told["number"] != end.number + 1:
            return "it was changed"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "it is no line of a trail"
    return _End(told["number"], hashed)


def _hash(told: Mapping[str, object], before: str) -> str:
    text = json.dumps({**told, "before": before}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _append(descriptor: int, line: str) -> None:
    """The whole line, durably, or nothing of it."""
    size, content = os.fstat(descriptor).st_size, f"{line}\n".encode()
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(0, "the disk is full")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _end_of(descriptor: int, path: Path) -> _End:
    """Whichever tells of more, the trail or the note: so what was cut off a trail stays missing in it.

    A line that a crash cut off was never promised to anybody, and goes, where the note tells of the one before it.
    """
    size, noted = os.fstat(descriptor).st_size, _noted(path)
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    whole, _, rest = tail.rpartition(b"\n")
    end = _End()
    try:
        if whole:
            told = json.loads(whole.rpartition(b"\n")[2])
            end = _End(int(told["number"]), str(told["hash"]))
        if rest and end != (noted or _End()):
            raise ValueError("a line without an end")
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"the audit trail {path} ends with a line that is not whole.",
            hint=f"keep a copy, then remove that line; aragora-sync audit verify {path.stem} tells which",
        ) from error
    if rest:
        os.ftruncate(descriptor, size - len(rest))
    return end if noted is None or noted.number < end.number else noted


# The note. One that a power cut left behind its trail does no harm, so nobody waits for the disk.


def _note_path(path: Path) -> Path:
    return path.with_suffix(NOTE)


def _note(path: Path, end: _End) -> None:
    descriptor = os.open(_note_path(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        os.pwrite(descriptor, f"{end.number:020d} {end.hash}\n".encode(), 0)  # always as long, so never half of two
    finally:
        os.close(descriptor)


def _noted(path: Path) -> _End | None:
    try:
        number, _, hashed = _note_path(path).read_text().strip().partition(" ")
        return _End(int(number), hashed)
    except (FileNotFoundError, ValueError):
        return None
