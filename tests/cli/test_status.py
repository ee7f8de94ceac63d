"""`status`: everything that can be known without asking the source."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from aragora_sync.core.source import Stream
from aragora_sync.core.subscription import Subscription
from aragora_sync.serve.channel_notes import ChannelNote, ChannelNotes
from aragora_sync.store.sqlite import SqliteStore, store_path

from .conftest import Cli, Home

KEYS = {
    "tenant", "connector", "type", "configured", "enabled", "status", "last_sync_at", "items", "skipped",
    "failures_waiting", "errors", "streams", "legacy_state", "problems", "history", "last_success_at", "next_run_at",
    "lag_seconds", "health", "push_channel",
}  # fmt: skip


def test_before_the_first_run_nothing_is_made(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    ended = cli("status")

    assert ended.exit_code == 0
    assert ended.out.splitlines()[0].split() == ["acme", "blocks", "never", "synced", "0", "items"]
    assert "  try: aragora-sync run blocks --tenant acme" in ended.out
    assert not (home.folder / ".aragora").exists()


def test_one_line_for_each_connector(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles", tenant="umbrella", enabled=False)
    cli("run")

    blocks, marbles = cli("status").out.splitlines()

    assert blocks.startswith("acme      blocks   ok  ")
    assert blocks.endswith("UTC          1 item")
    assert "never synced, disabled" in marbles


def test_document_has_the_documented_keys(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")

    (connector,) = cli("status", "--json", "--history", "1").document["connectors"]

    assert set(connector) == KEYS
    assert (connector["status"], connector["items"], connector["configured"]) == ("ok", 1, True)
    assert connector["streams"][0]["cursor"] == {"toys": 1}
    assert connector["history"][0]["created"] == 1


def test_history_shows_the_latest_runs(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    for _ in range(3):
        cli("run")

    lines = cli("status", "--history", "2").out.splitlines()

    assert len(lines) == 3
    assert lines[1].split()[-1] == "ok"


def test_failures_open_passes_and_lost_access_are_told(home: Home, cli: Cli) -> None:
    boxes = {
        "broken": {"items": {"a": "one"}, "failing": ["b"]},
        "locked": {"raises": ["AccessError", "the box has a lock.", "ask for the key"]},
    }
    home.toy("blocks", boxes)
    cli("run")

    out = cli("status").out

    assert "1 item could not be read; later runs ask again" in out
    assert "Box locked: access is lost: the box has a lock." in out
    assert "Box locked: a reconcile pass is open since" in out


def test_refused_sweep_is_told_until_it_went_through(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"items": {str(number): "x" for number in range(30)}}})
    cli("run")
    home.change("blocks", {"box": {"items": {}}})
    cli("run", "--reconcile")

    assert "refused to delete 30 of 30 items; they are kept" in cli("status").out

    cli("run", "--allow-mass-delete")
    assert "refused" not in cli("status").out


def test_what_is_no_longer_configured_is_still_shown(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles")
    cli("run")
    home.forget_connector("marbles")

    assert "marbles  ok, not configured" in cli("status").out
    assert cli("status", "marbles", "--json").document["connectors"][0]["configured"] is False


def test_state_file_of_the_older_aragora_is_recognised(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.states.mkdir(parents=True)
    old = {"cursor": "abc", "last_sync_at": "2025-03-01T08:00:00+00:00"}
    (home.states / "blocks_acme.json").write_text(json.dumps(old), encoding="utf-8")

    ended = cli("status")

    assert ended.exit_code == 0
    assert "an older Aragora that synced at 2025-03-01 08:00 UTC; the next run reads everything" in ended.out


def test_unreadable_state_file_is_told_with_its_cure_and_hides_nothing(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles")
    cli("run")
    (home.states / "blocks_acme.json").write_text('{"version": 1, "curs', encoding="utf-8")

    ended = cli("status")

    assert ended.exit_code == 1
    assert "marbles  ok" in ended.out
    assert "blocks_acme.json is not valid JSON.\n  try: aragora-sync reset blocks --tenant acme\n" in ended.err

    assert cli("reset", "blocks", "--tenant", "acme", "--yes").exit_code == 0
    assert cli("status").exit_code == 0


def test_damaged_store_is_told_and_hides_nothing(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles", tenant="umbrella")
    cli("run")
    store_path(home.stores, "acme").write_bytes(b"not a database" * 100)

    ended = cli("status")

    assert ended.exit_code == 1
    assert "marbles  ok" in ended.out
    assert "acme.db is damaged" in ended.err


def test_damaged_store_of_a_tenant_that_is_no_longer_configured_is_told(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles", tenant="umbrella")
    cli("run")
    home.tenants.pop("umbrella")
    home.write()
    store_path(home.stores, "umbrella").write_bytes(b"not a database" * 100)

    ended = cli("status")

    assert ended.exit_code == 1
    assert "blocks  ok" in ended.out
    assert "umbrella.db is damaged" in ended.err
    assert "umbrella.db is damaged" in cli("status", "--json").document["problems"][0]["message"]
    assert cli("status", "--tenant", "acme").exit_code == 0


def test_cursors_only_when_verbose(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")

    assert "cursor" not in cli("status").out
    assert 'Box box: cursor {"toys": 1}' in cli("status", "-v").out


def test_quiet_shows_only_trouble(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    home.toy("marbles", {"box": {"raises": ["SourceError", "jammed.", ""]}})
    cli("run")

    out = cli("status", "-q").out

    assert "marbles" in out
    assert "blocks" not in out


def test_titles_cannot_write_to_the_terminal(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")
    store = SqliteStore(store_path(home.stores, "acme"))
    store.note_access("blocks", Stream("box", "\x1b]0;owned\x07\x1b[2J"), "gone.")
    store.close()

    out = cli("status").out

    assert "\x1b" not in out
    assert "\ufffd]0;owned" in out


def test_a_push_channel_that_fails_has_lapsed_or_waits_is_told(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    cli("run")
    url = "https://sync.example.com/webhooks/acme/blocks"
    notes, long_ago = ChannelNotes(home.stores), datetime(2020, 1, 1, tzinfo=UTC)
    note = ChannelNote("acme", "blocks", url, Subscription(url), long_ago, tried_at=long_ago)
    notes.save(note)
    assert "push" not in cli("status").out
    assert f"pushed to {url}" in cli("status", "-v").out
    notes.save(replace(note, current=Subscription(url, waits_for="a handshake")))
    assert "its push channel waits for a handshake" in cli("status").out
    lapsed = replace(note, current=Subscription(url, {"id": "1"}, long_ago))
    notes.save(replace(lapsed, failures=1, problem="the box says no.", hint="ask again"))

    told = cli("status", "-q").out
    assert "its push channel fails: the box says no." in told
    assert "try: ask again" in told
    assert "its push channel ended at 2020-01-01 00:00 UTC; schedules alone find what changes" in told
    (connector,) = cli("status", "--json").document["connectors"]
    assert connector["push_channel"] == {
        "url": url,
        "made_at": "2020-01-01T00:00:00+00:00",
        "expires_at": "2020-01-01T00:00:00+00:00",
        "lapsed": True,
        "waits_for": "",
        "problem": "the box says no.",
        "hint": "ask again",
    }


def test_a_damaged_note_of_a_push_channel_is_told_with_its_path(home: Home, cli: Cli) -> None:
    home.toy("blocks")
    notes = ChannelNotes(home.stores)
    notes.save(ChannelNote("acme", "blocks", "https://x"))
    notes.path("acme", "blocks").write_text("[]")

    ended = cli("status")
    assert ended.exit_code == 1
    assert str(notes.path("acme", "blocks")) in ended.err
