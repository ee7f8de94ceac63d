"""The heart: one stream of one run, read to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from ..core.changes import Checkpoint
from ..core.errors import CursorExpired, ReadAgain, SourceError, TransientError
from ..core.source import Fetches, Stream
from ..core.stop import Stopped
from ..store.base import PassKind, Refusal, StreamRow, Swept
from ..store.plan import HELD_RUNS
from .events import StreamStarted, Waiting
from .job import Job
from .passes import CURSOR_EXPIRED, OPTIONS_CHANGED, Asked, Mode, Reading, due_readings, options_changed, reconcile_age
from .writing import StreamWriter

logger = logging.getLogger(__name__)

READ_AGAIN_TIMES = 5
EXPIRED_TIMES = 2
LONGEST_WAIT_SECONDS = 600.0
REFS_PER_FETCH = 100


class StreamSync:
    """One stream in one run. Raises what ended it early; `counts` tell what was stored in any case."""

    def __init__(self, job: Job, stream: Stream) -> None:
        self.job = job
        self.stream = stream
        self.notes: list[str] = []
        self.refusal: Refusal | None = None
        self._fetches = isinstance(job.source, Fetches)
        self._writer = StreamWriter(job, stream, hold_failures=not self._fetches)
        self.counts = self._writer.counts

    def run(self) -> None:
        """Everything that is due was read: changes, failures, a pass."""
        row = self._row()
        self.refusal = row.refusal if row else None
        asked = self._asked()
        readings = due_readings(row, asked)
        if row is not None and not options_changed(row, asked.fingerprint):
            readings = self._read_changes(readings)
            if not any(reading.mode is Mode.BEGIN for reading in readings):  # a new pass asks for them anyway
                self._retry_failures()
        for reading in readings:
            self._read_pass(reading)
        if row is not None and row.lost:
            self.job.store.note_access(self.job.connector, self.stream, "")

    def fetch(self, refs: Sequence[str]) -> None:
        """These items were read now; no cursor moved."""
        row = self._row()
        go_first = f"aragora-sync run {self.job.connector} --tenant {self.job.tenant}"
        if row is None:
            raise SourceError("it was never read, so that a single item has no place yet.", hint=go_first)
        if options_changed(row, self.job.source.fingerprint):
            raise SourceError("its options changed: everything must be read before single items are.", hint=go_first)
        self._started("items")
        self._fetch_all(refs)

    def heed(self, refs: Sequence[str]) -> None:
        """What a hint named was read now; everything that is due, where single items have no place yet."""
        row = self._row()
        if not refs or not self._fetches or row is None or options_changed(row, self.job.source.fingerprint):
            self.run()
        else:
            self._started("hints")
            self._fetch_all(refs)

    # The readings

    def _read_changes(self, readings: list[Reading]) -> list[Reading]:
        """Reads from the cursor where that is due; the passes that remain, which are one more if the cursor expired."""
        if not readings or readings[0].mode is not Mode.CHANGES:
            return readings
        self._started("changes")
        rest = readings[1:]
        try:
            self._restarting(self._read_from_cursor)
        except CursorExpired as error:
            logger.warning("%s %s: %s", self.job.connector, self.stream.name, error)
            return [Reading(Mode.BEGIN, rest[0].kind if rest else PassKind.RECONCILE, CURSOR_EXPIRED)]
        return rest

    def _read_from_cursor(self) -> None:
        row = self._row()
        assert row is not None
        known = self.job.store.known(self.job.connector, self.stream.name)
        self._writer.consume(self.job.source.read(self.stream, row.cursor, known), in_pass=False)

    def _read_pass(self, reading: Reading) -> None:
        kind = reading.kind
        assert kind is not None
        self._started(kind, reading.why)
        if reading.why in (OPTIONS_CHANGED, CURSOR_EXPIRED):
            self.notes.append(f"{self.stream.name}: {reading.why}, everything is read again")
        if reading.mode is Mode.BEGIN:
            self._begin(kind, expired=reading.why == CURSOR_EXPIRED)
        fresh = reading.mode is Mode.BEGIN

        def read() -> None:
            nonlocal fresh
            if not fresh and self._pass_cursor_missing():
                self._begin(kind)  # what an interrupted reading named must not count for this one
            fresh = False
            self._resume_pass()

        for _ in range(EXPIRED_TIMES):
            try:
                return self._restarting(read)
            except CursorExpired as error:
                logger.warning("%s %s: the pass begins anew: %s", self.job.connector, self.stream.name, error)
                self._begin(kind)
                fresh = True
        raise SourceError(f"the source refused every cursor it gave, {EXPIRED_TIMES} times in a row.")

    def _resume_pass(self) -> None:
        row = self._row()
        assert row is not None and row.open_pass is not None
        under_way = row.open_pass
        hide = under_way.kind is PassKind.FULL
        known = self.job.store.known(self.job.connector, self.stream.name, hide_versions=hide)
        ended = self._writer.consume(self.job.source.read(self.stream, under_way.cursor, known), in_pass=True)
        if ended is not None:
            self._note_sweep(ended, row)

    def _note_sweep(self, swept: Swept, before: StreamRow) -> None:
        self.refusal = swept.refusal
        if swept.removed and before.fingerprint not in (None, self.job.source.fingerprint):
            self.notes.append(f"{self.stream.name}: the changed options took out {swept.removed}")

    def _retry_failures(self) -> None:
        if not self._fetches:
            return
        due = self.job.store.failures(self.job.connector, self.stream.name, self.job.clock())
        refs = [failure.ref for failure in due]
        if refs:
            self._started("retries")
        self._fetch_all(refs)

    def _fetch_all(self, refs: Sequence[str]) -> None:
        for first in range(0, len(refs), REFS_PER_FETCH):
            page = refs[first : first + REFS_PER_FETCH]
            self._restarting(lambda page=page: self._fetch(page))  # type: ignore[misc]

    def _fetch(self, refs: Sequence[str]) -> None:
        source = self.job.source
        assert isinstance(source, Fetches)
        known = self.job.store.known(self.job.connector, self.stream.name)
        answers = source.fetch(self.stream, refs, known)
        self._writer.consume((each for each in answers if type(each) is not Checkpoint), in_pass=False, single=True)

    # Starting again

    def _restarting(self, read: Callable[[], None]) -> None:
        """`read` came to its end; it was started again from the last stored cursor as long as there was hope."""
        broken = again = 0
        while True:
            before = self._writer.checkpoints
            try:
                return read()
            except TransientError as error:
                broken = 0 if self._writer.checkpoints > before else broken
                if broken >= self.job.max_retries:
                    raise
                self._wait(self.job.retry_delay * 2**broken, error)
                broken += 1
            except ReadAgain as error:
                again += 1
                if again > READ_AGAIN_TIMES:
                    raise CursorExpired(f"the source changed under {again} readings in a row: {error}") from error

    def _wait(self, seconds: float, error: TransientError) -> None:
        seconds = max(seconds, error.retry_after or 0)
        job = self.job
        left = job.stop.left()
        if seconds > LONGEST_WAIT_SECONDS or (left is not None and seconds > left):
            raise error
        logger.warning("%s %s: %s Again in %.0f s.", job.connector, self.stream.name, error, seconds)
        job.emit(Waiting(job.tenant, job.connector, self.stream.name, seconds, error.message))
        if job.stop.wait(seconds):
            raise Stopped from error

    # What the store and the person say

    def _row(self) -> StreamRow | None:
        return self.job.store.stream(self.job.connector, self.stream.name)

    def _begin(self, kind: PassKind, *, expired: bool = False) -> None:
        job = self.job
        job.store.begin_pass(job.connector, self.stream, kind, job.source.fingerprint, expired=expired)

    def _pass_cursor_missing(self) -> bool:
        row = self._row()
        return row is None or row.open_pass is None or row.open_pass.cursor is None

    def _asked(self) -> Asked:
        job = self.job
        every = reconcile_age(job.source.reconcile_every, reports_deletes=self.stream.reports_deletes)
        return Asked(job.source.fingerprint, job.clock(), every, job.ask.kind, self._failures_due())

    def _failures_due(self) -> bool:
        """Failures that nobody can fetch, no longer hold the cursor back, and have rested: a reconcile asks again."""
        if self._fetches:
            return False
        due = self.job.store.failures(self.job.connector, self.stream.name, self.job.clock())
        return any(failure.attempts > HELD_RUNS for failure in due)

    def _started(self, reading: str, why: str = "") -> None:
        job, stream = self.job, self.stream
        logger.info("%s %s: reading %s%s", job.connector, stream.name, reading, f" ({why})" if why else "")
        job.emit(StreamStarted(job.tenant, job.connector, stream.name, stream.title, reading, why, stream.expected))
