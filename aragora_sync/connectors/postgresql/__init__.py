"""PostgreSQL: the rows of tables and views, as text."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ... import __version__
from ...connector import Connector
from ...core.changes import Change, Cursor
from ...core.errors import AccessError, AragoraSyncError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from .catalog import KINDS, SCANNED_BYTES, Catalog, Table, Wanted
from .connections import Connections, Server, system_authorities
from .listening import Listening, Watched
from .notices import triggers
from .reading import TableReading

logger = logging.getLogger(__name__)

TLS = ("disable", "prefer", "require", "verify-ca", "verify-full")
SHOWN = 5  # tables in a warning
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class PostgreSQLConnector(Connector):
    """Reads tables, each a stream. What changed, the rows themselves tell: each carries the number of the transaction
    that wrote it, so that nothing committed late is missed, whatever its timestamp says.
    """

    type = "postgresql"
    title = "Tables and views of a PostgreSQL database"
    watched_by = "notify_channel"
    keys: ClassVar[Mapping[str, str]] = {
        "POSTGRES_USER": "the user to log in as",
        "POSTGRES_PASSWORD": "the password of that user; where there is none, libpq's password file is asked",
    }

    host: str = option("localhost", help="Server to connect to, or the folder of its socket.", neutral=True)
    port: int = option(5432, help="Port of the server.", at_least=1, at_most=65535, neutral=True)
    database: str = option(help="Database to read.", example="myapp", identity=True)
    schema: str = option("public", help="Schema of the tables.")
    tables: list[str] = option(
        [], help="Tables and views to read; by default all tables of the schema.", example=["documents", "articles"]
    )
    where: str = option(
        "",
        help="SQL condition that rows must meet; a row that is edited and no longer does is deleted.",
        example="deleted_at IS NULL",
    )
    primary_key_column: str | list[str] | None = option(
        None, help="Column that tells rows apart, or several; by default the primary key.", example="id"
    )
    timestamp_column: str | None = option(
        None,
        help="Column with the time of the last change; by default updated_at or a name like it. Indexed, it spares "
        "large tables from being looked through.",
        example="updated_at",
    )
    title_column: str | None = option(
        None, help="Column with the title of a row; by default title, name or subject.", example="title"
    )
    content_columns: list[str] = option(
        [],
        help="Columns that become the text of an item, and no others are read; by default all columns of text, the "
        "others become metadata.",
        example=["title", "body", "summary"],
    )
    notify_channel: str | None = option(
        None,
        help="Channel on which triggers announce changes, for `run --watch`; `aragora-sync connectors postgresql "
        "--trigger TABLE` prints them.",
        example="document_changes",
        neutral=True,
    )
    pool_size: int = option(5, help="How many connections may be open at once.", at_least=1, at_most=64, neutral=True)
    sslmode: str | None = option(
        None,
        help="How much encryption is asked for; by default verify-full, or prefer on this machine.",
        choices=TLS,
        example="verify-full",
        neutral=True,
    )
    sslrootcert: Path | None = option(
        None,
        help="File with the certificate of the authority that signed the server's; by default those of the system.",
        example="root.crt",
        neutral=True,
    )
    parallel: int = option(
        0,
        help="How many tables are read beside each other; 0 is as many as there may be connections.",
        at_least=0,
        at_most=64,
        neutral=True,
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parallel = min(self.parallel or self.pool_size, self.pool_size)
        self._told_silent: list[str] = []

    def open(self) -> None:
        """Logs in, and reads what the catalog tells of the tables."""
        self._connections = Connections(self._server(), self.stop)
        with self._connections.transaction() as connection:
            self._catalog = Catalog(connection, self.schema, self.tables)

    def close(self) -> None:
        """No connection stays open."""
        connections: Connections | None = getattr(self, "_connections", None)
        if connections is not None:
            connections.close()

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The tables named in the options, or all of the schema."""
        for name in self._catalog.names:
            yield Stream(name, f"{self.schema}.{name}", expected=self._catalog.expected(name))

    def check(self) -> Iterator[Check]:
        """Whether the server lets us in, and how each table can be read."""
        try:
            self.open()
        except AragoraSyncError as error:
            yield Check("connection", False, error.message, error.hint)
            return
        try:
            server = self._connections.server
            yield Check("connection", True, f"{server.user} reads {server.database} at {server}")
            for name in self._catalog.names:
                yield self._check_table(name)
        finally:
            self.close()

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """Rows written by transactions that had not ended at the last reading; without a cursor, all rows."""
        return self._reading(stream, known).changes(cursor)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The rows of these ids."""
        return self._reading(stream, known).single(refs)

    def watch(
        self, streams: Sequence[Stream], cursors: Mapping[str, Cursor], known: Mapping[str, KnownItems]
    ) -> Iterator[tuple[Stream, Change] | None]:
        """What triggers announce on `notify_channel`; without one, tables are read from time to time."""
        if not self.notify_channel:
            return
        tables = []
        for stream in streams:
            table, reading = self._table(stream.name), self._reading(stream, known[stream.name])
            tables.append(Watched(stream, reading, cursors[stream.name], len(table.key), table.kind == "p"))
        self._tell_silent([stream.name for stream in streams])
        listening = Listening(
            self._connections, self.notify_channel, self.schema, tables, self._shape(self._catalog), self._look
        )
        yield from listening.changes()

    def _tell_silent(self, names: Sequence[str]) -> None:
        """Says once which tables cannot tell: what changes there is stored up to a minute late."""
        with self._connections.transaction() as connection:
            silent = self._catalog.silent(connection, names)
        if silent and silent != self._told_silent:
            shown = " ".join(f"--trigger {name}" for name in silent[:SHOWN])
            logger.warning(
                "no trigger announces the changes of %s: they are looked for once a minute; "
                "`aragora-sync connectors postgresql %s` prints what is missing",
                ", ".join(silent[:SHOWN]) + (f" and {len(silent) - SHOWN} more" if len(silent) > SHOWN else ""),
                shown,
            )
        self._told_silent = silent

    @staticmethod
    def triggers(tables: Sequence[str], /, **options: Any) -> str:
        """SQL that makes the triggers of these tables, as a connector of these options listens to them."""
        given = {"schema": options.get("schema"), "channel": options.get("notify_channel")}
        key = options.get("primary_key_column") or []
        return triggers(tables, key=[key] if isinstance(key, str) else key, **{k: v for k, v in given.items() if v})

    def _look(self) -> dict[str, str]:
        with self._connections.transaction() as connection:
            return self._shape(Catalog(connection, self.schema, self.tables))

    def _shape(self, catalog: Catalog) -> dict[str, str]:
        """What the catalog tells of each table, in a word."""
        shape = {}
        for name in catalog.names:
            try:
                shape[name] = catalog.table(name, self._wanted).tag
            except SourceError as error:
                shape[name] = error.message
        return shape

    def _reading(self, stream: Stream, known: KnownItems) -> TableReading:
        return TableReading(self._connections, self._table(stream.name), self.where, known)

    def _table(self, name: str) -> Table:
        return self._catalog.table(name, self._wanted)

    @property
    def _wanted(self) -> Wanted:
        key = self.primary_key_column or []
        return Wanted(
            self.timestamp_column, [key] if isinstance(key, str) else key, self.content_columns, self.title_column
        )

    def _check_table(self, name: str) -> Check:
        try:
            table = self._table(name)
            if not table.readable:
                user = self._connections.server.user
                raise AccessError(f"{user} may not read it.", hint=f"GRANT SELECT ON {self.schema}.{name} TO {user};")
        except AragoraSyncError as error:
            return Check(name, False, error.message, error.hint)
        told = f"{KINDS[table.kind]}, key {', '.join(column.name for column in table.key)}"
        if table.hides_rows:
            told += "; row-level security may hide rows of it"
        if self.timestamp_column and table.timestamp is None:
            told += f"; it has no column {self.timestamp_column}"
        if table.size > SCANNED_BYTES and not table.looks_up:
            told += "; each run looks through all of it, as no index begins with a timestamp"
        return Check(name, True, told)

    def _server(self) -> Server:
        user = self.credential("POSTGRES_USER")
        local = self.host in LOOPBACK or self.host.startswith("/")
        mode = self.sslmode or ("prefer" if local else "verify-full")
        authority = str(self.sslrootcert or (system_authorities() if mode.startswith("verify") else ""))
        password = self.asked_credentials.get("POSTGRES_PASSWORD")
        application = f"aragora-sync {__version__} {self.connector_id}"
        return Server(
            self.host, self.port, self.database, user, password, mode, authority, application[:63], self.timeout
        )
