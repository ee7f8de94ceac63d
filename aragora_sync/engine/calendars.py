"""Schedules in the words of other programs: exactly, or not at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from .schedule import NO_DELAY, SyncSchedule
from .walltime import MINUTE, SECOND, first_change, offset_at, wall_of

YEARS_AHEAD = timedelta(days=3653)
HOUR_MINUTES, DAY_MINUTES = 60, 1440
FIRST_DAY = datetime(2026, 1, 15, tzinfo=UTC)  # any day without a change of clocks would do
PLAIN = frozenset("0123456789*,-/")
SUNDAY_AS_SEVEN = 7
STAR = re.compile(r"\*(/\d+)?")
TERM = re.compile(r"\d+|(\d+)-(?!\1/)\d+(/\d+)?")  # that all programs take for the same numbers
DAY_OF_MONTH, WEEKDAY = 3, 5
FULL = {1: 60, 2: 24, 3: 31, 4: 12, 5: 8}  # so many numbers has a field, by its place


class Inexpressible(Exception):
    """Why another program would run something else than the schedule says."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Crontab lines, meant in a zone. Their times exist once on every day."""

    zone: str
    lines: tuple[str, ...]


def calendar_of(schedule: SyncSchedule, now: datetime, delay: timedelta = NO_DELAY) -> Calendar:
    """The same moments as crontab lines, or Inexpressible. The delay is not in them, but could follow each."""
    if schedule.cron_line:
        return _of_cron(schedule, now, delay)
    assert schedule.interval is not None
    if schedule.window is None:
        return Calendar("UTC", (_every(schedule.interval),))
    times = _times_of_day(schedule)
    _require_steady(schedule, times, now)
    return Calendar(str(schedule.zone), _lines(times))


def _every(interval: timedelta) -> str:
    minutes, rest = divmod(interval, MINUTE)
    if interval == timedelta(hours=1):
        return "0 * * * *"
    if not rest and HOUR_MINUTES % minutes == 0:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    if not rest and minutes % HOUR_MINUTES == 0 and DAY_MINUTES % minutes == 0:
        hours = minutes // HOUR_MINUTES
        return "0 0 * * *" if minutes == DAY_MINUTES else f"0 */{hours} * * *"
    raise Inexpressible("its interval divides neither the hour nor the day into equal parts")


