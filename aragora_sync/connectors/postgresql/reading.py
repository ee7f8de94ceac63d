"""How a table is read: everything in the order of its key, or what later transactions wrote."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen
from ...core.errors import NotFound
from ...core.source import KnownItems
from .connections import Connections
from .place import Mark, Place
from .query import Queries
from .rows import Reader, Row

if TYPE_CHECKING:
    from psycopg import Connection, sql

    from .catalog import Table

CHUNK_BYTES = 4_000_000  # a query asks for about so much, and keeps its snapshot no longer than that takes
GROUP_BYTES = 2 * CHUNK_BYTES  # what is held in memory; a query that gives more waits
FIRST_ROWS, MOST_ROWS = 2_000, 50_000
FETCHED_ROWS = 500  # that the driver holds beside those
PROBED_ROWS = 5_000  # up to so many changes are read by one query, in no order
PAGE = 1_000  # ids that the store is asked for at once
SAMPLE = 50


@dataclass(slots=True)
class Chunk:
    """What one query gave; filled while its groups are consumed."""

    limit: int | None
    width: int  # bytes of a row, as far as known before
    mark: Mark = field(default_factory=lambda: Mark(0))  # of its snapshot
    rows: int = 0
    bytes: int = 0
    last: Row = ()

    @property
    def full(self) -> bool:
        """Whether there may be more behind it."""
        return self.limit is not None and self.rows >= self.limit

    @property
    def fetched(self) -> int:
        """How many rows the driver may hold at once."""
        return max(1, min(FETCHED_ROWS, CHUNK_BYTES // max(self.width, 1)))

    def take(self, rows: list[Row]) -> int:
        """Counts rows in; how many bytes they hold."""
        size = sum(len(value) for row in rows for value in row if type(value) is str)
        self.rows += len(rows)
        self.bytes += size
        self.last = rows[-1]
        return size

    def next(self) -> Chunk:
        """One for the rows behind, as many as fit."""
        width = self.bytes // max(self.rows, 1)
        return Chunk(max(PAGE // 10, min(MOST_ROWS, CHUNK_BYTES // max(width, 1))), width)


class TableReading:
    """Reads one table for one stream."""

    def __init__(self, connections: Connections, table: Table, where: str, known: KnownItems) -> None:
        self._connections = connections
        self._table = table
        self._known = known
        self._queries = Queries(table, where)
        self._reader = Reader(table)
        self._last: list[str | None] = []  # key of a view

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """Everything where there is no cursor; otherwise what changed since it."""
        place = Place.read(cursor, self._table.tag)
        if place.since is None:
            place, at_once = yield from self._read_all(place)
            if not self._table.tells_writers and not self._table.looks_up:
                yield Checkpoint(None, complete=True)  # nothing tells what changed: each reading is a whole one
                return
            yield Checkpoint(place.cursor, complete=at_once)
            if at_once:
                return
        yield from self._read_changes(place)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """Each of these rows as it is now."""
        keys = {ref: self._table.key_of(ref) for ref in refs}
        yield from (Deleted(ref) for ref, key in keys.items() if key is None)
        yield from self._single({ref: key for ref, key in keys.items() if key is not None})

    # Everything

    def _read_all(self, place: Place) -> Generator[Change, None, tuple[Place, bool]]:
        """All rows, or keys and versions of all where the store knows most; whether one snapshot showed them all."""
        whole = place.whole if place.after else self._knows_nothing()
        until, after, at_once = place.until, place.after, place.after is None
        chunk = self._first_chunk()
        while True:
            query = (self._queries.rows if whole else self._queries.keys)(after, chunk.limit)
            for rows in self._groups(chunk, query):
                yield from self._items(rows) if whole else self._compared(rows)
            until = until or chunk.mark
            if not chunk.full:
                return Place(place.tag, since=until), at_once
            after, at_once = self._last_key(chunk), False
            yield Checkpoint(Place(place.tag, until=until, after=after, whole=whole).cursor)
            chunk = chunk.next()

    def _knows_nothing(self) -> bool:
        """Whether comparing would find all rows changed: the store holds none, or read them of other columns."""
        return not any(self._reader.is_current(known.version) for known in islice(self._known.items(), SAMPLE))

    def _compared(self, rows: Sequence[Row]) -> Iterator[Named]:
        """Rows whose version the store has are only named; the others are read."""
        for first in range(0, len(rows), PAGE):
            versions = dict(self._reader.versions(rows[first : first + PAGE]))
            known = self._known.get(list(versions))
            changed: dict[str, list[str]] = {}
            for item_id, version in versions.items():
                held = known.get(item_id)
                if held is not None and held.version == version:
                    yield Seen(item_id)
                elif (key := self._table.key_of(item_id)) is not None:
                    changed[item_id] = key
            yield from (each for each in self._single(changed) if not isinstance(each, Deleted))

    # Changes

    def _read_changes(self, place: Place) -> Iterator[Change]:
        """What later transactions wrote. Very many are read in the order of the key, so that it can be resumed."""
        since, until, after = place.since, place.until, place.after
        assert since is not None
        if until is None and self._table.tells_writers:
            chunk = Chunk(PROBED_ROWS, self._table.width)
            if (rows := self._probed(chunk, since)) is not None:
                yield from self._inside(rows)
                yield Checkpoint(Place(place.tag, since=chunk.mark).cursor, complete=True)
                return
            until = chunk.mark
        chunk = self._first_chunk()
        while True:
            for rows in self._groups(chunk, self._queries.changes(since, after, chunk.limit), since):
                yield from self._inside(rows)
            until = until or chunk.mark
            if not chunk.full:
                break
            after = self._last_key(chunk)
            yield Checkpoint(Place(place.tag, since=since, until=until, after=after).cursor)
            chunk = chunk.next()
        yield Checkpoint(Place(place.tag, since=until).cursor, complete=True)

    def _probed(self, chunk: Chunk, since: Mark) -> list[Row] | None:
        """All changes, in no order; None where they are too many to hold."""
        groups = self._groups(chunk, self._queries.changes(since, None, chunk.limit, ordered=False), since)
        rows = next(groups, [])
        few = next(groups, None) is None and not chunk.full
        groups.close()
        return rows if few else None

    def _inside(self, rows: Iterable[Row]) -> Iterator[Named]:
        """Rows that are in become items; those that an edit took out were deleted."""
        shown = []
        for inside, *row in rows:
            if inside:
                shown.append(tuple(row))
            else:
                yield Deleted(self._table.id_of(self._reader.key(tuple(row))))
        yield from self._items(shown)

    # Single rows

    def _single(self, keys: dict[str, list[str]]) -> Iterator[Named]:
        """What is to be said of each id, once; a key that no row could have belongs to none."""
        if not keys:
            return
        try:
            groups = list(self._groups(Chunk(None, self._table.width), self._queries.single(list(keys.values()))))
        except NotFound:
            if len(keys) == 1:
                yield Deleted(*keys)
                return
            for item_id, key in keys.items():
                yield from self._single({item_id: key})
            return
        found: dict[str, Named] = {}
        for change in self._inside(row for rows in groups for row in rows):
            found[change.id] = change if change.id not in found else _ambiguous(change.id)
        yield from (found.get(item_id, Deleted(item_id)) for item_id in keys)

    # Rows

    def _items(self, rows: Sequence[Row]) -> Iterator[Item | Failed]:
        if self._table.key_is_unique:
            return self._reader.items(rows)
        return self._told_apart(rows)

    def _told_apart(self, rows: Sequence[Row]) -> Iterator[Item | Failed]:
        """The items of a view, whose key nobody vouches for: several rows of one key come one after the other."""
        for row in rows:
            key = self._reader.key(row)
            if None in key:
                yield Failed(self._table.id_of(key), "the key of a row is NULL; leave such rows out with 'where'")
            elif key == self._last:
                yield _ambiguous(self._table.id_of(key))
            else:
                yield from self._reader.items([row])
            self._last = key

    def _first_chunk(self) -> Chunk:
        """Of a view everything is asked for at once: each query would compute all of it anew."""
        return Chunk(FIRST_ROWS if self._table.tells_writers else None, self._table.width)

    def _last_key(self, chunk: Chunk) -> list[str]:
        return [part or "" for part in self._reader.key(chunk.last)]

    def _groups(self, chunk: Chunk, query: sql.Composed, since: Mark | None = None) -> Generator[list[Row], None, None]:
        """The rows of one query; its last group comes when it has ended, so that nobody keeps it waiting."""
        group: list[Row] = []
        size = 0
        with self._connections.transaction(f"{self._table.schema}.{self._table.name}") as connection:
            chunk.mark = self._mark(connection, since)
            for rows in self._connections.stream(connection, query, chunk.fetched):
                group += rows
                size += chunk.take(rows)
                if size >= GROUP_BYTES:
                    yield group
                    group, size = [], 0
        if group:
            yield group

    def _mark(self, connection: Connection[tuple[int, int, int | None]], since: Mark | None) -> Mark:
        row = connection.execute(self._queries.mark()).fetchone()
        assert row is not None
        floor, next_xid, high = row
        if not self._table.tells_writers:
            return Mark(0, high)
        if since is not None:
            since.check(next_xid)
        return Mark(floor, high)


def _ambiguous(item_id: str) -> Failed:
    return Failed(item_id, "several rows have this key; name columns that tell them apart in 'primary_key_column'")
