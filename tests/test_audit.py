"""The trail is chained: whoever removes, changes or moves a line is found out."""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.audit import Audit, Broken, audit_path, verify
from aragora_sync.core.errors import StateError

PROCESSES, EACH = 4, 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "acme.jsonl"


def fill(path: Path, lines: int = 5) -> None:
    for number in range(lines):
        Audit(path, "xero").add("read", f"GET /Invoices {number}", status=200)


def broken(path: Path) -> Broken | None:
    *_, last = [None, *verify(path)]
    return last if isinstance(last, Broken) else None


def test_lines_tell_what_was_asked_and_are_whole(path):
    fill(path)

    assert list(verify(path)) == [1, 2, 3, 4, 5]
    told = json.loads(path.read_text().splitlines()[2])
    assert (told["number"], told["connector"], told["action"], told["what"]) == (3, "xero", "read", "GET /Invoices 2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_line_that_is_removed_is_noticed(path):
    fill(path)
    lines = path.read_text().splitlines(keepends=True)
    for gone in range(4):
        path.write_text("".join(lines[:gone] + lines[gone + 1 :]))
        assert broken(path) == Broken(gone + 1, "what came before it is another line now, or is gone")
    for left in range(5):
        path.write_text("".join(lines[:left]))
        assert broken(path) == Broken(left + 1, "lines are gone; the last one was number 5")
    path.unlink()
    assert broken(path) == Broken(1, "lines are gone; the last one was number 5")


def test_lines_that_were_cut_off_are_missed_after_new_ones_too(path):
    fill(path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    fill(path, 2)

    assert broken(path) == Broken(3, "what came before it is another line now, or is gone")


def test_new_last_line_in_place_of_another_is_noticed(path):
    fill(path)
    kept = path.read_text().splitlines(keepends=True)[:4]
    path.write_text("".join(kept))
    path.with_suffix(".last").unlink()
    assert broken(path) == Broken(4, "the note that it is the last one is gone")

    path.write_text("".join(kept[:3]))
    fill(path, 1)
    path.with_suffix(".last").write_text(f"{4:020d} {'0' * 64}\n")
    assert broken(path) == Broken(4, "it was changed")


def test_note_that_a_crash_left_behind_is_no_fault(path):
    fill(path, 4)
    note = path.with_suffix(".last").read_text()
    fill(path, 1)
    path.with_suffix(".last").write_text(note)
    assert broken(path) is None

    fill(path, 1)
    assert list(verify(path)) == [1, 2, 3, 4, 5, 6]


def test_lines_that_change_places_are_noticed(path):
    fill(path)
    lines = path.read_text().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    path.write_text("".join(lines))

    assert broken(path) is not None


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_every_changed_byte_is_noticed(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("audit") / "acme.jsonl"
    fill(path, 3)
    content = bytearray(path.read_bytes())
    place %= len(content) - 1  # the end of the last line tells nothing
    changed = content[place] != byte
    content[place] = byte
    path.write_bytes(content)

    assert (broken(path) is not None) == changed


def test_processes_add_lines_beside_each_other(path):
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=fill, args=(path, EACH)) for _ in range(PROCESSES)]
    for process in running:
        process.start()
    for process in running:
        process.join()

    assert list(verify(path)) == list(range(1, PROCESSES * EACH + 1))


def test_line_that_a_crash_cut_off_before_it_was_promised_goes(path):
    fill(path)
    with path.open("ab") as trail:
        trail.write(b'{"number": 6, "at": "2026-')
    assert broken(path) == Broken(6, "it is no line of a trail")

    fill(path, 1)
    assert list(verify(path)) == [1, 2, 3, 4, 5, 6]


def test_full_disk_leaves_no_half_line(path):
    fill(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(StateError, match="cannot write the audit trail"):
            fill(path, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(verify(path)) == [1, 2, 3, 4, 5]
    fill(path, 1)
    assert list(verify(path)) == [1, 2, 3, 4, 5, 6]


def test_promised_line_that_was_cut_off_is_told_before_anything_is_added(path):
    fill(path)
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(StateError, match="ends with a line that is not whole") as caught:
        fill(path, 1)
    assert "audit verify" in caught.value.hint
    assert broken(path) == Broken(5, "it is no line of a trail")


def test_trail_lies_below_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert audit_path("acme") == tmp_path / ".aragora" / "audit" / "acme.jsonl"
