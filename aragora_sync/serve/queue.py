"""The hints that wait to be handled, in a file of their own: what a vendor was told we have survives a power cut."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import StoreError
from ..core.files import PRIVATE_FILE, alone_in, make_private_folder
from ..core.hints import Hint
from ..core.webhook import merged

MOST_HINTS = 1000  # of one connector that wait; more are one incremental run
LONGEST_NAME = 4096  # bytes of a stream and a ref
MOST_REMEMBERED = 20_000  # deliveries of one connector that are known again
FORGET_EVERY = 256
BUSY_SECONDS = 2.0  # a vendor waits for the answer
VERSION = 2
NO_FILE = (-1, -1, -1, -1)
SMALLEST_BYTES = 512
MOST_CHECKED_BYTES = 20_000_000  # of a larger one, only how it begins: a vendor waits
TABLES = (  # of each version those that it brought
    (
        """CREATE TABLE hints (
        number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, connector TEXT NOT NULL,
        stream TEXT NOT NULL, ref TEXT NOT NULL, UNIQUE (tenant, connector, stream, ref))""",
        """CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, connector TEXT NOT NULL,
        name BLOB NOT NULL UNIQUE)""",
        "CREATE INDEX deliveries_by_connector ON deliveries (tenant, connector, number)",
    ),
    (
        """CREATE TABLE counted (
        tenant TEXT NOT NULL, connector TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (tenant, connector))""",
    ),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What waited for one connector when it was taken; what comes later is not in it."""

    tenant: str
    connector: str
    hints: tuple[Hint, ...]
    number: int


def queue_path(store_folder: Path) -> Path:
    """Where the queue lies: beside the stores, and no store itself."""
    return store_folder / "hints" / "queue.db"


