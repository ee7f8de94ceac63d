"""GraphQL's lists: pages by cursors that stand for a thing, not for a place."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

MOST = 100
Key = Callable[[Any], tuple[Any, ...]]


class Problem(Exception):
    """An entry of `errors`; what it is about is null."""

    def __init__(self, type: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.type, self.more = type, more


class Connection:
    """One page of a list, as `given` asks; without `first` and `last` it only tells how many there are."""

    def __init__(
        self,
        name: str,
        things: Sequence[Any],
        wrap: Callable[[Any], Any],
        given: Mapping[str, Any],
        *,
        key: Key | None = None,
        descending: bool = False,
        order: str = "",
    ) -> None:
        first, last, after, before = (given.get(name) for name in ("first", "last", "after", "before"))
        self._name, self._wrap, self._order = name, wrap, f"{order}{'-' if descending else ''}"
        self._key: Key = key or (lambda thing: (thing.id,))
        self.total_count = len(things)
        rows = sorted(things, key=self._key, reverse=descending)
        self._asked = first is not None or last is not None
        _check(name, "first", first)
        _check(name, "last", last)
        begin, end = 0, len(rows)
        if after:
            begin = _past(rows, self._key, self._place(after), descending)
        if before:
            place = self._place(before)
            end = next((at for at, row in enumerate(rows) if not _before(self._key(row), place, descending)), end)
        if first is not None:
            end = min(end, begin + first)
        if last is not None:
            begin = max(begin, end - last)
        self._rows = rows[begin:end]
        self._more, self._less = end < len(rows), begin > 0

    @property
    def nodes(self) -> list[Any]:
        self._bounded()
        return [self._wrap(row) for row in self._rows]

    @property
    def edges(self) -> list[Any]:
        self._bounded()
        return [{"cursor": self._cursor(row), "node": self._wrap(row)} for row in self._rows]

    @property
    def page_info(self) -> dict[str, Any]:
        self._bounded()
        ends = [self._cursor(row) for row in self._rows]
        return {
            "hasNextPage": self._more,
            "hasPreviousPage": self._less,
            "startCursor": ends[0] if ends else None,
            "endCursor": ends[-1] if ends else None,
        }

    def _bounded(self) -> None:
        if not self._asked:
            told = "You must provide a `first` or `last` value to properly paginate the"
            raise Problem("MISSING_PAGINATION_BOUNDARIES", f"{told} `{self._name}` connection.")

    def _cursor(self, row: Any) -> str:
        parts = [part.isoformat() if isinstance(part, datetime) else part for part in self._key(row)]
        return b64encode(f"cursor:v2:{json.dumps([self._order, *parts])}".encode()).decode()

    def _place(self, cursor: str) -> list[Any]:
        """What a cursor of a list in this very order stands for."""
        try:
            order, *place = json.loads(b64decode(cursor, validate=True).decode().removeprefix("cursor:v2:"))
        except (ValueError, TypeError):
            order, place = None, []
        if order != self._order:
            raise Problem("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.")
        return place


def _check(name: str, argument: str, value: int | None) -> None:
    if value is None:
        return
    if value > MOST:
        told = (
            f"Requesting {value} records on the `{name}` connection exceeds the `{argument}` limit of {MOST} records."
        )
        raise Problem("EXCESSIVE_PAGINATION", told)
    if value < 1:
        raise Problem("ARGUMENT_LIMIT", f"`{argument}` on the `{name}` connection cannot be less than one.")


def _written(key: tuple[Any, ...]) -> list[Any]:
    return [part.isoformat() if isinstance(part, datetime) else part for part in key]


def _before(key: tuple[Any, ...], place: list[Any], descending: bool) -> bool:
    return _written(key) > place if descending else _written(key) < place


def _past(rows: Sequence[Any], key: Key, place: list[Any], descending: bool) -> int:
    for at, row in enumerate(rows):
        written = _written(key(row))
        if (written < place) if descending else (written > place):
            return at
    return len(rows)
