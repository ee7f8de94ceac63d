"""`postgresql` where a plausible reading would be wrong: each of these once was, here or elsewhere."""

from __future__ import annotations

import threading

import pytest

from aragora_sync.connectors.postgresql import catalog, reading
from aragora_sync.core.changes import Checkpoint, Deleted, Failed, Item
from aragora_sync.core.errors import CursorExpired
from aragora_sync.core.source import Stream
from aragora_sync.engine.result import Status

from .tables import Nothing, insert

NOTES = "CREATE TABLE notes (id int PRIMARY KEY, body text, j json)"


def small_pieces(monkeypatch, rows=3):
    for name in ("FIRST_ROWS", "MOST_ROWS", "PROBED_ROWS"):
        monkeypatch.setattr(reading, name, rows)


# Which version of a row this is


def test_tables_that_change_names_are_not_taken_for_one_another(tables):
    """Both were filled by one transaction: its number alone tells nothing."""
    with tables.schema.connect() as db:
        for name in ("live", "fresh"):
            db.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, body text)")
            db.execute(f"INSERT INTO {name} VALUES (1, '{name}')")
    tables.options["tables"] = ["live"]
    tables.sync()
    tables.run("ALTER TABLE live RENAME TO old; ALTER TABLE fresh RENAME TO live")
    tables.sync()

    assert tables.items() == {"live/1": "fresh"}


