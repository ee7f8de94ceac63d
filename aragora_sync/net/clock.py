"""Time as requests know it: what passed, and waits that a stop wakes. Tests put another one in its place."""

from __future__ import annotations

import time
from datetime import datetime

from ..core.clock import utc_now
from ..core.stop import StopSign


class Clock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds, since whenever; never goes back."""
        return time.monotonic()

    def today(self) -> datetime:
        """The time of day, where no server told its own."""
        return utc_now()

    def wait_until(self, moment: float, stop: StopSign, why: str) -> bool:
        """Waits until `now()` is that moment, or until a stop is requested; whether one was."""
        return stop.wait(max(0.0, moment - self.now()), why)


clock = Clock()
