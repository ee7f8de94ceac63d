"""The login at Intuit: its addresses, its rules, and the company that only the way back tells."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from ...auth.oauth import OAuthClient, authorization_url, exchange
from ...auth.tokens import ENDS_AT, Tokens
from ...auth.tokens import with_end as tokens_with_end
from ...core.clock import utc_now
from ...core.errors import ConfigError
from ...net.http import Http

SERVICE = "QuickBooks"
AUTH_URL = "https://appcenter.intuit.com/connect/oauth2"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
SCOPE = "com.intuit.quickbooks.accounting"
REALM = "realmId"
HARD_END = "x_refresh_token_hard_expires_in"
ASK_FOR_END = {"x-include-refresh-token-hard-expires-in": "true"}
WARNED_BEFORE = timedelta(days=60)


def client_of(
    client_id: str,
    client_secret: str,
    scopes: Sequence[str] = (SCOPE,),
    *,
    auth_url: str = AUTH_URL,
    token_url: str = TOKEN_URL,
    revoke_url: str = REVOKE_URL,
) -> OAuthClient:
    """The application as Intuit wants to be asked: confidential, without PKCE."""
    return OAuthClient(
        SERVICE,
        client_id,
        client_secret,
        auth_url,
        token_url,
        revoke_url,
        scopes=scopes,
        pkce=False,
        headers=ASK_FOR_END,
        told=(HARD_END,),
        needed=(REALM,),
    )


def with_end(tokens: Tokens) -> Tokens:
    """The same; how many seconds the whole login has left becomes a moment."""
    return tokens_with_end(tokens, HARD_END, utc_now())


def with_company(tokens: Tokens, told: Mapping[str, str], expected: str) -> Tokens:
    """The same, with the company of which the way back told. It must be the one of the options, where they name one."""
    realm_id = told[REALM]
    if expected and realm_id != expected:
        raise ConfigError(
            f"this login is for company {realm_id}, and the option 'realm_id' names {expected}; it was not kept.",
            hint="choose that company in the login, or correct the option",
        )
    return replace(tokens, told={REALM: realm_id, **tokens.told})


def ends_soon(told: Mapping[str, str]) -> datetime | None:
    """When this login ends for good, where that is near; no renewal helps against it."""
    text = told.get(ENDS_AT)
    ends = datetime.fromisoformat(text) if text else None
    return ends if ends is not None and ends - utc_now() < WARNED_BEFORE else None


# For programs that have a login page of their own


def get_oauth_url(
    client_id: str, redirect_uri: str, scope: Sequence[str] = (SCOPE,), state: str = "", auth_url: str = AUTH_URL
) -> str:
    """The address that a person visits to consent. Without a `state`, one is made: compare it on the way back."""
    client = client_of(client_id, "", list(scope), auth_url=auth_url)
    return authorization_url(client, redirect_uri, state or secrets.token_urlsafe(24))


def exchange_code(
    code: str,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    realm_id: str = "",
    token_url: str = TOKEN_URL,
) -> dict[str, str]:
    """The first tokens for a code: `access_token`, `refresh_token`, `realm_id`, `expires_at`.

    `code` may be the whole address to which the browser came back. It tells the company, which nothing else does: to a
    bare code belongs the `realm_id` of that address. Without it nothing is asked, so that the code is not spent.
    """
    told = parse_qs(urlsplit(code).query) if "://" in code else {}
    bare = told.get("code", [""])[0] if "://" in code else code
    realm_id = realm_id or (told.get(REALM) or [""])[0]
    if missing := [name for name, value in (("code", bare), (REALM, realm_id)) if not value]:
        raise ConfigError(
            f"nobody told the {' and the '.join(missing)} of this login, so that no code was spent.",
            hint="give the whole address to which the browser came back as code; or its realmId as realm_id",
        )
    tokens = with_end(exchange(Http, client_of(client_id, client_secret, token_url=token_url), bare, redirect_uri))
    ends = tokens.expires_at.isoformat() if tokens.expires_at else ""
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "realm_id": realm_id,
        "expires_at": ends,
        **({ENDS_AT: tokens.told[ENDS_AT]} if ENDS_AT in tokens.told else {}),
    }
