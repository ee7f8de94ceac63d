"""The triggers that `postgresql` prints: whatever happens to them, nobody who writes suffers from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector, listening, notices
from aragora_sync.connectors.postgresql.connections import Connections
from aragora_sync.core.errors import SourceError

from ..servers.postgres import SETTINGS, Postgres, Schema, binaries
from .live_tables import CHANNEL, watching
from .tables import DOCUMENTS, Tables, insert

END = "that is all"


def announce(tables: Tables, *names: str) -> None:
    tables.run(PostgreSQLConnector.triggers(names, schema=tables.schema.name, notify_channel=CHANNEL))


@pytest.fixture
def announced(documents: Tables) -> Tables:
    """A table with the triggers, and two rows."""
    announce(documents, "documents")
    insert(documents, 1)
    insert(documents, 2)
    return documents


class Ear:
    """Hears what is announced."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._connection = server.connect()
        self._connection.execute(f"LISTEN {CHANNEL}")  # type: ignore[arg-type]

    def heard(self) -> list[dict[str, Any]]:
        """All that was announced since the last time."""
        with self._server.connect() as db:
            db.execute("SELECT pg_notify(%s, %s)", (CHANNEL, END))
        told: list[str] = []
        while END not in told:
            told += [each.payload for each in self._connection.notifies(timeout=30, stop_after=1)]
        return [json.loads(each) for each in told if each != END]

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def ear(announced: Tables) -> Iterator[Ear]:
    made = Ear(announced.server)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _seldom_polled(monkeypatch):
    monkeypatch.setattr(listening, "POLL_SECONDS", 3600.0)


# What becomes of the table


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE documents RENAME COLUMN id TO number",
        "ALTER TABLE documents DROP COLUMN id",
        "ALTER TABLE documents ALTER COLUMN id TYPE text",
    ],
    ids=["renamed", "dropped", "another type"],
)
def test_a_key_that_changes_under_the_trigger_stops_no_writer(announced, ear, change):
    ear.heard()
    announced.run(change)
    announced.run("UPDATE documents SET title = 'one'")
    announced.run("INSERT INTO documents VALUES ('7', 'seven')" if "DROP" not in change else "SELECT 1")
    announced.run("DELETE FROM documents")

    told = ear.heard()
    assert {each["table"] for each in told} == {"documents"}
    assert {each["operation"] for each in told} >= {"UPDATE", "DELETE"}


def test_a_renamed_key_is_watched_on_though_its_trigger_is_the_old_one(announced):
    with watching(announced) as live:
        announced.run("ALTER TABLE documents RENAME COLUMN id TO number")
        announced.run("INSERT INTO documents VALUES (3, 'three', 'text')")
        announced.run("DELETE FROM documents WHERE number = 2")
        live.until_held({"documents/1": "title 1\n\ntext", "documents/3": "three\n\ntext"})


def test_a_trigger_that_cannot_tell_keys_is_named(documents, caplog):
    """Its key is one that the options name and the catalog does not."""
    documents.run("ALTER TABLE documents ADD COLUMN code text")
    where = {"schema": documents.schema.name, "notify_channel": CHANNEL, "primary_key_column": "code"}
    documents.run(PostgreSQLConnector.triggers(["documents"], **where))
    documents.run("ALTER TABLE documents DROP COLUMN code")
    insert(documents, 1)
    insert(documents, 2)
    with watching(documents) as live:
        live.until(lambda: len(live.items()) == 2)
        documents.run("DELETE FROM documents WHERE id = 1")
        live.until(lambda: set(live.items()) == {"documents/2"})
        insert(documents, 3)
        live.until(lambda: set(live.items()) == {"documents/2", "documents/3"})

    (said,) = [each.getMessage() for each in caplog.records if "cannot tell keys" in each.getMessage()]
    assert "the trigger of documents" in said
    assert "(42703)" in said
    assert "--trigger documents" in said


def test_a_writer_that_may_not_announce_writes(announced):
    announced.run(f"GRANT ALL ON documents TO reader; GRANT USAGE ON SCHEMA {announced.schema.name} TO reader")
    announced.run("REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC")
    try:
        announced.run("SET ROLE reader; UPDATE documents SET title = 'edited'; DELETE FROM documents WHERE id = 2")
        announced.run("RESET ROLE")
    finally:
        announced.run("RESET ROLE; GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC")

    assert announced.run("SELECT title FROM documents") == [("edited",)]


@pytest.mark.parametrize("channel", ["", "c" * 64], ids=["none", "long"])
def test_a_channel_that_nobody_can_listen_on_is_refused_when_the_triggers_are_made(documents, channel):
    with pytest.raises(psycopg.errors.RaiseException, match="1 to 63 bytes"):
        documents.run(notices.triggers(["documents"], schema=documents.schema.name, channel=channel))


