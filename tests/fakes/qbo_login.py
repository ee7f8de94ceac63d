"""How people and programs get into QuickBooks: apps with two sets of keys, consent, tokens that rotate."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from .web import Answer, Asked

SCOPE = "com.intuit.quickbooks.accounting"
OPENID = {"openid", "profile", "email", "phone", "address"}
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400  # without use
CODE_SECONDS = 600
HARD_SECONDS = 5 * 365 * 86_400  # of a whole chain, from the first consent
ASKS_HARD = "x-include-refresh-token-hard-expires-in"
IP_ADDRESS = re.compile(r"[\d.]+|\[.*\]")


@dataclass
class App:
    """One set of keys. The redirect addresses of production are https and name no IP address."""

    client_id: str
    secret: str
    environment: str  # "production" or "sandbox"
    redirect_uris: list[str] = field(default_factory=list)

    def register(self, uri: str) -> None:
        parts = urlsplit(uri)
        host = parts.netloc.rpartition(":")[0] or parts.netloc
        local = self.environment == "sandbox" and parts.scheme == "http" and parts.hostname == "localhost"
        if not local and (parts.scheme != "https" or IP_ADDRESS.fullmatch(host)):
            raise ValueError(f"{uri} cannot be registered for {self.environment} keys")
        self.redirect_uris.append(uri)


@dataclass
class Grant:
    """That somebody let an app into one company; a chain of refresh tokens."""

    app: App
    realm_id: str
    began_at: datetime
    refresh: str = ""
    refresh_at: datetime | None = None  # since when it has this value
    used_at: datetime | None = None
    former: dict[str, datetime] = field(default_factory=dict)  # refresh tokens that were replaced, and when
    access: dict[str, datetime] = field(default_factory=dict)  # access tokens, and until when
    revoked: bool = False


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    until: datetime
    used: bool = False


class TokenError(Exception):
    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        told = {"error_description": description} if description else {}
        self.answer = Answer(status, {**told, "error": error})


class Login:
    """`apps` by client id. A person at the page of consent `consents`, or does not; `chosen` is their company.

    For tests: connect(realm_id, app) → what a token exchange answers; consent(url) → where the browser goes
    afterwards; disconnect(realm_id) as the owner does in QuickBooks; expire_access() ends all access tokens now.
    Rules: `rotate_every`, `grace` (how long a replaced refresh token is still taken), `reuse_kills` (whether a
    replaced one ends the chain), `hard_seconds`, `refresh_seconds`, `tells_hard` (whether the cap is told at all).
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.apps: dict[str, App] = {}
        self.grants: list[Grant] = []
        self.codes: dict[str, Code] = {}
        self.consents = True
        self.chosen = ""
        self.rotate_every = timedelta(hours=24)
        self.grace = timedelta(0)
        self.reuse_kills = False
        self.refresh_seconds, self.hard_seconds = REFRESH_SECONDS, HARD_SECONDS
        self.tells_hard = True
        self._made = 0

    # Consent, in a browser

    def authorize(self, asked: Asked) -> Answer:
        """The page at which a person says yes or no; it sends the browser back."""
        query = asked.query
        app = self.apps.get(query.get("client_id", ""))
        uri = query.get("redirect_uri", "")
        if app is None or uri not in app.redirect_uris:
            told = "The redirect_uri query parameter value is invalid." if app else "The client_id is invalid."
            return Answer(400, f"<html><body>{told}</body></html>".encode(), {"Content-Type": "text/html"})
        if not query.get("state"):
            return Answer(400, b"<html><body>The state query parameter is missing.</body></html>")
        scopes = set(query.get("scope", "").split())
        if query.get("response_type") != "code" or SCOPE not in scopes or scopes - OPENID - {SCOPE}:
            back = {"error": "invalid_scope" if query.get("response_type") == "code" else "unsupported_response_type"}
        elif not self.consents:
            back = {"error": "access_denied"}
        else:
            grant = Grant(app, self.chosen, self._now())
            code = self._new("AB1")
            self.codes[code] = Code(grant, uri, self._now() + timedelta(seconds=CODE_SECONDS))
            back = {"code": code, "realmId": self.chosen}
        joint = "&" if "?" in uri else "?"
        return Answer(302, b"", {"Location": f"{uri}{joint}{urlencode({**back, 'state': query['state']})}"})

    def consent(self, url: str, realm_id: str = "") -> str:
        """Where the browser of a person goes who was sent to `url`. Raises AssertionError where a page complains."""
        before, self.chosen = self.chosen, realm_id or self.chosen
        parts = urlsplit(url)
        asked = Asked("GET", parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), {})
        answer = self.authorize(asked)
        self.chosen = before
        assert answer.status == 302, answer.content.decode()
        return answer.headers["Location"]

    # Tokens

    def token(self, asked: Asked) -> Answer:
        try:
            app = self._client(asked)
            if "x-www-form-urlencoded" not in asked.headers.get("content-type", ""):
                raise TokenError(400, "invalid_request", "Missing or invalid content type")
            form = asked.form
            if form.get("grant_type") == "authorization_code":
                grant = self._exchanged(app, form)
            elif form.get("grant_type") == "refresh_token":
                grant = self._refreshed(app, form)
            else:
                raise TokenError(400, "unsupported_grant_type")
        except TokenError as error:
            return error.answer
        return Answer(200, self._told(grant, hard=asked.headers.get(ASKS_HARD) == "true"))

    def revoke(self, asked: Asked) -> Answer:
        try:
            app = self._client(asked)
            value = asked.json.get("token", "") if asked.body else ""
            grant = self._holding(value)
            if grant is None or grant.app is not app or grant.revoked:
                raise TokenError(400, "invalid_request", "Invalid token")
        except TokenError as error:
            return error.answer
        grant.revoked = True
        return Answer(200, b"")

    def connect(self, realm_id: str = "", app: App | None = None) -> dict[str, object]:
        """Tokens for a company as after a login; `realmId` is added."""
        grant = Grant(app or next(iter(self.apps.values())), realm_id or self.chosen, self._now())
        self.grants.append(grant)
        return {**self._told(grant, hard=False), "realmId": grant.realm_id}

    def disconnect(self, realm_id: str) -> None:
        """The company's owner takes the app's access away."""
        for grant in self.grants:
            if grant.realm_id == realm_id:
                grant.revoked = True

    def expire_access(self) -> None:
        for grant in self.grants:
            grant.access = dict.fromkeys(grant.access, self._now())

    def holder(self, access: str) -> Grant | None:
        """Whose access token this is, if it still holds."""
        for grant in self.grants:
            if access in grant.access and grant.access[access] > self._now() and not grant.revoked:
                return grant
        return None

    def _client(self, asked: Asked) -> App:
        scheme, _, text = asked.headers.get("authorization", "").partition(" ")
        try:
            client, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            client = secret = ""
        app = self.apps.get(client)
        if scheme.lower() != "basic" or app is None or app.secret != secret:
            raise TokenError(401, "invalid_client")
        return app

    def _exchanged(self, app: App, form: dict[str, str]) -> Grant:
        code = self.codes.get(form.get("code", ""))
        if code is None or code.grant.app is not app:
            raise TokenError(400, "invalid_grant", "Invalid authorization code")
        if code.used:
            code.grant.revoked = True  # the tokens of the first exchange, too
            raise TokenError(400, "invalid_grant", "Authorization code was already used")
        if code.until <= self._now() or form.get("redirect_uri") != code.redirect_uri:
            raise TokenError(400, "invalid_grant", "Invalid authorization code or redirect_uri")
        code.used = True
        self.grants.append(code.grant)
        return code.grant

    def _refreshed(self, app: App, form: dict[str, str]) -> Grant:
        value = form.get("refresh_token", "")
        grant = self._holding(value)
        if grant is None or grant.app is not app or grant.revoked or value in grant.access:
            raise TokenError(400, "invalid_grant", "Incorrect or invalid refresh token")
        replaced = grant.former.get(value)
        if replaced is not None and self._now() >= replaced + self.grace:
            grant.revoked = self.reuse_kills
            raise TokenError(400, "invalid_grant", "Incorrect or invalid refresh token")
        if self._left(grant) <= 0:
            raise TokenError(400, "invalid_grant", "Token expired")
        return grant

    def _holding(self, value: str) -> Grant | None:
        found = (grant for grant in self.grants if value in (grant.refresh, *grant.former, *grant.access))
        return next(found, None) if value else None

    def _told(self, grant: Grant, *, hard: bool) -> dict[str, object]:
        """A new access token, and the refresh token: a new one only if this one is a day old."""
        now = self._now()
        if grant.refresh_at is None or now - grant.refresh_at >= self.rotate_every:
            if grant.refresh:
                grant.former[grant.refresh] = now
            grant.refresh, grant.refresh_at = self._new("RT1-"), now
        grant.used_at = now
        access = self._new("eyJlbmMi.")
        grant.access[access] = now + timedelta(seconds=ACCESS_SECONDS)
        told = {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": grant.refresh,
            "x_refresh_token_expires_in": int(self._left(grant)),
        }
        return {**told, "x_refresh_token_hard_expires_in": self._cap(grant)} if hard and self.tells_hard else told

    def _left(self, grant: Grant) -> float:
        """Seconds until the refresh token ends: by not being used, or with the whole chain."""
        idle = (self._now() - (grant.used_at or grant.began_at)).total_seconds()
        return min(self.refresh_seconds - idle, self._cap(grant))

    def _cap(self, grant: Grant) -> int:
        return int(self.hard_seconds - (self._now() - grant.began_at).total_seconds())

    def _new(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made:06d}{'Z' * 24}"
