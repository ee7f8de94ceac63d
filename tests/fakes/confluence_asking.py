"""How Confluence reads what it is asked for: parameters, orders, pages with a cursor, and refusals."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from .confluence_model import Content
from .web import Asked

Raw = dict[str, Any]
Told = dict[str, Any]


class Refused(Exception):
    """Ends a request with a status. Each API says it in its own words."""

    def __init__(self, status: int, title: str, code: str = "INVALID_REQUEST_PARAMETER") -> None:
        super().__init__(title)
        self.status, self.title, self.code = status, title, code


def missing(what: str = "Not Found") -> Refused:
    """It is not there, or not for this reader: nobody is told which."""
    return Refused(404, what, "NOT_FOUND")


@dataclass
class Quirks:
    """What a site may do that its documents do not promise, or leave open."""

    short_pages: int = 0  # so many in a page at most, whatever was asked for
    hollow_end: bool = False  # the last page tells of another, which is empty and tells of another
    poisonous: set[str] = field(default_factory=set)  # bodies of which the storage format cannot be had: a 500
    most_bytes: int = 0  # of bodies in one answer of v2; more takes too long: a 504
    unreadable_above: set[str] = field(default_factory=set)  # `ancestors` of these end a search with 404
    tells_deleted: bool = True  # lists tell of what was deleted for good where `status=deleted` is asked for
    trash_moves: bool = False  # what is trashed sorts by when that was
    cursor_seconds: float = 3600  # how long a cursor is good
    null_positions: bool = False  # children have no position, and their pages end after the first
    v2_refuses_scoped: bool = False  # a scoped token is good for v1 alone
    past_end: bool = False  # Data Center: offsets behind the end are answered with the last page again
    wrong_next: bool = True  # Data Center: `next` counts by the limit asked for, not by the one that held


class Kind:
    """What one parameter may be."""

    def read(self, name: str, given: list[str]) -> Any:
        """What is meant by the values given, in order."""
        raise NotImplementedError


@dataclass(frozen=True)
class One(Kind):
    """One word out of these; none given: any text."""

    words: tuple[str, ...] = ()

    def read(self, name: str, given: list[str]) -> str | None:
        if given and self.words and given[-1] not in self.words:
            raise Refused(400, f"Provided value {given[-1]} for '{name}' is not one of {', '.join(self.words)}")
        return given[-1] if given else None


@dataclass(frozen=True)
class Many(Kind):
    """Several, with commas between them or given again and again."""

    words: tuple[str, ...] = ()
    most: int = 0

    def read(self, name: str, given: list[str]) -> list[str]:
        found = [each for one in given for each in one.split(",") if each]
        if self.most and len(found) > self.most:
            raise Refused(400, f"Size of '{name}' must not be greater than {self.most}")
        for each in found:
            One(self.words).read(name, [each])
        return found


@dataclass(frozen=True)
class Number(Kind):
    usual: int | None = None
    least: int = 0
    most: int = 2**31 - 1

    def read(self, name: str, given: list[str]) -> int | None:
        if not given:
            return self.usual
        if not given[-1].lstrip("-").isdigit() or not self.least <= int(given[-1]) <= self.most:
            raise Refused(400, f"Provided value {given[-1]} for '{name}' is not between {self.least} and {self.most}")
        return int(given[-1])


@dataclass(frozen=True)
class Flag(Kind):
    usual: bool = False

    def read(self, name: str, given: list[str]) -> bool:
        if given and given[-1] not in ("true", "false"):
            raise Refused(400, f"Provided value {given[-1]} for '{name}' is not a boolean")
        return given[-1] == "true" if given else self.usual


def read(asked: Asked, known: Mapping[str, Kind]) -> Told:
    """The parameters, by what they are. An unknown one is refused, which Confluence itself does not do: it is a
    slip of the pen, which a test should see.
    """
    for name in asked.query:
        if name not in known:
            raise Refused(400, f"Unknown parameter '{name}'")
    return {name: kind.read(name, asked.every(name)) for name, kind in known.items()}


def orders(*names: str) -> One:
    """Ways to sort: each name, and its reverse with a `-`."""
    return One(tuple(f"{sign}{name}" for name in names for sign in ("", "-")))


def stamp(moment: datetime) -> str:
    """UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number_of(content_id: str) -> int:
    """Ids sort as numbers, those of attachments too."""
    return int(content_id.removeprefix("att"))


def place_of(content: Content, sort: str, quirks: Quirks) -> list[Any]:
    """Where it stands in an order; the id decides between equals."""
    return [_value(content, sort, quirks), number_of(content.id)]


def _value(content: Content, sort: str, quirks: Quirks) -> Any:
    if sort == "created-date":
        return stamp(content.created_at)
    if sort == "modified-date":
        moved = content.trashed_at if quirks.trash_moves and content.status == "trashed" else None
        return stamp(moved or content.updated_at)
    if sort == "title":
        return content.title.lower()
    if sort == "child-position":
        return -1 if content.position is None else content.position
    return 0


@dataclass
class Pager:
    """Cuts lists into pages. A cursor is a place in an order, holds for one question, and grows old."""

    quirks: Quirks
    now: Callable[[], datetime]

    def cut(
        self, things: Iterable[Any], told: Told, place: Callable[[Any], list[Any]], asked: Asked
    ) -> tuple[Any, str]:
        """One page, and the cursor of the next; "" where there is none."""
        descending = str(told.get("sort") or "").startswith("-")
        rows = list(things)
        if told.get("cursor"):
            after = self._opened(told["cursor"], asked)
            rows = [row for row in rows if _is_after(place(row), after, descending)]
        rows.sort(key=place, reverse=descending)
        limit = min(told["limit"], self.quirks.short_pages or told["limit"])
        page = rows[:limit]
        if len(rows) > limit:
            return page, self._cursor(place(page[-1]), asked)
        if self.quirks.hollow_end:
            return page, self._cursor(place(page[-1]) if page else ["~"], asked)
        return page, ""

    def _cursor(self, place: list[Any], asked: Asked) -> str:
        told = {"place": place, "for": _bound(asked), "at": self.now().timestamp()}
        return urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    def _opened(self, cursor: str, asked: Asked) -> list[Any]:
        try:
            told = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            place, bound, at = told["place"], told["for"], told["at"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(400, "Invalid cursor") from error
        if bound != _bound(asked) or self.now() - datetime.fromtimestamp(at, UTC) > timedelta(
            seconds=self.quirks.cursor_seconds
        ):
            raise Refused(400, "Invalid cursor")
        return list(place)


def following(asked: Asked, path: str, cursor: str) -> str:
    """The same question for the next page."""
    pairs = [(name, value) for name in asked.query for value in asked.every(name) if name != "cursor"]
    return f"{path}?{urlencode([*pairs, ('cursor', cursor)])}"


def _is_after(place: list[Any], after: list[Any], descending: bool) -> bool:
    if after == ["~"]:
        return False
    return place < after if descending else place > after


def _bound(asked: Asked) -> str:
    pairs = sorted(
        (name, asked.every(name))
        for name in asked.query
        if name not in ("cursor", "limit", "next", "start", "includeArchivedSpaces")
    )
    return json.dumps([asked.path.rpartition("/wiki/")[2], pairs])
