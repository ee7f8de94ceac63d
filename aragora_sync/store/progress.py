"""SQL of progress: streams, passes, failures, runs and the counters of the change feed."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.changes import Cursor
from ..core.clock import from_micros, to_micros
from ..core.errors import StoreError
from ..core.source import Stream
from .base import COUNTS, PART, Counts, Failure, OpenPass, PassKind, Refusal, RunRow, StreamRow, Totals
from .digest import clean_text


class Counters(NamedTuple):
    """The one row of `counter`."""

    last_seq: int
    indexed_seq: int
    purged_seq: int


def counters(db: sqlite3.Connection) -> Counters:
    """Where the change feed, the search index and the forgetting of tombstones are."""
    return Counters._make(db.execute("SELECT last_seq, indexed_seq, purged_seq FROM counter").fetchone())


def move_feed(db: sqlite3.Connection, first_seq: int, last_seq: int, *, new_epoch: bool) -> None:
    """The change feed ends at `last_seq` now; a program that writes for the first time signs where it began."""
    db.execute("UPDATE counter SET last_seq = ?", (last_seq,))
    if new_epoch:
        begin_epoch(db, first_seq)


def begin_epoch(db: sqlite3.Connection, first_seq: int) -> None:
    """From here on positions belong to a history of their own."""
    db.execute("INSERT INTO epoch VALUES (?, ?)", (secrets.token_hex(6), first_seq))


def connectors(db: sqlite3.Connection) -> list[str]:
    """All connectors that ever stored something."""
    return [name for (name,) in db.execute("SELECT connector FROM stream UNION SELECT connector FROM run ORDER BY 1")]


def streams(db: sqlite3.Connection, connector: str) -> Mapping[str, StreamRow]:
    """The streams of a connector by name, without those that are gone."""
    found = db.execute(f"{_STREAMS} ORDER BY name", (connector,))
    return {row[0]: _stream_row(*row) for row in found}


def stream(db: sqlite3.Connection, connector: str, name: str) -> StreamRow | None:
    """One of them; None where the store has not met it, or it is gone."""
    row = db.execute(f"{_STREAMS} AND name = ?", (connector, name)).fetchone()
    return None if row is None else _stream_row(*row)


_STREAMS = (
    "SELECT name, title, cursor, generation, fingerprint, reconciled_at, due, pass_kind, pass_cursor, "
    "pass_fingerprint, pass_began_at, refused, refused_of, lost FROM stream WHERE connector = ? AND gone_at IS NULL"
)


def _stream_row(
    name: str,
    title: str,
    cursor: str | None,
    generation: int,
    fingerprint: str | None,
    reconciled_at: int | None,
    due: str | None,
    pass_kind: str | None,
    pass_cursor: str | None,
    pass_fingerprint: str,
    pass_began_at: int,
    refused: int | None,
    refused_of: int,
    lost: str,
) -> StreamRow:
    return StreamRow(
        name,
        title,
        _from_json(cursor),
        generation,
        fingerprint,
        None if reconciled_at is None else from_micros(reconciled_at),
        None if due is None else PassKind(due),
        None
        if pass_kind is None
        else OpenPass(PassKind(pass_kind), pass_fingerprint, from_micros(pass_began_at), _from_json(pass_cursor)),
        None if refused is None else Refusal(refused, refused_of),
        lost,
    )


def stream_key(db: sqlite3.Connection, connector: str, stream: str) -> int | None:
    """The key of a stream's rows, None where the store has not met it."""
    row = db.execute("SELECT key FROM stream WHERE connector = ? AND name = ?", (connector, stream)).fetchone()
    return None if row is None else int(row[0])


def stream_generation(db: sqlite3.Connection, connector: str, stream: str) -> tuple[int, int]:
    """Key and newest generation of a stream that was begun; StoreError for any other."""
    row = db.execute(
        "SELECT key, generation FROM stream WHERE connector = ? AND name = ?", (connector, stream)
    ).fetchone()
    if row is None:
        raise StoreError(f"the store holds no stream {stream!r} of {connector}.", hint="aragora-sync status")
    return row[0], row[1]


def forget(db: sqlite3.Connection, connector: str, names: Sequence[str] | None) -> None:
    """Cursors and open passes are cleared, and the streams are due for a full pass."""
    chosen, values = (
        ("", ()) if names is None else (" AND name IN (SELECT value FROM json_each(?))", (json.dumps(names),))
    )
    db.execute(
        "UPDATE stream SET cursor = NULL, pass_kind = NULL, pass_cursor = NULL, due = 'full' "
        f"WHERE connector = ? AND gone_at IS NULL{chosen}",
        (connector, *values),
    )


