"""What hangs under pages, gathered from a listing of all there is: comments, or files."""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, TypeVar

from .marks import Latest
from .records import digest_of

T = TypeVar("T")

KEPT_BYTES = 16_000_000  # in memory; of what is more, only the digests are kept, and each page is asked for its own
REMEMBERED = timedelta(minutes=5)  # so much more of a list than will be read again
MASK = (1 << 64) - 1


def digest_of_all(marks: list[str]) -> int:
    """Stands for a set of entries; 0 where there are none."""
    return sum(map(digest_of, marks)) & MASK


class Gathered(Generic[T]):
    """Entries by page. Bounded: beyond `KEPT_BYTES` a page only tells that it has some, and their digest."""

    def __init__(self, reach: timedelta) -> None:
        self._digests: dict[str, int] = {}
        self._kept: dict[str, list[T]] | None = {}
        self._bytes = 0
        self.latest: dict[str, Latest] = {}
        self._window = reach + REMEMBERED

    def add(self, page: str, mark: str, entry: T, size: int) -> None:
        self._digests[page] = (self._digests.get(page, 0) + digest_of(mark)) & MASK
        self._bytes += size
        if self._bytes > KEPT_BYTES:
            self._kept = None
        if self._kept is not None:
            self._kept.setdefault(page, []).append(entry)

    def list_named(self, name: str) -> Latest:
        """The newest entries of the list that they came from."""
        return self.latest.setdefault(name, Latest(self._window))

    def digest(self, page: str) -> int:
        return self._digests.get(page, 0)

    def of(self, page: str) -> list[T] | None:
        """The entries of a page; None where it must be asked for them."""
        if page not in self._digests:
            return []
        return None if self._kept is None else self._kept[page]
