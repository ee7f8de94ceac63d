"""Collections that are synced, as the tests of `mongodb` use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aragora_sync.connectors.mongodb import MongoDBConnector, reading
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind

from ..servers.mongo import Mongo, Place
from .stored import Stored
from .tables import Nothing


class Collections(Stored):
    """A database on a real server, a store, and the connector between them."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        self.place = place
        self.options: dict[str, Any] = {}
        self.guarded = True  # an ordinary run asks before it deletes more than half

    @property
    def server(self) -> Mongo:
        return self.place.server

    @property
    def db(self) -> Any:
        return self.place.db

    @property
    def documents(self) -> Any:
        return self.db.documents

    def connector(self, **options: Any) -> MongoDBConnector:
        given = {
            "uri": self.server.uri,
            "database": self.place.name,
            "connector_id": "collections",
            "store": self.folder / "store",
            "state_dir": self.folder / "state",
            "retry_delay": 0,
        }
        return MongoDBConnector(**{**given, **self.options, **options})

    def sync(self, kind: PassKind | None = None, connector: Any = None) -> SyncResult:
        store = self.store()
        state = StateFile(self.folder / "state", "collections", "default")
        ask = Ask(kind=kind, allow_mass_delete=kind is not None or not self.guarded)
        try:
            return ConnectorRun(connector or self.connector(), store, state, lock=None, ask=ask).sync()
        finally:
            store.close()

    def read(self, name: str = "documents", cursor: Any = None, known: Any = None) -> list[Any]:
        """What one read of a collection says."""
        connector = self.connector()
        connector.open()
        try:
            return list(connector.read(Stream(name), cursor, known or Nothing()))
        finally:
            connector.close()

    def fetch(self, *refs: str, name: str = "documents") -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            return list(connector.fetch(Stream(name), refs, Nothing()))
        finally:
            connector.close()

    def cursors(self) -> dict[str, Any]:
        return self.connector().load_state().cursors


def in_pieces(patch: pytest.MonkeyPatch, batch: int = 1, chunk: int = 1, vouched: int = 1) -> None:
    """A few documents fill many answers and queries."""
    for name, size in (("BATCH", batch), ("CHUNK", chunk), ("VOUCHED_DOCUMENTS", vouched)):
        patch.setattr(reading, name, size)


def number(count: int) -> str:
    """The id of the document whose `_id` is this number."""
    return f"documents/number:{count}"
