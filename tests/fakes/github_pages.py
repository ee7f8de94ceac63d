"""How GitHub's REST API cuts lists into pages."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from .github_access import Refused

T = TypeVar("T")

USUAL_SIZE, MOST = 30, 100
TOO_DEEP = (
    "Pagination with the page parameter is not supported for large datasets, please use cursor based pagination "
    "(after/before)"
)


@dataclass(frozen=True)
class Page:
    """The query of a list, and where it was asked for."""

    address: str
    query: Mapping[str, str]

    @property
    def size(self) -> int:
        """More than the most are silently cut, nonsense is ignored."""
        given = self.query.get("per_page", "")
        return min(int(given), MOST) if given.isdigit() and int(given) else USUAL_SIZE

    @property
    def number(self) -> int:
        given = self.query.get("page", "")
        return int(given) if given.isdigit() and int(given) else 1

    def since(self) -> datetime | None:
        """The epoch is a moment at which nothing is found; see `later`."""
        given = self.query.get("since")
        return None if given is None else moment_of(given)

    def numbered(self, things: Sequence[T]) -> tuple[list[T], dict[str, str]]:
        """Offsets: what is edited between two pages shifts what follows."""
        last = max(1, -(-len(things) // self.size))
        begin = (self.number - 1) * self.size
        steps = {"prev": self.number - 1, "next": self.number + 1, "last": last, "first": 1}
        if self.number >= last:
            del steps["next"], steps["last"]
        if self.number == 1:
            del steps["prev"], steps["first"]
        links = [f'<{self._link(page=number)}>; rel="{name}"' for name, number in steps.items()]
        return list(things[begin : begin + self.size]), {"Link": ", ".join(links)} if links else {}

    def anchored(
        self,
        things: Sequence[T],
        key: Callable[[T], tuple[Any, ...]],
        *,
        descending: bool,
        shifting: bool,
        deepest: int,
    ) -> tuple[list[T], dict[str, str]]:
        """Links hold a cursor, which stands for the last thing of the page (`shifting`: for its place).

        `page` alone is taken up to `deepest` things.
        """
        after = self.query.get("after")
        if after is None:
            if self.number * self.size > deepest:
                raise Refused(422, TOO_DEEP)
            begin = (self.number - 1) * self.size
        elif shifting:
            begin = int(_opened(after))
        else:
            place = _opened(after)
            past = [_written(key(thing)) < place if descending else _written(key(thing)) > place for thing in things]
            begin = past.index(True) if True in past else len(things)
        page = list(things[begin : begin + self.size])
        if begin + self.size >= len(things):
            return page, {}
        cursor = _sealed(str(begin + self.size) if shifting else _written(key(page[-1])))
        return page, {"Link": f'<{self._link(after=cursor, page=self.number + 1)}>; rel="next"'}

    def _link(self, **more: Any) -> str:
        return f"{self.address}?{urlencode({**self.query, **{name: str(value) for name, value in more.items()}})}"


def later(things: Sequence[T], since: datetime | None, when: Callable[[T], datetime]) -> list[T]:
    """Those updated then or later. Since the beginning of time there is nothing, which is how GitHub answers."""
    if since is None:
        return list(things)
    return [] if since.timestamp() <= 0 else [thing for thing in things if when(thing) >= since]


def moment_of(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(422, "Invalid request.\n\nInvalid since.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _written(key: tuple[Any, ...]) -> str:
    """In an order that is that of the values."""
    parts = [part.isoformat() if isinstance(part, datetime) else f"{part:012d}" for part in key]
    return "|".join(parts)


def _sealed(place: str) -> str:
    return urlsafe_b64encode(f"cursor:v2:{place}".encode()).decode()


def _opened(cursor: str) -> str:
    try:
        seal, _, place = b64decode(cursor, altchars=b"-_", validate=True).decode().rpartition("v2:")
    except ValueError as error:
        raise Refused(422, "The cursor is not valid.") from error
    if seal != "cursor:":
        raise Refused(422, "The cursor is not valid.")
    return place
