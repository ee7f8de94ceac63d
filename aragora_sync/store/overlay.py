"""A store for a dry run: reads through to the real one, remembers what a run would write, stores nothing."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..core.changes import Cursor
from ..core.clock import Clock, to_micros, utc_now
from ..core.source import KnownItems, Stream
from .base import RUNNING, Batch, Counts, Failure, OpenPass, Outcome, PassKind, StreamRow, Swept
from .keeping import refusal_of
from .plan import FailureRow, Place, Planner, Row, said_of
from .sqlite import SqliteStore

PLANNED_BODIES = -(10**15)  # keys that no stored body has

_Key = tuple[str, str]  # connector, stream


class Overlay:
    """What runs would do to `base`, None where there is no store yet. Nothing reaches a disk."""

    def __init__(self, base: SqliteStore | None, clock: Clock = utc_now) -> None:
        self._folder = tempfile.TemporaryDirectory() if base is None else None
        self._base = SqliteStore(Path(self._folder.name) / "empty.db") if self._folder else base
        self._clock = clock
        self._writing = threading.Lock()
        self._streams: dict[_Key, StreamRow | None] = {}  # None: gone
        self._rows: dict[_Key, dict[str, Row]] = {}
        self._failing: dict[_Key, dict[str, FailureRow | None]] = {}  # None: ended

    def close(self) -> None:
        """Nothing stays."""
        if self._folder is not None:
            self._store.close()
            self._folder.cleanup()

    @property
    def _store(self) -> SqliteStore:
        assert self._base is not None
        return self._base

    # Progress

    def streams(self, connector: str) -> Mapping[str, StreamRow]:
        """The streams of a connector by name, without those that are gone."""
        rows: dict[str, StreamRow | None] = dict(self._store.streams(connector))
        rows.update((name, row) for (owner, name), row in self._streams.items() if owner == connector)
        return {name: row for name, row in sorted(rows.items()) if row is not None}

    def stream(self, connector: str, name: str) -> StreamRow | None:
        """One of them; None where the store has not met it, or it is gone."""
        key = (connector, name)
        return self._streams[key] if key in self._streams else self._store.stream(connector, name)

    def forget(self, connector: str, streams: Sequence[str] | None = None) -> None:
        """Clears cursors and open passes of these streams (all by default) and marks them as due for a full pass."""
        for name, row in self.streams(connector).items():
            if streams is None or name in streams:
                self._streams[connector, name] = replace(row, cursor=None, open_pass=None, due=PassKind.FULL)

    def begin_run(self, connector: str, status: str = RUNNING) -> int:
        """A run that leaves no row."""
        return 1

    def end_run(self, run: int, status: str, errors: Sequence[str]) -> None:
        """Nothing to remember."""

    def begin_pass(
        self, connector: str, stream: Stream, kind: PassKind, fingerprint: str, *, expired: bool = False
    ) -> None:
        """A new generation and an empty pass cursor."""
        row = self.stream(connector, stream.name) or _new_row(stream)
        self._streams[connector, stream.name] = replace(
            row,
            cursor=None if expired else row.cursor,
            generation=row.generation + 1,
            due=None,
            open_pass=OpenPass(kind, fingerprint, self._clock(), None),
        )

    def note_access(self, connector: str, stream: Stream, lost: str) -> None:
        """Why the source refuses this stream; empty when it can be read again."""
        row = self.stream(connector, stream.name) or _new_row(stream)
        self._streams[connector, stream.name] = replace(row, lost=lost)

    def failures(self, connector: str, stream: str | None = None, due_at: datetime | None = None) -> list[Failure]:
        """Open failures as they would be, those due by `due_at` where it is given."""
        found = {(each.stream, each.id): each for each in self._store.failures(connector, stream, due_at)}
        for (owner, name), failures in self._failing.items():
            if owner != connector or stream not in (None, name):
                continue
            for item_id, row in failures.items():
                found.pop((name, item_id), None)
                if row is not None and due_at is None:  # a new failure rests first
                    found[name, item_id] = Failure(name, item_id, row.ref, row.error, row.attempts, self._clock())
        return [found[key] for key in sorted(found)]

    def streams_holding(self, connector: str, item_id: str) -> Sequence[str]:
        """The streams that hold an item or a failure of this id or ref."""
        return self._store.streams_holding(connector, item_id)

    # Items

    def known(self, connector: str, stream: str, *, hide_versions: bool = False) -> KnownItems:
        """What the real store knows."""
        return self._store.known(connector, stream, hide_versions=hide_versions)

    def write(self, batches: Iterable[Batch]) -> Outcome:
        """What a real store would answer."""
        total = Outcome(Counts())
        with self._writing:
            for batch in batches:
                total.add(self._write(batch, total.held))
        return total

    def _write(self, batch: Batch, held: bool) -> Outcome:
        ids = [change.id for change in batch.changes]
        row = self.stream(batch.connector, batch.stream)
        assert row is not None
        rows, failing = self._store.look(batch.connector, batch.stream, ids)
        key = (batch.connector, batch.stream)
        mine, mine_failing = self._rows.setdefault(key, {}), self._failing.setdefault(key, {})
        rows.update((item_id, mine[item_id]) for item_id in ids if item_id in mine)
        for item_id, failure in mine_failing.items():
            failing.pop(item_id, None)
            if failure is not None:
                failing[item_id] = failure
        place = Place(0, batch.run, row.generation, to_micros(self._clock()), 0, PLANNED_BODIES, 0)
        planner = Planner(
            place,
            rows,
            failing,
            stored_text=self._store.text,
            want_items=batch.want_items,
            hold_failures=batch.hold_failures,
        )
        plan = planner.decide(said_of(batch.changes))
        mine.update((item_id, Row._make(row)) for item_id, row in plan.rows.items())
        for item_id in plan.stamped:
            mine.setdefault(item_id, rows[item_id])
            mine[item_id] = mine[item_id]._replace(generation=row.generation)
        mine_failing.update(plan.failures)
        held = held or (batch.hold_failures and plan.holds)
        if cursor_stored := batch.cursor is not None and not held:
            self._streams[key] = _with_cursor(row, batch.cursor, batch.in_pass)
        return Outcome(plan.counts, held, cursor_stored, batch.last_id, plan.items)

    def end_pass(self, run: int, connector: str, stream: str, cursor: Cursor, *, guard: bool) -> Swept:
        """What a real sweep would remove, and the pass closed."""
        row = self.stream(connector, stream)
        assert row is not None and row.open_pass is not None
        mine = self._rows.get((connector, stream), {})
        live = [each.generation for each in mine.values() if each.deleted_at is None]
        live += [
            generation for item_id, generation in self._store.generations(connector, stream) if item_id not in mine
        ]
        would_remove, of = sum(generation < row.generation for generation in live), len(live)
        refusal = refusal_of(would_remove, of) if guard else None
        if refusal is None:
            self._end_older_failures(connector, stream, row.generation)
        self._streams[connector, stream] = replace(
            row,
            cursor=cursor,
            fingerprint=row.open_pass.fingerprint,
            reconciled_at=row.open_pass.began_at,
            open_pass=None,
            refusal=refusal,
        )
        return Swept(0 if refusal else would_remove, refusal)

    def _end_older_failures(self, connector: str, stream: str, generation: int) -> None:
        mine = self._failing.setdefault((connector, stream), {})
        held = [failure.id for failure in self._store.failures(connector, stream)]
        failing = self._store.look(connector, stream, held)[1] | mine
        mine.update((item_id, None) for item_id, each in failing.items() if each and each.generation < generation)

    def drop_streams(self, run: int, connector: str, names: Sequence[str], *, guard: bool) -> Swept:
        """What dropping these streams would remove."""
        held = {name: len(list(self._store.known(connector, name).items())) for name in self.streams(connector)}
        would_remove = sum(held[name] for name in names)
        refusal = refusal_of(would_remove, sum(held.values())) if guard else None
        if refusal is not None:
            return Swept(0, refusal)
        self._streams.update(dict.fromkeys((connector, name) for name in names))
        return Swept(would_remove)


def _new_row(stream: Stream) -> StreamRow:
    return StreamRow(stream.name, stream.title, None, 0, None, None, None, None, None, "")


def _with_cursor(row: StreamRow, cursor: Cursor, in_pass: bool) -> StreamRow:
    if not in_pass:
        return replace(row, cursor=cursor)
    assert row.open_pass is not None
    return replace(row, open_pass=replace(row.open_pass, cursor=cursor))
