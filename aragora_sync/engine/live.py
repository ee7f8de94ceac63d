"""A connector that goes on until it is stopped: watched where its source can tell, else read again and again."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from ..core.clock import Clock, utc_now
from ..core.errors import AragoraSyncError
from ..core.files import exclusive_lock
from ..core.source import Source, Watches
from ..state import StateFile
from ..store.base import Counts, Writer
from .events import Emit, Resting, RunEnded
from .job import Ask
from .result import Status, StreamError, SyncResult, status_of
from .run import INTERRUPTIONS, ConnectorRun
from .stop import Stop
from .watching import Watching

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=1)  # of a source that is watched
TURN_SECONDS = 0.2  # how often one who waits for its turn looks whether a stop was requested
LONGEST_SLEEP_SECONDS = 60.0  # a clock that jumps is noticed after so long
HEALTHY = timedelta(minutes=1)  # a watch that lasted so long was no failure, whatever ended it


class ConnectorLive:
    """One connector without end. First an ordinary run, then it is watched; for what is due, and after a breakdown, the
    watch is closed, a run is made, and the watch goes on from the stored cursors.

    The connector's lock is held all the time. `every` is how often a source that cannot be watched is read; `turns`
    limits how many connectors read at once.
    """

    def __init__(
        self,
        source: Source,
        store: Writer,
        state: StateFile,
        *,
        lock: Path,
        ask: Ask | None = None,
        stop: Stop | None = None,
        emit: Emit = lambda _event: None,
        clock: Clock = utc_now,
        every: timedelta = EVERY,
        turns: threading.Semaphore | None = None,
    ) -> None:
        self.source = source
        self._store = store
        self._state = state
        self._lock = lock
        self._ask = ask or Ask()
        self._stop = Stop(stop)
        self._emit = emit
        self._clock = clock
        self._every = every
        self._turns = turns or threading.Semaphore()
        self._failing: set[str] = set()  # streams whose latest run failed
        self._failed_runs = 0  # one after the other, in which a stream did
        self._breakdowns = 0  # one after the other
        self._over = False
        self._counts = Counts()

    def sync(self) -> SyncResult:
        """Goes on until it is stopped, or until only a person can help. The result counts everything since."""
        began = time.monotonic()
        source = self.source
        try:
            with exclusive_lock(self._lock, f"{source.connector_id} of tenant {source.tenant_id}"):
                result = self._go_on()
        except AragoraSyncError as error:
            problem = StreamError.of("", error)
            status = status_of([problem], 0, 0)
            result = SyncResult(source.connector_id, source.tenant_id, source.type, status, stream_errors=[problem])
            self._emit(RunEnded(result))
        status = Status.INTERRUPTED if self._stop.reason in INTERRUPTIONS else result.status
        return replace(result, status=status, counts=self._counts, seconds=time.monotonic() - began)

    def _go_on(self) -> SyncResult:
        result = self._run(self._ask)
        while not self._over:
            if isinstance(self.source, Watches) and not _broke_down(result):
                result = self._watch()
            else:
                self._note(result, self._clock())
                self._rest(self._pause_seconds())
            if not self._over:
                result = self._run(replace(self._ask, kind=None, allow_mass_delete=False))
        return result

    def _run(self, ask: Ask) -> SyncResult:
        """An ordinary run when its turn has come; a stop ends the waiting for that."""
        while not self._turns.acquire(timeout=TURN_SECONDS):
            if self._stop.requested:
                self._over = True
                source = self.source
                return SyncResult(source.connector_id, source.tenant_id, source.type, Status.INTERRUPTED)
        try:
            result = self._end(self._prepare(ask))
        finally:
            self._turns.release()
        self._failing = {error.stream for error in result.stream_errors if error.status is not Status.REFUSED}
        self._failed_runs = self._failed_runs + 1 if self._failing else 0
        return result

    def _watch(self) -> SyncResult:
        began = self._clock()
        watching = Watching(self._longest_pause, self._next_try, self._failing)
        result = self._end(self._prepare(self._ask, watching))
        if watching.again and self._breakdowns:
            self._note_breakdown(began)
            self._rest(self._pause_seconds())
        elif watching.again:
            self._breakdowns = 1
        elif watching.gave_up:
            self._rest(self._next_try.total_seconds())
        elif self._note(result, began):
            self._rest(self._pause_seconds())
        return result

    def _prepare(self, ask: Ask, watching: Watching | None = None) -> ConnectorRun:
        return ConnectorRun(
            self.source,
            self._store,
            self._state,
            lock=None,  # it is held by the whole
            ask=ask,
            stop=self._stop,
            emit=self._emit,
            clock=self._clock,
            watching=watching,
        )

    def _end(self, run: ConnectorRun) -> SyncResult:
        result = run.sync()
        self._counts.add(result.counts)
        self._over = self._stop.requested or run.needs_login or result.status is Status.MISCONFIGURED
        return result

    # After a breakdown

    def _note(self, result: SyncResult, began: datetime) -> bool:
        """Counts breakdowns in a row; whether this was one."""
        if _broke_down(result):
            self._note_breakdown(began)
            return True
        self._breakdowns = 0
        return False

    def _note_breakdown(self, began: datetime) -> None:
        self._breakdowns = 1 if self._clock() - began >= HEALTHY else self._breakdowns + 1

    def _pause_seconds(self) -> float:
        if not self._breakdowns or not isinstance(self.source, Watches):
            return self._every.total_seconds()
        wait = self.source.retry_delay * float(1 << min(self._breakdowns - 1, 20))
        return min(self._longest_pause.total_seconds(), wait)

    @property
    def _next_try(self) -> timedelta:
        """When what is not watched is read: a stream that failed soon, then later and later."""
        if not self._failing:
            return self._every
        return min(self._every, LONGEST_PAUSE * (1 << min(self._failed_runs - 1, 20)))

    @property
    def _longest_pause(self) -> timedelta:
        return min(self._every, LONGEST_PAUSE)

    def _rest(self, seconds: float) -> None:
        """Waits so long, or until a stop is requested."""
        until = self._clock() + timedelta(seconds=seconds)
        if seconds and not self._stop.requested:
            self._emit(Resting(self.source.tenant_id, self.source.connector_id, seconds))
        while not self._stop.requested:
            left = (until - self._clock()).total_seconds()
            if not 0 < left <= seconds:  # more than that: the clock went back
                break
            self._stop.wait(min(left, LONGEST_SLEEP_SECONDS))
        self._over = self._over or self._stop.requested


def _broke_down(result: SyncResult) -> bool:
    """Whether the connector as a whole could not go on."""
    return any(not error.stream and error.status is not Status.REFUSED for error in result.stream_errors)
