"""The loop that keeps running: starts what is due, hears what happens, ends when it is asked to."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from ..core.clock import Clock, utc_now
from .agenda import Agenda, Key, LastRunOf
from .events import Emit, Event, RunEnded
from .result import Status, StreamError, SyncResult
from .schedule import SyncSchedule
from .stop import Stop, StopReason

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0  # the longest time in which nothing is looked at
JUMP_SECONDS = 60.0  # a clock that gained or lost so much was put to another time

Work: TypeAlias = Callable[[Key, Emit, Stop], SyncResult]


class Service(Protocol):
    """Something that lives beside the schedules, as long as they do: a server, a listener."""

    def start(self, scheduler: Scheduler) -> None:
        """Returns at once. `scheduler.run_soon(key)` may be called from any thread."""

    def stop(self) -> None:
        """Returns when nothing of it runs any more."""


@dataclass(slots=True)
class _Running:
    stop: Stop
    deadline: float | None  # on the clock that only goes forward


class Scheduler:
    """Runs connectors by their schedules, `jobs` beside each other, each when it waited longest.

    `work` syncs one connector, in a thread. `on_ready` is called once all `services` have started, `on_tick` at least
    every second from then on, and `listen` hears every event, all in the thread of `run`. `timeout` ends a run after
    so many seconds, so that others have their turn.
    """

    def __init__(
        self,
        work: Work,
        *,
        jobs: int = 4,
        timeout: float | None = None,
        listen: Emit = lambda _event: None,
        on_ready: Callable[[], None] = lambda: None,
        on_tick: Callable[[], None] = lambda: None,
        services: Sequence[Service] = (),
        clock: Clock = utc_now,
    ) -> None:
        self._work = work
        self._jobs = max(1, jobs)
        self._timeout = timeout
        self._listen = listen
        self._on_ready = on_ready
        self._on_tick = on_tick
        self._services = services
        self._clock = clock
        self._agenda = Agenda()
        self._inbox: queue.SimpleQueue[Event | Callable[[], None]] = queue.SimpleQueue()
        self._running: dict[Key, _Running] = {}
        self._reason: StopReason | None = None
        self._drift = _Drift(clock)

    # From any thread, and from signal handlers of the main thread

    def request(self, reason: StopReason) -> None:
        """Asks `run` to end: what is under way is stored."""
        self._reason = self._reason or reason
        for running in list(self._running.values()):
            running.stop.request(reason)
        self.wake()

    def wake(self) -> None:
        """`on_tick` is called now."""
        self._inbox.put(_nothing)

    def run_soon(self, key: Key) -> None:
        """This connector runs as soon as it can; nothing happens where it has no schedule."""
        self._inbox.put(lambda: self._run_soon(key))

    def say(self, event: Event) -> None:
        """`listen` hears this event, too."""
        self._inbox.put(event)

    def plan(self, wanted: Mapping[Key, SyncSchedule], last_run: LastRunOf) -> None:
        """From now on these are run and no others; what is under way goes on."""
        self._inbox.put(lambda: self._agenda.plan(wanted, last_run, self._clock()))

    @property
    def reason(self) -> StopReason | None:
        """Why it ends; None while nobody asked for that."""
        return self._reason

    @property
    def upcoming(self) -> Mapping[Key, datetime]:
        """When each connector is due that does not run now."""
        return self._agenda.upcoming()

    def expected(self) -> Mapping[Key, tuple[SyncSchedule, datetime]]:
        """When each connector runs next, and by which schedule; to be asked in the thread of `run`."""
        return self._agenda.expected()

    # The loop

    def run(self) -> None:
        """Blocks until a stop is asked for and everything has ended."""
        started: list[Service] = []
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="run") as pool:
            try:
                self._hear(0)
                for service in self._services:
                    started.append(service)
                    service.start(self)
                self._on_ready()
                while self._reason is None:
                    if threading.main_thread().is_alive():
                        self._turn(pool)
                    else:
                        self.request(StopReason.CANCEL)  # the program came to its end and forgot us
                self._on_tick()
            except BaseException:
                self.request(StopReason.CANCEL)
                raise
            finally:
                for service in reversed(started):
                    service.stop()
            while self._running:
                self._on_tick()
                self._hear(TICK_SECONDS)
        self._hear(0)

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        now = self._clock()
        if self._drift.jumped():
            logger.warning("the clock was put to another time, or the machine slept: all schedules are reckoned anew")
            self._agenda.replan(now)
        for key in self._agenda.take(now, self._jobs - len(self._running)):
            self._start(pool, key)
        self._end_late_ones()
        self._on_tick()
        self._hear(self._pause())

    def _start(self, pool: ThreadPoolExecutor, key: Key) -> None:
        stop = Stop()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        stop.deadline = deadline
        self._running[key] = _Running(stop, deadline)
        future = pool.submit(self._work, key, self._inbox.put, stop)
        future.add_done_callback(lambda done: self._inbox.put(lambda: self._ended(key, done)))
        if self._reason is not None:
            stop.request(self._reason)  # asked for just now

    def _ended(self, key: Key, future: Future[SyncResult]) -> None:
        del self._running[key]
        self._agenda.ended(key, self._clock())
        error = future.exception()
        if error is not None and threading.main_thread().is_alive():  # else nothing can be started any more
            logger.error("%s of tenant %s ended unexpectedly", key[1], key[0], exc_info=error)
            problem = StreamError("", f"ended unexpectedly: {type(error).__name__}.", "", Status.FAILED)
            self._listen(RunEnded(SyncResult(key[1], key[0], "", Status.FAILED, stream_errors=[problem])))

    def _run_soon(self, key: Key) -> None:
        self._agenda.run_soon(key, self._clock())

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.deadline is not None and now >= running.deadline:
                running.stop.request(StopReason.TIMEOUT)

    def _pause(self) -> float:
        due = self._agenda.next_due()
        if due is None or len(self._running) >= self._jobs:
            return TICK_SECONDS
        return min(TICK_SECONDS, max(0.0, (due - self._clock()).total_seconds()))

    def _hear(self, seconds: float) -> None:
        """Waits so long for something to happen, and hears all of it."""
        try:
            message = self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait()
            while True:
                if callable(message):
                    message()
                else:
                    self._listen(message)
                message = self._inbox.get_nowait()
        except queue.Empty:
            return


class _Drift:
    """Notices that the clock on the wall was put to another time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = self._measure()

    def jumped(self) -> bool:
        """Whether that happened since the last time this was asked."""
        before, self._ahead = self._ahead, self._measure()
        return abs(self._ahead - before) > JUMP_SECONDS

    def _measure(self) -> float:
        return self._clock().timestamp() - time.monotonic()


def _nothing() -> None:
    return
