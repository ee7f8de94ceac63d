"""A reader of the change feed that keeps a copy of the store."""

from __future__ import annotations

from aragora_sync.core.errors import PositionLost
from aragora_sync.store.base import Entry, Gone, Store


class Follower:
    """Starts from a snapshot where its position is lost."""

    def __init__(self) -> None:
        self.copy: dict[tuple[str, str], Entry] = {}
        self.position: str | None = None

    def follow(self, store: Store) -> None:
        """Afterwards the copy is what a snapshot shows."""
        try:
            feed = store.snapshot() if self.position is None else store.feed(self.position)
        except PositionLost:
            feed, self.copy = store.snapshot(), {}
        for change in feed:
            if isinstance(change, Gone):
                self.copy.pop((change.connector, change.id), None)
            else:
                self.copy[change.connector, change.id] = change
        self.position = feed.position
        shown = list(store.snapshot())
        held = {(entry.connector, entry.id): entry for entry in shown}
        assert len(held) == len(shown), "an id is shown twice"
        assert _told(self.copy) == _told(held)


def _told(entries: dict[tuple[str, str], Entry]) -> dict[tuple[str, str], tuple[object, ...]]:
    """Without the version: alone it moves nothing in the feed, and says nothing to a reader."""
    return {
        key: (entry.stream, entry.kind, entry.title, entry.content, entry.updated_at, entry.seq)
        for key, entry in entries.items()
    }
