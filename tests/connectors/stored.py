"""What the desks of databases share: a store in a folder, and what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aragora_sync.engine.result import SyncResult
from aragora_sync.store.base import PassKind
from aragora_sync.store.sqlite import SqliteStore


class Stored:
    """Subclasses say what one run is."""

    folder: Path

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        """One run."""
        raise NotImplementedError

    def reconcile(self) -> SyncResult:
        return self.sync(PassKind.RECONCILE)

    def store(self) -> SqliteStore:
        """Open; whoever asks closes it."""
        return SqliteStore(self.folder / "store" / "default.db")

    def entries(self) -> dict[str, Any]:
        store = self.store()
        try:
            return {entry.id: entry for entry in store.snapshot()}
        finally:
            store.close()

    def items(self) -> dict[str, str]:
        """Content by id."""
        return {item_id: entry.content for item_id, entry in self.entries().items()}
