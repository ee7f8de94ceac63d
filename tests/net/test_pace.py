"""So many requests a minute, shared by many who ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.core.stop import NoStop
from aragora_sync.net.pace import Pace

from .clock import PatientClock, patient

ENOUGH_SECONDS = 300


@pytest.fixture
def time() -> Iterator[PatientClock]:
    with patient() as clock:
        yield clock


@pytest.fixture
def pace(time: PatientClock) -> Pace:
    """One request a minute; the first may go in a minute."""
    made = Pace(4)
    made.at_most(1, 60)
    return made


def test_who_comes_first_goes_first(pace, time, monkeypatch):
    waits: list[float] = []

    def wait(seconds, stop, why):
        waits.append(seconds)
        if len(waits) == 1:  # another one comes while the first waits
            with pace.turn(NoStop(), ENOUGH_SECONDS):
                pass
        time.waited = max(waits)
        return False

    monkeypatch.setattr(time, "wait", wait)
    with pace.turn(NoStop(), ENOUGH_SECONDS):
        assert waits == [60, 120]


def test_who_would_wait_too_long_takes_no_place_from_others(pace, time):
    for _ in range(3):
        with pytest.raises(TransientError, match="limit"), pace.turn(NoStop(), 30):
            pass
    with pace.turn(NoStop(), ENOUGH_SECONDS):
        assert time.waited == 60
