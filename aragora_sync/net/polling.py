"""Asking again and again, until what is waited for is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..core.stop import Stopped, StopSign
from . import clock as _time

T = TypeVar("T")


def polled(ask: Callable[[], T], is_ready: Callable[[T], bool], pauses: Iterable[float], stop: StopSign, why: str) -> T:
    """The first answer that is ready; after the last pause, the last one, whatever it is. Raises Stopped."""
    answer = ask()
    for seconds in pauses:
        if is_ready(answer):
            break
        if _time.clock.wait_until(_time.clock.now() + seconds, stop, why):
            raise Stopped
        answer = ask()
    return answer


def doubling(first: float, longest: float) -> Iterator[float]:
    """Pauses that grow twofold, `longest` seconds together."""
    pause = first
    while longest > 0:
        yield min(pause, longest)
        longest -= pause
        pause *= 2


def steady(seconds: float, longest: float) -> Iterator[float]:
    """Pauses of the same length, about `longest` seconds together."""
    for _ in range(round(longest / seconds)):
        yield seconds
