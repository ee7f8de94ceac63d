"""A store, or a queue, that several make or look at in the same moment."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from aragora_sync.core.errors import StoreError
from aragora_sync.serve.queue import HintQueue
from aragora_sync.store.connect import check_version
from aragora_sync.store.sqlite import SqliteStore


@pytest.mark.parametrize("kind", [SqliteStore, HintQueue])
def test_many_may_make_the_same_at_once(tmp_path, kind):
    troubles: list[BaseException] = []

    def make(path: Path, start: threading.Barrier) -> None:
        start.wait()
        try:
            kind(path).close()
        except StoreError as error:
            troubles.append(error)

    for number in range(100):
        start = threading.Barrier(4)
        makers = [threading.Thread(target=make, args=(tmp_path / f"{number}.db", start)) for _ in range(4)]
        for each in makers:
            each.start()
        for each in makers:
            each.join()

    assert troubles == []


def test_a_store_that_is_made_while_somebody_looks_is_no_strange_file(tmp_path):
    path = tmp_path / "store.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        asked: list[str] = []

        def make(statement: str) -> None:
            asked.append(statement)
            if len(asked) == 2:
                SqliteStore(path).close()

        db.set_trace_callback(make)
        check_version(db, path)
