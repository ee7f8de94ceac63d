"""What runs beside the schedules: webhooks that are heard, and connectors that are watched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..engine.job import Ask
from ..engine.stop import Stop, StopReason
from .foreground import Listener
from .webhooks import channel_keeper, offers, public_address, served, webhook_service

if TYPE_CHECKING:
    from ..core.hints import Hint
    from ..engine.agenda import Key
    from ..engine.scheduler import Scheduler
    from .foreground import Turns
    from .planned import Plan
    from .selection import Chosen

logger = logging.getLogger(__name__)

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
        self._service = webhook_service(plan.asked, address, self._handle)
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
        self._service.serve(served(plan.asked))
        if self._keeper is not None:
            self._keeper.offer(offers(plan), plan.asked.tenant)

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


class Watched(Listener):
    """Watches what can be watched, each connector in a thread of its own, `jobs` of them reading at once."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        self._plan = plan
        self._turns = threading.Semaphore(jobs)
        self._scheduler: Scheduler | None = None
        self._stop = Stop()
        self._watches: dict[Key, tuple[Chosen, Stop, threading.Thread]] = {}

    def start(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._follow(self._plan.watched)

    def stop(self) -> None:
        self._stop.request(StopReason.CANCEL)
        self._follow({})

    def planned(self, plan: Plan) -> None:
        self._plan = plan
        if self._scheduler is not None:
            self._follow(plan.watched)

    def _follow(self, wanted: Mapping[Key, Chosen]) -> None:
        """Ends what is no longer wanted, or is configured otherwise now, and begins what is new."""
        ended = [key for key, (chosen, _, _) in self._watches.items() if wanted.get(key) != chosen]
        for key in ended:
            self._watches[key][1].request(StopReason.CANCEL)
        for key in ended:
            self._watches.pop(key)[2].join()
        for key in wanted.keys() - self._watches.keys():
            stop = Stop(self._stop)
            thread = threading.Thread(target=self._watch, args=(key, self._plan, stop), name=f"watch {key[1]}")
            self._watches[key] = (wanted[key], stop, thread)
            thread.start()

    def _watch(self, key: Key, plan: Plan, stop: Stop) -> None:
        assert self._scheduler is not None
        with ThreadPoolExecutor(1, thread_name_prefix=key[1]) as pool:
            while not stop.requested:
                ended = pool.submit(plan.sync, key, self._scheduler.say, stop, turns=self._turns)
                if error := ended.exception():
                    logger.error("%s of tenant %s: the watch ended unexpectedly", key[1], key[0], exc_info=error)
                stop.wait(AGAIN_SECONDS)
