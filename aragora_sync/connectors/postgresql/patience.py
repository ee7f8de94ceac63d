"""Connections on which a run can end: a server that is frozen keeps the network alive, and says nothing for ever."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ...core.stop import NoStop, Stopped, StopSign

if TYPE_CHECKING:
    import psycopg

STOP_SECONDS = 10.0  # for an answer that is on its way when the run is to end


class Patience:
    """Waits with a connection, until some seconds after the stop."""

    def __init__(self, stop: StopSign, now: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._now = now
        self._ends_at: float | None = None

    def look(self) -> None:
        """Raises Stopped where it is over. To be called while nothing comes."""
        if self._stop.requested:
            if self._ends_at is None:
                self._ends_at = self._now() + STOP_SECONDS
            if self._now() >= self._ends_at:
                raise Stopped

    def waiting(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same steps of psycopg, which is told with 0 that nothing came for a moment."""
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready:
                    self.look()
                wanted = steps.send(ready)
        except StopIteration as ended:
            return ended.value


@functools.cache
def connection_kind() -> type[psycopg.Connection[Any]]:
    """A connection that has `patience`."""
    import psycopg

    class PatientConnection(psycopg.Connection[Any]):
        patience = Patience(NoStop())

        def wait(self, gen: Any, *more: Any, **named: Any) -> Any:
            return super().wait(self.patience.waiting(gen), *more, **named)

    return PatientConnection


def connect(stop: StopSign, parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    """A new connection; whatever is asked on it ends soon after `stop`."""
    connection: Any = connection_kind().connect(autocommit=True, prepare_threshold=None, **parameters)
    connection.patience = Patience(stop)
    return connection  # type: ignore[no-any-return]
