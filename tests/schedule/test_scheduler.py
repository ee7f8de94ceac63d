"""The loop with threads, and the scheduler of programs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aragora_sync import SyncSchedule, SyncScheduler
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.agenda import Key
from aragora_sync.engine.events import Emit, Event, RunEnded
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.scheduler import Scheduler
from aragora_sync.engine.stop import Stop, StopReason

from ..clock import FakeClock
from ..world import World
from ..world_connector import WorldConnector

PATIENCE = 30.0  # seconds, on a machine with a lot to do
HOURLY = SyncSchedule(interval_hours=1)


class Work:
    """Each run is announced and goes on until it is let go, or stopped."""

    def __init__(self) -> None:
        self.started: queue.Queue[Key] = queue.Queue()
        self.slow: dict[Key, threading.Event] = {}
        self.stopped: list[StopReason | None] = []

    def __call__(self, key: Key, emit: Emit, stop: Stop) -> SyncResult:
        self.started.put(key)
        if key[1].startswith("broken"):
            raise RuntimeError("no such thing")
        if key in self.slow and not self.slow[key].is_set():
            stop.wait(PATIENCE)
            self.stopped.append(stop.reason)
        result = SyncResult(key[1], key[0], "toy")
        emit(RunEnded(result))
        return result

    def next(self) -> Key:
        return self.started.get(timeout=PATIENCE)


@contextmanager
def running(work: Work, names: list[str], clock: FakeClock, **options: Any) -> Iterator[Scheduler]:
    scheduler = Scheduler(work, clock=clock, **options)
    scheduler.plan({("acme", name): HOURLY for name in names}, lambda _key: None)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        scheduler.request(StopReason.TERMINATE)
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_runs_when_due_and_again_after_the_interval(clock: FakeClock) -> None:
    work = Work()
    with running(work, ["a"], clock) as scheduler:
        assert work.next() == ("acme", "a")
        clock.turn(minutes=59)
        scheduler.wake()
        assert work.started.empty()
        clock.turn(minutes=2)
        scheduler.wake()

        assert work.next() == ("acme", "a")


def test_one_slow_connector_starves_nobody(clock: FakeClock) -> None:
    work = Work()
    work.slow["acme", "a-slow"] = threading.Event()
    names = ["a-slow", *(f"b{number}" for number in range(50))]
    with running(work, names, clock, jobs=2):
        assert {work.next()[1] for _ in names} == set(names)
    assert work.stopped == [StopReason.TERMINATE]


def test_timeout_ends_a_slow_run_so_that_others_have_their_turn(clock: FakeClock) -> None:
    work = Work()
    work.slow["acme", "a-slow"] = threading.Event()
    with running(work, ["a-slow", "b"], clock, jobs=1, timeout=0.0):
        assert [work.next()[1], work.next()[1]] == ["a-slow", "b"]
    assert work.stopped == [StopReason.TIMEOUT]


def test_bug_in_one_run_is_told_and_stops_no_other(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    work, heard = Work(), queue.Queue[Event]()
    with running(work, ["broken", "c"], clock, jobs=1, listen=heard.put):
        first, second = (heard.get(timeout=PATIENCE) for _ in range(2))

    assert isinstance(first, RunEnded) and first.result.status is Status.FAILED
    assert isinstance(second, RunEnded) and second.result.success
    assert "broken of tenant acme ended unexpectedly" in caplog.text


def test_services_live_as_long_as_the_schedules(clock: FakeClock) -> None:
    told: list[str] = []

    class Listener:
        def start(self, scheduler: Scheduler) -> None:
            told.append("started")
            scheduler.run_soon(("acme", "a"))

        def stop(self) -> None:
            told.append("stopped")

    work = Work()
    with running(work, ["a"], clock, services=[Listener()]):
        assert [work.next(), work.next()] == [("acme", "a")] * 2  # by schedule, and because somebody asked
    assert told == ["started", "stopped"]


def test_stop_from_outside_is_heard_before_the_loop_began(clock: FakeClock) -> None:
    scheduler = Scheduler(Work(), clock=clock)
    scheduler.request(StopReason.TERMINATE)

    scheduler.run()


# For programs


@pytest.fixture
def world() -> World:
    world = World(box="updated")
    world.add("a")
    return world


@pytest.fixture
def make(tmp_path: Path, world: World) -> Callable[..., WorldConnector]:
    def made(name: str = "docs", **options: Any) -> WorldConnector:
        places = {"store": tmp_path / "store", "state_dir": tmp_path / "state"}
        return WorldConnector(world=world, connector_id=name, **places, **options)

    return made


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives as soon as that is something."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE * 50)):
        if found := condition():
            return found
        waiting.wait(0.02)
    raise AssertionError("it never came")


def ended(scheduler: SyncScheduler, runs: int) -> Callable[[], Any]:
    def look() -> Any:
        history = scheduler.get_history()
        return history if len([entry for entry in history if entry.ended_at]) >= runs else None

    return look


def test_program_syncs_by_itself_and_tells_its_history(make: Callable[..., WorldConnector]) -> None:
    scheduler, docs = SyncScheduler(), make()
    scheduler.add_connector(docs, interval_hours=1)
    assert scheduler.get_history(docs.connector_id) == []

    with scheduler:
        (entry,) = until(ended(scheduler, 1))

    assert (entry.connector_id, entry.tenant_id, entry.items_synced, entry.status) == ("docs", "default", 1, "ok")
    assert not [thread for thread in threading.enumerate() if thread.name == "scheduler"]


def test_program_started_again_doubles_nothing(make: Callable[..., WorldConnector]) -> None:
    docs, other = make(), make("other")
    docs.sync()
    with SyncScheduler() as scheduler:
        scheduler.add_connector(docs, SyncSchedule(interval_hours=1))
        scheduler.add_connector(other, SyncSchedule(interval_hours=1))
        history = until(ended(scheduler, 2))

    assert [entry.connector_id for entry in history] == ["other", "docs"]
    assert [entry.connector_id for entry in scheduler.get_history(limit=1)] == ["other"]
    assert len(scheduler.get_history("docs")) == 1


def test_program_may_ask_for_a_run(make: Callable[..., WorldConnector]) -> None:
    docs = make()
    docs.sync()
    with SyncScheduler() as scheduler:
        scheduler.add_connector(docs, cron="0 0 1 1 *")
        scheduler.run_soon(docs)

        assert len(until(ended(scheduler, 2))) == 2


def test_run_forever_ends_when_it_is_stopped(make: Callable[..., WorldConnector]) -> None:
    scheduler = SyncScheduler()
    scheduler.add_connector(make(), interval_minutes=5)
    thread = threading.Thread(target=scheduler.run_forever)
    thread.start()
    until(ended(scheduler, 1))
    scheduler.stop()
    thread.join(PATIENCE)

    assert not thread.is_alive()


def test_stop_waits_for_run_forever_too(make: Callable[..., WorldConnector]) -> None:
    scheduler, docs = SyncScheduler(), make()
    begun, may_end = threading.Event(), threading.Event()
    docs.on_item_synced(lambda _item: (begun.set(), may_end.wait(PATIENCE)))
    scheduler.add_connector(docs, interval_minutes=5)
    forever = threading.Thread(target=scheduler.run_forever)
    forever.start()
    assert begun.wait(PATIENCE)
    stopping = threading.Thread(target=scheduler.stop)
    stopping.start()
    stopping.join(0.2)
    waited = stopping.is_alive()
    may_end.set()
    stopping.join(PATIENCE)
    forever.join(PATIENCE)

    assert waited
    assert [entry.ended_at is not None for entry in scheduler.get_history()] == [True]


def test_stop_may_be_called_where_it_runs_forever(make: Callable[..., WorldConnector], monkeypatch: Any) -> None:
    """As a signal handler does."""
    scheduler = SyncScheduler()
    scheduler.add_connector(make(), interval_minutes=5)
    monkeypatch.setattr(Scheduler, "run", lambda _self: scheduler.stop())

    scheduler.run_forever()


def test_started_twice_or_added_twice_is_refused(make: Callable[..., WorldConnector]) -> None:
    scheduler, docs = SyncScheduler(), make()
    scheduler.add_connector(docs, interval_hours=1)
    scheduler.add_connector(docs, interval_hours=2)
    with pytest.raises(ConfigError, match="was added before"):
        scheduler.add_connector(make(), interval_hours=1)
    with pytest.raises(ConfigError, match="not both"):
        scheduler.add_connector(docs, SyncSchedule(interval_hours=1), interval_hours=1)
    with scheduler, pytest.raises(ConfigError, match="runs already"):
        scheduler.start()


def test_scheduler_that_would_never_run_anything_is_refused() -> None:
    with pytest.raises(ConfigError, match="would never run anything"):
        SyncScheduler(jobs=0)


def test_connector_that_was_taken_out_is_not_started(make: Callable[..., WorldConnector], clock: FakeClock) -> None:
    docs, other = make(), make("other")
    with SyncScheduler(clock=clock) as scheduler:
        scheduler.add_connector(docs, interval_hours=1)
        until(ended(scheduler, 1))
        scheduler.remove_connector(docs)
        clock.now += timedelta(hours=2)
        scheduler.add_connector(other, interval_hours=1)
        until(ended(scheduler, 1))
        scheduler.add_connector(docs, cron="0 0 1 1 *")

    assert len(scheduler.get_history("docs")) == 1
