"""The access of an application that acts for itself: no person logs in, and no token is kept."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.clock import utc_now
from .refreshing import Refreshing, bearer
from .secrets import remember
from .tokens import Tokens


class SelfGranted(Refreshing):
    """Asks for tokens when they are needed, again ahead of their end, and once after a refusal."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        with self._renewing:
            if self._tokens is None or bearer(self._tokens)["Authorization"] == refused.get("Authorization"):
                self._tokens = self._next(unless="")
            return True

    def known(self) -> Tokens:
        """Those that are there; none at first."""
        return self._tokens or Tokens()

    def current(self) -> Tokens:
        with self._renewing:
            if self.known().is_due(utc_now()):
                self._tokens = self._next(unless="")
            return self.known()

    def _next(self, unless: str) -> Tokens:
        fresh = self._refresh(self.known())
        remember(fresh.access)
        return fresh
