"""A run from outside: counts, stops, atomic streams, events, several at once."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.engine.events import ItemsSynced, Progress, RunEnded, RunStarted, StreamEnded, StreamStarted
from aragora_sync.engine.result import Status
from aragora_sync.engine.runner import run_all
from aragora_sync.engine.stop import Stop, StopReason

from .house import FULL, WatchedStop

# Counts


def test_everything_named_is_counted_once(build):
    house = build("events", things=6)
    house.run()
    world = house.world
    world.add("new")
    world.edit("i00", "new")
    world.make_binary("i01")
    world.remove("i02")
    world.parts["s"].things["i03"].fails = True
    world.edit("i03", "unread")
    said = world.said
    result = house.run()

    counts = result.counts
    assert (counts.created, counts.updated, counts.skipped, counts.deleted, counts.failed) == (1, 1, 1, 1, 1)
    assert counts.named == world.said - said
    assert result.items_synced == 2
    assert house.store.runs("c", 1)[0].counts == counts


def test_counts_of_all_streams_are_added(build):
    house = build(a="events", b="sorted", options={"parallel": 4})
    for name in "ab":
        for number in range(5):
            house.world.add(f"{name}{number}", stream=name)

    assert house.run().counts.created == 10


def test_what_was_read_twice_counts_twice(build):
    house = build("unordered", things=4, options={"batch_size": 1})
    house.world.raises_at(6, TransientError("cut"))
    result = house.run()

    assert result.counts.named == house.world.said
    assert result.counts.created == 4


# Stops


@pytest.mark.parametrize("reason", [StopReason.INTERRUPT, StopReason.TERMINATE, StopReason.CANCEL])
def test_a_stop_in_the_middle_stores_the_running_batch(build, reason):
    house = build("events", things=10)
    stop = WatchedStop()
    house.world.at(7, lambda: stop.request(reason))
    result = house.run(stop)

    assert (result.status, result.exit_code) == (Status.INTERRUPTED, 130)
    assert 0 < len(house.held()) < 10
    assert result.counts.created == len(house.held())


def test_the_next_run_ends_what_was_stopped(build):
    house = build("events", things=10)
    stop = WatchedStop()
    house.world.at(7, lambda: stop.request(StopReason.INTERRUPT))
    house.run(stop)

    assert house.run().status is Status.OK
    assert house.held() == house.world.truth()


def test_a_stop_drops_no_stream_that_was_not_named_yet(build):
    house = build(a="events", b="events", c="events")
    house.world.add("y", stream="c")
    house.run()
    stop = WatchedStop()
    house.world.at(3, lambda: stop.request(StopReason.INTERRUPT))
    house.run(stop)

    assert len(house.held("c")) == 1


def test_out_of_time_asks_to_try_later(build):
    house = build("events", things=10)
    stop = WatchedStop()
    house.world.at(7, lambda: stop.request(StopReason.TIMEOUT))

    assert house.run(stop).status is Status.TRY_LATER


def test_max_items_ends_the_run_and_all_is_well(build):
    house = build("updated", things=10)
    result = house.run(max_items=4)

    assert (result.status, result.counts.named) == (Status.OK, 4)
    assert len(house.held()) == 4


def test_small_runs_together_read_everything(build):
    house = build("sorted", things=12, options={"page": 2})
    for _ in range(8):
        house.run(max_items=4)

    assert house.held() == house.world.truth()
    assert house.row().open_pass is None


def test_a_stop_is_heard_by_children_not_by_parents():
    parent = Stop()
    child = Stop(parent)
    child.request(StopReason.ENOUGH)
    assert not parent.requested

    late = Stop(parent)
    parent.request(StopReason.INTERRUPT)
    assert (late.reason, child.reason) == (StopReason.INTERRUPT, StopReason.ENOUGH)
    assert Stop(parent).reason is StopReason.INTERRUPT
    assert late.wait(60)


# Atomic streams


def visible(house):
    with contextlib.closing(sqlite3.connect(house.path)) as db:
        return db.execute("SELECT count(*) FROM entry").fetchone()[0]


def test_an_atomic_stream_becomes_visible_with_its_checkpoint(build):
    house = build("atomic", things=50, options={"batch_size": 3})
    seen = []
    for step in range(4, 50, 5):
        house.world.at(step, lambda: seen.append(visible(house)))
    house.run()

    assert set(seen) == {0}
    assert visible(house) == 50


@pytest.mark.parametrize("step", [5, 30, 52])
def test_an_atomic_stream_cut_in_the_middle_shows_nothing(build, step):
    house = build("atomic", things=50, options={"batch_size": 3, "max_retries": 0})
    house.world.raises_at(step, TransientError("cut"))
    result = house.run()

    assert (visible(house), result.counts.named) == (0, 0)
    assert house.run().counts.created == 50


def test_a_stopped_atomic_stream_shows_nothing(build):
    house = build("atomic", things=50, options={"batch_size": 3})
    stop = WatchedStop()
    house.world.at(30, lambda: stop.request(StopReason.INTERRUPT))
    house.run(stop)

    assert visible(house) == 0


# Events


def test_events_tell_the_story_in_order(build):
    house = build("events", things=2)
    house.run()

    kinds = [type(event) for event in house.events]
    assert kinds == [RunStarted, StreamStarted, Progress, StreamEnded, RunEnded]
    assert house.of(Progress)[-1].counts == house.of(RunEnded)[0].result.counts


def test_items_are_told_only_after_they_are_stored(build):
    house = build("events", things=9, options={"batch_size": 2})
    held = []
    house.events = Listening(lambda event: held.append({each.id for each in event.items} <= set(house.held())))
    house.run(want_items=True)

    assert held and all(held)
    assert sum(len(event.items) for event in house.events if type(event) is ItemsSynced) == 9


class Listening(list):
    def __init__(self, hear) -> None:
        super().__init__()
        self.hear = hear

    def append(self, event) -> None:
        super().append(event)
        if type(event) is ItemsSynced:
            self.hear(event)


def test_unchanged_items_are_not_told(build):
    house = build("unordered", things=3)
    house.run()
    house.run(kind=FULL, want_items=True)

    assert house.of(ItemsSynced) == []


# Runner


def test_events_are_heard_in_one_thread_and_results_keep_their_order(build):
    houses = [build(things=3, options={"connector_id": f"c{number}"}) for number in range(3)]
    heard = []
    make = []
    for house in houses:

        def prepare(emit, stop, house=house):
            run = house.prepare(stop)
            run._emit = run._job.emit = emit
            return run

        make.append(prepare)
    results = run_all(make, jobs=3, stop=Stop(), listen=heard.append)

    assert [result.connector_id for result in results] == ["c0", "c1", "c2"]
    assert sum(type(event) is RunEnded for event in heard) == 3


def test_after_the_time_is_over_all_are_asked_to_stop(build):
    house = build("events", things=3)
    stop = Stop()
    house.world.at(3, lambda: stop.wait(30))
    results = run_all([lambda _emit, stop: house.prepare(stop)], jobs=1, stop=stop, listen=lambda _: None, timeout=0)

    assert (stop.reason, results[0].status) == (StopReason.TIMEOUT, Status.TRY_LATER)


def test_the_clock_of_a_run_is_the_one_that_was_handed_in(build, clock):
    house = build("events", things=1)
    clock.turn(days=-1000)
    house.run()

    (run,) = house.store.runs("c", 1)
    assert run.started_at == clock() == run.ended_at
    assert house.row().reconciled_at == clock() - timedelta(0)
