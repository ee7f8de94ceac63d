"""`run`: lines, JSON, exit codes, what was asked for, stopping."""

from __future__ import annotations

import re

import pytest

from aragora_sync.core.errors import StoreError
from aragora_sync.core.files import exclusive_lock, lock_path
from aragora_sync.store.base import RunRow
from aragora_sync.store.sqlite import SqliteStore, store_path

from .conftest import Cli, Home

KEYS = {
    "event", "tenant", "connector", "type", "status", "created", "updated", "unchanged", "skipped", "deleted",
    "failed", "swept", "streams", "failures_waiting", "seconds", "errors", "notes", "dry_run",
}  # fmt: skip
BOX = {"box": {"items": {"a": "one", "b": "two"}}}
LOGIN = {"box": {"raises": ["CredentialError", "the key was refused.", "aragora-sync oauth login toy"]}}
BROKEN = {"box": {"raises": ["SourceError", "the box is jammed.", "shake it"]}}
LATER = {"box": {"raises": ["TransientError", "the box is busy.", ""]}}


def test_a_line_for_each_connector_and_the_sum_last(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    home.toy("marbles", BROKEN)

    ended = cli("run", "--jobs", "1")

    assert re.sub(r"\d\.\ds", "0.0s", ended.out).splitlines() == [
        "acme  blocks         2 synced                                0.0s",
        "acme  marbles  failed",
        "  box: the box is jammed.",
        "    try: shake it",
        "",
        "1 of 2 connectors synced.",
    ]
    assert ended.err == ""


def test_json_lines_have_the_documented_keys(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)

    connector, done = cli("run", "--json").lines

    assert set(connector) == KEYS
    assert (connector["status"], connector["created"], connector["streams"]) == ("ok", 2, 1)
    assert done == {"event": "done", "exit_code": 0}


@pytest.mark.parametrize(
    ("worlds", "exit_code"),
    [
        ([BOX, BOX], 0),
        ([BROKEN, BROKEN], 1),
        ([BOX, BROKEN], 3),
        ([{**BOX, "jammed": BROKEN["box"]}], 3),
        ([{"box": {"items": {"a": "one"}, "failing": ["b"]}}], 3),
        ([LOGIN], 4),
        ([LATER], 75),
        ([LATER, LOGIN], 3),
    ],
)
def test_exit_code_tells_how_it_went(home: Home, cli: Cli, worlds: list[dict[str, object]], exit_code: int) -> None:
    for number, world in enumerate(worlds):
        home.toy(f"toy-{number}", world)

    assert cli("run").exit_code == exit_code


def test_mass_delete_is_refused_until_it_is_allowed(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"items": {str(number): "x" for number in range(30)}}})
    cli("run")
    home.change("blocks", {"box": {"items": {"0": "x"}}})

    refused = cli("run", "--reconcile")
    allowed = cli("run", "--allow-mass-delete")

    assert refused.exit_code == 5
    assert "refused to delete 29 of 30 items" in refused.out
    assert "try: look at the source; if they are really gone: aragora-sync run blocks" in refused.out
    assert allowed.exit_code == 0
    assert "29 deleted" in allowed.out


