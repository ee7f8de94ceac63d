"""Logging in at Slack, for apps that rotate tokens: each holds twelve hours, and each refresh token serves once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...auth.oauth import InvalidGrant, OAuthClient, Refusal
from ...core.errors import SourceError, TransientError
from .errors import APPS, LATER, PAUSES
from .manifest import MANIFEST

if TYPE_CHECKING:
    from . import SlackConnector

CLIENT_ID, CLIENT_SECRET = "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"
AUTH_URL = "https://slack.com/oauth/v2/authorize"
TOKEN_URL = "https://slack.com/api/oauth.v2.access"  # noqa: S105 - an address
ROTATING = "xoxe."  # begins access tokens that end
SPENT = ("code_already_used", "invalid_code", "invalid_grant", "invalid_refresh_token", "token_revoked")
NOT_THE_APP = ("bad_client_secret", "invalid_client", "invalid_client_id")
REFUSALS = {
    **{code: Refusal(f"the token was refused: {code}.", kind=InvalidGrant) for code in SPENT},
    **{
        code: Refusal(
            f"Slack does not know the app ({code}).",
            f"set ARAGORA_{CLIENT_ID} and ARAGORA_{CLIENT_SECRET} as {APPS}, Basic Information shows them",
        )
        for code in NOT_THE_APP
    },
    "bad_redirect_uri": Refusal(
        "Slack does not take the redirect address (bad_redirect_uri).",
        f"add one that begins with https:// at {APPS}, OAuth & Permissions, and give it as --redirect-uri",
        SourceError,
    ),
    **{
        code: Refusal(f"Slack could not answer the login ({code}).", "try again later", TransientError)
        for code in (*LATER, *PAUSES)
    },
}


def client_of(connector: SlackConnector) -> OAuthClient:
    """The app, as the workspace's administrator made it from the manifest."""
    return OAuthClient(
        "Slack",
        connector.credential(CLIENT_ID),
        connector.credential(CLIENT_SECRET),
        connector.auth_url,
        connector.token_url,
        revoke_url=f"{connector.token_url.rpartition('/')[0]}/auth.revoke",
        scopes=[",".join(re.findall(r"- (\w+:\w+)", MANIFEST))],
        pkce=False,
        secret_in_body=True,
        refusals=REFUSALS,
    )
