"""Sudden death: a fuse that burns with every step of store, state file and clock, and then kills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.stop import Stop
from aragora_sync.state import State, StateFile
from aragora_sync.store.sqlite import SqliteStore

from .house import House


class Killed(BaseException):
    """As kill -9: nothing that comes later has any effect."""


class Fuse:
    """Burns one step at a time when it is lit; at its end, and ever after, everything raises Killed."""

    def __init__(self) -> None:
        self._left: int | None = None

    def light(self, steps: int) -> None:
        self._left = steps

    def put_out(self) -> None:
        self._left = None

    def burn(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left <= 0:
            raise Killed


class FusedConnection:
    """A connection that may die before and after each statement."""

    def __init__(self, db: Any, fuse: Fuse) -> None:
        self._db = db
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, *arguments: Any) -> Any:
        self._fuse.burn()
        cursor = self._db.execute(*arguments)
        self._fuse.burn()
        return cursor

    def executemany(self, statement: str, rows: Any) -> Any:
        self._fuse.burn()
        cursor = self._db.executemany(statement, rows)
        self._fuse.burn()
        return cursor


@dataclass(frozen=True, slots=True)
class FusedState(StateFile):
    """A state file whose writer may die before and after."""

    fuse: Any = None

    def save(self, state: State) -> None:
        self.fuse.burn()
        StateFile.save(self, state)
        self.fuse.burn()


class FusedHouse(House):
    """A house in which every step may be the last one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fuse = Fuse()
        self.state = FusedState(self.state.folder, "c", "default", self.fuse)
        turned = self.clock

        def clock() -> datetime:
            self.fuse.burn()
            return turned()

        self.clock = clock
        real_step = self.world.step

        def step() -> None:
            self.fuse.burn()
            real_step()

        self.world.step = step
        self.said = 0

    @property
    def store(self) -> SqliteStore:
        fresh = self._store is None
        store = super().store
        if fresh:
            store._db = FusedConnection(store._db, self.fuse)
        return store

    def run(self, stop: Stop | None = None, **asked: Any) -> SyncResult:
        said = self.world.said
        result = super().run(stop, **asked)
        self.said = self.world.said - said
        return result

    def restore(self, backup: Path) -> None:
        """SQLite wants a connection of its own kind for this."""
        fused, self.store._db = self.store._db, self.store._db._db
        self.store.restore(backup)
        self.store._db = fused

    def abandon(self) -> None:
        """The process is gone: its connections roll back, its locks are free."""
        self.fuse.put_out()
        if self._store is not None and self._store._db.in_transaction:
            self._store._db.execute("ROLLBACK")  # frames that died may keep its statements alive
        self.close()
