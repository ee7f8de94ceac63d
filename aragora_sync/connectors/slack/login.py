"""Logging in at Slack, for apps that rotate tokens: each holds twelve hours, and each refresh token serves once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...auth.oauth import InvalidGrant, OAuthClient
from ...core.errors import AragoraSyncError, CredentialError, SourceError
from ...net.answer import Answer
from .errors import APPS, explain
from .manifest import MANIFEST

if TYPE_CHECKING:
    from . import SlackConnector

CLIENT_ID, CLIENT_SECRET = "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"
AUTH_URL = "https://slack.com/oauth/v2/authorize"
TOKEN_URL = "https://slack.com/api/oauth.v2.access"  # noqa: S105 - an address
ROTATING = "xoxe."  # begins access tokens that end
SPENT = frozenset({"code_already_used", "invalid_code", "invalid_grant", "invalid_refresh_token", "token_revoked"})
NOT_THE_APP = frozenset({"bad_client_secret", "invalid_client", "invalid_client_id"})


def client(connector: SlackConnector) -> OAuthClient:
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
        explain=explain_login,
    )


def explain_login(answer: Answer) -> AragoraSyncError | None:
    """Slack refuses a login with status 200, and in words of its own."""
    if not isinstance(answer.body, dict):
        return None
    code = str(answer.body.get("error") or "")
    if code in SPENT:
        return InvalidGrant(f"the token was refused: {code}.")
    if code in NOT_THE_APP:
        return CredentialError(
            f"Slack does not know the app ({code}).",
            hint=f"set ARAGORA_{CLIENT_ID} and ARAGORA_{CLIENT_SECRET} as {APPS}, Basic Information shows them",
        )
    if code == "bad_redirect_uri":
        return SourceError(
            f"Slack does not take the redirect address ({code}).",
            hint=f"add one that begins with https:// at {APPS}, OAuth & Permissions, and give it as --redirect-uri",
        )
    return explain(answer)
