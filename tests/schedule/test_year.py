"""A year of schedules over every change of the clock, against a reckoning of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from aragora_sync.engine.schedule import SyncSchedule, next_run

from . import reckoning
from .reckoning import Table, changes_of, moment

ZONES = [
    "Africa/Cairo",  # at midnight
    "Africa/Casablanca",  # for Ramadan, backwards
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",  # half an hour beside the others
    "Antarctica/Troll",  # two hours at once
    "Asia/Beirut",
    "Australia/Lord_Howe",  # half an hour at once
    "Europe/Berlin",
    "Europe/Dublin",  # winter is the time that is saved
    "Pacific/Auckland",
    "UTC",
]
CRON = [
    "0 2 * * *", "30 2 * * *", "30 1 * * 0", "15,45 0-3 * * *", "0 0 * * *", "30 0 1,15 * 5", "*/15 * * * *",
    "15 */3 * * *", "*/20 2 * * *", "30 * * * *", "0 */2 * 3,10 *", "59 23 28-31 * *",
]  # fmt: skip
WINDOWS = [
    ("08:00", "20:00", 60), ("22:00", "04:00", 45), ("02:10", "02:50", 10), ("00:00", "01:00", 25),
    ("23:30", "00:30", 7), ("01:30", "01:45", 15), ("02:00", "23:59", 1440), ("12:00", "00:00", 90),
]  # fmt: skip
START, END = datetime(2026, 1, 3, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC)
MARGIN = timedelta(days=3)
AROUND = timedelta(days=2)


Span = tuple[datetime, datetime]
YEAR: Span = (START, END)


def spans(zone: str) -> list[Span]:
    """The days around each change of the clock, and one stretch without any."""
    changes = [change for change in changes_of(zone, START, END) if START + AROUND < change < END - AROUND]
    return [(change - AROUND, change + AROUND) for change in changes] or [(START, START + 2 * AROUND)]


@cache
def table(zone: str, span: Span) -> Table:
    return Table(zone, span[0] - MARGIN, span[1] + MARGIN)


def ours(schedule: SyncSchedule, start: datetime, end: datetime) -> list[datetime]:
    """Every run from `start` to `end` of a program that is never late."""
    runs = [next_run(schedule, start - timedelta(minutes=1), start - timedelta(minutes=1))]
    while runs[-1] < end:
        runs.append(next_run(schedule, runs[-1], runs[-1]))
    return [run for run in runs if start <= run < end]


def compare(zone: str, span: Span, expected: list[int], **options: Any) -> None:
    start, end = span
    due = [at for minute in sorted(set(expected)) if start <= (at := moment(minute)) < end]

    assert ours(SyncSchedule(timezone=zone, **options), start, end) == due


def compare_all(zone: str, span: Span) -> None:
    clock = table(zone, span)
    for line in CRON:
        compare(zone, span, reckoning.cron(clock, line), cron=line)
    for start, end, minutes in WINDOWS:
        expected = reckoning.in_windows(clock, start, end, minutes)
        compare(zone, span, expected, start_time=start, end_time=end, interval_minutes=minutes)


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_the_clock(zone: str) -> None:
    for span in spans(zone):
        compare_all(zone, span)


@pytest.mark.parametrize("zone", ZONES)
def test_cron_lines_within_windows(zone: str) -> None:
    for span in spans(zone):
        for line, start, end in [("*/10 * * * *", "22:30", "02:30"), ("15,45 0-23 * * *", "01:00", "03:00")]:
            clock = table(zone, span)
            expected = reckoning.only_in_windows(clock, start, end, reckoning.cron(clock, line))
            compare(zone, span, expected, cron=line, start_time=start, end_time=end)


@pytest.mark.parametrize("zone", ZONES)
def test_whole_year_day_by_day(zone: str) -> None:
    clock = table(zone, YEAR)
    compare(zone, YEAR, reckoning.cron(clock, "30 2 * * *"), cron="30 2 * * *")
    expected = reckoning.in_windows(clock, "02:30", "20:00", 720)
    compare(zone, YEAR, expected, start_time="02:30", end_time="20:00", interval_hours=12)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zone", ZONES)
def test_whole_year_minute_by_minute(zone: str) -> None:
    compare_all(zone, YEAR)
