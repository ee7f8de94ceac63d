"""A year of a machine that sleeps now and then, or is started anew: what was missed is made up by one run."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from aragora_sync.engine.agenda import Agenda, LastRun
from aragora_sync.engine.schedule import SyncSchedule

from ..kill.desk import soak_size
from . import reckoning
from .reckoning import Table, minutes_of, moment
from .test_year import END, MARGIN, START, ZONES, Span, spans

KEY = ("acme", "docs")
SCHEDULES: list[dict[str, Any]] = [
    {"cron": "30 2 * * *"},
    {"cron": "*/20 * * * *"},
    {"cron": "15 */3 * * *", "jitter": 1200},
    {"cron": "0 0 * * *", "jitter": 7200},
    {"interval_minutes": 45, "start_time": "22:00", "end_time": "04:00"},
    {"interval_hours": 1, "start_time": "08:00", "end_time": "20:00", "jitter": 900},
    {"cron": "*/10 * * * *", "start_time": "22:30", "end_time": "02:30"},
    {"interval_hours": 2},
    {"interval_minutes": 90},
]
Nap = tuple[int, int]  # the first minute of it, and the one in which the machine is awake again


def naps_of(span: Span, chance: random.Random) -> list[Nap]:
    """Minutes, hours and days in which nothing can run."""
    found, at = [], minutes_of(span[0])
    while (at := at + chance.choice([7, 60, 300, 1500, 4000])) < minutes_of(span[1]):
        found.append((at, at := at + chance.choice([1, 20, 61, 150, 700, 3000])))
    return found


def lived(schedule: SyncSchedule, span: Span, naps: list[Nap], *, anew: bool) -> list[datetime]:
    """The runs of an agenda that is asked when something is due, or at the end of the nap."""
    first = span[0] - timedelta(seconds=1)
    agenda, runs, starts = Agenda(), [], [start for start, _ in naps]
    agenda.plan({KEY: schedule}, {KEY: LastRun(first)}.get, first)
    while (due := agenda.next_due()) is not None and due < span[1]:
        at = due
        place = bisect_right(starts, minutes_of(due)) - 1
        if place >= 0 and minutes_of(due) < naps[place][1]:
            at = moment(naps[place][1])
            if anew:
                agenda = Agenda()
                agenda.plan({KEY: schedule}, {KEY: LastRun(runs[-1] if runs else first)}.get, at)
            agenda.replan(at)
        for _ in agenda.take(at, 9):
            runs.append(at)
            agenda.ended(KEY, at)
    return [run for run in runs if run < span[1]]


def expected(zone: str, options: dict[str, Any], span: Span, naps: list[Nap], *, anew: bool) -> list[datetime]:
    start, end = minutes_of(span[0]), minutes_of(span[1])
    awake_at = {minute: last for first, last in naps for minute in range(first, last)}
    clock = Table(zone, span[0] - MARGIN, span[1] + MARGIN)
    if "cron" not in options and "start_time" not in options:
        return list(_elapsed(options, span, awake_at, anew=anew))
    open_in = set(range(clock.first, clock.first + len(clock.shown)))
    if "start_time" in options:
        openings = reckoning.windows(clock, options["start_time"], options["end_time"])
        open_in = {minute for first, last in openings for minute in range(first, last)}
    runs: list[float] = []
    for slot in _delayed(options, _slots(clock, options), open_in):
        if not start <= slot < end or (runs and slot <= runs[-1]):
            continue  # made up by a run that came later than it
        at = awake_at.get(int(slot), slot)
        if int(at) in open_in:
            runs.append(at)
    return [moment(0) + timedelta(minutes=run) for run in runs if run < end]


def _slots(clock: Table, options: dict[str, Any]) -> list[int]:
    if "cron" not in options:
        minutes = options.get("interval_minutes") or options["interval_hours"] * 60
        return reckoning.in_windows(clock, options["start_time"], options["end_time"], minutes)
    found = sorted(set(reckoning.cron(clock, options["cron"])))
    if "start_time" not in options:
        return found
    return reckoning.only_in_windows(clock, options["start_time"], options["end_time"], found)


def _delayed(options: dict[str, Any], slots: list[int], open_in: set[int]) -> list[float]:
    """Each later by the connector's own delay, where something may still start then."""
    delay = SyncSchedule(**options).delay_of(*KEY).total_seconds() / 60
    assert bool(delay) == bool(options.get("jitter"))
    return sorted({slot + delay if int(slot + delay) in open_in else float(slot) for slot in slots})


def _elapsed(options: dict[str, Any], span: Span, awake_at: dict[int, int], *, anew: bool) -> Iterator[datetime]:
    """By the time that passes, whatever clocks show. Whoever slept less than an interval keeps the rhythm."""
    minutes = options.get("interval_minutes") or options["interval_hours"] * 60
    due = span[0] - timedelta(seconds=1) + timedelta(minutes=minutes)
    while due < span[1]:
        late = awake_at.get(minutes_of(due))
        at = due if late is None else moment(late)
        if at < span[1]:
            yield at
        keeps = at == due or (not anew and at < due + timedelta(minutes=minutes))
        due = (due if keeps else at) + timedelta(minutes=minutes)


def compare(zone: str, span: Span, seed: int) -> None:
    for options in SCHEDULES:
        for anew in (False, True):
            naps = naps_of(span, random.Random(seed))
            found = lived(SyncSchedule(timezone=zone, **options), span, naps, anew=anew)

            assert found == expected(zone, options, span, naps, anew=anew), (zone, options, anew)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Australia/Lord_Howe", "Europe/Berlin"])
def test_missed_runs_around_every_change_of_the_clock(zone: str) -> None:
    for span in spans(zone):
        compare(zone, span, 1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("zone", ZONES[:: soak_size(6, 1)])
def test_missed_runs_of_a_whole_year(zone: str) -> None:
    for seed in range(soak_size(1, 2)):
        compare(zone, (START, END), seed)