def begin_pass(
    db: sqlite3.Connection, connector: str, stream: Stream, kind: PassKind, fingerprint: str, now: datetime
) -> None:
    """A new generation and an empty pass cursor; what was asked for is under way."""
    _meet(db, connector, stream)
    db.execute(
        "UPDATE stream SET generation = generation + 1, pass_kind = ?, pass_cursor = NULL, pass_fingerprint = ?, "
        "pass_began_at = ?, due = NULL WHERE connector = ? AND name = ?",
        (kind, fingerprint, to_micros(now), connector, stream.name),
    )


def _meet(db: sqlite3.Connection, connector: str, stream: Stream) -> None:
    db.execute(
        "INSERT INTO stream (connector, name, title, generation) VALUES (?, ?, ?, 0) "
        "ON CONFLICT (connector, name) DO UPDATE SET title = excluded.title, gone_at = NULL",
        (connector, stream.name, stream.title),
    )


def drop_cursor(db: sqlite3.Connection, connector: str, stream: str) -> None:
    """The incremental cursor is worth nothing any more."""
    db.execute("UPDATE stream SET cursor = NULL WHERE connector = ? AND name = ?", (connector, stream))


def store_cursor(db: sqlite3.Connection, stream: int, cursor: Cursor, in_pass: bool) -> None:
    """The cursor of the open pass, or of the incremental reading, is this."""
    column = "pass_cursor" if in_pass else "cursor"
    db.execute(f"UPDATE stream SET {column} = ? WHERE key = ?", (_to_json(cursor), stream))


def close_pass(db: sqlite3.Connection, stream: int, cursor: Cursor, refusal: Refusal | None) -> None:
    """The pass reached its end: its cursor is the cursor now, its options those of the stream."""
    db.execute(
        "UPDATE stream SET cursor = ?, fingerprint = pass_fingerprint, reconciled_at = pass_began_at, "
        "pass_kind = NULL, pass_cursor = NULL, lost = '', refused = ?, refused_of = ? WHERE key = ?",
        (_to_json(cursor), refusal and refusal.would_remove, refusal and refusal.of, stream),
    )


def close_stream(db: sqlite3.Connection, stream: int, now: datetime) -> None:
    """The stream is gone: nothing of its progress stays but the generation, which only grows."""
    db.execute("DELETE FROM failure WHERE stream = ?", (stream,))
    db.execute(
        "UPDATE stream SET cursor = NULL, pass_kind = NULL, pass_cursor = NULL, fingerprint = NULL, "
        "reconciled_at = NULL, due = NULL, refused = NULL, refused_of = NULL, lost = '', gone_at = ? WHERE key = ?",
        (to_micros(now), stream),
    )


def refuse(db: sqlite3.Connection, keys: Sequence[int], refusal: Refusal) -> None:
    """The refusal is remembered until a sweep goes through."""
    db.executemany(
        "UPDATE stream SET refused = ?, refused_of = ? WHERE key = ?",
        [(refusal.would_remove, refusal.of, key) for key in keys],
    )


def note_access(db: sqlite3.Connection, connector: str, stream: Stream, lost: str) -> None:
    """Why the source refuses this stream; empty when it can be read again."""
    _meet(db, connector, stream)
    db.execute(
        "UPDATE stream SET lost = ? WHERE connector = ? AND name = ?", (clean_text(lost), connector, stream.name)
    )


def failures(db: sqlite3.Connection, connector: str, stream: str | None, due_at: datetime | None) -> list[Failure]:
    """Open failures in order of stream and id."""
    query = (
        "SELECT s.name, f.id, f.ref, f.error, f.attempts, f.next_at FROM failure f JOIN stream s ON s.key = f.stream "
        "WHERE s.connector = ?"
    )
    values: list[Any] = [connector]
    if stream is not None:
        query += " AND s.name = ?"
        values.append(stream)
    if due_at is not None:
        query += " AND f.next_at <= ?"
        values.append(to_micros(due_at))
    found = db.execute(f"{query} ORDER BY s.name, f.id", values)
    return [
        Failure(name, item_id, ref, error, attempts, from_micros(next_at))
        for name, item_id, ref, error, attempts, next_at in found
    ]


