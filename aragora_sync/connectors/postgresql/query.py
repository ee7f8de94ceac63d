"""The queries of one table, put together from quoted names and literals; none takes parameters, so that `%` is text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from ...core.clock import from_micros
from .catalog import as_bytes
from .place import Mark
from .rows import Columns

if TYPE_CHECKING:
    from psycopg import sql

    from .catalog import Column, Table

OPEN_DAYS = timedelta(days=1)  # a transaction that stays open for longer may stamp rows that are not looked up
LATE_MINUTES = timedelta(minutes=10)  # the same, where rows do not tell who wrote them
SUMMER_TIME = timedelta(hours=2)  # so far a clock on the wall goes back at most; without a zone, nothing tells


class Queries:
    """SELECTs of one table."""

    def __init__(self, table: Table, where: str) -> None:
        from psycopg import sql

        self._table = table
        self._where = as_bytes(where) if table.raw else where
        self._sql = sql
        self._columns = Columns(table)
        self._names = [sql.SQL("t.") + sql.Identifier(column.name) for column in table.key]
        self._source = sql.SQL("{} t").format(sql.Identifier(table.schema, table.relation))

    def mark(self) -> sql.Composed:
        """Oldest transaction that runs, next one to come, latest timestamp that is not in the future."""
        high: sql.Composable = self._sql.SQL("NULL")
        if self._table.looks_up:
            high = self._sql.SQL(
                "(SELECT (extract(epoch FROM max({0})::timestamptz) * 1000000)::int8 FROM {1} "
                "WHERE {0} >= '0001-01-03' AND {0} <= now())"
            ).format(self._timestamp, self._source)
        return self._sql.SQL(
            "SELECT pg_snapshot_xmin(s)::text::int8, pg_snapshot_xmax(s)::text::int8, {} FROM pg_current_snapshot() s"
        ).format(high)

    def rows(self, after: Sequence[str] | None, limit: int | None) -> sql.Composed:
        """All rows in the order of the key, whole."""
        return self._select([self._columns.all()], [*self._in(), *self._behind(after)], ordered=True, limit=limit)

    def keys(self, after: Sequence[str] | None, limit: int | None) -> sql.Composed:
        """All rows in the order of the key: version and key alone."""
        read = [self._columns.version(), self._columns.key()]
        return self._select(read, [*self._in(), *self._behind(after)], ordered=True, limit=limit)

    def changes(
        self, since: Mark, after: Sequence[str] | None, limit: int | None, *, ordered: bool = True
    ) -> sql.Composed:
        """What later transactions wrote; before each row, whether it is in."""
        conditions = [*self._newer(since), *self._behind(after)]
        return self._select([self._inside(), self._columns.all()], conditions, ordered=ordered, limit=limit)

    def changed_keys(self, since: Mark, after: Sequence[str] | None, limit: int | None) -> sql.Composed:
        """Version and key alone of what later transactions wrote, whether in or not."""
        read = [self._columns.version(), self._columns.key()]
        return self._select(read, [*self._newer(since), *self._behind(after)], ordered=True, limit=limit)

    def typed(self, key: Sequence[str]) -> sql.Composed:
        """Fails where a part of the key is none of its column's type."""
        return self._sql.SQL("SELECT {}").format(self._joined(self._values(key)))

    def canonical(self, keys: Sequence[Sequence[str]]) -> sql.Composed:
        """These keys as the server writes them; fails where a part is none of its column's type."""
        listed, numbered = self._listed(keys)
        read = self._joined(
            self._sql.SQL("u.{}::{}::text").format(given, self._type(column.exact_type))
            for given, column in zip(numbered, self._table.key, strict=True)
        )
        return self._sql.SQL("SELECT {} FROM unnest({}) u({})").format(read, listed, self._joined(numbered))

    def lock(self) -> sql.Composed:
        """Held from before the snapshot: whoever empties the table and fills it again is not seen half-way."""
        return self._sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(
            self._sql.Identifier(self._table.schema, self._table.relation)
        )

    def single(self, keys: Sequence[Sequence[str]]) -> sql.Composed:
        """The rows of these keys; before each, whether it is in."""
        listed, numbered = self._listed(keys)
        return self._sql.SQL("SELECT {}, {} FROM unnest({}) u({}) JOIN {} ON {}").format(
            self._inside(), self._columns.all(), listed, self._joined(numbered), self._source, self._same(numbered)
        )

    def missing(self, keys: Sequence[Sequence[str]]) -> sql.Composed:
        """Those of these keys that no row has."""
        listed, numbered = self._listed(keys)
        return self._sql.SQL("SELECT u.* FROM unnest({}) u({}) WHERE NOT EXISTS (SELECT FROM {} WHERE {})").format(
            listed, self._joined(numbered), self._source, self._same(numbered)
        )

    def _listed(self, keys: Sequence[Sequence[str]]) -> tuple[sql.Composed, list[sql.Composable]]:
        """An array for each column of the key, and what the columns made of them are called."""
        places = range(len(self._names))
        arrays = [
            self._sql.SQL("{}::text[]").format(self._sql.Literal([key[place] for key in keys])) for place in places
        ]
        return self._joined(arrays), [self._sql.Identifier(f"key {place}") for place in places]

    def _same(self, numbered: Sequence[sql.Composable]) -> sql.Composed:
        return self._sql.SQL(" AND ").join(
            self._sql.SQL("{} = u.{}::{}").format(name, given, self._type(column.exact_type))
            for name, given, column in zip(self._names, numbered, self._table.key, strict=True)
        )

    def _select(
        self, read: Sequence[sql.Composable], conditions: Sequence[sql.Composable], *, ordered: bool, limit: int | None
    ) -> sql.Composed:
        query = self._sql.SQL("SELECT {} FROM {}").format(self._joined(read), self._source)
        if conditions:
            query += self._sql.SQL(" WHERE ") + self._sql.SQL(" AND ").join(conditions)
        if ordered:
            query += self._sql.SQL(" ORDER BY ") + self._joined(self._names)
        return query if limit is None else query + self._sql.SQL(" LIMIT {}").format(self._sql.Literal(limit))

    def _in(self) -> list[sql.Composable]:
        return [self._sql.SQL("({}\n)").format(self._condition)] if self._where else []

    def _inside(self) -> sql.Composable:
        """A row that an edit took out is told as deleted; a plain condition would leave it to the next reconcile."""
        return self._sql.SQL("({}\n) IS TRUE").format(self._condition) if self._where else self._sql.SQL("true")

    def _behind(self, after: Sequence[str] | None) -> list[sql.Composable]:
        if after is None:
            return []
        return [self._sql.SQL("({}) > ({})").format(self._joined(self._names), self._joined(self._values(after)))]

    def _values(self, key: Sequence[str]) -> list[sql.Composed]:
        return [
            self._sql.SQL("{}::{}").format(self._sql.Literal(text), self._type(column.exact_type))
            for text, column in zip(key, self._table.key, strict=True)
        ]

    def _newer(self, since: Mark) -> list[sql.Composable]:
        found: list[sql.Composable] = []
        if self._table.tells_writers:
            # Both ages are counted from the same moment, modulo 2³²: so the wraparound of numbers does not matter.
            compared = "age(t.xmin) BETWEEN 0 AND (SELECT age({}::xid))"
            found.append(self._sql.SQL(compared).format(self._sql.Literal(since.xid)))
        if self._table.looks_up and since.high is not None:
            late = OPEN_DAYS if self._table.tells_writers else LATE_MINUTES
            if self._stamp.type == "timestamp without time zone":
                late += SUMMER_TIME
            low = max(from_micros(since.high) - late, datetime(1, 1, 2, tzinfo=UTC))
            found.append(
                self._sql.SQL("({0} >= {1}::timestamptz::{2} OR {0} IS NULL OR {0} = '-infinity')").format(
                    self._timestamp, self._sql.Literal(low.isoformat()), self._type(self._stamp.exact_type)
                )
            )
        return found

    @property
    def _stamp(self) -> Column:
        assert self._table.timestamp is not None
        return self._table.timestamp

    @property
    def _timestamp(self) -> sql.Composable:
        return self._sql.SQL("t.") + self._sql.Identifier(self._stamp.name)

    @property
    def _condition(self) -> sql.Composable:
        return self._sql.SQL(cast("Any", self._where))

    def _type(self, name: str) -> sql.Composable:
        return self._sql.SQL(cast("Any", name))  # from the catalog, quoted by the server

    def _joined(self, parts: Iterable[sql.Composable]) -> sql.Composed:
        return self._sql.SQL(", ").join(parts)
