"""When schedules are due, reckoned minute by minute over a table of what the clock shows; shares nothing with ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BLOCK = 15  # minutes; looked at one by one where the clock changes in between


def minutes_of(moment: datetime) -> int:
    """Whole minutes since 1970, of a moment or of a clock on the wall."""
    return int(moment.replace(tzinfo=UTC).timestamp()) // 60


def moment(minute: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def changes_of(zone: str, start: datetime, end: datetime) -> list[datetime]:
    """The moments in which the clock is put forward or back."""
    place, found = ZoneInfo(zone), []
    before = start.astimezone(place).utcoffset()
    for block in range(minutes_of(start), minutes_of(end), BLOCK):
        if (offset := moment(block).astimezone(place).utcoffset()) != before:
            found.append(moment(block))
            before = offset
    return found


class Table:
    """What the clock of a zone shows in each minute from `start` to `end`."""

    def __init__(self, zone: str, start: datetime, end: datetime) -> None:
        self.first = minutes_of(start)
        self.shown: list[int] = []
        place = ZoneInfo(zone)
        for block in range(self.first, minutes_of(end), BLOCK):
            if (ahead := _ahead(block, place)) == _ahead(block + BLOCK, place):
                self.shown += range(block + ahead, block + ahead + BLOCK)
            else:
                self.shown += (minute + _ahead(minute, place) for minute in range(block, block + BLOCK))
        self.when: dict[int, int] = {}
        for place_in_table, wall in enumerate(self.shown):
            self.when.setdefault(wall, self.first + place_in_table)

    def at(self, wall: int) -> int | None:
        """The first minute in which the clock shows this or, where it never does, anything later."""
        for later in range(wall, wall + 3 * 24 * 60):
            if later in self.when:
                return self.when[later]
        return None

    def days(self) -> Iterator[int]:
        """Midnights on the wall, as minutes."""
        day = 24 * 60
        yield from range(-(-self.shown[0] // day) * day, self.shown[-1], day)


def _ahead(minute: int, place: ZoneInfo) -> int:
    """Minutes by which the clock is ahead of UTC."""
    offset = datetime.fromtimestamp(minute * 60, place).utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60


def field(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        ends = (low, high) if span == "*" else (int(first), int(last or (high if step else first)))
        found |= set(range(ends[0], ends[1] + 1, int(step or 1)))
    return found


def day_fits(day: int, line: list[str]) -> bool:
    date = moment(day)
    of_month, of_week = field(line[2], 1, 31), {number % 7 for number in field(line[4], 0, 7)}
    fits = (date.day in of_month, date.isoweekday() % 7 in of_week)
    together = line[2].startswith("*") or line[4].startswith("*")
    return date.month in field(line[3], 1, 12) and (all(fits) if together else any(fits))


def cron(table: Table, line: str) -> list[int]:
    parts = line.split()
    minutes, hours = field(parts[0], 0, 59), field(parts[1], 0, 23)
    days = {day for day in table.days() if day_fits(day, parts)}
    if parts[0].startswith("*") or parts[1].startswith("*"):
        return [
            table.first + place
            for place, wall in enumerate(table.shown)
            if wall % 60 in minutes and wall // 60 % 24 in hours and wall - wall % 1440 in days
        ]
    found = {table.at(day + hour * 60 + minute) for day in days for hour in hours for minute in minutes}
    return sorted(each for each in found if each is not None)


def windows(table: Table, start: str, end: str) -> Iterator[tuple[int, int]]:
    opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    closes += 1440 if closes <= opens else 0
    for day in table.days():
        first, last = table.at(day + opens), table.at(day + closes)
        if first is not None and last is not None:
            yield first, max(last, first + 1)


def in_windows(table: Table, start: str, end: str, minutes: int) -> list[int]:
    """Every so many minutes from the opening of each window on."""
    return [each for first, last in windows(table, start, end) for each in range(first, last, minutes)]


def only_in_windows(table: Table, start: str, end: str, found: list[int]) -> list[int]:
    open_in = {minute for first, last in windows(table, start, end) for minute in range(first, last)}
    return [minute for minute in found if minute in open_in]
