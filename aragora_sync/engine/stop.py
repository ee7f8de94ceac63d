"""One event that ends everything, and the reason for it."""

from __future__ import annotations

import threading
import time
import weakref
from enum import StrEnum


class StopReason(StrEnum):
    """Why a run ends before its end."""

    INTERRUPT = "interrupted"
    TERMINATE = "terminated"
    TIMEOUT = "out of time"
    CANCEL = "cancelled"
    ENOUGH = "enough items"
    LOGIN = "login needed"


class Stop:
    """Asks all who look at it to end soon; waits are woken. A child hears its parent, not the other way round."""

    def __init__(self, parent: Stop | None = None) -> None:
        self.reason: StopReason | None = None
        self.deadline: float | None = None if parent is None else parent.deadline  # on the clock that only goes forward
        self._event = threading.Event()
        self._children: list[weakref.ref[Stop]] = []  # a process that lasts makes a child for each of its runs
        self._adding = threading.Lock()
        if parent is not None:
            parent._adopt(self)

    @property
    def requested(self) -> bool:
        return self.reason is not None

    def request(self, reason: StopReason) -> None:
        """The first reason counts. Safe from a signal handler of the main thread and from any other thread."""
        if self.reason is None:
            self.reason = reason
        self._event.set()
        for child in _living(self._children):
            child.request(reason)

    def wait(self, seconds: float, why: str = "") -> bool:
        """Waits so long, or until a stop is requested; whether one was. `why` is for whoever shows it."""
        return self._event.wait(seconds)

    def left(self) -> float | None:
        """How many seconds remain until the run ends by itself; None where nobody set a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def _adopt(self, child: Stop) -> None:
        with self._adding:
            self._children = [weakref.ref(each) for each in (*_living(self._children), child)]
        if self.reason is not None:
            child.request(self.reason)


def _living(children: list[weakref.ref[Stop]]) -> list[Stop]:
    return [child for child in (each() for each in children) if child is not None]
