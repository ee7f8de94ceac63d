"""The first run of a crontab line that was missed is made up, too: it is noted who waits for one, and since when."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync import SyncSchedule, SyncScheduler
from aragora_sync.core.files import write_atomically
from aragora_sync.engine import waiting as engine_waiting
from aragora_sync.engine.agenda import Agenda, LastRun
from aragora_sync.engine.waiting import FILE, FirstWaits, counted_from, waiting

from ..clock import FakeClock
from ..world import World
from ..world_connector import WorldConnector

NIGHTLY, HOURLY = SyncSchedule(cron="0 2 * * *"), SyncSchedule(interval_hours=1)
KEY, OTHER = ("acme", "docs"), ("acme", "other")


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.now = clock.now.replace(hour=1, minute=0, second=0, microsecond=0)
    return clock


def due(folder: Path, clock: FakeClock, schedule: SyncSchedule, runs: dict[tuple[str, str], LastRun] | None = None):
    """When a scheduler that begins now runs it."""
    schedules, ran, waits, agenda = {KEY: schedule}, runs or {}, FirstWaits(folder), Agenda()
    since = waits.since()
    waits.note(waiting(schedules, ran), clock(), ran)
    agenda.plan(schedules, counted_from(schedules, ran, since).get, clock())
    return agenda.next_due()


def test_the_first_time_that_was_missed_is_made_up_once(tmp_path: Path, clock: FakeClock) -> None:
    assert due(tmp_path, clock, NIGHTLY) == clock() + timedelta(hours=1)
    clock.turn(hours=3)
    assert due(tmp_path, clock, NIGHTLY) == clock()
    ran = {KEY: LastRun(clock())}
    clock.turn(hours=1)

    assert due(tmp_path, clock, NIGHTLY, ran) == clock() + timedelta(hours=21)


def test_nothing_is_due_before_its_first_time(tmp_path: Path, clock: FakeClock) -> None:
    due(tmp_path, clock, NIGHTLY)
    clock.turn(minutes=30)

    assert due(tmp_path, clock, NIGHTLY) == clock() + timedelta(minutes=30)


def test_what_never_ran_with_an_interval_is_due_at_once(tmp_path: Path, clock: FakeClock) -> None:
    assert due(tmp_path, clock, HOURLY) == clock()
    assert not (tmp_path / FILE).exists()


def test_what_was_noted_is_forgotten_when_it_ran_or_is_gone(tmp_path: Path, clock: FakeClock) -> None:
    waits = FirstWaits(tmp_path)
    waits.note([KEY, OTHER], clock(), [])
    later = clock() + timedelta(days=1)
    waits.note([OTHER], later, [KEY])

    assert waits.since() == {OTHER: clock()}
    waits.note([KEY], later, [])
    assert waits.since() == {KEY: later, OTHER: clock()}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"waiting_since": {"acme": "2026-01-01T00:00:00+00:00"}}']
    + [json.dumps({"waiting_since": {"acme/docs": moment}}) for moment in ("soon", 7, None, "2026-01-01T00:00:00")],
)
def test_a_file_that_says_nothing_useful_is_written_anew(tmp_path: Path, clock: FakeClock, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    assert due(tmp_path, clock, NIGHTLY) == clock() + timedelta(hours=1)
    assert FirstWaits(tmp_path).since() == {KEY: clock()}


def test_where_nothing_can_be_written_it_is_said(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    FirstWaits(tmp_path / "file").note([KEY], clock(), [])

    assert "a first run that is missed is not made up" in caplog.text


def test_two_schedulers_that_note_at_once_lose_nothing(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = threading.Thread(target=lambda: FirstWaits(tmp_path).note([OTHER], clock(), []))

    def write(path: Path, text: str) -> None:
        monkeypatch.undo()
        other.start()
        other.join(0.1)  # it waits for this one to end, or would be overwritten
        write_atomically(path, text)

    monkeypatch.setattr(engine_waiting, "write_atomically", write)
    FirstWaits(tmp_path).note([KEY], clock(), [])
    other.join()

    assert FirstWaits(tmp_path).since() == {KEY: clock(), OTHER: clock()}


def test_a_program_makes_up_a_first_run(tmp_path: Path, clock: FakeClock) -> None:
    world = World(box="updated")
    connector = WorldConnector(world=world, connector_id="docs", store=tmp_path / "store", state_dir=tmp_path / "state")
    before = _ran(SyncScheduler(clock=clock), connector, lambda: True)
    clock.turn(days=1)
    after = _ran(SyncScheduler(clock=clock), connector, lambda: bool(world.requests))

    assert (before, after) == (0, 1)


def _ran(scheduler: SyncScheduler, connector: WorldConnector, done: Callable[[], bool]) -> int:
    """How many runs there were when it is done."""
    scheduler.add_connector(connector, NIGHTLY)
    with scheduler:
        patience, pause = 1500, threading.Event()
        while not done() and (patience := patience - 1):
            pause.wait(0.02)
    return len(scheduler.get_history("docs"))
