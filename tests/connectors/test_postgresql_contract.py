"""`postgresql` keeps the contract, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector
from aragora_sync.testing import ConnectorContract

from ..servers.postgres import Postgres, Schema
from .tables import DOCUMENTS, Tables

CHANNEL = "changes"


class Documents:
    """A table, as the suite edits it."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.number = 0
        tables.run(DOCUMENTS)
        tables.run(PostgreSQLConnector.triggers(["documents"], schema=tables.schema.name, notify_channel=CHANNEL))

    def add(self, name: str, text: str) -> str:
        self.number += 1
        self.tables.run("INSERT INTO documents VALUES (%s, %s, %s)", self.number, name, text)
        return f"documents/{self.number}"

    def edit(self, item_id: str, text: str) -> None:
        self.tables.run("UPDATE documents SET body = %s WHERE id = %s", text, int(item_id.split("/")[1]))

    def remove(self, item_id: str) -> None:
        self.tables.run("DELETE FROM documents WHERE id = %s", int(item_id.split("/")[1]))


class TestPostgreSQL(ConnectorContract):
    connector = PostgreSQLConnector
    server: Postgres

    test_an_unreadable_thing_is_said_and_the_rest_goes_on = None  # a plain table has no such rows

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def at_server(cls, postgres: Postgres) -> Iterator[None]:
        cls.server = postgres
        with pytest.MonkeyPatch.context() as patch:  # a few rows in a few queries
            for name in ("FIRST_ROWS", "MOST_ROWS", "PROBED_ROWS"):
                patch.setattr(f"aragora_sync.connectors.postgresql.reading.{name}", 3)
            for name in ("WAIT_SECONDS", "BURST_SECONDS"):
                patch.setattr(f"aragora_sync.connectors.postgresql.listening.{name}", 0.01)
            yield

    def make_world(self, folder: Path) -> Documents:
        return Documents(Tables(folder, Schema(self.server)))

    def make(self, world: Documents, **options: object) -> PostgreSQLConnector:
        return world.tables.connector(tables=["documents"], notify_channel=CHANNEL, **options)

    def teardown_method(self) -> None:
        super().teardown_method()
        self.world.tables.schema.drop()
