"""Which readings of a stream are due: pure decisions over what the store remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ..store.base import PassKind, StreamRow

OPTIONS_CHANGED = "options changed"
CURSOR_EXPIRED = "cursor expired"
DEFAULT_RECONCILE_HOURS = 24


class Mode(StrEnum):
    """How a stream is read."""

    CHANGES = "changes"  # from the cursor
    BEGIN = "begin"  # a new pass, from nothing
    RESUME = "resume"  # the open pass, from its cursor


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading that is due, of which kind where it is a pass, and why where a person may wonder."""

    mode: Mode
    kind: PassKind | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides beside the stream's row."""

    fingerprint: str  # of the options as they are now
    now: datetime
    every: timedelta | None  # how old a finished pass may grow; None: for ever
    kind: PassKind | None = None  # the pass that a person asked for
    failures_due: bool = False  # failures that nobody can fetch, and whose rest is over


def due_readings(row: StreamRow | None, asked: Asked) -> list[Reading]:
    """The readings of this run, in order: first from the cursor, then the pass that is open, due or asked for."""
    if row is None or row.generation == 0:
        return [Reading(Mode.BEGIN, asked.kind or PassKind.RECONCILE, "first pass")]
    if options_changed(row, asked.fingerprint):
        if row.open_pass is None or row.open_pass.fingerprint != asked.fingerprint:
            return [Reading(Mode.BEGIN, PassKind.FULL, OPTIONS_CHANGED)]
        return [_go_on(row, asked)]
    first = [] if row.cursor is None else [Reading(Mode.CHANGES)]
    if row.open_pass is not None:
        return [*first, _go_on(row, asked)]
    if (kind := _kind_due(row, asked)) is not None:
        return [*first, Reading(Mode.BEGIN, kind)]
    return first


def options_changed(row: StreamRow, fingerprint: str) -> bool:
    """Whether rows of this stream were read under other options: then only a pass may read it."""
    if row.fingerprint is not None and row.fingerprint != fingerprint:
        return True
    return row.open_pass is not None and row.open_pass.fingerprint != fingerprint


def watchable(row: StreamRow | None, fingerprint: str) -> bool:
    """Whether what comes after the cursor of this stream may be told by a watch."""
    return row is not None and row.cursor is not None and not row.lost and not options_changed(row, fingerprint)


def reconcile_age(hours: float | None, *, reports_deletes: bool) -> timedelta | None:
    """How old a finished pass may grow, from what the options say; None: for ever."""
    if hours is None:
        hours = 0 if reports_deletes else DEFAULT_RECONCILE_HOURS
    return timedelta(hours=hours) if hours else None


def pass_due_at(row: StreamRow, every: timedelta | None) -> datetime | None:
    """When the next pass is due; None where nothing but a person will ask for one."""
    if row.due or row.open_pass is not None:
        return datetime.min.replace(tzinfo=UTC)
    return None if every is None or row.reconciled_at is None else row.reconciled_at + every


def _go_on(row: StreamRow, asked: Asked) -> Reading:
    under_way = row.open_pass
    assert under_way is not None
    if asked.kind is PassKind.FULL and under_way.kind is not PassKind.FULL:
        return Reading(Mode.BEGIN, PassKind.FULL)
    if under_way.cursor is None:  # interrupted before its first checkpoint
        return Reading(Mode.BEGIN, under_way.kind)
    return Reading(Mode.RESUME, under_way.kind)


def _kind_due(row: StreamRow, asked: Asked) -> PassKind | None:
    if PassKind.FULL in (row.due, asked.kind):
        return PassKind.FULL
    if row.cursor is None or asked.kind or row.due or asked.failures_due or _is_old(row, asked):
        return PassKind.RECONCILE
    return None


def _is_old(row: StreamRow, asked: Asked) -> bool:
    if asked.every is None or row.reconciled_at is None:
        return False
    age = asked.now - row.reconciled_at
    return not timedelta(0) <= age < asked.every  # a time to come was written before the clock went back
