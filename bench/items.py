"""A million items through engine and store, beside bare SQLite doing the same writes."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from aragora_sync.connector import Connector
from aragora_sync.core.changes import Change, Checkpoint, Cursor, Item, Seen
from aragora_sync.core.source import KnownItems, Stream
from aragora_sync.engine.runner import suit_interpreter
from aragora_sync.store.connect import open_writer
from aragora_sync.store.sqlite import SqliteStore

WORDS = ("ledger", "invoice", "meeting", "quarter", "design", "review", "customer", "deploy", "incident", "storage")
SPREAD = 300_000
CORPUS = " ".join(WORDS[(index * index * 31 + index // 7) % len(WORDS)] for index in range(SPREAD))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MICROS = 1_767_225_600_000_000
HASH = b"0" * 32
TRANSACTION = 1000


def texts(number: int) -> Iterator[tuple[str, str, str, str]]:
    """Id, title, content and address of so many items, about 530 bytes each."""
    for index in range(number):
        start = index * 7919 % SPREAD
        yield f"item-{index:08d}", f"Note {index}", CORPUS[start : start + 440], f"https://notes.example/{index}"


class Generated(Connector):
    """Makes items; says of all of them that they are there, or only that they were seen."""

    type = "generated"
    title = "Generated items"

    number = 0
    only_seen = False

    def streams(self, stored: Collection[str]) -> Iterator[Stream]:
        yield Stream("items", reports_deletes=True)

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        if self.only_seen:
            yield from (Seen(f"item-{index:08d}") for index in range(self.number))
        else:
            for item_id, title, content, url in texts(self.number):
                yield Item(item_id, "note", title, content, url=url, updated_at=BEGIN, version="1")
        yield Checkpoint(None, complete=True)


def through_engine(folder: Path, number: int, only_seen: bool) -> None:
    """One pass with everything that a run does."""
    suit_interpreter()
    connector = Generated(connector_id="generated", store=folder, state_dir=folder / "state")
    connector.number, connector.only_seen = number, only_seen
    result = connector.sync()
    assert result.success and result.counts.named == number, result


def bare(folder: Path, number: int) -> None:
    """The same rows into the same tables and indexes by executemany, and nothing else."""
    db = open_writer(folder / "bare.db")
    entries, bodies = [], []
    for key, (item_id, title, content, url) in enumerate(texts(number), 1):
        entries.append((1, item_id, "note", "", "1", MICROS, HASH, 1, key, MICROS, None, None, key))
        bodies.append((key, 1, item_id, title, content, url, "", None, "{}", None))
        if key % TRANSACTION == 0:
            write_bare(db, entries, bodies)
            entries, bodies = [], []
    db.close()


def write_bare(db: sqlite3.Connection, entries: list[tuple[object, ...]], bodies: list[tuple[object, ...]]) -> None:
    """One transaction."""
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO body VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", bodies)
    db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
    db.execute("COMMIT")


def index(folder: Path) -> None:
    """Makes what was stored searchable."""
    store = SqliteStore(folder / "default.db")
    store.index()
    store.close()


def bare_index(folder: Path) -> None:
    """One FTS5 fill of the same texts in one transaction."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA cache_size = -16000")
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO search_index (rowid, title, content) SELECT key, title, content FROM body")
    db.execute("COMMIT")
    db.close()


if __name__ == "__main__":
    what, place, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    steps = {
        "bare": lambda: bare(place, size),
        "first": lambda: through_engine(place, size, only_seen=False),
        "seen": lambda: through_engine(place, size, only_seen=True),
        "again": lambda: through_engine(place, size, only_seen=False),
        "index": lambda: index(place),
        "bare-index": lambda: bare_index(place),
    }
    steps[what]()
