"""What moves on a terminal, and what stays there."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
from collections.abc import Callable

import pytest
from rich.console import Console

from aragora_sync.cli.live import LiveLines, Rows
from aragora_sync.cli.output import aligned
from aragora_sync.engine.events import Event, Progress, RunEnded, StreamEnded, StreamStarted, Waiting
from aragora_sync.engine.result import SyncResult
from aragora_sync.store.base import Counts

from .conftest import Home
from .foreground import PATIENCE

STARTED = StreamStarted("acme", "blocks", "box", "Box of blocks", "changes", expected=500)


class Clock:
    """Time that stands still until told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def rows_after(*events: Event, seconds: float = 10) -> list[str]:
    clock = Clock()
    rows = Rows(clock)
    for event in events:
        rows.hear(event)
    clock.now += seconds
    return rows.lines()


def test_row_shows_stream_reading_items_and_rate() -> None:
    lines = rows_after(STARTED, Progress("acme", "blocks", "box", Counts(created=200, unchanged=50)))

    assert lines == ["acme  blocks  Box of blocks  changes      250 of 500 items      25/s"]


def test_row_shows_why_it_waits_and_how_long() -> None:
    waiting = Waiting("acme", "blocks", "box", 40, "rate limited.")

    assert rows_after(STARTED, waiting)[0].endswith("0/s  waits 30 s: rate limited.")
    assert rows_after(STARTED, waiting, seconds=41)[0].endswith("0/s")
    assert "waits" not in rows_after(STARTED, waiting, Progress("acme", "blocks", "box", Counts(created=1)))[0]


def test_second_reading_of_a_stream_counts_anew() -> None:
    again = StreamStarted("acme", "blocks", "box", "Box of blocks", "reconcile")

    (line,) = rows_after(STARTED, Progress("acme", "blocks", "box", Counts(created=5)), again)

    assert "reconcile        0 items" in line


def test_rows_end_with_their_stream_and_their_connector() -> None:
    other = StreamStarted("acme", "blocks", "chest", "", "full")

    assert len(rows_after(STARTED, other)) == 2
    assert rows_after(STARTED, other, StreamEnded("acme", "blocks", "box"))[0].startswith("acme  blocks  chest  full")
    assert rows_after(STARTED, other, RunEnded(SyncResult("blocks", "acme", "toy"))) == []


def test_long_titles_are_cut() -> None:
    (line,) = rows_after(StreamStarted("acme", "blocks", "box", "x" * 100, "full"))

    assert "x" * 39 + "…" in line


def test_live_rows_make_room_for_lines_that_stay(capfd: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    display = LiveLines(
        (4, 6), dry_run=False, quiet=False, console=Console(file=screen, force_terminal=True, width=100)
    )

    display.hear(STARTED)
    display.tell("stopping")
    display._live.refresh()
    display.hear(RunEnded(SyncResult("blocks", "acme", "toy")))
    display.close([SyncResult("blocks", "acme", "toy")], 0)

    assert "Box of blocks" in screen.getvalue()
    assert "stopping" in screen.getvalue()
    out = capfd.readouterr().out
    assert out.startswith("acme  blocks        0 synced")
    assert out.endswith("1 of 1 connector synced.\n")


def test_titles_cannot_write_to_the_terminal() -> None:
    screen = io.StringIO()
    display = LiveLines(
        (4, 6), dry_run=False, quiet=False, console=Console(file=screen, force_terminal=True, width=100)
    )

    display.hear(StreamStarted("acme", "blocks", "box", "\x1b]0;owned\x07", "full"))
    display._live.refresh()
    display.close([], 0)

    assert "\x1b]0;" not in screen.getvalue()


def test_terminal_gets_colours_and_live_rows_a_pipe_does_not(home: Home, command: Callable[..., list[str]]) -> None:
    home.toy("blocks")

    shown = _on_a_terminal(home, command("run"))
    plain = _on_a_terminal(home, ["/usr/bin/env", "NO_COLOR=1", *command("run")])

    assert "acme  blocks        1 \x1b[32msynced\x1b[0m" in shown
    assert "\x1b[?25l" in shown  # the cursor hides while rows move
    assert "acme  blocks        0 synced" in plain
    assert "\x1b[32m" not in plain


def test_terminal_hears_of_a_hook_that_cannot_be_told(home: Home, command: Callable[..., list[str]]) -> None:
    """Live rows show what a stream waits for; no other warning may be lost behind them."""
    home.top["hooks"] = {"on_success": ["/usr/local/bin/no-such-pager"]}
    home.toy("blocks")

    shown = " ".join(_on_a_terminal(home, command("run")).split())

    assert "on_success could not be told: /usr/local/bin/no-such-pager cannot be started" in shown


def test_second_ctrl_c_gives_the_cursor_back(home: Home, command: Callable[..., list[str]]) -> None:
    home.toy("blocks", {"box": {"items": {"a": "one"}, "signals": ["SIGINT", "SIGTERM"]}})

    assert _on_a_terminal(home, command("run")).rstrip().endswith("\x1b[?25h")


def test_window_that_is_closed_ends_the_schedules_well(home: Home, command: Callable[..., list[str]]) -> None:
    """It sends SIGHUP, which otherwise means that the configuration is to be read again."""
    home.toy("blocks", schedule={"interval_hours": 1})
    ours, theirs = pty.openpty()
    with subprocess.Popen(command("schedule"), stdin=theirs, stdout=theirs, stderr=theirs, cwd=home.folder) as process:
        os.close(theirs)
        shown = b""
        while b"synced" not in shown:
            shown += os.read(ours, 4096)
        os.close(ours)
        process.send_signal(signal.SIGHUP)

        assert process.wait(PATIENCE) == 0


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert aligned([("a", "bbb", "c"), ("aaaa", "b", "")]) == ["a     bbb  c", "aaaa  b"]


def _on_a_terminal(home: Home, arguments: list[str]) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=home.folder) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so that nobody holds the other end
                break
            if not part:
                break
            shown += part
        process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")
