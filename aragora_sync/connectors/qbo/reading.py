"""One kind of thing in the books, read as a whole or by its changes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named, Seen
from ...core.errors import AccessError, CursorExpired, SourceError, TransientError
from ...core.source import KnownItems
from .company import Company, Raw
from .entities import Entity
from .errors import Gone
from .feed import OVERLAP, Feed
from .items import item_id, item_of
from .values import changed_at, moment, moment_text, version_of

MOST_ODD = 20  # things in an unexpected form, in one reading, before it is QuickBooks that has another form
ODD = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)  # what an unexpected form leads to


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream was read. `at` is the server's clock when that began; `reached` the last change that was met
    where the listing has not ended. `currency` spares asking for that of the company again.
    """

    realm_id: str
    at: datetime
    currency: str = ""
    reached: datetime | None = None

    @classmethod
    def read(cls, cursor: Cursor, company: Company) -> Place:
        """The place that a cursor stands for; the currency in it is known from now on."""
        told: Any = cursor
        try:
            reached = told.get("reached")
            place = cls(told["realm"], moment(told["at"]), told["currency"], moment(reached) if reached else None)
        except ODD as error:
            raise CursorExpired("the cursor is of another version of this program.") from error
        if place.realm_id != company.realm_id:
            raise SourceError(
                f"what is stored is of company {place.realm_id}, and the login is for {company.realm_id}.",
                hint="log in for that company; or begin anew: aragora-sync reset --purge",
            )
        company.remember_home_currency(place.currency)
        return place

    def cursor(self) -> Cursor:
        """As JSON."""
        told: dict[str, str] = {"realm": self.realm_id, "at": moment_text(self.at), "currency": self.currency}
        return told | ({"reached": moment_text(self.reached)} if self.reached else {})


class EntityReading:
    """What is to be said of one entity."""

    def __init__(self, company: Company, feed: Feed, entity: Entity, known: KnownItems) -> None:
        self._company = company
        self._feed = feed
        self._entity = entity
        self._known = known
        self._odd = 0

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """What changed since the cursor; without one, everything."""
        if cursor is None:
            place = yield from self._walk(None)
        else:
            place = Place.read(cursor, self._company)
            if place.reached:  # a listing that was interrupted goes on, and then tells of what changed meanwhile
                place = yield from self._walk(place.reached, place)
                yield Checkpoint(place.cursor())
            place = yield from self._follow(place)
        yield Checkpoint(place.cursor(), complete=True)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """The things of these ids, as they are now."""
        for ref in refs:
            name, _, raw_id = ref.partition("/")
            if name != self._entity.name:
                yield Deleted(ref)
                continue
            try:
                yield self._named(self._company.get_one(self._entity, raw_id))
            except Gone:
                yield Deleted(ref)
            except (AccessError, TransientError):
                raise
            except SourceError as error:
                yield Failed(ref, error.message)

    def _walk(self, since: datetime | None, place: Place | None = None) -> Generator[Change, None, Place]:
        """Page by page from the least recently changed on; what is edited meanwhile moves to the end, and is met."""
        for page in self._company.pages(self._entity, since):
            place = place or Place(self._company.realm_id, self._company.began_at())
            yield from map(self._named, page)
            place = self._noted(place)
            if page:
                place = replace(place, reached=changed_at(page[-1]))
                yield Checkpoint(place.cursor())
        assert place is not None  # there is a page in any case
        return replace(self._noted(place), reached=None)

    def _follow(self, place: Place) -> Generator[Change, None, Place]:
        """What changed since this place."""
        if not self._entity.in_feed:
            return (yield from self._walk(place.at - OVERLAP))
        told = self._feed.changes(self._entity, place.at)
        gone = dict.fromkeys(told.gone.get(self._entity.name, []))
        rows = told.rows.get(self._entity.name, [])
        moved = self._entity.has_balance and told.may_move_balances
        for page in self._company.pages(self._entity) if moved else [rows]:
            yield from self._compared([raw for raw in page if str(raw["Id"]) not in gone])
        yield from (Deleted(item_id(self._entity, raw_id)) for raw_id in gone)
        return self._noted(replace(place, at=told.at))

    def _compared(self, rows: Iterable[Raw]) -> Iterator[Named]:
        """Where the feed tells again what was told before, that is only named."""
        by_id = {item_id(self._entity, str(raw["Id"])): raw for raw in rows}
        known = self._known.get(list(by_id))
        for one, raw in by_id.items():
            if one in known and known[one].version == _version(raw):
                yield Seen(one)
            else:
                yield self._named(raw)

    def _named(self, raw: Raw) -> Named:
        try:
            return item_of(self._entity, raw, self._company)
        except ODD as error:
            self._odd += 1
            odd = f"QuickBooks tells it in an unexpected form: {_why(error)}"
            if self._odd > MOST_ODD:
                raise SourceError(f"{self._entity.words}: {odd}", hint="update aragora-sync") from error
            return Failed(item_id(self._entity, str(raw["Id"])), odd)

    def _noted(self, place: Place) -> Place:
        return replace(place, currency=self._company.known_home_currency)


def _why(error: Exception) -> str:
    match error:
        case KeyError():
            return f"it has no {error}"
        case ArithmeticError():
            return "an amount is no number"
    return str(error)


def _version(raw: Raw) -> str:
    try:
        return version_of(raw)
    except ODD:
        return "unreadable"
