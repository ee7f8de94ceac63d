"""What waits in the queue is handed on, connector by connector, and again later where that failed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeAlias

from ..core.errors import AragoraSyncError
from ..core.hints import Hint
from ..core.webhook import merged
from .queue import Batch, HintQueue

logger = logging.getLogger(__name__)

Handle: TypeAlias = Callable[[str, str, tuple[Hint, ...]], bool]
Pair: TypeAlias = tuple[str, str]

WORKERS = 4
SETTLE_SECONDS = 1.0  # what comes together is handled together
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 5.0, 900.0
WHOLE_FROM_SECONDS = 60.0  # what waits so long is looked for: one of the names may be such that none is ever read
LOOK_SECONDS = 60.0  # another process may have added something


class Drain:
    """Calls `handle(tenant, connector, hints)` beside the caller. Hints leave the queue once it answered True.

    Never two at a time of one connector; `workers` of several. What failed waits longer each time, and holds up nobody.
    """

    def __init__(
        self,
        queue: HintQueue,
        handle: Handle,
        *,
        workers: int = WORKERS,
        settle: float = SETTLE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._handle = handle
        self._workers = workers
        self._settle = settle
        self._now = now
        self._changed = threading.Condition()
        self._is_changed = True
        self._stopping = False
        self._due: dict[Pair, float] = {}
        self._delays: dict[Pair, float] = {}
        self._running: set[Pair] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns at once."""
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for what is being handled; the rest goes on waiting in the queue."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something was added."""
        with self._changed:
            self._is_changed = True
            self._changed.notify_all()

    def _run(self) -> None:
        with ThreadPoolExecutor(self._workers, thread_name_prefix="hints") as pool:
            while not self._stopping:
                with self._changed:
                    self._is_changed = False
                waiting = self._waiting()
                with self._changed:
                    for pair in self._startable(waiting):
                        self._running.add(pair)
                        pool.submit(self._one, pair).add_done_callback(partial(self._ended, pair))
                    if not self._is_changed and not self._stopping:
                        self._changed.wait(self._pause())

    def _waiting(self) -> list[Pair]:
        try:
            return self._queue.waiting()
        except AragoraSyncError as error:
            logger.error("%s try: %s", error.message, error.hint)
            return []  # looked at again in a minute, or when something is added

    def _startable(self, waiting: list[Pair]) -> list[Pair]:
        """Those whose time has come, as far as there are workers."""
        now = self._now()
        for pair in waiting:
            self._due.setdefault(pair, now + self._settle)
        there = {*waiting, *self._running}
        self._due = {pair: at for pair, at in self._due.items() if pair in there}
        ready = [pair for pair in waiting if pair not in self._running and self._due[pair] <= now]
        return ready[: self._workers - len(self._running)]

    def _pause(self) -> float:
        """Until the next is due; whoever adds something, or ends, wakes."""
        if len(self._running) >= self._workers:
            return LOOK_SECONDS
        times = [at for pair, at in self._due.items() if pair not in self._running]
        return min(LOOK_SECONDS, max(0.0, min(times) - self._now())) if times else LOOK_SECONDS

    def _one(self, pair: Pair) -> bool:
        batch: Batch = self._queue.take(*pair)
        if not batch.hints:
            return True
        hints = batch.hints
        if self._delays.get(pair, 0.0) >= WHOLE_FROM_SECONDS:
            hints = merged(Hint(each.stream) for each in hints)
        if not self._handle(*pair, hints):
            return False
        self._queue.done(batch)
        return True

    def _ended(self, pair: Pair, ended: Future[bool]) -> None:
        error = ended.exception()
        if error is not None:
            logger.error("hints of %s of tenant %s are tried again later", pair[1], pair[0], exc_info=error)
        with self._changed:
            self._running.discard(pair)
            self._due.pop(pair, None)
            if error is None and ended.result():
                self._delays.pop(pair, None)
            else:
                delay = min(self._delays.get(pair, FIRST_DELAY_SECONDS / 2) * 2, LONGEST_DELAY_SECONDS)
                self._delays[pair], self._due[pair] = delay, self._now() + delay
            self._is_changed = True
            self._changed.notify_all()
