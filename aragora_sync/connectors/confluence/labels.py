"""Which pages are in, by their labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .gathered import digest_of_all


@dataclass(frozen=True, slots=True)
class Labelled:
    """The ids of the pages that have one of the labels to include, or of those to exclude."""

    included: Collection[str] | None  # None: no label is needed
    excluded: Collection[str] = frozenset()

    @classmethod
    def read(cls, included: Iterable[str] | None, excluded: Iterable[str]) -> Labelled:
        return cls(None if included is None else frozenset(included), frozenset(excluded))

    def has(self, page_id: str) -> bool:
        """Whether the page is in."""
        return page_id not in self.excluded and (self.included is None or page_id in self.included)

    @property
    def digest(self) -> int | None:
        """Stands for what is in by labels; None where they do not matter."""
        if self.included is None and not self.excluded:
            return None
        return digest_of_all([*(self.included or ()), *(f"-{page_id}" for page_id in self.excluded)])
