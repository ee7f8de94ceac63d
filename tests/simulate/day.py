"""A day of a program that keeps running, with whatever may befall it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import time_machine

from .process import Process, Usage
from .sources import Source

BEGIN = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)  # Berlin puts its clocks back two hours later
MINUTE = timedelta(minutes=1)
MEASURED_FROM = 55  # of each hour's minutes
LONGEST_AHEAD_HOURS = 2  # a clock that was put back by so much comes to where it was
SCHEDULES: list[dict[str, Any]] = [
    {"interval_minutes": 20},
    {"cron": "*/20 * * * *", "timezone": "Europe/Berlin"},
    {"interval_minutes": 45, "jitter": 600},
    {"cron": "30 * * * *"},
    {"interval_hours": 1, "start_time": "06:00", "end_time": "05:00", "timezone": "America/New_York"},
    {"interval_minutes": 30, "start_time": "22:00", "end_time": "20:00", "timezone": "Europe/Berlin"},
    {"interval_minutes": 25},
    {"cron": "7,37 * * * *", "timezone": "Asia/Kolkata"},
]
LINES = {"*/20 * * * *": {0, 20, 40}, "30 * * * *": {30}, "7,37 * * * *": {7, 37}}
HALF = {"Asia/Kolkata": 30}  # minutes beside the full hour


@dataclass
class Chances:
    """How likely each event is in one minute."""

    edit: float = 1 / 45
    fault: float = 1 / 60
    mend: float = 1 / 5
    hint: float = 0.2
    full_disk: float = 1 / 150
    jump: float = 1 / 120
    nap: float = 1 / 240
    broken_file: float = 1 / 60
    reload: float = 1 / 90


@dataclass
class Told:
    """What happened, for the report."""

    runs: int = 0
    kills: int = 0
    jumps: int = 0
    naps: int = 0
    faults: int = 0
    full_disks: int = 0
    reloads: int = 0
    hints: int = 0
    hints_taken: int = 0
    usage: list[tuple[int, Usage]] = field(default_factory=list)  # by hours of the day, naps apart


class Day:
    """The sources, the program, and the clock of both. The program's may be put to another time."""

    def __init__(self, folder: Path, process: Process, sources: Sequence[Source], chance: random.Random) -> None:
        self.folder, self.process, self.sources, self.chance = folder, process, sources, chance
        self.now = BEGIN
        self.minutes = 0
        self.ahead = timedelta()  # of the program's clock
        self.chances = Chances()
        self.told = Told()
        self.full_until = self.file_broken_until = BEGIN
        self.broken: dict[Source, bool] = {}
        self.due = Dues(sources)
        self._traveller = time_machine.travel(self.now, tick=False)
        self.schedules = {key_of(each): SCHEDULES[at % len(SCHEDULES)] for at, each in enumerate(sources)}

    def __enter__(self) -> Day:
        self._moved = self._traveller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._traveller.stop()

    # The configuration

    def write_file(self, well: bool = True) -> None:
        tenants: dict[str, list[dict[str, Any]]] = {}
        for source in self.sources:
            usual = {"id": source.name, "batch_size": 7, "retry_delay": 0, "max_retries": 1, "reconcile_every": 4}
            entry = {**usual, "schedule": self.schedules[key_of(source)], **source.entry()}
            tenants.setdefault(source.tenant, []).append(entry)
        text = json.dumps({"tenants": [{"id": each, "connectors": those} for each, those in tenants.items()]})
        self.process.config.write_text(text if well else text[: self.chance.randrange(5, len(text))])

    # Time passes

    def begin(self) -> None:
        self.write_file()
        self.process.start(self.shown)

    @property
    def shown(self) -> datetime:
        """What the program's clock shows."""
        return self.now + self.ahead

    def pass_by(self, minutes: int, deaths: float = 0.0) -> None:
        """So many minutes with edits and faults; in each the program is killed with this probability."""
        for _ in range(minutes):
            self.minutes += 1
            self.live(1)
            self.disturb()
            self.step(killed=self.chance.random() < deaths)

    def live(self, minutes: int) -> None:
        """The clock goes on, and people work."""
        self.now += minutes * MINUTE
        self._moved.move_to(self.now)
        for source in self.sources:
            source.rest(self.now)
            if self.chance.random() < 1 - (1 - self.chances.edit) ** minutes:
                source.edit(self.now)

    def step(self, *, killed: bool = False) -> None:
        """What is due now runs, and ends; or dies in the midst of it."""
        self.process.go_to(self.shown)
        if self.chance.random() < self.chances.hint:
            self.post()
        if killed:
            self.die()
            return
        started = self.process.answer()
        self.told.runs += sum(started.values())
        self.due.check(self.shown, started, self.schedules)
        self.measure()

    def die(self) -> None:
        """kill -9, at any moment of what is under way; somebody starts it again."""
        self.told.kills += 1
        self.process.kill(after=self.chance.uniform(0.0, 0.4))
        if self.now < self.file_broken_until:
            self.mend_file()
        self.due.forget()
        try:
            started = self.process.start(self.shown)
            assert not {key: number for key, number in started.items() if number > 1}, self.now
        except AssertionError:
            assert self.now < self.full_until, self.process.said()
            assert "full" in self.process.said().rpartition("error:")[2], self.process.said()
            self.free_disk()
            self.process.start(self.shown)

    def measure(self) -> None:
        hours, minutes = divmod(self.minutes, 60)
        if minutes >= MEASURED_FROM:
            self.told.usage.append((hours + 1, self.process.usage()))

    # What goes wrong

    def disturb(self) -> None:
        for source in self.sources:
            if self.broken.get(source) and self.happens(self.chances.mend):
                self.broken[source] = False
                source.mend()
            elif self.happens(self.chances.fault):
                self.broken[source] = True
                self.told.faults += 1
                source.break_down()
        if self.now >= self.full_until:
            self.free_disk()
            if self.happens(self.chances.full_disk):
                self.fill_disk()
        self.disturb_clock()
        self.disturb_file()

    def disturb_clock(self) -> None:
        if self.happens(self.chances.jump):
            self.told.jumps += 1
            steps = [timedelta(), timedelta(), *(timedelta(minutes=each) for each in (-180, -61, -5, 5, 61, 120))]
            self.ahead = self.chance.choice(steps)
            self.due.forget()
        if self.happens(self.chances.nap):
            self.told.naps += 1
            self.live(self.chance.choice([10, 90, 180]))
            self.due.forget()

    def disturb_file(self) -> None:
        if self.file_broken_until > BEGIN and self.now >= self.file_broken_until:
            self.mend_file()
        elif self.happens(self.chances.broken_file):
            self.told.reloads += 1
            self.write_file(well=False)
            self.file_broken_until = self.now + 3 * MINUTE
            self.process.hang_up()
        elif self.file_broken_until == BEGIN and self.happens(self.chances.reload):
            self.told.reloads += 1
            keys = self.chance.sample(sorted(self.schedules), 2)
            (self.schedules[keys[0]], self.schedules[keys[1]]) = (self.schedules[keys[1]], self.schedules[keys[0]])
            self.due.forget()
            self.write_file()
            self.process.hang_up()

    def mend_file(self) -> None:
        self.file_broken_until = BEGIN
        self.write_file()
        self.process.hang_up()
        self.due.forget()

    def fill_disk(self) -> None:
        if self.process.fill_disk():
            self.told.full_disks += 1
            self.full_until = self.now + self.chance.randint(1, 12) * MINUTE

    def free_disk(self) -> None:
        self.process.free_disk()

    def post(self) -> None:
        """A webhook of one of those that post any."""
        source = self.chance.choice([each for each in self.sources if each.hint(self.now)])
        body, headers = source.hint(self.now) or (b"", {})
        connection = HTTPConnection("127.0.0.1", self.process.port, timeout=20)
        self.told.hints += 1
        with suppress(OSError, HTTPException):
            connection.request("POST", f"/webhooks/{source.tenant}/{source.name}", body, headers)
            self.told.hints_taken += connection.getresponse().status == 200
        connection.close()

    def happens(self, chance: float) -> bool:
        return self.chance.random() < chance

    # The end

    def calm(self) -> None:
        """Nothing goes wrong any more, and everything is at rest."""
        self.free_disk()
        for source in self.sources:
            source.mend()
        self.ahead = timedelta()
        self.due.forget()
        self.mend_file()

    def settle(self, hours: int) -> None:
        """The laptop sleeps, and wakes once an hour: what was missed runs once, and nothing else does."""
        self.chances.edit = self.chances.hint = 0
        for hour in range(hours):
            self.live(60)
            self.process.go_to(self.shown)
            started = self.process.answer()
            self.told.runs += sum(started.values())
            assert not {key: number for key, number in started.items() if number != 1}
            frequent = {key for key, schedule in self.schedules.items() if "start_time" not in schedule}
            assert hour < LONGEST_AHEAD_HOURS or frequent <= started.keys()


