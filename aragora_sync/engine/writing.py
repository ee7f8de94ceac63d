"""Stores what a reading says: data first, then the cursor that vouches for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..core.changes import Change, Checkpoint, Cursor, Named, Seen
from ..core.source import Stream
from ..core.stop import Stopped
from ..store.base import Batch, Counts, Outcome, Swept
from .batches import Batcher, Spool
from .events import ItemsSynced, Progress
from .job import Job


class StreamWriter:
    """Writes one stream of one run, whatever the number of readings. `counts` say what was committed."""

    def __init__(self, job: Job, stream: Stream, *, hold_failures: bool) -> None:
        self.counts = Counts()
        self.checkpoints = 0  # that were stored
        self._job = job
        self._stream = stream
        self._hold_failures = hold_failures
        self._begin(in_pass=False)

    def consume(self, changes: Iterable[Change], *, in_pass: bool, single: bool = False) -> Swept | None:
        """Stores all that one reading says; what was swept, where it ended the open pass.

        Raises Stopped when a stop was requested. Whatever happens, the iterator is closed, and what was said before
        is stored; of an atomic stream only what a checkpoint vouched for, unless these are `single` items.
        """
        self._begin(in_pass=in_pass, single=single)
        try:
            self.take(changes)
        finally:
            if isinstance(changes, Iterator) and (close := getattr(changes, "close", None)):
                close()
            self.close()
        return self._ended

    def take(self, changes: Iterable[Change]) -> None:
        """Stores what is worth a transaction, and keeps the rest; for readings that come in pieces."""
        batcher, spool = self._batcher, self._spool
        stop, budget, limited = self._job.stop, self._job.budget, self._job.budget.limited
        for change in changes:
            if stop.reason is not None:
                raise Stopped
            if type(change) is Checkpoint:
                self._vouch(change, batcher, spool)
            elif limited and type(change) is not Seen and not budget.take():
                self._job.enough()
                raise Stopped
            elif batcher.add(change):  # type: ignore[arg-type]
                self._flush(batcher, spool if self._atomic else None)

    def flush(self) -> None:
        """What was taken is stored; of an atomic stream only what a checkpoint vouched for."""
        if not self._atomic:
            self._flush(self._batcher)

    def close(self) -> None:
        """What can be stored is stored; nothing is kept."""
        self._spool.close()
        self.flush()

    def _begin(self, *, in_pass: bool, single: bool = False) -> None:
        self._in_pass, self._held = in_pass, False
        self._ended: Swept | None = None
        self._atomic = self._stream.atomic and not single
        self._batcher, self._spool = Batcher(self._new_batch, self._job.source.batch_size), Spool()

    def _vouch(self, checkpoint: Checkpoint, batcher: Batcher, spool: Spool) -> None:
        batcher.vouch(checkpoint.cursor)
        if self._atomic:
            self._flush(batcher, spool)
            self._write(spool.take())
        if checkpoint.complete and self._in_pass:
            self._flush(batcher)
            if not self._held or checkpoint.cursor is None:
                self._end_pass(checkpoint.cursor)

    def _flush(self, batcher: Batcher, spool: Spool | None = None) -> None:
        """The running batch is stored, or kept in `spool` until its checkpoint."""
        batch = batcher.take()
        if batch is None:
            return
        if spool is None:
            self._write([batch])
        else:
            spool.add(batch)

    def _write(self, batches: Iterable[Batch]) -> None:
        outcome = self._job.store.write(self._without_cursor(batches) if self._held else batches)
        self._held = self._held or outcome.held
        self.checkpoints += outcome.cursor_stored
        self._tell(outcome)

    def _without_cursor(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """A failure of this reading holds its cursor back: the next run begins before it."""
        for batch in batches:
            batch.cursor = None
            yield batch

    def _end_pass(self, cursor: Cursor) -> None:
        job, name = self._job, self._stream.name
        row = job.store.stream(job.connector, name)
        by_options = row is not None and row.fingerprint is not None and row.fingerprint != job.source.fingerprint
        guard = not (by_options or job.ask.allow_mass_delete)
        self._ended = job.store.end_pass(job.run, job.connector, name, cursor, guard=guard)
        self.checkpoints += 1
        self.counts.swept += self._ended.removed

    def _tell(self, outcome: Outcome) -> None:
        job = self._job
        self.counts.add(outcome.counts)
        job.after_commit(outcome.last_id)
        counts = Counts()
        counts.add(self.counts)
        job.emit(Progress(job.tenant, job.connector, self._stream.name, counts))
        if outcome.items:
            job.emit(ItemsSynced(job.tenant, job.connector, outcome.items))

    def _new_batch(self) -> Batch:
        changes: list[Named] = []
        return Batch(
            self._job.run,
            self._job.connector,
            self._stream.name,
            changes,
            in_pass=self._in_pass,
            hold_failures=self._hold_failures,
            want_items=self._job.ask.want_items,
        )
