"""How a collection is read: everything in the order of `_id`, or what changed."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Named, Seen
from ...core.errors import CursorExpired, ReadAgain
from ...core.source import KnownItems
from .documents import Reader, decoded, version_of
from .errors import explained
from .feed import Feed
from .keys import behind, key_of
from .place import Place
from .polling import conditions, lacks, lows_of, of_kind
from .texts import sendable

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession

    from .server import Server, Shape

logger = logging.getLogger(__name__)

BATCH = 1000  # documents of one answer, which are looked up in the store at once
CHUNK = 50_000  # of one query; between two, the changes are read, so that the server need not keep them for long
VOUCHED_DOCUMENTS = 100  # after so many comes a checkpoint, from where a run that ends early goes on

Document = Mapping[str, Any]


class Manner(Enum):
    """What tells of changes."""

    STREAM = "by its change stream"
    TIME = "by timestamp"
    WHOLE = "as a whole in each run"


class CollectionReading:
    """Reads one collection for one stream."""

    def __init__(
        self, server: Server, shape: Shape, manner: Manner, reader: Reader, field: str, known: KnownItems
    ) -> None:
        self._server = server
        self._shape = shape
        self.manner = manner
        self._reader = reader
        self._field = field
        self._known = known
        self._session: ClientSession | None = None
        self._compares = False
        self._caught_up = False  # otherwise the next reading goes on

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """Everything where there is no cursor; otherwise what changed since it."""
        with self._alone():
            place = self._begun() if cursor is None else self._resumed(cursor)
            resumed = place.after is not None
            if cursor is None or resumed:
                self._compares = any(True for _ in islice(self._known.items(), 1))
                place = yield from self._read_all(place)
                self._check_end()
            if self.manner is Manner.STREAM:
                place = yield from self._catch_up(place)
                yield Checkpoint(place.cursor, complete=self._caught_up)
            elif self.manner is Manner.TIME and cursor is not None:
                yield from self._read_by_time(place)
            else:  # with no timestamp, each reading is a whole one
                yield Checkpoint(place.cursor if self.manner is Manner.TIME else None, complete=True)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """Each of these documents as it is now."""
        values: dict[str, Any] = {}
        for ref in refs:
            try:
                values[ref] = self._reader.value_of(ref)
            except ValueError:
                yield Deleted(ref)
        yield from self._find(values)

    def changed(self, events: Iterable[Mapping[str, Any]], session: ClientSession | None) -> Iterator[Named]:
        """What these changes came to: each document that one of them names as it is now, once."""
        values = [event["documentKey"]["_id"] for event in events]
        yield from self._find({self._reader.id_of(value): value for value in values}, session)

    # Where to begin

    def _begun(self) -> Place:
        """The place is taken before the first document is read, so that nothing falls between."""
        tag = self._shape.tag
        if self.manner is Manner.STREAM:
            assert self._session is not None
            with Feed(self._server, self._session, [self._shape.name]) as feed:
                feed.next()
                return Place(tag, token=feed.token)
        return Place(tag, lows=self._lows()) if self.manner is Manner.TIME else Place(tag)

    def _resumed(self, cursor: Cursor) -> Place:
        place = Place.read(cursor, self._shape.tag)
        told = Manner.STREAM if place.token is not None else Manner.TIME if place.lows is not None else Manner.WHOLE
        if told is not self.manner:
            raise CursorExpired(f"from now on the collection is read {self.manner.value}.")
        return place

    def _lows(self) -> Mapping[str, Any]:
        now = self._server.time
        documents: Any = self._server.database[self._shape.name]
        with self._explained():
            lows = lows_of(documents, self._field, now)
            if not lows and lacks(documents, self._field):
                logger.warning("no document of %s has the field %s: all are read", self._shape.name, self._field)
            return lows

    # Everything

    def _read_all(self, place: Place) -> Generator[Change, None, Place]:
        """All documents, as many as one query gives at a time; views and time series in one query, in no order."""
        paged = self._shape.paged
        while True:
            number = 0
            order = {"sort": [("_id", 1)], "limit": CHUNK} if paged else {}
            for documents in self._batches(behind(place.after) if paged else {}, self._session, **order):
                number += len(documents)
                for count, change in enumerate(self._compared(documents), 1):
                    yield change
                    if paged and count % VOUCHED_DOCUMENTS == 0:
                        yield self._vouched(place, documents[count - 1][0])
                place = replace(place, after=key_of(documents[-1][0]["_id"])) if paged else place
                if paged:
                    yield Checkpoint(place.cursor)
            if not paged or number < CHUNK:
                return replace(place, after=None)
            if self.manner is Manner.STREAM:
                place = yield from self._catch_up(place)

    def _vouched(self, place: Place, document: Document) -> Checkpoint:
        return Checkpoint(replace(place, after=key_of(document["_id"])).cursor)

    def _compared(self, documents: Sequence[tuple[Document, bytes]]) -> Iterator[Named]:
        """Documents whose bytes are those that were read last are only named."""
        if not self._compares:
            yield from self._items(documents)
            return
        ids = [self._reader.id_of(document["_id"]) if "_id" in document else "" for document, _ in documents]
        known = self._known.get(ids)
        for item_id, one in zip(ids, documents, strict=True):
            held = known.get(item_id)
            if held is not None and held.version == version_of(one[1]):
                yield Seen(item_id)
            else:
                yield from self._items([one])

    def _items(self, documents: Iterable[tuple[Document, bytes]]) -> Iterator[Named]:
        item = self._reader.item
        for document, raw in documents:
            yield item(document, version_of(raw))

    def _check_end(self) -> None:
        """Whether what was read is still that collection: one that was dropped meanwhile only seemed to be empty."""
        if self._server.shape(self._shape.name).tag != self._shape.tag:
            raise ReadAgain(f"{self._shape.name} was made anew while it was read.")

    # Changes

    def _catch_up(self, place: Place) -> Generator[Change, None, Place]:
        """What the change stream tells up to now; also where it tells nothing, its token moves on."""
        assert self._session is not None
        with Feed(self._server, self._session, [self._shape.name], place.token) as feed:
            for events in feed.until_now():
                yield from self.changed(events, self._session)
                place = replace(place, token=feed.token)
                if events:
                    yield Checkpoint(place.cursor)
            self._caught_up = feed.reached
        return place

    def _read_by_time(self, place: Place) -> Iterator[Change]:
        """What is stamped since the last reading, and all that has no stamp."""
        lows, reached = self._lows(), dict(place.lows or {})
        for kind, condition in conditions(self._field, reached.copy()):
            order: dict[str, Any] = {"sort": [(self._field, 1)]} if kind else {}
            if kind and self._server.sorts_on_disk:
                order["allow_disk_use"] = True
            for documents in self._batches(condition, None, **order):
                yield from self._items(documents)
                last = of_kind(documents[-1][0], self._field, kind) if kind else []
                if len(last) == 1 and kind in lows and _comes_before(last[0], lows[kind]):
                    reached[kind] = last[0]
                    yield Checkpoint(replace(place, lows=reached).cursor)
        yield Checkpoint(replace(place, lows=lows).cursor, complete=True)

    # Documents

    def _find(self, values: Mapping[str, Any], session: ClientSession | None = None) -> Iterator[Named]:
        """What is to be said of each id, once."""
        listed = list(values.items())
        for first in range(0, len(listed), BATCH):
            page = dict(listed[first : first + BATCH])
            for documents in self._batches({"_id": {"$in": list(page.values())}}, session):
                for document, raw in documents:
                    if page.pop(self._reader.id_of(document["_id"]), self) is not self:
                        yield self._reader.item(document, version_of(raw))
            yield from (Deleted(item_id) for item_id in page)

    def _batches(
        self, condition: Mapping[str, Any], session: ClientSession | None, **order: Any
    ) -> Iterator[Sequence[tuple[Document, bytes]]]:
        """The documents that meet a condition, each with its bytes, as many at a time as one answer holds."""
        with self._explained():
            collection: Any = self._server.database[self._shape.name]
            with contextlib.closing(
                collection.find_raw_batches(
                    sendable(condition), self._reader.projection, batch_size=BATCH, session=session, **order
                )
            ) as answers:
                for batch in answers:
                    if documents := decoded(batch, collection.codec_options):
                        yield documents

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One session for all that one reading asks: no answer is older than what an earlier one told."""
        if self.manner is not Manner.STREAM:
            yield
            return
        with self._server.client.start_session() as session:
            self._session = session
            yield

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained(self._server.address, f"{self._server.address.database}.{self._shape.name}")


def _comes_before(value: Any, low: Any) -> bool:
    try:
        return bool(value < low)
    except TypeError:
        return False
