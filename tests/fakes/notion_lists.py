"""Pages of Notion's lists: how many at once, how they go on, and where they end too early."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .notion_shapes import error
from .notion_sight import Raw
from .web import Answer

MOST = 100  # in one page


class Refused(Exception):
    """Ends a request with an error of Notion's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = refusal(status, code, message)

    @classmethod
    def by(cls, answer: Answer) -> Refused:
        made = cls(answer.status, answer.body["code"], answer.body["message"])
        made.answer = answer
        return made


def refusal(status: int, code: str, message: str, retry_after: int | None = None, **additional: Any) -> Answer:
    """An error as Notion says it; also for `order`."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, error(status, code, message, **additional), headers)


def invalid(message: str) -> Refused:
    return Refused(400, "validation_error", message)


@dataclass(frozen=True)
class Cursor:
    """Where a list goes on: after what was given last. It holds for the question it was given for."""

    bound: str
    following: str  # the id that is next
    last: list[Any] | None  # what the last one is sorted by; None where the order is that of the list
    served: int
    given_at: datetime


@dataclass
class Listing:
    """What may be given, in its order: what is sorted by, and which of that descends; nothing: in the order it has."""

    ids: Sequence[str]
    keys: Sequence[list[Any]] | None = None
    descending: list[bool] = field(default_factory=list)
    limit: int | None = None  # no more of one question


class Lists:
    """All cursors that were given out. The attributes may be set at any time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.cursors_last: timedelta | None = None  # older ones are refused
        self.short_pages = False  # the first page is empty, the others have half
        self.cursors_die_with_row = False  # what was next is gone: the cursor is refused
        self.tells_early = False  # of a cut list each page says so, not the last one only
        self._cursors: dict[str, Cursor] = {}

    def expire(self) -> None:
        """No cursor that was given out until now holds any more."""
        self._cursors.clear()

    def page(self, listing: Listing, told: Mapping[str, Any], bound: str) -> tuple[list[int], Raw]:
        """The places in the listing of what is given, and how the envelope tells of more."""
        size, cursor = page_size(told), self._opened(told.get("start_cursor"), bound)
        first, served = self._first(listing, cursor), cursor.served if cursor else 0
        if self.short_pages:
            size = 0 if cursor is None else max(1, size // 2)
        rest = len(listing.ids) - first
        allowed = rest if listing.limit is None else min(rest, listing.limit - served)
        size = min(size, allowed)
        more, cut = size < allowed, allowed < rest
        step: Raw = {"next_cursor": None, "has_more": more}
        if more:
            step["next_cursor"] = self._give(listing, first, size, served, bound, cursor)
        if listing.limit is not None:
            told_now = cut and (self.tells_early or not more)
            reason = {"incomplete_reason": "query_result_limit_reached"} if told_now else {}
            step["request_status"] = {"type": "incomplete" if told_now else "complete", **reason}
        return [*range(first, first + size)], step

    def _give(self, listing: Listing, first: int, size: int, served: int, bound: str, before: Cursor | None) -> str:
        last = listing.keys[first + size - 1] if listing.keys and size else before.last if before else None
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{bound} {len(self._cursors)}"))
        self._cursors[name] = Cursor(bound, listing.ids[first + size], last, served + size, self.clock())
        return name

    def _opened(self, name: Any, bound: str) -> Cursor | None:
        if name is None:
            return None
        check_id(name, "start_cursor", "body")
        cursor = self._cursors.get(str(name))
        old = cursor and self.cursors_last is not None and self.clock() - cursor.given_at > self.cursors_last
        if cursor is None or cursor.bound != bound or old:
            raise invalid(f"The start_cursor provided is invalid: {name}")
        return cursor

    def _first(self, listing: Listing, cursor: Cursor | None) -> int:
        if cursor is None:
            return 0
        present = cursor.following in listing.ids
        if not present and (listing.keys is None or self.cursors_die_with_row):
            raise invalid(f"The start_cursor provided is invalid: {cursor.following}")
        if listing.keys is None:
            return listing.ids.index(cursor.following)
        if cursor.last is None:
            return 0
        later = (place for place, key in enumerate(listing.keys) if compared(key, cursor.last, listing.descending) > 0)
        return next(later, len(listing.ids))


def compared(one: list[Any], other: list[Any], descending: list[bool]) -> int:
    for have, want, backwards in zip(one, other, descending, strict=True):
        if have != want:
            return (-1 if have < want else 1) * (-1 if backwards else 1)
    return 0


def in_order(things: list[Any], key: Callable[[Any], list[Any]], descending: list[bool]) -> list[tuple[list[Any], Any]]:
    """Each with what it is sorted by."""
    keyed = [(key(each), each) for each in things]
    for place, backwards in reversed([*enumerate(descending)]):
        keyed.sort(key=lambda pair, place=place: pair[0][place], reverse=backwards)
    return keyed


def page_size(told: Mapping[str, Any]) -> int:
    asked = told.get("page_size", MOST)
    size = int(asked) if str(asked).lstrip("-").isdigit() else None
    if size is None:
        raise invalid(f"body failed validation: body.page_size should be a number, instead was `{asked!r}`.")
    if size > MOST:
        raise invalid(f"body failed validation: body.page_size should be ≤ `{MOST}`, instead was `{size}`.")
    if size < 1:
        raise invalid(f"body failed validation: body.page_size should be ≥ `1`, instead was `{size}`.")
    return size


def check_id(text: Any, name: str, place: str = "path") -> str:
    """With dashes, of one with or without them."""
    try:
        return str(uuid.UUID(str(text)))
    except ValueError as failure:
        message = f"{place} failed validation: {place}.{name} should be a valid uuid, instead was `{text!r}`."
        raise invalid(message) from failure