def streams_holding(db: sqlite3.Connection, connector: str, item_id: str) -> list[str]:
    """The streams that hold an item or a failure of this id or ref."""
    found = db.execute(
        "SELECT name FROM stream WHERE connector = ? AND gone_at IS NULL AND key IN ("
        "SELECT stream FROM entry WHERE id = ? AND deleted_at IS NULL UNION "
        "SELECT stream FROM failure WHERE id = ? OR ref = ?) ORDER BY name",
        (connector, item_id, item_id, item_id),
    )
    return [name for (name,) in found]


def begin_run(db: sqlite3.Connection, connector: str, now: datetime, status: str) -> int:
    """A new run; those that never ended were interrupted."""
    db.execute(
        "UPDATE run SET status = 'interrupted', ended_at = ? WHERE connector = ? AND status IN ('running', 'watching')",
        (to_micros(now), connector),
    )
    row = db.execute(
        "INSERT INTO run (connector, started_at, status) VALUES (?, ?, ?) RETURNING id",
        (connector, to_micros(now), status),
    ).fetchone()
    return int(row[0])


def end_run(db: sqlite3.Connection, run: int, status: str, errors: Sequence[str], now: datetime) -> str:
    """The run's outcome is remembered; whose run it was."""
    (connector,) = db.execute(
        "UPDATE run SET status = ?, errors = ?, ended_at = ? WHERE id = ? RETURNING connector",
        (status, json.dumps([clean_text(error) for error in errors], ensure_ascii=False), to_micros(now), run),
    ).fetchone()
    return str(connector)


def count(db: sqlite3.Connection, run: int, counts: Counts) -> None:
    """The run's counts grow with what was committed."""
    moved = [(name, getattr(counts, name)) for name in COUNTS if getattr(counts, name)]
    if moved:
        changes = ", ".join(f"{name} = {name} + ?" for name, _ in moved)
        db.execute(f"UPDATE run SET {changes} WHERE id = ?", (*(number for _, number in moved), run))


def runs(db: sqlite3.Connection, connector: str, limit: int) -> list[RunRow]:
    """The latest runs, newest first."""
    return [_run_row(*row) for row in db.execute(f"{_RUNS} ORDER BY id DESC LIMIT ?", (connector, limit))]


def last_run(db: sqlite3.Connection, connector: str, status: str) -> RunRow | None:
    """The latest run of this outcome, or of any that read whatever changed."""
    which, values = ("= ?", [status]) if status else ("NOT LIKE ?", [f"{PART}%"])
    row = db.execute(f"{_RUNS} AND status {which} ORDER BY id DESC LIMIT 1", (connector, *values)).fetchone()
    return None if row is None else _run_row(*row)


_RUNS = f"SELECT id, connector, started_at, ended_at, status, errors, {', '.join(COUNTS)} FROM run WHERE connector = ?"


def _run_row(
    run: int, connector: str, started_at: int, ended_at: int | None, status: str, errors: str, *counts: int
) -> RunRow:
    ended = None if ended_at is None else from_micros(ended_at)
    return RunRow(run, connector, from_micros(started_at), ended, status, Counts(*counts), json.loads(errors))


def last_success(db: sqlite3.Connection, connector: str) -> datetime | None:
    """When the latest run that went well began."""
    row = db.execute(
        "SELECT started_at FROM run WHERE connector = ? AND status = 'ok' ORDER BY id DESC LIMIT 1", (connector,)
    ).fetchone()
    return None if row is None else from_micros(row[0])


def totals(db: sqlite3.Connection, connector: str) -> Totals:
    """How much is held of one connector; an id in two streams counts once."""
    keys = "(SELECT key FROM stream WHERE connector = ?)"
    row = db.execute(
        f"SELECT (SELECT count(DISTINCT id) FROM entry WHERE stream IN {keys} AND body IS NOT NULL), "
        f"(SELECT count(*) FROM entry WHERE stream IN {keys} AND skipped IS NOT NULL), "
        f"(SELECT count(*) FROM failure WHERE stream IN {keys})",
        (connector, connector, connector),
    ).fetchone()
    return Totals(*row)


def _to_json(cursor: Cursor) -> str | None:
    return None if cursor is None else json.dumps(cursor, separators=(",", ":"))


def _from_json(text: str | None) -> Cursor:
    cursor: Cursor = None if text is None else json.loads(text)
    return cursor
