"""`postgresql` on a real server: what it finds, what it keeps apart, what it never loses."""

from __future__ import annotations

import json

import pytest

from aragora_sync.connectors.postgresql import catalog, place, reading
from aragora_sync.core.changes import Checkpoint, Failed, Item
from aragora_sync.core.errors import CursorExpired
from aragora_sync.engine.result import Status

from .tables import DOCUMENTS, Nothing, insert

# Numbered as the edge cases of the vendor's facts


def test_01_many_rows_of_one_timestamp_are_read_in_several_queries(large, monkeypatch):
    monkeypatch.setattr(reading, "FIRST_ROWS", 100)
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    large.run("INSERT INTO documents SELECT g, 't', 'b' || g, '2026-01-01' FROM generate_series(1, 1050) g")

    assert large.sync().counts.created == 1050
    assert len(large.items()) == 1050


@pytest.mark.parametrize("manner", ["documents", "large"])
def test_02_a_row_committed_late_is_found(manner, request):
    tables = request.getfixturevalue(manner)
    slow = tables.schema.connect()
    slow.execute("INSERT INTO documents VALUES (1, 'late', 'late', now())")
    insert(tables, 2)
    tables.sync()
    insert(tables, 3)
    tables.sync()
    slow.commit()
    slow.close()

    assert tables.sync().counts.created == 1
    assert set(tables.items()) == {"documents/1", "documents/2", "documents/3"}


@pytest.mark.parametrize("manner", ["documents", "large"])
def test_02_a_row_written_after_a_savepoint_and_committed_late_is_found(manner, request):
    """The number of a subtransaction is in no snapshot: by the snapshot alone this row would count as old."""
    tables = request.getfixturevalue(manner)
    slow = tables.schema.connect()
    slow.execute("INSERT INTO documents VALUES (1, 'top', 'top', now())")
    slow.execute("SAVEPOINT inner_part")
    slow.execute("INSERT INTO documents VALUES (2, 'sub', 'sub', now())")
    insert(tables, 3)
    tables.sync()
    slow.commit()
    slow.close()
    tables.sync()

    assert set(tables.items()) == {"documents/1", "documents/2", "documents/3"}


def test_02_a_prepared_transaction_is_found_when_it_is_committed(documents):
    slow = documents.schema.connect()
    slow.execute("INSERT INTO documents VALUES (1, 'late', 'late', now())")
    slow.execute("PREPARE TRANSACTION 'two phases'")
    slow.close()
    documents.sync()
    documents.run("COMMIT PREPARED 'two phases'")
    documents.sync()

    assert set(documents.items()) == {"documents/1"}


@pytest.mark.parametrize("manner", ["documents", "large"])
def test_03_rows_without_a_time_or_with_an_endless_one_are_read(manner, request):
    tables = request.getfixturevalue(manner)
    insert(tables, 1, at="NULL")
    insert(tables, 2, at="'infinity'")
    insert(tables, 3, at="'-infinity'")
    insert(tables, 4)
    tables.sync()
    tables.run("UPDATE documents SET body = 'edited' WHERE id < 4")
    insert(tables, 5)

    assert tables.sync().counts.updated == 3
    texts = tables.items()
    assert [texts[f"documents/{number}"].split()[-1] for number in range(1, 6)] == [*["edited"] * 3, "text", "text"]
    assert tables.entries()["documents/2"].updated_at is None


def test_03_a_time_in_the_future_does_not_hide_what_comes_before_it(large):
    insert(large, 1, at="'2990-01-01'")
    large.sync()
    insert(large, 2)

    assert large.sync().counts.created == 1


def test_04_a_time_set_back_is_found_in_a_small_table_at_once_and_in_a_large_one_by_a_reconcile(large, monkeypatch):
    insert(large, 1)
    large.sync()
    large.run("UPDATE documents SET body = 'edited', updated_at = '2001-01-01'")

    assert large.sync().counts.updated == 0
    assert large.reconcile().counts.updated == 1
    monkeypatch.setattr(catalog, "SCANNED_BYTES", 64_000_000)
    large.run("UPDATE documents SET body = 'edited again', updated_at = '2000-01-01'")
    large.sync()  # is the table looked through from now on? the cursor stays good
    assert "edited again" in large.items()["documents/1"]


