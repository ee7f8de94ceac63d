"""Full-text search: filled after the items, in small transactions, from the place in the feed where it stopped."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from .base import Hit
from .digest import clean_text
from .progress import counters

FIRST_CHUNK = 500
SMALLEST_CHUNK, LARGEST_CHUNK = 20, 20_000
TRANSACTION_SECONDS = 0.2
SNIPPET_WORDS = 16

_WORD = re.compile(r'"([^"]+)"|(\S+)')


def remove(db: sqlite3.Connection, keys: Collection[int]) -> None:
    """The words of these bodies leave the index; their text must still be the one that was indexed."""
    db.executemany(
        "INSERT INTO search_index (search_index, rowid, title, content) "
        "SELECT 'delete', key, title, content FROM body WHERE key = ?",
        [(key,) for key in keys],
    )


def index(
    transaction: Callable[[], AbstractContextManager[sqlite3.Connection]], should_stop: Callable[[], bool]
) -> int:
    """Indexes what changed since the last time; how many items it took. Stopped at any point, it goes on from there."""
    indexed, chunk = 0, FIRST_CHUNK
    while not should_stop():
        began = time.monotonic()
        with transaction() as db:
            taken, done = _index_chunk(db, chunk)
        indexed += taken
        if done:
            break
        seconds = time.monotonic() - began
        if seconds > TRANSACTION_SECONDS:
            chunk = max(SMALLEST_CHUNK, chunk // 2)
        elif seconds < TRANSACTION_SECONDS / 2:
            chunk = min(LARGEST_CHUNK, chunk * 3 // 2)
    return indexed


def _index_chunk(db: sqlite3.Connection, chunk: int) -> tuple[int, bool]:
    place = counters(db)
    if place.indexed_seq == place.last_seq:
        return 0, True
    (upto,) = db.execute(
        "SELECT max(seq) FROM (SELECT seq FROM entry WHERE seq > ? ORDER BY seq LIMIT ?)", (place.indexed_seq, chunk)
    ).fetchone()
    taken = 0
    if upto is not None:
        taken = db.execute(
            "INSERT INTO search_index (rowid, title, content) SELECT b.key, b.title, b.content "
            "FROM entry e JOIN body b ON b.key = e.body WHERE e.seq > ? AND e.seq <= ?",
            (place.indexed_seq, upto),
        ).rowcount
    done = upto is None or upto == place.last_seq
    db.execute("UPDATE counter SET indexed_seq = ?", (place.last_seq if done else upto,))
    return taken, done


def search(db: sqlite3.Connection, query: str, connector: str | None, kind: str | None, limit: int) -> Sequence[Hit]:
    """The best matches for all words of the query; "quoted words" stand together, word* matches beginnings."""
    words = match_expression(query)
    if not words:
        return []
    found = db.execute(
        "SELECT r.connector, r.id, r.kind, b.title, b.url, snippet(search_index, 1, '[', ']', '…', ?) "
        "FROM search_index JOIN body b ON b.key = search_index.rowid "
        "JOIN readable r ON r.stream_key = b.stream AND r.id = b.id "
        "WHERE search_index MATCH ? AND (? IS NULL OR r.connector = ?) AND (? IS NULL OR r.kind = ?) "
        "ORDER BY bm25(search_index, 4.0, 1.0) LIMIT ?",
        (SNIPPET_WORDS, words, connector, connector, kind, kind, limit),
    )
    return [Hit(*row) for row in found]


def match_expression(query: str) -> str:
    """The query for FTS5: every word quoted, so that no character of a person's words is taken for an operator."""
    terms = []
    for phrase, word in _WORD.findall(clean_text(query).replace("\0", " ")):
        text = (phrase or word).replace('"', "")
        star = "*" if word.endswith("*") else ""
        if text := text.rstrip("*") if word else text:
            terms.append(f'"{text}"{star}')
    return " ".join(terms)
