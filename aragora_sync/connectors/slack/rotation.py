"""The token of the app: one that stays, or that of an app that rotates, which ends after twelve hours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...auth.oauth import OAuthClient, Refusal, refreshed
from ...auth.refreshing import Refreshing
from ...auth.token_store import TokenStore, token_path
from ...auth.tokens import Tokens
from ...net.access import Access, bearer
from .errors import APPS, BOT_TOKEN

if TYPE_CHECKING:
    from . import SlackConnector

REFRESH_TOKEN, CLIENT_ID, CLIENT_SECRET = "SLACK_REFRESH_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"
KEPT_AS = "SLACK_TOKENS"
ANEW = f"install the app again ({APPS}, OAuth & Permissions), and set ARAGORA_{REFRESH_TOKEN} to what it shows then"
WRONG_CLIENT = Refusal(
    "Slack does not know the app, or its secret is another.",
    f"copy ARAGORA_{CLIENT_ID} and ARAGORA_{CLIENT_SECRET} again: {APPS}, Basic Information",
)
REFUSALS = {
    "invalid_refresh_token": Refusal(
        "Slack refused the refresh token: it was used before, or the app was installed anew.", ANEW
    ),
    "invalid_client_id": WRONG_CLIENT,
    "bad_client_secret": WRONG_CLIENT,
}


def access_of(connector: SlackConnector) -> Access:
    """What the app's requests carry. Where a refresh token is given, it renews itself: each is taken once, so that one
    process at a time renews, and keeps what came before it is used.
    """
    if not connector.asked_credentials.get(REFRESH_TOKEN):
        return bearer(connector.credential(BOT_TOKEN))
    path = token_path(connector.connector_id, connector.tenant_id)
    store = TokenStore(
        connector.asked_credentials,
        KEPT_AS,
        REFRESH_TOKEN,
        path,
        allow_file=connector.token_file,
        access_name=BOT_TOKEN,
    )
    return Refreshing(store, partial(_next, connector), service="Slack", login=ANEW, stop=connector.stop)


def _next(connector: SlackConnector, tokens: Tokens) -> Tokens:
    client = OAuthClient(
        service="Slack",
        client_id=connector.credential(CLIENT_ID),
        client_secret=connector.credential(CLIENT_SECRET),
        auth_url="",
        token_url=f"{connector.base_url.rstrip('/')}/oauth.v2.access",
        secret_in_body=True,
        refusals=REFUSALS,
    )
    return refreshed(connector.http, client, tokens.refresh)
