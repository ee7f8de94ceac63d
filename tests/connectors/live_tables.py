"""Tables that are watched while a test edits them."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

from aragora_sync.engine.events import Event, Progress, RunEnded
from aragora_sync.engine.live import ConnectorLive
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.stop import Stop, StopReason
from aragora_sync.state import StateFile

from .tables import Tables

CHANNEL = "document_changes"
PATIENCE_SECONDS = 30.0


class LiveTables:
    """A watcher in a thread of its own; `until` looks at the store whenever something happened."""

    OPTIONS: ClassVar[dict[str, Any]] = {"notify_channel": CHANNEL, "retry_delay": 0.1}

    def __init__(self, tables: Any, **options: Any) -> None:
        self.store = tables.store()
        self.events: list[Event] = []
        self.result: SyncResult | None = None
        self._heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._stop = Stop()
        self._live = ConnectorLive(
            tables.connector(**{**self.OPTIONS, **options}),
            self.store,
            StateFile(tables.folder / "state", "tables", "default"),
            lock=tables.folder / "store" / "lock",
            stop=self._stop,
            emit=self._heard.put,
            every=timedelta(seconds=1),
        )
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.result = self._live.sync()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> float:
        """How many seconds it took to end."""
        began = time.monotonic()
        self._stop.request(StopReason.INTERRUPT)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        self.store.close()
        return time.monotonic() - began

    def items(self) -> dict[str, str]:
        """Content by id."""
        return {entry.id: entry.content for entry in self.store.snapshot()}

    def until(self, wanted: Callable[[], bool]) -> None:
        """Waits for it; each event is a reason to look again."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not wanted():
            assert time.monotonic() < until, [self.items(), self.events[-20:]]
            assert self._thread.is_alive(), self.result
            with contextlib.suppress(queue.Empty):
                self.events.append(self._heard.get(timeout=0.2))
        with contextlib.suppress(queue.Empty):
            while True:
                self.events.append(self._heard.get_nowait())

    def until_held(self, items: dict[str, str]) -> None:
        self.until(lambda: self.items() == items)

    def until_watching(self) -> None:
        """It listens: what was missed before is read, and each reading ends with a cursor that is stored."""
        self.until(lambda: self._progress_after_start() or self._ended())

    def _progress_after_start(self) -> bool:
        begun = [place for place, event in enumerate(self.events) if getattr(event, "reading", "") == "watching"]
        return bool(begun) and any(isinstance(event, Progress) for event in self.events[begun[0] :])

    def _ended(self) -> bool:
        """A watch that could not begin."""
        return len(self.of(RunEnded)) > 1

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def errors(self) -> list[str]:
        return [error for event in self.of(RunEnded) for error in event.result.errors]


@contextlib.contextmanager
def watching(tables: Tables, **options: Any) -> Iterator[LiveTables]:
    """Inside, the tables are watched."""
    with started(LiveTables(tables, **options)) as live:
        yield live


@contextlib.contextmanager
def started(live: LiveTables) -> Iterator[LiveTables]:
    """Inside, it watches."""
    live.start()
    try:
        live.until_watching()
        yield live
    finally:
        if live.result is None:
            live.stop()
