"""What a person types wrongly at the first try, and what is said of it."""

from __future__ import annotations

import logging
import socket
from contextlib import closing
from typing import Any

import pytest

from aragora_sync.cli.logs import AGAIN_SECONDS, warned_of
from aragora_sync.core.seldom import Seldom

from .conftest import Cli, Home

HOURLY = {"interval_hours": 1}


@pytest.mark.parametrize(
    "schedule, why",
    [
        ({"interval_hours": 9_999_999_999}, "option 'interval_hours' must be at most 87600"),
        ({"interval_minutes": 1e12}, "option 'interval_minutes' must be at most 5256000"),
        ({"cron": "0 2 30 2 *"}, "option 'cron': this day never comes"),
        ({"cron": "0 2 32 1 *"}, "option 'cron': the day of the month cannot be understood"),
        ({"cron": "0 2 * * 9"}, "option 'cron': the day of the week cannot be understood"),
    ],
)
def test_a_schedule_that_nobody_can_mean_is_explained(schedule: dict[str, Any], why: str, home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=schedule)

    ended = cli("schedule", "next")

    assert ended.exit_code == 2
    assert why in ended.err


def test_a_reconcile_in_a_million_years_is_refused(home: Home, cli: Cli) -> None:
    home.toy("blocks", reconcile_every=1e15)

    ended = cli("run")

    assert ended.exit_code == 2
    assert "option 'reconcile_every' must be at most 87600" in ended.err


@pytest.mark.parametrize("age", ["1e15", "inf"])
def test_an_age_beyond_all_calendars_is_a_wrong_command_line(age: str, home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)

    assert cli("status", "--check", "--max-age", age).exit_code == 2


def test_a_monitor_that_forgot_check_hears_of_it(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)

    ended = cli("status", "--max-age", "4")

    assert ended.exit_code == 2
    assert "--check" in ended.err


def test_plain_http_of_a_hook_names_no_option_that_is_not_there(home: Home, cli: Cli) -> None:
    home.top["hooks"] = {"on_success": "http://hc.example.com/ping"}
    home.toy("blocks")

    ended = cli("check")

    assert "plain http" in ended.err
    assert "use https\n" in ended.err


def test_help_of_schedule_tells_what_happens_to_missed_runs_and_to_its_file(cli: Cli) -> None:
    out = " ".join(cli("schedule", "--help").out.split())

    assert "missed while it did not run is made up once" in out
    assert "read again when it changes and on SIGHUP" in out


@pytest.mark.parametrize(
    "address, hint",
    [
        ("192.0.2.7:8090", "name an address of this machine"),
        ("127.0.0.1:{taken}", "end what listens there already"),
    ],
)
def test_where_nobody_can_listen_the_advice_is_about_why(address: str, hint: str, home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ended = cli("schedule", "--listen", address.format(taken=taken.getsockname()[1]))

    assert ended.exit_code == 2
    assert f"try: {hint}" in ended.err


def test_a_public_address_is_told_without_the_path_that_is_put_behind_it(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)

    ended = cli("schedule", "--listen", "127.0.0.1:0", "--public-url", "https://sync.example.com/webhooks/")

    assert ended.exit_code == 2
    assert "try: --public-url https://sync.example.com\n" in ended.err


def test_a_watch_without_the_channel_that_would_tell_says_so(home: Home, cli: Cli) -> None:
    home.add("acme", {"type": "postgresql", "id": "rows", "database": "myapp", "host": "127.0.0.1", "port": 9})

    ended = cli("run", "--watch")

    assert ended.exit_code == 4
    assert "rows of tenant acme is only read from time to time, as its option 'notify_channel' is not set" in ended.err


def test_nothing_to_watch_and_no_schedule_names_both_ways_out(home: Home, cli: Cli) -> None:
    home.add("acme", {"type": "postgresql", "id": "rows", "database": "myapp"})

    ended = cli("schedule", "--watch")

    assert ended.exit_code == 2
    assert "write `schedule: {interval_hours: 1}` below one of them, or set its option 'notify_channel'" in ended.err


def test_files_for_another_user_name_what_lies_in_your_home(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)

    mine = cli("schedule", "print", "--systemd-service", "--user", "nobody-else-here")

    assert f"{home.stores}, {home.states}, {home.config}: in your home, where nobody-else-here perhaps" in mine.err
    assert mine.exit_code == 0


def test_what_a_connector_warns_of_in_each_run_is_told_once_a_day() -> None:
    now = [0.0]
    repeated = Seldom(AGAIN_SECONDS, warned_of, lambda: now[0])

    def passes(name: str, text: str, level: int = logging.WARNING) -> bool:
        return bool(repeated.filter(logging.LogRecord(name, level, "", 0, "%s", (text,), None)))

    mongodb, engine = "aragora_sync.connectors.mongodb", "aragora_sync.engine.hooks"

    assert [passes(mongodb, "no replica set"), passes(mongodb, "no replica set")] == [True, False]
    assert passes(mongodb, "not encrypted")
    assert [passes(engine, "could not be told"), passes(engine, "could not be told")] == [True, True]
    now[0] = AGAIN_SECONDS
    assert passes(mongodb, "no replica set")
