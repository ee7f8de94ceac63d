"""What would be told again and again is told from time to time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable


class Seldom(logging.Filter):
    """Lets one record of each kind pass in so many seconds; one without a kind, None, always passes."""

    def __init__(
        self,
        seconds: float,
        kind_of: Callable[[logging.LogRecord], Hashable],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._seconds = seconds
        self._kind_of = kind_of
        self._clock = clock
        self._told_at: dict[Hashable, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = self._kind_of(record), self._clock()
        if kind is None:
            return True
        if now - self._told_at.get(kind, -self._seconds) < self._seconds:
            return False
        self._told_at = {each: at for each, at in self._told_at.items() if now - at < self._seconds}
        self._told_at[kind] = now
        return True
