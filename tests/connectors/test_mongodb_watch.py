"""`mongodb` live: what happens is told as it happens, after what was missed, and nothing is lost when it breaks."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime

import pytest

from aragora_sync.connectors.mongodb import watching
from aragora_sync.core.changes import Checkpoint, Deleted, Item
from aragora_sync.core.errors import AragoraSyncError, CursorExpired, TransientError

from ..servers.proxy import proxy_to
from .collections_desk import number
from .tables import Nothing

ENOUGH = 400  # signs of life; far more than a change takes to be told


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits long to hear that nothing changed."""
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 5)


class Watch:
    """A connector that watches, and what it told."""

    def __init__(self, desk, cursors=None):
        self.connector = desk.connector()
        self.connector.open()
        self.streams = list(self.connector.streams([]))
        self.cursors = dict(cursors) if cursors else {s.name: desk.read(s.name)[-1].cursor for s in self.streams}
        known = {stream.name: Nothing() for stream in self.streams}
        self.told = self.connector.watch(self.streams, self.cursors, known)
        self.last = {}

    def until(self, done):
        """Listens until what was told suffices; each checkpoint is kept as the engine would."""
        for _ in range(ENOUGH):
            told = next(self.told)
            if told is not None:
                stream, change = told
                if isinstance(change, Checkpoint):
                    self.cursors[stream.name] = change.cursor
                else:
                    self.last[change.id] = change
            if done(self):
                return self
        raise AssertionError(f"not told: {self.last}")

    def quiet(self):
        """Listens until nothing comes any more."""
        for _ in range(ENOUGH):
            if next(self.told) is None:
                return self
        raise AssertionError("it never comes to rest")

    def close(self):
        self.told.close()
        self.connector.close()


@pytest.fixture
def watch(collections):
    made = []

    def begin(cursors=None):
        made.append(Watch(collections, cursors))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def test_what_happens_is_told(collections, watch):
    collections.documents.insert_many([{"_id": each, "body": "first"} for each in range(3)])
    collections.db.other.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    collections.documents.update_one({"_id": 1}, {"$set": {"body": "edited"}})
    collections.documents.delete_one({"_id": 2})
    collections.db.other.insert_one({"_id": 2, "body": "new"})
    live.until(lambda live: {number(1), number(2), "other/number:2"} <= live.last.keys())

    assert live.last[number(1)].content == "edited"
    assert live.last[number(2)] == Deleted(number(2))
    assert isinstance(live.last["other/number:2"], Item)


def test_what_was_missed_is_told_first(collections, watch):
    collections.documents.insert_many([{"_id": each, "body": "first"} for each in range(3)])
    cursors = {"documents": collections.read()[-1].cursor}
    collections.documents.update_one({"_id": 1}, {"$set": {"body": "missed"}})
    live = watch(cursors).until(lambda live: number(1) in live.last)

    assert live.last[number(1)].content == "missed"


def test_what_changes_while_the_missed_is_read_is_told_too(collections, watch, monkeypatch):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    catch_up = watching.Watching._catch_up

    def interrupted(self, streams):
        yield from catch_up(self, streams)
        collections.documents.insert_one({"_id": 2, "body": "between"})

    monkeypatch.setattr(watching.Watching, "_catch_up", interrupted)
    live = watch().until(lambda live: number(2) in live.last)

    assert live.last[number(2)].content == "between"


def test_a_burst_is_told_as_the_last_of_it(collections, watch, monkeypatch):
    monkeypatch.setattr(watching, "BURST_SECONDS", 60)
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    for turn in range(50):
        collections.documents.update_one({"_id": 1}, {"$set": {"body": f"turn {turn}"}})
    items = []
    live.until(lambda live: items.append(live.last.get(number(1))) or any(items))

    assert items[-1].content == "turn 49"


def test_checkpoints_of_a_watch_lead_on_from_where_it_was(collections, watch):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    before = live.cursors["documents"]
    collections.documents.insert_one({"_id": 2, "body": "second"})
    live.until(lambda live: live.cursors["documents"] != before)
    collections.documents.insert_one({"_id": 3, "body": "third"})
    told = [change.id for change in collections.read(cursor=live.cursors["documents"]) if isinstance(change, Item)]

    assert told == [number(3)]


def test_tokens_of_quiet_collections_are_kept_from_time_to_time(collections, watch, monkeypatch):
    monkeypatch.setattr(watching, "ROUNDS", 3)
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    seen = []
    live.until(lambda live: seen.append(1) or len(seen) > 8)
    checkpoints = [told for told in (next(live.told) for _ in range(12)) if told is not None]

    assert checkpoints
    assert all(isinstance(change, Checkpoint) and change.cursor["token"] for _, change in checkpoints)


