"""The login at Gusto: one token for one company, to which an admin with full access consents."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...auth.oauth import OAuthClient, authorization_url, exchange
from ...auth.tokens import Tokens
from ...core.errors import CredentialError
from ...net.access import Access
from ...net.http import Http
from .answers import GustoEnvironment

URLS = {
    GustoEnvironment.DEMO: "https://api.gusto-demo.com",
    GustoEnvironment.PRODUCTION: "https://api.gusto.com",
}
WEBHOOK_TOKEN = "GUSTO_WEBHOOK_TOKEN"  # noqa: S105 - the name of one
COMPANY, NAME = "company_id", "company"  # what is kept of a login
NEEDED = ("companies:read", "employees:read", "payrolls:read")
USEFUL = {
    "compensations:read": "pay rates",
    "employee_benefits:read": "benefits of each employee in payrolls",
}


class Info(NamedTuple):
    """What a token is for."""

    company: str
    scopes: frozenset[str]

    @classmethod
    def read(cls, raw: Mapping[str, Any], login: str) -> Info:
        resource = raw.get("resource") or {}
        if resource.get("type") != "Company" or not resource.get("uuid"):
            raise CredentialError("the login at Gusto is for no company.", hint=login)
        return cls(str(resource["uuid"]), frozenset(str(raw.get("scope") or "").split()))

    @property
    def lacks(self) -> list[str]:
        return [scope for scope in NEEDED if scope not in self.scopes]


def for_company(told: str, wanted: str, login: str) -> str:
    """The company of a login; an error where another one is meant."""
    if wanted and told != wanted:
        raise CredentialError(
            f"the login at Gusto is for the company {told}, and company_id names {wanted}.",
            hint=f"log in there as its admin: {login}; or correct company_id",
        )
    return told


def client_of(
    client_id: str, client_secret: str, base_url: str, auth_url: str = "", token_url: str = ""
) -> OAuthClient:
    """The application. Its scopes are set in the developer portal; Gusto knows no PKCE."""
    base = base_url.rstrip("/")
    return OAuthClient(
        service="Gusto",
        client_id=client_id,
        client_secret=client_secret,
        auth_url=auth_url or f"{base}/oauth/authorize",
        token_url=token_url or f"{base}/oauth/token",
        revoke_url=f"{base}/oauth/revoke",
        pkce=False,
        secret_in_body=True,
        as_json=True,
    )


# For programs with a page of their own


def get_oauth_url(
    client_id: str, redirect_uri: str, state: str = "", environment: str = GustoEnvironment.DEMO, base_url: str = ""
) -> str:
    """The address that a person visits to consent.

    Without a `state`, one is made; whoever takes the answer compares it.
    """
    made = client_of(client_id, "", base_url or URLS[GustoEnvironment(environment)])
    return authorization_url(made, redirect_uri, state or secrets.token_urlsafe(24))


def exchange_code(
    code: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    environment: str = GustoEnvironment.DEMO,
    base_url: str = "",
) -> Tokens:
    """The tokens for the code that came back with the person."""
    made = client_of(client_id, client_secret, base_url or URLS[GustoEnvironment(environment)])
    opened: list[Http] = []

    def open_http(base_url: str, access: Access | None = None, **more: object) -> Http:
        opened.append(Http(base_url, access, **more))  # type: ignore[arg-type]
        return opened[-1]

    try:
        return exchange(open_http, made, code, redirect_uri)
    finally:
        for each in opened:
            each.close()
