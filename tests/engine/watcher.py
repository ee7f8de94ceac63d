"""A house whose connector is watched, and what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from aragora_sync.core.files import lock_path
from aragora_sync.engine.job import Ask
from aragora_sync.engine.live import ConnectorLive
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.stop import Stop, StopReason

from ..clock import FakeClock
from ..world_connector import LiveWorldConnector
from .house import House

LOOKS = 2  # at the source after the last thing that happened


class TurningStop(Stop):
    """Whoever waits turns the clock."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._turned = clock

    def _adopt(self, child: Stop) -> None:
        super()._adopt(child)
        child.wait = self._wait
        child._adopt = self._adopt_below(child)

    def _adopt_below(self, child: Stop) -> Callable[[Stop], None]:
        adopt = type(child)._adopt

        def below(grandchild: Stop) -> None:
            adopt(child, grandchild)
            grandchild.wait = self._wait
            grandchild._adopt = self._adopt_below(grandchild)

        return below

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self._turned.turn(seconds=max(seconds, 0.001))
        return self.requested


class Watcher:
    """Watches a house until all `script` has happened, one thing whenever nothing comes; then it is stopped."""

    def __init__(self, house: House, clock: FakeClock, script: Iterable[Callable[[], None]] = ()) -> None:
        self.house = house
        self.stop = TurningStop(clock)
        self.every = timedelta(minutes=1)
        self._clock = clock
        self._script = iter(script)
        self._looks = 0
        self.seen: list[int] = []  # how many items were held whenever nothing came
        if house.kind is not LiveWorldConnector:
            self.happens_at_rest()

    def live(self, **asked: Any) -> ConnectorLive:
        house = self.house
        return ConnectorLive(
            house.connector(),
            house.store,
            house.state,
            lock=lock_path(house.path, house.id, "default"),
            ask=Ask(**asked),
            stop=self.stop,
            emit=house.events.append,
            clock=house.clock,
            every=self.every,
        )

    def watch(self, **asked: Any) -> SyncResult:
        """Everything that happens, from the start of the program to its end."""
        house = self.house
        house.events.clear()
        house.world.begin_run()
        house.world.idle = self._idle
        return self.live(**asked).sync()

    def happens_at_rest(self) -> None:
        """What cannot be watched is read from time to time; then things happen between the runs."""
        self.stop._wait = self._idle_wait  # type: ignore[method-assign]

    def _idle(self) -> None:
        act = next(self._script, None)
        if act is not None:
            act()
            self._looks = 0
            return
        self._looks = 0 if self.house.world.pending else self._looks + 1
        if self._looks > LOOKS:
            self.stop.request(StopReason.INTERRUPT)

    def _idle_wait(self, seconds: float) -> bool:
        """One that is not watched rests instead."""
        TurningStop._wait(self.stop, seconds)
        self._idle()
        return self.stop.requested
