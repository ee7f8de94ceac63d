"""The file of the SQLite store: who may read it, what happens when it is damaged, full, foreign or shared."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aragora_sync.core.changes import Deleted
from aragora_sync.core.errors import PositionLost, StoreError
from aragora_sync.store import schema
from aragora_sync.store.connect import SECURE_SEARCH_SINCE
from aragora_sync.store.sqlite import SqliteStore, store_path

from ..contract.desk import Desk, entries, ids_told, item, items, told

spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def path(folder):
    return store_path(folder, "workspace-1")


@pytest.fixture
def store(path, clock):
    store = SqliteStore(path, clock=clock)
    yield store
    store.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_and_folder_are_readable_by_their_owner_alone(store, path, tmp_path):
    Desk(store).say(item("a"))
    store.backup(tmp_path / "backup")

    assert mode(path.parent) == 0o700
    assert {mode(each) for each in path.parent.iterdir()} == {0o600}
    assert mode(tmp_path / "backup") == 0o600


def test_a_folder_that_was_there_keeps_its_mode(tmp_path, clock):
    tmp_path.chmod(0o755)
    SqliteStore(tmp_path / "t.db", clock=clock).close()

    assert mode(tmp_path) == 0o755


def test_a_closed_store_is_one_file(store, path):
    Desk(store).say(item("a"))
    store.close()

    assert [each.name for each in path.parent.iterdir()] == ["workspace-1.db"]


def test_it_is_sound_and_says_what_it_is(store, path):
    Desk(store).say(*items(100))
    store.index()
    store.close()

    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
        db.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")


def test_deleted_text_leaves_the_file(store, path):
    Desk(store).say(
        item("a", "confidential-words " * 50, title="confidential-title", metadata={"m": "confidential-meta"})
    )
    store.index()
    Desk(store).say(Deleted("a"))
    store.close()

    assert b"confidential-" not in path.read_bytes()


@pytest.mark.skipif(sqlite3.sqlite_version_info < SECURE_SEARCH_SINCE, reason="this SQLite merges deleted words later")
def test_deleted_words_leave_the_search_index_too(store, path):
    Desk(store).say(item("a", "confidential"))
    store.index()
    Desk(store).say(Deleted("a"))
    store.close()

    assert b"confidential" not in path.read_bytes()


def test_the_views_answer_the_documented_questions(store, path):
    Desk(store).say(item("a", kind="page"), item("b", kind="file"))
    store.close()

    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT connector, kind, id, content FROM items ORDER BY id").fetchall()
    assert rows == [("c", "page", "a", "text"), ("c", "file", "b", "text")]


# Files that are no store


@pytest.mark.parametrize("read_only", [False, True])
def test_garbage_is_called_damaged_and_left_alone(path, read_only):
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all\n" * 400)
    with pytest.raises(StoreError, match="damaged") as caught:
        SqliteStore(path, read_only=read_only)

    assert "restore" in caught.value.hint
    assert path.read_bytes() == b"this is no database at all\n" * 400


def test_a_store_damaged_in_the_middle_is_called_damaged(store, path):
    desk = Desk(store)
    desk.say(*[item(f"i{number}", "x" * 3000) for number in range(200)])
    store.close()
    with path.open("r+b") as file:
        for page in range(3, path.stat().st_size // schema.PAGE_SIZE):
            file.seek(page * schema.PAGE_SIZE)
            file.write(b"\xff" * 200)

    again = SqliteStore(path)
    with pytest.raises(StoreError, match="damaged"):
        list(again.snapshot())
    again.close()


@pytest.mark.parametrize("version", [0, 1, 7])
@pytest.mark.parametrize("application", [0, 12345])
def test_a_database_of_another_program_is_refused_and_left_alone(path, version, application):
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.execute(f"PRAGMA user_version = {version}")
        db.execute(f"PRAGMA application_id = {application}")
        db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a store"):
        SqliteStore(path)

    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(store, path):
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    for read_only in (False, True):
        with pytest.raises(StoreError, match="newer") as caught:
            SqliteStore(path, read_only=read_only)

        assert "upgrade" in caught.value.hint


def test_reading_where_there_is_no_store_makes_none(path):
    with pytest.raises(StoreError):
        SqliteStore(path, read_only=True)

    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_the_users_to_fix(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path / "file" / "t.db")

    assert "--store" in caught.value.hint


def test_a_folder_in_the_place_of_the_file_is_an_error(path):
    path.mkdir(parents=True)
    with pytest.raises(StoreError):
        SqliteStore(path)


def test_a_backup_is_restored_into_a_fresh_place(store, tmp_path, clock):
    Desk(store).say(item("a"))
    store.backup(tmp_path / "backup")
    fresh = SqliteStore(tmp_path / "elsewhere" / "t.db", clock=clock)
    fresh.restore(tmp_path / "backup")

    assert list(entries(fresh)) == ["a"]
    fresh.close()


def test_a_backup_of_a_newer_version_is_refused(store, tmp_path):
    Desk(store).say(item("a"))
    store.backup(tmp_path / "backup")
    with contextlib.closing(sqlite3.connect(tmp_path / "backup")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer"):
        store.restore(tmp_path / "backup")

    assert list(entries(store)) == ["a"]


def test_a_file_put_back_by_hand_loses_later_positions(store, path, tmp_path, clock):
    """Also where the first batch of each program failed after it had signed where it began."""
    Desk(store).say(item("a"))
    store.close()
    shutil.copy(path, tmp_path / "copy")
    positions = []
    for first in ("b", "x"):
        again = SqliteStore(path, clock=clock)
        desk = Desk(again)
        with pytest.raises(TypeError):
            desk.say(item("broken"), cursor=object())
        desk.say(item(first), item("c"))
        positions.append(told(again.snapshot())[1])
        again.close()
        shutil.copy(tmp_path / "copy", path) if first == "b" else None
    last = SqliteStore(path, clock=clock)

    with pytest.raises(PositionLost):
        last.feed(positions[0])
    assert told(last.feed(positions[1]))[0] == []
    last.close()


# Space


FILL = """
import resource, sys
from aragora_sync.store.sqlite import SqliteStore
from aragora_sync.core.errors import StoreError
from tests.contract.desk import Desk, item
from pathlib import Path
store = SqliteStore(Path(sys.argv[1]))
desk = Desk(store)
desk.passed(item("first"), cursor=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
try:
    for number in range(1, 100):
        desk.say(*[item(f"{number}-{each}", "x" * 1000) for each in range(100)], cursor=number)
        print(number, flush=True)
except StoreError as error:
    print(error.message, error.hint, sep="|")
"""


def test_a_full_disk_keeps_every_batch_that_was_stored(path):
    done = subprocess.run([sys.executable, "-c", FILL, path], capture_output=True, text=True, check=True)
    *batches, last = done.stdout.splitlines()

    assert "space" in last.partition("|")[2]
    again = SqliteStore(path)
    assert again.stream("c", "s").cursor == int(batches[-1])
    assert len(list(again.snapshot())) == 1 + 100 * len(batches)
    assert Desk(again).say(item("after")).counts.created == 1
    again.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# Others at the same time


def _write_many(path: Path, connector: str) -> None:
    store = SqliteStore(path)
    desk = Desk(store, connector)
    for number in range(60):
        desk.say(*[item(f"{number}-{each}") for each in range(20)], cursor=number)
    store.close()


@pytest.mark.sleeps
def test_two_processes_write_beside_each_other(path):
    workers = [spawn.Process(target=_write_many, args=(path, name)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0]
    store = SqliteStore(path)
    for name in ("one", "two"):
        assert store.totals(name).items == 1200
        assert store.stream(name, "s").cursor == 59
    places = [entry.seq for entry in store.snapshot()]
    assert places == list(range(1, 2401))
    store.close()


def test_threads_of_one_process_write_beside_each_other(store):
    def work(name: str) -> None:
        desk = Desk(store, name)
        for number in range(30):
            desk.say(*items(10, first=number * 10), cursor=number)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.totals(name).items for name in ("one", "two", "three")] == [300, 300, 300]


def test_readers_of_another_program_work_during_a_sync(store, path):
    desk = Desk(store)
    desk.say(item("a"))
    other = SqliteStore(path, read_only=True)
    with store._transaction() as db:
        db.execute("DELETE FROM entry")

        assert ids_told(list(other.snapshot())) == ["a"]
    other.close()


def test_the_log_does_not_grow_while_known_is_half_read(store, path):
    desk = Desk(store)
    desk.say(*[item(f"i{number:05}", "x" * 500) for number in range(3000)])
    reading = store.known("c", "s").items()
    next(reading)
    wal = Path(f"{path}-wal")
    for number in range(60):
        desk.say(*[item(f"i{each:05}", f"{number} " + "y" * 500) for each in range(1000)])

    assert wal.stat().st_size < 45_000_000  # 65 with a read transaction left open
    assert sum(1 for _ in reading) == 2999


def test_an_abandoned_snapshot_blocks_nobody(store):
    desk = Desk(store)
    desk.say(*items(50))
    reading = iter(store.snapshot())
    next(reading)
    del reading

    assert desk.say(item("b")).counts.created == 1


@pytest.mark.sleeps
def test_a_writer_that_was_killed_leaves_all_or_nothing(path):
    worker = spawn.Process(target=_write_many, args=(path, "one"))
    worker.start()
    while not _has_items(path):
        worker.join(0.01)
    os.kill(worker.pid, 9)
    worker.join()

    store = SqliteStore(path)
    assert store.totals("one").items == 20 * (store.stream("one", "s").cursor + 1)
    store.close()


def _has_items(path: Path) -> bool:
    if not path.exists():
        return False
    with contextlib.suppress(StoreError):
        store = SqliteStore(path, read_only=True)
        try:
            return store.totals("one").items > 0
        finally:
            store.close()
    return False
