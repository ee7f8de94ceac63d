"""What all streams of one run share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.clock import Clock, utc_now
from ..core.hints import Hint
from ..core.source import Source
from ..store.base import PassKind, Writer
from .events import Emit, Waiting
from .stop import Stop, StopReason

SHORTEST_TOLD_SECONDS = 1.0  # of waits


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asked of a run."""

    kind: PassKind | None = None
    allow_mass_delete: bool = False
    max_items: int | None = None
    items: tuple[str, ...] = ()  # only these, by `fetch`
    hints: tuple[Hint, ...] = ()  # only what these name
    max_retries: int | None = None  # None: as the connector says
    retry_delay: float | None = None
    want_items: bool = False  # emit ItemsSynced


class Budget:
    """How many items may still be named in this run."""

    def __init__(self, items: int | None) -> None:
        self._left = items
        self._taking = threading.Lock()

    @property
    def limited(self) -> bool:
        return self._left is not None

    def take(self) -> bool:
        """Takes one; False where none is left."""
        with self._taking:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0


@dataclass(slots=True)
class Job:
    """One run of one connector."""

    source: Source
    store: Writer
    ask: Ask
    stop: Stop
    emit: Emit
    clock: Clock = utc_now
    run: int = 0
    budget: Budget = field(default_factory=lambda: Budget(None))
    after_commit: Callable[[str], None] = lambda _last_item_id: None  # a batch was stored
    when_idle: Callable[[], None] = lambda: None  # nothing comes for a moment

    @property
    def connector(self) -> str:
        return self.source.connector_id

    @property
    def tenant(self) -> str:
        return self.source.tenant_id

    @property
    def max_retries(self) -> int:
        return self.source.max_retries if self.ask.max_retries is None else self.ask.max_retries

    @property
    def retry_delay(self) -> float:
        return self.source.retry_delay if self.ask.retry_delay is None else self.ask.retry_delay

    @property
    def sign(self) -> Sign:
        return Sign(self)

    def enough(self) -> None:
        """The budget is used up: the run ends, and that is no failure."""
        self.stop.request(StopReason.ENOUGH)


class Sign:
    """The stop as a connector sees it; whoever watches the run is told of longer waits."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @property
    def requested(self) -> bool:
        return self._job.stop.requested

    def wait(self, seconds: float, why: str = "") -> bool:
        job = self._job
        if why and seconds >= SHORTEST_TOLD_SECONDS:
            job.emit(Waiting(job.tenant, job.connector, "", seconds, why))
        return job.stop.wait(seconds)

    def left(self) -> float | None:
        return self._job.stop.left()
