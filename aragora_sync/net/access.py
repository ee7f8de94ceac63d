"""Who asks: the headers that carry a credential, and what may be done when they are refused."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Protocol


class Access(Protocol):
    """One credential for one host."""

    @property
    def key(self) -> str:
        """Tells credentials apart without being one: requests of the same key share their pace."""

    def headers(self) -> Mapping[str, str]:
        """What a request carries now; may ask for a token first, under a lock of its own."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """After these headers were refused: whether there are others now, so that asking again makes sense."""


class Fixed:
    """Headers that stay: a token, a name and a password, or nothing at all."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self.key = key_of(*self._headers.values())

    def headers(self) -> Mapping[str, str]:
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


def bearer(token: str) -> Fixed:
    """A token, as RFC 6750 has it."""
    return Fixed({"Authorization": f"Bearer {token}"})


def basic(user: str, password: str) -> Fixed:
    """A name and a password, as RFC 7617 has it."""
    return Fixed({"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()})


def key_of(*secrets: str) -> str:
    """A name for what must not be named."""
    return hashlib.sha256("\0".join(secrets).encode()).hexdigest()[:16]
