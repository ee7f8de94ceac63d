"""The payrolls of a company: the list tells which changed, and only those are read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from threading import Event
from typing import Any, TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen
from ...core.errors import AccessError, NotFound, SourceError, TransientError
from ...core.source import KnownItems
from ...net.prefetch import Ask, prefetch
from .answers import day_of, payroll_id
from .api import Api
from .items import payroll_item, payroll_item_id, payroll_version
from .windows import AHEAD, LATENESS, OVERLAP, windows

Raw: TypeAlias = Mapping[str, Any]

WIDTH = 4  # payrolls that are asked for at once
WAITING_BYTES = 16_000_000  # of payrolls that were read ahead
PAYROLL_BYTES = 100_000  # about
MOST_UNREAD = 10  # payrolls that may fail in one run before it is Gusto that fails


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reading came. All that happens before `since` was told; `open` are payrolls that may still change or
    vanish, each with the first day at which a list may show it. `whole`: the unchanged are told, too.
    """

    since: date
    open: Mapping[str, date]
    whole: bool = False

    def cursor(self) -> Cursor:
        opened = {uuid: day.isoformat() for uuid, day in self.open.items()}
        return {"since": self.since.isoformat(), "open": opened, "whole": self.whole}

    @classmethod
    def read(cls, cursor: Any) -> Place:
        opened = {uuid: date.fromisoformat(day) for uuid, day in cursor["open"].items()}
        return cls(date.fromisoformat(cursor["since"]), opened, cursor["whole"])


class Payrolls:
    """All kinds of payrolls from the first day that is wanted, to those that are planned."""

    def __init__(self, api: Api, known: KnownItems, first: date, today: date) -> None:
        self._api = api
        self._known = known
        self._first = first
        self._today = today

    def read(self, cursor: Cursor) -> Iterator[Change]:
        """Stretch by stretch, the oldest first; of what was read before, only the last months and what is open."""
        begun = Place(self._first, {}, whole=True) if cursor is None else Place.read(cursor)
        named: dict[str, date | None] = {}
        unread, last = 0, self._today + AHEAD
        for start, end in windows(min(begun.since, self._today), last):
            told: Generator[Named, None, None] = prefetch(
                self._window(start, end, begun.whole, named), width=WIDTH, weight=WAITING_BYTES
            )
            with closing(told):
                for change in told:
                    unread += isinstance(change, Failed)
                    if unread > MOST_UNREAD:
                        raise TransientError(f"{unread} payrolls of Gusto cannot be read.")
                    yield change
            if end < last:
                yield Checkpoint(Place(end - OVERLAP, _open(begun, named), begun.whole).cursor())
        yield from self._vanished(begun, named)
        opened = _open(begun, named)
        yield Checkpoint(Place(self._next_since(opened), opened).cursor(), complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        for ref in refs:
            yield self._single(ref.removeprefix(payroll_item_id("")))

    def _next_since(self, opened: Mapping[str, date]) -> date:
        return max(self._first, min([self._today - LATENESS, *opened.values()]))

    def _window(
        self, start: date, end: date, whole: bool, named: dict[str, date | None]
    ) -> Iterator[Named | Ask[Named]]:
        """What a stretch holds beyond those before it. `named` gets the days of those that may still change."""
        listed = [raw for raw in self._api.payrolls(start, end) if payroll_id(raw) not in named]
        known = self._known.get([payroll_item_id(payroll_id(raw)) for raw in listed])
        for raw in listed:
            uuid, version = payroll_id(raw), payroll_version(raw)
            item_id = payroll_item_id(uuid)
            named[uuid] = _open_from(raw)
            if item_id in known and known[item_id].version == version:
                if whole:
                    yield Seen(item_id)
            elif raw["processed"]:
                yield Ask(partial(self._detailed, raw, version), PAYROLL_BYTES)
            else:
                yield _told(raw, version)

    def _detailed(self, listed: Raw, version: str, _halt: Event) -> Named:
        item_id = payroll_item_id(payroll_id(listed))
        try:
            return payroll_item({**listed, **self._api.payroll(payroll_id(listed))}, version)
        except NotFound:
            return Deleted(item_id)
        except AccessError:
            raise
        except TransientError as error:
            if error.retry_after is not None or not error.status:
                raise  # no answer at all, or a limit: this is not about this payroll
            return Failed(item_id, error.message)
        except SourceError as error:
            return Failed(item_id, error.message)

    def _vanished(self, begun: Place, named: dict[str, date | None]) -> Iterator[Named]:
        """Open payrolls that no list shows any more: Gusto says of each whether it is gone."""
        for uuid, day in begun.open.items():
            if uuid not in named and day >= begun.since:
                told = self._single(uuid)
                named[uuid] = day if isinstance(told, Item | Failed) else None
                yield told

    def _single(self, uuid: str) -> Named:
        try:
            raw = self._api.payroll(uuid)
            return payroll_item(raw, payroll_version(raw))
        except NotFound:
            return Deleted(payroll_item_id(uuid))
        except (AccessError, TransientError):
            raise
        except SourceError as error:
            return Failed(payroll_item_id(uuid), error.message)


def _told(raw: Raw, version: str) -> Named:
    """One whose answer cannot be read is said, and stands in nobody's way."""
    try:
        return payroll_item(raw, version)
    except SourceError as error:
        return Failed(payroll_item_id(payroll_id(raw)), error.message)


def _open(begun: Place, named: Mapping[str, date | None]) -> dict[str, date]:
    """What may still change: of what was named now, and of what was read before."""
    carried = {uuid: day for uuid, day in begun.open.items() if uuid not in named}
    return {**carried, **{uuid: day for uuid, day in named.items() if day is not None}}


def _open_from(raw: Raw) -> date | None:
    """The first day by which a list may find a payroll that may still change; None where it is settled."""
    if raw["processed"] and not (raw.get("payroll_status_meta") or {}).get("cancellable"):
        return None
    period = raw.get("pay_period") or {}
    days = [day_of(raw.get("check_date")), day_of(period.get("start_date")), day_of(period.get("end_date"))]
    return min(day for day in days if day is not None)
