"""Who may ask Confluence, how often, and how it refuses."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil

from .confluence_asking import Raw, stamp
from .web import Answer, Asked, html

EMAIL, TOKEN, SCOPED_TOKEN = "ann@acme.example", "ATATT-1111-classic", "ATATT-2222-scoped"
PAT = "PAT-3333-of-a-data-center"
SCOPES = (
    *(f"read:{name}:confluence" for name in ("page", "blogpost", "space", "attachment", "comment", "label", "user")),
    *("read:content.metadata:confluence", "read:hierarchical-content:confluence", "read:folder:confluence"),
    *("read:whiteboard:confluence", "read:database:confluence", "read:embed:confluence"),
    *("search:confluence", "read:content-details:confluence", "readonly:content.attachment:confluence"),
)
BURST_PER_SECOND = 100


@dataclass
class Token:
    """What one token may do. `scopes` None: a classic one. `refusal`: why it is refused, if it is.

    `expired`: a 401; `unlicensed`, `address`: a 403; `captcha`: a 403 of Data Center; `blind`: not refused, but its
    owner sees nothing.
    """

    email: str = EMAIL
    scopes: set[str] | None = None
    refusal: str = ""


@dataclass
class Throttle:
    """The limits. `until` is when requests are answered again; asking earlier is refused anew."""

    enforced: bool = False  # so many requests a second as `per_second` says
    per_second: int = BURST_PER_SECOND
    every: int = 0  # every so many requests: a 429
    near: bool = False  # X-RateLimit-NearLimit: true
    beta: bool = False  # the limits are told in the newer form, too
    until: datetime | None = None
    count: int = 0
    log: list[datetime] = field(default_factory=list)

    def refusal(self, now: datetime, data_center: bool) -> Answer | None:
        self.count += 1
        if self.until and now < self.until:
            return too_many(ceil((self.until - now).total_seconds()), now, data_center=data_center)
        if self.every and self.count % self.every == 0:
            return too_many(2, now, data_center=data_center)
        if self.enforced:
            self.log = [moment for moment in self.log if now - moment < timedelta(seconds=1)]
            if len(self.log) >= self.per_second:
                return too_many(1, now, data_center=data_center)
            self.log.append(now)
        return None

    def headers(self, now: datetime, data_center: bool) -> dict[str, str]:
        left = max(0, self.per_second - len(self.log))
        limits = {"X-RateLimit-Limit": str(self.per_second), "X-RateLimit-Remaining": str(left)}
        if data_center:
            fill = {"X-RateLimit-FillRate": str(self.per_second), "X-RateLimit-Interval-Seconds": "1"}
            return {**limits, **fill} if self.enforced else {}
        near = self.near or (self.enforced and left < self.per_second / 5)
        policy = {"Beta-RateLimit-Policy": f"q={self.per_second}; w=1", "Beta-RateLimit": f"r={left}; t=1"}
        told = {"X-RateLimit-Reset": _second_of(now, 1), "X-RateLimit-NearLimit": str(near).lower()}
        return {**limits, **told, **(policy if self.beta else {})}


def too_many(seconds: int, now: datetime, *, told: bool = True, data_center: bool = False) -> Answer:
    """The limit is reached. `told`: for how long is said."""
    wait = {"Retry-After": str(seconds)} if told else {}
    if data_center:
        counts = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-FillRate": "10"}
        return Answer(429, {"message": "Rate limited."}, {**wait, **counts, "X-RateLimit-Interval-Seconds": "1"})
    limits = {"X-RateLimit-Limit": str(BURST_PER_SECOND), "X-RateLimit-Remaining": "0"}
    limits |= {"X-RateLimit-Reset": _second_of(now, seconds), "RateLimit-Reason": "confluence-burst-based"}
    return Answer(429, {"code": 429, "message": "Rate limit exceeded"}, {**wait, **limits})


def basic(asked: Asked) -> tuple[str, str]:
    """Name and secret of the Authorization header; "" where there are none."""
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = b64decode(value, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def bearer(asked: Asked) -> str:
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def unauthorized(reason: str = "AUTHENTICATED_FAILED") -> Answer:
    """Not JSON: a page that says so."""
    answer = html(401, "<html><body>Client must be authenticated to access this resource.</body></html>")
    answer.headers |= {"X-Seraph-LoginReason": reason, "x-failure-category": "FAILURE_CLIENT_AUTH_MISMATCH"}
    answer.headers |= {"WWW-Authenticate": 'Basic realm="protected-area"'}
    return answer


def to_login(address: str) -> Answer:
    """Nobody is known: please log in elsewhere."""
    return Answer(302, b"", {"Location": address})


def forbidden(refusal: str) -> Answer:
    words = {
        "unlicensed": "Current user not permitted to use Confluence",
        "address": "The IP address has been rejected because it is not in the allowlist of this site",
        "captcha": "Basic Authentication Failure - Reason : AUTHENTICATION_DENIED",
    }
    denied = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=/login.action"}
    body: Raw = {"statusCode": 403, "message": words[refusal]}
    return Answer(403, body, denied if refusal == "captcha" else {})


def deprecated(now: datetime) -> dict[str, str]:
    """What Cloud says with every answer of an old address."""
    said = '299 - "Deprecated API. See https://developer.atlassian.com/cloud/confluence/changelog/"'
    return {"Warning": said, "Deprecation": format_datetime(now, usegmt=True)}


def _second_of(now: datetime, seconds: float) -> str:
    return stamp(now + timedelta(seconds=seconds))[:19] + "Z"
