"""`schedule` and `schedule next`."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import weakref
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import pytest
import time_machine

from aragora_sync.cli.common import Asked
from aragora_sync.cli.foreground import Housekeeping
from aragora_sync.cli.planned import ConfigFile, Plan
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.events import RunEnded
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.scheduler import Scheduler
from aragora_sync.engine.stop import Stop, StopReason
from aragora_sync.store.sqlite import SqliteStore, store_path

from ..clock import FakeClock
from ..kill.desk import soak_size
from .conftest import Cli, Home
from .foreground import running

HOURLY = {"interval_hours": 1}
MEGABYTE = 1_000_000


@pytest.fixture
def foreground(home: Home, command: Callable[..., list[str]]) -> Callable[..., Any]:
    return partial(running, home, command)


def memory() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def runs(home: Home, connector: str, tenant: str = "acme") -> int:
    with closing(SqliteStore(store_path(home.stores, tenant), read_only=True)) as store:
        return len(store.runs(connector, 1000))


def test_it_runs_what_is_due_follows_its_file_and_ends_well(home: Home, foreground: Callable[..., Any]) -> None:
    home.toy("blocks", schedule=HOURLY)
    home.toy("by-hand")
    with foreground("--metrics-textfile", "sync.prom") as program:
        assert "1 connector by schedule" in program.told("READY=1")
        assert "acme  blocks        1 synced" in program.said(program.out, "blocks")
        program.told("WATCHDOG=1")

        home.toy("marbles", schedule=HOURLY)
        assert "MONOTONIC_USEC=" in program.told("RELOADING=1")
        assert "2 connectors by schedule" in program.told("READY=1")
        program.said(program.out, "marbles")

        well = home.config.read_text()
        home.config.write_text("tenants: [")
        program.said(program.err, "error: connectors.yaml:")
        program.said(program.err, "The schedules of before go on.")
        program.told("STATUS=connectors.yaml cannot be used; the schedules of before go on")
        home.config.unlink()
        home.config.mkdir()
        program.said(program.err, "error: connectors.yaml: this is a folder; name the file in it")
        program.told("STATUS=connectors.yaml cannot be used; the schedules of before go on")
        home.config.rmdir()
        program.said(program.err, "error: connectors.yaml: there is no such file")
        program.told("STATUS=connectors.yaml cannot be used; the schedules of before go on")
        home.config.write_text(well)
        program.said(program.err, "was read again: 2 connectors by schedule")
        program.process.send_signal(signal.SIGHUP)
        program.said(program.err, "was read again: 2 connectors by schedule")

        assert program.end() == 0
        program.told("STOPPING=1")
    figures = (home.folder / "sync.prom").read_text()
    assert 'aragora_sync_last_run_ok{tenant="acme",connector="marbles",type="toy"} 1' in figures
    assert "by-hand" not in figures
    assert (runs(home, "blocks"), runs(home, "marbles")) == (1, 1)
    with closing(SqliteStore(store_path(home.stores, "acme"), read_only=True)) as store:
        assert store.runs("by-hand", 1) == []


def test_started_again_it_doubles_nothing_and_makes_up_what_was_interrupted(
    home: Home, foreground: Callable[..., Any]
) -> None:
    home.toy("blocks", schedule=HOURLY)
    home.toy("endless", {"box": {"items": {"a": "one"}, "signals": ["SIGUSR1"]}}, schedule=HOURLY)
    signals_are_ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with foreground() as program:
            program.said(program.out, "blocks")
            assert program.end() == 0
        home.change("endless", {"box": {"items": {"a": "one"}}})
        with foreground("--json") as program:
            ended = json.loads(program.said(program.out, "connector"))
            assert program.end(signal.SIGINT) == 130
    finally:
        signal.signal(signal.SIGUSR1, signals_are_ignored)

    assert (ended["connector"], ended["status"]) == ("endless", "ok")
    assert (runs(home, "blocks"), runs(home, "endless")) == (1, 2)


def test_a_first_run_that_was_missed_is_made_up(home: Home, foreground: Callable[..., Any], cli: Cli) -> None:
    home.toy("nightly", schedule={"cron": "0 2 * * *"})
    home.toy("ignored", schedule={"cron": "0 2 * * *"}, enabled=False)
    with foreground() as program:
        program.told("READY=1")
        assert program.end() == 0
    note = home.stores / "schedule.json"
    waiting = json.loads(note.read_text())["waiting_since"]
    earlier = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    note.write_text(json.dumps({"waiting_since": {"acme/nightly": earlier, "acme/ignored": earlier}}))
    planned = cli("schedule", "next", "--json", "--count", "1").document["runs"][0]["at"]
    status = cli("status", "--json").document["connectors"][0]["next_run_at"]
    with foreground() as program:
        program.said(program.out, "nightly")
        assert program.end() == 0
    with foreground() as program:
        program.told("READY=1")
        assert program.end() == 0

    assert list(waiting) == ["acme/nightly"]
    assert datetime.fromisoformat(planned) <= datetime.now(UTC)
    assert datetime.fromisoformat(status) <= datetime.now(UTC)
    assert (runs(home, "nightly"), json.loads(note.read_text())["waiting_since"]) == (1, {})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_next_tells_what_the_program_does_as_long_as_it_runs(
    home: Home, foreground: Callable[..., Any], cli: Cli, number: int
) -> None:
    """Who runs it by hand does not move what is planned; where nothing runs, it is counted from that run."""
    home.toy("blocks", schedule=HOURLY)

    def told_next() -> list[datetime]:
        first = cli("schedule", "next", "--json", "--count", "1").document["runs"][0]["at"]
        return [datetime.fromisoformat(at) for at in (first, standing()["next_run_at"])]

    def standing() -> Any:
        return cli("status", "--json").document["connectors"][0]

    began = datetime.now(UTC)
    later = began + timedelta(minutes=30)
    with foreground() as program:
        program.said(program.out, "blocks")
        with time_machine.travel(later, tick=False):
            cli("run", "blocks")
            while_it_runs = told_next()
            program.end(number)
            after = told_next()

    assert all(moment < later + timedelta(minutes=45) for moment in while_it_runs)
    assert all(moment > later + timedelta(minutes=59) for moment in after)


def test_without_a_schedule_it_says_what_to_write(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles", schedule=HOURLY, enabled=False)

    ended = cli("schedule")

    assert ended.exit_code == 2
    assert "no enabled connector of connectors.yaml has a schedule" in ended.err
    assert "try: write `schedule: {interval_hours: 1}`" in ended.err


def test_next_shows_what_would_run_when(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    home.toy("nightly", schedule={"cron": "30 2 * * *", "timezone": "Europe/Berlin"})
    cli("run", "blocks")

    document = cli("schedule", "next", "--json", "--count", "30").document
    lines = cli("schedule", "next", "--count", "30").out.splitlines()

    moments = [(datetime.fromisoformat(run["at"]), run["connector"]) for run in document["runs"]]
    assert moments == sorted(moments)
    assert min(at for at, connector in moments if connector == "blocks") - datetime.now(UTC) > timedelta(minutes=50)
    assert {run["connector"] for run in document["runs"]} == {"blocks", "nightly"}
    assert len(lines) == 30
    assert any("02:30 CE" in line and line.endswith("acme  nightly") for line in lines)


def test_options_before_a_subcommand_are_refused(home: Home, cli: Cli) -> None:
    ended = cli("schedule", "--config", "other.yaml", "next")

    assert ended.exit_code == 2
    assert "--config must stand after `next`" in ended.err


@pytest.mark.parametrize(
    "number", [60, pytest.param(soak_size(500, 5_000), marks=[pytest.mark.soak, pytest.mark.timeout(1800)])]
)
def test_many_connectors_leave_no_threads_and_no_files_open(home: Home, number: int) -> None:
    """Built when due, closed after: what is open does not grow with the number of connectors."""
    home.change("world", {"box": {"items": {"a": "one"}}})
    for each in range(number):
        entry = {"type": "toy", "id": f"c{each}", "world": "world.json", "schedule": HOURLY}
        home.tenants.setdefault(f"t{each % 20}", []).append(entry)
    home.write()
    plan, clock = Plan(Asked()), FakeClock()
    ended: list[RunEnded] = []
    most = {"files": 0, "threads": 0}

    def listen(event: Any) -> None:
        if not isinstance(event, RunEnded):
            return
        ended.append(event)
        most["files"] = max(most["files"], len(list(Path("/proc/self/fd").iterdir())))
        most["threads"] = max(most["threads"], threading.active_count())
        if len(ended) == number:
            most["memory"] = memory()
            clock.turn(hours=1)  # all are due once more
        if len(ended) == 2 * number:
            scheduler.request(StopReason.TERMINATE)

    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    scheduler = Scheduler(plan.sync, jobs=4, listen=listen, clock=clock)
    scheduler.plan(plan.schedules, lambda _key: None)
    scheduler.run()

    assert len(ended) == 2 * number
    assert all(event.result.success for event in ended)
    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) <= before
    assert memory() - most["memory"] < 16 * MEGABYTE
    assert most["files"] <= before[0] + 40
    assert most["threads"] <= before[1] + 4 * 2


def test_print_writes_files_or_refuses_all_that_cannot_be_told(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    home.toy("bricks", schedule={"interval_minutes": 7})
    home.toy("nightly", schedule={"cron": "30 2 * * *", "timezone": "Europe/Berlin"})

    refused = cli("schedule", "print", "--systemd")
    home.forget_connector("nightly")
    written = cli("schedule", "print", "--systemd", "--output", "units")
    cron = cli("schedule", "print", "--cron")
    service = cli("schedule", "print", "--systemd-service", "--user", "sync")
    nothing = cli("schedule", "print", "--systemd", "--cron")
    imageless = cli("schedule", "print", "--k8s")

    assert refused.exit_code == 2
    assert refused.err.count("cannot be told to systemd") == 1
    assert "nightly of tenant acme cannot be told to systemd: on 20" in refused.err
    assert written.exit_code == 0
    assert len(list((home.folder / "units").iterdir())) == 4
    assert "bricks of tenant acme cannot be told to cron: its interval divides neither" in cron.err
    assert "User=sync" in service.out and "Type=notify" in service.out
    assert "say what to print: one of --systemd, --systemd-service, --cron, --k8s" in nothing.err
    assert "--k8s needs the container image" in imageless.err


def test_what_a_run_left_behind_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aragora_sync.cli.foreground.HOUSEKEEPING_SECONDS", 0.0)
    housekeeping, scheduler = Housekeeping(), Scheduler(lambda *_: SyncResult("", "", ""))

    def left_behind() -> weakref.ref[Any]:
        one: Any = type("Left", (), {})()
        one.self = one
        return weakref.ref(one)

    gc.disable()  # nobody else may find it
    try:
        left = left_behind()
        housekeeping.hear(RunEnded(SyncResult("c", "t", "", Status.OK)))
        housekeeping.tick(scheduler)
    finally:
        gc.enable()

    assert left() is None


def test_where_nothing_ran_nothing_is_tidied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aragora_sync.cli.foreground.HOUSEKEEPING_SECONDS", 0.0)
    monkeypatch.setattr("aragora_sync.cli.foreground.give_back_memory", lambda: pytest.fail("nothing ran"))
    housekeeping = Housekeeping()
    for _ in range(3):
        housekeeping.tick(Scheduler(lambda *_: SyncResult("", "", "")))


def test_many_runs_are_tidied_up_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    moment, tidied = [0.0], []
    monkeypatch.setattr("aragora_sync.cli.foreground.time", SimpleNamespace(monotonic=lambda: moment[0]))
    monkeypatch.setattr("aragora_sync.cli.foreground.give_back_memory", lambda: tidied.append(moment[0]))
    housekeeping, scheduler = Housekeeping(), Scheduler(lambda *_: SyncResult("", "", ""))

    for second in range(130):
        moment[0] = float(second)
        for _ in range(10 if second < 8 else second == 8):
            housekeeping.hear(RunEnded(SyncResult("c", "t", "", Status.OK)))
        housekeeping.tick(scheduler)

    assert tidied == [3.0, 6.0, 66.0]


def test_a_broken_provider_keeps_nothing_of_the_runs_that_met_it(home: Home) -> None:
    home.top["credentials"] = {"provider": "no.such.module:Vault"}
    home.toy("blocks", {"box": {}}, schedule=HOURLY)
    plan = Plan(Asked())

    def kept() -> int:
        assert plan.sync(("acme", "blocks"), lambda _event: None, Stop()).status is Status.MISCONFIGURED
        gc.collect()
        return sum(isinstance(each, TracebackType) for each in gc.get_objects())

    first = kept()

    assert [kept() for _ in range(3)] == [first] * 3


def test_where_the_file_is_gone_another_one_does_not_take_its_place(home: Home) -> None:
    home.toy("blocks", schedule=HOURLY)
    plan = Plan(Asked())
    usual = home.folder / ".aragora" / "connectors.yaml"
    usual.parent.mkdir(exist_ok=True)
    home.config.rename(usual)

    with pytest.raises(ConfigError, match="there is no such file"):
        plan.again()


def test_a_file_that_may_not_be_read_any_more_is_noticed(home: Home) -> None:
    home.toy("blocks")
    file = ConfigFile(Asked())
    home.config.chmod(0o000)

    assert [file.changed() for _ in range(4)] == [False, True, False, False]
