"""When a connector is synced by itself: what may be said, and when that is. Pure."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Any, dataclass_transform
from zoneinfo import ZoneInfo, available_timezones

from ..core.errors import ConfigError
from ..core.options import Problem, check_options, option, options_of
from .walltime import MIDNIGHT, SECOND, Window, cron_moments, every

LONGEST_IN_WINDOW_HOURS, LONGEST_HOURS = 24, 87_600  # ten years
MOST_OPENINGS = 400  # looked at for a moment of a cron line; who has none in a year of windows never has
CRON_FIELDS = 5
CLOCK_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
NEVER_COMES = "this day never comes"
RHYTHMS = ("interval_hours", "interval_minutes", "cron")


@dataclass_transform(kw_only_default=True, field_specifiers=(option,))
class SyncSchedule:
    """When to sync: every so often, or by a crontab line, perhaps only at some time of the day.

    Raises ConfigError, with every problem, for what cannot be understood.
    """

    interval_hours: float | None = option(
        None, help="Hours from one run to the next.", at_least=0.1, at_most=LONGEST_HOURS, example=1
    )
    interval_minutes: float | None = option(
        None, help="Minutes from one run to the next.", at_least=1, at_most=60 * LONGEST_HOURS, example=30
    )
    cron: str | None = option(
        None,
        help="When to run, as in a crontab: minute, hour, day of the month, month, day of the week.",
        example="0 2 * * *",
    )
    start_time: str | None = option(
        None,
        help="Time of day before which nothing starts; an interval is counted from it, anew each day.",
        example="08:00",
    )
    end_time: str | None = option(
        None, help="Time of day from which on nothing starts; before start_time, it is that of the next day.",
        example="20:00",
    )  # fmt: skip
    timezone: str | None = option(
        None, help="The time zone that all of these are meant in, by default UTC.", example="America/New_York"
    )
    jitter: float | None = option(
        None,
        help="Seconds over which connectors of the same schedule are spread; each has its own fixed delay.",
        at_least=0,
        at_most=86_400,
        example=60,
    )

    def __init__(self, **options: Any) -> None:
        values, problems = check_options(type(self), options)
        problems = problems or problems_with(values)
        if problems:
            raise ConfigError([f"schedule: {problem.message}" for problem in problems])
        vars(self).update(values)

    def __repr__(self) -> str:
        given = [f"{name}={getattr(self, name)!r}" for name in options_of(SyncSchedule) if getattr(self, name)]
        return f"SyncSchedule({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SyncSchedule) and self._meaning == other._meaning

    def __hash__(self) -> int:
        return hash(self._meaning)

    @property
    def _meaning(self) -> tuple[object, ...]:
        return self.interval, self.cron_line, self.window, str(self.zone), self.jitter or 0

    @cached_property
    def meaning(self) -> str:
        """The same text for all schedules that mean the same, also in another process."""
        return repr(self._meaning)

    @cached_property
    def zone(self) -> tzinfo:
        """In which everything is meant. UTC is known also where the machine knows no zones."""
        return UTC if self.timezone in (None, "UTC") else ZoneInfo(self.timezone)

    @cached_property
    def interval(self) -> timedelta | None:
        """From one run to the next; None with a crontab line."""
        if self.interval_hours is not None:
            return timedelta(hours=self.interval_hours)
        return None if self.interval_minutes is None else timedelta(minutes=self.interval_minutes)

    @cached_property
    def cron_line(self) -> str:
        """The five fields; empty with an interval."""
        return NICKNAMES.get(self.cron.lower(), self.cron.upper()) if self.cron else ""

    @cached_property
    def window(self) -> Window | None:
        """When something may start; None: always."""
        if self.start_time is None and self.end_time is None:
            return None
        return Window(_clock_time(self.start_time), _clock_time(self.end_time), self.zone)

    def delay_of(self, tenant_id: str, connector_id: str) -> timedelta:
        """How much later than others of the same schedule this connector runs; the same for ever."""
        if not self.jitter:
            return timedelta()
        digest = hashlib.sha256(f"{tenant_id}/{connector_id}".encode()).digest()
        return timedelta(seconds=int(self.jitter * int.from_bytes(digest[:8], "big") / 2**64))

    def is_open(self, moment: datetime) -> bool:
        """Whether a run may start now."""
        return self.window is None or self.window.is_open(moment)

    def slots(self, after: datetime) -> Iterator[datetime]:
        """The moments after this one, before any delay."""
        if self.cron_line:
            return self._cron_slots(after)
        assert self.interval is not None
        if self.window is not None:
            return every(self.interval, self.window, after)
        return (after + number * self.interval for number in itertools.count(1))

    def _cron_slots(self, after: datetime) -> Iterator[datetime]:
        for _ in range(MOST_OPENINGS):
            for slot in cron_moments(self.cron_line, self.zone, after):
                after = slot
                if not self.is_open(slot):
                    break
                yield slot
            else:
                return
            assert self.window is not None
            after = self.window.next_opening(after) - SECOND


NO_DELAY = timedelta()
SET_BACK = timedelta(minutes=1)  # by so much a clock is corrected now and then


def next_run(schedule: SyncSchedule, last: datetime | None, now: datetime, delay: timedelta = NO_DELAY) -> datetime:
    """When the connector that began its latest run at `last` runs again; never before `now`.

    Whatever was missed is made up by one run: now, or with the next one where nothing may start now. What never ran
    runs at once with an interval, and at its next time with a crontab line. A `last` that is still to come, as after
    the clock was put back, counts as never, unless that was a correction of the clock while it ran.
    """
    if last is not None and now < last <= now + SET_BACK:
        now = last
    if last is None or last > now:
        if schedule.interval is None:
            return _first_due(schedule, now - SECOND, now - SECOND, delay)
        if schedule.is_open(now):
            return now + delay if schedule.is_open(now + delay) else now
        return _first_due(schedule, now, now, delay)
    if schedule.interval is not None and schedule.window is None:
        return max(last + schedule.interval, now)  # its delay is in `last` since the first run
    due = _first_due(schedule, last - delay, last, delay)
    if due > now:
        return due
    return now if schedule.is_open(now) else _first_due(schedule, now - delay, now, delay)


def _first_due(schedule: SyncSchedule, since: datetime, after: datetime, delay: timedelta) -> datetime:
    for slot in schedule.slots(since):
        due = slot + delay if schedule.is_open(slot + delay) else slot
        if due > after:
            return due
    raise ConfigError(f"{schedule!r} names no moment after {after:%Y-%m-%d}.")


def problems_with(values: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with options that are well by themselves, each with the option it is about."""
    given = {name: value for name, value in values.items() if value is not None}
    problems = [*_rhythm_problems(given), *_zone_problems(given), *_time_problems(given)]
    if not problems and "cron" in given and ("start_time" in given or "end_time" in given):
        schedule = SyncSchedule.__new__(SyncSchedule)
        vars(schedule).update(values)
        if next(schedule.slots(datetime(2026, 1, 1, tzinfo=UTC)), None) is None:
            problems = [Problem(("cron",), "option 'cron' names no time between start_time and end_time")]
    return problems


