"""Where a collection was read to: what the cursor of its stream says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.changes import Cursor
from ...core.errors import CursorExpired
from .keys import extended, read_extended


@dataclass(frozen=True, slots=True)
class Place:
    """At rest, or in the middle of reading everything.

    `tag` stands for the collection: dropped and made anew, or in another cluster, it has another one. With `token`
    the server tells what changed since; with `lows`, all that is stamped so or later is read again. With neither,
    nothing tells what changed.
    """

    tag: str
    token: Mapping[str, Any] | None = None
    lows: Mapping[str, Any] | None = None  # of each type that timestamps have
    after: str | None = None  # the key up to which a pass came

    @classmethod
    def read(cls, cursor: Any, tag: str) -> Place:
        """The place of a stored cursor; raises CursorExpired where that belongs to another collection."""
        if cursor.get("tag") != tag:
            raise CursorExpired("the collection is not that of the last run: it was dropped, renamed or restored.")
        token, lows = cursor.get("token"), cursor.get("lows")
        return cls(tag, token and read_extended(token), lows and read_extended(lows), cursor.get("after"))

    @property
    def cursor(self) -> Cursor:
        """The place as JSON."""
        said: dict[str, Any] = {"tag": self.tag}
        if self.token is not None:
            said["token"] = extended(self.token)
        if self.lows is not None:
            said["lows"] = extended(self.lows)
        if self.after is not None:
            said["after"] = self.after
        return said
