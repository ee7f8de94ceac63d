"""One connector while it is watched: what its source tells is stored within moments, with its cursors."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta

from ..core.changes import Change, Item
from ..core.errors import CursorExpired, ReadAgain
from ..core.source import Fetches, Stream, Watches
from ..core.stop import Stopped
from ..store.base import Counts, Outcome
from .events import StreamEnded, StreamStarted, Watched
from .job import Job
from .passes import pass_due_at, reconcile_age, watchable
from .writing import StreamWriter

FLUSH_SECONDS = 0.2


class Watching:
    """One watch of a connector, from its start until a run is due.

    It lasts for `rest` at least, though a pass or a retry waits. Streams that cannot be watched, like those of
    `failing`, are read every so often.
    """

    def __init__(self, rest: timedelta, every: timedelta, failing: Collection[str]) -> None:
        self.counts = Counts()
        self.again = False  # the source asked for an ordinary run
        self.gave_up = False  # the source cannot be watched now
        self._rest = rest
        self._every = every
        self._failing = failing
        self._writers: dict[str, LiveWriter] = {}
        self._failures = 0  # that were told when `_due_at` was reckoned

    def watch(self, job: Job, streams: Iterable[Stream]) -> int:
        """Stores what comes until a run is due; how many streams were watched. Raises Stopped at a stop."""
        assert isinstance(job.source, Watches)
        self._job, self._source = job, job.source
        listed = list(streams)
        self._began, self._listed = job.clock(), listed
        rows = job.store.streams(job.connector)
        watched = [each for each in listed if each.name not in self._failing]
        watched = [each for each in watched if watchable(rows.get(each.name), job.source.fingerprint)]
        self._left_out = len(listed) - len(watched)
        self._due_at = self._reckon_due()
        try:
            with ExitStack() as closing:
                for stream in watched:
                    self._begin(stream, closing)
                self._take_all(watched, closing)
        except (ReadAgain, CursorExpired):
            self.again = True
        finally:
            for writer in self._writers.values():
                self.counts.add(writer.counts)
        return len(watched)

    def _begin(self, stream: Stream, closing: ExitStack) -> None:
        job = self._job
        writer = LiveWriter(job, stream, hold_failures=not isinstance(job.source, Fetches))
        self._writers[stream.name] = writer
        job.emit(StreamStarted(job.tenant, job.connector, stream.name, stream.title, "watching"))
        closing.callback(lambda: job.emit(StreamEnded(job.tenant, job.connector, stream.name)))
        closing.callback(writer.close)

    def _take_all(self, streams: Sequence[Stream], closing: ExitStack) -> None:
        job = self._job
        rows = job.store.streams(job.connector)
        cursors = {each.name: rows[each.name].cursor for each in streams}
        known = {each.name: job.store.known(job.connector, each.name) for each in streams}
        changes = self._source.watch(streams, cursors, known) if streams else iter(())
        if (close := getattr(changes, "close", None)) is not None:
            closing.callback(close)
        flush_at = 0.0
        for said in changes:
            if job.stop.requested:
                raise Stopped
            if said is not None:
                self._writers[said[0].name].take([said[1]])
                flush_at = flush_at or time.monotonic() + FLUSH_SECONDS
            if said is None or time.monotonic() >= flush_at:
                flush_at = 0.0
                self._flush()
                if self._is_due():
                    return
        self.gave_up = True

    def _flush(self) -> None:
        for writer in self._writers.values():
            writer.flush()
        self._job.when_idle()

    # When a run is due

    def _is_due(self) -> bool:
        failures = sum(writer.counts.failed for writer in self._writers.values())
        if failures != self._failures:
            self._failures = failures
            self._due_at = self._reckon_due()
        now = self._job.clock()
        if now < self._began:  # the clock went back: a run finds out what is due
            return True
        return self._due_at is not None and now >= self._due_at

    def _reckon_due(self) -> datetime | None:
        """When the next pass or retry is due, or the next reading of a stream that cannot be watched."""
        job, source = self._job, self._job.source
        rows = job.store.streams(job.connector)
        moments = [failure.next_at for failure in job.store.failures(job.connector)]
        moments += [self._began + self._every] if self._left_out else []
        for stream in self._listed:
            age = reconcile_age(source.reconcile_every, reports_deletes=stream.reports_deletes)
            due = pass_due_at(rows[stream.name], age) if stream.name in rows else None
            moments += [] if due is None else [due]
        return max(min(moments), self._began + self._rest) if moments else None


class LiveWriter(StreamWriter):
    """Tells of each batch how long ago its newest item was edited."""

    _newest: datetime | None = None

    def take(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if type(change) is Item and change.updated_at is not None:
                self._newest = max(self._newest or change.updated_at, change.updated_at)
            super().take([change])

    def _tell(self, outcome: Outcome) -> None:
        super()._tell(outcome)
        newest, self._newest = self._newest, None
        if outcome.counts.named > outcome.counts.unchanged:
            job = self._job
            lag = None if newest is None else max(0.0, (job.clock() - newest).total_seconds())
            job.emit(Watched(job.tenant, job.connector, self._stream.name, outcome.counts, lag))
