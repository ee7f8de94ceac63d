"""A writer's desk: says changes to a store in as few words as a test can have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aragora_sync.core.changes import Cursor, Item, Named
from aragora_sync.core.source import Stream
from aragora_sync.store.base import Batch, Entry, Feed, Gone, Outcome, PassKind, Store, Swept, Writer


def item(item_id: str, content: str | None = "text", **more: Any) -> Item:
    """An item with little to say."""
    return Item(item_id, more.pop("kind", "page"), more.pop("title", f"title of {item_id}"), content, **more)


def items(count: int, first: int = 0) -> list[Item]:
    return [item(f"i{number:04}", f"text {number}") for number in range(first, first + count)]


class Desk:
    """One connector that writes to a store."""

    def __init__(self, store: Writer, connector: str = "c") -> None:
        self.store = store
        self.connector = connector
        self.run = store.begin_run(connector)

    def next_run(self, status: str = "ok") -> None:
        self.store.end_run(self.run, status, [])
        self.run = self.store.begin_run(self.connector)

    def begin(
        self,
        stream: str = "s",
        kind: PassKind = PassKind.RECONCILE,
        fingerprint: str = "f",
        *,
        expired: bool = False,
    ) -> None:
        self.store.begin_pass(self.connector, Stream(stream, f"title of {stream}"), kind, fingerprint, expired=expired)

    def say(
        self,
        *changes: Named,
        stream: str = "s",
        cursor: Cursor = None,
        in_pass: bool = False,
        hold: bool = False,
        want_items: bool = False,
    ) -> Outcome:
        """The changes go into the store in one batch; a stream that was never begun is begun."""
        if self.store.stream(self.connector, stream) is None:
            self.begin(stream)
        return self.store.write(
            [Batch(self.run, self.connector, stream, list(changes), cursor, in_pass, hold, want_items)]
        )

    def end(self, stream: str = "s", cursor: Cursor = None, *, guard: bool = True) -> Swept:
        return self.store.end_pass(self.run, self.connector, stream, cursor, guard=guard)

    def passed(self, *changes: Named, stream: str = "s", cursor: Cursor = None, guard: bool = True) -> Swept:
        """A whole pass, in which these were named."""
        self.begin(stream)
        self.say(*changes, stream=stream, in_pass=True)
        return self.end(stream, cursor, guard=guard)

    def drop(self, *streams: str, guard: bool = True) -> Swept:
        return self.store.drop_streams(self.run, self.connector, streams, guard=guard)

    def versions(self, stream: str = "s", *, hide: bool = False) -> dict[str, str]:
        """Version by id of all that is known, in the order in which it is told."""
        known = self.store.known(self.connector, stream, hide_versions=hide)
        return {each.id: each.version for each in known.items()}

    def ids(self, stream: str = "s") -> list[str]:
        return list(self.versions(stream))

    def failing(self, stream: str | None = None) -> list[str]:
        return [failure.id for failure in self.store.failures(self.connector, stream)]


def entries(store: Store, connector: str | None = None) -> dict[str, Entry]:
    """What readers see, by id."""
    return {entry.id: entry for entry in store.snapshot(connector)}  # type: ignore[union-attr, misc]


def told(feed: Feed) -> tuple[list[Entry | Gone], str]:
    """What a feed tells, and the position to go on from."""
    changes = list(feed)
    return changes, feed.position


def ids_told(changes: Sequence[Entry | Gone]) -> list[str]:
    return [f"-{change.id}" if isinstance(change, Gone) else change.id for change in changes]