def test_second_run_of_the_same_connector_is_told_who_holds_it(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    with exclusive_lock(lock_path(store_path(home.stores, "acme"), "blocks", "acme"), "blocks"):
        ended = cli("run")

    assert ended.exit_code == 6
    assert "another run of blocks of tenant acme is under way (process " in ended.out


@pytest.mark.parametrize(("signal", "exit_code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_signal_stores_the_running_batch_and_ends(home: Home, cli: Cli, signal: str, exit_code: int) -> None:
    home.toy("blocks", {"box": {"items": {"a": "one"}, "signals": [signal]}})

    ended = cli("run", "--json")

    assert ended.exit_code == exit_code
    assert ended.lines[0]["status"] == "interrupted"
    assert ended.lines[0]["created"] >= 1
    assert "stopping after the running batch is stored" in ended.err


def test_second_signal_ends_at_once(home: Home, program: Cli) -> None:
    home.toy("blocks", {"box": {"items": {"a": "one"}, "signals": ["SIGINT", "SIGTERM"]}})

    ended = program("run")

    assert ended.exit_code == 143
    assert ended.out == ""


def test_timeout_says_try_later(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"items": {"a": "one"}, "signals": []}})

    ended = cli("run", "--timeout", "0", "--json")

    assert ended.exit_code == 75
    assert ended.lines[0]["status"] == "try later"


def test_dry_run_stores_nothing(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)

    ended = cli("run", "--dry-run")

    assert "2 would be synced" in ended.out
    assert ended.out.endswith("Dry run: nothing was stored.\n")
    assert not (home.folder / ".aragora").exists()


def test_dry_run_over_a_store_tells_what_would_change(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    cli("run")
    home.change("blocks", {"box": {"items": {"b": "two", "c": "three"}}})

    ended = cli("run", "--dry-run", "--reconcile", "--json")

    assert (ended.lines[0]["created"], ended.lines[0]["swept"], ended.lines[0]["dry_run"]) == (1, 1, True)
    assert [run.counts.created for run in _runs(home)] == [2]


def test_full_reads_everything_and_reconcile_compares(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    cli("run")
    home.change("blocks", {"box": {"items": {"a": "one"}}})

    assert cli("run", "--json").lines[0]["swept"] == 0
    assert cli("run", "--json", "--full").lines[0]["swept"] == 1


def test_items_are_read_alone(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    cli("run")
    home.change("blocks", {"box": {"items": {"a": "new", "b": "new"}}})

    ended = cli("run", "--item", "a", "--json")

    assert ended.lines[0]["updated"] == 1


def test_max_items_ends_well(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)

    ended = cli("run", "--max-items", "1", "--json")

    assert (ended.exit_code, ended.lines[0]["created"]) == (0, 1)


def test_search_index_is_filled_unless_left_for_later(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)

    cli("run", "--no-index")
    assert _hits(home) == 0

    cli("run")
    assert _hits(home) == 1


def test_index_that_cannot_be_written_does_not_hide_what_was_synced(
    home: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise StoreError("the disk is full.", hint="free some space and run again")

    monkeypatch.setattr(SqliteStore, "index", full)
    home.toy("blocks", BOX)

    ended = cli("run")

    assert ended.exit_code == 1
    assert ended.out.endswith("1 of 1 connector synced.\n")
    assert ended.err == "error: the disk is full.\n  try: free some space and run again\n"


def test_connector_that_cannot_be_built_does_not_stop_the_others(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    home.toy("marbles", BOX, colour="blue")

    ended = cli("run", "--json")

    assert {line["connector"]: line["status"] for line in ended.lines[:2]} == {"blocks": "ok", "marbles": "failed"}
    assert "RuntimeError: there is no blue paint" in ended.err


def test_provider_that_cannot_be_loaded_is_said_of_each_connector(home: Home, cli: Cli) -> None:
    home.top["credentials"] = {"provider": "no.such.module:Vault"}
    home.toy("blocks", BOX)

    ended = cli("run")

    assert ended.exit_code == 2
    assert "acme  blocks  misconfigured" in ended.out
    assert "the module 'no.such.module' cannot be imported" in ended.out


def test_damaged_store_of_one_tenant_leaves_the_others_alone(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX, tenant="acme")
    home.toy("marbles", BOX, tenant="umbrella")
    home.stores.mkdir(parents=True)
    store_path(home.stores, "acme").write_bytes(b"not a database" * 100)

    ended = cli("run", "--json")

    assert {line["connector"]: line["status"] for line in ended.lines[:2]} == {"blocks": "failed", "marbles": "ok"}


def test_a_bug_in_a_connector_is_shown_with_its_traceback(home: Home, cli: Cli) -> None:
    home.toy("blocks", {"box": {"bug": "left and right confused"}})

    ended = cli("run")

    assert ended.exit_code == 1
    assert "RuntimeError: left and right confused" in ended.err
    assert "This is a bug of aragora-sync" in ended.err


def test_quiet_tells_only_problems(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)

    assert cli("run", "-q").out == ""

    home.change("blocks", BROKEN)
    assert "the box is jammed" in cli("run", "-q").out


def test_verbose_logs_to_stderr(home: Home, cli: Cli) -> None:
    home.toy("blocks", LATER, max_retries=1, retry_delay=0)

    ended = cli("run", "-v")

    assert "aragora_sync.engine.sync: blocks box: the box is busy." in ended.err


def test_names_are_ids_or_types(home: Home, cli: Cli) -> None:
    home.toy("blocks", BOX)
    home.toy("marbles", BOX)

    assert [line.get("connector") for line in cli("run", "marbles", "--json").lines] == ["marbles", None]
    assert len(cli("run", "toy", "--json").lines) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["blcks"], "error: unknown connector 'blcks'; did you mean 'blocks'?\n  try: aragora-sync status\n"),
        (["--tenant", "acne"], "error: unknown tenant 'acne'; did you mean 'acme'?\n  try: aragora-sync status\n"),
        (["dusty"], "error: connector dusty of tenant acme is disabled ("),
        (["--full", "--reconcile"], "error: --full and --reconcile exclude each other"),
        (["--item", "a", "--full"], "error: --item reads single items"),
        (["--jobs", "0"], "error: invalid value for '--jobs'"),
    ],
)
def test_what_cannot_be_meant_is_explained(home: Home, cli: Cli, arguments: list[str], message: str) -> None:
    home.toy("blocks", BOX)
    home.toy("dusty", BOX, enabled=False)

    ended = cli("run", *arguments)

    assert ended.exit_code == 2
    assert ended.err.startswith(message)


def _runs(home: Home) -> list[RunRow]:
    store = SqliteStore(store_path(home.stores, "acme"), read_only=True)
    try:
        return list(store.runs("blocks", 10))
    finally:
        store.close()


def _hits(home: Home) -> int:
    store = SqliteStore(store_path(home.stores, "acme"), read_only=True)
    try:
        return len(store.search("two", limit=5))
    finally:
        store.close()
