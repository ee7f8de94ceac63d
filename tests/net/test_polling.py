"""Asking again and again, until what is waited for is there."""

from __future__ import annotations

import pytest

from aragora_sync.core.stop import NoStop, Stopped
from aragora_sync.net.polling import doubling, polled, steady

from .clock import patient


class Requested(NoStop):
    requested = True


def ready(answer: int) -> bool:
    return answer >= 3


def test_answer_that_is_ready_at_once_is_not_waited_for():
    with patient() as time:
        assert polled(lambda: 3, ready, doubling(2, 60), NoStop(), "why") == 3
    assert time.waits == []


def test_it_asks_until_the_answer_is_ready():
    answers = iter(range(9))
    with patient() as time:
        assert polled(lambda: next(answers), ready, steady(4, 60), NoStop(), "why") == 3
    assert time.waits == [(4, "why")] * 3


def test_last_answer_is_given_whatever_it_is():
    answers = iter([0, 1, 2, 3])
    with patient():
        assert polled(lambda: next(answers), ready, steady(30, 60), NoStop(), "why") == 2


def test_stop_ends_the_waiting():
    with patient(), pytest.raises(Stopped):
        polled(lambda: 0, ready, doubling(2, 60), Requested(), "why")


def test_pauses_together_are_as_long_as_told():
    assert list(doubling(2, 60)) == [2, 4, 8, 16, 30]
    assert list(doubling(2, 0)) == []
    assert list(steady(4, 12)) == [4, 4, 4]