def test_keys_of_a_database_without_an_encoding_are_heard(documents):
    with documents.server.connect("postgres") as db:
        db.execute("CREATE DATABASE ears ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    documents.options |= {"database": "ears", "schema": "public", "tables": ["über"]}
    with documents.server.connect("ears", client_encoding="utf8") as db:
        db.execute('CREATE TABLE "über" (word text PRIMARY KEY, body text)')
        db.execute('GRANT SELECT ON "über" TO reader')
        db.execute(PostgreSQLConnector.triggers(["über"], notify_channel=CHANNEL))  # type: ignore[arg-type]
        with watching(documents) as live:
            db.execute("""INSERT INTO "über" VALUES (E'caf\\xe9', 'one'), (E'caf\\xc3\\xa9', 'two')""")
            live.until(lambda: set(live.items().values()) == {"one", "two"})
            db.execute("""DELETE FROM "über" WHERE body = 'one'""")
            live.until(lambda: set(live.items().values()) == {"two"})

            assert live.errors() == []


# How much is announced


def test_of_very_many_rows_of_one_transaction_some_are_named(announced, ear, monkeypatch):
    monkeypatch.setattr(notices, "MOST_TOLD", 20)
    announce(announced, "documents")
    ear.heard()
    announced.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(10, 59) g")
    first = ear.heard()
    insert(announced, 5)

    assert [each.get("id") for each in first] == [[str(number)] for number in range(10, 30)] + [None]
    assert [each["id"] for each in ear.heard()] == [["5"]]


def test_very_many_rows_that_one_transaction_deletes_are_found(announced, monkeypatch):
    monkeypatch.setattr(notices, "MOST_TOLD", 20)
    announce(announced, "documents")
    announced.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(10, 2509) g")
    with watching(announced) as live:
        live.until(lambda: len(live.items()) == 2502)
        announced.run("DELETE FROM documents WHERE id > 1")
        live.until(lambda: set(live.items()) == {"documents/1"})


def test_a_role_that_commits_in_two_phases_may_be_silent(announced, ear):
    with announced.schema.connect() as db:
        db.execute("SET aragora_sync.silent = on")
        db.execute("UPDATE documents SET title = 'in two phases' WHERE id = 1")
        db.execute("PREPARE TRANSACTION 'first'")
    announced.run("COMMIT PREPARED 'first'")

    assert announced.run("SELECT title FROM documents WHERE id = 1") == [("in two phases",)]
    assert ear.heard() == []


# A queue that nobody empties


@pytest.fixture(scope="module")
def narrow() -> Iterator[Postgres]:
    """A server whose queue of notifications is soon full."""
    server = Postgres(binaries(), {**SETTINGS, "max_notify_queue_pages": "64"})
    server.create()
    yield server
    server.remove()


@pytest.fixture
def stuck(narrow: Postgres, tmp_path) -> Iterator[Tables]:
    """Somebody listens there and stays in a transaction."""
    tables = Tables(tmp_path, Schema(narrow))
    tables.run(DOCUMENTS)
    announce(tables, "documents")
    tables.options["tables"] = ["documents"]
    insert(tables, 1)
    sleeper = narrow.connect()
    sleeper.execute("LISTEN something")
    sleeper.execute("BEGIN; SELECT 1")
    yield tables
    sleeper.close()
    tables.schema.drop()


def crowd_the_queue(tables: Tables, share: float) -> None:
    """Others announce until so much of it is full."""
    for number in range(200):
        try:
            tables.run("SELECT pg_notify('something', %s)", f"{number} {'x' * 7000}")
        except psycopg.errors.ProgramLimitExceeded:
            break
        if tables.run("SELECT pg_notification_queue_usage()")[0][0] > share:
            break


def test_at_a_full_queue_everybody_goes_on_writing(stuck):
    crowd_the_queue(stuck, 1.0)
    insert(stuck, 2)
    stuck.run("UPDATE documents SET body = 'edited'")
    stuck.run("DELETE FROM documents WHERE id = 1")

    assert stuck.run("SELECT id, body FROM documents") == [(2, "edited")]


def test_while_the_queue_is_half_full_changes_are_looked_for(stuck, monkeypatch, caplog):
    monkeypatch.setattr(listening, "POLL_SECONDS", 0.1)
    with watching(stuck) as live:
        crowd_the_queue(stuck, 0.6)
        insert(stuck, 2)
        live.until(lambda: "documents/2" in live.items())
        stuck.run("DELETE FROM documents WHERE id = 1")
        live.until(lambda: set(live.items()) == {"documents/2"})

        assert live.errors() == []
    (said,) = [each.getMessage() for each in caplog.records if "queue of notifications" in each.getMessage()]
    assert "% full" in said


def test_a_watcher_that_cannot_announce_says_why(stuck):
    crowd_the_queue(stuck, 1.0)
    connections = Connections(stuck.connector()._server())
    try:
        with pytest.raises(SourceError, match="its queue of notifications is full"):
            for number in range(3000):  # the little that fits in behind the long ones
                connections.announce(f"{'c' * 50}{number}")
    finally:
        connections.close()
