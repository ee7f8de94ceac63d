"""A folder that is synced, as the tests of `filesystem` use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aragora_sync.connectors.filesystem import FilesystemConnector
from aragora_sync.core.source import Stream
from aragora_sync.store.sqlite import SqliteStore


class Shelf:
    """A folder, a store, and the connector between them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.folder = folder
        self.options: dict[str, object] = {}

    def connector(self) -> FilesystemConnector:
        where = {"store": self.folder / "store", "state_dir": self.folder / "state"}
        return FilesystemConnector(root=self.root, connector_id="files", **where, **self.options)

    def sync(self):
        return self.connector().sync()

    def store(self) -> SqliteStore:
        return SqliteStore(self.folder / "store" / "default.db")

    def items(self) -> dict[str, str]:
        store = self.store()
        try:
            return {entry.id: entry.content for entry in store.snapshot()}
        finally:
            store.close()

    def said(self) -> list[object]:
        """What one read says, with nothing known."""
        connector = self.connector()
        connector.open()
        return list(connector.read(Stream("files"), None, Nothing()))

    def named(self, item_id: str) -> object:
        return next(change for change in self.said() if getattr(change, "id", None) == item_id)

    def fetch(self, *refs: str) -> list[object]:
        connector = self.connector()
        connector.open()
        return list(connector.fetch(Stream("files"), refs, Nothing()))


class Nothing:
    """A store that knows nothing."""

    def items(self, kind=None, after="") -> Iterator[object]:
        return iter(())

    def get(self, ids, details=False):
        return {}
