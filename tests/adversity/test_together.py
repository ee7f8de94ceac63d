"""Several programs at once: a second run, runs beside each other, readers while a run writes."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3

import pytest

from .desk import Desk, ended, letters


def test_second_run_of_the_same_connector_is_told_who_holds_it(desk: Desk) -> None:
    gate = desk.gate()
    first = desk.start("run")
    with gate.held():
        second = desk.run("run")
    first_ended = ended(first)

    assert second.exit_code == 6
    assert f"another run of gate of tenant acme is under way (process {first.pid} on " in second.out
    assert "  try: wait until it ends" in second.out
    assert first_ended.exit_code == 0
    assert desk.items() == letters(6)


@pytest.mark.parametrize("command", ["reset", "restore"])
def test_what_would_disturb_a_run_is_told_who_holds_it(desk: Desk, command: str) -> None:
    gate = desk.gate()
    gate.change({"box": {"items": letters(3)}})
    desk.run("run")
    desk.run("backup", "kept.db")
    gate.change({"box": {"items": letters(6), "gate": "d"}})
    first = desk.start("run")
    with gate.held():
        second = desk.run(command, {"reset": "gate", "restore": "kept.db"}[command], "--yes")
    ended(first)

    assert second.exit_code == 6
    assert f"process {first.pid} on " in second.err
    assert "  try: wait until it ends" in second.err
    assert desk.items() == letters(6)


def test_different_connectors_of_one_tenant_run_beside_each_other(desk: Desk) -> None:
    left, right = desk.gate("left"), desk.gate("right")
    first, second = desk.start("run", "left"), desk.start("run", "right")
    with left.held(), right.held():
        pass
    codes = [ended(first).exit_code, ended(second).exit_code]

    assert codes == [0, 0]
    assert desk.is_sound()
    with contextlib.closing(desk.db()) as db:
        found = db.execute("SELECT connector, count(*) FROM items GROUP BY connector ORDER BY connector").fetchall()
    assert found == [("left", 6), ("right", 6)]


def test_the_same_connector_of_two_tenants_shares_no_lock(desk: Desk) -> None:
    left, right = desk.gate("gate"), desk.gate("other", tenant="umbrella", id="gate")
    first = desk.start("run", "--tenant", "acme")
    left.wait_until_reached()
    second = desk.start("run", "--tenant", "umbrella")
    with right.held():
        left.open()
    codes = [ended(first).exit_code, ended(second).exit_code]

    assert codes == [0, 0]
    assert desk.items("acme") == desk.items("umbrella") == letters(6)


def test_readers_are_welcome_while_a_run_writes(desk: Desk) -> None:
    gate = desk.gate()
    gate.change({"box": {"items": letters(3)}})
    desk.run("run")
    gate.change({"box": {"items": letters(6), "gate": "e"}})
    run = desk.start("run")
    with gate.held():
        with contextlib.closing(desk.db()) as db:
            by_hand = dict(db.execute("SELECT id, content FROM items"))
        status = desk.run("status", "--json").document["connectors"][0]
        search = desk.run("search", "text", "--json").document["hits"]
        export = desk.run("export")
        backup = desk.run("backup", "kept.db")
    end = ended(run)

    assert letters(3).items() <= by_hand.items() <= letters(4).items()
    assert status["status"] == "running"
    assert {"a", "b", "c"} <= {hit["id"] for hit in search} <= {"a", "b", "c", "d"}
    assert {"a", "b", "c"} <= {json.loads(line)["id"] for line in export.out.splitlines()}
    assert (export.exit_code, backup.exit_code, end.exit_code) == (0, 0, 0)
    assert desk.items() == letters(6)
    with contextlib.closing(sqlite3.connect(desk.folder / "kept.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_changes_exported_in_the_middle_of_a_run_go_on_after_it(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    with gate.held():
        before = desk.run("export")
    ended(run)
    position = before.err.removeprefix("position: ").strip()
    after = desk.run("export", "--since", position)

    told = [json.loads(line)["id"] for line in [*before.out.splitlines(), *after.out.splitlines()]]
    assert after.exit_code == 0
    assert sorted(told) == sorted(letters(6))


def test_a_killed_run_holds_nothing_and_is_shown_as_interrupted(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    gate.wait_until_reached()
    run.send_signal(signal.SIGKILL)
    ended(run)

    (standing,) = desk.run("status", "--json", "--history", "1").document["connectors"]
    assert standing["status"] == "interrupted"
    assert standing["history"][0]["status"] == "interrupted"
    assert "gate  interrupted" in desk.run("status").out

    gate.change({"box": {"items": letters(6)}})
    assert desk.run("run").exit_code == 0
    assert desk.items() == letters(6)
    assert desk.is_sound()


def test_a_lock_of_another_machine_is_believed(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    gate.wait_until_reached()
    run.send_signal(signal.SIGKILL)
    ended(run)
    note = {"pid": run.pid, "host": "elsewhere", "since": "2026-01-01 00:00:00 UTC"}
    (desk.stores / "locks" / "gate_acme.lock").write_text(json.dumps(note))

    assert desk.run("status", "--json").document["connectors"][0]["status"] == "running"


def test_readers_leave_no_files_behind(desk: Desk) -> None:
    desk.notes()
    desk.run("run")
    before = desk.files()
    for command in (["status"], ["search", "one"], ["export"], ["check"], ["run", "--dry-run"]):
        assert desk.run(*command).exit_code == 0

    assert sorted(desk.files()) == sorted(before)
    assert {path.name for path in desk.stores.iterdir()} == {"acme.db", "locks"}
