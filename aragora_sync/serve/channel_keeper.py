"""What attends to push channels beside everything else: a few at a time, so that a slow vendor holds up no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from ..core.clock import Clock, utc_now
from ..core.stop import Stopped
from .channels import Channels, Offer, Pair

logger = logging.getLogger(__name__)

WORKERS = 4
LOOK_SECONDS = 60.0  # the clock may have been set


class ChannelKeeper:
    """Runs `channels` in threads of its own, until `stop`."""

    def __init__(self, channels: Channels, clock: Clock = utc_now) -> None:
        self._channels = channels
        self._clock = clock
        self._changed = threading.Condition()
        self._stopping = False
        self._running: set[Pair] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns at once."""
        self._thread = threading.Thread(target=self._run, name="channels", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for what goes on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def offer(self, offers: Iterable[Offer], *, tenant: str | None = None, known: Collection[Pair] = ()) -> None:
        """From now on these, as after a change of the configuration; see `Channels.offer`."""
        with self._changed:
            self._channels.offer(offers, tenant=tenant, known=known)
            self._changed.notify_all()

    def _run(self) -> None:
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="channels") as pool, self._changed:
            while not self._stopping:
                for offer in self._channels.due():
                    if offer.pair not in self._running and len(self._running) < WORKERS:
                        self._running.add(offer.pair)
                        pool.submit(self._channels.attend, offer).add_done_callback(partial(self._ended, offer))
                self._changed.wait(self._pause())

    def _pause(self) -> float:
        if self._running:  # whoever ends wakes
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.0, (self._channels.next_at() - self._clock()).total_seconds()))

    def _ended(self, offer: Offer, ended: Future[None]) -> None:
        error = ended.exception()
        with self._changed:
            if error is not None and not isinstance(error, Stopped):
                self._channels.failed(offer, error)
            self._running.discard(offer.pair)
            self._changed.notify_all()
