"""`search`, `export`, `backup`, `restore`: what a store gives and takes back."""

from __future__ import annotations

import csv
import io
import json

import pytest

from aragora_sync.core.files import exclusive_lock, lock_path
from aragora_sync.store.base import Entry
from aragora_sync.store.sqlite import SqliteStore, store_path

from .conftest import Cli, Home

BOX = {"box": {"items": {"a": "red apple", "b": "=green pear"}}}


@pytest.fixture
def synced(home: Home, cli: Cli) -> Home:
    home.toy("blocks", BOX)
    cli("run", "--no-index")
    return home


def test_search_finishes_the_index_first(synced: Home, cli: Cli) -> None:
    ended = cli("search", "apple")

    assert ended.out == "Toy a  (blocks, toy)\n  red [apple]\n  a\n"
    assert ended.exit_code == 0


def test_search_for_programs(synced: Home, cli: Cli) -> None:
    document = cli("search", "pear", "--json", "--connector", "blocks", "--kind", "toy", "--limit", "1").document

    assert [hit["id"] for hit in document["hits"]] == ["b"]
    assert cli("search", "pear", "--json", "--kind", "page").document["hits"] == []


def test_search_that_finds_nothing_says_so_aside(synced: Home, cli: Cli) -> None:
    ended = cli("search", "plum")

    assert (ended.exit_code, ended.out, ended.err) == (0, "", "Nothing was found.\n")


def test_search_in_a_store_that_cannot_be_written(synced: Home, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("search", "apple")
    monkeypatch.setattr(SqliteStore, "index", _refuse)

    ended = cli("search", "apple")

    assert "red [apple]" in ended.out
    assert ended.err.startswith("What the latest runs brought may be missing: cannot write")


def test_among_several_tenants_one_must_be_named(synced: Home, cli: Cli) -> None:
    synced.toy("marbles", BOX, tenant="umbrella")

    ended = cli("search", "apple")

    assert ended.exit_code == 2
    assert ended.err == "error: there are several tenants: acme, umbrella.\n  try: name one with --tenant\n"
    assert cli("search", "apple", "--tenant", "acme").exit_code == 0


def test_tenant_without_a_store(home: Home, cli: Cli) -> None:
    home.toy("blocks")

    ended = cli("search", "apple")

    assert ended.exit_code == 1
    assert ended.err.endswith("acme.db does not exist.\n  try: aragora-sync run\n")


def test_stores_are_read_without_a_configuration(synced: Home, cli: Cli) -> None:
    synced.config.unlink()

    assert cli("search", "apple").exit_code == 0
    assert cli("export").out.count("\n") == 2


def test_export_as_json_lines(synced: Home, cli: Cli) -> None:
    ended = cli("export")

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert [(row["tenant"], row["connector"], row["id"], row["content"], row["deleted"]) for row in rows] == [
        ("acme", "blocks", "a", "red apple", False),
        ("acme", "blocks", "b", "=green pear", False),
    ]
    assert rows[0]["metadata"] == {}
    assert ended.err.startswith("position: ")


def test_export_of_what_changed_tells_what_is_gone(synced: Home, cli: Cli) -> None:
    position = cli("export").err.removeprefix("position: ").strip()
    synced.change("blocks", {"box": {"items": {"b": "yellow pear"}}})
    cli("run", "--full")

    *rows, last = cli("export", "--since", position, "--json").lines

    assert {row["id"]: row["deleted"] for row in rows} == {"a": True, "b": False}
    assert set(last) == {"position"}
    assert cli("export", "--since", last["position"]).out == ""


def test_export_as_csv_changes_no_cell(synced: Home, cli: Cli) -> None:
    position = cli("export", "--output", "first.jsonl").err.removeprefix("position: ").strip()
    rows = list(csv.DictReader(io.StringIO(cli("export", "--format", "csv").out)))

    assert [(row["id"], row["content"], row["deleted"]) for row in rows] == [
        ("a", "red apple", "false"),
        ("b", "=green pear", "false"),
    ]
    assert list(rows[0]) == ["tenant", *Entry.__slots__, "deleted"]

    synced.change("blocks", {"box": {"items": {"b": "=green pear"}}})
    cli("run", "--full")
    gone = list(csv.DictReader(io.StringIO(cli("export", "--format", "csv", "--since", position).out)))
    assert [(row["id"], row["content"], row["deleted"]) for row in gone] == [("a", "", "true")]


def test_exported_file_is_for_its_owner_and_whole(synced: Home, cli: Cli) -> None:
    cli("export", "-o", "items.jsonl")
    file = synced.folder / "items.jsonl"

    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) == 2
    assert list(synced.folder.glob(".items*")) == []


def test_unknown_position_names_the_way_back(synced: Home, cli: Cli) -> None:
    ended = cli("export", "--since", "feed:12")

    assert ended.exit_code == 1
    assert ended.err.startswith("error: the change feed cannot go on from 'feed:12'")
    assert "`aragora-sync export`" in ended.err


def test_json_line_is_kept_out_of_csv(synced: Home, cli: Cli) -> None:
    assert cli("export", "--format", "csv", "--json").exit_code == 2
    assert set(cli("export", "--format", "csv", "--json", "-o", "x.csv").document) == {"position"}


def test_export_to_nowhere(synced: Home, cli: Cli) -> None:
    ended = cli("export", "-o", "no/such/file")

    assert ended.exit_code == 1
    assert ended.err == "error: cannot write no/such/file: No such file or directory.\n  try: choose another place\n"


def test_restored_store_goes_on_where_the_backup_was_made(synced: Home, cli: Cli) -> None:
    assert cli("backup", "acme.backup", "--json").document["path"] == "acme.backup"
    cli("reset", "blocks", "--purge", "--yes")

    ended = cli("restore", "acme.backup", "--yes")

    assert ended.exit_code == 0
    assert "becomes what acme.backup holds:\n  blocks  2 items" in ended.err
    assert ended.out == "Tenant acme is as it was in acme.backup.\n"
    result = cli("run", "--json").lines[0]
    assert (result["created"], result["updated"]) == (0, 0)
    assert cli("status", "--json").document["connectors"][0]["streams"][0]["due"] is None


def test_restore_takes_the_place_of_a_damaged_store(synced: Home, cli: Cli) -> None:
    cli("backup", "acme.backup")
    path = store_path(synced.stores, "acme")
    path.write_bytes(b"not a database" * 1000)

    ended = cli("restore", "acme.backup", "--yes")

    assert ended.exit_code == 0
    assert "acme.db.damaged" in ended.err
    assert cli("export").out.count("\n") == 2
    assert cli("status", "--json").document["connectors"][0]["items"] == 2


def test_restore_asks_and_waits_for_runs(synced: Home, cli: Cli) -> None:
    cli("backup", "acme.backup")

    assert cli("restore", "acme.backup").exit_code == 2
    with exclusive_lock(lock_path(store_path(synced.stores, "acme"), "blocks", "acme"), "blocks"):
        assert cli("restore", "acme.backup", "--yes").exit_code == 6


def test_restore_of_what_is_no_backup(synced: Home, cli: Cli) -> None:
    (synced.folder / "text").write_text("hello " * 1000)

    assert "error: there is no backup nothing." in cli("restore", "nothing", "--yes").err
    assert "text is damaged: file is not a database" in cli("restore", "text", "--yes").err


def _refuse(store: SqliteStore, *_: object) -> int:
    from aragora_sync.core.errors import StoreError

    raise StoreError(f"cannot write to {store.path}.")
