"""`status` for a person at midnight, `status --check` for monitoring."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
import time_machine

from aragora_sync.core.files import lock_path
from aragora_sync.store.base import WATCHING
from aragora_sync.store.sqlite import SqliteStore, store_path

from .conftest import Cli, Home

HOURLY = {"interval_hours": 1}
LOGIN = {"box": {"raises": ["CredentialError", "the key was refused.", ""]}}
BROKEN = {"box": {"raises": ["SourceError", "jammed.", ""]}}


def test_next_run_is_told(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    cli("run")

    out = cli("status").out

    assert "  next run in 59 minutes, 20" in out
    assert "UTC, by schedule" in out
    assert "next run now, by schedule" not in out


def test_next_run_is_told_as_the_schedule_has_it_though_single_items_were_read_meanwhile(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        cli("run")
    with time_machine.travel("2026-03-02T12:50:00Z", tick=False):
        assert cli("run", "--item", "a").exit_code == 0

        assert "  next run in 10 minutes, 2026-03-02 13:00" in cli("status").out


@pytest.mark.parametrize(
    "world, lives, exit_code", [({"box": {}}, True, 0), ({"box": {}}, False, 1), (BROKEN, True, 1)]
)
def test_what_is_watched_is_fresh_though_no_run_was_due(
    world: dict[str, Any], lives: bool, exit_code: int, home: Home, cli: Cli
) -> None:
    home.toy("blocks", world, schedule=HOURLY)
    path = store_path(home.stores, "acme")
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        cli("run")
        with closing(SqliteStore(path)) as store:
            store.begin_run("blocks", WATCHING)
    if not lives:
        lock_path(path, "blocks", "acme").unlink()  # as where the process that signed it is gone
    with time_machine.travel("2026-03-02T17:00:00Z", tick=False):
        assert cli("status", "--check").exit_code == exit_code
        assert cli("status", "--check", "--max-age", "1").exit_code == exit_code
        assert ("watching" in cli("status").out) == lives


def test_failing_one_tells_since_when_and_what_to_do(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")
    home.change("blocks", BROKEN)
    cli("run")

    out = cli("status").out

    assert "  last success a moment ago\n" in out
    assert "  try: aragora-sync run blocks --tenant acme -v\n" in out


def test_login_is_asked_for(home: Home, cli: Cli) -> None:
    home.toy("blocks", LOGIN)
    cli("run")

    assert "  try: aragora-sync check blocks --tenant acme\n" in cli("status").out


def test_check_tells_what_is_wrong_with_files_and_what_to_do(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles")
    cli("run", "blocks")
    (home.states / "blocks_acme.json").write_text("{")

    ended = cli("status", "--check")

    assert ended.exit_code == 1
    assert "blocks_acme.json is not valid JSON.\n" in ended.out
    assert "  try: aragora-sync reset blocks --tenant acme\n" in ended.out
    assert "  try: aragora-sync run marbles --tenant acme\n" in ended.out


CASES: list[tuple[dict[str, Any], int]] = [
    ({"a": {}, "b": {}}, 0),
    ({"a": {}, "b": BROKEN}, 3),
    ({"a": BROKEN, "b": BROKEN}, 1),
    ({"a": {}, "b": BROKEN, "c": LOGIN}, 4),
]


@pytest.mark.parametrize("worlds, exit_code", CASES, ids=lambda each: str(each)[:40])
def test_check_tells_by_its_exit_code(worlds: dict[str, Any], exit_code: int, home: Home, cli: Cli) -> None:
    for name, world in worlds.items():
        home.toy(name, world or None)
    home.toy("off", BROKEN, enabled=False)
    cli("run")

    ended = cli("status", "--check")

    assert ended.exit_code == exit_code
    fresh = [name for name, world in worlds.items() if not world]
    assert ended.out.splitlines()[-1] == f"{len(fresh)} of {len(worlds)} connectors fresh."
    assert cli("status", "--check", "--json").document["exit_code"] == exit_code


def test_two_missed_runs_make_it_stale(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    home.toy("by-hand")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        cli("run")
        clock.shift(2 * 3600)
        assert cli("status", "--check").exit_code == 0
        clock.shift(3600)
        ended = cli("status", "--check")

    assert ended.exit_code == 3
    assert "acme  blocks  stale  last success 3 hours ago" in ended.out
    assert "try: see that `aragora-sync schedule` runs, or: aragora-sync run blocks --tenant acme" in ended.out


def test_age_may_decide_instead_of_the_schedule(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        cli("run")
        clock.shift(26 * 3600)

        assert cli("status", "--check", "--max-age", "27").exit_code == 0
        assert cli("status", "--check", "--max-age", "25").exit_code == 1


def test_what_never_ran_is_stale(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    ended = cli("status", "--check")

    assert ended.exit_code == 1
    assert "blocks  stale  no success yet" in ended.out


def test_what_cannot_even_be_built_any_more_is_not_well(home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    home.toy("blocks")
    cli("run")
    monkeypatch.setenv("ARAGORA_TOY_COLOUR", "blue")
    cli("run", "--dry-run")
    assert cli("status", "--check").exit_code == 0
    cli("run")

    ended = cli("status", "--check")
    assert ended.exit_code == 1
    assert "blocks  failing" in ended.out
