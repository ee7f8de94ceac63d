"""What the engine knows of a connector, and what a connector may ask of the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from .changes import JSON, Change, Cursor
from .clock import from_micros
from .stop import StopSign


@dataclass(frozen=True, slots=True)
class Stream:
    """A part of a source that has its own cursor, fails alone and resumes alone.

    `name` is stable for ever within the connector. An atomic stream becomes visible only with its checkpoints.
    `reports_deletes` tells that the source reports every deletion, so that no reconcile is needed to find them.
    `expected` is the number of items to expect, for progress only.
    """

    name: str
    title: str = ""
    atomic: bool = False
    reports_deletes: bool = False
    expected: int | None = None


class Known(NamedTuple):
    """What the store holds of one id. `title` and `metadata` are filled only when details were asked for."""

    id: str
    version: str
    kind: str
    parent: str
    updated_micros: int | None  # since 1970; a million of these are made to say that nothing changed
    title: str = ""
    metadata: Mapping[str, JSON] | None = None

    @property
    def updated_at(self) -> datetime | None:
        return None if self.updated_micros is None else from_micros(self.updated_micros)


class KnownItems(Protocol):
    """What one stream has named and the store has committed, without tombstones.

    An item with an open failure is shown with `version=""`, so that it is read again.
    """

    def get(self, ids: Collection[str], details: bool = False) -> dict[str, Known]:
        """The known ones among `ids`; one query. Ask in pages of up to 1,000."""

    def items(self, kind: str | None = None, after: str = "") -> Iterator[Known]:
        """All in byte order of id, those above `after`; for a merge with a sorted listing."""

    def children(self, parent: str) -> Iterator[Known]:
        """All whose parent is `parent`, in byte order of id."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `aragora-sync check` looked at: what, whether it is well, and what to do if not."""

    name: str
    ok: bool
    message: str = ""
    hint: str = ""


class Source(Protocol):
    """A configured connector, as the engine sees it. Every method may be called from several threads but `open`."""

    @property
    def type(self) -> str: ...
    @property
    def connector_id(self) -> str: ...
    @property
    def tenant_id(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """Stands for the options that decide what is in and how it looks."""

    @property
    def parallel(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def max_retries(self) -> int: ...
    @property
    def retry_delay(self) -> float:
        """Seconds before the first restart of a broken stream; doubles each time."""

    @property
    def reconcile_every(self) -> float | None:
        """Hours that a finished pass may grow old, 0 for ever; None: 24, or for ever where a stream reports deletes."""

    def heed(self, stop: StopSign) -> None:
        """Told before `open` what ends this run, so that no wait outlives it."""

    def open(self) -> None:
        """Makes clients and looks up what all streams share; called once, before `streams`."""

    def close(self) -> None:
        """Gives back what `open` took; called once, at the end."""

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """What there is to read now.

        `stored` are the names that the store holds. One of them that is no longer listed, though the source did not
        report it deleted, is named all the same, and its `read` raises AccessError.
        """

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything where it is None: data first, then its cursor."""


@runtime_checkable
class Fetches(Protocol):
    """The optional power to read single items now: retries of failures, hints, `run --item`."""

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """Answers every ref once, with the filters of `read`, and never moves a cursor."""


@runtime_checkable
class Watches(Protocol):
    """The optional power to tell of changes as they happen."""

    def watch(
        self, streams: Sequence[Stream], cursors: Mapping[str, Cursor], known: Mapping[str, KnownItems]
    ) -> Iterator[tuple[Stream, Change] | None]:
        """Listens first, then tells what was missed since the cursors, then what comes, without end.

        `cursors` and `known` are by name of stream; every stream has a cursor. None is said before each wait, and at
        least once a second. Whoever comes to an end cannot be watched now, and is read from time to time; ReadAgain
        and CursorExpired ask for an ordinary run at once.
        """
