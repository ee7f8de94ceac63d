"""`hooks:` of the configuration: who is told how runs end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from aragora_sync.cli.hooks import HookListener
from aragora_sync.config import load_config
from aragora_sync.engine import hooks
from aragora_sync.engine.events import RunEnded
from aragora_sync.engine.hooks import Occasion, occasions_of
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.store.sqlite import SqliteStore, store_path

from ..fakes.web import Answer, Asked, FakeService, running
from .conftest import Cli, Home

BROKEN = {"box": {"raises": ["SourceError", "jammed.", ""]}}
SECRET = "T0K3N-of-the-channel"


class Ear(FakeService):
    """Remembers what it was told; refuses as often as `refusals` says."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []
        self.refusals: list[int] = []

    def answer(self, asked: Asked) -> Answer:
        if self.refusals:
            return Answer(self.refusals.pop())
        self.told.append((asked.method, asked.path, asked.json))
        return Answer(body=b"thank you")


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    monkeypatch.setattr(hooks, "WAITS_SECONDS", (0.0, 0.0))
    with running(Ear()) as service:
        yield service


def writing(home: Home, name: str, then: str = "") -> list[str]:
    """A command that writes down what it was told."""
    said = "os.environ['ARAGORA_HOOK_EVENT'] + ' ' + sys.stdin.read() + chr(10)"
    script = f"import os, sys; open({str(home.folder / name)!r}, 'a').write({said}); {then}"
    return [sys.executable, "-c", script]


def told(home: Home, name: str) -> list[tuple[str, Any]]:
    path = home.folder / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [(event, json.loads(message)) for event, _, message in (line.partition(" ") for line in lines)]


def test_failure_success_and_recovery_reach_their_targets(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {
        "on_failure": writing(home, "pager"),
        "on_success": f"{ear.url}/ping/{SECRET}",
        "on_recovery": writing(home, "pager"),
    }
    home.toy("blocks", BROKEN)
    cli("run")
    home.change("blocks", {"box": {"items": {"a": "one"}}})
    cli("run")
    cli("run")

    assert [event for event, _ in told(home, "pager")] == ["on_failure", "on_recovery"]
    ((_, failure), _) = told(home, "pager")
    assert (failure["connector"], failure["status"], failure["errors"]) == ("blocks", "failed", ["box: jammed."])
    assert [(method, path) for method, path, _ in ear.told] == [("POST", f"/ping/{SECRET}")] * 2
    assert ear.told[0][2]["created"] == 1


def test_recovery_is_told_once_though_a_run_was_killed_in_between(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {"on_recovery": writing(home, "pager")}
    home.toy("blocks", BROKEN)
    cli("run")
    with closing(SqliteStore(store_path(home.stores, "acme"))) as store:
        store.begin_run("blocks")
    home.change("blocks", {"box": {"items": {"a": "one"}}})
    cli("run")
    cli("run")

    assert [event for event, _ in told(home, "pager")] == ["on_recovery"]


@pytest.mark.parametrize("between", [Status.INTERRUPTED, Status.LOCKED])
def test_recovery_is_told_though_a_run_told_nothing_in_between(between: Status, home: Home, cli: Cli) -> None:
    home.top["hooks"] = {"on_recovery": writing(home, "pager")}
    home.toy("blocks")
    listener = HookListener(load_config(home.config, environ={}), home.stores)
    for status in (Status.FAILED, between, Status.OK, between, Status.OK):
        listener.hear(RunEnded(SyncResult("blocks", "acme", "toy", status)))
    listener.close()

    assert [event for event, _ in told(home, "pager")] == ["on_recovery"]


def test_address_is_asked_again_and_never_shown(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {"on_success": f"{ear.url}/ping/{SECRET}"}
    home.toy("blocks")
    ear.refusals = [503]
    assert cli("run").exit_code == 0
    assert len(ear.told) == 1

    ear.refusals = [403]
    refused = cli("run", "-v")

    assert refused.exit_code == 0
    assert "on_success could not be told" in refused.err
    assert SECRET not in refused.err


def test_address_that_does_not_answer_delays_the_end_only_once(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {"on_failure": f"{ear.url}/ping"}
    for number in range(20):
        home.toy(f"b{number}", BROKEN)
    ear.refusals = [503] * 1000

    ended = cli("run")

    assert re.search(r"the hooks do not answer: \d+ more could not be told", ended.err)
    assert ear.told == []


def test_command_is_started_again_and_its_last_word_is_told(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {"on_success": writing(home, "log", "sys.exit('no paper')"), "on_failure": ["/no/such/program"]}
    home.toy("blocks")
    home.toy("marbles", BROKEN)

    ended = cli("run")

    assert len(told(home, "log")) == 3
    assert "ended with 1: no paper" in ended.err
    assert "on_failure could not be told: /no/such/program cannot be started" in ended.err


def test_command_that_leaves_something_running_was_told_once(home: Home, cli: Cli, ear: Ear) -> None:
    script = f"cat >> {home.folder}/log; sleep 300 & echo $! > {home.folder}/pid"
    home.top["hooks"] = {"on_success": ["sh", "-c", script]}
    home.toy("blocks")
    try:
        ended = cli("run")

        assert ended.err == ""
        assert (home.folder / "log").read_text().count('"on_success"') == 1
    finally:
        os.kill(int((home.folder / "pid").read_text()), signal.SIGKILL)


def test_command_that_never_ends_is_ended_with_all_that_it_started(
    home: Home, cli: Cli, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "COMMAND_SECONDS", 0.5)
    monkeypatch.setattr(hooks, "WAITS_SECONDS", ())
    os.mkfifo(pipe := home.folder / "pipe")
    home.top["hooks"] = {"on_success": ["sh", "-c", f"sleep 300 > {pipe} & yes no >&2"]}
    home.toy("blocks")
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as held:
        ended = cli("run")
        os.set_blocking(held.fileno(), True)

        assert "did not end within" in ended.err
        assert held.read() == b""  # nobody holds the other end any more


def test_dry_run_tells_nobody(home: Home, cli: Cli, ear: Ear) -> None:
    home.top["hooks"] = {"on_success": f"{ear.url}/ping"}
    home.toy("blocks")
    cli("run", "--dry-run")

    assert ear.told == []


@pytest.mark.parametrize("value, message", [
    ([], "hooks: option 'on_failure': the command is empty"),
    ("page-me --now", "hooks: option 'on_failure' must be an address like https://…, or a command as a list"),
    ("http://example.com/hook", "hooks: option 'on_failure' is plain http"),
    (5, "hooks: option 'on_failure': expected a list, like [one, two], or text; put it in quotes\n"),
    (["page-me", 5], "hooks: option 'on_failure[1]': expected text; put it in quotes\n"),
])  # fmt: skip
def test_what_nobody_could_call_is_refused(value: Any, message: str, home: Home, cli: Cli) -> None:
    home.top["hooks"] = {"on_failure": value}
    home.toy("blocks")

    ended = cli("check")

    assert ended.exit_code == 2
    assert message in ended.err
    assert ended.err.count("error: ") == 1


def test_what_tells_nothing_is_no_occasion() -> None:
    assert occasions_of(Status.INTERRUPTED, "ok") == []
    assert occasions_of(Status.LOCKED, "failed") == []
    assert occasions_of(Status.OK, "") == [Occasion.SUCCESS]
    assert occasions_of(Status.PARTIAL, "ok") == [Occasion.FAILURE]
