"""Webhooks as one thing to start and stop: the server, the queue, and what hands the hints on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

from ..core.clock import Clock, utc_now
from ..core.errors import ConfigError
from ..core.hints import Hint
from .app import WebhookApp
from .drain import SETTLE_SECONDS, Drain, Handle
from .queue import HintQueue
from .served import Routes, Served
from .server import Server

logger = logging.getLogger(__name__)

MOST_BYTES = 5_000_000  # of any body; each connector has a bound of its own below it


class WebhookService:
    """Receives webhooks at `address` and hands their hints to `handle`, beside the caller.

    `handle(tenant, connector, hints)` answers whether the run of these hints ended well; until then they wait on the
    disk, whatever happens to this process.
    """

    def __init__(
        self,
        served: Iterable[Served],
        queue: Path,
        handle: Handle,
        *,
        address: str = "127.0.0.1:8090",
        canonical: Callable[[str], str] = str,
        clock: Clock = utc_now,
        settle: float = SETTLE_SECONDS,
    ) -> None:
        self._canonical = canonical
        self._queue = HintQueue(queue)
        self._drain = Drain(self._queue, handle, settle=settle)
        self._app = WebhookApp(Routes(served, canonical), self._queue, self._drain.wake, clock)
        self._server = Server(self._app, address, MOST_BYTES)
        self.address = address

    def __enter__(self) -> WebhookService:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns once requests are answered; ConfigError where nothing can listen. What waited is handled, too."""
        try:
            self.address = self._server.start()
        except ConfigError:
            self._queue.close()
            raise
        logger.info("listening for webhooks at http://%s", self.address)
        self._drain.start()

    def stop(self) -> None:
        """No more requests are taken; waits for the runs that go on. The rest waits for the next start."""
        self._server.stop()
        self._drain.stop()
        self._queue.close()
        for one in self._app.routes:
            one.close()

    @property
    def serving(self) -> int:
        """How many connectors there are that can be told of changes."""
        return len(self._app.routes)

    def look(self, tenant: str, connector: str) -> None:
        """Asks for an incremental run of this connector; on the disk when this returns."""
        self._queue.add(tenant, connector, [Hint()], uuid4().bytes)
        self._drain.wake()

    def expect(self, tenant: str, connector: str) -> None:
        """The vendor of this connector may post its handshake now."""
        self._app.expect(tenant, connector)

    def serve(self, served: Iterable[Served]) -> None:
        """From now on these connectors, as after a change of the configuration."""
        before, self._app.routes = self._app.routes, Routes(served, self._canonical)
        for one in before:
            one.close()
