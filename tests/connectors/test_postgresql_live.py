"""`postgresql` watched: what triggers announce is stored at once, and nothing is lost when they are not heard."""

from __future__ import annotations

import json

import psycopg
import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector, listening
from aragora_sync.engine.result import Status

from ..servers.pgbouncer import pgbouncer
from ..servers.proxy import proxy_to
from .live_tables import CHANNEL, watching
from .tables import Tables, insert

GUIDE = """
CREATE OR REPLACE FUNCTION notify_document_changes() RETURNS TRIGGER AS $$
BEGIN
  PERFORM pg_notify('document_changes',
    json_build_object('table', TG_TABLE_NAME, 'operation', TG_OP, 'id', COALESCE(NEW.id, OLD.id))::text);
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER documents_notify_trigger AFTER INSERT OR UPDATE OR DELETE ON documents
FOR EACH ROW EXECUTE FUNCTION notify_document_changes();
"""


@pytest.fixture(autouse=True)
def _seldom_polled(monkeypatch):
    """What is stored within these tests was announced; nobody asked the rows for it."""
    monkeypatch.setattr(listening, "POLL_SECONDS", 3600.0)


def announce(tables: Tables, *names: str) -> None:
    """The triggers that the connector prints."""
    tables.run(PostgreSQLConnector.triggers(names, schema=tables.schema.name, notify_channel=CHANNEL))


def notify(tables: Tables, **payload: object) -> None:
    tables.run("SELECT pg_notify(%s, %s)", CHANNEL, json.dumps(payload))


@pytest.fixture
def announced(documents: Tables) -> Tables:
    """A table with the triggers."""
    announce(documents, "documents")
    insert(documents, 1)
    return documents


# What is announced


@pytest.mark.parametrize("whose", ["guide", "ours"])
def test_rows_that_are_written_edited_and_deleted(documents, whose):
    documents.run(GUIDE) if whose == "guide" else announce(documents, "documents")
    insert(documents, 1)
    with watching(documents) as live:
        insert(documents, 2)
        live.until(lambda: "documents/2" in live.items())
        documents.run("UPDATE documents SET body = 'edited' WHERE id = 1")
        live.until(lambda: live.items()["documents/1"].endswith("edited"))
        documents.run("DELETE FROM documents WHERE id = 2")
        live.until(lambda: "documents/2" not in live.items())

        assert live.stop() < 2
    assert live.result.status is Status.INTERRUPTED
    assert documents.sync().counts.created == 0


def test_what_was_written_before_it_listens_is_read_first(announced, monkeypatch):
    """Between the first run and the LISTEN somebody writes, edits and deletes."""
    insert(announced, 2)
    real = listening.Listening.changes

    def late(self):
        insert(announced, 7)
        announced.run("DELETE FROM documents WHERE id = 2")
        announced.run("UPDATE documents SET body = 'late' WHERE id = 1")
        yield from real(self)

    monkeypatch.setattr(listening.Listening, "changes", late)
    with watching(announced) as live:
        live.until_held({"documents/1": "title 1\n\nlate", "documents/7": "title 7\n\ntext"})


def test_many_notices_of_one_row_are_one_reading(announced):
    with watching(announced) as live:
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())
        before = sum(run.counts.named for run in live.store.runs("tables", 9))
        with announced.schema.connect() as db:
            for number in range(500):
                db.execute("UPDATE documents SET body = %s WHERE id = 1", (f"text {number}",))
        live.until(lambda: live.items()["documents/1"].endswith("text 499"))

        assert sum(run.counts.named for run in live.store.runs("tables", 9)) - before < 20


def test_very_many_rows_are_read_together(announced, monkeypatch):
    monkeypatch.setattr(listening, "MOST_KEYS", 50)
    with watching(announced) as live:
        announced.run("INSERT INTO documents SELECT g, 't', 'text' FROM generate_series(10, 2009) g")
        live.until(lambda: len(live.items()) == 2001)
        announced.run("DELETE FROM documents WHERE id >= 10")
        live.until(lambda: set(live.items()) == {"documents/1"})


def test_an_emptied_table_is_empty(announced):
    announced.run("INSERT INTO documents SELECT g, 't', 'text' FROM generate_series(10, 2009) g")
    with watching(announced) as live:
        with announced.schema.connect() as db:
            db.execute("TRUNCATE documents")
            db.execute("INSERT INTO documents VALUES (1, 'again', 'text')")
        live.until_held({"documents/1": "again\n\ntext"})


def test_a_row_under_another_key_leaves_the_old_one(announced):
    with watching(announced) as live:
        announced.run("UPDATE documents SET id = 5 WHERE id = 1")
        live.until_held({"documents/5": "title 1\n\ntext"})


