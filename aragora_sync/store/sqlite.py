"""The default store: SQLite in WAL mode, one file per tenant."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ..core.changes import Cursor, Named, Seen
from ..core.clock import Clock, to_micros, utc_now
from ..core.source import Stream
from . import feed, keeping, progress, search
from .base import (
    RUNNING,
    Batch,
    Counts,
    Failure,
    Feed,
    Hit,
    Outcome,
    PassKind,
    Removal,
    RunRow,
    StreamRow,
    Swept,
    Totals,
)
from .connect import Readers, explained, open_reader, open_writer
from .known import SqliteKnown
from .plan import FailureRow, Place, Plan, Planner, Row, Said, said_of

FILE_ENDING = ".db"
KEEP_DELETED = timedelta(days=30)
KEEP_RUNS = timedelta(days=30)


def store_path(folder: Path, tenant_id: str) -> Path:
    """Where the store of a tenant lies."""
    return folder / f"{tenant_id}{FILE_ENDING}"


class SqliteStore:
    """The knowledge of one tenant; implements `store.base.Store`.

    One connection writes, under one lock: writers of this process wait in line, those of other processes on SQLite's
    own lock. Readers have connections of their own and never wait. Deletions are remembered for `keep_deleted`.
    """

    def __init__(
        self, path: Path, *, clock: Clock = utc_now, read_only: bool = False, keep_deleted: timedelta = KEEP_DELETED
    ) -> None:
        self.path = path
        self._clock = clock
        self._keep_deleted = keep_deleted
        self._writing = threading.Lock()
        self._db = open_reader(path) if read_only else open_writer(path)
        self._readers = Readers(path)
        self._epoch_written = False

    def close(self) -> None:
        """Nothing stays open."""
        self._readers.close()
        with self._writing:
            self._db.close()

    # Progress: streams, passes, runs

    def connectors(self) -> Sequence[str]:
        """All connectors that ever stored something here."""
        with self._readers.reading() as db:
            return progress.connectors(db)

    def streams(self, connector: str) -> Mapping[str, StreamRow]:
        """The streams of a connector by name, without those that are gone."""
        with self._readers.reading() as db:
            return progress.streams(db, connector)

    def stream(self, connector: str, name: str) -> StreamRow | None:
        """One of them; None where the store has not met it, or it is gone."""
        with self._readers.reading() as db:
            return progress.stream(db, connector, name)

    def forget(self, connector: str, streams: Sequence[str] | None = None) -> None:
        """Clears cursors and open passes of these streams (all by default) and marks them as due for a full pass."""
        with self._transaction() as db:
            progress.forget(db, connector, streams)

    def begin_run(self, connector: str, status: str = RUNNING) -> int:
        """A new run; earlier ones that never ended are marked interrupted."""
        with self._transaction() as db:
            return progress.begin_run(db, connector, self._now(), status)

    def end_run(self, run: int, status: str, errors: Sequence[str]) -> None:
        """The run's outcome is remembered; what was deleted long ago, and old runs, are forgotten."""
        with self._transaction() as db:
            connector = progress.end_run(db, run, status, errors, self._now())
            keeping.purge_tombstones(db, to_micros(self._now() - self._keep_deleted))
            keeping.purge_runs(db, connector, to_micros(self._now() - KEEP_RUNS))

    def begin_pass(
        self, connector: str, stream: Stream, kind: PassKind, fingerprint: str, *, expired: bool = False
    ) -> None:
        """A new generation and an empty pass cursor; the incremental cursor stays, unless it is `expired`."""
        with self._transaction() as db:
            if expired:
                progress.drop_cursor(db, connector, stream.name)
            progress.begin_pass(db, connector, stream, kind, fingerprint, self._now())

    def note_access(self, connector: str, stream: Stream, lost: str) -> None:
        """Remembers why the source refuses this stream; empty when it can be read again."""
        with self._transaction() as db:
            progress.note_access(db, connector, stream, lost)

    def runs(self, connector: str, limit: int) -> Sequence[RunRow]:
        """The latest runs, newest first."""
        with self._readers.reading() as db:
            return progress.runs(db, connector, limit)

    def last_run(self, connector: str, status: str = "") -> RunRow | None:
        """The latest run of this outcome, by default the latest that read whatever changed."""
        with self._readers.reading() as db:
            return progress.last_run(db, connector, status)

    def last_success(self, connector: str) -> datetime | None:
        """When the latest run that went well began; None before the first."""
        with self._readers.reading() as db:
            return progress.last_success(db, connector)

    def totals(self, connector: str) -> Totals:
        """How much is held of one connector."""
        with self._readers.reading() as db:
            return progress.totals(db, connector)

    def failures(self, connector: str, stream: str | None = None, due_at: datetime | None = None) -> list[Failure]:
        """Open failures, those due by `due_at` where it is given."""
        with self._readers.reading() as db:
            return progress.failures(db, connector, stream, due_at)

    def streams_holding(self, connector: str, item_id: str) -> Sequence[str]:
        """The streams that hold an item or a failure of this id or ref."""
        with self._readers.reading() as db:
            return progress.streams_holding(db, connector, item_id)

    # Items

    def known(self, connector: str, stream: str, *, hide_versions: bool = False) -> SqliteKnown:
        """What this stream has named and was committed."""
        with self._readers.reading() as db:
            return SqliteKnown(self._readers, progress.stream_key(db, connector, stream), hide_versions)

    def write(self, batches: Iterable[Batch]) -> Outcome:
        """Items, failures, cursors and the run's counts change together, or not at all."""
        total = Outcome(Counts())
        with self._transaction() as db:
            for batch in batches:
                total.add(self._write(db, batch, total.held))
        return total

    def _write(self, db: sqlite3.Connection, batch: Batch, held: bool) -> Outcome:
        said = said_of(batch.changes)
        place = self._place(db, batch.run, batch.connector, batch.stream)
        plan = _only_seen(db, place, batch.changes) or self._plan(db, place, batch, said)
        self._apply(db, place, plan)
        held = held or (batch.hold_failures and plan.holds)
        if cursor_stored := batch.cursor is not None and not held:
            progress.store_cursor(db, place.stream, batch.cursor, batch.in_pass)
        progress.count(db, batch.run, plan.counts)
        return Outcome(plan.counts, held, cursor_stored, batch.last_id, plan.items)

    def _plan(self, db: sqlite3.Connection, place: Place, batch: Batch, said: Sequence[Said]) -> Plan:
        ids = [change.id for change in batch.changes]
        rows = _rows(db, place.stream, ids)
        failing = _failing(db, place.stream, ids)
        planner = Planner(
            place,
            rows,
            failing,
            stored_text=lambda body: _text(db, body),
            want_items=batch.want_items,
            hold_failures=batch.hold_failures,
        )
        return planner.decide(said)

    def end_pass(self, run: int, connector: str, stream: str, cursor: Cursor, *, guard: bool) -> Swept:
        """What the pass did not name is removed, its cursor becomes the cursor, the pass is closed; all or nothing."""
        with self._transaction() as db:
            place = self._place(db, run, connector, stream)
            swept = keeping.sweep(db, place, guard, self._apply)
            progress.close_pass(db, place.stream, cursor, swept.refusal)
            progress.count(db, run, Counts(swept=swept.removed))
        return swept

    def drop_streams(self, run: int, connector: str, names: Sequence[str], *, guard: bool) -> Swept:
        """Removes streams that the source no longer names, with cursor, pass and failures."""
        with self._transaction() as db:
            places = [self._place(db, run, connector, name) for name in names]
            refusal = keeping.refuse_drop(db, connector, places) if guard else None
            if refusal is not None:
                progress.refuse(db, [place.stream for place in places], refusal)
                return Swept(0, refusal)
            removed = self._drop(db, places)
            progress.count(db, run, Counts(swept=removed))
        return Swept(removed)

    def purge(self, connector: str, streams: Sequence[str] | None = None) -> Removal:
        """Removes items, failures and progress of these streams (all by default), as tombstones."""
        with self._transaction() as db:
            names = list(progress.streams(db, connector)) if streams is None else list(streams)
            places = [self._place(db, 0, connector, name) for name in names]
            return Removal(self._drop(db, places), names)

    def _drop(self, db: sqlite3.Connection, places: Sequence[Place]) -> int:
        removed = 0
        for place in places:
            place.last_seq = progress.counters(db).last_seq
            removed += keeping.remove_all(db, place, self._apply)
            progress.close_stream(db, place.stream, self._now())
        return removed

    def purge_tombstones(self, before: datetime) -> int:
        """Forgets deletions older than `before`; readers that did not hear of them start from a snapshot."""
        with self._transaction() as db:
            return keeping.purge_tombstones(db, to_micros(before))

    def look(self, connector: str, stream: str, ids: Sequence[str]) -> tuple[dict[str, Row], dict[str, FailureRow]]:
        """The rows and open failures of these ids, as a dry run plans with them."""
        with self._readers.reading() as db:
            key = progress.stream_key(db, connector, stream)
            return ({}, {}) if key is None else (_rows(db, key, ids), _failing(db, key, ids))

    def generations(self, connector: str, stream: str) -> Iterator[tuple[str, int]]:
        """Id and generation of everything that is held of a stream, as a dry run sweeps it."""
        with self._readers.reading() as db:
            key = progress.stream_key(db, connector, stream)
            yield from db.execute("SELECT id, generation FROM entry WHERE stream = ? AND deleted_at IS NULL", (key,))

    def text(self, body: int) -> str:
        """The text of a body, as a dry run compares it; empty for one that is only planned."""
        with self._readers.reading() as db:
            return _text(db, body)

    # Readers

    def snapshot(self, connector: str | None = None) -> Feed:
        """All items at this moment, one per id."""
        return feed.Snapshot(self._readers, connector)

    def feed(self, position: str, connector: str | None = None) -> Feed:
        """What changed since `position`, in order of change; raises PositionLost where that can't be told."""
        return feed.Changes(self._readers, position, connector)

    def index(self, should_stop: Callable[[], bool] = lambda: False) -> int:
        """Makes what is new searchable, in small transactions; how many items it took."""
        return search.index(self._transaction, should_stop)

    def search(
        self, query: str, *, connector: str | None = None, kind: str | None = None, limit: int = 10
    ) -> Sequence[Hit]:
        """The best matches for all words of the query."""
        with self._readers.reading() as db:
            return search.search(db, query, connector, kind, limit)

    def backup(self, target: Path) -> None:
        """A consistent copy in one file, also while a sync writes."""
        with self._readers.reading() as db:
            keeping.backup(db, target)

    def restore(self, source: Path) -> None:
        """This store becomes what the backup was."""
        with self._writing, explained(self.path):
            keeping.restore(source, self._db)
            self._epoch_written = True

    # One transaction

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._epoch_written = False  # perhaps it was in this transaction
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _place(self, db: sqlite3.Connection, run: int, connector: str, stream: str) -> Place:
        key, generation = progress.stream_generation(db, connector, stream)
        counters = progress.counters(db)
        (last_body,) = db.execute("SELECT ifnull(max(key), 0) FROM body").fetchone()
        return Place(key, run, generation, to_micros(self._now()), counters.last_seq, last_body, counters.indexed_seq)

    def _apply(self, db: sqlite3.Connection, place: Place, plan: Plan) -> None:
        first_seq = progress.counters(db).last_seq + 1
        apply_plan(db, place, plan)
        if place.last_seq >= first_seq:
            progress.move_feed(db, first_seq, place.last_seq, new_epoch=not self._epoch_written)
            self._epoch_written = True

    def _now(self) -> datetime:
        return self._clock()