@pytest.mark.parametrize("manner", ["drop", "rename", "database"])
def test_9_the_end_of_a_collection_ends_the_watch(collections, watch, manner):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    if manner == "drop":
        collections.documents.drop()
    elif manner == "rename":
        collections.db.other.insert_one({"_id": 5})
        collections.db.other.rename("documents", dropTarget=True)
    else:
        collections.place.drop()
    with pytest.raises(CursorExpired):
        live.until(lambda live: False)


def test_a_collection_without_a_cursor_is_left_to_a_pass(collections, watch):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    cursors = {"documents": collections.read()[-1].cursor}
    collections.db.other.insert_one({"_id": 1, "body": "first"})
    live = watch(cursors).quiet()
    collections.db.other.insert_one({"_id": 2, "body": "second"})
    collections.documents.insert_one({"_id": 2, "body": "second"})
    live.until(lambda live: number(2) in live.last)

    assert set(live.last) == {number(2)}
    assert "other" not in live.cursors


def test_a_collection_that_is_gone_keeps_no_other_from_being_watched(collections, watch):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    collections.db.other.insert_one({"_id": 1, "body": "first"})
    collections.options["collections"] = ["documents", "other"]
    cursors = {name: collections.read(name)[-1].cursor for name in ("documents", "other")}
    collections.db.other.drop()
    live = watch(cursors).quiet()
    collections.documents.insert_one({"_id": 2, "body": "second"})
    live.until(lambda live: number(2) in live.last)

    assert set(live.last) == {number(2)}


def test_a_connection_that_is_cut_is_told_or_taken_up_again(collections):
    collections.documents.insert_many([{"_id": each, "body": "first"} for each in range(20)])
    chance, source, last = random.Random(5), {}, {}
    cursors = {"documents": collections.read()[-1].cursor}
    with proxy_to(collections.server.port) as proxy:
        collections.options["uri"] = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
        for turn in range(8):
            live = Watch(collections, cursors)
            try:
                for step in range(5):
                    _edit(collections, chance, f"{turn}.{step}")
                    if step == 2:
                        proxy.cut()
                    next(live.told)
                live.quiet()
                mark = f"mark{turn}"
                collections.documents.insert_one({"_id": mark, "body": mark})
                live.until(lambda live, mark=mark: f"documents/string:{mark}" in live.last)
            except AragoraSyncError as error:
                assert isinstance(error, TransientError)
            finally:
                cursors = {"documents": live.cursors["documents"]}
                last |= live.last
                live.close()
        collections.options["uri"] = collections.server.uri
        last |= {each.id: each for each in collections.read(cursor=cursors["documents"]) if hasattr(each, "id")}
    source = {f"documents/{_key(each['_id'])}": each["body"] for each in collections.documents.find()}
    untouched = {number(each): "first" for each in range(20)}
    known = {key: item.content for key, item in last.items() if isinstance(item, Item)}
    gone = {key for key, item in last.items() if isinstance(item, Deleted)}

    assert {**{key: text for key, text in untouched.items() if key not in gone}, **known} == source


def test_without_change_streams_there_is_nothing_to_watch(lone):
    lone.options["timestamp_field"] = "updatedAt"
    lone.documents.insert_one({"_id": 1, "body": "first", "updatedAt": datetime.now(UTC)})
    live = Watch(lone)

    assert list(live.told) == []
    live.close()


def test_a_view_beside_watched_collections_is_asked_by_its_timestamp(collections, watch, monkeypatch):
    monkeypatch.setattr(watching, "ROUNDS", 2)
    collections.documents.insert_one({"_id": 1, "body": "first", "updatedAt": datetime.now(UTC)})
    collections.db.create_collection("shown", viewOn="documents", pipeline=[])
    collections.options |= {"timestamp_field": "updatedAt", "collections": ["documents", "shown"]}
    live = watch().quiet()
    collections.documents.insert_one({"_id": 2, "body": "second", "updatedAt": datetime.now(UTC)})
    live.until(lambda live: {number(2), "shown/number:2"} <= live.last.keys())

    assert live.last["shown/number:2"].content == "second"


def test_closing_a_watch_ends_what_it_holds(collections, watch):
    collections.documents.insert_one({"_id": 1, "body": "first"})
    live = watch().quiet()
    before = threading.active_count()
    live.told.close()

    assert threading.active_count() <= before
    assert next(live.told, "ended") == "ended"


def _edit(desk, chance, text):
    target = chance.randrange(25)
    if chance.random() < 0.3:
        desk.documents.delete_one({"_id": target})
    else:
        desk.documents.update_one({"_id": target}, {"$set": {"body": text}}, upsert=True)


def _key(value):
    return f"number:{value}" if isinstance(value, int) else f"string:{value}"
