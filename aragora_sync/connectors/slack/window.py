"""How far a channel is read: a stretch of its history, from its newest message down to where it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...core.changes import Cursor
from ...core.errors import CursorExpired
from .moments import before

DAY_SECONDS = 86_400
RESCAN_SECONDS = 30 * DAY_SECONDS  # so far back each run looks for replies, edits and deletions
LATE_SECONDS = 60  # messages appear in the history a little late
TOP = ":"  # above every timestamp


@dataclass(frozen=True, slots=True)
class Window:
    """History is told newest first. Until the whole window was read, `below` says what remains: from there down to
    `floor`. `whole`: threads are read again even where the history shows no change, as edits of replies do not.
    """

    since: str  # nothing older is in
    floor: str
    at: str  # Slack's clock when it was begun
    newest: str = ""  # the newest message that was met
    below: str = TOP
    whole: bool = False
    private: bool = False  # what the channel was

    @classmethod
    def everything(cls, since: str, at: str, *, private: bool = False) -> Window:
        return cls(since, since, at, whole=True, private=private)

    @classmethod
    def read(cls, cursor: Cursor) -> Window:
        """The window that a cursor stands for, read or not yet."""
        told: Any = cursor
        try:
            return cls(**told)
        except TypeError as error:
            raise CursorExpired("the cursor is of another version of this program.") from error

    @property
    def is_open(self) -> bool:
        """Whether a part is still to be read."""
        return self.below != ""

    def down_to(self, ts: str, newest: str) -> Window:
        """The same, read so far."""
        return replace(self, below=ts, newest=max(self.newest, newest))

    def closed(self) -> Window:
        """The same, read to its end."""
        return replace(self, below="", whole=False)

    def next(self, at: str) -> Window:
        """What is to be read after this one: what is new since, and what may have changed in the days before."""
        floor = before(self.at, RESCAN_SECONDS)
        if self.newest:
            floor = min(floor, before(self.newest, LATE_SECONDS))
        return Window(self.since, max(self.since, floor), at, self.newest, private=self.private)

    def cursor(self) -> Cursor:
        """As JSON; only what a later run needs."""
        told: dict[str, Any] = {"since": self.since, "floor": self.floor, "at": self.at, "newest": self.newest}
        flags = {name: True for name in ("whole", "private") if getattr(self, name)}
        return told | {"below": self.below} | flags