def test_a_partition_in_the_place_of_another_is_read(tables):
    with tables.schema.connect() as db:
        db.execute("CREATE TABLE logs (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
        db.execute("CREATE TABLE part_a PARTITION OF logs FOR VALUES FROM (0) TO (10)")
        db.execute("CREATE TABLE part_b (id int PRIMARY KEY, body text)")
        db.execute("INSERT INTO part_a VALUES (1, 'a')")
        db.execute("INSERT INTO part_b VALUES (1, 'b')")
    tables.options["tables"] = ["logs"]
    tables.sync()
    tables.run("ALTER TABLE logs DETACH PARTITION part_a")
    tables.run("ALTER TABLE logs ATTACH PARTITION part_b FOR VALUES FROM (0) TO (10)")
    tables.sync()

    assert tables.items() == {"logs/1": "b"}


def test_a_partition_that_was_away_while_the_table_was_read_is_read_again(tables):
    """Its rows are as old as before: nothing but its coming back tells that the reading lacks them."""
    tables.run("CREATE TABLE logs (id int PRIMARY KEY, body text) PARTITION BY RANGE (id)")
    tables.run("CREATE TABLE part_b PARTITION OF logs FOR VALUES FROM (0) TO (10)")
    tables.run("INSERT INTO logs VALUES (1, 'b')")
    connector = tables.connector()
    connector.open()
    tables.run("ALTER TABLE logs DETACH PARTITION part_b")
    (told,) = connector.read(Stream("logs"), None, Nothing())
    connector.close()
    tables.run("ALTER TABLE logs ATTACH PARTITION part_b FOR VALUES FROM (0) TO (10)")

    with pytest.raises(CursorExpired):
        tables.read("logs", told.cursor)


def test_another_history_of_the_server_trusts_no_version(documents, monkeypatch):
    insert(documents, 1)
    documents.sync()
    monkeypatch.setattr(catalog, "_origin", lambda connection: ["another server"])
    documents.run("UPDATE documents SET body = 'of that server'")
    documents.sync()

    (version,) = {entry.version for entry in documents.entries().values()}
    assert documents.items() == {"documents/1": "title 1\n\nof that server"}
    monkeypatch.undo()
    documents.sync()
    assert {entry.version for entry in documents.entries().values()} != {version}


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE kinds DROP COLUMN body; ALTER TABLE kinds ADD COLUMN body text DEFAULT 'another'",
        "ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'",
    ],
    ids=["column", "enum"],
)
def test_what_changes_a_row_without_writing_it_is_found(tables, change):
    tables.run("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    tables.run("CREATE TABLE kinds (id int PRIMARY KEY, feeling mood, body text DEFAULT 'one')")
    tables.run("INSERT INTO kinds (id, feeling) VALUES (1, 'glad')")
    tables.sync()
    for statement in change.split(";"):
        tables.run(statement)

    assert tables.sync().counts.updated == 1


# One row that cannot be read


def test_a_row_that_cannot_be_read_is_said_and_the_others_are_read(tables, monkeypatch):
    small_pieces(monkeypatch)
    tables.run("CREATE TABLE sums (id int PRIMARY KEY, body text, n int)")
    tables.run("INSERT INTO sums SELECT g, 'text', g FROM generate_series(0, 9) g")
    tables.run("CREATE VIEW shares AS SELECT id, body || (100 / n)::text AS body FROM sums")
    tables.options |= {"tables": ["shares"], "primary_key_column": "id"}
    result = tables.sync()

    assert (result.status, result.failures_waiting, len(tables.items())) == (Status.PARTIAL, 1, 9)
    assert isinstance(*tables.fetch("shares", "shares/0"), Failed)
    tables.run("UPDATE sums SET n = 5 WHERE id = 0")
    tables.reconcile()
    assert len(tables.items()) == 10


def test_a_row_read_before_an_odd_one_is_not_taken_for_its_double(tables, monkeypatch):
    monkeypatch.setattr(reading, "GROUP_BYTES", 1)
    monkeypatch.setattr(reading, "FETCHED_ROWS", 1)
    tables.run("CREATE TABLE sums (id int PRIMARY KEY, n int); INSERT INTO sums VALUES (1, 1), (2, 2), (3, 0)")
    tables.run("CREATE VIEW shares AS SELECT id, (100 / n)::text AS body FROM sums")
    tables.options |= {"tables": ["shares"], "primary_key_column": "id"}
    result = tables.sync()

    assert (result.failures_waiting, set(tables.items())) == (1, {"shares/1", "shares/2"})


def test_a_condition_that_fails_for_a_row_deletes_nothing(tables):
    tables.run(NOTES)
    tables.run("INSERT INTO notes VALUES (1, '10'), (2, '20')")
    tables.options["where"] = "body::int > 5"
    tables.sync()
    tables.run("UPDATE notes SET body = 'patient Anna Example' WHERE id = 2")
    result = tables.reconcile()

    assert result.status is not Status.OK
    assert set(tables.items()) == {"notes/1", "notes/2"}
    assert "Anna" not in f"{result}"
    assert isinstance(*tables.fetch("notes", "notes/2"), Failed)


@pytest.mark.parametrize(
    "odd",
    ['{"x": "\\u0000"}', '{"x": "\\ud800"}', '{"x": 1e999999}', f'{{"x": {"9" * 5000}}}', "[" * 3000 + "]" * 3000],
    ids=["nul", "surrogate", "exponent", "digits", "depth"],
)
def test_odd_json_is_kept_as_it_is(tables, odd):
    tables.run(NOTES)
    tables.run("INSERT INTO notes VALUES (1, 'text', %s::json), (2, 'text', '{}')", odd)
    result = tables.sync()

    assert result.success, result.errors
    assert set(tables.items()) == {"notes/1", "notes/2"}
    assert tables.reconcile().counts.swept == 0


def test_hundreds_of_columns_are_read(tables):
    columns = [f"c{number} text DEFAULT 'x'" for number in range(150)]
    tables.run(f"CREATE TABLE wide (id int PRIMARY KEY, {', '.join(columns)})")
    tables.run("INSERT INTO wide (id) VALUES (1)")

    assert tables.sync().success
    assert tables.items()["wide/1"].count("x") == 150


# Keys


def test_rows_of_children_that_repeat_a_key_are_said(tables):
    tables.run("CREATE TABLE parent (id int PRIMARY KEY, body text)")
    tables.run("CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)")
    tables.run("INSERT INTO parent VALUES (1, 'of the parent'), (2, 'two')")
    tables.run("INSERT INTO child VALUES (1, 'of the child'), (3, 'three')")
    result = tables.sync()

    assert result.streams == 1
    assert result.failures_waiting == 1
    assert set(tables.items()) >= {"parent/2", "parent/3"}
    tables.run("UPDATE child SET body = 'edited' WHERE id = 3")
    assert tables.sync().counts.updated == 1


def test_a_key_that_nobody_vouches_for_may_be_null_or_twice(tables, monkeypatch):
    small_pieces(monkeypatch)
    tables.run("CREATE TABLE loose (code int, body text)")
    tables.run("INSERT INTO loose SELECT g, 'text' FROM generate_series(1, 9) g")
    tables.run("INSERT INTO loose VALUES (NULL, 'none'), (NULL, 'none'), (3, 'again')")
    tables.options |= {"tables": ["loose"], "primary_key_column": "code"}
    result = tables.sync()

    assert (result.status, result.failures_waiting) == (Status.PARTIAL, 2)
    assert len(tables.items()) == 9
    first_read = tables.items()["loose/3"]
    tables.run("UPDATE loose SET body = 'edited' WHERE code = 3 AND body <> %s", first_read)
    tables.sync()
    assert tables.items()["loose/3"] == first_read
    tables.run("DELETE FROM loose WHERE code IS NULL OR body = 'edited'")
    assert tables.reconcile().success


def test_keys_of_a_database_without_an_encoding(documents):
    with documents.server.connect("postgres") as db:
        db.execute("CREATE DATABASE keys ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with documents.server.connect("keys", client_encoding="utf8") as db:
        db.execute('CREATE TABLE "über" (word text PRIMARY KEY, body text)')
        db.execute('GRANT SELECT ON "über" TO reader')
        for word in ("a", "é", "ü", "日本", "z"):
            db.execute('INSERT INTO "über" VALUES (%s, %s)', (word, f"über {word}"))
        db.execute("""INSERT INTO "über" VALUES (E'caf\\xe9', 'one'), (E'caf\\xc3\\xa9', 'two')""")
    documents.options |= {"database": "keys", "schema": "public", "tables": ["über"], "where": "body <> '日本'"}
    with pytest.MonkeyPatch.context() as patch:
        small_pieces(patch, 2)
        result = documents.sync()

        assert result.success, result.errors
        assert len(documents.items()) == 7
        assert "über 日本" in documents.items().values()
        assert documents.reconcile().counts.unchanged == 7
        assert {type(change) for change in documents.fetch("über", *documents.items())} == {Item}
        assert isinstance(*documents.fetch("über", "über/世"), Deleted)


def test_refs_that_no_key_can_be_are_of_no_row(documents):
    answers = documents.fetch("documents", "documents/\0", "documents/\ud800", "documents/9" + "9" * 40, "documents/")

    assert {type(answer) for answer in answers} == {Deleted}
    assert len(answers) == 4


# While others write


def test_a_table_emptied_and_filled_again_is_never_seen_empty(documents):
    for number in range(15):
        insert(documents, number)
    documents.sync()
    other = documents.schema.connect()
    other.execute("TRUNCATE documents")
    other.execute("INSERT INTO documents SELECT g, 'title', 'anew' FROM generate_series(0, 14) g")
    results = []
    run = threading.Thread(target=lambda: results.append(documents.reconcile()))
    run.start()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND wait_event_type = 'Lock'"
    while not documents.run(waiting)[0][0]:
        documents.run("SELECT pg_sleep(0.02)")
    other.commit()
    run.join()
    other.close()

    assert results[0].success, results[0].errors
    assert results[0].counts.swept == 0
    assert set(documents.items().values()) == {"title\n\nanew"}


def test_a_locked_table_keeps_no_other_from_being_read(documents, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.postgresql.connections.LOCK_SECONDS", 0.05)
    documents.run("CREATE TABLE other (id int PRIMARY KEY, body text); INSERT INTO other VALUES (1, 'text')")
    holder = documents.schema.connect()
    holder.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
    documents.options["max_retries"] = 0
    result = documents.sync()
    holder.rollback()
    holder.close()

    assert (result.status, result.streams) == (Status.PARTIAL, 1)
    assert documents.items() == {"other/1": "text"}


def test_what_changed_while_very_many_changes_were_read_is_read_too(documents, monkeypatch):
    small_pieces(monkeypatch, 10)
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 50) g")
    cursor = documents.read("documents")[-1].cursor
    documents.run("UPDATE documents SET body = 'edited'")
    changes = documents.read("documents", cursor)
    place = [change.cursor for change in changes if isinstance(change, Checkpoint)][2]
    documents.run("UPDATE documents SET body = 'edited behind' WHERE id = 1")
    resumed = documents.read("documents", place)

    assert [change.content for change in resumed if getattr(change, "id", "") == "documents/1"] == [
        "t\n\nedited behind"
    ]
    assert resumed[-1].complete


# Refusals


def test_a_full_server_is_no_matter_of_the_password(documents):
    insert(documents, 1)
    documents.run("ALTER ROLE reader CONNECTION LIMIT 0")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("aragora_sync.net.retry.LONGEST_WAIT_SECONDS", 0.001)
            result = documents.sync()
    finally:
        documents.run("ALTER ROLE reader CONNECTION LIMIT -1")

    assert result.status is Status.TRY_LATER
    assert "too many connections" in result.errors[0]


def test_a_schema_that_may_not_be_used_is_said(documents):
    documents.run(f"REVOKE USAGE ON SCHEMA {documents.schema.name} FROM reader")
    result = documents.sync()

    assert "may not use the schema" in result.errors[0]
    assert "GRANT USAGE ON SCHEMA" in result.stream_errors[0].hint


def test_a_condition_may_end_in_a_comment(documents):
    insert(documents, 1)
    insert(documents, 2)
    documents.options["where"] = "id = 1 -- only this"

    assert documents.sync().success
    assert list(documents.items()) == ["documents/1"]


def test_a_limit_of_items_below_a_piece_advances_all_the_same(documents):
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 30) g")
    for held in (10, 20, 30):
        documents.connector().sync(max_items=10)
        assert len(documents.items()) == held


def test_a_first_pass_that_is_limited_again_and_again_comes_to_its_end(documents, monkeypatch):
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 1000) g")
    connector = documents.connector()
    connector.sync(max_items=300)
    for _ in range(6):
        documents.connector().sync(max_items=300)

    assert len(documents.items()) == 1000
    assert documents.connector().load_state().cursors["documents"]


def test_a_table_named_twice_is_read_once(documents):
    insert(documents, 1)
    documents.options["tables"] = ["documents", "documents"]

    assert documents.sync().streams == 1


def test_a_key_that_is_checked_only_at_the_end_is_a_key(tables):
    tables.run("CREATE TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, body text)")
    tables.run("INSERT INTO late VALUES (1, 'text')")

    assert tables.sync().success
    assert tables.items() == {"late/1": "text"}