def test_05_composite_keys_in_any_collation(tables, monkeypatch):
    for name in ("FIRST_ROWS", "MOST_ROWS", "PROBED_ROWS"):
        monkeypatch.setattr(reading, name, 2)
    tables.run("CREATE TABLE pairs (area varchar(9), number int, body text, PRIMARY KEY (area, number))")
    for area in ("a", "B", "ä", "b", "a b", 'q"', "\\", "tab\t", "/%"):
        tables.run("INSERT INTO pairs VALUES (%s, 1, 'one'), (%s, 2, 'two')", area, area)
    tables.sync()
    ids = set(tables.items())

    assert len(ids) == 18
    assert {json.loads(each.removeprefix("pairs/"))[0] for each in ids} >= {"B", "ä", 'q"', "\\", "tab\t", "/%"}
    tables.run("UPDATE pairs SET body = 'new' WHERE number = 2")
    assert tables.sync().counts.updated == 9
    assert tables.reconcile().counts.unchanged == 18


def test_06_odd_names_are_quoted(tables):
    tables.run(
        'CREATE TABLE "Odd ""name"" %s {x}" ("Key %" int PRIMARY KEY, "select" text, "übertext" text, "n %" int)'
    )
    tables.run("""INSERT INTO "Odd ""name"" %s {x}" VALUES (1, 'a', 'b', 3)""")
    result = tables.sync()

    assert result.success, result.errors
    ((item_id, entry),) = tables.entries().items()
    assert (entry.content, json.loads(entry.metadata)) == ("a\n\nb", {"n %": 3})
    assert [change.id for change in tables.fetch('Odd "name" %s {x}', item_id)] == [item_id]


def test_07_a_row_updated_between_two_queries_ends_up_as_it_is(documents, monkeypatch):
    monkeypatch.setattr(reading, "FIRST_ROWS", 2)
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    for number in range(1, 8):
        insert(documents, number)
    connector = documents.connector()
    connector.open()
    (stream,) = connector.streams([])
    said = []
    for change in connector.read(stream, None, Nothing()):
        if isinstance(change, Checkpoint) and len(said) == 2:
            documents.run("UPDATE documents SET body = 'edited meanwhile' WHERE id = 1")
            insert(documents, 0, "inserted behind")
        said.append(change)
    connector.close()

    last = {change.id: change.content for change in said if isinstance(change, Item)}
    assert "edited meanwhile" in last["documents/1"]
    assert "inserted behind" in last["documents/0"]
    assert said[-1].complete


def test_08_deleted_rows_leave_with_a_reconcile(documents):
    for number in range(10):
        insert(documents, number)
    documents.sync()
    documents.run("DELETE FROM documents WHERE id < 3")
    documents.sync()

    assert len(documents.items()) == 10
    assert documents.reconcile().counts.swept == 3
    assert len(documents.items()) == 7


def test_08_an_emptied_table_is_not_believed(documents):
    documents.run("INSERT INTO documents SELECT g, 't', 'b' FROM generate_series(1, 30) g")
    documents.connector().sync()
    documents.run("TRUNCATE documents")
    result = documents.connector(reconcile_every=1e-9).sync()

    assert result.status is Status.REFUSED
    assert len(documents.items()) == 30


def test_09_a_view_needs_a_key_and_says_so(documents):
    documents.run("CREATE VIEW recent AS SELECT id, title, body, updated_at FROM documents")
    documents.options["tables"] = ["recent"]
    insert(documents, 1)
    result = documents.sync()

    assert "it has no primary key" in result.errors[0]
    assert "primary_key_column" in result.stream_errors[0].hint


