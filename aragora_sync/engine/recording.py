"""Keeps the state file a true copy of the store while a run goes on."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from ..core.clock import Clock
from ..core.source import Source
from ..state import State, StateFile
from ..store.base import Writer
from .result import SyncResult

EVERY_SECONDS = 1.0


class Recorder:
    """Writes the state file of one run: before anything is read, at most once a second, and at the end."""

    def __init__(self, source: Source, store: Writer, file: StateFile, clock: Clock, dry: bool) -> None:
        self._source = source
        self._store = store
        self._file = file
        self._clock = clock
        self._dry = dry
        self._writing = threading.Lock()
        self._next = 0.0
        self._behind = False  # something was stored since the file was written
        self._state = State(source.connector_id, source.tenant_id)

    def begin(self) -> None:
        """A missing file, or one of the older Aragora, clears the cursors in the store: all is read again."""
        connector = self._source.connector_id
        before = self._file.load()
        if (before is None or before.legacy) and self._store.streams(connector):
            self._store.forget(connector)
        if before is not None and not before.legacy:
            self._state = replace(before, connector_id=connector, tenant_id=self._source.tenant_id)
        self._state = replace(self._state, status="running")
        self._write()

    def committed(self, last_item_id: str) -> None:
        """Something was stored; the file follows within a second or so."""
        self._behind = True
        if last_item_id:
            self._state = replace(self._state, last_item_id=last_item_id)
        self.catch_up()

    def catch_up(self) -> None:
        """The file tells what was stored up to now, unless it was written less than a second ago."""
        if self._behind and time.monotonic() >= self._next and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()

    def end(self, result: SyncResult) -> None:
        """The file tells the outcome."""
        with self._writing:
            self._state = replace(
                self._state,
                status=str(result.status),
                errors=result.errors,
                items_synced=result.items_synced,
                last_sync_at=self._clock(),
            )
            self._write()

    def failures_waiting(self) -> int:
        """How many items could not be read and are asked for again."""
        return len(list(self._store.failures(self._source.connector_id)))

    def _write(self) -> None:
        self._behind = False
        if self._dry:
            return
        rows = self._store.streams(self._source.connector_id).values()
        self._file.save(
            replace(
                self._state,
                cursors={row.name: row.cursor for row in rows},
                passes={row.name: row.open_pass.cursor for row in rows if row.open_pass is not None},
            )
        )
        self._next = time.monotonic() + EVERY_SECONDS
