"""What a clock on the wall shows, as moments: in any zone, over every change of its clocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
MIDNIGHT = time()


def wall_of(moment: datetime, zone: tzinfo) -> datetime:
    """What the clock on the wall shows at this moment; without zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(wall: datetime, zone: tzinfo) -> datetime:
    """When the clock shows this: the first time where it does twice, the end of the gap where it never does."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_of(found, zone) == wall:
        return found
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first_change(before, found, zone) or found


def offset_at(moment: datetime, zone: tzinfo) -> timedelta:
    """How far the clock is ahead of UTC."""
    return moment.astimezone(zone).utcoffset() or timedelta()


def first_change(start: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """The first moment after `start`, up to `end`, from which on the clock has another offset."""
    here = start
    while here < end:
        there = min(here + DAY, end)
        if offset_at(here, zone) != offset_at(there, zone):
            return _bisected(here, there, zone)
        here = there
    return None


def _bisected(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    old = offset_at(before, zone)
    low, high = int(before.timestamp()), -int(-after.timestamp() // 1)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(datetime.fromtimestamp(middle, UTC), zone) == old:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of each day in which something may start: from `start` on, before `end`, perhaps over midnight.

    A window that the clock skips as a whole is open for a minute at the end of the gap, so that its day is not lost.
    """

    start: time
    end: time
    zone: tzinfo

    def around(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The windows from the day before this moment on: when each opens, and when it closes."""
        day = wall_of(moment, self.zone).date() - DAY
        while True:
            yield self.of(day)
            day += DAY

    def of(self, day: date) -> tuple[datetime, datetime]:
        """The window that opens on this day."""
        opens = moment_of(datetime.combine(day, self.start), self.zone)
        last_day = day if self.start < self.end else day + DAY
        closes = moment_of(datetime.combine(last_day, self.end), self.zone)
        return opens, max(closes, opens + MINUTE)

    def is_open(self, moment: datetime) -> bool:
        """Whether something may start now."""
        for opens, closes in self.around(moment):
            if opens > moment:
                return False
            if moment < closes:
                return True
        return False

    def next_opening(self, moment: datetime) -> datetime:
        """When it opens the next time after this moment."""
        return next(opens for opens, _ in self.around(moment) if opens > moment)


def every(interval: timedelta, window: Window, after: datetime) -> Iterator[datetime]:
    """The moments after this one that lie whole intervals behind the opening of their window."""
    latest = after
    for opens, closes in window.around(after):
        slot = opens
        if slot <= latest:
            slot += ((latest - opens) // interval + 1) * interval
        while slot < closes:
            yield slot
            latest = slot
            slot += interval


def cron_moments(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The moments after this one that a crontab line names, as Debian's cron has them.

    Fixed hours and minutes come once a day: the first time where the clock shows them twice, and at the end of the gap
    where it skips them. A line whose hour or minute begins with a star follows the time that really passes.
    """
    minute, hour = expression.split()[:2]
    step = _elapsed if minute.startswith("*") or hour.startswith("*") else _fixed
    found = step(expression, zone, after)
    while found is not None:
        yield found
        found = step(expression, zone, found)


def _fixed(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    from cronsim import CronSim

    for wall in CronSim(expression, wall_of(after, zone)):
        if (moment := moment_of(wall, zone)) > after:
            return moment
    return None


def _elapsed(expression: str, zone: tzinfo, after: datetime) -> datetime | None:
    """Stretches without a change of the clock, one after the other."""
    from cronsim import CronSim

    known, since, offset = after, after, offset_at(after, zone)
    while True:
        wall = next(CronSim(expression, (since + offset).replace(tzinfo=None)), None)
        if wall is None:
            return None
        moment = (wall - offset).replace(tzinfo=UTC)
        change = first_change(known, moment, zone)
        if change is None:
            return moment
        known, since, offset = change, change - SECOND, offset_at(change, zone)
