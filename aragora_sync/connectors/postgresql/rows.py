"""What the server sends: which expressions are read of a table, and how a row of them becomes an item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from ...core.changes import Item
from ...core.clock import from_micros
from .catalog import as_text

if TYPE_CHECKING:
    from psycopg import sql

    from .catalog import Column, Table

ROW = "row"  # the kind of every item
LONGEST_NUMBER = 40  # digits; longer ones stay text

Row: TypeAlias = tuple[Any, ...]

_NATIVE = ("smallint", "integer", "bigint", "boolean", "real", "double precision", "json", "jsonb")
_DATED = (*("timestamp with time zone", "timestamp without time zone"), "date")


class Columns:
    """The expressions that are read of each row of a table; the server makes text of every type by itself, so that
    no value is too odd for a client: infinite times, years before Christ, NaN."""

    def __init__(self, table: Table) -> None:
        from psycopg import sql

        self._table = table
        self._sql = sql

    def key(self) -> sql.Composable:
        """The key, each column as text."""
        return self._joined(self._name(column) + self._sql.SQL("::text") for column in self._table.key)

    def version(self) -> sql.Composable:
        """In which part of the table it lies and which transaction wrote it; nothing where rows do not tell."""
        return self._sql.SQL("t.tableoid::text || '.' || t.xmin::text" if self._table.tells_writers else "''")

    def all(self) -> sql.Composable:
        """Version, time, title, content, metadata, then the key."""
        rest = [self._time(), self._title(), self._content(), self._metadata(), self.key()]
        return self._joined([self.version(), *rest])

    def _time(self) -> sql.Composable:
        column = self._table.timestamp
        if column is None:
            return self._sql.SQL("NULL")
        return self._sql.SQL(
            "CASE WHEN {0} >= '0001-01-01' AND {0} < '10000-01-01' THEN "
            "(extract(epoch FROM {0}::timestamptz) * 1000000)::int8 END"
        ).format(self._name(column))

    def _title(self) -> sql.Composable:
        return self._sql.SQL("NULL") if self._table.title is None else self._shown(self._table.title)

    def _content(self) -> sql.Composable:
        """Texts as paragraphs, other values with the name of their column."""
        parts = [self._name(column) if column.is_text else self._labelled(column) for column in self._table.content]
        if len(parts) == 1:
            return parts[0]
        joined = "array_to_string(ARRAY[{}]::text[], E'\\n\\n')"  # without those that are NULL
        return self._sql.SQL(joined).format(self._joined(parts)) if parts else self._sql.SQL("''")

    def _labelled(self, column: Column) -> sql.Composable:
        return self._sql.SQL("{} || {}").format(self._sql.Literal(f"{column.name}: "), self._shown(column))

    def _metadata(self) -> sql.Composable:
        columns = self._table.metadata
        if not columns:
            return self._sql.SQL("NULL")
        values = [
            self._sql.SQL("{} AS {}").format(self._json(each), self._sql.Identifier(each.name)) for each in columns
        ]
        return self._sql.SQL("(SELECT to_json(x.*)::text FROM (SELECT {}) x)").format(self._joined(values))

    def _json(self, column: Column) -> sql.Composable:
        name = self._name(column)
        if column.type == "bytea":
            digest = "json_build_object('size', octet_length({0}), 'sha256', encode(sha256({0}), 'hex'))"
            return self._sql.SQL(f"CASE WHEN {{0}} IS NOT NULL THEN {digest} END").format(name)
        if column.category == "A" or column.type in (*_NATIVE, *_DATED):
            return name
        return self._shown(column)

    def _shown(self, column: Column) -> sql.Composable:
        name = self._name(column)
        if column.type == "money":
            return self._sql.SQL("{}::numeric::text").format(name)
        if column.type == "bytea":
            return self._sql.SQL("octet_length({0}) || ' bytes, sha256 ' || encode(sha256({0}), 'hex')").format(name)
        return name if column.is_text else self._sql.SQL("{}::text").format(name)

    def _name(self, column: Column) -> sql.Composable:
        return self._sql.SQL("t.") + self._sql.Identifier(column.name)

    def _joined(self, parts: Iterable[sql.Composable]) -> sql.Composable:
        return self._sql.SQL(", ").join(parts)


class Reader:
    """Rows become items of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._parts = len(table.key)
        self._suffix = f".{table.edition}" if table.tells_writers else ""

    def is_current(self, version: str) -> bool:
        """Whether a row of this version was read as it would be now: of the same columns and the same server."""
        return bool(self._suffix) and version.endswith(self._suffix)

    def key(self, row: Row) -> list[str | None]:
        """The key at the end of a row; where the server does not vouch for it, its parts may be NULL."""
        return list(row[-self._parts :])

    def versions(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Id and version of each row that `Queries.keys` gave."""
        for row in rows:
            yield self._table.id_of(row[1:]), row[0] + self._suffix

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """One item for each row that `Columns.all` gave."""
        prefix, simple, suffix, untitled = self._table.prefix, self._parts == 1, self._suffix, self._table.name
        for version, time, title, content, metadata, *key in map(_decoded, rows) if self._table.raw else rows:
            text = key[0] if simple else json.dumps(key, ensure_ascii=False)
            name = f"{untitled} {text}" if title is None else title
            updated_at = None if time is None else from_micros(time)
            read = {} if metadata is None else read_metadata(metadata)
            yield Item(prefix + text, ROW, name, content or "", "", "", "", None, updated_at, version + suffix, read)


def _decoded(row: Row) -> Row:
    """The row with its texts in their encoding; its key stays as the server knows it."""
    version, time, *texts = row[:5]
    return (version, time, *(text and as_text(text) for text in texts), *row[5:])


def read_metadata(text: str) -> dict[str, Any]:
    """The columns that are metadata; a number that no float holds exactly stays text, an empty column is left out.

    What is too deep or too odd to be taken apart stays text as a whole.
    """
    try:
        read: dict[str, Any] = json.loads(text, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError):
        return {"json": text}
    return {name: value for name, value in read.items() if value is not None}


def _float(number: str) -> float | str:
    value = float(number)
    return value if repr(value) == number else number


def _int(number: str) -> int | str:
    return int(number) if len(number) <= LONGEST_NUMBER else number
