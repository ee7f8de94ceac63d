"""What must be asked for one by one, asked ahead of its turn: order kept, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, Generic, TypeVar

from ..core.errors import AragoraSyncError

T = TypeVar("T")

LONGEST_QUEUE = 1000
STEPS_AHEAD = 2  # one would be asked for late, while the one before it is being stored

_END = object()


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """Something still to be asked for.

    `run` is given an event that is set as soon as nobody waits for the answer any more. `weight` is about how many
    bytes the answer holds.
    """

    run: Callable[[Event], T]
    weight: int = 0


def prefetch(steps: Iterable[T | Ask[T]], *, width: int, weight: int) -> Generator[T, None, None]:
    """The steps in their order, each `Ask` as its answer.

    At most `width` are asked for at once, and answers of about `weight` bytes wait for their turn; a heavier one goes
    alone. What an answer raises is raised at its place, what `steps` raises after all answers before it. Closing the
    generator drops what was not begun and waits for what was: whoever may raise between two answers closes it.
    """
    halt, pool = Event(), ThreadPoolExecutor(width, "prefetch")
    queue: _Queue[T] = _Queue()
    try:
        for step in _until_error(steps, queue):
            if isinstance(step, Ask):
                while queue and queue.weight + step.weight > weight:
                    yield queue.take()
                queue.add(pool.submit(step.run, halt), step.weight)
            elif queue:
                queue.add(step)
            else:
                yield step
            while queue.is_ready() or len(queue) > LONGEST_QUEUE:
                yield queue.take()
        while queue:
            yield queue.take()
        if queue.error is not None:
            raise queue.error
    finally:
        halt.set()
        pool.shutdown(wait=True, cancel_futures=True)
        _close(steps)


def ahead(steps: Iterator[T]) -> Generator[T, None, None]:
    """The steps in their order, the next ones asked for while one is worked on; one at a time, and at most a few.

    For pages of which all are wanted: whoever stops early has asked for some too many. What `steps` raises is raised
    at its place. Closing the generator waits for the step that was begun.
    """
    pool = ThreadPoolExecutor(1, "ahead")
    coming = deque(pool.submit(next, steps, _END) for _ in range(STEPS_AHEAD))
    try:
        while (step := coming.popleft().result()) is not _END:
            coming.append(pool.submit(next, steps, _END))
            yield step  # type: ignore[misc]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _close(steps)


class _Queue(deque[tuple[Any, int]], Generic[T]):
    """Answers in their order, there already or not, each with its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = 0
        self.error: AragoraSyncError | None = None  # what ended the steps

    def add(self, answer: T | Future[T], weight: int = 0) -> None:
        self.append((answer, weight))
        self.weight += weight

    def is_ready(self) -> bool:
        """Whether `take` would not wait."""
        return bool(self) and not (isinstance(self[0][0], Future) and not self[0][0].done())

    def take(self) -> T:
        """The first answer; waits for it."""
        answer, weight = self.popleft()
        self.weight -= weight
        taken: T = answer.result() if isinstance(answer, Future) else answer
        return taken


def _until_error(steps: Iterable[T | Ask[T]], queue: _Queue[T]) -> Iterator[T | Ask[T]]:
    """The steps before one that raises; the error waits in the queue for its turn."""
    try:
        yield from steps
    except AragoraSyncError as error:
        queue.error = error


def _close(steps: Iterable[Any]) -> None:
    if (close := getattr(steps, "close", None)) is not None:
        close()
