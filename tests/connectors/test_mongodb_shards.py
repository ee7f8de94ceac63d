"""`mongodb` behind a router of shards, which tells what happened only when all of them have said how far they are."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.mongodb import feed

from .collections_desk import number

OTHERS = 60  # changes of another collection, one of which each answer looks through


@pytest.fixture
def cluster(wired):
    """A router, and one collection of it that was read."""
    wired.fake.greeting.update(
        {"msg": "isdbgrid", **dict.fromkeys(("setName", "setVersion", "hosts", "primary", "me"))}
    )
    wired.options["collections"] = ["documents"]
    wired.put(1)
    wired.put(1, name="other")
    assert wired.sync().success
    return wired


def hears_after(desk, answers):
    """The idle shard says how far it is after so many answers."""
    desk.fake.world.idle, desk.fake.log[:] = desk.fake.world.now(), []

    def waited(name):
        if desk.fake.log.count("getMore") > answers:
            desk.fake.world.idle = None

    desk.fake.before = waited


def test_a_token_that_moves_on_is_no_end(cluster, monkeypatch):
    monkeypatch.setattr(feed, "MOST_WAITS", 3)
    for turn in range(OTHERS):
        cluster.put(1, f"turn {turn}", name="other")
    cluster.put(2, "behind them")
    cluster.fake.world.stride = 1
    result = cluster.sync()

    assert result.success, result.errors
    assert cluster.items()[number(2)] == "behind them"


def test_what_an_idle_shard_holds_back_is_waited_for(cluster):
    hears_after(cluster, 20)
    cluster.put(2, "late")
    result = cluster.sync()

    assert result.success, result.errors
    assert cluster.items()[number(2)] == "late"


def test_what_a_shard_holds_back_for_long_comes_with_a_later_run(cluster, monkeypatch):
    monkeypatch.setattr(feed, "MOST_WAITS", 3)
    hears_after(cluster, 1000)
    cluster.put(2, "late")
    held_back = cluster.sync()
    assert held_back.success, held_back.errors
    assert number(2) not in cluster.items()

    cluster.fake.world.idle, cluster.fake.before = None, lambda name: None
    cluster.sync()

    assert cluster.items() == {number(1): "text", number(2): "late"}
