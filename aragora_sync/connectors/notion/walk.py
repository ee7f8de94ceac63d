"""How far something is read: since which minute, and where a list breaks off."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import Cursor
from ...core.errors import CursorExpired
from .moments import minute_of, reached


@dataclass(frozen=True, slots=True)
class Walk:
    """A read from its begin to its end. Minutes are text; empty ones are not known yet."""

    since: str = ""  # edits from this minute on; empty: everything
    at: str = ""  # Notion's clock when it began; empty: it has not begun
    made: str = ""  # rows that were made before this minute were read
    latest: str = ""  # the latest edit that was seen
    schema: str = ""  # of the rows
    hidden: str = ""  # a minute in which more rows were made than Notion lists

    @classmethod
    def read(cls, cursor: Cursor) -> Walk:
        """The walk that a cursor stands for; without one, everything is to be read."""
        told: Any = cursor or {}
        try:
            return cls(**told)
        except TypeError as error:
            raise CursorExpired("the cursor is of another version of this program.") from error

    @property
    def is_open(self) -> bool:
        """Whether it was begun and not ended."""
        return bool(self.at)

    def begun(self, at: datetime) -> Walk:
        """The same, begun now, unless it was before."""
        return self if self.at else replace(self, at=minute_of(at))

    def saw(self, edited: str) -> Walk:
        """The same, after something that was edited in that minute."""
        return self if edited <= self.latest else replace(self, latest=edited)

    def ended(self, lateness: timedelta) -> Walk:
        """What is to be read after this one."""
        since = reached(self.since, self.latest, self.at, lateness) if self.at else self.since
        return Walk(since, schema=self.schema, hidden=self.hidden)

    def cursor(self) -> Cursor:
        """As JSON; only what a later run needs."""
        return {name: value for name, value in asdict(self).items() if value}