def test_09_a_view_with_a_time_is_read_from_there(documents):
    documents.run("CREATE VIEW recent AS SELECT id, title, body, updated_at FROM documents")
    documents.options |= {"tables": ["recent"], "primary_key_column": "id"}
    insert(documents, 1, at="now() - interval '2 hours'")
    insert(documents, 2)
    assert documents.sync().counts.created == 2

    insert(documents, 3)
    documents.run("UPDATE documents SET body = 'edited', updated_at = now() WHERE id = 1")
    counts = documents.sync().counts
    assert (counts.created, counts.updated, counts.named) == (1, 1, 3)


def test_09_a_view_without_a_time_is_read_whole(documents):
    documents.run("CREATE VIEW plain AS SELECT id, title, body FROM documents")
    documents.options |= {"tables": ["plain"], "primary_key_column": "id"}
    for number in range(3):
        insert(documents, number)
    documents.sync()
    documents.run("DELETE FROM documents WHERE id = 0")
    documents.run("UPDATE documents SET body = 'edited' WHERE id = 1")
    counts = documents.sync().counts

    assert (counts.updated, counts.unchanged, counts.swept) == (1, 1, 1)


def test_09_rows_of_a_view_that_cannot_be_told_apart_are_said(tables):
    tables.run("CREATE VIEW doubles AS SELECT * FROM (VALUES (1, 'a'), (1, 'b'), (NULL, 'c'), (2, 'd')) v(id, body)")
    tables.options |= {"tables": ["doubles"], "primary_key_column": "id"}
    said = {change.id: change for change in tables.read("doubles") if not isinstance(change, Checkpoint)}

    assert isinstance(said["doubles/1"], Failed)
    assert isinstance(said["doubles/␀"], Failed)
    assert isinstance(said["doubles/2"], Item)
    assert isinstance(*tables.fetch("doubles", "doubles/1"), Failed)
    assert isinstance(*tables.fetch("doubles", "doubles/␀"), Failed)


def test_09_a_materialized_view_is_read_whole(documents):
    documents.run("CREATE MATERIALIZED VIEW kept AS SELECT id, title, body FROM documents")
    documents.run("CREATE UNIQUE INDEX ON kept (id)")
    documents.options |= {"tables": ["kept"], "primary_key_column": "id"}
    insert(documents, 1)
    documents.sync()
    documents.run("REFRESH MATERIALIZED VIEW kept")

    assert documents.sync().counts.created == 1


def test_10_partitions_come_and_go(tables):
    tables.run("CREATE TABLE logs (id int, body text, PRIMARY KEY (id)) PARTITION BY RANGE (id)")
    tables.run("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (100)")
    tables.run("INSERT INTO logs VALUES (1, 'one')")
    tables.sync()
    tables.run("CREATE TABLE logs_2 (id int PRIMARY KEY, body text)")
    tables.run("INSERT INTO logs_2 VALUES (101, 'written long before it was attached')")
    tables.options["tables"] = ["logs"]
    tables.full()
    tables.run("ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM (100) TO (200)")
    assert tables.sync().counts.created == 1

    tables.run("ALTER TABLE logs DETACH PARTITION logs_1")
    tables.sync()
    assert list(tables.items()) == ["logs/101"]


def test_11_a_table_that_changes_its_columns_is_read_again(documents):
    insert(documents, 1)
    documents.sync()
    documents.run("ALTER TABLE documents ADD COLUMN summary text DEFAULT 'made up'")

    assert documents.sync().counts.updated == 1
    assert documents.items()["documents/1"].endswith("made up")
    documents.run("ALTER TABLE documents DROP COLUMN summary")
    documents.sync()
    assert documents.items()["documents/1"].endswith("text")


def test_11_a_column_that_the_options_name_and_nobody_has_is_said(documents):
    documents.options["content_columns"] = ["titel"]
    result = documents.sync()

    assert result.errors == ["documents: it has no column 'titel', but id, title, body, updated_at."]
    assert "content_columns" in result.stream_errors[0].hint


def test_11_a_table_made_anew_is_read_again(documents):
    insert(documents, 1)
    insert(documents, 2)
    documents.sync()
    documents.run("DROP TABLE documents")
    documents.run(DOCUMENTS)
    insert(documents, 2, "another text")
    documents.sync()

    assert documents.items() == {"documents/2": "title 2\n\nanother text"}


