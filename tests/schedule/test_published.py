"""Who asks what runs next is told what the process that runs it plans, as long as there is one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aragora_sync import SyncSchedule, SyncScheduler
from aragora_sync.engine import published
from aragora_sync.engine.agenda import Agenda, LastRun
from aragora_sync.engine.published import FOLDER, PlanTeller, PublishedPlans

from ..clock import FakeClock
from ..world import World
from ..world_connector import WorldConnector
from .test_scheduler import ended, until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURLY, NIGHTLY = SyncSchedule(interval_hours=1), SyncSchedule(cron="0 2 * * *")
A, B = ("acme", "a"), ("acme", "b")


@pytest.fixture
def tellers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PlanTeller]]:
    """Two processes with schedules for the same stores, neither of which ever rests."""
    monkeypatch.setattr(published, "REST", 0)
    tellers = [PlanTeller(lambda _key: tmp_path) for _ in range(2)]
    yield tellers
    for teller in tellers:
        teller.close()


def due(folder: Path, key: tuple[str, str] = A, schedule: SyncSchedule = HOURLY) -> datetime | None:
    return PublishedPlans(folder).due(key, schedule, NOW)


def test_what_is_planned_is_told_and_what_changes_is_told_again(tmp_path: Path, tellers: list[PlanTeller]) -> None:
    for minutes in (5, 7):
        tellers[0].tell(lambda at=NOW + minutes * MINUTE: {A: (HOURLY, at)})
        assert due(tmp_path) == NOW + minutes * MINUTE

    assert due(tmp_path, B) is None
    assert due(tmp_path, A, NIGHTLY) is None  # the file says something else now, and nobody read that yet
    assert due(tmp_path, A, SyncSchedule(interval_minutes=60)) == NOW + 7 * MINUTE


def test_what_is_late_is_due_now(tmp_path: Path, tellers: list[PlanTeller]) -> None:
    tellers[0].tell(lambda: {A: (HOURLY, NOW - MINUTE)})

    assert due(tmp_path) == NOW


def test_of_two_processes_the_one_that_comes_first_counts(tmp_path: Path, tellers: list[PlanTeller]) -> None:
    tellers[0].tell(lambda: {A: (HOURLY, NOW + 9 * MINUTE), B: (NIGHTLY, NOW + HOUR)})
    tellers[1].tell(lambda: {A: (HOURLY, NOW + 3 * MINUTE)})
    assert due(tmp_path) == NOW + 3 * MINUTE
    tellers[1].close()

    assert due(tmp_path) == NOW + 9 * MINUTE
    assert due(tmp_path, B, NIGHTLY) == NOW + HOUR


def test_what_a_dead_process_planned_is_not_believed_and_cleared_away(
    tmp_path: Path, tellers: list[PlanTeller]
) -> None:
    tellers[0].tell(lambda: {A: (HOURLY, NOW + MINUTE)})
    (living,) = (tmp_path / FOLDER).iterdir()
    dead = living.with_name("dead.json")
    dead.write_text(living.read_text().replace('"acme/a"', '"acme/b"'))
    assert (due(tmp_path), due(tmp_path, B)) == (NOW + MINUTE, None)
    tellers[1].tell(lambda: {B: (HOURLY, NOW)})

    assert living.exists() and not dead.exists()


@pytest.mark.parametrize(
    "document", [[], 7, {"due": 1}, {"due": {"x": 1}}, {"due": {"x": {"acme": "soon"}}}, {"due": {"x": {"a/b": None}}}]
)
def test_a_file_that_says_nothing_useful_is_passed_over(
    tmp_path: Path, tellers: list[PlanTeller], document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_text", lambda _plans: json.dumps(document))
    tellers[0].tell(lambda: {B: (HOURLY, NOW)})
    monkeypatch.undo()
    tellers[1].tell(lambda: {A: (HOURLY, NOW + MINUTE)})

    assert due(tmp_path) == NOW + MINUTE


def test_where_nothing_can_be_written_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    teller = PlanTeller(lambda _key: tmp_path)
    for minutes in range(3):
        teller._rests_until = 0.0
        teller.tell(lambda at=NOW + minutes * MINUTE: {A: (HOURLY, at)})
    teller.close()

    assert caplog.text.count("what runs next is told to nobody") == 1
    assert due(tmp_path) is None


def test_many_changes_cost_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes a hundredth of a second here, and one second passes until the next."""
    moment, looked = [0.0], []
    monkeypatch.setattr(published, "time", SimpleNamespace(monotonic=lambda: moment[0]))

    def look() -> dict[Any, Any]:
        looked.append(moment[0])
        moment[0] += 0.01
        return {A: (HOURLY, NOW + len(looked) * MINUTE)}

    teller = PlanTeller(lambda _key: tmp_path)
    for tick in range(1000):
        moment[0] = max(moment[0], tick / 100)
        teller.tell(look)
    assert due(tmp_path) == NOW + len(looked) * MINUTE
    teller.close()

    assert 9 <= len(looked) <= 11


def test_no_descriptor_is_left_open(tmp_path: Path, tellers: list[PlanTeller]) -> None:
    tellers[0].tell(lambda: {A: (HOURLY, NOW)})
    before = len(os.listdir("/proc/self/fd"))
    for minutes in range(1, 20):
        tellers[0].tell(lambda at=NOW + minutes * MINUTE: {A: (HOURLY, at)})
        due(tmp_path)

    assert len(os.listdir("/proc/self/fd")) <= before


def test_what_runs_is_expected_after_the_moment_that_it_runs_for() -> None:
    agenda = Agenda()
    agenda.plan({A: HOURLY, B: HOURLY}, {A: LastRun(NOW - HOUR), B: LastRun(NOW)}.get, NOW - MINUTE)
    assert list(agenda.take(NOW + MINUTE, 9)) == [A]
    assert agenda.expected() == {A: (HOURLY, NOW + HOUR), B: (HOURLY, NOW + HOUR)}
    agenda.run_soon(A, NOW + MINUTE)

    assert agenda.expected()[A][1] <= NOW + MINUTE


def test_a_program_tells_what_it_plans_too(tmp_path: Path) -> None:
    world = World(box="updated")
    docs = WorldConnector(world=world, connector_id="docs", store=tmp_path / "store", state_dir=tmp_path / "state")
    key, scheduler = (docs.tenant_id, "docs"), SyncScheduler()
    scheduler.add_connector(docs, HOURLY)
    with scheduler:
        began = until(ended(scheduler, 1))[0].started_at
        told = until(lambda: due(tmp_path / "store", key))

    assert began - MINUTE < told - HOUR <= began
    assert due(tmp_path / "store", key) is None


def test_a_machine_that_slept_tells_what_it_plans_once_it_is_awake(tmp_path: Path, clock: FakeClock) -> None:
    world = World(box="updated")
    docs = WorldConnector(world=world, connector_id="docs", store=tmp_path / "store", state_dir=tmp_path / "state")
    scheduler = SyncScheduler(clock=clock)

    def told() -> datetime | None:
        return PublishedPlans(tmp_path / "store").due((docs.tenant_id, "docs"), HOURLY, clock())

    scheduler.add_connector(docs, HOURLY)
    with scheduler:
        until(ended(scheduler, 1))
        until(lambda: told() == clock() + HOUR)
        clock.turn(hours=17, minutes=13)

        until(lambda: told() == clock() + HOUR)
        until(ended(scheduler, 2))
