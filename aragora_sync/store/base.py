"""The protocol of a store, and the words in which engine and store speak."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ..core.changes import Cursor, Item, Named
from ..core.source import KnownItems, Stream


class PassKind(StrEnum):
    """How a pass reads from nothing."""

    FULL = "full"  # `known` shows no version: everything is read again
    RECONCILE = "reconcile"  # `known` as it is: the unchanged is only named


@dataclass(slots=True)
class Counts:
    """What became of everything that was named; what a sweep removed is counted apart."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    deleted: int = 0
    failed: int = 0
    swept: int = 0

    @property
    def named(self) -> int:
        return self.created + self.updated + self.unchanged + self.skipped + self.deleted + self.failed

    def add(self, other: Counts) -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTS = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, slots=True)
class OpenPass:
    """A pass that was begun and has not reached its end."""

    kind: PassKind
    fingerprint: str
    began_at: datetime
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sweep that was refused, because it would have removed more than half."""

    would_remove: int
    of: int


@dataclass(frozen=True, slots=True)
class StreamRow:
    """What the store remembers of a stream, beside its items."""

    name: str
    title: str
    cursor: Cursor
    generation: int
    fingerprint: str | None  # of the options of the last finished pass; None before the first
    reconciled_at: datetime | None  # when the last finished pass began
    due: PassKind | None  # asked for by reset, or by a state file that was removed
    open_pass: OpenPass | None
    refusal: Refusal | None
    lost: str  # why the source refuses this stream; empty while it can be read


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be read, and when it is asked for again. `attempts` counts runs."""

    stream: str
    id: str
    ref: str
    error: str
    attempts: int
    next_at: datetime


RUNNING, WATCHING = UNDER_WAY = ("running", "watching")  # the status of a run until it ends
PART = "part: "  # before the status of a run that read only single items, or what hints named


@dataclass(frozen=True, slots=True)
class RunRow:
    """One pass over a connector, as `status --history` shows it."""

    id: int
    connector: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    counts: Counts
    errors: Sequence[str]


@dataclass(slots=True)
class Batch:
    """Changes of one stream, in the order in which they were said, and the last cursor that vouches for them."""

    run: int
    connector: str
    stream: str
    changes: list[Named]
    cursor: Cursor = None  # None: no checkpoint came with these
    in_pass: bool = False  # the cursor belongs to the open pass, not to the incremental reading
    hold_failures: bool = False  # nobody can fetch a failed item: its failure holds the cursor back, for a few runs
    want_items: bool = False  # tell which items changed

    @property
    def last_id(self) -> str:
        return self.changes[-1].id if self.changes else ""


