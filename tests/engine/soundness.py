"""What is true of a store's file at any moment."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

NEVER = {
    "a body that no row holds": "SELECT * FROM body WHERE key NOT IN (SELECT body FROM entry WHERE body IS NOT NULL)",
    "a row whose body is missing or another's": "SELECT * FROM entry e LEFT JOIN body b ON b.key = e.body "
    "WHERE e.body IS NOT NULL AND (b.key IS NULL OR b.id <> e.id OR b.stream <> e.stream)",
    "two rows with one body": "SELECT body FROM entry WHERE body IS NOT NULL GROUP BY body HAVING count(*) > 1",
    "two changes at one place": "SELECT seq FROM entry WHERE seq > 0 GROUP BY seq HAVING count(*) > 1",
    "a place that was never given": "SELECT seq FROM entry WHERE seq > (SELECT last_seq FROM counter)",
    "a tombstone with anything in it": "SELECT * FROM entry WHERE deleted_at IS NOT NULL AND (body IS NOT NULL "
    "OR hash IS NOT NULL OR version <> '' OR parent <> '' OR skipped IS NOT NULL)",
    "a row that is nothing": "SELECT * FROM entry WHERE deleted_at IS NULL AND (body IS NULL) <> (skipped IS NOT NULL)",
    "a row from the future": "SELECT * FROM entry e JOIN stream s ON s.key = e.stream "
    "WHERE e.generation > s.generation",
    "rows of a stream that is gone": "SELECT * FROM entry e JOIN stream s ON s.key = e.stream "
    "WHERE s.gone_at IS NOT NULL AND e.deleted_at IS NULL",
    "failures of a stream that is gone": "SELECT * FROM failure f JOIN stream s ON s.key = f.stream "
    "WHERE s.gone_at IS NOT NULL",
    "two runs at once": "SELECT connector FROM run WHERE status IN ('running', 'watching') "
    "GROUP BY connector HAVING count(*) > 1",
}


def check_soundness(path: Path) -> None:
    """The file holds nothing that contradicts itself."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        for what, query in NEVER.items():
            assert db.execute(query).fetchall() == [], what
