"""A day of many connectors in the real program, with everything that can go wrong: in the end stores equal sources."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ..engine.soundness import check_soundness
from ..kill.desk import soak_size
from ..servers.mongo import Mongo, mongo
from ..servers.postgres import Postgres, postgres
from ..world import MANNERS
from .day import Day
from .process import Usage, process_on_small_disk
from .sources import Town

__all__ = ["mongo", "postgres"]

HOUR = 60
FEW = {"world": len(MANNERS), "filesystem": 1, "slack": 1}
SOME = {"world": 4, "filesystem": 1, "github": 1, "slack": 1, "notion": 1, "s3": 1, "postgresql": 1, "mongodb": 1}
ALL = {
    "world": 18, "filesystem": 4, "github": 4, "slack": 4, "notion": 3, "confluence": 3, "s3": 3, "postgresql": 4,
    "mongodb": 3, "plaid": 2, "xero": 1, "qbo": 1,
}  # fmt: skip
POOLS = 12  # threads that are made when they are needed: for runs, for hints
WARM_UP = soak_size(2, 4)  # hours, in which much is done for the first time
MOST_GROWTH, MOST_OBJECTS = soak_size(16, 8) << 20, soak_size(60_000, 20_000)  # bytes, and objects, from then on
LATE_GROWTH, LATE_OBJECTS = soak_size(MOST_GROWTH, 4 << 20), soak_size(MOST_OBJECTS, 6_000)  # in its second half


@contextmanager
def lived(
    folder: Path,
    seed: int,
    numbers: Mapping[str, int],
    postgres: Postgres | None = None,
    mongo: Mongo | None = None,
) -> Iterator[Day]:
    chance = random.Random(seed)
    town = Town(folder, chance, postgres, mongo)
    with (
        process_on_small_disk(folder) as process,
        town.built(numbers) as sources,
        Day(folder, process, sources, chance) as day,
    ):
        day.begin()
        try:
            yield day
        finally:
            report(day)


def assert_all_is_well(day: Day) -> None:
    """Stores equal sources and hold nothing that contradicts itself; nothing runs any more."""
    assert day.process.end() == 0
    assert {source.name: found for source in day.sources if (found := source.differences(day.process.stores))} == {}
    for path in day.process.stores.glob("*.db"):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT * FROM run WHERE status = 'running'").fetchall() == []
        check_soundness(path)


def test_hours_of_faults_leave_no_difference(tmp_path: Path) -> None:
    with lived(tmp_path, 1, FEW) as day:
        day.pass_by(HOUR, deaths=1 / 40)
        day.calm()
        day.settle(5)
        assert_all_is_well(day)


def assert_nothing_grows(told: list[tuple[int, Usage]], early: int, late: int, memory: int, objects: int) -> None:
    """What one process takes, in two hours of its life: the least of each, as what is under way takes more."""
    first, last = (
        Usage(*(min(values) for values in zip(*(usage for hour, usage in told if hour == wanted), strict=True)))
        for wanted in (early, late)
    )
    assert last.files <= first.files + 4, told
    assert last.threads <= first.threads + POOLS, told
    assert last.objects <= first.objects + objects, told
    assert last.memory <= first.memory + memory, told


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(soak_size(1, 2)))
def test_day_of_fifty_connectors_leaves_no_difference_and_nothing_grows(
    tmp_path: Path, seed: int, postgres: Postgres, mongo: Mongo
) -> None:
    """Kills come in the first two hours and again at noon, so that a process lives long enough to be measured."""
    numbers, half = (SOME, ALL)[soak_size(0, 1)], soak_size(3, 12) * HOUR
    with lived(tmp_path, seed, numbers, postgres, mongo) as day:
        for _half in range(2):
            day.pass_by(2 * HOUR - HOUR // 2, deaths=1 / 6)
            day.pass_by(half - 2 * HOUR + HOUR // 2)
        day.calm()
        day.settle(soak_size(6, 26))
        assert_all_is_well(day)
        for end in (half // HOUR, 2 * half // HOUR):
            young, old = end - half // HOUR + WARM_UP, end - half // HOUR // 2
            assert_nothing_grows(day.told.usage, young, end, MOST_GROWTH, MOST_OBJECTS)
            assert_nothing_grows(day.told.usage, old, end, LATE_GROWTH, LATE_OBJECTS)


def report(day: Day) -> None:
    """What happened, where somebody asked for it."""
    if path := os.environ.get("SIMULATE_REPORT"):
        with open(path, "a") as file:
            file.write(f"{day.told}, {day.due.seen} moments foreseen\n")
