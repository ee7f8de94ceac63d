"""How a run ends: stopped, out of time, with enough, in parts; and what its exit code says."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import pytest

from .desk import Desk, Gate, ended, letters


def interrupted(desk: Desk, gate: Gate, number: signal.Signals) -> Any:
    """A run that met a signal while it stood before the gate, and heard it before it went on."""
    run = desk.start("run")
    with gate.held():
        run.send_signal(number)
        assert run.stderr is not None
        assert "stopping after the running batch is stored" in run.stderr.readline()
    return ended(run)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_keeps_progress_and_the_next_run_goes_on(desk: Desk, number: signal.Signals, exit_code: int) -> None:
    gate = desk.gate()
    stopped = interrupted(desk, gate, number)
    kept = desk.items()
    status = desk.run("status")
    gate.change({"box": {"items": letters(6)}})
    again = desk.run("run")

    assert (stopped.exit_code, stopped.err) == (exit_code, "")
    assert "interrupted" in stopped.out
    assert letters(3).items() <= kept.items() < letters(6).items()
    assert "gate  interrupted" in status.out
    assert again.exit_code == 0
    assert "a" not in gate.log[len(kept) :]
    assert desk.items() == letters(6)


def test_second_signal_ends_at_once_and_loses_nothing(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    gate.wait_until_reached()
    run.send_signal(signal.SIGINT)
    assert run.stderr is not None
    run.stderr.readline()
    run.send_signal(signal.SIGINT)
    stopped = ended(run)
    gate.change({"box": {"items": letters(6)}})

    assert stopped.exit_code == 130
    assert "Traceback" not in stopped.err
    assert desk.run("run").exit_code == 0
    assert desk.items() == letters(6)


def test_time_that_runs_out_says_try_later_and_the_next_run_goes_on(desk: Desk) -> None:
    gate = desk.gate(boxes={"box": {"items": {}, "numbers": 10**9}}, batch_size=100)
    late = desk.run("run", "--timeout", "0.5")
    kept, read_before = len(desk.items()), len(gate.log)
    gate.change({"box": {"items": {}, "numbers": kept + 50}})
    again = desk.run("run")

    assert late.exit_code == 75
    assert "out of time; the next run goes on from here" in late.out
    assert kept > 0
    assert again.exit_code == 0
    assert len(gate.log) - read_before < kept + 50
    assert len(desk.items()) == kept + 50


def test_enough_items_end_well_and_the_next_run_goes_on(desk: Desk) -> None:
    gate = desk.gate(boxes={"box": {"items": letters(6)}})
    first = desk.run("run", "--max-items", "2")
    kept = desk.items()
    second = desk.run("run")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert kept == letters(2)
    assert gate.log.count("a") == 1
    assert desk.items() == letters(6)


def test_dry_run_writes_nothing(desk: Desk) -> None:
    root = desk.notes()
    before = desk.files()
    first = desk.run("run", "--dry-run", "--json")

    assert first.line("notes")["created"] == 2
    assert desk.files() == before

    desk.run("run")
    (root / "a.md").write_text("edited")
    before = desk.files()
    second = desk.run("run", "--dry-run", "--json")

    assert (second.line("notes")["updated"], second.line("notes")["unchanged"]) == (1, 1)
    assert desk.files() == before


def test_dry_run_does_not_wait_for_a_run_that_is_under_way(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    gate.wait_until_reached()
    desk.gate("free", boxes={"box": {"items": letters(2)}})
    dry = desk.run("run", "free", "--dry-run")
    gate.open()

    assert (dry.exit_code, ended(run).exit_code) == (0, 0)


WELL = {"box": {"items": letters(2)}}


def failing(kind: str, hint: str = "do this") -> dict[str, Any]:
    return {"box": {"items": {}, "raises": [kind, "it does not work.", hint]}}


@pytest.mark.parametrize(
    ("worlds", "exit_code"),
    [
        ([failing("SourceError")], 1),
        ([failing("SourceError"), WELL], 3),
        ([{"box": {"items": letters(1), "failing": ["z"]}}], 3),
        ([failing("CredentialError")], 4),
        ([failing("AccessError")], 4),
        ([failing("CredentialError"), WELL], 3),
        ([failing("TransientError")], 75),
        ([failing("TransientError"), failing("CredentialError")], 3),
        ([{"box": {"items": letters(1), "bug": "stumbled"}}], 1),
    ],
)
def test_exit_code_says_what_to_do(desk: Desk, worlds: list[dict[str, Any]], exit_code: int) -> None:
    for number, world in enumerate(worlds):
        desk.gate(f"gate-{number}", boxes=world)
    run = desk.run("run")

    assert run.exit_code == exit_code
    assert run.out.splitlines()[-1].endswith("synced.")
    if "raises" in worlds[0]["box"]:
        assert "it does not work.\n    try: do this\n" in run.out
        assert "Traceback" not in run.err


def test_what_works_is_stored_though_its_neighbour_fails(desk: Desk) -> None:
    desk.gate("broken", boxes=failing("SourceError"))
    desk.notes()

    assert desk.run("run").exit_code == 3
    assert set(desk.items()) == {"a.md", "b.md"}


def test_folder_that_lost_most_of_its_files_is_refused_until_it_is_allowed(desk: Desk) -> None:
    files = {f"{number}.md": "text" for number in range(30)}
    root = desk.notes(files=files)
    desk.run("run")
    for name in list(files)[1:]:
        (root / name).unlink()
    refused = desk.run("run")
    kept = desk.items()
    command = "aragora-sync run notes --tenant acme --allow-mass-delete"
    allowed = desk.run(*command.split()[1:])

    assert refused.exit_code == 5
    assert "refused to delete 29 of 30 items" in refused.out
    assert command in refused.out
    assert kept == files
    assert allowed.exit_code == 0
    assert set(desk.items()) == {"0.md"}


def test_reader_that_leaves_early_ends_an_export_without_a_word(desk: Desk) -> None:
    desk.notes(files={f"{number}.md": "long " * 20_000 for number in range(20)})
    desk.run("run")
    export = desk.start("export", stdout=subprocess.PIPE)
    assert export.stdout is not None
    export.stdout.readline()
    export.stdout.close()
    assert export.stderr is not None

    assert (export.stderr.read(), export.wait(timeout=60)) == ("", 141)
    export.stderr.close()


def test_terminal_that_is_closed_ends_the_run_and_the_next_goes_on(desk: Desk) -> None:
    gate = desk.gate()
    run = desk.start("run")
    gate.wait_until_reached()
    run.send_signal(signal.SIGHUP)
    hung_up = ended(run)
    gate.change({"box": {"items": letters(6)}})

    assert hung_up.exit_code == -signal.SIGHUP
    assert desk.run("run").exit_code == 0
    assert desk.items() == letters(6)