class HintQueue:
    """Keeps hints until they were handled. Safe among threads and processes.

    The same hint waits once; one that comes while it is handled waits again. `most_hints` bounds what waits for one
    connector, and so the file.
    """

    def __init__(self, path: Path, *, most_hints: int = MOST_HINTS, most_remembered: int = MOST_REMEMBERED) -> None:
        self._path = path
        self._most_hints = most_hints
        self._most_remembered = most_remembered
        self._using = threading.Lock()
        with self._explained():
            self._db, self._file = _open(path), _state(path)

    def close(self) -> None:
        """Nothing that waits is lost by that."""
        with self._using:
            self._db.close()

    def add(
        self,
        tenant: str,
        connector: str,
        hints: Sequence[Hint],
        delivery: bytes,
        numbers: tuple[int, int] | None = None,
    ) -> bool:
        """Whether the delivery is a new one: its hints are on the disk then. What came before adds nothing.

        `numbers` are the first and the last of its events: where some are missing before, an incremental run looks.
        """
        with self._writing() as db:
            if not self._is_new(db, tenant, connector, delivery):
                return False
            if numbers is not None and _follows_gap(db, tenant, connector, *numbers):
                hints = (Hint(), *hints)
            rows = [_storable(hint.stream, ref) for hint in hints for ref in (hint.refs or ("",))]
            db.executemany(
                "INSERT OR REPLACE INTO hints (tenant, connector, stream, ref) VALUES (?, ?, ?, ?)",
                [(tenant, connector, *row) for row in rows[: self._most_hints + 1]],
            )
            self._collapse(db, tenant, connector)
        return True

    def waiting(self) -> list[tuple[str, str]]:
        """The tenants and connectors for which hints wait, those that wait longest first."""
        with self._reading() as db:
            found = db.execute("SELECT tenant, connector FROM hints GROUP BY 1, 2 ORDER BY min(number)")
            return [(tenant, connector) for tenant, connector in found]

    def take(self, tenant: str, connector: str) -> Batch:
        """All that waits for a connector; it goes on waiting until it is `done`."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT stream, ref, number FROM hints WHERE tenant = ? AND connector = ? ORDER BY number",
                (tenant, connector),
            ).fetchall()
        hints = merged(Hint(stream, (ref,) if ref else ()) for stream, ref, _ in rows)
        return Batch(tenant, connector, hints, rows[-1][2] if rows else 0)

    def done(self, batch: Batch) -> None:
        """What was in the batch was handled."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM hints WHERE tenant = ? AND connector = ? AND number <= ?",
                (batch.tenant, batch.connector, batch.number),
            )

    def _is_new(self, db: sqlite3.Connection, tenant: str, connector: str, delivery: bytes) -> bool:
        told = (tenant, connector, _name(tenant, connector, delivery))
        added = db.execute("INSERT OR IGNORE INTO deliveries (tenant, connector, name) VALUES (?, ?, ?)", told)
        if not added.rowcount:
            return False
        if (added.lastrowid or 0) % FORGET_EVERY == 0:
            db.execute(
                """DELETE FROM deliveries WHERE tenant = :tenant AND connector = :connector AND number <= (
                    SELECT number FROM deliveries WHERE tenant = :tenant AND connector = :connector
                    ORDER BY number DESC LIMIT 1 OFFSET :most)""",
                {"tenant": tenant, "connector": connector, "most": self._most_remembered},
            )
        return True

    def _collapse(self, db: sqlite3.Connection, tenant: str, connector: str) -> None:
        """Too many hints become one that asks for an incremental run, which finds the same and more cheaply."""
        of_one = (tenant, connector)
        (count,) = db.execute("SELECT count(*) FROM hints WHERE tenant = ? AND connector = ?", of_one).fetchone()
        if count > self._most_hints:
            db.execute("DELETE FROM hints WHERE tenant = ? AND connector = ?", of_one)
            db.execute("INSERT INTO hints (tenant, connector, stream, ref) VALUES (?, ?, '', '')", of_one)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._using, self._explained():
            if _state(self._path)[:2] != self._file[:2]:  # somebody removed it, as may be done with a damaged one
                self._db.close()
                self._file = NO_FILE
                self._db, self._file = _open(self._path), _state(self._path)
            self._check()
            yield self._db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
                if _state(self._path)[:2] != self._file[:2]:
                    raise sqlite3.OperationalError("it was removed meanwhile")
                self._check()
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _check(self) -> None:
        """The file is sound, as of when it was written to last; sqlite3.Error where it is not.

        A connection that is open believes what it remembers, and would go on in a file that no other could read.
        """
        state = _state(self._path)
        if state == self._file:
            return
        size = state[2]
        if size < SMALLEST_BYTES:  # whoever opened it now would throw away what was not copied into it yet
            raise sqlite3.DatabaseError("it was emptied")
        look = "PRAGMA quick_check(1)" if size <= MOST_CHECKED_BYTES else "SELECT 'ok' FROM sqlite_master"
        with contextlib.closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as other:
            (told,) = other.execute(look).fetchone()
        if told != "ok":
            raise sqlite3.DatabaseError(f"it was damaged: {told}")
        self._file = state

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"the queue of webhooks {self._path} failed: {error}.",
                hint="look at the permissions and the space of its folder; a damaged one may be deleted: "
                "the next runs find what it held",
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    make_private_folder(path.parent)
    with contextlib.suppress(OSError):  # SQLite says what is in the way
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    with alone_in(path.parent):
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # the vendor never sends again what it was told we have
            db.execute("BEGIN IMMEDIATE")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            for table in (table for tables in TABLES[version:] for table in tables):
                db.execute(table)
            db.execute(f"PRAGMA user_version = {max(VERSION, version)}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
    return db


def _storable(stream: object, ref: object) -> tuple[str, str]:
    """As the file can hold it; what it cannot, or what no source calls a thing, is found by an incremental run."""
    if isinstance(stream, str) and isinstance(ref, str) and _is_name(stream + ref):
        return stream, ref
    return "", ""


def _is_name(text: str) -> bool:
    try:
        return len(text.encode()) <= LONGEST_NAME and "\0" not in text
    except UnicodeEncodeError:
        return False


def _state(path: Path) -> tuple[int, int, int, int]:
    """Which file lies there, and as of when."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0, 0
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _follows_gap(db: sqlite3.Connection, tenant: str, connector: str, first: int, last: int) -> bool:
    """Whether numbers are missing between what came before and this; the newest one is remembered.

    A vendor whose webhook was made anew counts from 1 again.
    """
    of_one = (tenant, connector)
    found = db.execute("SELECT last FROM counted WHERE tenant = ? AND connector = ?", of_one).fetchone()
    newest = last if found is None or first == 1 else max(found[0], last)
    db.execute("INSERT OR REPLACE INTO counted (tenant, connector, last) VALUES (?, ?, ?)", (*of_one, newest))
    return found is not None and first > found[0] + 1


def _name(tenant: str, connector: str, delivery: bytes) -> bytes:
    """Of bounded length, whatever the vendor signs."""
    return hashlib.sha256(b"\0".join((tenant.encode(), connector.encode(), delivery))).digest()
