"""A vendor's fake, a store, and the connector between them; what the tests of all such connectors do alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aragora_sync.connector import Connector
from aragora_sync.core.clock import utc_now
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind
from aragora_sync.store.sqlite import SqliteStore

from ..fakes.web import FakeService


class ServiceDesk:
    """Subclasses say what `make` makes, and their `usual` options. Each run counts its requests anew."""

    make: type[Connector]
    fake: FakeService

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: dict[str, Any] = {}
        self.hours = 0.0

    def usual(self) -> Mapping[str, Any]:
        """Options that lead to the fake."""
        raise NotImplementedError

    def connector(self) -> Any:
        """Named as its type, so that a test finds its rows."""
        usual = {"connector_id": self.make.type, "state_dir": self.folder / "state", "max_retries": 0, "retry_delay": 0}
        return self.make(**{**usual, **self.usual(), **self.options})

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        """One run."""
        self.fake.asked.clear()
        connector = self.connector()
        state = StateFile(self.folder / "state", connector.connector_id, connector.tenant_id)
        ask = Ask(kind=kind, allow_mass_delete=True)
        with self.store() as store:
            return ConnectorRun(connector, store, state, lock=None, ask=ask, clock=self._clock).sync()

    def reconcile(self) -> SyncResult:
        return self.sync(PassKind.RECONCILE)

    def full(self) -> SyncResult:
        return self.sync(PassKind.FULL)

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        opened = SqliteStore(self.folder / "store" / "default.db", clock=self._clock)
        try:
            yield opened
        finally:
            opened.close()

    def _clock(self) -> Any:
        return utc_now() + timedelta(hours=self.hours)

    # What is stored and was asked

    def entries(self) -> dict[str, Any]:
        with self.store() as store:
            return {entry.id: entry for entry in store.snapshot()}

    def items(self) -> dict[str, str]:
        return {item_id: entry.content for item_id, entry in self.entries().items()}

    def cursor_of(self, stream: str) -> Any:
        with self.store() as store:
            row = store.streams(self.make.type)[stream]
        return row.open_pass.cursor if row.open_pass else row.cursor

    def calls(self, below: str = "") -> dict[str, int]:
        """How often each path was asked for, told below a common beginning."""
        return dict(Counter(path.removeprefix(below) for path in self.fake.paths()))

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of the requests whose path ends so."""
        return [dict(each.query) for each in self.fake.asked if each.path.endswith(path)]

    def fetch(self, stream: str, *refs: str) -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            with self.store() as store:
                return list(connector.fetch(Stream(stream), refs, store.known(self.make.type, stream)))
        finally:
            connector.close()


def problem(result: SyncResult) -> tuple[Status, str, str]:
    """What went wrong, where one thing did."""
    (found,) = result.stream_errors
    return result.status, found.message, found.hint


def changes(result: SyncResult) -> tuple[int, int, int]:
    """How many items were created, updated, deleted."""
    return result.counts.created, result.counts.updated, result.counts.deleted
