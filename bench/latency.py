"""How soon a change that was committed at the source is in the store of `run --watch`."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .measure import TOP

Edit = Callable[[int, str], str]  # gives one row or document, by its number from 1 on, a title; the id of its item

POLL_SECONDS = 0.005  # of the store, by whoever measures
PATIENCE_SECONDS = 60.0
NEWS = "SELECT e.id, b.title, e.seq FROM entry e JOIN body b ON b.key = e.body WHERE e.seq > ? AND e.deleted_at IS NULL"


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the end of a commit at the source to its visibility in the store, and what it cost."""

    median: float
    p99: float
    longest: float
    rate: float  # changes a second that were really committed
    cpu: float  # seconds of the program for each second of it


def measure(folder: Path, arguments: Sequence[str], edit: Edit, size: int, rate: int, seconds: float) -> Latency:
    """Single rows of so many are edited so many times a second, each in a commit of its own."""
    with _watching(arguments, edit) as process:
        store = sqlite3.connect(folder / "store" / "default.db", check_same_thread=False)
        seen = _Seen(store)
        with contextlib.closing(store), seen.following():
            before = _cpu(process.pid)
            committed, took = _edit(edit, size, rate, seconds)
            seen.wait_for(committed)
            cpu = (_cpu(process.pid) - before) / took
    late = sorted(seen.at(item, number) - moment for number, (item, moment) in enumerate(committed))
    return Latency(late[len(late) // 2], late[int(len(late) * 0.99)], late[-1], len(committed) / took, cpu)


@contextlib.contextmanager
def _watching(arguments: Sequence[str], edit: Edit) -> Iterator[subprocess.Popen[str]]:
    """The program, after it told of a first change."""
    command = [sys.executable, *arguments, "--watch", "--json"]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = map(json.loads, process.stdout)
        next(line for line in told if line["event"] == "connector")
        poke = threading.Timer(1.0, lambda: edit(1, "first"))
        poke.start()
        next(line for line in told if line["event"] == "watched")
        drain = threading.Thread(target=lambda: list(told))
        drain.start()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            drain.join()


def _edit(edit: Edit, size: int, rate: int, seconds: float) -> tuple[list[tuple[str, float]], float]:
    """Which item each edit was of and when its commit had ended; the title is the number of the edit."""
    chance, committed, began = random.Random(7), list[tuple[str, float]](), time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        item = edit(chance.randint(2, size), str(number))
        committed.append((item, time.monotonic()))
    return committed, time.monotonic() - began


class _Seen:
    """When which edit of an item was first seen in the store; a later edit of it stands for those before."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._store = store
        self._place: int = store.execute("SELECT ifnull(max(seq), 0) FROM entry").fetchone()[0]
        self._edits: dict[str, list[tuple[int, float]]] = {}
        self._newest = -1
        self._over = threading.Event()

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        follower = threading.Thread(target=self._follow)
        follower.start()
        try:
            yield
        finally:
            self._over.set()
            follower.join()

    def _follow(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            found = self._store.execute(NEWS, (self._place,)).fetchall()
            now = time.monotonic()
            for item_id, title, seq in found:
                self._place = max(self._place, seq)
                if title.isdigit():
                    self._edits.setdefault(item_id, []).append((int(title), now))
                    self._newest = max(self._newest, int(title))

    def wait_for(self, committed: list[tuple[str, float]]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while self._newest < len(committed) - 1:
            assert time.monotonic() < until, f"{self._newest} of {len(committed)} arrived"
            self._over.wait(POLL_SECONDS)

    def at(self, item: str, number: int) -> float:
        return next(moment for edit, moment in self._edits[item] if edit >= number)


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
