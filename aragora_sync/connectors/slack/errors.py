"""Slack's own words for what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ...core.clock import utc_now
from ...core.errors import (
    AccessError,
    AragoraSyncError,
    CredentialError,
    NotFound,
    ReadAgain,
    SourceError,
    TransientError,
)
from ...net.answer import Answer
from ...net.trouble import CHECK_ADDRESS

BOT_TOKEN, USER_TOKEN = "SLACK_BOT_TOKEN", "SLACK_USER_TOKEN"
SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105 - the name of one
APPS = "api.slack.com/apps"
INVITE = "invite the app in that channel: /invite @aragora-sync; or take the channel out"
RESTORE = "restore the channel and invite the app: /invite @aragora-sync; or take the channel out"
MANIFEST_HINT = "aragora-sync connectors slack --manifest shows what the app needs"
PAUSE_SECONDS = 30.0  # where Slack asks for one and does not say how long

REVOKED = frozenset({"account_inactive", "token_revoked"})
REFUSED = frozenset(
    {
        *("access_denied", "ekm_access_denied", "invalid_auth", "not_authed", "org_login_required", "token_expired"),
        *("team_access_not_granted", "two_factor_setup_required", *REVOKED),
    }
)
GONE = frozenset(
    {
        *("file_deleted", "file_not_found", "message_not_found", "thread_not_found"),
        *("user_not_found", "user_not_visible", "users_not_found"),
    }
)
LATER = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"},
)
NO_RIGHT = frozenset({"no_permission", "not_allowed_token_type", "restricted_action"})
PAUSES = ("ratelimited", "rate_limited")
RETIRED = frozenset({"deprecated_endpoint", "method_deprecated", "unknown_method"})


class MissingScope(AccessError):
    """The token lacks a scope for this method."""


class NotInChannel(AccessError):
    """The app is in the workspace, but not in this channel."""


CHANNEL: Mapping[str, tuple[type[AccessError], str]] = {
    "not_in_channel": (NotInChannel, "the app is not in it; nothing was deleted."),
    "channel_not_found": (
        AccessError,
        "it was deleted, or is private and the app is not in it (any more); what was read before is kept.",
    ),
}


@contextmanager
def dispensable() -> Iterator[None]:
    """What is asked for within can be done without, where Slack refuses it for good; the code after it says how."""
    try:
        yield
    except TransientError:
        raise
    except SourceError:
        return


def explain(answer: Answer, variable: str = BOT_TOKEN) -> AragoraSyncError | None:
    """What an answer of the API means; Slack says most errors with status 200. `variable` held the token."""
    body = answer.body
    if not isinstance(body, dict) or "ok" not in body:
        return None if answer.status >= 400 else _strange(answer)  # noqa: PLR2004
    if body["ok"]:
        return None
    code = str(body.get("error", ""))
    if code in REFUSED:
        return _refused(code, variable)
    if code in CHANNEL:
        error, message = CHANNEL[code]
        return error(message, hint=INVITE)
    return _about_request(code, answer, variable)


def explain_file(answer: Answer) -> AragoraSyncError | None:
    """A file that may not be read is no sign of a token that is refused."""
    if answer.status not in (401, 403):
        return None
    return AccessError("the token may not read this file.", hint="give the app the scope files:read")


def method_of(answer: Answer) -> str:
    """The method that was asked for, such as `conversations.history`."""
    return answer.url.partition("?")[0].rpartition("/")[2]


def _strange(answer: Answer) -> SourceError:
    return SourceError(f"what answered {method_of(answer)} is not Slack's API.", hint=CHECK_ADDRESS)


def _refused(code: str, variable: str) -> CredentialError:
    kind = "Bot User OAuth Token (xoxb-…)" if variable == BOT_TOKEN else "User OAuth Token (xoxp-…)"
    place = f"set ARAGORA_{variable} to the app's {kind}: {APPS}, OAuth & Permissions"
    if code == "token_expired":
        return CredentialError(
            "the token has expired (token_expired): its app rotates tokens.",
            hint="aragora-sync oauth login slack keeps tokens and renews them; or make an app without rotation "
            f"(aragora-sync connectors slack --manifest), and {place}",
        )
    if code in REVOKED:
        return CredentialError(f"the token was revoked ({code}).", hint=f"install the app again, and {place}")
    if code == "ekm_access_denied":
        return CredentialError(
            "the workspace's administrators suspended the app (ekm_access_denied).", hint="ask them to allow it again"
        )
    return CredentialError(f"Slack refused the token ({code}).", hint=place)


def _missing_scope(needed: str, method: str, variable: str) -> MissingScope:
    kind = "Bot" if variable == BOT_TOKEN else "User"
    return MissingScope(
        f"the app lacks the scope {needed or 'that ' + method + ' needs'}.",
        hint=f"add it to the app's {kind} Token Scopes ({APPS}, OAuth & Permissions) and install the app again",
    )


def _about_request(code: str, answer: Answer, variable: str) -> SourceError:
    method = method_of(answer)
    if code in GONE:
        return NotFound(f"Slack has it no more ({code}).")
    if code in LATER:
        return TransientError(f"Slack could not answer {method} ({code}).", hint="run again later; nothing was deleted")
    if code in PAUSES:
        wait = answer.retry_after(utc_now())
        return TransientError("Slack asks for a pause.", retry_after=PAUSE_SECONDS if wait is None else wait)
    if code == "missing_scope":
        return _missing_scope(str(answer.body.get("needed", "")), method, variable)
    if code == "invalid_cursor":
        return ReadAgain("Slack does not take the cursor it gave; the rest is read again.")
    if code in NO_RIGHT:
        return AccessError(f"the token may not ask for {method} ({code}).", hint=MANIFEST_HINT)
    did, hint = ("has retired", "update aragora-sync") if code in RETIRED else ("refused", "")
    return SourceError(f"Slack {did} {method} ({code or 'without a reason'}).", hint=hint)
