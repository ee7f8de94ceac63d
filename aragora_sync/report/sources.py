"""The connectors of a tenant that know of money: what their items say, and how fresh and whole that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import localcontext
from types import ModuleType

from ..store.base import PART, UNDER_WAY, Entry, RunRow, Store, StreamRow
from . import gusto, plaid, quickbooks, xero
from .figures import EXACT
from .reading import UNREADABLE, Found, Stored

READERS: Mapping[str, ModuleType] = {"gusto": gusto, "plaid": plaid, "qbo": quickbooks, "xero": xero}
OK, PARTIAL, NEEDS_LOGIN = "ok", "partial", "needs login"  # as the store says
MOST_SHOWN = 3  # of what went wrong
FRESH_DAYS = 1  # yesterday's figures are fresh: days begin at other times elsewhere
MOST_RUNS = 1000  # that are looked through for one that ended
DAY_IS_OVER = timedelta(days=1, hours=12)  # after its begin in UTC, a day is over everywhere on earth


@dataclass(frozen=True, slots=True)
class Source:
    """A connector that is configured, or whose items are still there."""

    connector: str
    type: str
    is_configured: bool = True


@dataclass(slots=True)
class Read:
    """What one source said. `is_there`: it was read once, so that nothing found means that there is nothing."""

    source: Source
    found: Found = field(default_factory=Found)
    fetched_at: datetime | None = None
    is_there: bool = False


def type_of(connector: str) -> str:
    """Of one that is no longer configured, by the id that it had by default; empty where that says nothing."""
    first = connector.partition("-")[0]
    return first if first in READERS else ""


def read_source(store: Store, source: Source, as_of: date) -> Read:
    """Everything that its items say, at one moment of the store."""
    with localcontext(EXACT):
        return _read(store, source, as_of)


def _read(store: Store, source: Source, as_of: date) -> Read:
    reader, streams = READERS[source.type], store.streams(source.connector)
    read = Read(source, fetched_at=_good_end(store, source.connector))
    items = []
    for entry in store.snapshot(source.connector):
        if isinstance(entry, Entry) and entry.kind in reader.KINDS:
            stored = Stored.read(entry)
            items.append(stored)
            _read_item(read, stored)
    reader.settle(source.connector, read.found, items)
    read.is_there = bool(items) or _was_read(streams, reader)
    read.found.warnings += _standing(store, read, streams, as_of)
    return read


def _read_item(read: Read, stored: Stored) -> None:
    """One item that says something odd is left out, and told."""
    try:
        read.found.add(READERS[read.source.type].read(stored))
    except UNREADABLE as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        read.found.warnings.append(f"{read.source.connector}: {stored.origin.id} is not counted: {why}.")


def _standing(store: Store, read: Read, streams: Mapping[str, StreamRow], as_of: date) -> Iterator[str]:
    """Why the figures of a source may not be what it would say now."""
    name, reader = read.source.connector, READERS[read.source.type]
    if not read.source.is_configured:
        yield f"{name} is not configured any more; its figures stay as they were."
    if not read.is_there:
        yield f"{name} was not read yet: aragora-sync run {name}"
        return
    yield from (f"{name}: {text}" for text in _ages(read.fetched_at, as_of))
    last = _last_ended(store, name)
    if last is not None and last.status != OK:
        yield f"{name}: its last run ended with {last.status!r}{_reasons(last)}"
        if last.status == NEEDS_LOGIN:
            yield f"{name} gets no newer figures until somebody logs in: aragora-sync oauth login {name}"
    parts = set(map(_part, streams))
    for wanted, what in reader.WANTED.items():
        if wanted not in parts:
            yield f"{name} does not sync {wanted}: {what} are not known."
    for row in streams.values():
        if _part(row.name) in (*reader.NEEDED, *reader.WANTED):
            yield from (f"{name}: {row.title or row.name}: {text}" for text in _stream_warnings(row))
    failures = sorted(failure.id for failure in store.failures(name))
    if failures:
        shown = ", ".join(failures[:MOST_SHOWN]) + (" …" if len(failures) > MOST_SHOWN else "")
        yield f"{name}: what could not be read counts as it was before: {shown}"


def _ages(fetched_at: datetime | None, as_of: date) -> Iterator[str]:
    """The store knows the present only: a day that was over when it was written is no longer to be had."""
    if fetched_at is None:
        yield "no run of it ever ended well."
        return
    days = (as_of - fetched_at.date()).days
    if days > FRESH_DAYS:
        yield f"its figures are {days} days older than {as_of}."
    if fetched_at - datetime.combine(as_of, time(), UTC) >= DAY_IS_OVER:
        yield f"its figures are of {fetched_at.date()}: what was paid after {as_of} is not open any more."


def _reasons(run: RunRow) -> str:
    shown = [*run.errors[:MOST_SHOWN], *(["…"] if len(run.errors) > MOST_SHOWN else [])]
    return f": {'; '.join(shown)}" if shown else "."


def _stream_warnings(row: StreamRow) -> Iterator[str]:
    if row.lost:
        since = f"; it was last read whole on {row.reconciled_at.date()}" if row.reconciled_at else ""
        yield f"access is lost: {row.lost.rstrip('.')}{since}."
    elif row.reconciled_at is None:
        yield "it was not read to its end yet."
    if row.refusal:
        yield f"{row.refusal.would_remove} of {row.refusal.of} items may be gone; removing them was refused."


def _was_read(streams: Mapping[str, StreamRow], reader: ModuleType) -> bool:
    """Whether all that is needed was read to its end at least once."""
    finished = {_part(name) for name, row in streams.items() if row.reconciled_at is not None}
    return finished.issuperset(reader.NEEDED)


def _part(stream: str) -> str:
    """What a stream holds, by its name; of a bank's accounts the bank's own id stands before it."""
    return stream.rpartition("/")[2]


def _last_ended(store: Store, connector: str) -> RunRow | None:
    """The latest run that read whatever changed, and does so no more."""
    last = store.last_run(connector)
    if last is None or last.status not in UNDER_WAY:
        return last
    before = (run for run in store.runs(connector, MOST_RUNS) if run.status not in UNDER_WAY)
    return next((run for run in before if not run.status.startswith(PART)), None)


def _good_end(store: Store, connector: str) -> datetime | None:
    """When the last run ended in which the source was read; one that read a part counts only if none read all."""
    good = store.last_run(connector, OK) or store.last_run(connector, PARTIAL)
    return None if good is None else good.ended_at
