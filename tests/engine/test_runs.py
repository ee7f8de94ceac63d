"""A run from outside: counts, stops, locks, the state file, dry runs, events."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync.core.errors import StateError, TransientError
from aragora_sync.core.files import exclusive_lock
from aragora_sync.engine.events import ItemsSynced, Progress, RunEnded, RunStarted, StreamEnded, StreamStarted
from aragora_sync.engine.result import Status
from aragora_sync.engine.run import lock_path
from aragora_sync.engine.runner import run_all
from aragora_sync.engine.stop import Stop, StopReason
from aragora_sync.store.overlay import Overlay
from aragora_sync.store.sqlite import SqliteStore

from ..world import MANNERS
from .house import FULL, RECONCILE, WatchedStop

spawn = multiprocessing.get_context("spawn")


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
    house = build(a="events", b="events")
    house.world.add("y", stream="b")
    house.run()
    stop = WatchedStop()
    house.world.at(3, lambda: stop.request(StopReason.INTERRUPT))
    house.run(stop)

    assert len(house.held("b")) == 1


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


# Locks


def _hold(path: Path, taken, release) -> None:
    with exclusive_lock(path, "c of tenant default"):
        taken.set()
        release.wait(60)


@pytest.mark.sleeps
def test_a_second_run_at_the_same_time_is_locked_out_and_names_the_holder(build):
    house = build(things=1)
    taken, release = spawn.Event(), spawn.Event()
    path = lock_path(house.path, "c", "default")
    holder = spawn.Process(target=_hold, args=(path, taken, release))
    holder.start()
    taken.wait(30)
    result = house.run()
    release.set()
    holder.join()

    assert (result.status, result.exit_code) == (Status.LOCKED, 6)
    assert f"process {holder.pid}" in result.errors[0]
    assert house.world.requests == []
    assert house.run().status is Status.OK


def test_a_holder_that_died_frees_the_lock(build):
    house = build(things=1)
    path = lock_path(house.path, "c", "default")
    child = os.fork()
    if child == 0:
        with exclusive_lock(path, "c"):
            os._exit(0)
    os.waitpid(child, 0)

    assert house.run().status is Status.OK


def test_two_connectors_of_one_tenant_run_at_once(build):
    first, second = build(things=30, options={"connector_id": "one"}), build(things=30, options={"connector_id": "two"})
    second.path, second._store = first.path, first.store
    make = [lambda _emit, stop, house=house: house.prepare(stop) for house in (first, second)]
    results = run_all(make, jobs=2, stop=Stop(), listen=lambda _event: None)
    second._store = None

    assert [result.status for result in results] == [Status.OK, Status.OK]
    assert first.store.totals("one").items == first.store.totals("two").items == 30


# The state file


def test_the_state_file_tells_the_outcome(build, clock):
    house = build("events", things=3)
    result = house.run()

    state = house.state.load()
    assert (state.status, state.items_synced, state.last_sync_at) == ("ok", result.items_synced, clock())
    assert state.cursors == {"s": house.row().cursor}
    assert state.last_item_id == house.world.parts["s"].named[-1]


def test_it_is_there_before_anything_is_read(build):
    house = build("events", things=3)
    found = []
    house.world.at(1, lambda: found.append(house.state.load().status))
    house.run()

    assert found == ["running"]


def test_a_removed_state_file_asks_for_a_full_pass(build):
    house = build("events", things=3)
    house.run()
    house.state.remove()
    house.run()

    assert [event.reading for event in house.of(StreamStarted)] == ["full"]
    assert house.state.load().status == "ok"


def test_removed_and_killed_at_once_it_still_is_a_full_pass(build):
    house = build("events", things=3, options={"max_retries": 0})
    house.run()
    house.state.remove()
    house.world.raises_at(3, TransientError("cut"))
    house.run()
    house.run()

    assert [event.reading for event in house.of(StreamStarted)] == ["full"]


def test_one_of_the_older_aragora_is_answered_with_a_full_pass(build):
    house = build("events", things=3)
    house.run()
    house.state.path.write_text('{"cursor": "abc"}')
    house.run()

    assert [event.reading for event in house.of(StreamStarted)] == ["full"]
    assert not house.state.load().legacy


def test_an_older_or_edited_state_file_changes_nothing(build):
    house = build("events", things=3)
    house.run()
    old = house.state.path.read_text()
    house.world.add("x")
    house.run()
    house.state.path.write_text(old.replace('"since"', '"until"'))
    house.run()

    assert house.reads() == [f"read s from {house.row().cursor}"]


def test_garbage_is_an_error_and_nothing_is_read(build):
    house = build("events", things=3)
    house.run()
    house.state.path.write_text("garbage")
    result = house.run()

    assert (result.status, house.world.requests) == (Status.FAILED, [])
    assert "reset" in result.stream_errors[0].hint
    with pytest.raises(StateError):
        house.state.load()


def test_a_deleted_store_is_filled_again(build):
    house = build("events", things=3)
    house.run()
    house.close()
    house.path.unlink()

    assert house.run().counts.created == 3


def test_runs_that_were_killed_are_marked_interrupted(build):
    house = build("events", things=3)
    house.store.begin_run("c")
    house.run()

    assert [run.status for run in house.store.runs("c", 5)] == ["ok", "interrupted"]


def test_a_bug_in_the_engine_is_recorded_in_the_history(build, monkeypatch):
    house = build("events", things=3)
    monkeypatch.setattr(house.kind, "streams", lambda self, stored: 1 / 0)
    house.run()

    (run,) = house.store.runs("c", 1)
    assert run.status == "failed"
    assert "ZeroDivisionError" in run.errors[0]


# Dry runs


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(build, manner, clock):
    house = build(manner, things=6)
    house.run()
    house.world.edit("i00", "new")
    house.world.remove("i01")
    house.world.add("x")
    house.world.add("y")
    house.world.parts["s"].things["y"].fails = True
    house.close()
    before = everything(house.folder)
    reader = SqliteStore(house.path, clock=clock, read_only=True)
    overlay = Overlay(reader, clock)
    dry = house.prepare(store=overlay, dry=True, kind=RECONCILE).sync()
    overlay.close()
    reader.close()

    assert {path: data for path, data in everything(house.folder).items() if "db-" not in path} == before
    real = house.run(kind=RECONCILE)
    assert (dry.counts, dry.status) == (real.counts, real.status)


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
