"""A day of many connectors, minute by minute, with everything that can go wrong: in the end stores equal sources."""

from __future__ import annotations

import gc
import os
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync.core.errors import CredentialError, CursorExpired, SourceError, TransientError
from aragora_sync.engine.agenda import Agenda, Key
from aragora_sync.engine.history import last_run
from aragora_sync.engine.result import Status
from aragora_sync.engine.schedule import SyncSchedule
from aragora_sync.store.base import PassKind

from ..clock import FakeClock
from ..engine.fuse import FusedHouse, Killed
from ..engine.soundness import check_soundness
from ..kill.desk import soak_size
from ..world import MANNERS, World

MINUTE = timedelta(minutes=1)
SCHEDULES = [
    {"interval_minutes": 5},
    {"interval_minutes": 45, "jitter": 600},
    {"interval_hours": 1, "start_time": "06:00", "end_time": "23:00", "timezone": "America/New_York"},
    {"cron": "*/20 * * * *", "timezone": "Europe/Berlin"},
    {"cron": "30 * * * *"},
]
FAULTS = [
    TransientError("cut off."),
    TransientError("too many requests.", retry_after=30),
    SourceError("no sense in it."),
    CredentialError("refused."),
    CursorExpired("too old."),
]


class Day:
    """Connectors with worlds of their own on one agenda; every choice comes from the seed."""

    def __init__(self, folder: Path, number: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = FakeClock()
        self.folder = folder
        self.houses = {("acme", f"c{each}"): self.house(each) for each in range(number)}
        self.schedules = {key: SyncSchedule(**SCHEDULES[at % len(SCHEDULES)]) for at, key in enumerate(self.houses)}
        self.agenda = self.planned()
        self.runs = 0

    def house(self, number: int) -> FusedHouse:
        world = World(s=MANNERS[number % len(MANNERS)])
        house = FusedHouse(self.folder / f"h{number}", self.clock, world, retry_delay=0, batch_size=3, page=2)
        for each in range(6):
            world.add(f"i{each}")
        return house

    def planned(self) -> Agenda:
        """As after a start of the program: nothing is known but what the stores say."""
        agenda = Agenda()
        last = {key: last_run(house.store, house.id, "default") for key, house in self.houses.items()}
        agenda.plan(self.schedules, last.get, self.clock())
        for house in self.houses.values():
            house.close()
        return agenda

    def pass_by(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.turn(minutes=1)
            self.happen()
            for key in list(self.agenda.take(self.clock(), self.chance.randint(1, 8))):
                self.disturb(self.houses[key])
                if not self.run(key):
                    break  # the whole program was killed
                self.agenda.ended(key, self.clock())

    def happen(self) -> None:
        """Somebody edits; now and then the program starts anew, or the clock is put to another time."""
        world = self.chance.choice(list(self.houses.values())).world
        item = f"i{self.chance.randrange(9)}"
        known = world.parts["s"].things
        if item not in known:
            world.add(item, f"text {world.now}")
        elif self.chance.random() < 0.2 and len(known) > 4:
            world.remove(item)
        else:
            world.edit(item, f"text {world.now}")
        fate = self.chance.random()
        if fate < 0.003:
            self.clock.turn(hours=self.chance.choice([-3, -1, 2]))
            self.agenda.replan(self.clock())
        elif fate < 0.008:
            self.agenda = self.planned()

    def disturb(self, house: FusedHouse) -> None:
        fate = self.chance.random()
        if fate < 0.15:
            house.world.raises_at(self.chance.randint(1, 12), self.chance.choice(FAULTS), self.chance.randint(1, 3))
        elif fate < 0.20:
            house.fuse.light(self.chance.randint(1, 120))

    def run(self, key: Key) -> bool:
        """Whether the program lives on."""
        house = self.houses[key]
        self.runs += 1
        try:
            house.run()
        except Killed:
            house.abandon()
            self.agenda = self.planned()
            return False
        finally:
            house.fuse.put_out()
            house.world.calm()
        house.close()
        return True

    def settle(self) -> None:
        """Nothing goes wrong any more: what is due runs, and one reconcile finds what sources do not report."""
        for house in self.houses.values():
            house.world.mend()
            assert house.run().status is Status.OK
            assert house.run(kind=PassKind.RECONCILE, allow_mass_delete=True).status is Status.OK

            assert house.held() == house.world.truth()
            check_soundness(house.path)
            house.close()


def in_use() -> tuple[int, int]:
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


@pytest.fixture
def day(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Day]:
    number, seed = request.param
    made = Day(tmp_path, number, seed)
    yield made
    for house in made.houses.values():
        house.close()


@pytest.mark.parametrize("day", [(5, seed) for seed in range(2)], indirect=True)
def test_hours_of_faults_leave_no_difference(day: Day) -> None:
    day.pass_by(2 * 60)

    assert day.runs > 20
    day.settle()


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("day", [(soak_size(12, 50), seed) for seed in range(2)], indirect=True)
def test_day_of_fifty_connectors_leaves_no_difference_and_nothing_open(day: Day) -> None:
    day.pass_by(6 * 60)
    early = in_use()
    day.pass_by(18 * 60)

    files, threads = in_use()
    assert files <= early[0] + 5
    assert threads <= early[1]
    for key, due in day.agenda.upcoming().items():
        assert due - day.clock() < timedelta(hours=12), f"{key} is stuck"
    day.settle()
