"""Logging in at Xero: consent in a browser, codes, tokens that rotate, and the organisations they are connected to."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import jwt

from .web import Answer, Asked, html
from .xero_apps import (
    ACCESS_LASTS,
    CODE_LASTS,
    CONNECTIONS,
    MOST_UNCERTIFIED,
    PKCE,
    REFRESH_LASTS,
    UNCERTIFIED_TIERS,
    Access,
    App,
    Code,
    Connection,
    Grant,
    Person,
    Refresh,
    usual_apps,
)
from .xero_books import Books
from .xero_json import Refused, new_id
from .xero_scopes import READING, allowed

VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
SIGNED_WITH = "a key of the fake, which nobody checks for anything"


class Login:
    """`apps` by client id, `person` who sits at the browser, `connections` of all. `organisations` are the fake's.

    For tests: log_in (tokens without a browser), consent, disconnect, reconnect, end_access (all access tokens are too
    old), revoke_all. Switch `calls_back_invalid_scope`: that a scope is unknown is told to the callback, not on a page.
    """

    def __init__(self, organisations: Mapping[str, Books], now: Callable[[], datetime]) -> None:
        self._organisations, self._now = organisations, now
        self.apps: dict[str, App] = usual_apps(next(iter(organisations)))
        self.person = Person()
        self.connections: list[Connection] = []
        self.calls_back_invalid_scope = False
        self.access: dict[str, Access] = {}
        self.refresh: dict[str, Refresh] = {}
        self._codes: dict[str, Code] = {}
        self._consented: dict[tuple[str, str], tuple[str, ...]] = {}
        self._number = 0

    # For tests

    def log_in(
        self, scopes: Iterable[str] = READING, client_id: str = PKCE, tenants: list[str] | None = None
    ) -> dict[str, Any]:
        """What the token endpoint answers at the end of a login, without a browser."""
        return self._tokens(self.consent(self.apps[client_id], scopes, tenants))

    def consent(self, app: App, scopes: Iterable[str], tenants: list[str] | None = None) -> Grant:
        """The person allows this much, for these organisations. What was allowed before stays allowed."""
        key = (app.client_id, self.person.name)
        self._consented[key] = tuple(dict.fromkeys((*self._consented.get(key, ()), *scopes)))
        grant = Grant(app, self.person.name, self._consented[key], self._id("event"))
        for tenant in self._chosen(tenants):
            self._connect(app, tenant, grant.event)
        return grant

    def disconnect(self, tenant: str) -> None:
        """Somebody takes the application off the list of connected apps of an organisation."""
        self.connections = [one for one in self.connections if one.tenant_id != tenant]

    def reconnect(self, tenant: str, client_id: str = PKCE) -> None:
        self._connect(self.apps[client_id], tenant, self._id("event"))

    def end_access(self) -> None:
        """All access tokens are too old now; refresh tokens stay as they are."""
        for each in self.access.values():
            each.expires_at = min(each.expires_at, self._now())

    def revoke_all(self) -> None:
        """No refresh token is taken any more."""
        for each in self.refresh.values():
            each.grant.revoked = True

    def _id(self, what: str) -> str:
        self._number += 1
        return new_id(what, self._number)

    def _chosen(self, tenants: list[str] | None) -> list[str]:
        found = self.person.chosen if tenants is None else tenants
        return list(self._organisations) if found is None else found

    def _connect(self, app: App, tenant: str, event: str) -> None:
        now = self._now()
        for one in self.connections:
            if (one.tenant_id, one.client_id, one.person) == (tenant, app.client_id, self.person.name):
                one.event, one.updated_at = event, now
                return
        made = Connection(self._id("connection"), tenant, app.client_id, self.person.name, event, now, now)
        self.connections.append(made)

    # The page at which a person consents

    def authorize(self, asked: Asked) -> Answer:
        """Where the browser is sent; or a page with an error, at which the callback waits in vain."""
        told = asked.query
        app = self.apps.get(told.get("client_id", ""))
        if app is None or app.custom_for:
            return _error_page("unauthorized_client", "Unknown client or client not enabled")
        if told.get("redirect_uri") not in app.redirect_uris:
            return _error_page("unauthorized_client", "Invalid redirect_uri")
        scopes = told.get("scope", "").split()
        if told.get("response_type") != "code" or not self._proof_fits(app, told):
            return _error_page("invalid_request", "code challenge required" if not app.secret else "response_type")
        if not scopes or not set(scopes) <= allowed(app.created_on, self._now()):
            if self.calls_back_invalid_scope:
                return self._back(told, error="invalid_scope")
            return _error_page("invalid_scope", "Invalid scope")
        if not self.person.consents:
            return self._back(told, error="access_denied")
        if wrong := self._crowded(app):
            return _error_page("access_denied", wrong)
        grant = self.consent(app, scopes)
        code = self._id("code").replace("-", "")
        challenge = told.get("code_challenge", "")
        self._codes[code] = Code(grant, told["redirect_uri"], challenge, self._now() + CODE_LASTS)
        return self._back(told, code=code, scope=" ".join(grant.scopes), session_state=self._id("session"))

    def _proof_fits(self, app: App, told: Mapping[str, str]) -> bool:
        if not app.secret or "code_challenge" in told:
            return bool(told.get("code_challenge")) and told.get("code_challenge_method") == "S256"
        return True

    def _crowded(self, app: App) -> str:
        """Why no organisation more can be connected."""
        have = {one.tenant_id for one in self.connections if one.client_id == app.client_id}
        if len(have | set(self._chosen(None))) > CONNECTIONS[app.tier]:
            return f"This app has reached its limit of {CONNECTIONS[app.tier]} connections"
        full = [self._organisations[one] for one in self._chosen(None) if one not in have]
        if app.tier in UNCERTIFIED_TIERS and any(one.other_uncertified_apps >= MOST_UNCERTIFIED for one in full):
            return "This organisation is already connected to the maximum number of uncertified apps"
        return ""

    def _back(self, told: Mapping[str, str], **more: str) -> Answer:
        query = urlencode({**more, **({"state": told["state"]} if "state" in told else {})})
        return Answer(302, b"", {"Location": f"{told['redirect_uri']}?{query}"})

    # Tokens

    def token(self, asked: Asked) -> Answer:
        form = asked.form if "urlencoded" in asked.headers.get("content-type", "") else {}
        kinds = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "client_credentials": self._by_itself,
        }
        if asked.method != "POST" or "grant_type" not in form:
            raise _refused("invalid_request")
        if form["grant_type"] not in kinds:
            raise _refused("unsupported_grant_type")
        app = self._proven(asked, form)
        return Answer(200, kinds[form["grant_type"]](app, form), {"Cache-Control": "no-store"})

    def _proven(self, asked: Asked, form: Mapping[str, str]) -> App:
        """The application that asks: with its secret in a header or the body, or without one, by its name alone."""
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if scheme == "Basic":
            try:
                client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
            except ValueError:
                raise _refused("invalid_client") from None
        app = self.apps.get(client_id)
        if app is None or app.secret != secret:
            raise _refused("invalid_client")
        return app

    def _by_code(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.used or code.grant.app is not app or code.expires_at <= self._now():
            raise _refused("invalid_grant")
        code.used = True
        if code.redirect_uri != form.get("redirect_uri") or not _proves(code.challenge, form.get("code_verifier", "")):
            raise _refused("invalid_grant")
        return self._tokens(code.grant)

    def _by_refresh(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        """Every use gives another one; the one before is taken for half an hour more, in case the answer was lost."""
        now = self._now()
        known = self.refresh.get(form.get("refresh_token", ""))
        if known is None or known.grant.app is not app or not known.holds(now):
            raise _refused("invalid_grant")
        known.used_at = known.used_at or now
        return self._tokens(known.grant)

    def _by_itself(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        """A custom connection: one organisation, no person, no refresh token."""
        if not app.custom_for:
            raise _refused("unauthorized_client")
        scopes = tuple(form.get("scope", "").split())
        if not set(scopes) <= allowed(app.created_on, self._now()):
            raise _refused("invalid_scope")
        grant = Grant(app, self.person.name, scopes, self._id("event"))
        self._connect(app, app.custom_for, grant.event)
        return self._tokens(grant)

    def _tokens(self, grant: Grant) -> dict[str, Any]:
        now = self._now()
        access = self._signed(grant, now)
        self.access[access] = Access(grant, now + ACCESS_LASTS)
        body = {"access_token": access, "expires_in": 1800, "token_type": "Bearer", "scope": " ".join(grant.scopes)}
        if "openid" in grant.scopes:
            body["id_token"] = self._signed(grant, now)
        if "offline_access" in grant.scopes:
            refresh = f"{self._id('refresh')}{self._id('refresh')}".replace("-", "")
            self.refresh[refresh] = Refresh(grant, now + REFRESH_LASTS)
            body["refresh_token"] = refresh
        return body

    def _signed(self, grant: Grant, now: datetime) -> str:
        seconds = int(now.timestamp())
        claims = {"nbf": seconds, "exp": seconds + 1800, "iss": "https://identity.xero.com"}
        claims |= {"aud": "https://identity.xero.com/resources", "client_id": grant.app.client_id}
        claims |= {"sub": new_id("sub", grant.person), "xero_userid": new_id("user", grant.person)}
        claims |= {"jti": self._id("jti"), "authentication_event_id": grant.event, "scope": list(grant.scopes)}
        return jwt.encode(claims, SIGNED_WITH, "HS256", {"kid": "fake"})

    def revoke(self, asked: Asked) -> Answer:
        """With the refresh token all connections of its person to the application end. Unknown tokens are no error."""
        app = self._proven(asked, asked.form)
        known = self.refresh.get(asked.form.get("token", ""))
        if known is not None and known.grant.app is app:
            known.grant.revoked = True
            ended = (app.client_id, known.grant.person)
            self.connections = [one for one in self.connections if (one.client_id, one.person) != ended]
        return Answer(200, b"")

    # Which organisations there are

    def seen_by(self, grant: Grant) -> list[Connection]:
        who = (grant.app.client_id, grant.person)
        return [one for one in self.connections if (one.client_id, one.person) == who]

    def list_connections(self, asked: Asked, grant: Grant) -> list[dict[str, str]]:
        event = asked.query.get("authEventId")
        return [self._told(one) for one in self.seen_by(grant) if event in (None, one.event)]

    def delete_connection(self, grant: Grant, connection_id: str) -> bool:
        found = [one for one in self.seen_by(grant) if one.id == connection_id]
        self.connections = [one for one in self.connections if one not in found]
        return bool(found)

    def _told(self, one: Connection) -> dict[str, str]:
        books = self._organisations[one.tenant_id]
        told = {"id": one.id, "authEventId": one.event, "tenantId": one.tenant_id, "tenantType": books.tenant_type}
        told |= {"tenantName": books.name}
        return told | {"createdDateUtc": _sevenths(one.created_at), "updatedDateUtc": _sevenths(one.updated_at)}


def _sevenths(moment: datetime) -> str:
    """Seven digits behind the second, and no zone."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0"


def _proves(challenge: str, verifier: str) -> bool:
    if not challenge:
        return True
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return bool(VERIFIER.fullmatch(verifier)) and made == challenge


def _refused(error: str) -> Refused:
    return Refused(Answer(400, {"error": error}))


def _error_page(error: str, words: str) -> Answer:
    """What a person sees; nothing comes back to the one who waits for the callback."""
    return html(
        400, f"<html><body><h1>Sorry, something went wrong</h1><p>{words}</p><p>Error: {error}</p></body></html>"
    )
