"""A house with one world, for plain tests of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ..clock import FakeClock
from ..world import World
from .house import House


@pytest.fixture
def build(tmp_path, clock: FakeClock) -> Iterator[Callable[..., House]]:
    """`build("events")`: a house with the stream `s`; `build(a="events", b="sorted")`: with these."""
    built: list[House] = []

    def make(manner: str = "events", *, things: int = 0, fetches: bool = True, options=None, **manners: str) -> House:
        world = World(**(manners or {"s": manner}))
        house = House(tmp_path / f"house{len(built)}", clock, world, fetches=fetches, **(options or {}))
        for number in range(things):
            world.add(f"i{number:02}", f"text {number}")
        built.append(house)
        return house

    yield make
    for house in built:
        house.close()