def test_a_row_that_an_edit_takes_out_is_deleted(announced):
    announced.options["where"] = "title <> 'secret'"
    with watching(announced) as live:
        announced.run("UPDATE documents SET title = 'secret' WHERE id = 1")
        live.until_held({})


def test_several_columns_of_odd_names_and_types_are_a_key(tables):
    tables.run(
        'CREATE TABLE "Odd ""name$aragora_sync$" ("the %1$s key" text, "At" timestamptz, n numeric(10, 2), body text, '
        'PRIMARY KEY ("the %1$s key", "At", n))'
    )
    announce(tables, 'Odd "name$aragora_sync$')
    with watching(tables) as live:
        tables.run("SET TimeZone = 'America/New_York'; SET DateStyle = 'German'")
        tables.run(
            "INSERT INTO \"Odd \"\"name$aragora_sync$\" VALUES ('it''s /\\', '2026-03-04 05:06:07.5+00', 1.5, 'one')"
        )
        live.until(lambda: list(live.items().values()) == ["one"])
        tables.run('UPDATE "Odd ""name$aragora_sync$" SET body = \'two\'')
        live.until(lambda: list(live.items().values()) == ["two"])
        tables.run('DELETE FROM "Odd ""name$aragora_sync$"')
        live.until_held({})


def test_another_key_than_the_primary_one_is_announced_where_the_options_name_it(tables):
    tables.run("CREATE TABLE codes (id serial PRIMARY KEY, code text UNIQUE NOT NULL, body text)")
    tables.options["primary_key_column"] = "code"
    where = {"schema": tables.schema.name, "notify_channel": CHANNEL}
    tables.run(PostgreSQLConnector.triggers(["codes"], primary_key_column="code", **where))
    with watching(tables) as live:
        tables.run("INSERT INTO codes (code, body) VALUES ('a', 'text')")
        live.until(lambda: set(live.items()) == {"codes/a"})
        tables.run("UPDATE codes SET code = 'b'")
        live.until(lambda: set(live.items()) == {"codes/b"})


@pytest.mark.parametrize("key", [{}, {"primary_key_column": "nothing"}], ids=["none", "wrong"])
def test_triggers_of_a_table_without_such_a_key_are_refused_when_they_are_made(tables, key):
    tables.run("CREATE TABLE loose (body text)")

    with pytest.raises(psycopg.errors.RaiseException, match="loose has no key, or not these columns"):
        tables.run(PostgreSQLConnector.triggers(["loose"], schema=tables.schema.name, **key))


def test_partitions_are_announced_as_their_table(tables):
    tables.run("CREATE TABLE logs (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    tables.run("CREATE TABLE part_a PARTITION OF logs FOR VALUES FROM (0) TO (10)")
    announce(tables, "logs")
    tables.options["tables"] = ["logs"]
    with watching(tables) as live:
        tables.run("INSERT INTO logs VALUES (1, 'one')")
        live.until_held({"logs/1": "one"})
        tables.run("DELETE FROM logs")
        live.until_held({})


def test_a_key_too_long_to_be_told_is_found_all_the_same_and_the_writer_is_not_stopped(tables):
    tables.run("CREATE TABLE pages (path text PRIMARY KEY, body text)")
    announce(tables, "pages")
    with watching(tables) as live:
        path = "ab/" * 2660
        tables.run("INSERT INTO pages VALUES (%s, 'text')", path)
        live.until_held({f"pages/{path}": "text"})


@pytest.mark.parametrize("payload", [{"table": "documents"}, {"table": "documents", "id": [1, 2]}], ids=str)
def test_a_notice_without_a_usable_key_reads_what_changed(documents, payload):
    insert(documents, 1)
    with watching(documents) as live:
        live.until(lambda: "documents/1" in live.items())
        insert(documents, 2)
        notify(documents, **payload)
        live.until(lambda: "documents/2" in live.items())


def test_what_nobody_sends_in_earnest_does_no_harm(announced):
    with watching(announced) as live:
        announced.run(f"NOTIFY {CHANNEL}")
        announced.run(f"NOTIFY {CHANNEL}, '[[['")
        notify(announced, table=5)
        notify(announced, table="nowhere", id=1)
        notify(announced, schema="another", table="documents", operation="DELETE", id=1)
        notify(announced, table="documents", operation="DELETE", id=1)
        notify(announced, table="documents", operation="DELETE", id="one")
        notify(announced, table="documents", operation="DELETE", id={"a": 1})
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())

        assert "documents/1" in live.items()
        assert live.errors() == []


def test_tables_without_a_trigger_are_asked_from_time_to_time(documents, monkeypatch):
    monkeypatch.setattr(listening, "POLL_SECONDS", 0.1)
    with watching(documents) as live:
        insert(documents, 3)
        live.until(lambda: "documents/3" in live.items())


