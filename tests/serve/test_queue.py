"""The queue keeps what was promised, and no more than it may."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aragora_sync.core.errors import ConfigError, StoreError
from aragora_sync.core.hints import Hint
from aragora_sync.serve.queue import TABLES, Batch, HintQueue, queue_path

ONE = ("t1", "c1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return queue_path(tmp_path / "store")


@pytest.fixture
def queue(path: Path) -> HintQueue:
    made = HintQueue(path)
    yield made
    made.close()


def test_what_was_added_waits_until_it_is_done(queue):
    queue.add(*ONE, [Hint("s", ("1", "2")), Hint("s")], b"d1")
    batch = queue.take(*ONE)

    assert batch.hints == (Hint("s", ("1", "2")), Hint("s"))
    assert queue.waiting() == [ONE]
    queue.done(batch)
    assert queue.waiting() == []


def test_another_process_finds_it(path, queue):
    queue.add(*ONE, [Hint("s", ("1",))], b"d1")
    other = HintQueue(path)

    assert other.take(*ONE).hints == (Hint("s", ("1",)),)
    assert not other.add(*ONE, [Hint("s", ("1",))], b"d1")
    other.close()


def test_the_same_hint_waits_once(queue):
    for number in range(3):
        queue.add(*ONE, [Hint("s", ("1",))], b"%d" % number)

    assert queue.take(*ONE).hints == (Hint("s", ("1",)),)


def test_what_comes_while_it_is_handled_waits_again(queue):
    queue.add(*ONE, [Hint("s", ("1", "2"))], b"d1")
    batch = queue.take(*ONE)
    queue.add(*ONE, [Hint("s", ("1",))], b"d2")
    queue.done(batch)

    assert queue.take(*ONE).hints == (Hint("s", ("1",)),)


def test_a_delivery_that_came_before_adds_nothing(queue):
    assert queue.add(*ONE, [Hint("s", ("1",))], b"d1")
    queue.done(queue.take(*ONE))

    assert not queue.add(*ONE, [Hint("s", ("1",))], b"d1")
    assert queue.waiting() == []
    assert queue.add("t2", "c1", [Hint("s", ("1",))], b"d1")


def test_connectors_wait_apart_the_longest_first(queue):
    queue.add("t2", "c1", [Hint()], b"d")
    queue.add("t1", "c2", [Hint()], b"d")
    queue.add("t1", "c1", [Hint()], b"d")
    queue.done(queue.take("t1", "c2"))

    assert queue.waiting() == [("t2", "c1"), ("t1", "c1")]


def test_too_many_become_one_that_asks_for_a_run(path):
    queue = HintQueue(path, most_hints=10)
    queue.add(*ONE, [Hint("s", tuple(map(str, range(10))))], b"d1")
    before = queue.take(*ONE)
    queue.add(*ONE, [Hint("s", ("10",))], b"d2")

    assert queue.take(*ONE).hints == (Hint(),)
    queue.done(before)
    assert queue.take(*ONE).hints == (Hint(),)
    queue.close()


def test_one_delivery_of_endless_hints_is_one_run(path):
    queue = HintQueue(path, most_hints=10)
    queue.add(*ONE, [Hint("s", tuple(map(str, range(100_000))))], b"d1")

    assert queue.take(*ONE).hints == (Hint(),)
    queue.close()


def test_only_the_latest_deliveries_are_remembered_of_each_connector(path, monkeypatch):
    monkeypatch.setattr("aragora_sync.serve.queue.FORGET_EVERY", 8)
    queue = HintQueue(path, most_remembered=5)
    queue.add("t2", "quiet", [Hint()], b"first")
    for number in range(40):
        queue.add(*ONE, [Hint()], b"%d" % number)

    with sqlite3.connect(path) as db:
        (count,) = db.execute("SELECT count(*) FROM deliveries WHERE tenant = 't1'").fetchone()
    assert count < 5 + 8
    assert not queue.add(*ONE, [Hint()], b"39")
    assert not queue.add("t2", "quiet", [Hint()], b"first")
    queue.close()


def test_nobody_else_can_read_it(queue, path):
    queue.add(*ONE, [Hint("s", ("1",))], b"d1")

    files = list(path.parent.iterdir())
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_secret_part_of_a_delivery_is_not_kept(queue, path):
    queue.add(*ONE, [Hint("s")], b"a token that somebody signed")
    queue.close()

    assert not any(b"a token" in each.read_bytes() for each in path.parent.iterdir())


def test_threads_add_without_losing_anything(queue):
    def add(worker: int) -> None:
        for number in range(8):
            queue.add(*ONE, [Hint("s", (f"{worker}-{number}",))], b"%d-%d" % (worker, number))

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(queue.take(*ONE).hints[0].refs) == 32


def test_a_damaged_file_is_told_with_what_to_do(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, whatever its name says" * 100)

    with pytest.raises(StoreError, match="the queue of webhooks") as told:
        HintQueue(path)
    assert "may be deleted" in told.value.hint


def test_a_locked_file_keeps_nobody_waiting_for_long(queue, path, monkeypatch):
    monkeypatch.setattr("aragora_sync.serve.queue.BUSY_SECONDS", 0.01)
    impatient = HintQueue(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            impatient.add(*ONE, [Hint("s")], b"d1")
        other.execute("ROLLBACK")

    assert impatient.add(*ONE, [Hint("s")], b"d1")
    impatient.close()


STEPS = st.lists(
    st.one_of(st.tuples(st.just("add"), st.integers(0, 5)), st.just(("take", 0)), st.just(("done", 0))), max_size=15
)


@settings(max_examples=40)
@given(STEPS)
def test_whatever_comes_in_between_nothing_leaves_before_it_was_taken_and_done(tmp_path_factory, steps):
    queue = HintQueue(tmp_path_factory.mktemp("queue") / "queue.db", most_hints=3)
    owed: set[str] = set()  # told, and in no batch that was done
    taken: tuple[Batch, set[str]] | None = None
    for number, (step, ref) in enumerate(steps):
        if step == "add":
            queue.add(*ONE, [Hint("s", (str(ref),))], b"%d" % number)
            owed.add(str(ref))
            if taken is not None:
                taken[1].discard(str(ref))
        elif step == "take":
            taken = queue.take(*ONE), set(owed)
        elif taken is not None:
            queue.done(taken[0])
            owed -= taken[1]
            taken = None
        waiting = queue.take(*ONE).hints
        assert Hint() in waiting or owed <= {each for hint in waiting for each in hint.refs}
    queue.close()


def test_a_file_of_the_first_version_is_taken_over(path):
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for table in TABLES[0]:
            db.execute(table)
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO hints (tenant, connector, stream, ref) VALUES ('t1', 'c1', 's', '1')")
    for _ in range(2):
        queue = HintQueue(path)
        assert queue.take(*ONE).hints == (Hint("s", ("1",)),)
        queue.close()


def test_a_delivery_that_could_not_be_kept_counts_for_no_gap(path):
    """Xero sends it again: then nothing is missing."""
    queue = HintQueue(path)
    queue.add(*ONE, [Hint("s", ("1",))], b"1", (1, 1))
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        queue._db.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(StoreError):
            queue.add(*ONE, [Hint("s", ("2",))], b"2", (2, 2))
        other.execute("ROLLBACK")
    queue.add(*ONE, [Hint("s", ("2",))], b"2", (2, 2))
    queue.add(*ONE, [Hint("s", ("3",))], b"3", (3, 3))

    assert queue.take(*ONE).hints == (Hint("s", ("1", "2", "3")),)
    queue.close()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("removed", ["queue.db", "queue.db*"])
def test_what_is_taken_is_in_the_file_even_where_somebody_removed_it_meanwhile(path, queue, removed, replaced):
    queue.add(*ONE, [Hint("s", ("1",))], b"1")
    for each in path.parent.glob(removed):
        each.unlink()
    if replaced:
        HintQueue(path).close()
    assert queue.add(*ONE, [Hint("s", ("2",))], b"2")
    other = HintQueue(path)

    assert other.take(*ONE).hints == queue.take(*ONE).hints == (Hint("s", ("2",)),)
    other.close()


def test_a_full_disk_and_a_damaged_file_are_told_and_nothing_is_taken(path, queue):
    queue._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="full"):
        for number in range(2000):
            queue.add(*ONE, [Hint("s", (f"{number}" * 100,))], b"%d" % number)
    queue._db.execute("PRAGMA max_page_count = 100000")
    kept = queue.take(*ONE)
    assert queue.add(*ONE, [Hint("s", ("last",))], b"%d" % len(kept.hints[0].refs if kept.hints else ()))
    queue.close()
    path.write_bytes(b"x" * 8192)
    with pytest.raises(StoreError):
        HintQueue(path)


def test_what_is_removed_while_something_is_added_is_not_taken(path, queue, monkeypatch):
    def remove(*_: object) -> None:
        path.unlink()

    monkeypatch.setattr(queue, "_collapse", remove)
    with pytest.raises(StoreError, match="removed"):
        queue.add(*ONE, [Hint("s", ("1",))], b"1")
    monkeypatch.undo()

    assert queue.add(*ONE, [Hint("s", ("1",))], b"1")


def test_a_folder_that_cannot_be_written_is_told_until_it_can(path, queue):
    queue.add(*ONE, [Hint("s", ("1",))], b"1")
    moved = path.parent.rename(path.parent.with_name("moved"))
    path.parent.write_text("in the way")
    for _ in range(2):
        with pytest.raises((StoreError, ConfigError)):
            queue.add(*ONE, [Hint("s", ("2",))], b"2")
    path.parent.unlink()
    moved.rename(path.parent)

    assert queue.add(*ONE, [Hint("s", ("2",))], b"2")
    assert queue.take(*ONE).hints == (Hint("s", ("1", "2")),)


@pytest.mark.parametrize(
    "content", [b"x" * 100_000, b"", b"x" * 100, None], ids=["garbage", "nothing", "short", "half"]
)
def test_nothing_is_taken_into_a_file_that_was_overwritten_in_place(path, queue, content):
    for number in range(40):
        assert queue.add(*ONE, [Hint("s", (f"{number}" * 100,))], b"%d" % number)
    queue._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert queue.add(*ONE, [Hint("s", ("before",))], b"before")
    whole = path.read_bytes()
    with path.open("r+b") as file:
        if content is None:
            file.seek(len(whole) // 2)
        file.write(b"x" * len(whole) if content is None else content)
        if content is not None:
            file.truncate()
    for number in range(3):
        with pytest.raises(StoreError, match="the queue of webhooks") as told:
            queue.add(*ONE, [Hint("s", (f"lost {number}",))], b"lost %d" % number)
        assert "may be deleted" in told.value.hint
    for each in path.parent.glob("queue.db*"):
        each.unlink()

    assert queue.add(*ONE, [Hint("s", ("lost 0",))], b"lost 0")
    assert queue.take(*ONE).hints == (Hint("s", ("lost 0",)),)


def test_a_file_is_looked_through_only_after_it_was_written_to(path, queue, monkeypatch):
    queue.add(*ONE, [Hint("s", ("1",))], b"1")
    queue._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert queue.waiting()
    monkeypatch.setattr("aragora_sync.serve.queue.sqlite3.connect", None)

    assert queue.add(*ONE, [Hint("s", ("2",))], b"2")


@pytest.mark.parametrize("ref", [None, 7, 2**70, 1.5, ["a"], "x" * 5_000, "a\0"], ids=ascii)
def test_what_no_source_calls_a_thing_becomes_a_run(queue, ref):
    assert queue.add(*ONE, [Hint("s", ("1", ref))], b"1")
    assert queue.take(*ONE).hints == (Hint("s", ("1",)), Hint())


def test_what_no_file_can_hold_becomes_a_run(queue):
    assert queue.add(*ONE, [Hint("s", ("1", "\ud800"))], b"1")

    assert queue.take(*ONE).hints == (Hint("s", ("1",)), Hint())
