"""State files and stores that were damaged, removed or put back behind the program's back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .desk import Desk, Gate, letters


@pytest.fixture
def gate(desk: Desk) -> Gate:
    """A gate that stands open, after its first run."""
    world = desk.gate(boxes={"box": {"items": letters(3)}})
    assert desk.run("run").exit_code == 0
    return world


def state_file(desk: Desk) -> Path:
    return desk.states / "gate_acme.json"


BROKEN = {
    "garbage": (b"\x00\xff\x00garbage", "is not valid JSON"),
    "truncated": (b'{"version": 1, "connector_id": "ga', "is not valid JSON"),
    "empty": (b"", "is not valid JSON"),
    "deep": (b"[" * 100_000, "is not valid JSON"),
    "a list": (b"[]", "holds no object"),
    "incomplete": (b'{"version": 1}', "is incomplete"),
    "newer": (b'{"version": 99}', "was written by a newer aragora-sync (version 99)"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_unreadable_state_file_is_said_with_its_cure_and_nothing_is_read(desk: Desk, kind: str) -> None:
    content, why = BROKEN[kind]
    desk.gate(boxes={"box": {"items": letters(3)}})
    desk.states.mkdir(parents=True)
    state_file(desk).write_bytes(content)
    refused = desk.run("run")
    cure = "pip install --upgrade aragora-sync" if kind == "newer" else "aragora-sync reset gate --tenant acme"

    assert refused.exit_code == 1
    assert f"{state_file(desk)} {why}.\n    try: {cure}\n" in refused.out
    assert "Traceback" not in refused.err
    assert state_file(desk).read_bytes() == content
    assert desk.items() == {}


def test_the_cure_of_a_garbled_state_file_works(desk: Desk, gate: Gate) -> None:
    state_file(desk).write_bytes(b"garbage")
    reset = desk.run("reset", "gate", "--tenant", "acme", "--yes")
    run = desk.run("run", "--json")

    assert (reset.exit_code, run.exit_code) == (0, 0)
    assert gate.log == list("abcabc")
    assert desk.items() == letters(3)


def test_state_file_of_the_older_aragora_is_answered_with_a_full_pass(desk: Desk, gate: Gate) -> None:
    state_file(desk).write_text(json.dumps({"cursor": "c", "last_sync_at": "2025-03-01T08:00:00"}))
    status = desk.run("status")
    run = desk.run("run")

    assert "its state file comes from an older Aragora that synced at 2025-03-01 08:00 UTC" in status.out
    assert run.exit_code == 0
    assert gate.log == list("abcabc")
    assert json.loads(state_file(desk).read_text())["cursors"] == {"box": {"after": "c"}}


def test_deleted_state_file_asks_for_a_full_pass(desk: Desk, gate: Gate) -> None:
    state_file(desk).unlink()
    run = desk.run("run", "--json")

    assert gate.log == list("abcabc")
    assert run.line("gate")["unchanged"] == 3
    assert state_file(desk).stat().st_mode & 0o777 == 0o600


def test_older_state_file_changes_nothing(desk: Desk, gate: Gate) -> None:
    older = state_file(desk).read_bytes()
    gate.change({"box": {"items": letters(5)}})
    desk.run("run")
    state_file(desk).write_bytes(older)
    run = desk.run("run")

    assert run.exit_code == 0
    assert gate.log == list("abccdee")
    assert json.loads(state_file(desk).read_text())["cursors"] == {"box": {"after": "e"}}


def test_deleted_store_is_filled_again(desk: Desk, gate: Gate) -> None:
    position = desk.run("export").err.removeprefix("position: ").strip()
    shutil.rmtree(desk.stores)
    run = desk.run("run")
    export = desk.run("export", "--since", position)

    assert run.exit_code == 0
    assert desk.items() == letters(3)
    assert export.exit_code == 1
    assert "  try: take a snapshot with `aragora-sync export`" in export.err


def test_restored_store_goes_on_from_its_own_cursor_and_refuses_positions_it_never_gave(desk: Desk, gate: Gate) -> None:
    kept = desk.run("export").err.removeprefix("position: ").strip()
    desk.run("backup", "kept.db")
    gate.change({"box": {"items": letters(5)}})
    desk.run("run")
    lost = desk.run("export").err.removeprefix("position: ").strip()
    restored = desk.run("restore", "kept.db", "--yes")
    run = desk.run("run")

    assert (restored.exit_code, run.exit_code) == (0, 0)
    assert gate.log == list("abccdecde")
    assert desk.items() == letters(5)
    assert desk.run("export", "--since", lost).exit_code == 1
    since_kept = desk.run("export", "--since", kept)
    assert [json.loads(line)["id"] for line in since_kept.out.splitlines()] == ["d", "e"]


def test_damaged_store_is_said_and_left_alone_until_it_is_moved_away(desk: Desk, gate: Gate) -> None:
    store = desk.stores / "acme.db"
    store.write_bytes(b"garbage" * 1000)
    refused = desk.run("run")

    assert refused.exit_code == 1
    assert f"{store} is damaged" in refused.out
    assert "or move the file away: the next run reads all again" in refused.out
    assert store.read_bytes() == b"garbage" * 1000

    store.rename(desk.folder / "damaged.db")
    assert desk.run("run").exit_code == 0
    assert desk.items() == letters(3)


def test_restore_takes_the_place_of_a_damaged_store(desk: Desk, gate: Gate) -> None:
    desk.run("backup", "kept.db")
    (desk.stores / "acme.db").write_bytes(b"garbage" * 1000)
    restored = desk.run("restore", "kept.db", "--yes")

    assert restored.exit_code == 0
    assert desk.items() == letters(3)
    assert (desk.stores / "acme.db.damaged").read_bytes() == b"garbage" * 1000


def test_a_backup_that_is_none_changes_nothing(desk: Desk, gate: Gate) -> None:
    (desk.folder / "kept.db").write_bytes(b"garbage" * 1000)
    refused = desk.run("restore", "kept.db", "--yes")

    assert refused.exit_code == 1
    assert refused.err.startswith("error: this cannot be put back: kept.db is damaged")
    assert refused.err.endswith(
        "  try: name a file that `aragora-sync backup` wrote, with this version or an older one\n"
    )
    assert desk.items() == letters(3)
