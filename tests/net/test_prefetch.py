"""What is asked ahead of its turn comes in order, bounded, and ends cleanly."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from aragora_sync.core.errors import SourceError
from aragora_sync.net.prefetch import LONGEST_QUEUE, STEPS_AHEAD, Ask, ahead, prefetch

WAIT_SECONDS = 20


def number(value: int, weight: int = 0) -> Ask[int]:
    return Ask(lambda halt: value, weight)


def failing(error: Exception) -> Ask[int]:
    def run(halt: threading.Event) -> int:
        raise error

    return Ask(run)


def test_answers_come_in_the_order_of_the_steps():
    gate = threading.Event()

    def slow(halt: threading.Event) -> int:
        gate.wait(WAIT_SECONDS)
        return 0

    def last(halt: threading.Event) -> int:
        gate.set()
        return 3

    assert list(prefetch([Ask(slow), 1, number(2), Ask(last)], width=4, weight=100)) == [0, 1, 2, 3]


def test_what_is_there_already_needs_no_thread():
    before = threading.active_count()
    answers = prefetch(range(10), width=4, weight=100)

    assert next(answers) == 0
    assert threading.active_count() == before
    assert list(answers) == list(range(1, 10))


def test_no_more_than_the_width_is_asked_at_once():
    here, most, counting = 0, 0, threading.Lock()
    meet = threading.Barrier(3)

    def run(halt: threading.Event) -> int:
        nonlocal here, most
        with counting:
            here += 1
            most = max(most, here)
        meet.wait(WAIT_SECONDS)
        with counting:
            here -= 1
        return 0

    assert len(list(prefetch([Ask(run)] * 9, width=3, weight=100))) == 9
    assert most == 3


def test_no_more_than_the_weight_waits_for_its_turn():
    held, most, counting = 0, 0, threading.Lock()

    def run(halt: threading.Event) -> int:
        nonlocal held, most
        with counting:
            held += 40
            most = max(most, held)
        return 40

    for weight in prefetch([Ask(run, 40)] * 20, width=8, weight=100):
        with counting:
            held -= weight

    assert most <= 120  # the one just handed over, and two that wait


def test_what_is_heavier_than_the_bound_goes_alone():
    assert list(prefetch([number(1), number(2, 500), number(3)], width=2, weight=100)) == [1, 2, 3]


def test_steps_are_not_run_ahead_without_end():
    gate = threading.Event()
    taken = 0

    def steps() -> Iterator[Ask[int] | int]:
        nonlocal taken
        yield Ask(lambda halt: int(gate.wait(WAIT_SECONDS)))
        for each in range(5 * LONGEST_QUEUE):
            taken = each
            if each == LONGEST_QUEUE - 1:
                gate.set()
            yield each

    answers = prefetch(steps(), width=2, weight=100)

    assert next(answers) == 1
    assert taken <= LONGEST_QUEUE
    answers.close()


def test_an_error_comes_out_at_its_place():
    answers = prefetch([number(1), failing(KeyError("second")), number(3)], width=3, weight=100)

    assert next(answers) == 1
    with pytest.raises(KeyError, match="second"):
        next(answers)


def test_an_error_of_the_steps_comes_after_the_answers_before_it():
    def steps() -> Iterator[Ask[int]]:
        yield number(1)
        yield number(2)
        raise SourceError("the listing broke")

    answers = prefetch(steps(), width=1, weight=100)

    assert [next(answers), next(answers)] == [1, 2]
    with pytest.raises(SourceError, match="the listing broke"):
        next(answers)


def test_closing_early_ends_threads_and_steps():
    before, begun, halted, closed = threading.active_count(), threading.Event(), threading.Event(), threading.Event()

    def until_halted(halt: threading.Event) -> int:
        begun.set()
        if halt.wait(WAIT_SECONDS):
            halted.set()
        return 0

    def steps() -> Iterator[Ask[int]]:
        try:
            yield Ask(lambda halt: int(begun.wait(WAIT_SECONDS)))
            yield Ask(until_halted)
            yield from [number(each) for each in range(9)]
        finally:
            closed.set()

    answers = prefetch(steps(), width=2, weight=100)
    assert next(answers) == 1
    answers.close()

    assert halted.is_set() and closed.is_set()
    assert threading.active_count() == before


def test_the_next_steps_are_asked_for_while_one_is_worked_on():
    asked = [threading.Event() for _ in range(STEPS_AHEAD + 3)]

    def steps() -> Iterator[int]:
        for number, event in enumerate(asked):
            event.set()
            yield number

    answers = ahead(steps())

    assert next(answers) == 0
    assert all(event.wait(WAIT_SECONDS) for event in asked[: STEPS_AHEAD + 1])
    assert not asked[-1].is_set()
    assert list(answers) == list(range(1, len(asked)))


def test_an_error_ahead_is_raised_at_its_place():
    def steps() -> Iterator[int]:
        yield 1
        yield 2
        raise SourceError("broken")

    answers = ahead(steps())

    assert [next(answers), next(answers)] == [1, 2]
    with pytest.raises(SourceError, match="broken"):
        next(answers)


def test_whoever_stops_early_closes_what_was_ahead():
    closed = threading.Event()

    def steps() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.set()

    before = threading.active_count()
    answers = ahead(steps())
    next(answers)
    answers.close()

    assert closed.is_set()
    assert threading.active_count() == before
