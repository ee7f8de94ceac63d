"""Schedules in the words of other programs: exactly, or not at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from .schedule import SyncSchedule
from .walltime import MINUTE, SECOND, first_change, offset_at, wall_of

YEARS_AHEAD = timedelta(days=3653)
HOUR_MINUTES, DAY_MINUTES = 60, 1440
FIRST_DAY = datetime(2026, 1, 15, tzinfo=UTC)  # any day without a change of clocks would do
PLAIN = frozenset("0123456789*,-/")
SUNDAY_AS_SEVEN = 7
STEP_FROM_NUMBER = re.compile(r"(^|,)\d+/")


class Inexpressible(Exception):
    """Why another program would run something else than the schedule says."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Crontab lines, meant in a zone. Their times exist once on every day."""

    zone: str
    lines: tuple[str, ...]


def calendar_of(schedule: SyncSchedule, now: datetime) -> Calendar:
    """The same moments as crontab lines, or Inexpressible. Delays are not in it."""
    if schedule.cron_line:
        return _of_cron(schedule, now)
    assert schedule.interval is not None
    if schedule.window is None:
        return Calendar("UTC", (_every(schedule.interval),))
    times = _times_of_day(schedule)
    _require_steady(schedule, times, now)
    return Calendar(str(schedule.zone), _lines(times))


def _every(interval: timedelta) -> str:
    minutes, rest = divmod(interval, MINUTE)
    if not rest and HOUR_MINUTES % minutes == 0:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    if not rest and minutes % HOUR_MINUTES == 0 and DAY_MINUTES % minutes == 0:
        hours = minutes // HOUR_MINUTES
        return "0 0 * * *" if minutes == DAY_MINUTES else f"0 */{hours} * * *"
    raise Inexpressible("its interval divides neither the hour nor the day into equal parts")


def _of_cron(schedule: SyncSchedule, now: datetime) -> Calendar:
    fields = schedule.cron_line.split()
    if set("".join(fields[:4])) - PLAIN or set(fields[4]) & {"L", "#"}:
        raise Inexpressible("its cron line uses signs that not every program knows")
    if schedule.window is not None:
        if fields[2:] != ["*", "*", "*"]:
            raise Inexpressible("its cron line names days beside start_time and end_time")
        times = _times_of_day(schedule)
        _require_steady(schedule, times, now)
        return Calendar(str(schedule.zone), _lines(times))
    fields[:4] = [_stepped(field, place) for field, place in zip(fields, (1, 2, 3, 4), strict=False)]
    changes = list(_changes(schedule.zone, now))
    if changes and (fields[0].startswith("*") or fields[1].startswith("*")):
        if fields[1:] != ["*"] * 4 or any(offset // MINUTE % HOUR_MINUTES for pair in changes for offset in pair[1:]):
            raise Inexpressible("its cron line follows the time that passes, in a zone that changes its clocks")
        return Calendar("UTC", (" ".join(fields),))
    _require_steady(schedule, _cron_times(fields), now)
    return Calendar(str(schedule.zone), (" ".join([*fields[:4], _days_of_week(fields[4])]),))


def _stepped(field: str, place: int) -> str:
    """Without steps that begin at a number: cron takes 5/15 for 5."""
    return _joined(sorted(cron_set(field, place))) if STEP_FROM_NUMBER.search(field) else field


def _days_of_week(field: str) -> str:
    """In numbers from 0, which every program understands."""
    if field.startswith("*"):
        return field
    return ",".join(str(day) for day in sorted({day % SUNDAY_AS_SEVEN for day in cron_set(field, 5)}))


def cron_set(field: str, place: int) -> set[int]:
    """The numbers that a field stands for; `place` is its number among the five, which begin with the minute, 1."""
    from cronsim.cronsim import Field

    return {item for item in Field(place).parse(field) if isinstance(item, int)}


def _cron_times(fields: list[str]) -> list[tuple[int, int]]:
    return [(hour, minute) for hour in sorted(cron_set(fields[1], 2)) for minute in sorted(cron_set(fields[0], 1))]


def _times_of_day(schedule: SyncSchedule) -> list[tuple[int, int]]:
    """On a day of 24 hours."""
    found = []
    for slot in schedule.slots(FIRST_DAY - SECOND):
        if slot >= FIRST_DAY + timedelta(days=1):
            break
        wall = wall_of(slot, schedule.zone)
        if wall.second or wall.microsecond:
            raise Inexpressible("its interval is not of whole minutes")
        found.append((wall.hour, wall.minute))
    return sorted(found)


def _require_steady(schedule: SyncSchedule, times: list[tuple[int, int]], now: datetime) -> None:
    """No change of clocks skips or doubles one of these times, or falls into the window."""
    for change, before, after in _changes(schedule.zone, now):
        first, last = sorted(((change + before).replace(tzinfo=None), (change + after).replace(tzinfo=None)))
        day = first.replace(hour=0, minute=0)
        touched = any(
            first <= day + timedelta(days=days, hours=hour, minutes=minute) < last
            for hour, minute in times
            for days in (0, 1)
        )
        window = schedule.window
        inside = window is not None and not schedule.cron_line
        if touched or (inside and (schedule.is_open(change) or schedule.is_open(change - SECOND))):
            raise Inexpressible(f"on {first:%Y-%m-%d} the clocks of {schedule.zone} change in the middle of it")


def _changes(zone: tzinfo, now: datetime) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    here, end = now, now + YEARS_AHEAD
    while (change := first_change(here, end, zone)) is not None:
        yield change, offset_at(change - SECOND, zone), offset_at(change, zone)
        here = change


def _lines(times: list[tuple[int, int]]) -> tuple[str, ...]:
    """As few lines as can be: one for all hours that share their minutes."""
    minutes_of: dict[int, list[int]] = {}
    for hour, minute in times:
        minutes_of.setdefault(hour, []).append(minute)
    hours_of: dict[tuple[int, ...], list[int]] = {}
    for hour, minutes in minutes_of.items():
        hours_of.setdefault(tuple(minutes), []).append(hour)
    return tuple(f"{_joined(minutes)} {_joined(hours)} * * *" for minutes, hours in hours_of.items())


def _joined(numbers: tuple[int, ...] | list[int]) -> str:
    return ",".join(map(str, numbers))


def on_calendar(calendar: Calendar) -> list[str]:
    """The same for systemd's OnCalendar=."""
    return [text for line in calendar.lines for text in _on_calendar(line, calendar.zone)]


def _on_calendar(line: str, zone: str) -> Iterator[str]:
    minute, hour, day, month, of_week = line.split()
    clock = f"{_listed(hour, 2)}:{_listed(minute, 1)}:00 {zone}"
    names = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
    on_days = f"*-{_listed(month, 4)}-{_listed(day, 3)}"
    week = "" if of_week == "*" else ",".join(names[number] for number in sorted({n % 7 for n in cron_set(of_week, 5)}))
    if not week:
        yield f"{on_days} {clock}"
    elif day.startswith("*") or of_week.startswith("*"):
        yield f"{week} {on_days} {clock}"
    else:  # as a crontab means it: either of the two
        yield f"{on_days} {clock}"
        yield f"{week} *-{_listed(month, 4)}-* {clock}"


def _listed(field: str, place: int) -> str:
    return "*" if field == "*" else ",".join(f"{number:02}" for number in sorted(cron_set(field, place)))
