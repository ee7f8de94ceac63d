"""What the catalog tells of the tables: columns, keys, and how changes can be found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...core.errors import SourceError

if TYPE_CHECKING:
    from psycopg import Connection

TIMESTAMP_NAMES = ("updated_at", "modified_at", "last_modified", "last_updated", "changed_at")
TITLE_NAMES = ("title", "name", "subject")
TIMESTAMP_TYPES = ("timestamp with time zone", "timestamp without time zone", "date")
SCANNED_BYTES = 64_000_000  # so much is read in some 50 ms; larger tables are looked up by their timestamp
FEW_ROWS = 100  # at least so many are taken to be there, where the server has not counted yet
KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}

_TABLES = """
SELECT c.relname, c.oid::int8, c.relkind::text, c.reltuples::float8::int8, c.relrowsecurity,
  coalesce((SELECT sum(pg_relation_size(p.relid)) FROM pg_partition_tree(c.oid) p), pg_relation_size(c.oid), 0)::int8,
  coalesce(pg_table_size(c.oid), 0)::int8, has_table_privilege(c.oid, 'SELECT'),
  ARRAY(SELECT i.inhrelid::int8 FROM pg_inherits i WHERE i.inhparent = c.oid
    UNION SELECT p.relid::oid::int8 FROM pg_partition_tree(c.oid) p ORDER BY 1),
  (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL), format_type(a.atttypid,
      a.atttypmod), t.typcategory, t.typtype) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT coalesce(json_agg(json_build_array(i.indisprimary, ARRAY(
      SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts ORDER BY k.place)) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
      AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (
        SELECT 1 FROM unnest(i.indkey::int2[]) k(number) JOIN pg_attribute a ON a.attrelid = c.oid
          AND a.attnum = k.number WHERE NOT a.attnotnull)),
  ARRAY(SELECT DISTINCT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL)
FROM pg_class c WHERE c.relnamespace = %s::oid AND """
_NAMED = "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY(%s) ORDER BY c.relname"
_ALL = "c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: str  # as the server names it, like `character varying`
    exact_type: str  # with its limits, like `character varying(20)`
    category: str  # of the type; S: text, A: array
    sort: str  # of the type; c: composite, e: enum

    @property
    def is_text(self) -> bool:
        return self.category == "S"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask of every table."""

    timestamp: str | None
    key: Sequence[str]
    content: Sequence[str]
    title: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table, and which of its columns are read as what. `tag` changes with everything that makes rows
    incomparable with those read before; `shape` only with the columns that are read."""

    schema: str
    name: str
    kind: str
    rows: int | None
    size: int  # bytes
    width: int  # bytes of a row, roughly
    hides_rows: bool  # by row-level security
    readable: bool
    key: tuple[Column, ...]
    key_is_unique: bool  # the server says so
    timestamp: Column | None
    timestamp_indexed: bool
    title: Column | None
    content: tuple[Column, ...]
    metadata: tuple[Column, ...]
    shape: str
    tag: str

    @property
    def prefix(self) -> str:
        """What the ids of its rows begin with."""
        return f"{quote(self.name, safe='')}/" if {"/", "%"} & set(self.name) else f"{self.name}/"

    @property
    def tells_writers(self) -> bool:
        """Whether each row carries the number of the transaction that wrote it."""
        return self.kind in ("r", "p")

    @property
    def looks_up(self) -> bool:
        """Whether changes are looked up by the timestamp: otherwise the whole table is looked at, which is exact."""
        return self.timestamp is not None and (
            not self.tells_writers or (self.timestamp_indexed and self.size > SCANNED_BYTES)
        )

    def id_of(self, key: Sequence[str | None]) -> str:
        """The id of the row with this key."""
        return f"{self.prefix}{key[0] if len(key) == 1 else json.dumps(key, ensure_ascii=False)}"

    def key_of(self, item_id: str) -> list[str] | None:
        """The key that `id_of` was given; None where no row of this table has such an id."""
        if not item_id.startswith(self.prefix):
            return None
        text = item_id[len(self.prefix) :]
        if len(self.key) == 1:
            return [text]
        try:
            key = json.loads(text)
        except ValueError:
            return None
        fits = isinstance(key, list) and len(key) == len(self.key) and all(isinstance(part, str) for part in key)
        return key if fits else None


class Catalog:
    """The tables of one schema, as the catalog shows them now."""

    def __init__(self, connection: Connection[Any], schema: str, names: Sequence[str]) -> None:
        self.schema = schema
        self._origin = _origin(connection)
        found = connection.execute("SELECT oid::int8 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
        if found is None:
            raise SourceError(f"the database has no schema {schema!r}.", hint="correct the option 'schema'")
        query, values = (_TABLES + _NAMED, (found[0], list(names))) if names else (_TABLES + _ALL, (found[0],))
        self._rows = {row[0]: row for row in connection.execute(query, values).fetchall()}
        self.names = list(names) or list(self._rows)

    def expected(self, name: str) -> int | None:
        """About how many rows the table has, where that is known."""
        row = self._rows.get(name)
        return int(row[3]) if row is not None and row[3] > 0 else None

    def table(self, name: str, wanted: Wanted) -> Table:
        """One table, read as the options want it; raises SourceError where that cannot be."""
        if name not in self._rows:
            raise SourceError(
                f"there is no such table in the schema {self.schema}.",
                hint="correct the option 'tables', or take it out there; what was stored of it is kept until then",
            )
        _, oid, kind, rows, hides, size, stored, readable, parts, columns, uniques, indexed = self._rows[name]
        if not columns:
            raise SourceError("it has no columns.", hint="take it out of the option 'tables'")
        by_name = {column[0]: Column(*column) for column in columns}
        chosen = _Choice(by_name, wanted)
        key, unique = chosen.key(uniques)
        timestamp, title = chosen.timestamp(), chosen.title()
        content, metadata = chosen.content(key, timestamp)
        read = [(column.name, column.exact_type) for column in (*key, *content, *metadata)]
        shape = _mark_of([read, timestamp and timestamp.name, title and title.name])[:8]
        return Table(
            schema=self.schema,
            name=name,
            kind=kind,
            rows=self.expected(name),
            size=size,
            width=stored // max(rows, FEW_ROWS),
            hides_rows=hides,
            readable=readable,
            key=key,
            key_is_unique=unique,
            timestamp=timestamp,
            timestamp_indexed=timestamp is not None and timestamp.name in indexed,
            title=title,
            content=content,
            metadata=metadata,
            shape=shape,
            tag=_mark_of([self._origin, oid, parts, shape])[:16],
        )


class _Choice:
    """Which columns of a table are read as what."""

    def __init__(self, columns: dict[str, Column], wanted: Wanted) -> None:
        self._columns = columns
        self._wanted = wanted

    def key(self, uniques: Sequence[tuple[bool, list[str]]]) -> tuple[tuple[Column, ...], bool]:
        """The columns that tell rows apart, and whether the server says that they do."""
        unique = [names for _, names in uniques]
        if self._wanted.key:
            names = [self._column(name, "primary_key_column").name for name in self._wanted.key]
            known = any(set(each) <= set(names) for each in unique)
        elif unique:
            names, known = unique[0], True
        else:
            raise SourceError(
                "it has no primary key, so that its rows cannot be told apart.",
                hint="name the columns that do in the option 'primary_key_column'",
            )
        return tuple(self._columns[name] for name in names), known

    def timestamp(self) -> Column | None:
        """The column with the time of the last change; a table may have none."""
        names = TIMESTAMP_NAMES if self._wanted.timestamp is None else (self._wanted.timestamp,)
        found = next((self._columns[name] for name in names if name in self._columns), None)
        if found is None or found.type in TIMESTAMP_TYPES:
            return found
        if self._wanted.timestamp is None:
            return None
        raise SourceError(
            f"its column {found.name!r} holds {found.type}, not times.", hint="correct the option 'timestamp_column'"
        )

    def title(self) -> Column | None:
        if self._wanted.title is not None:
            return self._column(self._wanted.title, "title_column")
        return next((self._columns[name] for name in TITLE_NAMES if name in self._columns), None)

    def content(self, key: Sequence[Column], timestamp: Column | None) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
        """The columns that become text, and those that become metadata."""
        if self._wanted.content:
            return tuple(self._column(name, "content_columns") for name in self._wanted.content), ()
        rest = [column for column in self._columns.values() if column not in key and column != timestamp]
        return tuple(each for each in rest if each.is_text), tuple(each for each in rest if not each.is_text)

    def _column(self, name: str, option: str) -> Column:
        if name in self._columns:
            return self._columns[name]
        raise SourceError(
            f"it has no column {name!r}, but {', '.join(self._columns)}.",
            hint=f"correct the option {option!r}, or give this table a connector of its own",
        )


def _origin(connection: Connection[Any]) -> list[Any]:
    """Which history of which server: another one after a restore elsewhere, or after a standby took over."""
    allowed = connection.execute(
        "SELECT bool_and(has_function_privilege(f, 'EXECUTE')) FROM "
        "unnest(ARRAY['pg_control_system()', 'pg_control_checkpoint()']) f"
    ).fetchone()
    server = "0, 0"
    if allowed is not None and allowed[0]:
        server = "(SELECT system_identifier FROM pg_control_system()), "
        server += "(SELECT timeline_id FROM pg_control_checkpoint())"
    row = connection.execute(
        f"SELECT {server}, (SELECT oid::int8 FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    return list(row or ())


def _mark_of(things: Any) -> str:
    return hashlib.sha256(json.dumps(things).encode()).hexdigest()
