"""One policy around one request, whatever carries it: what may pass by itself is asked again, a few times, soon.

What takes longer than a few seconds is the engine's: it starts the stream again from its last stored cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..core.errors import TransientError

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 2.0

T = TypeVar("T")


def retried(request: Callable[[], T]) -> T:
    """What the request gave, the first time or one of the next; raises the last TransientError."""
    try:
        return request()
    except TransientError:
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        again = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(ATTEMPTS - 1),
            wait=wait_random_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS),
            reraise=True,
        )
        return again(request)
