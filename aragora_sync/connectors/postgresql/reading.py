"""How a table is read: everything in the order of its key, or what later transactions wrote."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen
from ...core.errors import SourceError, TransientError
from ...core.source import KnownItems
from .catalog import NULL_SIGN
from .connections import Connections, UnreadableRow
from .place import Mark, Place
from .query import Queries
from .rows import Reader, Row

if TYPE_CHECKING:
    from psycopg import Connection, sql

    from .catalog import Table

CHUNK_BYTES = 4_000_000  # a query asks for about so much, and keeps its snapshot no longer than that takes
GROUP_BYTES = 2 * CHUNK_BYTES  # what is held in memory; a query that gives more waits
FIRST_ROWS, MOST_ROWS = 2_000, 50_000
FETCHED_ROWS = 200  # that the driver holds beside those
PROBED_ROWS = 5_000  # up to so many changes are read by one query, in no order
READ_AFTER_TIMES = 3  # very many changes, then what changed meanwhile, and again
VOUCHED_ROWS = 50  # after so many comes a checkpoint, from where a run that ends early goes on
PAGE = 1_000  # ids that the store is asked for at once
SAMPLE = 50
PLAIN = ("smallint", "integer", "bigint", "text", "character varying", "uuid", "boolean")  # written in one manner


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
        """Counts rows in; how many bytes they hold, judged by the last one."""
        size = len(rows) * sum(len(value) for value in rows[-1] if type(value) is str)
        self.rows += len(rows)
        self.bytes += size
        self.last = rows[-1]
        return size

    def next(self) -> Chunk:
        """One for the rows behind, as many as fit."""
        width = max(self.width, self.bytes // max(self.rows, 1))
        return Chunk(max(PAGE // 10, min(MOST_ROWS, CHUNK_BYTES // max(width, 1))), width)


class TableReading:
    """Reads one table for one stream."""

    def __init__(self, connections: Connections, table: Table, where: str, known: KnownItems) -> None:
        self._connections = connections
        self._table = table
        self._known = known
        self._queries = Queries(table, where)
        self._reader = Reader(table)
        self._last: list[str | None] = []  # key of the row before, where nobody vouches for keys

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
        keys: dict[str, list[str]] = {}
        encoding = "latin-1" if self._table.raw else "utf-8"
        for ref in refs:
            key = self._table.key_of(ref)
            if key is None or not _is_text(key, encoding):
                yield Deleted(ref)
            elif NULL_SIGN in key and not self._table.key_is_unique:
                yield _without_key(ref)
            else:
                keys[ref] = key
        yield from self._find(keys)

    def hinted(self, keys: Sequence[tuple[str, ...]]) -> Iterator[Named]:
        """The rows of keys that somebody wrote in his own manner; UnreadableRow where one cannot be a key."""
        yield from self.single([self._table.id_of(key) for key in self._canonical(keys)])

    def gone(self) -> Iterator[list[Named]]:
        """What the store holds and the table does not, a page after the other."""
        known = self._known.items() if self._table.paged else iter(())
        while page := [each.id for each in islice(known, PAGE)]:
            keys = [key for key in map(self._table.key_of, page) if key is not None and NULL_SIGN not in key]
            with self._connections.transaction() as connection:
                missing = connection.execute(self._queries.missing(keys)).fetchall() if keys else []
            yield list(self.single([self._table.id_of(key) for key in missing]))

    def _canonical(self, keys: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
        if all(column.exact_type in PLAIN for column in self._table.key):
            return keys
        with self._connections.transaction() as connection:
            return connection.execute(self._queries.canonical(keys)).fetchall()

    # Everything

    def _read_all(self, place: Place) -> Generator[Change, None, tuple[Place, bool]]:
        """All rows, or keys and versions of all where the store knows most; whether one snapshot showed them all."""
        at_once = place.after is None
        place = replace(place, whole=self._must_read_whole() if at_once else place.whole)
        ask, say, number = (
            (self._queries.rows, self._items, VOUCHED_ROWS)
            if place.whole
            else (self._queries.keys, self._compared, PAGE)
        )
        chunk = self._first_chunk()
        while True:
            try:
                for rows in self._groups(chunk, ask(place.after, chunk.limit)):
                    place = replace(place, until=place.until or chunk.mark)
                    yield from self._vouched(rows, say, place, number)
            except UnreadableRow:
                yield from self._read_singly(chunk, self._queries.keys(place.after, chunk.limit))
            place = replace(place, until=place.until or chunk.mark)
            if not chunk.full:
                return Place(place.tag, since=place.until), at_once
            place, at_once = replace(place, after=self._reached(chunk.last)), False
            chunk = chunk.next()

    def _must_read_whole(self) -> bool:
        """Whether comparing would find all rows changed: the store holds none, or read them otherwise."""
        if not self._table.paged:
            return True
        return not any(self._reader.is_current(known.version) for known in islice(self._known.items(), SAMPLE))

    def _compared(self, rows: Sequence[Row]) -> Iterator[Named]:
        """Rows whose version the store has are only named; the others are read."""
        versions = dict(self._reader.versions(rows))
        known = self._known.get(list(versions))
        changed: dict[str, list[str]] = {}
        for (item_id, version), row in zip(versions.items(), rows, strict=True):
            held = known.get(item_id)
            if held is not None and held.version == version:
                yield Seen(item_id)
            else:
                changed[item_id] = list(row[1:])
        yield from (each for each in self._find(changed) if not isinstance(each, Deleted))

    def _vouched(
        self, rows: Sequence[Row], say: Callable[[Sequence[Row]], Iterable[Named]], place: Place, number: int
    ) -> Iterator[Change]:
        """What is said of rows in the order of their key; after each few of them, the place that was reached."""
        for first in range(0, len(rows), number):
            page = rows[first : first + number]
            yield from say(page)
            if self._table.paged:
                yield Checkpoint(replace(place, after=self._reached(page[-1])).cursor)

    # Changes

    def _read_changes(self, place: Place) -> Iterator[Change]:
        """What later transactions wrote. Very many are read in pieces, and what changed meanwhile is read after."""
        for _ in range(READ_AFTER_TIMES):
            assert place.since is not None
            if place.until is None and self._table.paged:
                chunk = Chunk(PROBED_ROWS, self._table.width)
                if (rows := self._probed(chunk, place.since)) is not None:
                    yield from self._inside(rows)
                    place = Place(place.tag, since=chunk.mark)
                    break
                place = Place(place.tag, since=place.since, until=chunk.mark)
            place = yield from self._read_pieces(place)
            if not self._table.paged:
                break
            yield Checkpoint(place.cursor)
        yield Checkpoint(place.cursor, complete=True)

    def _read_pieces(self, place: Place) -> Generator[Change, None, Place]:
        """All changes in the order of the key, which can be resumed; the place that was reached."""
        chunk = self._first_chunk()
        while True:
            yield from self._read_piece(chunk, place)
            place = replace(place, until=place.until or chunk.mark)
            if not chunk.full:
                return Place(place.tag, since=place.until)
            place = replace(place, after=self._reached(chunk.last))
            yield Checkpoint(place.cursor)
            chunk = chunk.next()

    def _read_piece(self, chunk: Chunk, place: Place) -> Iterator[Change]:
        since = place.since
        assert since is not None
        if self._table.key_is_unique:
            try:
                for rows in self._groups(chunk, self._queries.changes(since, place.after, chunk.limit), since):
                    so_far = replace(place, until=place.until or chunk.mark)
                    yield from self._vouched(rows, self._inside, so_far, VOUCHED_ROWS)
                return
            except UnreadableRow:
                pass
        # One by one, so that one alone fails; and where an edit may have made several rows of one key.
        yield from self._read_singly(chunk, self._queries.changed_keys(since, place.after, chunk.limit), since)

    def _probed(self, chunk: Chunk, since: Mark) -> list[Row] | None:
        """All changes, in no order; None where they are too many to hold, or one of them cannot be read."""
        groups = self._groups(chunk, self._queries.changes(since, None, chunk.limit, ordered=False), since)
        try:
            rows = next(groups, [])
            few = next(groups, None) is None and not chunk.full
        except UnreadableRow:
            return None
        finally:
            groups.close()
        return rows if few else None

    def _inside(self, rows: Iterable[Row]) -> Iterator[Named]:
        """Rows that are in become items; those that an edit took out were deleted."""
        shown = []
        for row in rows:
            if row[0]:
                shown.append(row[1:])
            else:
                yield Deleted(self._table.id_of(self._reader.key(row)))
        yield from self._items(shown)

    # Single rows

    def _read_singly(self, chunk: Chunk, query: sql.Composed, since: Mark | None = None) -> Iterator[Named]:
        """The rows whose versions and keys a query gives, each found by its key, so that one alone can fail."""
        chunk.rows = chunk.bytes = 0
        for rows in list(self._groups(chunk, query, since)):
            keys = {self._table.id_of(row[1:]): list(row[1:]) for row in rows}
            yield from (_without_key(item_id) for item_id, key in keys.items() if None in key)
            yield from self._find({item_id: key for item_id, key in keys.items() if None not in key})

    def _find(self, keys: dict[str, list[str]]) -> Iterator[Named]:
        """What is to be said of each id, once; as many rows at a time as can be held."""
        listed, number = list(keys.items()), max(1, min(PAGE, CHUNK_BYTES // max(self._table.width, 1)))
        for first in range(0, len(listed), number):
            yield from self._find_at_once(dict(listed[first : first + number]))

    def _find_at_once(self, keys: dict[str, list[str]]) -> Iterator[Named]:
        self._last = []
        try:
            groups = list(self._groups(Chunk(None, self._table.width), self._queries.single(list(keys.values()))))
        except UnreadableRow as error:
            if len(keys) == 1:
                yield from (self._unreadable(item_id, key, error) for item_id, key in keys.items())
                return
            listed = list(keys.items())
            yield from self._find_at_once(dict(listed[: len(listed) // 2]))
            yield from self._find_at_once(dict(listed[len(listed) // 2 :]))
            return
        found: dict[str, Named] = {}
        for change in self._inside(row for rows in groups for row in rows):
            found[change.id] = change if change.id not in found else _ambiguous(change.id)
        yield from (found.get(item_id, Deleted(item_id)) for item_id in keys)

    def _unreadable(self, item_id: str, key: list[str], error: UnreadableRow) -> Named:
        """A key that is none of its column's type belongs to no row; otherwise it is the row that cannot be read."""
        try:
            with self._connections.transaction() as connection:
                connection.execute(self._queries.typed(key))
        except SourceError as refused:
            if isinstance(refused, TransientError):
                raise
            return Deleted(item_id)
        return Failed(item_id, error.message)

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
                yield _without_key(self._table.id_of(key))
            elif key == self._last:
                yield _ambiguous(self._table.id_of(key))
            else:
                yield from self._reader.items([row])
            self._last = key

    def _first_chunk(self) -> Chunk:
        """Where pieces make no sense, everything is asked for at once."""
        return Chunk(FIRST_ROWS if self._table.paged else None, self._table.width)

    def _reached(self, row: Row) -> list[str]:
        return [part or "" for part in self._reader.key(row)]

    def _groups(self, chunk: Chunk, query: sql.Composed, since: Mark | None = None) -> Generator[list[Row], None, None]:
        """The rows of one query; its last group comes when it has ended, so that nobody keeps it waiting."""
        group: list[Row] = []
        size = 0
        lock = self._queries.lock() if self._table.lockable else None
        with self._connections.transaction(f"{self._table.schema}.{self._table.name}", lock) as connection:
            if not self._table.paged:  # then one query lasts as long as writing all that it gives
                self._connections.unlimit(connection)
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


def _is_text(key: Sequence[str], encoding: str) -> bool:
    """Whether a server could be asked for it."""
    text = "".join(key)
    try:
        return "\0" not in text and bool(text.encode(encoding) or key)
    except UnicodeEncodeError:
        return False


def _without_key(item_id: str) -> Failed:
    return Failed(item_id, "the key of a row is NULL; leave such rows out with the option 'where'")


def _ambiguous(item_id: str) -> Failed:
    return Failed(item_id, "several rows have this key; name columns that tell them apart in 'primary_key_column'")
