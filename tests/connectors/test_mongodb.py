"""`mongodb` on a real server with change streams: the numbered cases where a plausible reading loses something."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pymongo
import pytest

from aragora_sync.connectors.mongodb import reading
from aragora_sync.core.changes import Checkpoint, Deleted, Item, Seen
from aragora_sync.core.errors import CursorExpired
from aragora_sync.engine.result import Status

from .collections_desk import in_pieces, number
from .tables import Nothing


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits long to hear that nothing changed."""
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 5)


def fill(desk, count=20):
    desk.documents.insert_many([{"_id": each, "body": f"text {each}"} for each in range(count)])


def forget_changes(server):
    """Very many changes elsewhere push those of before out of the server's log."""
    client = server.client
    token = None
    with client.there.watch(max_await_time_ms=1) as stream:
        stream.try_next()
        token = stream.resume_token
    for _ in range(200):
        client.there.noise.insert_many([{} for _ in range(300)])
        try:
            client.there.watch(resume_after=token, max_await_time_ms=1).close()
        except pymongo.errors.OperationFailure:
            return
    raise AssertionError("the server forgets nothing")


# Change streams


def test_changes_and_deletions_are_told_by_the_server(collections):
    fill(collections)
    collections.sync()
    collections.documents.update_one({"_id": 3}, {"$set": {"body": "edited"}})
    collections.documents.delete_one({"_id": 4})
    collections.documents.insert_one({"_id": "new", "body": "new"})
    collections.documents.insert_one({"_id": "short-lived", "body": "new"})
    collections.documents.delete_one({"_id": "short-lived"})
    counts = collections.sync().counts

    assert (counts.created, counts.updated, counts.deleted) == (1, 1, 1)
    assert counts.named <= 5
    assert collections.items()["documents/string:new"] == "new"
    assert number(4) not in collections.items()


def test_4_a_document_that_is_edited_while_others_are_read_is_read_again(collections, monkeypatch):
    in_pieces(monkeypatch, 5, 5, 5)
    fill(collections)
    connector = collections.connector()
    connector.open()
    said = connector.read(next(iter(connector.streams([]))), None, Nothing())
    changes = [next(said) for _ in range(8)]
    collections.documents.update_one({"_id": 0}, {"$set": {"body": "edited behind"}})
    changes += said
    connector.close()
    last = {change.id: change.content for change in changes if isinstance(change, Item)}

    assert last[number(0)] == "edited behind"
    assert changes[-1].complete


def test_4_a_document_deleted_behind_the_reading_is_gone(collections, monkeypatch):
    in_pieces(monkeypatch, 5, 5, 5)
    fill(collections)
    connector = collections.connector()
    connector.open()
    said = connector.read(next(iter(connector.streams([]))), None, Nothing())
    changes = [next(said) for _ in range(8)]
    collections.documents.delete_one({"_id": 0})
    collections.documents.delete_one({"_id": 7})  # in the batch that was read already
    changes += said
    connector.close()
    last = {change.id: type(change) for change in changes if not isinstance(change, Checkpoint)}

    assert (last[number(0)], last[number(7)]) == (Deleted, Deleted)


def test_5_forgotten_changes_are_answered_by_comparing_everything(tmp_path, forgetful):
    desk = forgetful
    fill(desk)
    desk.sync()
    cursor = desk.cursors()["documents"]
    desk.documents.delete_one({"_id": 1})
    desk.documents.update_one({"_id": 2}, {"$set": {"body": "edited"}})
    forget_changes(desk.server)
    with pytest.raises(CursorExpired, match="may no longer be in the oplog"):
        desk.read(cursor=cursor)
    result = desk.sync()

    assert result.success, result.errors
    assert desk.items() == {number(each["_id"]): each["body"] for each in desk.documents.find()}
    assert (result.counts.swept, result.counts.updated) == (1, 1)


def test_6_a_write_between_the_token_and_the_first_document_is_not_lost(collections, monkeypatch):
    fill(collections, 3)
    read_all = reading.CollectionReading._read_all

    def write_first(self, place):
        collections.documents.insert_one({"_id": 50, "body": "between"})
        collections.documents.delete_one({"_id": 50})
        collections.documents.insert_one({"_id": -1, "body": "between too"})
        return (yield from read_all(self, place))

    monkeypatch.setattr(reading.CollectionReading, "_read_all", write_first)
    collections.sync()

    assert set(collections.items()) == {number(each) for each in (-1, 0, 1, 2)}


def test_7_a_document_that_is_gone_when_it_is_looked_up_is_deleted(collections):
    fill(collections, 3)
    cursor = collections.read()[-1].cursor
    collections.documents.update_one({"_id": 1}, {"$set": {"body": "edited"}})
    collections.documents.delete_one({"_id": 1})
    told = [change for change in collections.read(cursor=cursor) if not isinstance(change, Checkpoint)]

    assert told == [Deleted(number(1))]


def test_8_the_token_of_a_quiet_collection_moves_on(forgetful):
    desk = forgetful
    fill(desk, 3)
    desk.documents.update_one({"_id": 1}, {"$set": {"body": "edited"}})
    desk.sync()
    for _ in range(3):
        desk.documents.update_one({"_id": 1}, {"$inc": {"n": 1}})
        desk.sync()
        forget_changes(desk.server)
        result = desk.sync()
        assert result.success, result.errors
        assert len(desk.items()) == 3


