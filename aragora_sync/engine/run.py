"""One run of one connector: lock, state file, streams beside each other, what is gone, the result."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from ..auth.secrets import redact
from ..core.clock import Clock, utc_now
from ..core.errors import AccessError, AragoraSyncError, ConfigError, CredentialError, SourceError
from ..core.files import exclusive_lock
from ..core.source import Fetches, Source, Stream
from ..core.stop import Stopped
from ..state import StateFile
from ..store.base import PART, RUNNING, WATCHING, Counts, Refusal, StreamRow, Writer
from .events import Emit, RunEnded, RunStarted, StreamEnded
from .heeding import wanted
from .job import Ask, Budget, Job
from .recording import Recorder
from .result import Status, StreamError, SyncResult, status_of
from .stop import Stop, StopReason
from .sync import StreamSync
from .watching import Watching

logger = logging.getLogger(__name__)

INTERRUPTIONS = (StopReason.INTERRUPT, StopReason.TERMINATE, StopReason.CANCEL)
NAMES_TOLD = 20  # of streams that are gone


@dataclass(slots=True)
class _Tally:
    """What the streams' threads report; guarded by `adding`."""

    counts: Counts = field(default_factory=Counts)
    errors: list[StreamError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    streams: int = 0
    adding: threading.Lock = field(default_factory=threading.Lock)


class ConnectorRun:
    """One run of one connector. `sync` never raises what a user can cause: it becomes the result."""

    def __init__(
        self,
        source: Source,
        store: Writer,
        state: StateFile,
        *,
        lock: Path | None,
        ask: Ask | None = None,
        stop: Stop | None = None,
        emit: Emit = lambda _event: None,
        clock: Clock = utc_now,
        dry: bool = False,
        watching: Watching | None = None,
    ) -> None:
        self.source = source
        self._ask = ask or Ask()
        self._only = wanted(self._ask.hints) if self._ask.hints else None  # streams that hints name, with their items
        self._stop = Stop(stop)
        self._emit = emit
        self._watching = watching  # instead of reading
        self._lock = lock  # None: nothing is written, or the caller holds it
        self._recorder = Recorder(source, store, state, clock, dry)
        self._tally = _Tally()
        self._job = Job(source, store, self._ask, self._stop, emit, clock, budget=Budget(self._ask.max_items))

    def sync(self) -> SyncResult:
        """Everything that is due was read and stored, or the result says what was not, and why."""
        began = time.monotonic()
        source = self.source
        self._emit(RunStarted(source.tenant_id, source.connector_id))
        try:
            what = f"{source.connector_id} of tenant {source.tenant_id}"
            with nullcontext() if self._lock is None else exclusive_lock(self._lock, what):
                result = self._sync()
        except AragoraSyncError as error:
            failed = StreamError.of("", error)
            result = self._result([*self._tally.errors, failed])
        result.seconds = time.monotonic() - began
        self._emit(RunEnded(result))
        return result

    @property
    def needs_login(self) -> bool:
        """Whether it ended because a human must log in."""
        return self._stop.reason is StopReason.LOGIN

    def _sync(self) -> SyncResult:
        job, recorder = self._job, self._recorder
        recorder.begin()
        job.run = job.store.begin_run(job.connector, RUNNING if self._watching is None else WATCHING)
        job.after_commit, job.when_idle = recorder.committed, recorder.catch_up
        result = self._result([StreamError("", "the run ended in a way it should not.", "", Status.FAILED)])
        try:
            self._guarded("", self._read_all)
            result = self._result(self._tally.errors)
        finally:
            job.store.end_run(job.run, f"{PART if self._is_part else ''}{result.status}", result.errors)
            result.recorded = True
            recorder.end(result)
        return result

    @property
    def _is_part(self) -> bool:
        """Whether it reads only what it was told to, so that whatever else changed still waits."""
        return bool(self._ask.items) or self._only is not None

    def _read_all(self) -> None:
        source = self.source
        source.heed(self._job.sign)
        source.open()
        try:
            stored = self._job.store.streams(self._job.connector)
            if self._ask.items:
                self._fetch_items()
                return
            if self._watching is not None:
                self._watch(self._watching, source.streams(list(stored)))
                return
            named = self._read_streams(source.streams(list(stored)), self._only)
        finally:
            source.close()
        if named is not None and self._only is None:
            self._drop_gone({name: row for name, row in stored.items() if name not in named})

    def _watch(self, watching: Watching, streams: Iterable[Stream]) -> None:
        try:
            self._tally.streams = watching.watch(self._job, streams)
        finally:
            self._tally.counts.add(watching.counts)

    # Streams beside each other

    def _read_streams(
        self, streams: Iterable[Stream], only: Mapping[str, Sequence[str]] | None = None
    ) -> set[str] | None:
        """Reads them all, or `only` those that hints name; the names, or None where a stop cut the listing short."""
        named: set[str] = set()
        pending: set[Future[None]] = set()
        with ThreadPoolExecutor(self.source.parallel, thread_name_prefix=self.source.connector_id) as pool:
            for stream in streams:
                if self._stop.requested:
                    return None
                if stream.name in named:
                    raise SourceError(f"the stream {stream.name!r} was named twice; the connector must name it once.")
                named.add(stream.name)
                if only is not None and stream.name not in only:
                    continue
                if len(pending) >= self.source.parallel:
                    _take_ended(pending, FIRST_COMPLETED)
                pending.add(pool.submit(self._read_stream, stream, () if only is None else only[stream.name]))
            _take_ended(pending, ALL_COMPLETED)
        self._tally.notes += [
            f"{name}: hinted at, but not a part of the source" for name in sorted({*(only or ())} - named)
        ]
        return None if self._stop.requested else named

    def _read_stream(self, stream: Stream, refs: Sequence[str] = ()) -> None:
        if self._stop.requested:
            return
        sync = StreamSync(self._job, stream)
        error = self._guarded(stream.name, lambda: self._sync_stream(sync, refs))
        with self._tally.adding:
            self._tally.counts.add(sync.counts)
            self._tally.notes.extend(sync.notes)
        if sync.refusal is not None:
            self._add_error(_refused(stream.name, sync.refusal, self.source))
        message = "" if error is None else str(error)
        self._emit(StreamEnded(self.source.tenant_id, self.source.connector_id, stream.name, message))

    def _sync_stream(self, sync: StreamSync, refs: Sequence[str]) -> None:
        try:
            if self._ask.items:
                sync.fetch(refs)
            else:
                sync.heed(refs)
        except AccessError as error:
            self._job.store.note_access(self._job.connector, sync.stream, redact(error.message))
            raise

    def _guarded(self, stream: str, work: Callable[[], None]) -> Exception | None:
        """Runs it; what went wrong is tallied, and ends the connector only where a human must log in."""
        try:
            work()
        except Stopped:
            return None
        except CredentialError as error:
            self._add_error(StreamError.of("", error))
            self._stop.request(StopReason.LOGIN)
            return error
        except AragoraSyncError as error:
            self._add_error(StreamError.of(stream, error))
            return error
        except Exception as error:
            logger.exception("%s %s: unexpected error", self.source.connector_id, stream)
            message = f"unexpected {type(error).__name__}; this is a bug, and the log says where."
            self._add_error(StreamError(stream, message, "", Status.FAILED))
            return error
        if stream and not self._stop.requested:
            with self._tally.adding:
                self._tally.streams += 1
        return None

    def _add_error(self, error: StreamError) -> None:
        with self._tally.adding:
            if error not in self._tally.errors:
                self._tally.errors.append(error)

    # Single items

    def _fetch_items(self) -> None:
        source, store, connector = self.source, self._job.store, self._job.connector
        if not isinstance(source, Fetches):
            raise ConfigError(f"a connector of type {source.type} cannot read single items.", hint="run without --item")
        rows = store.streams(connector)
        wanted: dict[str, list[str]] = {}
        for item in self._ask.items:
            for name in store.streams_holding(connector, item) or rows:
                wanted.setdefault(name, []).append(item)
        if not wanted:
            raise SourceError(
                "nothing was ever read, so that a single item has no place yet.", hint="run without --item"
            )
        for stream in source.streams(list(rows)):
            if stream.name in wanted:
                self._read_stream(stream, wanted[stream.name])
        absent = [item for item in self._ask.items if not store.streams_holding(connector, item)]
        self._tally.notes += [f"{item}: neither the source nor the store has an item of this id" for item in absent]

    # Streams that are gone

    def _drop_gone(self, gone: dict[str, StreamRow]) -> None:
        """Removes what the source no longer names. What changed options took out needs no guard."""
        if not gone:
            return
        fingerprint = self.source.fingerprint
        by_options = [name for name, row in gone.items() if row.fingerprint not in (None, fingerprint)]
        by_source = [name for name in gone if name not in by_options]
        self._drop(by_options, "the changed options took out", guard=False)
        self._drop(by_source, "no longer at the source", guard=not self._ask.allow_mass_delete)

    def _drop(self, names: list[str], why: str, *, guard: bool) -> None:
        if not names:
            return
        swept = self._job.store.drop_streams(self._job.run, self._job.connector, names, guard=guard)
        if swept.refusal is not None:
            self._add_error(_refused("", swept.refusal, self.source))
            return
        self._tally.counts.swept += swept.removed
        more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
        self._tally.notes.append(f"{why}: {', '.join(names[:NAMES_TOLD])}{more} ({swept.removed} items)")

    # The result

    def _result(self, errors: Sequence[StreamError]) -> SyncResult:
        source, tally = self.source, self._tally
        waiting = self._recorder.failures_waiting() if self._job.run else 0
        status = status_of(errors, tally.streams, waiting)
        reason = self._stop.reason
        if reason in INTERRUPTIONS:
            status = Status.INTERRUPTED
        elif reason is StopReason.TIMEOUT and not errors:
            status = Status.TRY_LATER
        return SyncResult(
            source.connector_id,
            source.tenant_id,
            source.type,
            status,
            tally.counts,
            errors,
            tally.notes,
            tally.streams,
            waiting,
        )


def _take_ended(pending: set[Future[None]], until: str) -> None:
    """Waits, and takes out what ended. What broke in the engine's own part of a thread is raised here.

    Nothing keeps the future that raises: its frames would live on, and what they have open in the store with them.
    """
    ended = wait(pending, return_when=until).done
    pending -= ended
    while ended:
        ended.pop().result()


def _refused(stream: str, refusal: Refusal, source: Source) -> StreamError:
    message = (
        f"refused to delete {refusal.would_remove} of {refusal.of} items that the source no longer shows; "
        "they are kept."
    )
    command = f"aragora-sync run {source.connector_id} --tenant {source.tenant_id} --allow-mass-delete"
    return StreamError(stream, message, f"look at the source; if they are really gone: {command}", Status.REFUSED)
