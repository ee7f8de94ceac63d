"""When a batch is worth a transaction: so many items, so many bytes, or so old."""

from __future__ import annotations

import pytest

from aragora_sync.core.changes import Item, Seen
from aragora_sync.engine import batches
from aragora_sync.engine.batches import BATCH_BYTES, Batcher, Spool
from aragora_sync.engine.events import Progress
from aragora_sync.store.base import Batch


def batcher(size=1000):
    return Batcher(lambda: Batch(1, "c", "s", []), size)


def batch(number):
    return Batch(1, "c", "s", [Seen(f"i{number}")], cursor=number)


def test_a_thousand_changes_are_enough():
    full = batcher()

    assert [full.add(Seen(str(number))) for number in range(1000)] == [False] * 999 + [True]


def test_eight_megabytes_are_enough():
    full = batcher()
    assert not full.add(Item("a", "", "", "x" * (BATCH_BYTES - 1)))

    assert full.add(Item("b", "", "", "x"))


def test_a_second_is_enough(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(batches, "monotonic", lambda: now[0])
    old = batcher()
    assert not old.add(Seen("a"))
    now[0] += 1

    assert old.add(Seen("b"))


def test_the_next_batch_begins_empty():
    taken = batcher(2)
    taken.add(Seen("a"))
    taken.vouch("cursor")
    first = taken.take()

    assert ([change.id for change in first.changes], first.cursor) == (["a"], "cursor")
    assert taken.take() is None


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_spool_gives_back_what_it_took_in_order(count):
    spool = Spool()
    for _ in range(2):
        for number in range(count):
            spool.add(batch(number))
        assert [each.cursor for each in spool.take()] == list(range(count))
    assert list(spool.take()) == []
    spool.close()


def test_a_long_spool_does_not_stay_in_memory():
    spool = Spool()
    for number in range(50):
        spool.add(batch(number))

    assert len(spool._batches) <= batches.SPOOL_BATCHES
    spool.close()


def test_a_run_stores_in_batches_of_the_size_that_was_asked_for(build):
    house = build("unordered", things=10, options={"batch_size": 4})
    house.run()

    assert [event.counts.named for event in house.of(Progress)] == [4, 8, 10]
