"""What whoever waits must know of the end of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Stopped(Exception):
    """A stop was requested; what was read before is stored."""


class StopSign(Protocol):
    """Tells that a run is to end. Waits are woken by it."""

    @property
    def requested(self) -> bool: ...

    def wait(self, seconds: float, why: str = "") -> bool:
        """Waits so long, or until a stop is requested; whether one was. `why` is shown to whoever watches."""

    def left(self) -> float | None:
        """How many seconds this run may still take; None where nobody said."""


class Within:
    """Ends by itself so many seconds after it began; may begin again. For one question at a time."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._ends = self._now() + self._seconds

    @property
    def requested(self) -> bool:
        return self.left() <= 0

    def wait(self, seconds: float, why: str = "") -> bool:
        threading.Event().wait(min(seconds, self.left()))
        return self.requested

    def left(self) -> float:
        return max(0.0, self._ends - self._now())


class NoStop:
    """Nobody will ask to end; for what runs outside of a run."""

    requested = False

    def wait(self, seconds: float, why: str = "") -> bool:
        return threading.Event().wait(seconds)

    def left(self) -> float | None:
        return None