def apply_plan(db: sqlite3.Connection, place: Place, plan: Plan) -> None:
    """Writes what was planned. Old words leave the search index first, while the text they came from is there."""
    if plan.unindexed:
        search.remove(db, plan.unindexed)
    if plan.dropped_bodies:
        db.executemany("DELETE FROM body WHERE key = ?", [(key,) for key in plan.dropped_bodies])
    if plan.bodies:
        db.executemany("INSERT OR REPLACE INTO body VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", plan.bodies.values())
    if plan.rows:
        db.executemany(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            plan.rows.values(),
        )
    if plan.stamped:
        _stamp(db, place, plan.stamped)
    for item_id, failure in plan.failures.items():
        if failure is None:
            db.execute("DELETE FROM failure WHERE stream = ? AND id = ?", (place.stream, item_id))
        else:
            db.execute("INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?)", failure)


def _stamp(db: sqlite3.Connection, place: Place, ids: Sequence[str]) -> int:
    stamp = (
        "UPDATE entry SET generation = ? "
        "WHERE stream = ? AND deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
    )
    return db.execute(stamp, (place.generation, place.stream, json.dumps(ids))).rowcount


def _only_seen(db: sqlite3.Connection, place: Place, changes: Sequence[Named]) -> Plan | None:
    """The plan of a batch in which everything is there and unchanged, the most frequent one; None for any other.

    Its rows are stamped without being read. Where that meets fewer rows than were named, some are not known, and the
    planner looks at each.
    """
    ids = [change.id for change in changes if type(change) is Seen and change.version is None]
    if not ids or len(ids) < len(changes) or _any_failure(db, place.stream) or _stamp(db, place, ids) < len(ids):
        return None
    return Plan(counts=Counts(unchanged=len(ids)))


