"""A run among others: locks, the state file, the history, dry runs."""

from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from aragora_sync.core import files
from aragora_sync.core.errors import StateError, TransientError
from aragora_sync.core.files import exclusive_lock, lock_path
from aragora_sync.engine.events import StreamStarted
from aragora_sync.engine.result import Status
from aragora_sync.engine.runner import run_all
from aragora_sync.engine.stop import Stop
from aragora_sync.store.overlay import Overlay
from aragora_sync.store.sqlite import SqliteStore

from ..world import MANNERS
from .house import RECONCILE

spawn = multiprocessing.get_context("spawn")


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


def test_a_disk_without_room_for_the_lock_is_told_and_no_bug(build, monkeypatch):
    house = build(things=1)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "pwrite", full)
    result = house.run()
    monkeypatch.undo()

    assert (result.status, result.recorded) == (Status.FAILED, False)
    assert result.errors[0].endswith("c_default.lock: No space left on device.")
    assert "make room" in result.stream_errors[0].hint
    assert house.run().recorded


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
