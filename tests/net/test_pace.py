"""How fast one credential asks: learnt from the answers, told by a limit, shared by all who use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.core.stop import NoStop
from aragora_sync.net.pace import Pace, pace_of

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
    began, waits = time.now(), []

    def wait_until(moment, stop, why):
        waits.append(moment - began)
        if len(waits) == 1:  # another one comes while the first waits
            with pace.turn(NoStop(), ENOUGH_SECONDS):
                pass
        time.waited = max(waits)
        return False

    monkeypatch.setattr(time, "wait_until", wait_until)
    with pace.turn(NoStop(), ENOUGH_SECONDS):
        assert waits == [60, 120]


def test_who_would_wait_too_long_takes_no_place_from_others(pace, time):
    for _ in range(3):
        with pytest.raises(TransientError, match="limit"), pace.turn(NoStop(), 30):
            pass
    with pace.turn(NoStop(), ENOUGH_SECONDS):
        assert time.waited == 60


def test_those_who_share_a_credential_share_its_pace():
    first, second = pace_of("h", "k", "", 8), pace_of("h", "k", "", 8)

    assert first is second
    assert pace_of("h", "other", "", 8) is not first


def test_a_refusal_halves_what_goes_at_once_and_good_answers_bring_it_back(time):
    pace = pace_of("h", "halving", "", 8)
    pace.refused(0, "slow down")
    assert pace._allowed == 4
    for _ in range(4 * 4):
        pace.went_well()
    assert pace._allowed == 8


def test_a_storm_of_refusals_does_not_leave_requests_one_after_the_other(time):
    pace = pace_of("h", "storm", "", 4)
    for _ in range(6):
        pace.refused(0, "slow down")
    assert pace._allowed == 1
    pace.went_well()
    assert pace._allowed == 2


def test_so_many_requests_a_minute(http, echo, time):
    http.pace().at_most(6, 60)
    for _ in range(4):
        http.get("/things")

    assert time.waited == pytest.approx(40)
