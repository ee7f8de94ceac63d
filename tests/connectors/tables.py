"""Tables that are synced, as the tests of `postgresql` use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aragora_sync.connectors.postgresql import PostgreSQLConnector
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind

from ..servers.postgres import DATABASE, PASSWORD, READER, Postgres, Schema
from .stored import Stored

DOCUMENTS = "CREATE TABLE documents (id int PRIMARY KEY, title text, body text, updated_at timestamptz DEFAULT now())"


class Tables(Stored):
    """A schema on a real server, a store, and the connector between them."""

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.folder = folder
        self.schema = schema
        self.run = schema.run
        self.options: dict[str, Any] = {}

    @property
    def server(self) -> Postgres:
        return self.schema.server

    def connector(self, **options: Any) -> PostgreSQLConnector:
        given = {
            "host": "127.0.0.1",
            "port": self.server.port,
            "database": DATABASE,
            "schema": self.schema.name,
            "credentials": {"POSTGRES_USER": READER, "POSTGRES_PASSWORD": PASSWORD},
            "connector_id": "tables",
            "store": self.folder / "store",
            "state_dir": self.folder / "state",
            "retry_delay": 0,
        }
        return PostgreSQLConnector(**{**given, **self.options, **options})

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        connector = self.connector()
        store = self.store()
        state = StateFile(self.folder / "state", "tables", "default")
        try:
            return ConnectorRun(connector, store, state, lock=None, ask=Ask(kind=kind, allow_mass_delete=True)).sync()
        finally:
            store.close()

    def full(self) -> SyncResult:
        return self.sync(PassKind.FULL)

    def read(self, table: str, cursor: Any = None, known: Any = None) -> list[Any]:
        """What one read of a table says."""
        connector = self.connector()
        connector.open()
        try:
            return list(connector.read(Stream(table), cursor, known or Nothing()))
        finally:
            connector.close()

    def fetch(self, table: str, *refs: str) -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            return list(connector.fetch(Stream(table), refs, Nothing()))
        finally:
            connector.close()


class Nothing:
    """A store that knows nothing."""

    def items(self, kind=None, after=""):
        return iter(())

    def get(self, ids, details=False):
        return {}


def insert(tables: Tables, number: int, body: str = "text", at: str = "now()") -> None:
    tables.run(f"INSERT INTO documents VALUES ({number}, 'title {number}', %s, {at})", body)
