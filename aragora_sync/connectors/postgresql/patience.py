"""Connections on which a run can end: a server that is frozen keeps the network alive, and says nothing for ever."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ...core.errors import TransientError
from ...core.stop import NoStop, Stopped, StopSign

if TYPE_CHECKING:
    import psycopg

STOP_SECONDS = 10.0  # for an answer that is on its way when the run is to end
GRACE_SECONDS = 15.0  # the server ends a statement by itself after `timeout`; a healthy one has said so by then


class Patience:
    """Waits with a connection, until some seconds after the stop, and while the server may have something to say.

    A server that says nothing for `silence_seconds` is asked by `answers` whether it lives at all; where a statement
    is `limited` by the server itself, it is frozen even if it does.
    """

    def __init__(
        self,
        stop: StopSign,
        silence_seconds: float = math.inf,
        answers: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop = stop
        self._silence_seconds = silence_seconds
        self._answers = answers
        self._now = now
        self._ends_at: float | None = None
        self.limited = True
        self.is_over = False

    def look(self, silent_since: float) -> float:
        """Since when it is silent; raises Stopped or TransientError where it is over. To be called while nothing
        comes.
        """
        self._look_for_stop()
        if self._now() - silent_since < self._silence_seconds and not self.is_over:
            return silent_since
        if self.is_over or self.limited or not self._answers():
            self.is_over = True
            raise TransientError(
                "the server said nothing for longer than it may take: it is frozen, or the network in between is gone.",
                hint="look whether the server runs; where its queries really take longer, raise the option 'timeout'",
            )
        return self._now()

    def _look_for_stop(self) -> None:
        if self._stop.requested:
            if self._ends_at is None:
                self._ends_at = self._now() + STOP_SECONDS
            if self._now() >= self._ends_at:
                raise Stopped

    def waiting(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same steps of psycopg, which is told with 0 that nothing came for a moment."""
        try:
            silent_since = self._now()
            wanted = next(steps)
            while True:
                ready = yield wanted
                silent_since = self._now() if ready else self.look(silent_since)
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


def connect(patience: Patience, parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    """A new connection; whatever is asked on it ends with `patience`."""
    connection: Any = connection_kind().connect(autocommit=True, prepare_threshold=None, **parameters)
    connection.patience = patience
    return connection  # type: ignore[no-any-return]
