"""Connections to a store's file: made alike, readers apart from the writer, SQLite's errors in the user's words."""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from ..core.errors import NoStore, StoreError
from ..core.files import PRIVATE_FILE, alone_in, make_private_folder
from . import schema

BUSY_SECONDS = 30
CACHE_KIB = 16_000
SHARED = "mode=rw"  # the last to close takes the log away, which `mode=ro` would leave behind
AS_IT_IS = "mode=ro&immutable=1"  # makes no file beside the store, and does not see the log
CANNOT_MAKE_FILES = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
SECURE_SEARCH_SINCE = (3, 42)  # before, deleted words stay in the index until its parts are merged


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors become letters to the person who must act."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "full" in text:
        return StoreError(
            f"the disk of {path} is full; nothing of the last batch was stored.",
            hint="free some space and run again: all progress before is kept",
        )
    if "locked" in text or "busy" in text:
        return StoreError(
            f"another program kept {path} locked for more than {BUSY_SECONDS} seconds.",
            hint="look who has it open (lsof, fuser), then run again",
        )
    if "readonly" in text or "unable to open" in text or "disk I/O" in text:
        return StoreError(
            f"cannot open or write {path}: {text}.",
            hint="check the permissions and the space of its folder, or choose another with --store",
        )
    if isinstance(error, sqlite3.DatabaseError) and ("not a database" in text or "malformed" in text):
        return StoreError(
            f"{path} is damaged: {text}.",
            hint="put a backup back with `aragora-sync restore`, or move the file away: the next run reads all again",
        )
    return StoreError(f"the store {path} failed: {text}.", hint="run again with -v, and report it if it stays")


def open_writer(path: Path) -> sqlite3.Connection:
    """A connection that writes; makes the file, private to its owner, where there is none."""
    make_private_folder(path.parent)
    with explained(path), alone_in(path.parent):
        if not path.exists():
            with contextlib.suppress(OSError):  # SQLite says what is in the way
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _refuse_strangers(db, path)
            db.execute(f"PRAGMA page_size = {schema.PAGE_SIZE}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")  # data and cursor go back together in a power cut
            db.execute("PRAGMA secure_delete = ON")
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            db.execute("PRAGMA wal_autocheckpoint = 4000")  # a hot page is copied back once in 32 MB, not in 8
            db.execute("PRAGMA journal_size_limit = 67108864")
            _prepare_schema(db, path)
        except BaseException:
            db.close()
            raise
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read; raises StoreError where there is no store. Leaves no files behind.

    A folder that cannot be written has no room for SQLite's companion files: there the file is read as it is.
    """
    with explained(path):
        try:
            return _open_reader(path, SHARED)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in CANNOT_MAKE_FILES or not os.access(path, os.R_OK):
                raise
            log = path.with_name(f"{path.name}-wal")
            if log.exists() and log.stat().st_size:
                raise StoreError(
                    f"{path} cannot be read here: its latest part is still in {log.name}, and its folder cannot be "
                    "written.",
                    hint=f"allow writing to {path.parent}, or copy both files elsewhere and name that with --store",
                ) from error
        return _open_reader(path, AS_IT_IS)


def _open_reader(path: Path, manner: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?{manner}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA query_only = ON")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB // 4}")
        check_version(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _prepare_schema(db: sqlite3.Connection, path: Path) -> None:
    if _version(db) == 0:
        db.execute("BEGIN IMMEDIATE")
        if _version(db) == 0:  # no other process was quicker
            for statement in _statements(schema.TABLES):
                db.execute(statement)
            if sqlite3.sqlite_version_info >= SECURE_SEARCH_SINCE:
                db.execute("INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1)")
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {schema.VERSION}")
        db.execute("COMMIT")
    check_version(db, path)


def _refuse_strangers(db: sqlite3.Connection, path: Path) -> None:
    """A file that holds tables of another program is left as it is."""
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        check_version(db, path)


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """The file is a store of ours that this version understands, or StoreError says what it is."""
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # first: another process may be making them
    (application,) = db.execute("PRAGMA application_id").fetchone()
    if application != schema.APPLICATION_ID:
        if not application and not tables:
            raise NoStore(f"{path} holds nothing yet.", hint="aragora-sync run")
        raise StoreError(f"{path} is not a store of aragora-sync.", hint="choose another folder with --store")
    if (version := _version(db)) > schema.VERSION:
        raise StoreError(
            f"{path} was written by a newer aragora-sync (schema {version}, this one knows {schema.VERSION}).",
            hint="pip install --upgrade aragora-sync",
        )


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: executescript would commit the open transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class Readers:
    """Reading connections, taken for one statement or one snapshot and given back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of this thread alone, until the block ends."""
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = open_reader(self._path)
        try:
            with explained(self._path):
                yield db
        finally:
            if db.in_transaction:
                db.rollback()
            self._idle.put(db)

    def close(self) -> None:
        """No connection stays open."""
        while not self._idle.empty():
            self._idle.get_nowait().close()
