"""`run --watch`: goes on until it is stopped, and tells what is new."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from aragora_sync.cli.building import interval_of
from aragora_sync.cli.display import JsonLines, Lines
from aragora_sync.engine.events import Event, Resting, RunEnded, RunStarted, StreamStarted, Watched
from aragora_sync.engine.result import Status, StreamError, SyncResult
from aragora_sync.store.base import Counts

from .conftest import Cli, Home
from .test_display import rows_after

WATCHING = StreamStarted("acme", "blocks", "box", "Box of blocks", "watching")


def ended(status: Status = Status.OK, error: str = "", **counts: int) -> RunEnded:
    errors = [StreamError("", error, "", status)] if error else []
    return RunEnded(SyncResult("blocks", "acme", "toy", status, Counts(**counts), errors))


def shown(capfd: pytest.CaptureFixture[str], *events: Event, quiet: bool = False) -> list[str]:
    display = Lines((4, 6), dry_run=False, quiet=quiet, watch=True)
    for event in events:
        display.hear(event)
    return [" ".join(line.split()[2:4]) for line in capfd.readouterr().out.splitlines() if line.startswith("acme")]


# What is shown


def test_runs_that_found_nothing_are_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    assert shown(capfd, ended(), ended(), ended(unchanged=5), ended(created=2), ended()) == ["0 synced", "2 synced"]


def test_a_problem_is_told_when_it_begins_changes_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    down = ended(Status.TRY_LATER, "down")
    events = [down, down, ended(Status.FAILED, "broken"), ended(), ended()]

    assert shown(capfd, *events) == ["try later", "failed", "0 synced"]
    assert shown(capfd, *events, ended(created=1), quiet=True) == ["try later", "failed", "0 synced"]


def test_programs_are_told_of_each_batch(capfd: pytest.CaptureFixture[str]) -> None:
    JsonLines((4, 6), dry_run=False, quiet=False, watch=True).hear(
        Watched("acme", "blocks", "box", Counts(updated=3), 0.25)
    )

    line = json.loads(capfd.readouterr().out)
    assert (line["event"], line["stream"], line["updated"], line["lag_seconds"]) == ("watched", "box", 3, 0.25)


def test_rows_show_the_latest_change_and_how_late_it_was() -> None:
    assert rows_after(WATCHING)[0].endswith("watching        0 items")
    (line,) = rows_after(WATCHING, Watched("acme", "blocks", "box", Counts(updated=1), 0.21), seconds=4)

    assert line.endswith("last change 4 s ago, stored 0.2 s after the edit")


def test_rows_show_when_it_reads_again() -> None:
    resting = Resting("acme", "blocks", 60)

    assert rows_after(resting, seconds=20) == ["acme  blocks    reads again in 40 s"]
    assert rows_after(resting, RunStarted("acme", "blocks")) == []


# What is asked for


@pytest.mark.parametrize("option", [["--item", "a"], ["--dry-run"], ["--max-items", "5"]])
def test_what_is_for_one_run_is_refused(home: Home, cli: Cli, option: list[str]) -> None:
    home.toy("blocks")

    refused = cli("run", "--watch", *option)

    assert refused.exit_code == 2
    assert "--watch" in refused.err


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [({}, 60), ({"interval_hours": 2}, 7200), ({"interval_minutes": 5}, 300), ({"cron": "0 2 * * *"}, 60)],
)
def test_how_often_one_is_read_that_cannot_tell(schedule: dict[str, Any], seconds: int) -> None:
    assert interval_of(schedule).total_seconds() == seconds


# The program itself


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_goes_on_until_it_is_stopped(
    home: Home, cli: Cli, command: Callable[..., list[str]], number: int, exit_code: int
) -> None:
    home.toy("blocks")
    home.toy("marbles", {"box": {"raises": ["CredentialError", "the key was refused.", "log in"]}})
    arguments = command("run", "--watch", "--json", "--jobs", "1")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=home.folder) as process:
        assert process.stdout is not None
        waited_for = {"blocks", "marbles"}
        for line in map(json.loads, process.stdout):
            waited_for.discard(line.get("connector"))
            if not waited_for:
                break
        another = cli("run", "blocks")
        process.send_signal(number)
        done = [json.loads(line) for line in process.stdout][-1]

    assert another.exit_code == 6
    assert done["exit_code"] == process.returncode == exit_code
