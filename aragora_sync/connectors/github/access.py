"""Who asks GitHub: a token, or an App that mints tokens of an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ...auth.secrets import remember
from ...core.clock import utc_now
from ...core.errors import CredentialError
from ...net.access import Access, Fixed, bearer, key_of

if TYPE_CHECKING:
    from ...net.http import Http

EARLY = timedelta(minutes=5)  # a token is minted anew so long before its end
PROOF_LIFE = timedelta(minutes=9)  # of the App's own signature; GitHub allows ten
CLOCKS_APART = timedelta(seconds=60)
PERMISSIONS = {"contents": "read", "issues": "read", "pull_requests": "read", "discussions": "read", "metadata": "read"}


class AppAccess:
    """A GitHub App: signs for itself, and gets a token of its installation, which lives for an hour."""

    def __init__(self, app_id: str, private_key: str, installation: str, owner: str) -> None:
        self.key = key_of("app", app_id, installation or owner)
        self.http: Callable[[Access], Http]  # set by who opens connections
        self._app_id = app_id
        self._private_key = private_key
        self._installation = installation
        self._owner = owner
        self._token = ""
        self._ends_at: datetime | None = None
        self._minting = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        with self._minting:
            if self._ends_at is None or utc_now() > self._ends_at - EARLY:
                self._mint()
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Mints once more, unless somebody else did in the meantime."""
        with self._minting:
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._mint()
            return True

    def _mint(self) -> None:
        http = self.http(Fixed({"Authorization": f"Bearer {self._proof()}"}))
        installation = self._installation or str(http.get(f"/orgs/{self._owner}/installation").body["id"])
        answer = http.post(f"/app/installations/{installation}/access_tokens", json={"permissions": PERMISSIONS})
        self._token = answer.body["token"]
        self._ends_at = datetime.fromisoformat(answer.body["expires_at"])
        remember(self._token)

    def _proof(self) -> str:
        import jwt

        now = utc_now()
        claims = {"iat": now - CLOCKS_APART, "exp": now + PROOF_LIFE, "iss": self._app_id}
        try:
            return jwt.encode(claims, self._private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise CredentialError(
                "ARAGORA_GITHUB_APP_PRIVATE_KEY is no private key.",
                hint="give it the text of the .pem file of the App, or its path by ARAGORA_GITHUB_APP_PRIVATE_KEY_FILE",
            ) from error


def token_access(token: str) -> Fixed:
    """A classic or a fine-grained token."""
    return bearer(token)
