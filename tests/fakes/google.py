"""Google's login on loopback: apps, people who consent, and tokens that end for Google's many reasons.

Made from Google's guide "OAuth 2.0 for iOS & Desktop Apps" and ".. for Web Server Applications"; google-auth-oauthlib
and google-auth, which Google wrote, log in at it in the tests.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from .web import Answer, Asked, FakeService

DRIVE = "https://www.googleapis.com/auth/drive.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
HOUR, CODE_LASTS, TESTING_LASTS = timedelta(hours=1), timedelta(minutes=10), timedelta(days=7)
UNUSED_LASTS = timedelta(days=180)
MOST_LOGINS = 100  # of one account at one client; the oldest ends silently
KNOWN = {
    *("client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt"),
    *("code_challenge", "code_challenge_method", "include_granted_scopes", "login_hint"),
}


@dataclass
class App:
    """A client of the Cloud console: a Desktop app, which takes every loopback address, or a Web application, which
    takes those of `redirects`.
    """

    client_id: str = "4711-app.apps.googleusercontent.com"
    secret: str = "GOCSPX-of-the-fake"
    desktop: bool = True
    redirects: set[str] = field(default_factory=set)
    testing: bool = False
    internal: bool = False
    gone: str = ""  # deleted_client, disabled_client

    def takes(self, redirect_uri: str) -> bool:
        if self.desktop and urlsplit(redirect_uri).hostname in ("localhost", "127.0.0.1", "::1"):
            return True
        return redirect_uri in self.redirects


@dataclass
class Person:
    """Who sits at Google's page."""

    consents: bool = True
    unticked: set[str] = field(default_factory=set)
    trusted: bool = True  # by the administrator of their Workspace
    of_organisation: bool = True
    is_tester: bool = True
    consented: bool = False  # once, which Google remembers


@dataclass
class Login:
    """One consent and its refresh token."""

    refresh: str
    scope: str
    began: datetime
    used: datetime
    lasts: timedelta | None
    access: dict[str, datetime] = field(default_factory=dict)
    why: str = ""  # it ended


@dataclass
class Code:
    redirect_uri: str
    challenge: str
    scope: str
    offline: bool
    made: datetime
    used: bool = False


