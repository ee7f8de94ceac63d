"""Time for requests that only waits move: who waits is there at once, and overlapping waits are counted once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from aragora_sync.core.stop import StopSign
from aragora_sync.net import clock as net_clock

from ..fakes.web import FakeService

BEGAN = datetime(2026, 11, 2, 9, tzinfo=UTC)


class PatientClock(net_clock.Clock):
    """`waited` is all that was waited for. With a service, its clock moves along."""

    def __init__(self, service: FakeService | None = None) -> None:
        self.service = service
        self.began = BEGAN
        self.waited = 0.0
        self.waits: list[tuple[float, str]] = []
        self._moving = threading.Lock()

    def now(self) -> float:
        return 1000.0 + self.waited

    def today(self) -> datetime:
        return self.began + timedelta(seconds=self.waited) if self.service is None else self.service.now

    def wait_until(self, moment: float, stop: StopSign, why: str) -> bool:
        with self._moving:
            step = max(0.0, moment - self.now())
            self.waited += step
            self.waits.append((step, why))
            if self.service is not None:
                self.service.now += timedelta(seconds=step)
        return stop.requested


@contextmanager
def at_day(day: str) -> Iterator[None]:
    """Questions that name today name this day, within; where none is given, today."""
    if not day:
        yield
        return
    with patient() as clock:
        clock.began = datetime.fromisoformat(day).replace(tzinfo=UTC)
        yield


@contextmanager
def patient(service: FakeService | None = None) -> Iterator[PatientClock]:
    """Nobody waits for real, within."""
    before, net_clock.clock = net_clock.clock, PatientClock(service)
    try:
        yield net_clock.clock
    finally:
        net_clock.clock = before
