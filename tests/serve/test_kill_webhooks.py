"""A vendor that was answered 200 never sends again: what it told is handled, whenever the process is killed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from ..kill.desk import soak_size
from .desk import Heard, ring, serving, signed

ROOT = Path(__file__).parents[2]
WORKERS = 3


def posting(address: str, worker: int, taken: set[str], enough: threading.Semaphore) -> None:
    """Posts until nobody answers any more; `taken` are the refs that were answered 200."""
    connection = HTTPConnection(address, timeout=30)
    with contextlib.suppress(OSError, HTTPException):
        for number in range(1_000_000):
            ref = f"{worker}-{number}"
            body = ring("s", ref)
            connection.request("POST", "/webhooks/t1/bell", body, signed(body))
            answer = connection.getresponse()
            if answer.read() == b"" and answer.status == 200:
                taken.add(ref)
                enough.release()
    connection.close()


def killed_after(count: int, queue: Path, handled: Path, failing: float) -> set[str]:
    """What was answered 200 by a process that was killed about when it had answered so many."""
    command = [sys.executable, "-m", "tests.serve.program", str(queue), str(handled), str(failing)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    taken: set[str] = set()
    enough = threading.Semaphore(0)
    threads = [threading.Thread(target=posting, args=(address, each, taken, enough)) for each in range(WORKERS)]
    for thread in threads:
        thread.start()
    for _ in range(count):
        assert enough.acquire(timeout=30)
    process.kill()
    process.wait()
    process.stdout.close()
    for thread in threads:
        thread.join()
    return taken


def check_nothing_is_lost(folder: Path, count: int, failing: float) -> None:
    queue, handled = folder / "queue.db", folder / "handled"
    taken = killed_after(count, queue, handled, failing)
    heard = Heard()
    with serving(queue, handle=heard) as service:
        done = threading.Event()
        while service._queue.waiting():
            done.wait(0.01)

    assert len(taken) >= count
    assert taken - heard.refs - set(handled.read_text().split()) == set()


@pytest.mark.parametrize(("count", "failing"), [(1, 0.0), (40, 0.0), (40, 1.0)])
def test_nothing_is_lost_by_a_kill(tmp_path, count, failing):
    check_nothing_is_lost(tmp_path, count, failing)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_nothing_is_lost_by_many_kills(tmp_path):
    chance = random.Random(6)
    for number in range(soak_size(10, 200)):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_nothing_is_lost(folder, chance.randrange(1, 120), 0.3)