@dataclass(slots=True)
class Outcome:
    """What was done. `held` tells that a failure kept a cursor from being stored."""

    counts: Counts
    held: bool = False
    cursor_stored: bool = False
    last_id: str = ""
    items: list[Item] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.counts.add(other.counts)
        self.held = self.held or other.held
        self.cursor_stored = self.cursor_stored or other.cursor_stored
        self.last_id = other.last_id or self.last_id
        self.items += other.items


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed, or the reason why it refused."""

    removed: int
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as readers see it: one per connector and id, whatever the number of streams that name it."""

    connector: str
    stream: str
    id: str
    kind: str
    title: str
    content: str
    url: str
    author: str
    parent: str
    version: str
    created_at: str | None  # ISO 8601, UTC
    updated_at: str | None
    metadata: str  # JSON
    acl: str | None  # JSON
    seq: int
    changed_at: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An item of the change feed that is no longer there."""

    connector: str
    id: str
    seq: int
    changed_at: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result; `snippet` shows the place with the words found between [ and ]."""

    connector: str
    id: str
    kind: str
    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How much the store holds of one connector."""

    items: int = 0
    skipped: int = 0
    failures: int = 0


class Feed(Protocol):
    """An open reading of the change feed at one moment: iterate, then keep `position` for the next time."""

    @property
    def position(self) -> str: ...
    def __iter__(self) -> Iterator[Entry | Gone]: ...


@dataclass(slots=True)
class Removal:
    """What `reset --purge` took away."""

    items: int = 0
    streams: Sequence[str] = field(default_factory=list)


class Writer(Protocol):
    """What the engine needs of a store while it runs; `Overlay` has this much for a dry run."""

    def streams(self, connector: str) -> Mapping[str, StreamRow]:
        """The streams of a connector by name, without those that are gone."""

    def stream(self, connector: str, name: str) -> StreamRow | None:
        """One of them; None where the store has not met it, or it is gone."""

    def known(self, connector: str, stream: str, *, hide_versions: bool = False) -> KnownItems:
        """What this stream has named and was committed; tombstones hidden, failing items without version.

        `hide_versions` shows every item so: nothing can be taken for unchanged, all is read again.
        """

    def forget(self, connector: str, streams: Sequence[str] | None = None) -> None:
        """Clears cursors and open passes of these streams (all by default) and marks them as due for a full pass."""

    def begin_run(self, connector: str, status: str = RUNNING) -> int:
        """A new run; earlier ones that never ended are marked interrupted. The caller holds the connector's lock.

        `status` is what it says until it ends: RUNNING or WATCHING.
        """

    def end_run(self, run: int, status: str, errors: Sequence[str]) -> None:
        """The run's outcome is remembered.

        Runs of more than a month ago are forgotten by and by, but not the latest 1,000 of each connector, nor the
        last one of each outcome: how fresh the items are, and since when, can always be told.
        """

    def begin_pass(
        self, connector: str, stream: Stream, kind: PassKind, fingerprint: str, *, expired: bool = False
    ) -> None:
        """A new generation and an empty pass cursor. Replaces an open pass.

        The incremental cursor stays, unless it is `expired`.
        """

    def write(self, batches: Iterable[Batch]) -> Outcome:
        """Items, failures, cursors and the run's counts change together, or not at all.

        A cursor is not stored once a failure holds it back, in its own batch or in one before.
        """

    def end_pass(self, run: int, connector: str, stream: str, cursor: Cursor, *, guard: bool) -> Swept:
        """What the pass did not name is removed, its cursor becomes the cursor, the pass is closed; all or nothing.

        With `guard`, a sweep of more than half of 20 or more removes nothing; the cursor goes on all the same.
        """

    def drop_streams(self, run: int, connector: str, names: Sequence[str], *, guard: bool) -> Swept:
        """Removes streams that the source no longer names, with cursor, pass and failures; the guard counts all
        items of the connector."""

    def note_access(self, connector: str, stream: Stream, lost: str) -> None:
        """Remembers why the source refuses this stream; empty when it can be read again."""

    def failures(self, connector: str, stream: str | None = None, due_at: datetime | None = None) -> Iterable[Failure]:
        """Open failures, those due by `due_at` where it is given."""

    def streams_holding(self, connector: str, item_id: str) -> Sequence[str]:
        """The streams that hold an item or a failure of this id or ref."""


class Store(Writer, Protocol):
    """The knowledge of one tenant."""

    path: Path

    def connectors(self) -> Sequence[str]:
        """All connectors that ever stored something here."""

    def totals(self, connector: str) -> Totals:
        """How much is held of one connector."""

    def runs(self, connector: str, limit: int) -> Sequence[RunRow]:
        """The latest runs, newest first."""

    def last_run(self, connector: str, status: str = "") -> RunRow | None:
        """The latest run of this outcome, by default the latest that read whatever changed; None without one."""

    def last_success(self, connector: str) -> datetime | None:
        """When the latest run that went well began; None before the first."""

    def purge(self, connector: str, streams: Sequence[str] | None = None) -> Removal:
        """Removes items, failures and progress of these streams (all by default), as tombstones."""

    def purge_tombstones(self, before: datetime) -> int:
        """Forgets deletions older than `before`; readers that did not hear of them start from a snapshot."""

    def snapshot(self, connector: str | None = None) -> Feed:
        """All items at this moment, one per id."""

    def feed(self, position: str, connector: str | None = None) -> Feed:
        """What changed since `position`, in order of change; raises PositionLost where that can't be told."""

    def index(self, should_stop: Callable[[], bool] = lambda: False) -> int:
        """Makes what is new searchable, in small transactions; how many items it took."""

    def search(self, query: str, *, connector: str | None = None, kind: str | None = None, limit: int) -> Sequence[Hit]:
        """The best matches for all words of the query."""

    def backup(self, target: Path) -> None:
        """A consistent copy in one file, also while a sync writes."""

    def restore(self, source: Path) -> None:
        """This store becomes what the backup was. The caller holds the locks of all its connectors."""

    def close(self) -> None:
        """Nothing stays open."""
