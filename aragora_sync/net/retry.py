"""One policy around one request, whatever carries it: what may pass by itself is asked again, a few times, soon.

What takes longer than a few seconds is the engine's: it starts the stream again from its last stored cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..core.errors import TransientError

if TYPE_CHECKING:
    from tenacity import RetryCallState

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 2.0
SHORTEST_PAUSE_SECONDS = 1.0  # a server that names less has refused like any other

T = TypeVar("T")


class TooLong(TransientError):
    """Nobody waits that long for one request."""


def retried(request: Callable[[], T], sleep: Callable[[float], None] | None = None) -> T:
    """What the request gave, the first time or one of the next; raises the last TransientError.

    One that names its own time (`retry_after`) is no failed attempt: the next call of `request` waits as long, or
    raises TooLong. `sleep` waits between failed attempts.
    """
    try:
        return request()
    except TransientError as error:
        return _again(request, error, sleep)


def _again(request: Callable[[], T], failed: TransientError, sleep: Callable[[float], None] | None) -> T:
    """tenacity is loaded where something failed; what failed already is its first attempt."""
    from tenacity import Retrying, nap, retry_if_exception_type, wait_random_exponential

    known: list[TransientError] = [failed]
    failures = 0

    def attempt() -> T:
        if known:
            raise known.pop()
        return request()

    def is_enough(state: RetryCallState) -> bool:
        nonlocal failures
        failures += not _names_its_time(state)
        return failures >= ATTEMPTS or isinstance(_error_of(state), TooLong)

    backoff = wait_random_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
    return Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=is_enough,
        wait=lambda state: 0 if _names_its_time(state) else backoff(state),
        sleep=sleep or nap.sleep,
        reraise=True,
    )(attempt)


def _names_its_time(state: RetryCallState) -> bool:
    error = _error_of(state)
    return isinstance(error, TransientError) and (error.retry_after or 0) >= SHORTEST_PAUSE_SECONDS


def _error_of(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
