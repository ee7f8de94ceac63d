"""What leaves a store: sweeps and their guard, streams that are gone, old tombstones and runs; backup, restore."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..core.errors import StoreError
from . import schema
from .base import Refusal, Swept
from .connect import check_version, explained
from .plan import Place, Plan, Planner, Row
from .progress import begin_epoch, counters

GUARDED_FROM = 20  # a stream with fewer items may lose them all
CHUNK = 5000
LEAST_RUNS = 1000  # of each connector are kept, whatever their age
OLDEST_RUNS = 200  # looked at when a run ends: more than ever stay for good, few enough to cost nothing

Apply = Callable[[sqlite3.Connection, Place, Plan], None]


def sweep(db: sqlite3.Connection, place: Place, guard: bool, apply: Apply) -> Swept:
    """Buries what carries an older generation than the stream, unless the guard refuses."""
    of, would_remove = db.execute(
        "SELECT count(*), ifnull(sum(generation < ?), 0) FROM entry WHERE stream = ? AND deleted_at IS NULL",
        (place.generation, place.stream),
    ).fetchone()
    refusal = refusal_of(would_remove, of) if guard else None
    if refusal is not None:
        return Swept(0, refusal)
    db.execute("DELETE FROM failure WHERE stream = ? AND generation < ?", (place.stream, place.generation))
    if would_remove:
        _bury(db, place, apply, "AND generation < ?", (place.generation,))
    return Swept(would_remove)


def remove_all(db: sqlite3.Connection, place: Place, apply: Apply) -> int:
    """Buries everything the stream holds; how many that were."""
    return _bury(db, place, apply, "", ())


def refuse_drop(db: sqlite3.Connection, connector: str, places: Sequence[Place]) -> Refusal | None:
    """Whether these streams are more than half of what the connector holds."""
    held = "SELECT count(*) FROM entry WHERE stream = ? AND deleted_at IS NULL"
    would_remove = sum(db.execute(held, (place.stream,)).fetchone()[0] for place in places)
    (of,) = db.execute(
        "SELECT count(*) FROM entry WHERE deleted_at IS NULL AND stream IN "
        "(SELECT key FROM stream WHERE connector = ? AND gone_at IS NULL)",
        (connector,),
    ).fetchone()
    return refusal_of(would_remove, of)


def refusal_of(would_remove: int, of: int) -> Refusal | None:
    """Removing more than half of 20 or more is refused."""
    return Refusal(would_remove, of) if of >= GUARDED_FROM and would_remove * 2 > of else None


def _bury(db: sqlite3.Connection, place: Place, apply: Apply, where: str, values: tuple[int, ...]) -> int:
    buried, after = 0, ""
    while rows := db.execute(
        f"SELECT * FROM entry WHERE stream = ? AND deleted_at IS NULL AND id > ? {where} ORDER BY id LIMIT {CHUNK}",
        (place.stream, after, *values),
    ).fetchall():
        planner = Planner(place, {}, {})
        for row in rows:
            planner.bury(Row._make(row))
        apply(db, place, planner.plan)
        buried += len(rows)
        after = rows[-1][1]
    return buried


def purge_tombstones(db: sqlite3.Connection, before: int) -> int:
    """Forgets tombstones that are older; the feed remembers up to which place it lost them."""
    # The plus keeps SQLite from looking for the highest one among all entries, newest first.
    (highest,) = db.execute("SELECT max(+seq) FROM entry WHERE deleted_at < ?", (before,)).fetchone()
    if highest is None:
        return 0
    db.execute("UPDATE counter SET purged_seq = max(purged_seq, ?)", (highest,))
    return db.execute("DELETE FROM entry WHERE deleted_at < ?", (before,)).rowcount


def purge_runs(db: sqlite3.Connection, connector: str, before: int) -> None:
    """Forgets runs that began earlier, a few each time. The latest stay, and the last one of each outcome."""
    oldest = db.execute(
        "SELECT id, started_at, status FROM run WHERE connector = ? ORDER BY id LIMIT ?", (connector, OLDEST_RUNS)
    ).fetchall()
    if not any(started_at < before for _, started_at, _ in oldest):
        return
    last_to_go = db.execute(
        "SELECT id FROM run WHERE connector = ? ORDER BY id DESC LIMIT 1 OFFSET ?", (connector, LEAST_RUNS)
    ).fetchone()
    if last_to_go is None:
        return
    outcomes: set[str] = set()
    for run, started_at, status in reversed(oldest):
        if run <= last_to_go[0] and started_at < before and status in outcomes:
            db.execute("DELETE FROM run WHERE id = ?", (run,))
        outcomes.add(status)


def backup(db: sqlite3.Connection, target: Path) -> None:
    """The file appears whole or not at all, readable by its owner alone."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror}.", hint="choose another place") from error
    os.close(descriptor)
    try:
        with contextlib.closing(sqlite3.connect(temporary)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")  # a copy that breaks off is thrown away
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
        os.replace(temporary, target)
    except sqlite3.Error as error:
        os.unlink(temporary)
        hint = "free some space, or choose another place; the store is as it was"
        raise StoreError(f"cannot write {target}: {error}.", hint=hint) from error
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def restore(source: Path, db: sqlite3.Connection) -> None:
    """Takes over a backup after it proved whole; a damaged one changes nothing."""
    if not source.is_file():
        raise StoreError(f"there is no backup {source}.", hint="aragora-sync backup --help")
    with (
        explained(source),
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy,
    ):
        check_version(copy, source)
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise StoreError(f"the backup {source} is damaged: {verdict}.", hint="use another one")
        copy.backup(db)
    db.execute("PRAGMA journal_mode = WAL")
    if db.execute("PRAGMA user_version").fetchone() != (schema.VERSION,):
        raise StoreError(f"{source} could not be taken over whole.", hint="restore it again")
    begin_epoch(db, counters(db).last_seq + 1)  # also for programs that go on writing: what they gave before is lost
