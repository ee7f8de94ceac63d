"""Several connectors beside each other, their events one after the other, one stop for all."""

from __future__ import annotations

import contextlib
import gc
import queue
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from .events import Emit, Event
from .result import SyncResult
from .stop import Stop, StopReason

TICK_SECONDS = 0.2
M_ARENA_MAX = -8  # its number in glibc's malloc.h
MOST_HEAPS = 2  # one of the interpreter's threads, one for those that store while others compute


class Runnable(Protocol):
    """A run that is ready to start."""

    def sync(self) -> SyncResult: ...


def suit_interpreter() -> None:
    """Settings for a process that does nothing but sync.

    The store's writer gives the interpreter away at each row and must get it back soon, whatever the readers compute;
    and the many short-lived objects of a batch are not worth a search for cycles every 700.
    """
    sys.setswitchinterval(0.001)
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def suit_long_life() -> None:
    """Settings for a process that runs for months; call it before there are threads.

    glibc has up to eight heaps for each processor, so that threads need not wait for each other, and each heap keeps
    holes. Ours take turns anyway.
    """
    _tell_glibc("mallopt", M_ARENA_MAX, MOST_HEAPS)


def give_back_memory() -> None:
    """What ended runs left behind, for programs that live long: glibc keeps what their threads freed for later ones."""
    gc.collect()
    _tell_glibc("malloc_trim", 0)


def _tell_glibc(function: str, *numbers: int) -> None:
    import ctypes  # takes a while, and no short program needs it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None)[function](*numbers)


def run_all(
    make: Sequence[Callable[[Emit, Stop], Runnable]],
    *,
    jobs: int,
    stop: Stop,
    listen: Emit,
    timeout: float | None = None,
) -> list[SyncResult]:
    """The results, in the order of `make`; `jobs` of them are made beside each other.

    `listen` hears every event, in this thread; what it raises comes from here, once all have ended. After `timeout`
    seconds all are asked to stop.
    """
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()  # None: a run ended, look again
    deadline = None if timeout is None else time.monotonic() + timeout
    stop.deadline = deadline
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="run") as pool:
        runs = [pool.submit(lambda made=each: made(events.put, stop).sync()) for each in make]  # type: ignore[misc]
        for each in runs:
            each.add_done_callback(lambda _run: events.put(None))
        try:
            while not all(run.done() for run in runs):
                _hear(events, listen, TICK_SECONDS)
                if deadline is not None and time.monotonic() >= deadline:
                    stop.request(StopReason.TIMEOUT)
        except BaseException:
            stop.request(StopReason.CANCEL)  # the listener broke: nobody waits for these runs any more
            raise
    _hear(events, listen, 0)
    return [run.result() for run in runs]


def _hear(events: queue.SimpleQueue[Event | None], listen: Emit, seconds: float) -> None:
    try:
        event = events.get(timeout=seconds) if seconds else events.get_nowait()
        while True:
            if event is not None:
                listen(event)
            event = events.get_nowait()
    except queue.Empty:
        return
