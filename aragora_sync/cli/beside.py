"""What runs beside the schedules: webhooks that are heard, and connectors that are watched."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..engine.job import Ask
from ..engine.stop import Stop, StopReason
from .foreground import Listener
from .webhooks import served, webhook_service

if TYPE_CHECKING:
    from ..core.hints import Hint
    from ..engine.agenda import Key
    from ..engine.scheduler import Scheduler
    from .foreground import Turns
    from .planned import Plan
    from .selection import Chosen

logger = logging.getLogger(__name__)

END_SECONDS = 2.0
AGAIN_SECONDS = 60.0  # a watch that ended, as for want of a login, begins again after so long


class Webhooks(Listener):
    """Receives webhooks at an address; what they hint at is read at once, and waits on the disk until it was."""

    def __init__(self, plan: Plan, address: str, turns: Turns) -> None:
        self._plan = plan
        self._turns = turns
        self._stop = Stop()
        self._service = webhook_service(plan.asked, address, self._handle)

    def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._service.start()

    def stop(self) -> None:
        self._stop.request(StopReason.CANCEL)
        self._service.stop()

    def planned(self, plan: Plan) -> None:
        self._plan = plan
        self._service.serve(served(plan.asked))

    def _handle(self, tenant: str, connector: str, hints: tuple[Hint, ...]) -> bool:
        """Whether what they name was read; where the connector is being read just now, not yet."""
        key, plan = (tenant, connector), self._plan
        if key not in plan.enabled:
            return True
        turn = self._turns.of(key)
        if not turn.acquire(blocking=False):
            return False
        try:
            result = plan.sync(key, self._scheduler.say, Stop(self._stop), ask=Ask(hints=hints))
        finally:
            turn.release()
        return not result.stream_errors and not self._stop.requested


class Watched(Listener):
    """Watches what can be watched, each connector in a thread of its own, `jobs` of them reading at once."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        self._plan = plan
        self._turns = threading.Semaphore(jobs)
        self._scheduler: Scheduler | None = None
        self._stop = Stop()
        self._watches: dict[Key, tuple[Chosen, Stop, threading.Thread]] = {}
        self._ending: dict[Key, threading.Thread] = {}

    def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._follow(self._plan.watched)

    def stop(self) -> None:
        self._stop.request(StopReason.CANCEL)
        self._follow({})
        for thread in self._ending.values():
            thread.join()

    def planned(self, plan: Plan) -> None:
        self._plan = plan
        if self._scheduler is not None:
            self._follow(plan.watched)

    def _follow(self, wanted: Mapping[Key, Chosen]) -> None:
        """Ends what is no longer wanted, or is configured otherwise now, and begins what is new.

        Most end in a moment; one that waits for its server keeps nobody waiting but the next watch of the same.
        """
        ended = [key for key, (chosen, _, _) in self._watches.items() if wanted.get(key) != chosen]
        for key in ended:
            self._watches[key][1].request(StopReason.CANCEL)
        patience = time.monotonic() + END_SECONDS
        for key in ended:
            thread = self._ending[key] = self._watches.pop(key)[2]
            thread.join(max(0.0, patience - time.monotonic()))
        self._ending = {key: thread for key, thread in self._ending.items() if thread.is_alive()}
        for key in wanted.keys() - self._watches.keys():
            stop = Stop(self._stop)
            work = (key, self._plan, stop, self._ending.get(key))
            thread = threading.Thread(target=self._watch, args=work, name=f"watch {key[1]}")
            self._watches[key] = (wanted[key], stop, thread)
            thread.start()

    def _watch(self, key: Key, plan: Plan, stop: Stop, before: threading.Thread | None) -> None:
        assert self._scheduler is not None
        if before is not None:
            before.join()
        with ThreadPoolExecutor(1, thread_name_prefix=key[1]) as pool:
            while not stop.requested:
                ended = pool.submit(plan.sync, key, self._scheduler.say, stop, turns=self._turns)
                if error := ended.exception():
                    logger.error("%s of tenant %s: the watch ended unexpectedly", key[1], key[0], exc_info=error)
                stop.wait(AGAIN_SECONDS)
