"""Who asks GitHub: a person's token, or an App that gets tokens of an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ...auth.secrets import remember
from ...core.clock import utc_now
from ...core.errors import CredentialError, NotFound
from ...net.access import key_of
from ...net.http import Http
from .errors import APP_ID, APP_KEY

EARLY = timedelta(minutes=5)  # before its end a token is replaced
PROOF_LIFE = timedelta(minutes=9)  # of the App's own signature; GitHub allows ten
CLOCKS_APART = timedelta(seconds=60)


class AppProof:
    """A GitHub App that signs for itself, which is enough to ask for a token."""

    def __init__(self, app_id: str, private_key: str) -> None:
        self.key = key_of("app", app_id)
        self._app_id = app_id
        self._private_key = private_key

    def headers(self) -> Mapping[str, str]:
        import jwt

        now = utc_now()
        claims = {"iat": now - CLOCKS_APART, "exp": now + PROOF_LIFE, "iss": self._app_id}
        try:
            signed = jwt.encode(claims, self._private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise CredentialError(
                f"ARAGORA_{APP_KEY} is no private key.",
                hint="give it the text of the .pem file that GitHub made for the App, with all its lines",
            ) from error
        return {"Authorization": f"Bearer {signed}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class AppAccess:
    """The tokens of one installation of an App. `proof` asks as the App itself; it is opened when a token is due."""

    def __init__(self, proof: Callable[[], Http], app_id: str, installation: str, owner: str) -> None:
        self.key = key_of("installation", app_id, installation or owner)
        self._proof = proof
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
        """Gets another token, unless somebody did in the meantime."""
        with self._minting:
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._mint()
            return True

    def _mint(self) -> None:
        http = self._proof()
        self._installation = self._installation or self._find(http)
        answer = http.post(f"app/installations/{self._installation}/access_tokens", json={})
        self._token = answer.body["token"]
        self._ends_at = datetime.fromisoformat(answer.body["expires_at"])
        remember(self._token)

    def _find(self, http: Http) -> str:
        for kind in ("orgs", "users"):
            try:
                return str(http.get(f"{kind}/{self._owner}/installation").body["id"])
            except NotFound:
                continue
        raise CredentialError(
            f"the GitHub App is not installed at {self._owner}.",
            hint=f"install it there, and look at ARAGORA_{APP_ID} and the option 'organization'",
        )
