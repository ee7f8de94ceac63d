"""The program that keeps running: the loop, the file it follows, and systemd."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core.clock import utc_now
from ..core.errors import AragoraSyncError, Exit
from ..engine.agenda import Key
from ..engine.events import Emit, Event, RunEnded
from ..engine.published import PlanTeller
from ..engine.runner import give_back_memory
from ..engine.scheduler import Scheduler, Service
from ..engine.stop import Stop, StopReason
from .output import count, discard_stdout, letter, talk
from .planned import ConfigFile, Plan
from .sd_notify import SystemdNotice
from .signals import stopping_on_signals

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from ..engine.result import SyncResult
    from .common import Asked
    from .display import Display

HOUSEKEEPING_SECONDS = 60.0
HOUSEKEEPING_RUNS = 30  # what so many leave behind is given back earlier
LEAST_HOUSEKEEPING_SECONDS = 3.0  # however many runs there are: it stops all threads for a moment
_KEPT = "The schedules of before go on."


class Listener:
    """Hears events, and is called at least every second, in the thread of the loop."""

    def hear(self, event: Event) -> None:
        return

    def tick(self, scheduler: Scheduler) -> None:
        return

    def planned(self, plan: Plan) -> None:
        return

    def told(self) -> str:
        """What it does beside the schedules, in a few words; empty: nothing to speak of."""
        return ""

    def close(self) -> None:
        return


class Housekeeping(Listener):
    """Gives back the memory of runs that ended: once a minute, and sooner where they are many."""

    def __init__(self) -> None:
        self._ended = 0
        self._done_at = time.monotonic()

    def hear(self, event: Event) -> None:
        self._ended += isinstance(event, RunEnded)

    def tick(self, scheduler: Scheduler) -> None:
        rest = LEAST_HOUSEKEEPING_SECONDS if self._ended >= HOUSEKEEPING_RUNS else HOUSEKEEPING_SECONDS
        if self._ended and time.monotonic() - self._done_at >= rest:
            give_back_memory()
            self._ended, self._done_at = 0, time.monotonic()


class Planned(Listener):
    """Tells `status` and `schedule next` what is planned here."""

    def __init__(self, stores: Path) -> None:
        self._teller = PlanTeller(lambda _key: stores)

    def tick(self, scheduler: Scheduler) -> None:
        self._teller.tell(scheduler.expected)

    def close(self) -> None:
        self._teller.close()


class Turns:
    """One run of a connector at a time in this process, whoever asks for it."""

    def __init__(self) -> None:
        self._locks: dict[Key, threading.Lock] = {}

    def of(self, key: Key) -> threading.Lock:
        """Held by whoever runs this connector."""
        return self._locks.setdefault(key, threading.Lock())


@dataclass
class Limits:
    """How much runs at once, and for how long."""

    jobs: int = 4
    timeout: float | None = None


@dataclass
class Foreground:
    """Runs all schedules of the file until a signal ends it; follows the file when it changes.

    `services` live as long as the loop, beside it: servers and listeners that say `run_soon`.
    """

    asked: Asked
    plan: Plan
    display: Display
    limits: Limits = field(default_factory=Limits)
    turns: Turns = field(default_factory=Turns)
    services: Sequence[Service] = ()
    listeners: Sequence[Listener] = ()

    def __post_init__(self) -> None:
        self._file = ConfigFile(self.asked)
        self._plan = self._previous = self.plan
        self._systemd = SystemdNotice()
        self._hung_up = False
        self._stopping = False
        self.scheduler = Scheduler(
            self._sync,
            jobs=self.limits.jobs,
            timeout=self.limits.timeout,
            listen=self._hear,
            on_ready=self._tell_ready,
            on_tick=self._tick,
            services=self.services,
        )

    def run(self) -> int:
        """Blocks until Ctrl-C or SIGTERM; what is under way then is stored."""
        with stopping_on_signals(self.scheduler, self.display), self._reloading_on_hangup():
            self._follow(self._plan, before=set())
            try:
                self.scheduler.run()
            finally:
                for listener in self.listeners:
                    listener.close()
        return Exit.INTERRUPTED if self.scheduler.reason is StopReason.INTERRUPT else Exit.OK

    def _sync(self, key: Key, emit: Emit, stop: Stop) -> SyncResult:
        plan = self._plan if key in self._plan.scheduled else self._previous
        with self.turns.of(key):
            return plan.sync(key, emit, stop)

    def _tell_ready(self) -> None:
        self._systemd.ready(self._told())
        if not self.asked.quiet:
            talk(f"{self._told()}; Ctrl-C ends it, and progress is kept")

    def _hear(self, event: Event) -> None:
        self.display.hear(event)
        for listener in self.listeners:
            listener.hear(event)

    def _tick(self) -> None:
        self._systemd.alive()
        if self.scheduler.reason is not None:
            if not self._stopping:
                self._stopping = True
                self._systemd.stopping()
            return
        if self._hung_up or self._file.changed():
            self._reload()
        for listener in self.listeners:
            listener.tick(self.scheduler)

    def _reload(self) -> None:
        """The new meaning of the file, or the old one where the new one is broken; each is said once."""
        self._hung_up = False
        self._file.was_read()
        self._systemd.reloading()
        try:
            plan = self._plan.again()
        except AragoraSyncError as error:
            talk(f"{letter(error)}\n{_KEPT}")
            self._systemd.ready(f"{self._plan.config.path} cannot be used; the schedules of before go on")
        else:
            before, self._previous, self._plan = set(self._plan.schedules), self._plan, plan
            self._follow(plan, before)
            talk(f"{plan.config.path} was read again: {self._told()}")
            self._systemd.ready(self._told())

    def _follow(self, plan: Plan, before: set[Key]) -> None:
        new = plan.schedules.keys() - before
        self.scheduler.plan(plan.schedules, plan.counted_from(new, noted_at=utc_now()).get)
        for listener in self.listeners:
            listener.planned(plan)

    def _told(self) -> str:
        beside = [told for listener in self.listeners if (told := listener.told())]
        scheduled = [f"{count(len(self._plan.schedules), 'connector')} by schedule"]
        return ", ".join([*(scheduled if self._plan.schedules or not beside else []), *beside])

    @contextlib.contextmanager
    def _reloading_on_hangup(self) -> Iterator[None]:
        terminals = [number for number in (1, 2) if os.isatty(number)]

        def handle(_number: int, _frame: FrameType | None) -> None:
            if terminals and not any(os.isatty(number) for number in terminals):
                discard_stdout()  # the window was closed: nobody asked for anything to be read again
                self.scheduler.request(StopReason.TERMINATE)
                return
            self._hung_up = True
            self.scheduler.wake()

        before = signal.signal(signal.SIGHUP, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)
