"""Applications at Xero, the people who use them, and what their logins lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

REDIRECT = "http://localhost:8080/oauth/callback"
MOST_REDIRECTS = 50
CONNECTIONS = {"Starter": 5, "Core": 50, "Plus": 1000, "Advanced": 10_000, "Enterprise": 1_000_000}
UNCERTIFIED_TIERS = ("Starter", "Core")
MOST_UNCERTIFIED = 2  # that an organisation may be connected to
JOURNAL_TIERS = ("Advanced", "Enterprise")

ACCESS_LASTS, CODE_LASTS = timedelta(minutes=30), timedelta(minutes=5)
REFRESH_LASTS, GRACE = timedelta(days=60), timedelta(minutes=30)


@dataclass
class App:
    """`secret` is empty for a mobile or desktop app, which proves itself by PKCE. `assessed`: its security was."""

    client_id: str
    secret: str = ""
    name: str = "aragora"
    redirect_uris: list[str] = field(default_factory=lambda: [REDIRECT])
    created_on: date = date(2026, 5, 4)
    tier: str = "Core"
    assessed: bool = False
    custom_for: str = ""  # the tenant of a custom connection, which logs in by client_credentials

    @property
    def reads_journals(self) -> bool:
        return self.tier in JOURNAL_TIERS and self.assessed

    def register(self, uri: str) -> None:
        """As the developer portal does: https, or http on localhost and nowhere else."""
        parts = urlsplit(uri)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "localhost"):
            raise ValueError(f"{uri} is neither https nor http://localhost")
        if "*" in uri or len(self.redirect_uris) >= MOST_REDIRECTS:
            raise ValueError("no wildcards, and no more than 50")
        self.redirect_uris.append(uri)


PKCE = "0A0PKCE0APP0OF0THE0COMMAND0LINE0"
WEB, WEB_SECRET = "0B0WEB0APP0WITH0A0SECRET00000000", "secret-of-the-web-app"
OLD = "0C0PKCE0APP0OF0TWENTY0TWENTYFOUR"
CUSTOM, CUSTOM_SECRET = "0D0CUSTOM0CONNECTION000000000000", "secret-of-the-custom-connection"


def usual_apps(tenant: str) -> dict[str, App]:
    apps = (
        App(PKCE),
        App(WEB, WEB_SECRET),
        App(OLD, created_on=date(2024, 2, 1)),
        App(CUSTOM, CUSTOM_SECRET, redirect_uris=[], custom_for=tenant),
    )
    return {app.client_id: app for app in apps}


@dataclass
class Person:
    """Who sits at the browser. `chosen`: the tenants that are connected at the next consent; None: all there are."""

    name: str = "ann"
    consents: bool = True
    chosen: list[str] | None = None


@dataclass
class Connection:
    """That an organisation may be read by an application, for the person who allowed it."""

    id: str
    tenant_id: str
    client_id: str
    person: str
    event: str
    created_at: datetime
    updated_at: datetime


@dataclass
class Grant:
    """What one consent gave; all tokens that follow from it hang on it."""

    app: App
    person: str
    scopes: tuple[str, ...]
    event: str
    revoked: bool = False


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    expires_at: datetime
    used: bool = False


@dataclass
class Refresh:
    """A refresh token: it lasts 60 days, and half an hour from its first use."""

    grant: Grant
    expires_at: datetime
    used_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        until = self.expires_at if self.used_at is None else min(self.expires_at, self.used_at + GRACE)
        return now < until and not self.grant.revoked


@dataclass
class Access:
    grant: Grant
    expires_at: datetime