def _rows(db: sqlite3.Connection, stream: int, ids: Sequence[str]) -> dict[str, Row]:
    """The rows of these ids. A batch in order of id lies in one range, which is read in one go if it holds no more."""
    low, high = min(ids, default=""), max(ids, default="")
    if ids == sorted(ids):
        within = "SELECT * FROM entry WHERE stream = ? AND id BETWEEN ? AND ? LIMIT ?"
        found = db.execute(within, (stream, low, high, 2 * len(ids) + 1)).fetchall()
        if len(found) <= 2 * len(ids):
            return {row[1]: _new(Row, row) for row in found}
    listed = "SELECT * FROM entry WHERE stream = ? AND id IN (SELECT value FROM json_each(?))"
    return {row[1]: _new(Row, row) for row in db.execute(listed, (stream, json.dumps(ids)))}


_new = tuple.__new__  # Row._make without its call: once for each item that is named


def _text(db: sqlite3.Connection, body: int) -> str:
    row = db.execute("SELECT content FROM body WHERE key = ?", (body,)).fetchone()
    return "" if row is None else str(row[0])


def _failing(db: sqlite3.Connection, stream: int, ids: Sequence[str]) -> dict[str, FailureRow]:
    if not _any_failure(db, stream):
        return {}
    found = db.execute(
        "SELECT * FROM failure WHERE stream = ? AND id IN (SELECT value FROM json_each(?))", (stream, json.dumps(ids))
    )
    return {row[1]: FailureRow._make(row) for row in found}


def _any_failure(db: sqlite3.Connection, stream: int) -> bool:
    return db.execute("SELECT 1 FROM failure WHERE stream = ? LIMIT 1", (stream,)).fetchone() is not None
