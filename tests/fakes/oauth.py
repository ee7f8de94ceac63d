"""An authorization server on loopback that rotates: each refresh token is taken once, and reuse ends the whole line."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from .web import Answer, Asked, FakeService

CLIENT, SECRET = "client-1", "secret-of-the-application"
HOUR = timedelta(hours=1)


@dataclass
class Line:
    """All tokens of one consent. `refresh` is the one that is taken, `before` the one it came for; access tokens of
    before hold until their end.
    """

    access: str
    ends_at: datetime
    refresh: str
    before: str = ""
    alive: bool = True
    older: dict[str, datetime] = field(default_factory=dict)  # access tokens, and when they end

    def holds(self, access: str, now: datetime) -> bool:
        ends = self.ends_at if access == self.access else self.older.get(access)
        return self.alive and ends is not None and now < ends


@dataclass
class Code:
    redirect_uri: str
    challenge: str
    used: bool = False


@dataclass
class Rules:
    """`grace`: the refresh token before the newest is taken, too, as long as nobody used what came for it."""

    pkce: bool = True
    grace: bool = False
    rotates: bool = True
    deny: str = ""  # the error instead of a code
    more: dict[str, str] = field(default_factory=dict)  # parameters of the callback


class FakeAuthorization(FakeService):
    """/authorize, /token, /revoke, and /api/me, which needs an access token. `rules` are its switches."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = Rules()
        self.lines: list[Line] = []
        self.codes: dict[str, Code] = {}
        self.refusals = 0
        self.renewals = 0
        self._number = 0

    def consent(self) -> Line:
        """Tokens as if a person had just logged in."""
        line = Line(self._new("access"), self.now + HOUR, self._new("refresh"))
        self.lines.append(line)
        return line

    def answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/authorize":
                return self._authorize(asked.query)
            case "POST", "/token":
                return self._token(asked) if self._is_client(asked) else _refused("invalid_client", 401)
            case "POST", "/revoke":
                return self._revoke(asked.form["token"])
            case "GET", "/api/me":
                return self._me(asked)
        return Answer(404, {"error": "not here"})

    def _authorize(self, query: Any) -> Answer:
        if query["client_id"] != CLIENT or query["response_type"] != "code":
            return Answer(400, b"unknown application")
        if self.rules.pkce and query.get("code_challenge_method") != "S256":
            return Answer(400, b"PKCE is demanded")
        told = {"state": query["state"], **self.rules.more}
        if self.rules.deny:
            told["error"] = self.rules.deny
        else:
            told["code"] = self._new("code")
            self.codes[told["code"]] = Code(query["redirect_uri"], query.get("code_challenge", ""))
        return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{urlencode(told)}"})

    def _is_client(self, asked: Asked) -> bool:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            return b64decode(value).decode() == f"{CLIENT}:{SECRET}"
        return asked.form.get("client_id") == CLIENT and asked.form.get("client_secret", SECRET) == SECRET

    def _token(self, asked: Asked) -> Answer:
        form = asked.form
        if form["grant_type"] == "authorization_code":
            return self._exchange(form)
        line = next((each for each in self.lines if form["refresh_token"] in (each.refresh, each.before)), None)
        if line is None or not line.alive or (form["refresh_token"] == line.before and not self.rules.grace):
            self.refusals += 1
            if line is not None:
                line.alive = False  # somebody has a token that was used: nobody is trusted any more
            return _refused("invalid_grant")
        self.renewals += 1
        line.older[line.access] = line.ends_at
        line.access, line.ends_at = self._new("access"), self.now + HOUR
        if self.rules.rotates:
            line.before, line.refresh = form["refresh_token"], self._new("refresh")
        return self._given(line)

    def _exchange(self, form: dict[str, str]) -> Answer:
        code = self.codes.get(form["code"])
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if code is None or code.used or code.redirect_uri != form["redirect_uri"]:
            return _refused("invalid_grant")
        if self.rules.pkce and code.challenge != challenge:
            return _refused("invalid_grant")
        code.used = True
        return self._given(self.consent())

    def _given(self, line: Line) -> Answer:
        told: dict[str, Any] = {"access_token": line.access, "token_type": "Bearer", "expires_in": 3600}
        return Answer(200, {**told, "refresh_token": line.refresh} if self.rules.rotates else told)

    def _revoke(self, token: str) -> Answer:
        for line in self.lines:
            if token in (line.access, line.refresh):
                line.alive = False
        return Answer(200, {})

    def _me(self, asked: Asked) -> Answer:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        line = next((each for each in self.lines if each.holds(token, self.now)), None)
        if line is None:
            return Answer(401, {"error": "invalid_token"})
        if token == line.access:
            line.before = ""  # what came for it is used now
        return Answer(200, {"name": "Mona"})

    def _new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number:06}-of-the-fake"


def _refused(error: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": f"the fake says {error}"})