class Dues:
    """When connectors must start, from what they did last: by the minute, as long as nobody put a clock elsewhere."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.last: dict[str, datetime] = {}
        self.known_since: datetime | None = None
        self.seen = 0

    def forget(self) -> None:
        """From now on it is seen anew what they do."""
        self.last.clear()
        self.known_since = None

    def check(self, now: datetime, started: dict[str, int], schedules: dict[str, dict[str, Any]]) -> None:
        """Each ran at most once in this minute, and at its minute."""
        assert not {key: number for key, number in started.items() if number > 1}, now
        settled = self.known_since is not None and now - self.known_since > 2 * MINUTE
        for key, schedule in schedules.items():
            if settled and (must := self._must_run(key, schedule, now)) is not None:
                self.seen += 1
                assert (key in started) == must, f"{key} at {now:%d %H:%M}: {schedule}, last {self.last.get(key)}"
            if settled and key in started:  # a late one, made up before, says nothing of the next
                self.last[key] = now
        self.known_since = self.known_since or now

    def _must_run(self, key: str, schedule: dict[str, Any], now: datetime) -> bool | None:
        if line := schedule.get("cron"):
            return (now.minute + HALF.get(schedule.get("timezone", ""), 0)) % 60 in LINES[line]
        if "start_time" in schedule or key not in self.last:
            return None
        return now - self.last[key] == schedule["interval_minutes"] * MINUTE


def key_of(source: Source) -> str:
    return f"{source.tenant}/{source.name}"
