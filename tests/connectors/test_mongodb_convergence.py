"""`mongodb` and its collections, edited at random between runs that die or are cut off: in the end both are equal."""

from __future__ import annotations

import random

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.connectors.mongodb.keys import key_of
from aragora_sync.testing.bench import Cut

from ..kill.desk import soak_size
from ..servers.mongo import Mongo, Place
from ..servers.proxy import proxy_to
from .collections_desk import Collections, in_pieces

NAMES = ("documents", "other.things")
RUNS = 5
EDITS = 8  # between two runs
EXAMPLES = 4
IDS = [*range(12), *(f"name {each}" for each in range(12)), *(ObjectId(f"6a{each:022x}") for each in range(12))]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    in_pieces(monkeypatch, batch=4, chunk=9, vouched=2)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 2)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.server.CONNECT_MILLISECONDS", 5_000)


class Dying:
    """A connector whose process ends after so many changes; before some of them, somebody edits."""

    def __init__(self, connector, left, edit):
        self._connector = connector
        self._left = left
        self._edit = edit

    def __getattr__(self, name):
        return getattr(self._connector, name)

    def read(self, stream, cursor, known):
        for change in self._connector.read(stream, cursor, known):
            self._left -= 1
            if self._left % 7 == 3:
                self._edit()
            if self._left < 0:
                raise Cut
            yield change


def edit(desk, chance):
    collection = desk.db[chance.choice(NAMES)]
    act = chance.random()
    if act < 0.25:
        collection.delete_one({"_id": chance.choice(IDS)})
    elif act < 0.27:
        collection.drop()
    elif act < 0.28:
        desk.db[NAMES[0]].insert_one({"body": "moved"})  # so that there is something to rename
        desk.db[NAMES[0]].rename(NAMES[1], dropTarget=True)
    else:
        body = {"$set": {"body": f"text {chance.random()}"}}
        collection.update_one({"_id": chance.choice(IDS)}, body, upsert=True)


def live_through(desk, seed):
    chance = random.Random(seed)
    with proxy_to(desk.server.port) as proxy:
        desk.options |= {"uri": f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true", "parallel": 1}
        for _ in range(RUNS):
            for _ in range(EDITS):
                edit(desk, chance)
            proxy.cut_after, proxy.cuts = chance.randrange(500, 9000), chance.choice([0, 0, 1, 2])
            dying = Dying(desk.connector(), chance.choice([5, 15, 40, 1000]), lambda: edit(desk, chance))
            try:
                desk.sync(connector=dying)
            except Cut:
                dying.close()
        proxy.cuts = 0
        for name in NAMES:
            desk.db[name].insert_one({"_id": "last", "body": "last"})  # each is there in the end
        result = desk.reconcile() if seed % 2 else desk.sync()
        result = desk.sync() if not result.success else result
    source = {f"{name}/{key_of(each['_id'])}": each["body"] for name in NAMES for each in desk.db[name].find()}

    assert result.success, result.errors
    assert desk.items() == source


def converge(tmp_path_factory, mongo, seed):
    place = Place(mongo)
    try:
        desk = Collections(tmp_path_factory.mktemp("mongo"), place)
        desk.guarded = False
        live_through(desk, seed)
    finally:
        place.drop()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9))
def test_whatever_is_edited_and_wherever_it_breaks_it_ends_equal(tmp_path_factory, mongo: Mongo, seed):
    converge(tmp_path_factory, mongo, seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_hundreds_of_histories_end_equal(tmp_path_factory, mongo: Mongo):
    for seed in range(soak_size(30, 300)):
        converge(tmp_path_factory, mongo, seed)
