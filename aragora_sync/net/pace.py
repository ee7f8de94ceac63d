"""How fast one credential may ask one host: learnt from the answers, shared by all who use it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from ..core.stop import Stopped, StopSign
from . import clock as _time
from .retry import TooLong

TICK_SECONDS = 0.2  # how often one who waits for a place looks whether a stop was requested
GROWTH = 4  # so many good answers at most make room for one more request at once; where few go at once, as few do

_paces: WeakValueDictionary[tuple[str, str, str], Pace] = WeakValueDictionary()
_making = threading.Lock()


class Pace:
    """At most `width` requests at once. A refusal halts all until the server's time is over, and halves the width,
    which then grows again. Safe among threads.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._allowed = width
        self._running = 0
        self._good = 0  # answers since the width last grew
        self._spacing = 0.0  # seconds between two requests
        self._next_at = 0.0  # when the next one may go
        self._closed_until = 0.0
        self._reason = ""  # why it is closed
        self._changing = threading.Condition()

    @contextmanager
    def turn(self, stop: StopSign, patience: float) -> Iterator[None]:
        """Waits for its turn, and holds a place. Waits of more than `patience` seconds are TooLong at once."""
        self._wait_for_place(stop, patience)
        try:
            yield
        finally:
            with self._changing:
                self._running -= 1
                self._changing.notify()

    def refused(self, seconds: float, reason: str) -> None:
        """The server asked for a pause of so many seconds."""
        with self._changing:
            if _time.clock.now() >= self._closed_until:  # else this is the same refusal, told to several
                self._allowed, self._good = max(1, self._allowed // 2), 0
            self.rest(seconds, reason)

    def rest(self, seconds: float, reason: str) -> None:
        """Nothing may go for so many seconds, though nothing was refused: the last answer used up what there was."""
        with self._changing:
            until = _time.clock.now() + seconds
            if until > self._closed_until:
                self._closed_until, self._reason = until, reason

    def went_well(self) -> None:
        """An answer that was no refusal."""
        with self._changing:
            self._good += 1
            if self._good >= min(self._allowed, GROWTH) and self._allowed < self.width:
                self._allowed, self._good = self._allowed + 1, 0
                self._changing.notify()

    def at_most(self, requests: int, seconds: float) -> None:
        """From now on so many in so many seconds, one after the other."""
        with self._changing:
            self._spacing = seconds / requests
            self._next_at = max(self._next_at, _time.clock.now() + self._spacing)

    def _wait_for_place(self, stop: StopSign, patience: float) -> None:
        """Whoever comes first goes first: each takes the next free moment as its own before it waits for it."""
        clock = _time.clock
        latest = clock.now() + patience
        mine: float | None = None
        while not stop.requested:
            with self._changing:
                now = clock.now()
                due = max(self._closed_until, self._next_at if mine is None else mine)
                reason = self._reason if self._closed_until > now else "its limit of requests is kept"
                if due > latest:
                    raise TooLong(reason, retry_after=due - now)
                if mine is None:
                    mine = max(due, now)
                    self._next_at = mine + self._spacing
                if due <= now:
                    if self._running < self._allowed:
                        self._running += 1
                        return
                    self._changing.wait(TICK_SECONDS)
                    continue
            if clock.wait_until(due, stop, reason):
                break
        raise Stopped


def pace_of(host: str, key: str, bucket: str, width: int) -> Pace:
    """The one pace of this host, credential and bucket in this process."""
    with _making:
        found = _paces.get((host, key, bucket))
        if found is None:
            found = _paces[host, key, bucket] = Pace(width)
        return found
