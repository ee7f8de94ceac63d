"""`postgresql` on a real server: which rows are in, under which ids, and how much is read for that."""

from __future__ import annotations

from aragora_sync.connectors.postgresql import reading
from aragora_sync.core.changes import Checkpoint, Deleted, Item
from aragora_sync.engine.result import Status

from .tables import insert

# What is in


def test_a_row_edited_out_of_the_condition_is_deleted_at_once(documents):
    documents.run("ALTER TABLE documents ADD COLUMN deleted_at timestamptz")
    documents.options["where"] = "deleted_at IS NULL AND title <> '100% {gone}'"
    documents.run("INSERT INTO documents VALUES (1, 'a', 'b'), (2, 'a', 'b')")
    documents.sync()
    documents.run("UPDATE documents SET deleted_at = now() WHERE id = 1")
    counts = documents.sync().counts

    assert (counts.deleted, counts.unchanged) == (1, 0)
    assert list(documents.items()) == ["documents/2"]


def test_a_condition_that_is_no_sql_is_said(documents):
    documents.options["where"] = "deleted_at IS NUL"
    result = documents.sync()

    assert "syntax error" in result.errors[0]
    assert "'where'" in result.stream_errors[0].hint


def test_a_table_that_is_not_there_stops_no_other(documents):
    documents.options["tables"] = ["documents", "nowhere"]
    insert(documents, 1)
    result = documents.sync()

    assert result.errors == [f"nowhere: there is no such table in the schema {documents.schema.name}."]
    assert result.counts.created == 1


def test_a_table_that_vanished_keeps_its_items(documents):
    documents.options["tables"] = ["documents"]
    insert(documents, 1)
    documents.sync()
    documents.run("DROP TABLE documents")
    result = documents.sync()

    assert result.status is Status.FAILED
    assert list(documents.items()) == ["documents/1"]


def test_a_table_that_left_the_schema_takes_its_items_along(documents):
    insert(documents, 1)
    documents.run("CREATE TABLE other (id int PRIMARY KEY, body text)")
    documents.sync()
    documents.run("DROP TABLE documents")
    documents.sync()

    assert documents.items() == {}


def test_a_row_moved_to_another_table_is_there_once(documents):
    documents.run("CREATE TABLE archive (LIKE documents INCLUDING ALL)")
    insert(documents, 1)
    documents.sync()
    documents.run("WITH moved AS (DELETE FROM documents RETURNING *) INSERT INTO archive SELECT * FROM moved")
    documents.reconcile()

    assert list(documents.items()) == ["archive/1"]


def test_a_table_without_a_key_is_said(tables):
    tables.run("CREATE TABLE heap (body text)")

    assert "it has no primary key" in tables.sync().errors[0]


def test_a_unique_index_is_a_key_where_there_is_no_other(tables):
    tables.run("CREATE TABLE loose (code text NOT NULL UNIQUE, body text)")
    tables.run("INSERT INTO loose VALUES ('a/b', 'text')")
    tables.sync()

    assert tables.items() == {"loose/a/b": "text"}


def test_names_with_slashes_cannot_be_mistaken_for_keys(tables):
    tables.run('CREATE TABLE "a" (k text PRIMARY KEY, body text); CREATE TABLE "a/b" (k text PRIMARY KEY, body text)')
    tables.run("INSERT INTO \"a\" VALUES ('b/c', 'one'); INSERT INTO \"a/b\" VALUES ('c', 'two')")
    tables.sync()

    assert tables.items() == {"a/b/c": "one", "a%2Fb/c": "two"}


# Single rows


def test_fetch_answers_for_rows_that_are_there_gone_out_or_impossible(documents):
    insert(documents, 1)
    insert(documents, 2)
    documents.options["where"] = "id <> 2"
    answers = documents.fetch("documents", "documents/1", "documents/2", "documents/3", "documents/x", "elsewhere/1")

    assert {type(answer) for answer in answers} == {Item, Deleted}
    assert [answer.id for answer in answers if isinstance(answer, Item)] == ["documents/1"]
    assert sorted(answer.id for answer in answers)[1:] == ["documents/2", "documents/3", "documents/x", "elsewhere/1"]


# How much is read


def test_nothing_changed_reads_no_row(documents):
    for number in range(50):
        insert(documents, number)
    documents.sync()

    assert documents.sync().counts.named == 0


def test_a_reconcile_reads_only_keys_and_what_changed(documents, monkeypatch):
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 2500) g")
    documents.sync()
    documents.run("UPDATE documents SET body = 'edited' WHERE id = 7")
    monkeypatch.setattr("aragora_sync.connectors.postgresql.query.Queries.rows", None)
    counts = documents.reconcile().counts

    assert (counts.updated, counts.unchanged) == (1, 2500)


def test_very_many_changes_are_read_in_pieces_that_can_be_resumed(documents, monkeypatch):
    for name in ("FIRST_ROWS", "MOST_ROWS", "PROBED_ROWS"):
        monkeypatch.setattr(reading, name, 100)
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 1000) g")
    cursor = documents.read("documents")[-1].cursor
    documents.run("UPDATE documents SET body = 'edited'")
    changes = documents.read("documents", cursor)
    places = [change for change in changes if isinstance(change, Checkpoint)]

    assert len([change for change in changes if isinstance(change, Item)]) == 1000
    assert len(places) > 5
    half = next(change.cursor for change in places if change.cursor.get("after") == ["500"])
    resumed = documents.read("documents", half)
    assert len([change for change in resumed if isinstance(change, Item)]) == 500
    assert documents.read("documents", resumed[-1].cursor)[:-1] == []


def test_large_rows_are_not_held_all_at_once(documents, monkeypatch):
    monkeypatch.setattr(reading, "GROUP_BYTES", 1000)
    monkeypatch.setattr(reading, "FETCHED_ROWS", 2)
    documents.run("INSERT INTO documents SELECT g, 't', repeat('x', 400) FROM generate_series(1, 50) g")
    groups = []
    items = reading.Reader.items
    monkeypatch.setattr(reading.Reader, "items", lambda self, rows: groups.append(len(rows)) or items(self, rows))

    assert documents.sync().counts.created == 50
    assert max(groups) <= 4


def test_the_driver_holds_few_rows_where_they_are_wide():
    assert reading.Chunk(limit=2000, width=100).fetched == reading.FETCHED_ROWS
    assert reading.Chunk(limit=2000, width=1_000_000).fetched == 4
    assert reading.Chunk(limit=2000, width=10**9).fetched == 1


def test_a_clock_on_the_wall_that_goes_back_an_hour_hides_no_row_of_a_view(tables):
    """At the end of summer time; rows of a view do not tell who wrote them, and its column knows no zone."""
    tables.run("CREATE TABLE local (id int PRIMARY KEY, body text, updated_at timestamp)")
    tables.run("CREATE VIEW seen AS SELECT * FROM local")
    tables.run("INSERT INTO local VALUES (1, 'before', '2025-10-26 02:59')")
    tables.options |= {"tables": ["seen"], "primary_key_column": "id"}
    tables.sync()
    tables.run("INSERT INTO local VALUES (2, 'after', '2025-10-26 02:01')")
    tables.sync()

    assert set(tables.items()) == {"seen/1", "seen/2"}
