"""Disks that are full, folders that cannot be written, files that may not be read."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .desk import IS_ROOT, Desk, ended

MEGABYTE = 2**20
LONG = {f"{number:03}.md": f"note {number} " * 4000 for number in range(100)}  # about 4 MB
ELSEWHERE = ("--store", "disk/store", "--state-dir", "disk/state")


@pytest.fixture
def small_disk(desk: Desk) -> Iterator[Path]:
    """A disk of 2 MB, mounted in the home."""
    mount = shutil.which("mount")
    disk = desk.folder / "disk"
    disk.mkdir()
    if not IS_ROOT or mount is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine allows no mounts")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_full_disk_is_said_and_with_space_again_all_is_well(desk: Desk, small_disk: Path) -> None:
    desk.notes(files={"first.md": "first"})
    desk.run("run", *ELSEWHERE)
    for name, text in LONG.items():
        (desk.folder / "notes" / name).write_text(text)

    full = desk.run("run", "--json", *ELSEWHERE)

    assert full.exit_code == 1
    assert "is full" in full.line("notes")["errors"][0]["message"]
    assert full.line("notes")["errors"][0]["hint"].startswith("free some space and run again")
    assert "Traceback" not in full.err
    assert desk.run("status", *ELSEWHERE).exit_code == 0

    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert desk.run("run", *ELSEWHERE).exit_code == 0
    stored = desk.run("export", *ELSEWHERE).out.splitlines()
    assert len(stored) == len(LONG) + 1


def test_export_onto_a_full_disk_leaves_no_part_of_a_file(desk: Desk, small_disk: Path) -> None:
    desk.notes(files=LONG)
    desk.run("run", "--no-index")
    export = desk.run("export", "--output", str(small_disk / "items.jsonl"))
    into_a_folder = desk.run("export", "--output", str(desk.folder / "notes"))

    assert export.exit_code == 1
    assert export.err == (
        f"error: cannot write {small_disk}/items.jsonl: No space left on device.\n  try: choose another place\n"
    )
    assert list(small_disk.iterdir()) == []
    assert into_a_folder.err.startswith(f"error: cannot write {desk.folder}/notes: Is a directory.\n  try: ")


def test_files_that_may_not_grow_lose_nothing(desk: Desk) -> None:
    desk.notes(files=LONG)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))

    limited = desk.run("run", before=limit)

    assert limited.exit_code == 1
    assert "acme.db" in limited.out
    assert "  try: " in limited.out
    assert "Traceback" not in limited.err
    assert desk.run("run").exit_code == 0
    assert desk.items() == LONG
    assert desk.is_sound()


@pytest.fixture
def settled(desk: Desk) -> Desk:
    """A desk after its first run."""
    desk.notes()
    assert desk.run("run").exit_code == 0
    return desk


def test_store_in_a_folder_that_cannot_be_written_is_read(settled: Desk) -> None:
    settled.stores.chmod(0o500)
    before = settled.files()
    status = settled.run("status", humble=True)
    search = settled.run("search", "two", humble=True)
    export = settled.run("export", humble=True)

    assert (status.exit_code, search.exit_code, export.exit_code) == (0, 0, 0)
    assert "notes  ok" in status.out
    assert "b.md" in search.out
    assert len(export.out.splitlines()) == 2
    assert settled.files() == before


def test_store_on_a_disk_that_can_only_be_read(desk: Desk, small_disk: Path) -> None:
    desk.notes()
    desk.run("run", *ELSEWHERE)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    codes = [desk.run(*command, *ELSEWHERE).exit_code for command in (["status"], ["search", "two"], ["export"])]
    run = desk.run("run", *ELSEWHERE)

    assert codes == [0, 0, 0]
    assert run.exit_code in (1, 2)
    assert "  try: " in run.out
    assert "Traceback" not in run.err


def test_log_that_was_never_written_back_is_not_passed_over(settled: Desk) -> None:
    gate = settled.gate()
    run = settled.start("run", "gate", humble=True)
    gate.wait_until_reached()
    run.send_signal(signal.SIGKILL)
    ended(run)
    (settled.stores / "acme.db-shm").unlink()
    settled.stores.chmod(0o500)

    export = settled.run("export", humble=True)

    assert (export.exit_code, export.out) == (1, "")
    assert "its latest part is still in acme.db-wal" in export.err
    assert f"  try: allow writing to {settled.stores}" in export.err


@pytest.mark.parametrize("folder", ["stores", "states"])
def test_run_into_a_folder_that_cannot_be_written_says_which(settled: Desk, folder: str) -> None:
    shut: Path = getattr(settled, folder)
    (settled.folder / "notes" / "a.md").write_text("edited")
    shut.chmod(0o500)
    refused = settled.run("run", humble=True)
    check = settled.run("check", humble=True)
    shut.chmod(0o700)

    assert refused.exit_code in (1, 2)
    assert str(shut) in refused.out
    assert "  try: " in refused.out
    assert "Traceback" not in refused.err
    assert check.exit_code == 1
    assert f"{shut} cannot be written" in check.out
    assert settled.run("run", humble=True).exit_code == 0
    assert settled.items()["a.md"] == "edited"


def test_home_that_cannot_be_written_is_said_before_anything_is_read(desk: Desk) -> None:
    desk.notes()
    desk.folder.chmod(0o500)
    refused = desk.run("run", humble=True)

    assert refused.exit_code == 2
    assert "permission denied" in (refused.out + refused.err).lower()
    assert "  try: " in refused.out + refused.err


def test_lock_of_another_user_is_said(settled: Desk) -> None:
    lock = settled.stores / "locks" / "notes_acme.lock"
    lock.chmod(0)
    refused = settled.run("run", humble=True)

    assert refused.exit_code == 1
    assert f"cannot use the lock {lock}: Permission denied.\n    try: make it yours again" in refused.out
    assert refused.err == ""


@pytest.mark.parametrize("what", ["acme.db", "connectors.yaml", "notes_acme.json"])
def test_file_that_may_not_be_read_is_named_with_what_to_do(settled: Desk, what: str) -> None:
    (path,) = (path for path in settled.folder.rglob(what))
    path.chmod(0)
    refused = settled.run("run", humble=True)
    status = settled.run("status", humble=True)

    for told in (refused, status):
        assert told.exit_code in (1, 2)
        assert path.name in told.out + told.err
        assert "  try: " in told.out + told.err
        assert "Traceback" not in told.err
