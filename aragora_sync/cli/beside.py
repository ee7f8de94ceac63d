"""What runs beside the schedules: webhooks that are heard, and connectors that are watched."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..engine.job import Ask
from ..engine.stop import Stop, StopReason
from .foreground import Listener
from .output import count
from .webhooks import channel_keeper, offers, public_address, served, webhook_service

if TYPE_CHECKING:
    from ..core.hints import Hint
    from ..engine.agenda import Key
    from ..engine.scheduler import Scheduler
    from .foreground import Turns
    from .planned import Plan
    from .selection import Chosen

logger = logging.getLogger(__name__)

MOST_WATCHES = 10_000  # threads are made as they are needed
END_SECONDS = 2.0  # that a watch has to end before others are begun without it
AGAIN_SECONDS = 60.0  # a watch that ended, as for want of a login, begins again after so long


class Webhooks(Listener):
    """Receives webhooks at an address; what they hint at is read at once, and waits on the disk until it was.

    With `public_url`, where the world reaches that address, push channels to it are made and renewed.
    """

    def __init__(self, plan: Plan, address: str, turns: Turns, public_url: str | None = None) -> None:
        self._plan = plan
        self._turns = turns
        self._stop = Stop()
        base = None if public_url is None else public_address(public_url)
        self._service = webhook_service(plan, address, self._handle)
        self._keeper = None if base is None else channel_keeper(plan, base, self._service, self._stop)

    def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._service.start()
        if self._keeper is not None:
            self._keeper.start()

    def stop(self) -> None:
        self._stop.request(StopReason.CANCEL)
        if self._keeper is not None:
            self._keeper.stop()
        self._service.stop()

    def planned(self, plan: Plan) -> None:
        self._plan = plan
        self._service.serve(served(plan))
        if self._keeper is not None:
            self._keeper.offer(offers(plan), tenant=plan.asked.tenant, known=plan.configured)

    def told(self) -> str:
        return f"{count(self._service.serving, 'connector')} told by webhooks at http://{self._service.address}"

    def _handle(self, tenant: str, connector: str, hints: tuple[Hint, ...]) -> bool:
        """Whether what they name was read; where the connector is being read just now, not yet.

        What is not enabled here waits: another process may share the queue, and know it.
        """
        key, plan = (tenant, connector), self._plan
        if key not in plan.enabled:
            return False
        turn = self._turns.of(key)
        if not turn.acquire(blocking=False):
            return False
        try:
            result = plan.sync(key, self._scheduler.say, Stop(self._stop), ask=Ask(hints=hints))
        finally:
            turn.release()
        return not result.stream_errors and not self._stop.requested


@dataclass(slots=True)
class _Watch:
    chosen: Chosen
    stop: Stop
    running: Future[None]
    again_at: float | None = None  # once it ended


class Watched(Listener):
    """Watches what can be watched, each connector in a thread of its own, `jobs` of them reading at once."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        self._plan = plan
        self._turns = threading.Semaphore(jobs)
        self._stop = Stop()
        self._pool = ThreadPoolExecutor(MOST_WATCHES, thread_name_prefix="watch")
        self._scheduler: Scheduler | None = None
        self._watches: dict[Key, _Watch] = {}
        self._ending: dict[Key, Future[None]] = {}

    def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._follow(self._plan.watched)

    def stop(self) -> None:
        self._stop.request(StopReason.CANCEL)
        self._pool.shutdown()

    def planned(self, plan: Plan) -> None:
        self._plan = plan
        if self._scheduler is not None:
            self._follow(plan.watched)

    def told(self) -> str:
        return f"{count(len(self._plan.watched), 'connector')} watched"

    def tick(self, scheduler: Scheduler) -> None:
        """What ended by itself, as for want of a login, begins again after a while."""
        now = time.monotonic()
        for key, watch in self._watches.items():
            if watch.again_at is not None and now >= watch.again_at:
                self._watches[key] = self._begin(key, scheduler)
            elif watch.again_at is None and watch.running.done():
                watch.again_at = now + AGAIN_SECONDS

    def _follow(self, wanted: Mapping[Key, Chosen]) -> None:
        """Ends what is no longer wanted, or is configured otherwise now, and begins what is new.

        Most end in a moment; one that waits for its server keeps nobody waiting but the next watch of the same.
        """
        assert self._scheduler is not None
        over = [key for key, watch in self._watches.items() if wanted.get(key) != watch.chosen]
        for key in over:
            self._watches[key].stop.request(StopReason.CANCEL)
            self._ending[key] = self._watches.pop(key).running
        wait(self._ending.values(), END_SECONDS)
        self._ending = {key: running for key, running in self._ending.items() if not running.done()}
        for key in wanted.keys() - self._watches.keys():
            self._watches[key] = self._begin(key, self._scheduler)

    def _begin(self, key: Key, scheduler: Scheduler) -> _Watch:
        plan, stop, before = self._plan, Stop(self._stop), self._ending.get(key)

        def watch() -> None:
            if before is not None:
                wait([before])
            if not stop.requested:
                plan.sync(key, scheduler.say, stop, turns=self._turns)

        running = self._pool.submit(watch)
        running.add_done_callback(partial(_tell_bug, key))
        return _Watch(plan.watched[key], stop, running)


def _tell_bug(key: Key, running: Future[None]) -> None:
    if error := running.exception():
        logger.error("%s of tenant %s: the watch ended unexpectedly", key[1], key[0], exc_info=error)