def test_17_values_that_no_client_can_hold(tables):
    tables.run(
        "CREATE TABLE odd (id int PRIMARY KEY, body text, n numeric, m money, i interval, d date, f float8, t time, "
        "ts timestamptz, b bytea, a numeric[], j jsonb, u uuid, e int8, nothing text, nan float8[])"
    )
    tables.run(
        "INSERT INTO odd VALUES (1, %s, 'NaN', '12.34', '1 mon 2 days', '0044-03-15 BC', 'Infinity', '24:00', "
        "'20000-01-01', '\\x0001', '{1.10,NaN}', '{\"price\": 1.10, \"n\": 9007199254740993}', "
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 9223372036854775807, NULL, '{NaN}')",
        "tab\tnewline\nback\\slash\\n \\N\r\b\f\v",
    )
    result = tables.sync()

    assert result.success, result.errors
    entry = tables.entries()["odd/1"]
    assert entry.content == "tab\tnewline\nback\\slash\\n \\N\r\b\f\v"
    assert json.loads(entry.metadata) == {
        "n": "NaN",
        "m": "12.34",
        "i": "P1M2D",
        "d": "0044-03-15 BC",
        "f": "Infinity",
        "t": "24:00:00",
        "ts": "20000-01-01T00:00:00+00:00",
        "b": {"size": 2, "sha256": "b413f47d13ee2fe6c845b2ee141af81de858df4ec549a58b7970bb96645bc8d2"},
        "a": ["1.10", "NaN"],
        "j": {"price": "1.10", "n": 9007199254740993},
        "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "e": 9223372036854775807,
        "nan": ["NaN"],
    }


def test_18_a_table_that_may_not_be_read_stops_no_other(documents):
    for name in ("secret", "other"):
        documents.run(f"CREATE TABLE {name} (id int PRIMARY KEY, body text)")
        documents.run(f"INSERT INTO {name} VALUES (1, 'text')")
    insert(documents, 1)
    documents.sync()
    documents.run("REVOKE SELECT ON secret FROM reader")
    documents.run("UPDATE other SET body = 'edited'")
    result = documents.sync()

    assert (result.status, result.streams) == (Status.PARTIAL, 2)
    assert [error.stream for error in result.stream_errors] == ["secret"]
    assert "permission denied for table secret (as reader)" in result.errors[0]
    assert documents.items()["other/1"] == "edited"
    assert "secret/1" in documents.items()


def test_19_a_date_of_the_year_10000_is_content_like_any_other(tables):
    tables.run("CREATE TABLE far (id int PRIMARY KEY, day date, updated_at timestamp)")
    tables.run("INSERT INTO far VALUES (1, '10000-01-01', '12000-01-01')")
    tables.options["content_columns"] = ["day"]

    assert tables.sync().success
    assert tables.items() == {"far/1": "day: 10000-01-01"}


def test_20_numbers_of_transactions_may_wrap_around():
    old = place.Mark(floor=(1 << 32) - 5)

    assert old.xid == str((1 << 32) - 5)
    assert place.Mark(floor=3 << 32).xid == "3"  # 0, 1 and 2 mean something else
    old.check((1 << 32) + 10)
    old.check(old.floor + place.TELLABLE)
    with pytest.raises(CursorExpired, match="too many"):
        old.check(old.floor + place.TELLABLE + 1)
    with pytest.raises(CursorExpired, match="back in time"):
        old.check(old.floor - 1)


def test_22_times_without_a_zone_are_taken_as_utc(tables):
    tables.run("CREATE TABLE local (id int PRIMARY KEY, body text, updated_at timestamp)")
    tables.run("INSERT INTO local VALUES (1, 'a', '2026-10-25 02:30:00'), (2, 'b', '2026-10-25 03:30:00')")
    tables.sync()

    assert [entry.updated_at for entry in tables.entries().values()] == ["2026-10-25T02:30:00Z", "2026-10-25T03:30:00Z"]
