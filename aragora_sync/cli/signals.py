"""Ctrl-C and SIGTERM: the first asks the run to end well, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Protocol

from ..engine.stop import StopReason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from .display import Display

REASONS = {signal.SIGINT: StopReason.INTERRUPT, signal.SIGTERM: StopReason.TERMINATE}
STOPPING = "stopping after the running batch is stored; once more ends at once, which is safe too"


class Stoppable(Protocol):
    """Something that ends well when it is asked to."""

    def request(self, reason: StopReason) -> None:
        """Called from a signal handler."""


@contextlib.contextmanager
def stopping_on_signals(stop: Stoppable, display: Display) -> Iterator[None]:
    """Inside, a signal asks for a stop; a second one leaves with 130 or 143. The old handlers come back."""
    heard = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        if heard:
            display.leave()
            os._exit(128 + number)
        heard = True
        stop.request(REASONS[signal.Signals(number)])
        display.tell(STOPPING)

    before = {number: signal.signal(number, handle) for number in REASONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
