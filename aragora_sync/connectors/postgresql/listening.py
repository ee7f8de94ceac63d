"""Live changes: what triggers announce is looked up by its key; what they cannot tell, the rows themselves do."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Named
from ...core.errors import ReadAgain, SourceError, TransientError
from ...core.source import Stream
from .catalog import as_bytes, gives_bytes
from .connections import FULL_QUEUE, Connections, UnreadableRow
from .notices import SILENT_SHARE, Notice, read_notice
from .reading import TableReading

if TYPE_CHECKING:
    from psycopg import Connection

WAIT_SECONDS = 0.5  # at once, so that a stop is heard
BURST_SECONDS = 0.05  # what is announced within so long is looked up together
MOST_NOTICES = 10_000  # that are taken at once
MOST_KEYS = 1_000  # of one table; more are read like any change
PROBE_SECONDS = 5.0  # a notification takes no longer
POLL_SECONDS = 60.0  # so often the rows themselves are asked, for tables without a trigger and what was never announced
REST_SHARE = 10  # a table that takes a second to be asked is not asked again for ten

logger = logging.getLogger(__name__)

Said: TypeAlias = "tuple[Stream, Change] | None"


@dataclass(slots=True)
class Watched:
    """One table, and what was announced of it and is not looked up yet."""

    stream: Stream
    reading: TableReading
    cursor: Cursor
    keyed: int  # how many columns its key has
    partitioned: bool
    changed: dict[tuple[str, ...], None] = field(default_factory=dict)
    gone: dict[tuple[str, ...], None] = field(default_factory=dict)
    stale: bool = True  # changes since the cursor are to be read
    not_before: float = 0.0
    unsure: bool = True  # rows may be gone that no notice named: while nobody listened, or by TRUNCATE
    unsure_not_before: float = 0.0
    gone_pages: Iterator[list[Named]] | None = None  # while these are looked for
    gone_began: float = 0.0
    told: bool = False  # that its trigger cannot tell keys

    def take(self, notice: Notice) -> None:
        """Whatever was announced of one row, it is looked up once."""
        self._tell(notice)
        if notice.key is None or len(notice.key) != self.keyed:
            self.stale, self.unsure = True, self.unsure or notice.may_be_of_many or notice.key is not None
            if notice.operation == "TRUNCATE":
                self.unsure_not_before = 0.0
        else:
            (self.gone if notice.gone else self.changed)[notice.key] = None

    def _tell(self, notice: Notice) -> None:
        if notice.refused and not self.told:
            self.told = True
            logger.warning(
                "the trigger of %s cannot tell keys (%s): after each change the table is looked through; "
                "`aragora-sync connectors postgresql --trigger %s` prints one of its columns as they are now",
                self.stream.name,
                notice.refused,
                self.stream.name,
            )

    def look_up(self) -> Iterator[Named]:
        """All rows that were announced, as they are now; only a reading of all changes knows more."""
        changed, gone = self.changed, self.gone
        self.changed, self.gone = {}, {}
        if len(changed) > MOST_KEYS:
            self.stale = True
            changed = {}
        keys = list({**gone, **changed})
        try:
            for first in range(0, len(keys), MOST_KEYS):
                yield from self.reading.hinted(keys[first : first + MOST_KEYS])
        except UnreadableRow:
            self.stale = True

    def look_for_gone(self) -> Iterator[Named]:
        """A page of what no notice told of: there is no row either that could."""
        if self.gone_pages is None:
            self.unsure, self.gone_pages, self.gone_began = False, self.reading.gone(), time.monotonic()
        try:
            page = next(self.gone_pages, None)
        except UnreadableRow:  # its key has another type now: a reconcile finds out
            page = None
        if page is None:
            self.gone_pages = None
            self.unsure_not_before = _rested(self.gone_began)
        yield from page or ()

    def read(self) -> Iterator[Change]:
        """What was written since the cursor."""
        self.stale, began = False, time.monotonic()
        for change in self.reading.changes(self.cursor):
            if isinstance(change, Checkpoint):
                self.cursor = change.cursor
            yield change
        self.not_before = _rested(began)


class Listening:
    """One connection that listens for all tables. `shape` is what the tables looked like when they were
    chosen, `look` tells what they look like now."""

    def __init__(
        self,
        connections: Connections,
        channel: str,
        schema: str,
        tables: Sequence[Watched],
        shape: Mapping[str, str],
        look: Callable[[], Mapping[str, str]],
    ) -> None:
        self._connections = connections
        self._channel = channel
        self._own = f"aragora_sync_{uuid.uuid4().hex}"  # on which only this listener announces
        self._schema = schema
        self._tables = {each.stream.name: each for each in tables}
        self._shape = shape
        self._look = look
        self._heard_own = False
        self._was_full = False  # of the queue of notifications, at the last beat

    def changes(self) -> Iterator[Said]:
        """First what was missed, then what comes, without end."""
        with self._connections.listening([self._channel, self._own]) as listener:
            if gives_bytes(listener):
                self._schema = as_bytes(self._schema)
                self._tables = {as_bytes(name): table for name, table in self._tables.items()}
            yield from self._prove(listener)
            beat_at = time.monotonic() + POLL_SECONDS
            while True:
                yield None
                self._hear(listener, 0.0 if self._busy() else WAIT_SECONDS)
                yield from self._turn()
                if time.monotonic() >= beat_at:
                    self._beat()
                    beat_at = time.monotonic() + POLL_SECONDS

    def _turn(self) -> Iterator[Said]:
        """What was announced, then a piece of what else there is to do: nothing announced waits for long."""
        for table in self._tables.values():
            yield from ((table.stream, change) for change in table.look_up())
        if (stale := self._next_stale()) is not None:
            yield from ((stale.stream, change) for change in stale.read())
        elif (unsure := self._next_unsure()) is not None:
            yield from ((unsure.stream, change) for change in unsure.look_for_gone())

    def _prove(self, listener: Connection[Any]) -> Iterator[Said]:
        """Notifications really arrive; where a pooler lies between, LISTEN is taken and nothing ever comes."""
        self._heard_own = False
        self._connections.announce(self._own)
        until = time.monotonic() + PROBE_SECONDS
        while not self._heard_own:
            if time.monotonic() >= until:
                raise SourceError(
                    f"PostgreSQL at {self._connections.server} takes LISTEN, but no notification arrives: a pooler "
                    "lies between that gives each transaction another session.",
                    hint="let the pooler keep sessions (pool_mode = session), or name the server itself in the options "
                    "'host' and 'port'; until then changes are read from time to time",
                )
            self._hear(listener, WAIT_SECONDS)
            yield None

    def _beat(self) -> None:
        """From time to time all tables are read, and the connection shows that it lives."""
        if not self._heard_own:
            raise TransientError(f"no notification of PostgreSQL at {self._connections.server} arrives any more.")
        if self._look() != self._shape:
            raise ReadAgain("the tables look different now.")
        self._heard_own = False
        full = self._connections.announce(self._own)
        for table in self._tables.values():
            table.stale = True
            table.unsure = table.unsure or full > SILENT_SHARE or self._was_full
        if full > SILENT_SHARE and not self._was_full:
            logger.warning(
                "the queue of notifications of PostgreSQL is %.0f%% full, so that triggers announce nothing: what "
                "changes is looked for once a minute; %s",
                100 * full,
                FULL_QUEUE,
            )
        self._was_full = full > SILENT_SHARE

    def _hear(self, listener: Connection[Any], seconds: float) -> None:
        """Takes what is announced: waits for the first, then for what comes with it."""
        heard = list(listener.notifies(timeout=seconds, stop_after=1))
        if heard:
            heard += listener.notifies(timeout=BURST_SECONDS, stop_after=MOST_NOTICES)
        for each in heard:
            if each.channel == self._own:
                self._heard_own = True
            elif (notice := read_notice(each.payload, self._schema)) is not None:
                self._take(notice)

    def _take(self, notice: Notice) -> None:
        table = self._tables.get(notice.table)
        if table is not None:
            table.take(notice)
            return
        for each in self._tables.values():  # a trigger on a partition names the partition
            each.stale = each.stale or each.partitioned

    def _busy(self) -> bool:
        return self._next_stale() is not None or self._next_unsure() is not None

    def _next_unsure(self) -> Watched | None:
        now = time.monotonic()
        tables = self._tables.values()
        return next(
            (each for each in tables if each.gone_pages or (each.unsure and now >= each.unsure_not_before)), None
        )

    def _next_stale(self) -> Watched | None:
        now = time.monotonic()
        return next((each for each in self._tables.values() if each.stale and now >= each.not_before), None)


def _rested(began: float) -> float:
    """When what began then, and ends now, may be done again."""
    now = time.monotonic()
    return now + max(1.0, REST_SHARE * (now - began))
