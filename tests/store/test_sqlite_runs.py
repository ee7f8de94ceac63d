"""Old runs are forgotten, and nothing that anybody asks of runs is answered otherwise for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta

import pytest

from aragora_sync.core.clock import to_micros
from aragora_sync.engine.history import last_run
from aragora_sync.store.keeping import LEAST_RUNS, OLDEST_RUNS
from aragora_sync.store.sqlite import KEEP_RUNS, SqliteStore

MINUTE = timedelta(minutes=1)
ALL = 2_000_000


@pytest.fixture
def store(folder, clock):
    store = SqliteStore(folder / "t.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def end_run(store):
    def end_run(connector: str = "c", status: str = "ok") -> None:
        store.end_run(store.begin_run(connector), status, [])

    return end_run


def remember(store: SqliteStore, statuses: Sequence[str], ended_at, connector: str = "c") -> None:
    """So many runs, a minute from one to the next."""
    first = ended_at - len(statuses) * MINUTE
    began = [to_micros(first + number * MINUTE) for number in range(len(statuses))]
    with closing(sqlite3.connect(store.path)) as db, db:
        db.executemany(
            "INSERT INTO run (connector, started_at, ended_at, status) VALUES (?, ?, ?, ?)",
            [(connector, at, at, status) for at, status in zip(began, statuses, strict=True)],
        )


def held(store: SqliteStore, connector: str = "c") -> list[str]:
    return [run.status for run in store.runs(connector, ALL)]


def test_runs_of_the_last_month_are_all_kept(store, clock, end_run):
    remember(store, ["ok"] * (LEAST_RUNS + 500), clock())
    end_run()

    assert len(held(store)) == LEAST_RUNS + 501


def test_older_ones_are_forgotten_but_for_the_latest_thousand(store, clock, end_run):
    remember(store, ["ok"] * (LEAST_RUNS + OLDEST_RUNS * 2 + 7), clock() - KEEP_RUNS - MINUTE)
    first_kept = store.runs("c", LEAST_RUNS - 3)[-1].id
    for _ in range(3):
        end_run()

    assert len(held(store)) == LEAST_RUNS
    assert store.runs("c", ALL)[-1].id == first_kept


def test_a_connector_that_runs_seldom_keeps_its_old_runs(store, clock, end_run):
    remember(store, ["ok"] * LEAST_RUNS, clock() - 10 * KEEP_RUNS, "seldom")
    remember(store, ["ok"] * (LEAST_RUNS + 50), clock() - 10 * KEEP_RUNS)
    end_run()

    assert len(held(store, "seldom")) == LEAST_RUNS
    assert len(held(store)) == LEAST_RUNS


def test_the_last_success_is_remembered_however_much_failed_since(store, clock, end_run):
    remember(store, ["ok", "partial", "ok", "partial", "part: ok"], clock() - 3 * KEEP_RUNS)
    remember(store, ["failed"] * (LEAST_RUNS + 700), clock() - 2 * KEEP_RUNS)
    before = store.last_success("c")
    for _ in range(9):
        end_run(status="failed")

    assert before is not None
    assert store.last_success("c") == before
    assert held(store) == ["failed"] * LEAST_RUNS + ["part: ok", "partial", "ok"]


def test_a_success_that_is_not_the_last_goes_in_the_end(store, clock, end_run):
    remember(store, (["ok"] + ["failed"] * OLDEST_RUNS * 2) * 2 + ["failed"] * LEAST_RUNS, clock() - 2 * KEEP_RUNS)
    for _ in range(9):
        end_run(status="failed")

    assert held(store) == ["failed"] * LEAST_RUNS + ["ok"]


def test_when_it_last_ran_whole_is_remembered_in_a_flood_of_hints(store, clock, end_run):
    remember(store, ["ok"], clock() - 2 * KEEP_RUNS)
    remember(store, ["part: ok"] * 3 * LEAST_RUNS, clock() - KEEP_RUNS - MINUTE)
    whole = last_run(store, "c", "t")
    for _ in range(9):
        end_run(status="part: ok")

    assert whole is not None
    assert last_run(store, "c", "t") == whole


def test_a_store_with_very_many_old_runs_is_cleared_a_little_at_each_run(store, clock, end_run):
    remember(store, ["ok"] * 20_000, clock() - KEEP_RUNS - MINUTE)
    for number in range(1, 4):
        end_run()

        assert 0 < 20_000 + number - len(held(store)) <= number * OLDEST_RUNS


def test_what_ends_a_run_looks_at_few_of_its_rows(store, clock):
    """Counted in steps of SQLite, which do not depend on what else this machine does."""
    steps = []
    for count in (LEAST_RUNS, 100_000):
        remember(store, ["ok"] * (count - len(held(store))), clock())
        run, ticks = store.begin_run("c"), []
        store._db.set_progress_handler(lambda ticks=ticks: ticks.append(1) and 0, 10)
        store.end_run(run, "ok", [])
        store._db.set_progress_handler(None, 0)
        steps.append(len(ticks))

    assert steps[1] <= steps[0] * 1.2 + 10
