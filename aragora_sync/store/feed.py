"""The store as a reader sees it: all items at one moment, or what changed since a position."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import fields

from ..core.errors import PositionLost
from .base import Entry, Gone
from .connect import Readers

START = "start"  # the position of a reader that holds nothing

_COLUMNS = ", ".join(field.name for field in fields(Entry))
_CHANGED_AT = "strftime('%Y-%m-%dT%H:%M:%S', e.changed_at / 1e6, 'unixepoch') || 'Z'"


class Snapshot:
    """All items at the moment of the first step, one per id, in order of change."""

    def __init__(self, readers: Readers, connector: str | None) -> None:
        self._readers = readers
        self._connector = connector
        self.position = START  # the right one once the iteration began

    def __iter__(self) -> Iterator[Entry]:
        where, values = ("", ()) if self._connector is None else (" WHERE connector = ?", (self._connector,))
        with self._readers.reading() as db:
            db.execute("BEGIN")
            self.position = _position(db)
            for row in db.execute(f"SELECT {_COLUMNS} FROM items{where} ORDER BY seq", values):
                yield Entry(*row)


class Changes:
    """What changed since a position, each id once, as it is at the moment of the first step."""

    def __init__(self, readers: Readers, position: str, connector: str | None) -> None:
        self._readers = readers
        self._connector = connector
        with readers.reading() as db:
            self._since = _seq_of(db, position)
        self._from = position
        self.position = position  # the next one once the iteration began

    def __iter__(self) -> Iterator[Entry | Gone]:
        where, values = ("", ()) if self._connector is None else (" AND s.connector = ?", (self._connector,))
        with self._readers.reading() as db:
            db.execute("BEGIN")
            since = _seq_of(db, self._from)
            self.position = _position(db)
            moved = db.execute(
                f"SELECT s.connector, e.id, e.seq, {_CHANGED_AT} FROM entry e JOIN stream s ON s.key = e.stream "
                "WHERE e.seq > ? AND NOT EXISTS ("  # of an id in two streams only its latest change counts
                "SELECT 1 FROM entry o JOIN stream t ON t.key = o.stream "
                "WHERE o.id = e.id AND o.stream <> e.stream AND t.connector = s.connector AND o.seq > e.seq)"
                f"{where} ORDER BY e.seq",
                (since, *values),
            )
            for connector, item_id, seq, changed_at in moved:
                row = db.execute(
                    f"SELECT {_COLUMNS} FROM items WHERE id = ? AND connector = ?", (item_id, connector)
                ).fetchone()
                yield Gone(connector, item_id, seq, changed_at) if row is None else Entry(*row)


def _position(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT token FROM epoch ORDER BY first_seq DESC LIMIT 1").fetchone()
    (last_seq,) = db.execute("SELECT last_seq FROM counter").fetchone()
    return START if row is None else f"{row[0]}:{last_seq}"


def _seq_of(db: sqlite3.Connection, position: str) -> int:
    """The place in the feed, if this store's history is the one in which the position was given."""
    if position == START:
        return 0
    token, _, number = position.partition(":")
    row = db.execute("SELECT first_seq FROM epoch WHERE token = ?", (token,)).fetchone()
    if row is None or not number.isdecimal():
        raise _lost(position, "this store never gave it; it was made anew or restored since")
    seq = int(number)
    (first_seq,) = row
    (end,) = db.execute(
        "SELECT ifnull((SELECT min(first_seq) - 1 FROM epoch WHERE first_seq > ?), (SELECT last_seq FROM counter))",
        (first_seq,),
    ).fetchone()
    if not first_seq - 1 <= seq <= end:
        raise _lost(position, "it belongs to a history that a restore took back")
    (purged_seq,) = db.execute("SELECT purged_seq FROM counter").fetchone()
    if seq < purged_seq:
        raise _lost(position, "it is so old that deletions since then were forgotten")
    return seq


def _lost(position: str, why: str) -> PositionLost:
    return PositionLost(
        f"the change feed cannot go on from {position!r}: {why}.",
        hint="take a snapshot with `aragora-sync export`, which prints the position to go on from",
    )
