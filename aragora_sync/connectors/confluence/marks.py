"""Where a space was read up to: one mark for each of the lists that tell what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import Cursor
from ...core.errors import CursorExpired
from .records import moment_of

SETTLED = timedelta(seconds=30)  # no mark is nearer to the present: what happens now may not be listed yet
MOST_SEEN = 200  # entries of a list that are remembered by name


@dataclass(slots=True)
class Latest:
    """The newest entries of a list, by what tells each apart, and when they were made."""

    window: timedelta
    newest: datetime | None = None
    entries: dict[str, datetime] = field(default_factory=dict)

    def note(self, mark: str, moment: datetime | None) -> None:
        if moment is None:
            return
        if self.newest is None or moment > self.newest:
            self.newest = moment
        if moment >= self.newest - self.window:
            self.entries[mark] = moment
        if len(self.entries) > 2 * MOST_SEEN:
            kept = sorted(self.entries.items(), key=lambda entry: entry[1])[-MOST_SEEN:]
            self.entries = dict(kept)


class Marks:
    """The cursor of a space: what was read up to now, and what is noted while reading on.

    A mark is the newest time that a list told, in the source's own words, but never the present: an edit that is
    made while we read is told again. Lists of comments also remember their newest entries by name, so that these are
    not taken for news.
    """

    def __init__(self, cursor: Cursor, began_at: datetime | None) -> None:
        told: Any = cursor or {}
        self.began_at = began_at
        try:
            self._at: dict[str, datetime | None] = {name: moment_of(text) for name, text in told.get("at", {}).items()}
            self._seen: dict[str, list[str]] = dict(told.get("seen", {}))
            self.outside, self.labels = _number(told.get("outside")), _number(told.get("labels"))
        except (AttributeError, TypeError, ValueError) as error:
            raise CursorExpired("the cursor is of another version of this program.") from error
        self._began = dict(self._at)  # at the beginning of this reading

    def low(self, name: str, reach: timedelta) -> datetime | None:
        """From when on this list is read again; None: from its beginning."""
        return _before(self._began.get(name), reach)

    def was_seen(self, name: str) -> frozenset[str]:
        """The entries of this list that are no news."""
        return frozenset(self._seen.get(name, ()))

    def advance(self, name: str, newest: datetime | None) -> None:
        """Everything of this list up to `newest` was told, but for what is told again."""
        if newest is None:
            return
        if self.began_at is not None:
            newest = min(newest, self.began_at - SETTLED)
        before = self._at.get(name)
        self._at[name] = newest if before is None else max(before, newest)

    def remember(self, name: str, latest: Latest, reach: timedelta) -> None:
        """The entries that the next reading will find again."""
        low = _before(self._at.get(name), reach)
        kept = sorted(mark for mark, moment in latest.entries.items() if low is None or moment >= low)
        self._seen[name] = kept[-MOST_SEEN:]

    @property
    def cursor(self) -> Cursor:
        made: dict[str, Any] = {
            "at": {name: at.isoformat() for name, at in sorted(self._at.items()) if at is not None},
            "seen": {name: marks for name, marks in sorted(self._seen.items()) if marks},
        }
        if self.outside is not None:
            made["outside"] = f"{self.outside:x}"
        if self.labels is not None:
            made["labels"] = f"{self.labels:x}"
        return made


def _before(at: datetime | None, reach: timedelta) -> datetime | None:
    return None if at is None else at - reach


def _number(text: Any) -> int | None:
    return None if text is None else int(text, 16)
