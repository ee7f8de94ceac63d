"""What the catalog tells of the tables: columns, keys, and how changes can be found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...core.errors import AccessError, SourceError

if TYPE_CHECKING:
    from psycopg import Connection

TIMESTAMP_NAMES = ("updated_at", "modified_at", "last_modified", "last_updated", "changed_at")
TITLE_NAMES = ("title", "name", "subject")
TIMESTAMP_TYPES = ("timestamp with time zone", "timestamp without time zone", "date")
SCANNED_BYTES = 64_000_000  # so much is read in some 50 ms; larger tables are looked up by their timestamp
FEW_ROWS = 100  # at least so many are taken to be there, where the server has not counted yet
KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}

# Nothing in it takes a lock on a table: one that somebody holds must not keep the others from being read.
_TABLES = """
WITH RECURSIVE part (root, relid, joined) AS (
  SELECT c.oid, c.oid, '0' FROM pg_class c WHERE c.relnamespace = %s::oid AND {condition}
  UNION ALL SELECT p.root, i.inhrelid, i.xmin::text FROM part p JOIN pg_inherits i ON i.inhparent = p.relid
)
SELECT c.relname, c.oid::int8, c.relkind::text, held.rows, c.relrowsecurity, held.size, held.stored, held.parts,
  held.joined, held.elsewhere, has_table_privilege(c.oid, 'SELECT'),
  (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL),
      format_type(a.atttypid, a.atttypmod), t.typcategory, a.attnotnull, concat_ws(' ', a.attnum, a.attgenerated,
        CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        (SELECT string_agg(f.attname || ' ' || f.atttypid, ',' ORDER BY f.attnum) FROM pg_attribute f
          WHERE f.attrelid = t.typrelid AND f.attnum > 0)
      )) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT coalesce(json_agg(ARRAY(
      SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts ORDER BY k.place) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
      AND i.indexprs IS NULL AND NOT EXISTS (
        SELECT 1 FROM unnest(i.indkey::int2[]) k(number) JOIN pg_attribute a ON a.attrelid = c.oid
          AND a.attnum = k.number WHERE NOT a.attnotnull)),
  ARRAY(SELECT DISTINCT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL)
FROM pg_class c CROSS JOIN LATERAL (
  SELECT sum(greatest(h.reltuples, 0)) FILTER (WHERE h.relkind <> 'p')::int8 AS rows,
    (sum(greatest(h.relpages, 0)) * current_setting('block_size')::int)::int8 AS size,
    (sum(greatest(h.relpages, 0) + coalesce(o.relpages, 0)) * current_setting('block_size')::int)::int8 AS stored,
    array_agg(h.oid::int8 ORDER BY h.oid) AS parts, array_agg(p.joined ORDER BY h.oid) AS joined,
    bool_or(h.relkind = 'f') AS elsewhere
  FROM part p JOIN pg_class h ON h.oid = p.relid LEFT JOIN pg_class o ON o.oid = h.reltoastrelid WHERE p.root = c.oid
) held
WHERE c.oid IN (SELECT root FROM part) ORDER BY c.relname
"""
_NAMED = "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY(%s)"
_ALL = (
    "c.relkind IN ('r', 'p') AND NOT c.relispartition "
    "AND NOT EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid)"  # its parent shows its rows
)
# A function that it calls may be what announces: then the catalog does not show it, and it is missed here.
_ANNOUNCING = """
SELECT DISTINCT t.tgrelid::int8 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = ANY(%s::int8[]::oid[]) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 28 <> 0
  AND p.prosrc ILIKE '%%notif%%'
"""
NULL_SIGN = "\u2400"  # stands for NULL in the id of a row that has no key


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: str  # as the server names it, like `character varying`
    exact_type: str  # with its limits, like `character varying(20)`
    category: str  # of the type; S: text, A: array
    not_null: bool
    form: str  # where it stands and what makes it what it is: another one means other values in the same rows

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
    """One table, and which of its columns are read as what.

    `edition` stands for the history of the server and for the columns that are read: versions of another one cannot
    be compared. `tag` adds the table itself, its parts and when each became one: changes since a reading of another
    one cannot be told, and one that was away for a while may have been missed by it.
    """

    schema: str
    name: str
    relation: str  # its name as the server wants it
    kind: str
    size: int  # bytes, without what is stored apart
    width: int  # bytes of a row, roughly
    hides_rows: bool  # by row-level security
    readable: bool  # as a whole; single columns may be all the same
    raw: bool  # of a database without an encoding: texts come as bytes
    key: tuple[Column, ...]
    key_is_unique: bool  # the server says so
    timestamp: Column | None
    timestamp_indexed: bool
    title: Column | None
    content: tuple[Column, ...]
    metadata: tuple[Column, ...]
    tells_writers: bool  # each row carries the number of the transaction that wrote it
    edition: str
    tag: str

    @property
    def prefix(self) -> str:
        """What the ids of its rows begin with."""
        return f"{quote(self.name, safe='')}/" if {"/", "%"} & set(self.name) else f"{self.name}/"

    @property
    def paged(self) -> bool:
        """Whether it can be read in pieces; otherwise each would compute all of it anew, or miss rows of one key."""
        return self.tells_writers and self.key_is_unique

    @property
    def lockable(self) -> bool:
        """Whether it can be kept from being emptied and filled again between the snapshot and its reading."""
        return self.readable and self.kind in ("r", "p", "v")

    @property
    def looks_up(self) -> bool:
        """Whether changes are looked up by the timestamp: otherwise the whole table is looked at, which is exact."""
        return self.timestamp is not None and (
            not self.tells_writers or (self.timestamp_indexed and self.size > SCANNED_BYTES)
        )

    def id_of(self, key: Sequence[str | None]) -> str:
        """The id of the row with this key."""
        parts = [NULL_SIGN if part is None else part for part in key]
        return self.prefix + (parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False))

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
        self._raw = gives_bytes(connection)
        self._origin = _origin(connection)
        found = connection.execute(
            "SELECT oid::int8, has_schema_privilege(oid, 'USAGE'), current_user::text FROM pg_namespace "
            "WHERE nspname = %s",
            (schema,),
        ).fetchone()
        if found is None:
            raise SourceError(f"the database has no schema {schema!r}.", hint="correct the option 'schema'")
        if not found[1]:
            hint = f"GRANT USAGE ON SCHEMA {schema} TO {found[2]};"
            raise AccessError(f"{found[2]} may not use the schema {schema}.", hint=hint)
        wanted = [as_bytes(name) if self._raw else name for name in names]
        query = _TABLES.replace("{condition}", _NAMED if names else _ALL)
        rows = connection.execute(query, (found[0], wanted) if names else (found[0],)).fetchall()
        self._rows = {as_text(row[0]) if self._raw else row[0]: row for row in rows}
        self.names = list(dict.fromkeys(names)) or list(self._rows)

    def expected(self, name: str) -> int | None:
        """About how many rows the table has, where that is known."""
        row = self._rows.get(name)
        return int(row[3]) if row is not None and row[3] else None

    def silent(self, connection: Connection[Any], names: Sequence[str]) -> list[str]:
        """Those of these tables that no trigger announces anything of; views have none, and are not told."""
        tables = {name: [self._rows[name][1], *self._rows[name][7]] for name in names if self._rows[name][2] in "rp"}
        oids = [oid for each in tables.values() for oid in each]
        announcing = {oid for (oid,) in connection.execute(_ANNOUNCING, (oids,))}
        return [name for name, each in tables.items() if announcing.isdisjoint(each)]

    def table(self, name: str, wanted: Wanted) -> Table:
        """One table, read as the options want it; raises SourceError where that cannot be."""
        if name not in self._rows:
            raise SourceError(
                f"there is no such table in the schema {self.schema}.",
                hint="correct the option 'tables', or take it out there; what was stored of it is kept until then",
            )
        relation, oid, kind, rows, hides, size, stored, parts, joined, elsewhere, *more = self._rows[name]
        readable, columns, *indexes = more
        if not columns:
            raise SourceError("it has no columns.", hint="take it out of the option 'tables'")
        uniques, indexed = indexes
        chosen = _Choice({column[0]: Column(*column) for column in columns}, wanted)
        key, unique = chosen.key(uniques)
        timestamp, title = chosen.timestamp(), chosen.title()
        content, metadata = chosen.content(key, timestamp)
        read = [
            (each.name, each.exact_type, each.form) for each in (*key, *content, *metadata, timestamp, title) if each
        ]
        return Table(
            schema=self.schema,
            name=name,
            relation=relation,
            kind=kind,
            size=size,
            width=stored // max(rows or 0, FEW_ROWS),
            hides_rows=hides,
            readable=readable,
            raw=self._raw,
            key=key,
            key_is_unique=unique and not (kind == "r" and len(parts) > 1),  # children may repeat a key
            timestamp=timestamp,
            timestamp_indexed=timestamp is not None and timestamp.name in indexed,
            title=title,
            content=content,
            metadata=metadata,
            tells_writers=kind in ("r", "p") and not elsewhere,
            edition=_mark_of([self._origin, read])[:8],
            tag=_mark_of([self._origin, oid, parts, joined, read])[:16],
        )


class _Choice:
    """Which columns of a table are read as what."""

    def __init__(self, columns: dict[str, Column], wanted: Wanted) -> None:
        self._columns = columns
        self._wanted = wanted

    def key(self, uniques: Sequence[list[str]]) -> tuple[tuple[Column, ...], bool]:
        """The columns that tell rows apart, and whether the server says that they do."""
        if self._wanted.key:
            columns = tuple(self._column(name, "primary_key_column") for name in self._wanted.key)
            names = {column.name for column in columns}
            return columns, any(names.issuperset(each) for each in uniques) and all(each.not_null for each in columns)
        if uniques:
            return tuple(self._columns[name] for name in uniques[0]), True
        raise SourceError(
            "it has no primary key, so that its rows cannot be told apart.",
            hint="name the columns that do in the option 'primary_key_column'",
        )

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


def gives_bytes(connection: Connection[Any]) -> bool:
    """A database without an encoding gives its bytes as they are only to a client that takes every byte for a text."""
    return connection.info.parameter_status("server_encoding") == "SQL_ASCII"


def as_text(value: str) -> str:
    """Bytes that came as Latin-1: most likely UTF-8, or else really that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def as_bytes(text: str) -> str:
    """A text as such a database wants it."""
    return text.encode().decode("latin-1")


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
