"""A world, a connector that reads it, a store and a state file: all that a run needs, made anew for each run."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from aragora_sync.core.files import lock_path
from aragora_sync.engine.events import Event
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.engine.stop import Stop
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind, StreamRow
from aragora_sync.store.sqlite import SqliteStore

from ..clock import FakeClock
from ..world import World
from ..world_connector import FetchingWorldConnector, WorldConnector

FULL, RECONCILE = PassKind.FULL, PassKind.RECONCILE
Held = dict[str, tuple[str, str | None]]


class WatchedStop(Stop):
    """Never waits; remembers for how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def _adopt(self, child: Stop) -> None:
        super()._adopt(child)
        child.wait = self._wait

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.requested


class House:
    """Options of the connector may be changed between runs: `house.options["hide"] = "b"`."""

    def __init__(self, folder: Path, clock: FakeClock, world: World, *, fetches: bool = True, **options: Any) -> None:
        self.folder = folder
        self.clock = clock
        self.world = world
        self.kind = FetchingWorldConnector if fetches else WorldConnector
        self.options = {"connector_id": "c", "retry_delay": 5, "parallel": 1, **options}
        self.path = folder / "store" / "default.db"
        self.id = self.options["connector_id"]
        self.state = StateFile(folder / "state", self.id, "default")
        self.events: list[Event] = []
        self.waits: list[float] = []
        self._store: SqliteStore | None = None

    @property
    def store(self) -> SqliteStore:
        if self._store is None:
            self._store = SqliteStore(self.path, clock=self.clock)
        return self._store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def connector(self) -> WorldConnector:
        return self.kind(world=self.world, **self.options)

    def prepare(self, stop: Stop | None = None, *, store: Any = None, dry: bool = False, **asked: Any) -> ConnectorRun:
        """A run that is ready to start."""
        return ConnectorRun(
            self.connector(),
            store or self.store,
            self.state,
            lock=None if dry else lock_path(self.path, self.id, "default"),
            ask=Ask(**asked),
            stop=stop,
            emit=self.events.append,
            clock=self.clock,
            dry=dry,
        )

    def run(self, stop: Stop | None = None, **asked: Any) -> SyncResult:
        """One run; nobody waits in it."""
        self.events.clear()
        self.world.begin_run()
        stop = stop or WatchedStop()
        result = self.prepare(stop, **asked).sync()
        self.waits = getattr(stop, "waits", [])
        return result

    def row(self, stream: str = "s") -> StreamRow | None:
        return self.store.stream(self.id, stream)

    def held(self, stream: str = "s") -> Held:
        """Title and text by id of what the store holds of a stream; no text where it was skipped."""
        return held_in(self.path, stream)

    def reads(self) -> list[str]:
        """What the connector was asked for in the latest run."""
        return [request for request in self.world.requests if request not in ("open", "close")]

    def of(self, kind: type) -> list[Any]:
        """The events of one kind of the latest run."""
        return [event for event in self.events if isinstance(event, kind)]


def held_in(path: Path, stream: str) -> Held:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT e.id, ifnull(b.title, ''), b.content FROM entry e JOIN stream s ON s.key = e.stream "
            "LEFT JOIN body b ON b.key = e.body WHERE s.name = ? AND e.deleted_at IS NULL",
            (stream,),
        ).fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: (row[1], row[2]) for row in rows}
