"""`mongodb` where no server tells of changes: by timestamps of every type, or as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from bson import Decimal128, Timestamp

from aragora_sync.connectors.mongodb.polling import LATE, low_of
from aragora_sync.core.changes import Checkpoint, Item
from aragora_sync.core.errors import CursorExpired

from .collections_desk import in_pieces, number

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def stamped(lone):
    lone.options["timestamp_field"] = "updatedAt"
    return lone


def named(changes):
    return {change.id for change in changes if not isinstance(change, Checkpoint)}


def test_10_a_server_that_stands_alone_is_polled_and_says_so_once(stamped, caplog):
    stamped.documents.insert_one({"_id": 1, "body": "text", "updatedAt": datetime.now(UTC)})
    result = stamped.sync()
    told = [record.message for record in caplog.records if "has no change streams" in record.message]

    assert result.success
    assert len(told) == 1
    assert "collections are read by updatedAt" in told[0]


def test_what_changed_is_found_by_its_timestamp_and_no_more_is_read(stamped):
    now = datetime.now(UTC)
    stamped.documents.insert_many(
        [{"_id": each, "body": "old", "updatedAt": now - timedelta(days=each + 1)} for each in range(20)]
    )
    cursor = stamped.read()[-1].cursor
    stamped.documents.update_one({"_id": 7}, {"$set": {"body": "edited", "updatedAt": datetime.now(UTC)}})

    assert named(stamped.read(cursor=cursor)) == {number(0), number(7)}  # and the latest of before


def test_2_timestamps_of_every_type_and_none(stamped):
    day, now = timedelta(days=1), datetime.now(UTC)
    old, new = now - day, now + timedelta(seconds=1)
    stamps = {
        "date": (old, new),
        "text": (old.isoformat(), new.isoformat()),
        "seconds": (old.timestamp(), new.timestamp()),
        "stamp": (Timestamp(int(old.timestamp()), 1), Timestamp(int(new.timestamp()), 1)),
    }
    for name, (before, _) in stamps.items():
        stamped.documents.insert_one({"_id": name, "body": "old", "updatedAt": before})
    stamped.documents.insert_many([{"_id": "none", "body": "old"}, {"_id": "null", "body": "old", "updatedAt": None}])
    stamped.documents.insert_one({"_id": "list", "body": "old", "updatedAt": [old, old - day]})
    stamped.documents.insert_one({"_id": "odd", "body": "old", "updatedAt": {"at": old}})
    stamped.sync()
    for name, (_, after) in stamps.items():
        stamped.documents.update_one({"_id": name}, {"$set": {"body": "edited", "updatedAt": after}})
    for name in ("none", "null", "odd"):
        stamped.documents.update_one({"_id": name}, {"$set": {"body": "edited"}})
    stamped.documents.update_one({"_id": "list"}, {"$set": {"body": "edited", "updatedAt.0": new}})
    stamped.sync()

    assert all(text.startswith("edited") for text in stamped.items().values())


def test_2_a_type_that_did_not_exist_before_is_read_as_a_whole(stamped):
    stamped.documents.insert_one({"_id": 1, "body": "a", "updatedAt": datetime.now(UTC)})
    stamped.sync()
    stamped.documents.insert_one({"_id": 2, "body": "b", "updatedAt": "2001-01-01T00:00:00"})
    stamped.documents.insert_one({"_id": 3, "body": "c", "updatedAt": 12})
    stamped.sync()

    assert set(stamped.items()) == {number(1), number(2), number(3)}


def test_3_very_many_documents_of_one_millisecond(stamped, monkeypatch):
    in_pieces(monkeypatch, batch=7, chunk=40, vouched=5)
    stamped.documents.create_index("updatedAt")
    now = datetime.now(UTC)
    stamped.documents.insert_many([{"_id": each, "body": "x", "updatedAt": now} for each in range(200)])
    cursor = stamped.read()[-1].cursor
    later = now + timedelta(seconds=2)
    stamped.documents.update_many({"_id": {"$lt": 150}}, {"$set": {"body": "edited", "updatedAt": later}})
    changes = stamped.read(cursor=cursor)
    places = [change.cursor for change in changes if isinstance(change, Checkpoint)]
    edited = {change.id for change in changes if isinstance(change, Item) and change.content == "edited"}

    assert len(edited) == 150
    for place in places[:-1:10]:
        assert {number(each) for each in range(150)} <= edited & named(stamped.read(cursor=place)) | named(
            changes[: changes.index(next(each for each in changes if getattr(each, "cursor", None) == place))]
        )


def test_a_timestamp_of_the_far_future_hides_nothing(stamped):
    stamped.documents.insert_one({"_id": 1, "body": "x", "updatedAt": datetime(2999, 1, 1, tzinfo=UTC)})
    stamped.sync()
    stamped.documents.insert_one({"_id": 2, "body": "x", "updatedAt": datetime.now(UTC)})
    stamped.sync()

    assert set(stamped.items()) == {number(1), number(2)}


@pytest.mark.parametrize(
    ("hiding", "before", "after"),
    [
        ("unknown", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
        ("9999-99-99", "2024-01-02T00:00:00Z", "2999-12-31T00:00:00Z"),
        ("12/31/2025", "11/20/2026", "11/26/2026"),
        ("2026-01-02T00:00:00Z", "12/31/2025", "01/01/2026"),
        ("Mon, 5 Jan 2026", "2026-01-02T00:00:00Z", "Fri, 9 Jan 2026"),
        (1_700_000_000_000, 1_700_000_000, 1_700_100_000),
        (1_700_000_000_000_000, 1_700_000_000_000, 9_000_000_000_000),
        (Decimal128("9999999999"), 1_700_000_000, 2_000_000_000),
        (float("nan"), 5, 6),
        (5, 6, float("nan")),
        (float("inf"), 5, 6),
        ([Decimal128("7"), 9_000_000_000.5], 5, 8_000_000_000),
    ],
    ids=str,
)
def test_2_no_timestamp_hides_others(stamped, hiding, before, after):
    stamped.documents.insert_one({"_id": "hiding", "body": "x", "updatedAt": hiding})
    stamped.documents.insert_one({"_id": 1, "body": "old", "updatedAt": before})
    stamped.sync()
    stamped.sync()
    stamped.documents.update_one({"_id": 1}, {"$set": {"body": "edited", "updatedAt": after}})
    result = stamped.sync()

    assert result.success, result.errors
    assert stamped.items()[number(1)].startswith("edited")


def test_a_document_that_becomes_visible_late_is_found(stamped):
    stamped.documents.insert_one({"_id": 1, "body": "x", "updatedAt": datetime.now(UTC)})
    stamped.sync()
    late = datetime.now(UTC) - LATE + timedelta(minutes=1)
    stamped.documents.insert_one({"_id": 2, "body": "late", "updatedAt": late})
    stamped.sync()

    assert number(2) in stamped.items()


def test_deletions_are_found_by_a_reconcile(stamped):
    stamped.documents.insert_many([{"_id": each, "body": "x", "updatedAt": datetime.now(UTC)} for each in range(3)])
    stamped.sync()
    stamped.documents.delete_one({"_id": 1})
    stamped.sync()
    assert len(stamped.items()) == 3
    stamped.reconcile()

    assert set(stamped.items()) == {number(0), number(2)}


def test_without_a_timestamp_each_run_compares_everything(lone):
    lone.documents.insert_many([{"_id": each, "body": "x"} for each in range(5)])
    lone.sync()
    lone.documents.update_one({"_id": 1}, {"$set": {"body": "edited"}})
    lone.documents.delete_one({"_id": 2})
    counts = lone.sync().counts

    assert (counts.updated, counts.unchanged, counts.swept) == (1, 3, 1)


def test_another_manner_of_reading_begins_anew(collections):
    collections.documents.insert_one({"_id": 1, "body": "x", "updatedAt": datetime.now(UTC)})
    collections.options["timestamp_field"] = "updatedAt"
    cursor = collections.read()[-1].cursor
    collections.options["enable_change_streams"] = False
    with pytest.raises(CursorExpired, match="from now on the collection is read by timestamp"):
        collections.read(cursor=cursor)
    cursor = collections.read()[-1].cursor
    collections.options["enable_change_streams"] = True
    with pytest.raises(CursorExpired, match="by its change stream"):
        collections.read(cursor=cursor)


@pytest.mark.parametrize(
    ("latest", "low"),
    [
        (NOW - timedelta(days=1), NOW - timedelta(days=1) - LATE),
        (NOW + timedelta(days=1), NOW - LATE),
        ("2026-11-01T10:00:00.123Z", "2026-11-01T09:50:00"),
        ("2026-11-01 10:00:00", "2026-11-01 09:50:00"),
        ("2999-01-01T00:00:00Z", "2026-11-27T01:50:00"),
        ("2026-11-01", "2026-11-01"),
        ("2999-01-01", "2026-11-26"),
        ("2026-99-99", "2026-11-26"),
        (1_700_000_000, 1_699_999_400),
        (1_700_000_000_000, 1_699_999_400_000),
        (9_999_999_999_999, NOW.timestamp() * 1000 - 600_000),
        (Timestamp(1_700_000_000, 5), Timestamp(1_699_999_400, 0)),
        (Decimal128("9999999999"), NOW.timestamp() - 600),
    ],
    ids=str,
)
def test_the_next_reading_begins_some_minutes_before_the_latest(latest, low):
    assert low_of(latest, NOW) == low
