"""What whoever waits must know of the end of a run."""

from __future__ import annotations

import threading
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


class NoStop:
    """Nobody will ask to end; for what runs outside of a run."""

    requested = False

    def wait(self, seconds: float, why: str = "") -> bool:
        return threading.Event().wait(seconds)

    def left(self) -> float | None:
        return None
