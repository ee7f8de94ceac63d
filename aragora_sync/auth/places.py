"""What every place that may hold a credential can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Found:
    """A credential, and in words where it was found."""

    value: str = field(repr=False)
    origin: str


class Place(Protocol):
    """One link of the chain. An empty value counts as none."""

    def find(self, key: str) -> Found | None:
        """The credential, or None where this place has none. Raises where it has one that cannot be read."""

    def asked(self, key: str) -> list[str]:
        """What was looked at for `key`, a line each, in order."""


@runtime_checkable
class WritablePlace(Place, Protocol):
    """A place that keeps what it is given."""

    def keep(self, key: str, value: str) -> None:
        """Keeps the value for this connector alone, or raises CredentialError."""