def _rhythm_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    rhythms = [name for name in RHYTHMS if name in given]
    if not rhythms:
        yield Problem((), "one of the options 'interval_hours', 'interval_minutes' and 'cron' is required")
    for name in rhythms[1:]:
        yield Problem((name,), f"option {name!r} beside {rhythms[0]!r}: keep one of them")
    if "cron" in given and (why := cron_problem(given["cron"])):
        yield Problem(("cron",), f"option 'cron': {why}")
    hours = given.get("interval_hours", given.get("interval_minutes", 0) / 60)
    if hours > LONGEST_IN_WINDOW_HOURS and ("start_time" in given or "end_time" in given):
        message = "with start_time or end_time an interval is at most 24 hours; write a cron line for longer ones"
        yield Problem((rhythms[0],), message)


def cron_problem(text: str) -> str:
    """What is wrong with a crontab line; empty where nothing is."""
    from cronsim import CronSim, CronSimError

    if text.startswith("@"):
        return "" if text.lower() in NICKNAMES else f"known are {', '.join(NICKNAMES)}, and five fields"
    if len(text.split()) != CRON_FIELDS:
        return "five fields are expected: minute, hour, day of the month, month, day of the week"
    try:
        found = next(CronSim(text, datetime(2000, 1, 1)), None)  # noqa: DTZ001 - the clock on the wall has no zone
    except CronSimError as error:
        field = str(error).removeprefix("Bad ").replace("-", " ").replace("of", "of the")
        _, _, day, months, _ = text.split()
        if field == "day of the month" and months != "*" and not cron_problem(f"0 0 {day} * *"):
            return NEVER_COMES
        return f"the {field} cannot be understood; a line looks like '0 2 * * *'"
    return "" if found else NEVER_COMES


def _zone_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    name = given.get("timezone")
    if name in (None, "UTC"):
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield Problem(("timezone",), f"option 'timezone': {_unknown_zone(name)}")


def _unknown_zone(name: str) -> str:
    known = available_timezones()
    if not known:
        return "this machine knows no time zones but UTC; install its package tzdata, or `pip install tzdata`"
    near = difflib.get_close_matches(name, known, n=1)
    advice = (
        f"did you mean {near[0]!r}?" if near else "write one like 'Europe/Berlin'; see `timedatectl list-timezones`"
    )
    return f"unknown time zone; {advice}"


def _time_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    wrong = False
    for name in ("start_time", "end_time"):
        if name in given and not CLOCK_TIME.fullmatch(given[name]):
            wrong = True
            yield Problem((name,), f"option {name!r}: expected a time of day like '08:00', up to '23:59'")
    if not wrong and "end_time" in given and _clock_time(given.get("start_time")) == _clock_time(given["end_time"]):
        message = "option 'end_time' is the same as start_time; leave out both to sync all day"
        yield Problem(("end_time",), message)


def _clock_time(text: str | None) -> time:
    found = CLOCK_TIME.fullmatch(text or "")
    return time(int(found[1]), int(found[2])) if found else MIDNIGHT
