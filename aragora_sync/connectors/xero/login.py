"""The login at Xero: scopes of two styles, and which organisation it is for."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from ...auth.oauth import OAuthClient, authorization_url, exchange
from ...auth.tokens import Tokens
from ...core.errors import AragoraSyncError, ConfigError
from ...net.http import Http
from .endpoints import ENDPOINTS

AUTH_URL = "https://login.xero.com/identity/connect/authorize"
TOKEN_URL = "https://identity.xero.com/connect/token"  # noqa: S105 - an address
WEBHOOK_KEY = "XERO_WEBHOOK_KEY"
TENANT = "tenant_id"  # what is kept of a login
STAYING = "offline_access"  # without it the login ends after half an hour
GRANULAR, BROAD = "granular", "broad"
OF_OLD_APPS = {  # one word for what are several scopes today
    "invoices": "transactions",
    "payments": "transactions",
    "banktransactions": "transactions",
    "manualjournals": "transactions",
}
WRITTEN = ("invoices", "manualjournals")
STYLE_HINT = (
    "apps made since 2 March 2026 take scope_style: granular alone; older ones may need scope_style: broad, or write "
    "access that the app was not given"
)


class Organisation(NamedTuple):
    """What a login is connected to."""

    id: str
    name: str


def scopes(streams: Collection[str], style: str, *, writing: bool) -> list[str]:
    """What reading these streams needs, and writing where it is wanted."""
    read = {ENDPOINTS[name].scope for name in streams}
    written = set(WRITTEN) if writing else set()
    if style == BROAD:
        read, written = ({OF_OLD_APPS.get(each, each) for each in some} for some in (read, written))
    names = {f"accounting.{each}" for each in written} | {f"accounting.{each}.read" for each in read - written}
    return [STAYING, *sorted(names)]


def client_of(client_id: str, client_secret: str, auth_url: str, token_url: str, wanted: Sequence[str]) -> OAuthClient:
    """An app with a secret, or one without, which proves by PKCE that it asked itself."""
    return OAuthClient(
        service="Xero",
        client_id=client_id,
        client_secret=client_secret,
        auth_url=auth_url,
        token_url=token_url,
        revoke_url=f"{token_url.rpartition('/')[0]}/revocation",
        scopes=wanted,
        pkce=not client_secret,
    )


def by_itself(app: OAuthClient) -> OAuthClient:
    """The same as a custom connection asks: no login stays, because each half hour there is a new one."""
    return replace(app, scopes=[each for each in app.scopes if each != STAYING])


def organisations(http: Http) -> list[Organisation]:
    """What the login is connected to; practices, which are no organisations, left out."""
    body = http.get("connections").body
    if not isinstance(body, list):
        raise ConfigError("what answered is not Xero's API.", hint="look at base_url")
    found = [each for each in body if each.get("tenantType") == "ORGANISATION"]
    return [Organisation(each["tenantId"], each.get("tenantName") or each["tenantId"]) for each in found]


def chosen(found: Sequence[Organisation], wanted: str, login: str) -> Organisation:
    """The one that is wanted, or the only one. ConfigError names all where none can be told."""
    names = "; ".join(f"{each.name} ({each.id})" for each in found) or "none"
    if wanted:
        for each in found:
            if each.id == wanted:
                return each
        raise ConfigError(f"the login is not connected to the organisation {wanted}, but to: {names}.", hint=login)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError("the login is connected to no organisation.", hint=f"{login}, and choose one there")
    raise ConfigError(
        f"the login is connected to several organisations: {names}.",
        hint="name the id of one as xero_tenant_id; or choose it: " + login,
    )


def with_style(error: AragoraSyncError) -> AragoraSyncError:
    """The same; where the scopes may be at fault, the hint says so."""
    if "invalid_scope" in error.message or "came back" in error.message:
        error.hint = "; ".join(filter(None, [error.hint, STYLE_HINT]))
    return error


# For programs with a page of their own


def get_oauth_url(
    client_id: str,
    redirect_uri: str,
    scope: Sequence[str] = (),
    state: str = "",
    code_verifier: str = "",
    auth_url: str = AUTH_URL,
) -> str:
    """The address that a person visits to consent; by default with all scopes that reading needs.

    Without a `state`, one is made; whoever takes the answer compares it. `code_verifier` is for apps without a secret.
    """
    wanted = list(scope) or scopes(ENDPOINTS, GRANULAR, writing=False)
    made = client_of(client_id, "" if code_verifier else "has one", auth_url, TOKEN_URL, wanted)
    return authorization_url(made, redirect_uri, state or secrets.token_urlsafe(24), code_verifier)


def exchange_code(
    code: str,
    client_id: str,
    client_secret: str = "",
    redirect_uri: str = "",
    code_verifier: str = "",
    token_url: str = TOKEN_URL,
) -> Tokens:
    """The tokens for the code that came back with the person."""
    made = client_of(client_id, client_secret, AUTH_URL, token_url, ())
    return exchange(Http, made, code, redirect_uri, code_verifier)
