"""What happened in a run; threads put events on a queue, one listener takes them off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..core.changes import Item
from ..store.base import Counts
from .result import SyncResult


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A connector begins."""

    tenant_id: str
    connector_id: str


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """A stream is read; `reading` says how: changes, full, reconcile, retries, items, hints, watching."""

    tenant_id: str
    connector_id: str
    stream: str
    title: str
    reading: str
    why: str = ""
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A batch was stored; `counts` are those of the stream in this run."""

    tenant_id: str
    connector_id: str
    stream: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch said was stored: the counts of this batch, and how long ago its newest item was edited."""

    tenant_id: str
    connector_id: str
    stream: str
    counts: Counts
    lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Resting:
    """A connector that goes on for ever reads again after so many seconds."""

    tenant_id: str
    connector_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stream waits so many seconds, because of `reason`; all of the connector wait where `stream` is empty."""

    tenant_id: str
    connector_id: str
    stream: str
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream was read to its end, or ended with `error`."""

    tenant_id: str
    connector_id: str
    stream: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class ItemsSynced:
    """These items were created or updated, and are stored."""

    tenant_id: str
    connector_id: str
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A connector ended."""

    result: SyncResult


Event: TypeAlias = (
    RunStarted | StreamStarted | Progress | Watched | Resting | Waiting | StreamEnded | ItemsSynced | RunEnded
)
Emit: TypeAlias = Callable[[Event], None]
