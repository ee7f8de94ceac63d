"""Where a table was read to: what the cursor of its stream says, and which transactions are new since then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.changes import Cursor
from ...core.errors import CursorExpired

XIDS = 1 << 32  # a row keeps this much of the number of the transaction that wrote it
TELLABLE = (1 << 31) - 1_000_000  # so many transactions back, what is new can be told from what is old
FIRST_XID = 3  # those below have a meaning of their own


@dataclass(frozen=True, slots=True)
class Mark:
    """The state of a table at one moment.

    Every row that a later reading may find new was written by a transaction of at least `floor`: the oldest that ran
    when the snapshot was taken. The transactions that a snapshot lists would say more, but they lack subtransactions:
    a row written after a SAVEPOINT of a transaction still open would be taken for old, and lost.
    """

    floor: int  # in 64 bits; 0 where rows do not tell who wrote them
    high: int | None = None  # microseconds of the latest timestamp; None where there is no need for it

    @property
    def xid(self) -> str:
        """The floor as rows carry it."""
        return str(max(FIRST_XID, self.floor % XIDS))

    def check(self, next_xid: int) -> None:
        """Raises CursorExpired where the server cannot tell any more what is new since this mark."""
        if self.floor > next_xid:
            raise CursorExpired("the database went back in time: it was restored from a backup.")
        if next_xid - self.floor > TELLABLE:
            raise CursorExpired("there were too many transactions since the last run to tell what is new.")


@dataclass(frozen=True, slots=True)
class Place:
    """What a cursor says: at rest, in the middle of a pass, or in the middle of very many changes.

    `tag` stands for the table as it was: made anew, restored or given other columns, it has another one.
    """

    tag: str
    since: Mark | None = None  # changes since then are read; None: everything
    until: Mark | None = None  # what the reading under way will have reached; None: none is under way
    after: list[str] | None = None  # the key up to which it came
    whole: bool = True  # the pass reads whole rows; otherwise it compares keys and versions

    @classmethod
    def read(cls, cursor: Any, tag: str) -> Place:
        """The place of a stored cursor; raises CursorExpired where that belongs to another state of the table."""
        if cursor is None:
            return cls(tag)
        if cursor.get("tag") != tag:
            raise CursorExpired("the table or its columns are not those of the last run.")
        return cls(
            tag, _mark(cursor.get("since")), _mark(cursor.get("until")), cursor.get("after"), cursor.get("whole", True)
        )

    @property
    def cursor(self) -> Cursor:
        """The place as JSON."""
        said: dict[str, Any] = {"tag": self.tag}
        for name, mark in (("since", self.since), ("until", self.until)):
            if mark is not None:
                said[name] = {"floor": mark.floor, "high": mark.high}
        if self.after is not None:
            said |= {"after": self.after, "whole": self.whole}
        return said


def _mark(said: Any) -> Mark | None:
    return None if said is None else Mark(said["floor"], said["high"])
