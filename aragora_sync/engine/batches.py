"""Gathers changes until they are worth a transaction."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from time import monotonic
from typing import IO

from ..auth.secrets import redact
from ..core.changes import Cursor, Failed, Item, Named, Skipped
from ..store.base import Batch

BATCH_BYTES = 8_000_000
BATCH_SECONDS = 0.1  # what comes slowly is stored while the next is waited for, not all of it at the end
SPOOL_BATCHES = 2  # in memory; what an atomic stream says beyond goes to a temporary file


class Batcher:
    """The running batch of one reading: full at so many items, so many bytes, or when it grew old."""

    def __init__(self, make: Callable[[], Batch], size: int) -> None:
        self._make = make
        self._size = size
        self._start()

    def _start(self) -> None:
        self.batch = self._make()
        self._changes = self.batch.changes
        self._left = self._size
        self._bytes = 0
        self._until = monotonic() + BATCH_SECONDS

    def add(self, change: Named) -> bool:
        """Takes a change; whether the batch is worth a transaction now. No error or reason keeps a secret."""
        kind = type(change)
        if kind is Item:
            self._bytes += len(change.content or "")  # type: ignore[union-attr]
        elif kind is Failed or kind is Skipped:
            change = masked(change)  # type: ignore[arg-type]
        self._changes.append(change)
        self._left -= 1
        return self._left <= 0 or self._bytes >= BATCH_BYTES or monotonic() >= self._until

    def vouch(self, cursor: Cursor) -> None:
        """Everything up to `cursor` is in this batch or stored before it."""
        self.batch.cursor = cursor

    def take(self) -> Batch | None:
        """The running batch, if there is anything in it; the next one begins."""
        batch = self.batch
        if not batch.changes and batch.cursor is None:
            return None
        self._start()
        return batch


def masked(change: Failed | Skipped) -> Failed | Skipped:
    """The same without any secret that a source may have put into its words."""
    if isinstance(change, Failed):
        return Failed(change.id, redact(change.error), change.ref)
    return Skipped(change.id, redact(change.reason), change.version)


class Spool:
    """The batches of an atomic stream, kept until their checkpoint; in memory while they are few."""

    def __init__(self) -> None:
        self._batches: list[Batch] = []
        self._file: IO[bytes] | None = None
        self._in_file = 0

    def add(self, batch: Batch) -> None:
        """Keeps a batch."""
        self._batches.append(batch)
        if len(self._batches) > SPOOL_BATCHES:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # readable by its owner alone, gone when closed  # noqa: SIM115
            for each in self._batches:
                pickle.dump(each, self._file)
            self._in_file += len(self._batches)
            self._batches = []

    def take(self) -> Iterator[Batch]:
        """All kept batches in their order; the spool is empty then."""
        in_file, self._in_file = self._in_file, 0
        if self._file is not None:
            self._file.seek(0)
            for _ in range(in_file):
                yield pickle.load(self._file)  # noqa: S301 - written above, by this process
            self._file.seek(0)
            self._file.truncate()
        batches, self._batches = self._batches, []
        yield from batches

    def close(self) -> None:
        """What was kept is dropped."""
        self._batches = []
        if self._file is not None:
            self._file.close()
