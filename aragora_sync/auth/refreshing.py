"""Access tokens that are renewed ahead of their end: by one process at a time, and kept before they are used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import ClassVar

from ..core.clock import utc_now
from ..core.errors import CredentialError
from ..core.stop import StopSign
from ..net.access import key_of
from .oauth import InvalidGrant
from .token_store import TokenStore
from .tokens import Tokens


class Refreshing:
    """The access of one login. `refresh` asks the vendor for the next tokens; `login` is what a person must do else.

    `rotates`: a refresh token is spent by its use, so that nothing is asked where the next one could not be kept.
    """

    renews: ClassVar[bool] = True  # False: such tokens do not end

    def __init__(
        self,
        store: TokenStore,
        refresh: Callable[[Tokens], Tokens],
        *,
        service: str,
        login: str,
        stop: StopSign,
        rotates: bool = True,
    ) -> None:
        self.key = key_of("login", str(store.path))
        self._store = store
        self._refresh = refresh
        self._service = service
        self._login = login
        self._stop = stop
        self._rotates = rotates
        self._tokens: Tokens | None = None
        self._renewing = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        return bearer(self.current())

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Once after a refusal: the tokens that somebody else got meanwhile, or else new ones, where there can be."""
        with self._renewing:
            if self._tokens is not None and bearer(self._tokens)["Authorization"] == refused.get("Authorization"):
                known = self.known()
                if not known.refresh and known.access == self._tokens.access:
                    return False
                self._tokens = self._next(unless=self._tokens.access)
            return True

    def current(self) -> Tokens:
        """Tokens that still hold for a while. Raises CredentialError where a person must log in."""
        with self._renewing:
            if self._tokens is None:
                self._tokens = self.known()
            if self._tokens.is_due(utc_now()):
                self._tokens = self._next(unless=self._tokens.access)
            return self._tokens

    def renewed(self) -> Tokens:
        """New tokens, whether or not the old ones still hold."""
        with self._renewing:
            self._tokens = self._next(unless=self.known().access)
            return self._tokens

    def known(self) -> Tokens:
        """The newest tokens that are kept, as they are; CredentialError where nobody has logged in."""
        known = self._store.current()
        if known is None:
            raise CredentialError(f"nobody has logged in at {self._service} yet.", hint=self._login)
        return known

    def _next(self, unless: str) -> Tokens:
        """Under the lock: what is kept now, if it is another than `unless`; else the next, kept before it is used."""
        with self._store.lock(self._stop):
            known = self.known()
            if known.access != unless and not known.is_due(utc_now()):
                return known
            if not known.refresh:
                raise CredentialError(
                    f"the login at {self._service} has ended, and cannot renew itself.", hint=self._login
                )
            if self._rotates:
                self._store.prove(known)
            try:
                fresh = known.followed_by(self._refresh(known))
            except InvalidGrant as error:
                raise CredentialError(
                    f"{self._service} refused the refresh token: it was used before, revoked, or is too old.",
                    hint=self._login,
                ) from error
            self._keep(fresh, before=known)
            return fresh

    def _keep(self, fresh: Tokens, before: Tokens) -> None:
        """An access token alone may live in this process only: the next one gets its own."""
        try:
            self._store.keep(fresh)
        except CredentialError:
            if self._rotates or fresh.refresh != before.refresh:
                raise


def bearer(tokens: Tokens) -> dict[str, str]:
    """The header in which they are shown."""
    return {"Authorization": f"Bearer {tokens.access}"}