def test_tables_that_cannot_tell_are_named_when_the_watch_begins(announced, caplog):
    """Whatever announces counts; a trigger that does something else, or is switched off, does not."""
    for table in ("silent", "stamped", "switched_off", "parted", "own"):
        parted = " PARTITION BY RANGE (id)" if table == "parted" else ""
        announced.run(f"CREATE TABLE {table} (id int PRIMARY KEY, title text){parted}")
    announced.run("CREATE VIEW seen AS SELECT * FROM silent")
    announced.run("CREATE TABLE part PARTITION OF parted FOR VALUES FROM (1) TO (9)")
    announced.run("CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    announced.run("CREATE TRIGGER stamp BEFORE UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp()")
    announce(announced, "switched_off", "parted")
    announced.run("ALTER TABLE switched_off DISABLE TRIGGER USER")
    announced.run(GUIDE.replace("ON documents\n", "ON own\n"))
    announced.options["tables"] = ["documents", "silent", "stamped", "switched_off", "parted", "own", "seen"]
    with watching(announced) as live:
        warnings = [each.getMessage() for each in caplog.records if "no trigger" in each.getMessage()]
        announced.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader' AND query ~ 'LISTEN'"
        )
        insert(announced, 3)
        live.until(lambda: "documents/3" in live.items())

    (warning,) = warnings
    assert "the changes of silent, stamped, switched_off: they are looked for once a minute" in warning
    assert "`aragora-sync connectors postgresql --trigger silent --trigger stamped --trigger switched_off`" in warning
    assert len([each for each in caplog.records if "no trigger" in each.getMessage()]) == 1


def test_another_look_of_a_table_is_noticed(announced, monkeypatch):
    monkeypatch.setattr(listening, "POLL_SECONDS", 0.1)
    with watching(announced) as live:
        announced.run("ALTER TABLE documents ADD COLUMN more text DEFAULT 'added'")
        live.until(lambda: live.items().get("documents/1", "").endswith("added"))


# When it is cut off


def test_a_killed_listener_catches_up(announced):
    with watching(announced) as live:
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())
        for number in range(3, 6):
            announced.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader' AND query ~ 'LISTEN'"
            )
            insert(announced, number)
            announced.run("DELETE FROM documents WHERE id = %s", number - 1)
            announced.run("UPDATE documents SET body = %s WHERE id = 1", f"after {number}")
            live.until(lambda n=number: live.items()["documents/1"].endswith(f"after {n}"))
            live.until(lambda n=number: set(live.items()) == {"documents/1", f"documents/{n}"})


def test_a_cut_network_and_a_refusing_one_are_outlived(announced):
    with proxy_to(announced.server.port) as proxy, watching(announced, port=proxy.port) as live:
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())
        proxy.refuse = True
        proxy.cut()
        insert(announced, 3)
        live.until(lambda: any("cannot be reached" in error or "broke off" in error for error in live.errors()))
        proxy.refuse = False
        live.until(lambda: "documents/3" in live.items())


@pytest.mark.integration
def test_a_pooler_that_swallows_listen_is_named_and_changes_are_read_all_the_same(announced, monkeypatch):
    monkeypatch.setattr(listening, "PROBE_SECONDS", 0.2)
    with pgbouncer(announced.server) as port, watching(announced, port=port) as live:
        live.until(lambda: any("a pooler lies between" in error for error in live.errors()))
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())


def test_a_connection_that_only_seems_to_live_is_given_up(announced, monkeypatch):
    monkeypatch.setattr(listening, "POLL_SECONDS", 0.1)
    with watching(announced) as live:
        monkeypatch.setattr(listening.Connections, "announce", lambda *_: 0.0)
        live.until(lambda: any("arrives any more" in error for error in live.errors()))
        monkeypatch.undo()
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())


def test_a_dropped_table_stops_no_other(announced):
    announced.run("CREATE TABLE other (id int PRIMARY KEY, body text)")
    announced.options["tables"] = ["documents", "other"]
    with watching(announced) as live:
        announced.run("DROP TABLE other")
        notify(announced, table="other", operation="INSERT", id=1)
        live.until(lambda: any("no such table" in error for error in live.errors()))
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())


@pytest.mark.integration
def test_a_standby_is_named(postgres, announced):
    standby = postgres.standby()
    try:
        with watching(announced, port=standby.port) as live:
            live.until(lambda: any("is a standby" in error for error in live.errors()))
            insert(announced, 2)
            live.until(lambda: "documents/2" in live.items())
    finally:
        standby.remove()


def test_without_a_channel_it_is_read_from_time_to_time(announced):
    with watching(announced, notify_channel=None) as live:
        insert(announced, 2)
        live.until(lambda: "documents/2" in live.items())