def _of_cron(schedule: SyncSchedule, now: datetime, delay: timedelta) -> Calendar:
    fields = schedule.cron_line.split()
    if set("".join(fields[:4])) - PLAIN or set(fields[4]) & {"L", "#"}:
        raise Inexpressible("its cron line uses signs that not every program knows")
    if schedule.window is not None:
        if fields[2:] != ["*", "*", "*"]:
            raise Inexpressible("its cron line names days beside start_time and end_time")
        times = _times_of_day(schedule)
        _require_steady(schedule, times, now)
        return Calendar(str(schedule.zone), _lines(times))
    fields = [_told(field, place) for place, field in enumerate(fields, 1)]
    changes = list(_changes(schedule.zone, now))
    if changes and (fields[0].startswith("*") or fields[1].startswith("*")):
        if fields[1:] != ["*"] * 4 or any(offset // MINUTE % HOUR_MINUTES for pair in changes for offset in pair[1:]):
            raise Inexpressible("its cron line follows the time that passes, in a zone that changes its clocks")
        return Calendar("UTC", (" ".join(fields),))
    _require_steady(schedule, _cron_times(fields), now, delay)
    return Calendar(str(schedule.zone), (" ".join(fields),))


def _told(field: str, place: int) -> str:
    """As every program understands it: cron takes 5/15 for 5, and Kubernetes no 7 for Sunday."""
    if STAR.fullmatch(field) or (place != WEEKDAY and all(map(TERM.fullmatch, field.split(",")))):
        return field
    numbers = cron_set(field, place)
    if field.startswith("*") and place in (DAY_OF_MONTH, WEEKDAY):  # which asks that the other day fits, too
        if len(numbers) < FULL[place]:
            raise Inexpressible("its cron line uses signs that not every program knows")
        return "*"
    return _joined(sorted({number % SUNDAY_AS_SEVEN for number in numbers} if place == WEEKDAY else numbers))


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


def time_left(schedule: SyncSchedule) -> timedelta:
    """How late a run may begin at most: a window that closes soon after one leaves little."""
    window, left = schedule.window, timedelta(days=1)
    if window is None:
        return left
    for slot in schedule.slots(FIRST_DAY - SECOND):
        if slot >= FIRST_DAY + timedelta(days=1):
            break
        left = min(left, next(closes - slot for opens, closes in window.around(slot) if opens <= slot < closes))
    return left


def _require_steady(
    schedule: SyncSchedule, times: list[tuple[int, int]], now: datetime, delay: timedelta = NO_DELAY
) -> None:
    """No change of clocks skips or doubles one of these times, or falls into the window, or into the delay."""
    for change, before, after in _changes(schedule.zone, now):
        first, last = sorted(((change + before).replace(tzinfo=None), (change + after).replace(tzinfo=None)))
        day = first.replace(hour=0, minute=0)
        touched = any(
            first - delay <= day + timedelta(days=days, hours=hour, minutes=minute) < last
            for hour, minute in times
            for days in range(-1 if delay else 0, 2)
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
    """As few lines as can be."""
    if not times:
        raise Inexpressible("it names no time of an ordinary day")
    return tuple(f"{_joined(minutes)} {_joined(hours)} * * *" for minutes, hours in _grouped(times))


def _grouped(times: list[tuple[int, int]]) -> Iterable[tuple[Sequence[int], Sequence[int]]]:
    """Minutes, and all hours that share them."""
    minutes_of: dict[int, list[int]] = {}
    for hour, minute in times:
        minutes_of.setdefault(hour, []).append(minute)
    hours_of: dict[tuple[int, ...], list[int]] = {}
    for hour, minutes in minutes_of.items():
        hours_of.setdefault(tuple(minutes), []).append(hour)
    return hours_of.items()


def _joined(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def keeps_minutes(calendar: Calendar, zone: tzinfo, now: datetime, *, any_phase: bool = False) -> bool:
    """Whether lines that name minutes alone mean the same where the clock shows another zone.

    With `any_phase` it does not matter at which minutes they begin, only that they come as often.
    """
    changes = list(_changes(zone, now))
    offsets = [offset_at(now, zone), *(after for _, _, after in changes)]
    shifts = {(offset - offsets[0] if any_phase else offset) // MINUTE for offset in offsets}
    for line in calendar.lines:
        minutes = cron_set(line.split()[0], 1)
        if any({(minute + shift) % HOUR_MINUTES for minute in minutes} != minutes for shift in shifts):
            return False
    return True


def on_calendar(calendar: Calendar, delay: timedelta = NO_DELAY) -> list[str]:
    """The same for systemd's OnCalendar=, each so much later; Inexpressible where that is another day."""
    return [text for line in calendar.lines for text in _on_calendar(line, calendar.zone, delay)]


def _on_calendar(line: str, zone: str, delay: timedelta) -> Iterator[str]:
    minute, hour, *days = line.split()
    for clock in _clocks(minute, hour, delay, daily=days == ["*"] * 3):
        yield from _on_days(f"{clock} {zone}", *days)


def _clocks(minute: str, hour: str, delay: timedelta, *, daily: bool) -> Iterator[str]:
    """Times of day, as few as can be."""
    shift, second = divmod(int(delay.total_seconds()), 60)
    later = [hours * HOUR_MINUTES + minutes + shift for hours, minutes in _cron_times([minute, hour])]
    if not daily and later[-1] >= DAY_MINUTES:
        raise Inexpressible("its jitter moves it to the day after the one that its cron line names")
    for minutes, hours in _grouped(sorted(divmod(each % DAY_MINUTES, HOUR_MINUTES) for each in later)):
        yield f"{_shown(hours, 2)}:{_shown(minutes, 1)}:{second:02}"


def _on_days(clock: str, day: str, month: str, of_week: str) -> Iterator[str]:
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
    return _shown(sorted(cron_set(field, place)), place)


def _shown(numbers: Sequence[int], place: int) -> str:
    return "*" if len(numbers) == FULL[place] else ",".join(f"{number:02}" for number in numbers)
