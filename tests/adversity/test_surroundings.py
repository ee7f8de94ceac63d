"""Clocks, environments, terminals and folders that are not as they should be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from .desk import Desk, letters

YESTERDAY, TOMORROW, NEXT_YEAR = ({"ADVERSITY_DAYS": days} for days in ("-1", "1", "366"))


@pytest.mark.parametrize("then", [YESTERDAY, TOMORROW])
def test_clock_that_jumps_loses_no_edit(desk: Desk, then: Mapping[str, str]) -> None:
    root = desk.notes()
    gate = desk.gate(boxes={"box": {"items": letters(2)}})
    desk.run("run")
    (root / "a.md").write_text("edited")
    gate.change({"box": {"items": letters(3)}})
    jumped = desk.run("run", environment=then)
    (root / "b.md").unlink()
    gate.change({"box": {"items": letters(4)}})
    back = desk.run("run")

    assert (jumped.exit_code, back.exit_code) == (0, 0)
    assert desk.items() == {"a.md": "edited", **letters(4)}
    assert desk.run("status", environment=then).exit_code == 0


def test_clock_that_was_a_year_ahead_holds_back_neither_reconcile_nor_retry(desk: Desk) -> None:
    gate = desk.gate(boxes={"box": {"items": letters(4), "failing": ["z"]}})
    desk.run("run", environment=NEXT_YEAR)
    gate.change({"box": {"items": {"d": "text 3", "z": "well again"}}})
    back = desk.run("run")

    assert back.exit_code == 0
    assert desk.items() == {"d": "text 3", "z": "well again"}


def test_typo_in_the_configuration_is_shown_with_its_place_before_anything_is_made(desk: Desk) -> None:
    desk.config.write_text("connectors:\n  - type: filesystem\n    rot: notes\n    root: .\n")
    for command in (["run"], ["check"], ["status"]):
        refused = desk.run(*command)

        assert (refused.exit_code, refused.out) == (2, "")
        assert "connectors.yaml:3:5: " in refused.err
        assert "unknown option 'rot'; did you mean 'root'?" in refused.err
    assert not (desk.folder / ".aragora").exists()


def test_environment_says_where_things_are(desk: Desk) -> None:
    desk.notes()
    elsewhere = {
        "ARAGORA_CONFIG": str(desk.config),
        "ARAGORA_STORE": str(desk.folder / "stores"),
        "ARAGORA_STATE_DIR": "~/states",
    }
    cwd = desk.folder / "site"
    run = desk.run("run", environment=elsewhere, cwd=cwd)
    status = desk.run("status", environment=elsewhere, cwd=cwd)

    assert run.exit_code == 0
    assert (desk.folder / "stores" / "acme.db").exists()
    assert (desk.folder / "states" / "notes_acme.json").exists()
    assert "notes  ok" in status.out
    assert not (desk.folder / ".aragora").exists()


def test_configuration_that_the_environment_names_and_is_not_there(desk: Desk) -> None:
    refused = desk.run("run", environment={"ARAGORA_CONFIG": "gone.yaml"})

    assert refused.exit_code == 2
    assert refused.err == "error: gone.yaml: there is no such file\n  try: aragora-sync init\n"


@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C", "LC_ALL": "C"}, {"TERM": "dumb"}, {"TERM": None, "HOME": None}, {"PYTHONIOENCODING": "ascii"}],
    ids=str,
)
def test_poor_surroundings_are_enough(desk: Desk, environment: Mapping[str, str | None]) -> None:
    desk.notes(files={"ünïcode ☃.md": "snow ☃"})
    where = ("--store", "store", "--state-dir", "state")
    run = desk.run("run", *where, environment=environment)
    search = desk.run("search", "snow", *where, environment=environment)
    export = desk.run("export", *where, environment=environment)

    assert (run.exit_code, run.err) == (0, "")
    assert run.out.splitlines()[-1] == "1 of 1 connector synced."
    assert (search.exit_code, export.exit_code) == (0, 0)
    assert "snow" in search.out


def test_nobody_to_ask_is_said_with_the_command_that_does_not_ask(desk: Desk) -> None:
    desk.notes()
    desk.run("run")
    refused = desk.run("reset", "notes")

    assert refused.exit_code == 2
    assert refused.err.endswith("  try: aragora-sync reset notes --tenant acme --yes\n")


def test_current_folder_that_is_gone(desk: Desk) -> None:
    desk.notes()
    where = ["--config", str(desk.config)]

    def run(*arguments: str) -> tuple[int, str, str]:
        gone = desk.folder / "gone"
        gone.mkdir()
        process = desk.start(*arguments, cwd=gone, before=gone.rmdir)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    with_config, without = run("run", *where), run("run")

    assert with_config[0] == 0
    assert without[0] == 2
    assert "Traceback" not in without[2]
    assert "  try: " in without[2]


def into(desk: Desk, redirection: str, *arguments: str) -> tuple[int, str]:
    """The program with its stdout elsewhere; its exit code and what it said on stderr."""
    command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "aragora_sync", *arguments]
    told = subprocess.run(
        command, cwd=desk.folder, env=desk.variables, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    return told.returncode, told.stderr


def test_closed_stdout_hears_nothing_and_disturbs_nothing(desk: Desk) -> None:
    desk.notes()

    assert into(desk, ">&-", "run") == (0, "")
    assert into(desk, ">&-", "export")[0] == 0
    assert set(desk.items()) == {"a.md", "b.md"}
    assert desk.is_sound()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_stdout_on_a_full_disk_is_said_and_what_was_synced_is_kept(desk: Desk) -> None:
    desk.notes()
    for command in ("run", "status", "export"):
        exit_code, told = into(desk, ">/dev/full", command)

        assert exit_code == 1
        assert told.startswith("error: cannot write to stdout: No space left on device.\n  try: ")
        assert "Traceback" not in told
    assert set(desk.items()) == {"a.md", "b.md"}


def test_stderr_that_takes_nothing_is_no_reason_to_fail(desk: Desk) -> None:
    desk.notes()

    assert into(desk, "2>&-", "run", "-v") == (0, "")
    assert set(desk.items()) == {"a.md", "b.md"}
