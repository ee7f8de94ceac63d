"""`reset`: shows, asks, forgets."""

from __future__ import annotations

import io
import json
import sys

import pytest

from aragora_sync.core.files import exclusive_lock, lock_path
from aragora_sync.store.sqlite import store_path

from .conftest import Cli, Home

BOXES = {"box": {"items": {"a": "one"}}, "chest": {"items": {"b": "two", "c": "three"}}}


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def synced(home: Home, cli: Cli) -> Home:
    home.toy("blocks", BOXES)
    cli("run")
    return home


def test_shows_what_is_forgotten_and_refuses_where_nobody_can_be_asked(synced: Home, cli: Cli) -> None:
    ended = cli("reset", "blocks", "--stream", "box")

    assert ended.exit_code == 2
    assert "blocks of tenant acme forgets how far it was read in 1 stream:\n  Box box  cursor {'toys': 1}" in ended.err
    assert ended.err.endswith("  try: aragora-sync reset blocks --tenant acme --stream 'box' --yes\n")


@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_asks_on_a_terminal(
    synced: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch, answer: str, exit_code: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))

    ended = cli("reset", "blocks")

    assert ended.exit_code == exit_code
    assert "Go on? [y/N] " in ended.err
    assert _cursors(cli)["box"] == (None if exit_code == 0 else {"toys": 1})


def test_items_are_kept_and_the_next_run_is_full(synced: Home, cli: Cli) -> None:
    ended = cli("reset", "blocks", "--yes", "--json")

    assert ended.document == {"tenant": "acme", "connector": "blocks", "streams": ["box", "chest"], "removed": 0}
    assert cli("status", "--json").document["connectors"][0]["items"] == 3
    assert json.loads((synced.states / "blocks_acme.json").read_text())["cursors"] == {"box": None, "chest": None}
    assert "the next run makes a full pass" in cli("status").out


def test_one_stream_leaves_the_other_alone(synced: Home, cli: Cli) -> None:
    cli("reset", "blocks", "--stream", "box", "--yes")

    assert _cursors(cli) == {"box": None, "chest": {"toys": 2}}


def test_purge_removes_the_items_too(synced: Home, cli: Cli) -> None:
    ended = cli("reset", "blocks", "--purge", "--yes")

    assert "All 3 items are removed." in ended.err
    assert ended.out == "blocks of tenant acme: progress of 2 streams forgotten, 3 items removed.\n"
    assert not (synced.states / "blocks_acme.json").exists()
    assert cli("run", "--json").lines[0]["created"] == 3


def test_purge_of_one_stream(synced: Home, cli: Cli) -> None:
    assert cli("reset", "blocks", "--purge", "--stream", "chest", "--yes", "--json").document["removed"] == 2
    assert cli("status", "--json").document["connectors"][0]["items"] == 1


def test_connector_that_is_no_longer_configured(synced: Home, cli: Cli) -> None:
    synced.toy("marbles")
    synced.forget_connector("blocks")

    assert cli("reset", "blocks", "--purge", "--yes", "--json").document["removed"] == 3


def test_unknown_stream_is_explained(synced: Home, cli: Cli) -> None:
    ended = cli("reset", "blocks", "--stream", "chset", "--yes")

    assert ended.exit_code == 2
    assert "unknown stream 'chset'; did you mean 'chest'?" in ended.err


def test_a_name_that_means_several_is_explained(synced: Home, cli: Cli) -> None:
    synced.toy("blocks", BOXES, tenant="umbrella")

    ended = cli("reset", "blocks", "--yes")

    assert ended.exit_code == 2
    assert "'blocks' can mean blocks (tenant acme), blocks (tenant umbrella)." in ended.err


def test_a_run_under_way_is_not_disturbed(synced: Home, cli: Cli) -> None:
    with exclusive_lock(lock_path(store_path(synced.stores, "acme"), "blocks", "acme"), "blocks"):
        ended = cli("reset", "blocks", "--yes")

    assert ended.exit_code == 6
    assert "another run of blocks of tenant acme is under way" in ended.err


def test_state_file_without_a_store_is_cured(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.states.mkdir(parents=True)
    state = home.states / "blocks_acme.json"
    state.write_text("garbage", encoding="utf-8")

    assert cli("reset", "blocks", "--yes").exit_code == 0
    assert not state.exists()


def _cursors(cli: Cli) -> dict[str, object]:
    (connector,) = cli("status", "blocks", "--json").document["connectors"]
    return {row["stream"]: row["cursor"] for row in connector["streams"]}
