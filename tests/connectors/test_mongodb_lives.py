"""`mongodb` through lives that no real server of these tests can lead: logs that forget, primaries that step down."""

from __future__ import annotations

import random
from typing import Any

import pytest
from bson import Code, DBRef, Decimal128, ObjectId

from aragora_sync.core.changes import Checkpoint, Item
from aragora_sync.core.errors import TransientError
from aragora_sync.core.source import Stream

from ..fakes.mongo import FakeMongo, running
from ..kill.desk import soak_size
from .collections_desk import in_pieces
from .mongo_desk import MongoDesk
from .tables import Nothing

NAMES = ("documents", "other.things", "third")
RUNS, EDITS, LIVES = 5, 8, 3
IDS = [
    *range(8),
    *(f"name {each}" for each in range(6)),
    *(ObjectId(f"6a{each:022x}") for each in range(6)),
    *(Decimal128(f"1.234567890123456789012345678901{each}") for each in (231, 232)),
    *(Code("name 1"), DBRef("a", 1), {"a": 1}, {"a": 2, "b": [1]}, None, True, 2.5, b"12"),
]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    in_pieces(monkeypatch, batch=4, chunk=9, vouched=2)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 1)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.GROUP", 3)
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)


class Life:
    """A database that is edited before and during runs, at a server that fails now and then."""

    def __init__(self, desk: MongoDesk, seed: int) -> None:
        self.desk, self.fake, self.world = desk, desk.fake, desk.fake.world
        self.chance = random.Random(seed)
        self.left = 0
        self.troubled = True

    def edit(self) -> None:
        name, act = self.chance.choice(NAMES), self.chance.random()
        if act < 0.25:
            self.world.delete("app", name, self.chance.choice(IDS))
        elif act < 0.28:
            self.world.drop("app", name)
        elif act < 0.31:
            self.world.rename("app", *self.chance.sample(NAMES, 2))
        elif act < 0.32:
            self.world.drop_database("app")
        elif act < 0.36:
            self.world.noop()
        else:
            self.desk.put(self.chance.choice(IDS), f"text {self.chance.random()}", name)

    def during(self, command: str) -> None:
        """What happens before a command of a run."""
        if not self.troubled:
            return
        act = self.chance.random()
        if act < 0.15:
            self.edit()
        elif act < 0.18:
            self.fake.step_down()
        elif act < 0.20:
            self.fake.cut(command)
        elif act < 0.22:
            self.world.forget()
        elif act < 0.24:
            self.fake.fail(command, 237, "CursorKilled")
        self.left -= 1
        if self.left == 0:
            self.fake.cut(command, 40)  # and nobody comes back before the run gave up

    def live(self) -> None:
        self.fake.before = self.during
        for _ in range(RUNS):
            for _ in range(EDITS):
                self.edit()
            if self.chance.random() < 0.2:
                self.world.forget()
            self.left = self.chance.choice([3, 8, 20, 1000])
            self.desk.sync()
            self.fake.faults.clear()
        self.troubled = False
        for name in NAMES:  # each is there in the end
            self.desk.put("last", "last", name)
        result = self.desk.sync()

        assert result.success, result.errors
        assert self.desk.items() == self.desk.source()
        whole = self.desk.reconcile()
        assert whole.success, whole.errors
        assert (whole.counts.created, whole.counts.updated, whole.counts.swept) == (0, 0, 0)
        assert self.desk.items() == self.desk.source()


class Listening:
    """Somebody who watches two collections, and is thrown out again and again."""

    NAMES = NAMES[:2]

    def __init__(self, desk: MongoDesk, seed: int) -> None:
        self.desk, self.chance = desk, random.Random(seed)
        self.cursors: dict[str, Any] = {}
        self.held: dict[str, Any] = {}

    def keep(self, name: str, change: Any) -> None:
        if isinstance(change, Checkpoint):
            self.cursors[name] = change.cursor
        elif isinstance(change, Item):
            self.held[change.id] = change.content
        else:
            self.held.pop(change.id, None)

    def read(self) -> None:
        for name in self.NAMES:
            for change in self.desk.read(name, self.cursors.get(name)):
                self.keep(name, change)

    def happen(self) -> None:
        act, name, fake = self.chance.random(), self.chance.choice(self.NAMES), self.desk.fake
        if act < 0.3:
            self.desk.put(self.chance.choice(IDS), f"text {self.chance.random()}", name)
        elif act < 0.4:
            self.desk.delete(self.chance.choice(IDS), name)
        elif act < 0.45:
            fake.step_down()
        elif act < 0.5:
            fake.cut(self.chance.choice(["getMore", "find", "aggregate"]), self.chance.choice([1, 2, 3]))
        elif act < 0.53:
            fake.fail("getMore", 237, "CursorKilled")

    def watch(self) -> None:
        connector = self.desk.connector()
        connector.open()
        streams = [Stream(name) for name in self.NAMES]
        told = connector.watch(streams, dict(self.cursors), {name: Nothing() for name in self.NAMES})
        try:
            for _ in range(25):
                self.happen()
                if (one := next(told)) is not None:
                    self.keep(one[0].name, one[1])
        except TransientError:
            pass
        finally:
            told.close()
            connector.close()
            self.desk.fake.faults.clear()


@pytest.mark.parametrize("seed", range(2))
def test_whoever_watches_while_primaries_step_down_misses_nothing(tmp_path, monkeypatch, seed):
    monkeypatch.setattr("aragora_sync.connectors.mongodb.watching.BURST_SECONDS", 0.002)
    with running(FakeMongo()) as fake:
        desk = MongoDesk(tmp_path, fake)
        for name in Listening.NAMES:
            desk.put("first", "first", name)
        listening = Listening(desk, seed)
        listening.read()
        for _ in range(4):
            listening.watch()
        listening.read()

        assert listening.held == desk.source()


def live_through(folder, seed):
    with running(FakeMongo()) as fake:
        desk = MongoDesk(folder, fake)
        desk.guarded = False
        desk.options["parallel"] = 1
        Life(desk, seed).live()


@pytest.mark.parametrize("seed", range(LIVES))
def test_whatever_the_server_lives_through_it_ends_equal(tmp_path, seed):
    live_through(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_hundreds_of_lives_end_equal(tmp_path):
    for seed in range(1000, 1000 + soak_size(40, 400)):
        live_through(tmp_path / str(seed), seed)