@pytest.mark.parametrize("manner", ["drop", "rename", "replace", "database"])
def test_9_a_collection_that_ends_is_not_followed_blindly(collections, manner):
    fill(collections, 3)
    collections.db.other.insert_one({"_id": 1, "body": "other"})
    collections.sync()
    if manner == "drop":
        collections.documents.drop()
        collections.documents.insert_one({"_id": 2, "body": "made anew"})
        left = {number(2): "made anew", "other/number:1": "other"}
    elif manner == "rename":
        collections.documents.rename("renamed")
        left = {f"renamed/number:{each}": f"text {each}" for each in range(3)} | {"other/number:1": "other"}
    elif manner == "replace":
        collections.db.other.rename("documents", dropTarget=True)
        left = {number(1): "other"}
    else:
        collections.place.drop()
        collections.documents.insert_one({"_id": 9, "body": "another life"})
        left = {number(9): "another life"}
    result = collections.sync()

    assert result.success, result.errors
    assert collections.items() == left


def test_9_a_collection_named_in_the_options_that_is_gone_keeps_its_items(collections):
    fill(collections, 3)
    collections.options["collections"] = ["documents"]
    collections.sync()
    collections.documents.drop()
    result = collections.sync()

    assert "has no collection documents; nothing was deleted" in result.errors[0]
    assert len(collections.items()) == 3


def test_9_a_collection_dropped_while_it_is_read_is_not_taken_for_empty(collections, monkeypatch):
    fill(collections, 3)
    collections.sync()
    read_all = reading.CollectionReading._read_all

    def drop_first(self, place):
        collections.documents.drop()
        return (yield from read_all(self, place))

    monkeypatch.setattr(reading.CollectionReading, "_read_all", drop_first)
    result = collections.reconcile()

    assert not result.success
    assert len(collections.items()) == 3


def test_13_what_is_applied_twice_changes_nothing(collections):
    fill(collections, 3)
    cursor = collections.read()[-1].cursor
    collections.sync()
    collections.documents.update_one({"_id": 1}, {"$set": {"body": "edited"}})
    collections.sync()
    again = [change for change in collections.read(cursor=cursor) if isinstance(change, Item)]

    assert [item.content for item in again] == ["edited"]
    assert collections.sync().counts.updated == 0


def test_16_collections_with_dots_and_odd_names(collections):
    for name in ("app.events.2026", "überall", "a b", "x/y"):
        collections.db[name].insert_one({"_id": 1, "body": name})
    collections.sync()
    collections.db["app.events.2026"].update_one({"_id": 1}, {"$set": {"body": "edited"}})
    collections.db["x/y"].delete_one({"_id": 1})
    collections.sync()

    assert collections.items() == {
        "app.events.2026/number:1": "edited",
        "überall/number:1": "überall",
        "a b/number:1": "a b",
    }


def test_17_deleting_nearly_all_in_a_reconcile_is_refused(collections):
    fill(collections, 30)
    collections.sync()
    collections.documents.drop()
    collections.documents.insert_one({"_id": 0, "body": "text 0"})
    result = collections.sync()

    assert result.status is not Status.OK
    assert len(collections.items()) == 30


def test_18_capped_collections_views_and_time_series(collections):
    collections.db.create_collection("short", capped=True, size=100_000, max=3)
    fill(collections, 3)
    collections.db.create_collection("shown", viewOn="documents", pipeline=[{"$match": {"_id": {"$gt": 0}}}])
    collections.db.create_collection("measured", timeseries={"timeField": "at"})
    collections.db.measured.insert_one({"at": datetime(2026, 1, 1, tzinfo=UTC), "note": "warm"})
    collections.db.short.insert_many([{"_id": each, "body": "short"} for each in range(3)])
    assert collections.sync().success
    streams = {stream.name: stream for stream in opened_streams(collections)}
    collections.db.short.insert_one({"_id": 3, "body": "short"})  # pushes out another, which nobody tells
    collections.options["collections"] = ["documents", "measured", "short", "shown"]
    collections.documents.update_one({"_id": 2}, {"$set": {"body": "edited"}})
    result = collections.reconcile()

    assert result.success, result.errors
    assert (set(streams), streams["short"].reports_deletes) == ({"documents", "measured", "short"}, False)
    assert streams["documents"].reports_deletes
    assert not streams["measured"].reports_deletes
    items = collections.items()
    assert {each for each in items if each.startswith("short")} == {f"short/number:{each}" for each in (1, 2, 3)}
    assert items["shown/number:2"] == items[number(2)] == "edited"
    assert [text for each, text in items.items() if each.startswith("measured")] == ["warm"]


def test_18_a_view_without_id_is_said(collections):
    fill(collections, 1)
    collections.db.create_collection("shown", viewOn="documents", pipeline=[{"$project": {"_id": 0, "body": 1}}])
    collections.options["collections"] = ["shown"]
    result = collections.sync()

    assert "documents of shown have no _id" in result.errors[0]


def test_19_a_token_of_another_server_is_not_believed(collections):
    fill(collections, 3)
    cursor = collections.read()[-1].cursor
    for odd in (
        {**cursor, "tag": "00000000-0000-0000-0000-000000000000"},
        {**cursor, "token": json.dumps({"_data": "8265"})},
    ):
        with pytest.raises(CursorExpired):
            collections.read(cursor=odd)


def test_a_reconcile_reads_only_bytes_that_changed(collections):
    fill(collections, 5)
    collections.sync()
    store = collections.store()
    known = store.known("collections", "documents")
    said = collections.read(known=known)
    store.close()

    assert [type(change) for change in said if not isinstance(change, Checkpoint)] == [Seen] * 5


def test_a_pass_that_is_limited_again_and_again_comes_to_its_end(collections):
    fill(collections, 1000)
    for _ in range(4):
        collections.connector().sync(max_items=300)

    assert len(collections.items()) == 1000


def opened_streams(desk):
    connector = desk.connector()
    connector.open()
    try:
        return list(connector.streams([]))
    finally:
        connector.close()
