"""How fast one credential asks: learnt from the answers, shared by all who use it."""

from __future__ import annotations

import pytest

from aragora_sync.net.pace import pace_of


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


def test_so_many_requests_a_minute(http, echo, time):
    http.pace().at_most(6, 60)
    for _ in range(4):
        http.get("/things")

    assert time.waited == pytest.approx(40)
