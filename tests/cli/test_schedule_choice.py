"""`schedule CONNECTOR…`: the same words as of `run` say whom it is about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aragora_sync.cli.beside import Webhooks
from aragora_sync.cli.common import Asked
from aragora_sync.cli.foreground import Turns
from aragora_sync.cli.planned import Plan
from aragora_sync.core.hints import Hint

from .conftest import Cli, Home
from .foreground import running

HOURLY = {"interval_hours": 1}


@pytest.fixture
def toys(home: Home) -> Home:
    home.toy("blocks", schedule=HOURLY)
    home.toy("marbles", schedule=HOURLY)
    home.toy("blocks", tenant="umbrella", schedule=HOURLY)
    home.toy("by-hand")
    home.toy("off", schedule=HOURLY, enabled=False)
    return home


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ((), {"acme/blocks", "acme/marbles", "umbrella/blocks"}),
        (("blocks",), {"acme/blocks", "umbrella/blocks"}),
        (("toy",), {"acme/blocks", "acme/marbles", "umbrella/blocks"}),
        (("blocks", "--tenant", "umbrella"), {"umbrella/blocks"}),
        (("marbles", "blocks", "--tenant", "acme"), {"acme/blocks", "acme/marbles"}),
    ],
)
def test_next_shows_what_was_named(toys: Home, cli: Cli, words: tuple[str, ...], chosen: set[str]) -> None:
    shown = cli("schedule", "next", *words, "--json").document["runs"]

    assert {f"{run['tenant']}/{run['connector']}" for run in shown} == chosen


def test_print_writes_what_was_named(toys: Home, cli: Cli) -> None:
    cron = cli("schedule", "print", "marbles", "--cron")
    service = cli("schedule", "print", "--systemd-service", "blocks", "--tenant", "umbrella")

    assert [line for line in cron.out.splitlines() if "aragora" in line and "run" in line] != []
    assert "marbles" in cron.out and "blocks" not in cron.out
    assert " schedule blocks --tenant umbrella --config " in service.out


@pytest.mark.parametrize("before", [("schedule",), ("schedule", "next"), ("schedule", "print", "--cron")])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("block", "unknown connector 'block'; did you mean 'blocks'?"),
        ("off", "connector off of tenant acme is disabled (connectors.yaml:"),
        ("by-hand", "connector by-hand of tenant acme has no schedule (connectors.yaml:"),
    ],
)
def test_who_cannot_be_meant_is_told(toys: Home, cli: Cli, before: tuple[str, ...], name: str, told: str) -> None:
    ended = cli(*before, "marbles", name)

    assert ended.exit_code == 2
    assert told in ended.err


def test_only_what_was_named_runs(toys: Home, command: Callable[..., list[str]], cli: Cli) -> None:
    with running(toys, command, "blocks", "--jobs", "2", "--tenant", "acme") as program:
        assert "1 connector by schedule" in program.told("READY=1")
        program.said(program.out, "blocks")
        assert program.end() == 0

    status = cli("status", "--json").document["connectors"]
    ran = {(one["tenant"], one["connector"]) for one in status if one["last_success_at"]}
    assert ran == {("acme", "blocks")}


def test_the_file_may_change_under_what_was_named(toys: Home) -> None:
    plan = Plan(Asked(), ["blocks"])
    toys.forget_connector("blocks")
    gone = plan.again()
    toys.toy("blocks", schedule=HOURLY)

    assert list(gone.schedules) == []
    assert list(gone.again().schedules) == [("acme", "blocks")]


def test_hints_of_a_connector_that_is_not_enabled_here_wait(toys: Home) -> None:
    plan = Plan(Asked(tenant="acme"), ["marbles"])
    webhooks = Webhooks(plan, "127.0.0.1:0", Turns())
    try:
        answers = [webhooks._handle("acme", each, (Hint(),)) for each in ("blocks", "off", "gone")]
        other_tenant = webhooks._handle("umbrella", "blocks", (Hint(),))
    finally:
        webhooks._service._queue.close()

    assert answers == [False, False, False]
    assert other_tenant is False


def test_help_names_connectors_and_commands(cli: Cli) -> None:
    told = cli("schedule", "--help").out

    assert "[CONNECTOR]... COMMAND" in told
    assert "Ids or types; all by default" in told
    assert "Shows what would run when." in told