class FakeGoogle(FakeService):
    """/o/oauth2/v2/auth, /token, /revoke; and /drive/v3/about, which needs an access token that may read."""

    def __init__(self) -> None:
        super().__init__()
        self.app = App()
        self.person = Person()
        self.logins: list[Login] = []
        self.codes: dict[str, Code] = {}
        self._number = 0

    @property
    def places(self) -> dict[str, str]:
        """Options that lead here."""
        return {"auth_url": f"{self.url}/o/oauth2/v2/auth", "token_url": f"{self.url}/token"}

    def consent(self, scope: str = DRIVE) -> Login:
        """A login as if a person had just made it."""
        lasts = TESTING_LASTS if self.app.testing and not self.app.internal else None
        made = Login(self._new("1//0refresh"), scope, self.now, self.now, lasts)
        alive = [each for each in self.logins if not self._why(each)]
        if len(alive) >= MOST_LOGINS:
            alive[0].why = "Token has been expired or revoked."
        self.logins.append(made)
        return made

    def access_of(self, login: Login) -> str:
        login.access[token := self._new("ya29.access")] = self.now + HOUR
        return token

    def answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/o/oauth2/v2/auth":
                return self._authorize(asked)
            case "POST", "/token":
                return self._token(asked)
            case "POST", "/revoke":
                return self._revoke(asked.form.get("token") or asked.query.get("token", ""))
            case "GET", "/drive/v3/about":
                return self._about(asked.headers.get("authorization", "").removeprefix("Bearer "))
        return Answer(404, b"Not Found")

    # The page

    def _authorize(self, asked: Asked) -> Answer:
        query = asked.query
        if page := self._page(query):
            return Answer(page[0], f"<html>Error {page[0]}: {page[1]}</html>".encode(), {"Content-Type": "text/html"})
        told = {"state": query["state"]} if query.get("state") else {}
        if not self.person.consents:
            return self._sent_back(query, {**told, "error": "access_denied"})
        first, self.person.consented = not self.person.consented, True
        granted = [each for each in query["scope"].split() if each not in self.person.unticked]
        if not granted:
            return self._sent_back(query, {**told, "error": "access_denied"})
        code = self._new("4/0code")
        offline = query.get("access_type") == "offline" and (first or query.get("prompt") == "consent")
        scope = " ".join(granted)
        self.codes[code] = Code(query["redirect_uri"], query.get("code_challenge", ""), scope, offline, self.now)
        return self._sent_back(query, {**told, "code": code, "scope": scope})

    def _page(self, query: Any) -> tuple[int, str] | None:
        """What Google shows itself, without sending anybody back."""
        app, person = self.app, self.person
        unknown = ", ".join(set(query) - KNOWN)
        challenged = not query.get("code_challenge") or query.get("code_challenge_method") == "S256"
        pages = (
            (unknown, 400, f"invalid_request: Parameter not allowed for this message type: {unknown}"),
            (query.get("client_id") != app.client_id, 401, "invalid_client: The OAuth client was not found."),
            (app.gone, 401, app.gone),
            (not app.takes(query.get("redirect_uri", "")), 400, "redirect_uri_mismatch"),
            (query.get("response_type") != "code" or not query.get("scope") or not challenged, 400, "invalid_request"),
            (app.internal and not person.of_organisation, 403, "org_internal"),
            (not person.trusted, 400, "admin_policy_enforced"),
            (app.testing and not person.is_tester, 403, "access_denied"),
        )
        return next(((status, words) for wrong, status, words in pages if wrong), None)

    @staticmethod
    def _sent_back(query: Any, told: dict[str, str]) -> Answer:
        return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{urlencode(told)}"})

    # The tokens

    def _token(self, asked: Asked) -> Answer:
        form = asked.form
        client_id, secret = _client_of(asked)
        if client_id != self.app.client_id:
            return _refused("invalid_client", "The OAuth client was not found.", 401)
        if self.app.gone:
            return _refused(self.app.gone, "The OAuth client was deleted.", 401)
        if secret != self.app.secret:
            return _refused("invalid_client", "The provided client secret is invalid.", 401)
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form)
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form)
        return _refused("unsupported_grant_type", "Invalid grant_type")

    def _exchange(self, form: dict[str, str]) -> Answer:
        code = self.codes.get(form.get("code", ""))
        if code is None:
            return _refused("invalid_grant", "Malformed auth code.")
        if code.used or self.now - code.made > CODE_LASTS:
            return _refused("invalid_grant", "Bad Request")
        if code.redirect_uri != form.get("redirect_uri"):
            return _refused("redirect_uri_mismatch", "Bad Request")
        if code.challenge and "code_verifier" not in form:
            return _refused("invalid_grant", "Missing code verifier.")
        digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if code.challenge and code.challenge != digest:
            return _refused("invalid_grant", "Invalid code verifier.")
        code.used = True
        login = self.consent(code.scope)
        told = self._given(login)
        if code.offline:
            told["refresh_token"] = login.refresh
            if login.lasts is not None:
                told["refresh_token_expires_in"] = int(login.lasts.total_seconds()) - 1
        return Answer(200, told)

    def _refresh(self, form: dict[str, str]) -> Answer:
        login = next((each for each in self.logins if each.refresh == form.get("refresh_token")), None)
        if login is None:
            return _refused("invalid_grant", "Bad Request")
        if why := self._why(login):
            subtype = {"error_subtype": "invalid_rapt"} if "invalid_rapt" in why else {}
            return Answer(400, {"error": "invalid_grant", "error_description": why, **subtype})
        login.used = self.now
        return Answer(200, self._given(login))

    def _given(self, login: Login) -> dict[str, Any]:
        access = self.access_of(login)
        return {"access_token": access, "expires_in": 3599, "scope": login.scope, "token_type": "Bearer"}

    def _why(self, login: Login) -> str:
        """Why it does not hold any more; empty as long as it does."""
        age = self.now - login.began
        if (login.lasts is not None and age >= login.lasts) or self.now - login.used >= UNUSED_LASTS:
            return "Token has been expired or revoked."
        return login.why

    def _revoke(self, token: str) -> Answer:
        for login in self.logins:
            if token == login.refresh or token in login.access:
                if self._why(login):
                    break
                login.why = "Token has been expired or revoked."
                return Answer(200, {})
        return _refused("invalid_token", "Token expired or revoked")

    def _about(self, token: str) -> Answer:
        login = next((each for each in self.logins if token in each.access), None)
        if login is None or self._why(login) or self.now >= login.access[token]:
            error = {"reason": "authError", "message": "Invalid Credentials", "domain": "global"}
            return Answer(401, {"error": {"code": 401, "message": "Invalid Credentials", "errors": [error]}})
        return Answer(200, {"user": {"displayName": "Mona", "emailAddress": "mona@example.com"}})

    def _new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number:06}-of-the-fake"


def _client_of(asked: Asked) -> tuple[str, str]:
    """Google takes both ways: a header, as its libraries exchange codes, and the form, as they refresh."""
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        client_id, _, secret = b64decode(value).decode().partition(":")
        return client_id, secret
    return asked.form.get("client_id", ""), asked.form.get("client_secret", "")


def _refused(error: str, words: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": words})
