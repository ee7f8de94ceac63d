"""GitHub's refusals in words."""

from __future__ import annotations

from typing import Any

from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, CredentialError, NotFound, SourceError, TransientError
from ...net.answer import Answer

SECONDARY_WAIT_SECONDS = 60.0  # where GitHub does not say how long
LIMITED = ("RATE_LIMITED", "RATE_LIMIT")
TOO_MUCH = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT")
FORBIDDEN = ("FORBIDDEN", "INSUFFICIENT_SCOPES", "SAML_ENFORCEMENT")
NEW_TOKEN = "create a token at Settings > Developer settings > Personal access tokens, and set ARAGORA_GITHUB_TOKEN"


class TooMuch(SourceError):
    """One query asked for more than GitHub computes at once; a smaller one may do."""


def explain(answer: Answer) -> AragoraSyncError | None:
    """What an answer of REST or GraphQL means; None where it is well, or its status says enough."""
    body = answer.body if isinstance(answer.body, dict) else {}
    message = str(body.get("message", ""))
    if answer.status in (403, 429):
        return _limit(answer, message) or _forbidden(answer, message)
    if answer.status == 401:  # noqa: PLR2004
        return CredentialError(f"GitHub refused the token: {message or 'Bad credentials'}.", hint=NEW_TOKEN)
    if answer.status == 410 and (answer.headers.get("sunset") or "version" in message.lower()):  # noqa: PLR2004
        return SourceError(
            "this version of GitHub's interface is retired (410 Gone); nothing was taken for deleted.",
            hint="upgrade aragora-sync: pip install --upgrade aragora-sync",
        )
    if answer.status == 451:  # noqa: PLR2004
        return AccessError("GitHub blocked this repository for legal reasons (451).")
    errors = body.get("errors")
    if answer.status < 300 and isinstance(errors, list) and "data" in body | {"data": None}:  # noqa: PLR2004
        return _in_graphql(answer, errors)
    return None


def _limit(answer: Answer, message: str) -> TransientError | None:
    wait = answer.retry_after(utc_now())
    if wait is None:
        wait = answer.until_reset(utc_now())
    if wait is None and "secondary rate limit" in message.lower():
        wait = SECONDARY_WAIT_SECONDS
    if wait is None and answer.status == 429:  # noqa: PLR2004
        wait = SECONDARY_WAIT_SECONDS
    return None if wait is None else TransientError("GitHub's limit of requests is reached.", retry_after=wait)


def _forbidden(answer: Answer, message: str) -> AragoraSyncError:
    if "suspended" in message:
        return CredentialError("the installation of this GitHub App is suspended.", hint="resume it in its settings")
    if sso := answer.headers.get("x-github-sso", ""):
        where = sso.partition("url=")[2].partition("?")[0] or "the page of your tokens"
        return AccessError(
            "the organization demands single sign-on, and this token is not authorized for it.",
            hint=f"authorize it at {where}",
        )
    needed = answer.headers.get("x-accepted-github-permissions") or answer.headers.get("x-accepted-oauth-scopes")
    hint = f"give the token {needed}" if needed else "give the token the right to read this repository"
    return AccessError(f"GitHub forbids this: {message or 'Forbidden'}.", hint=hint)


def _in_graphql(answer: Answer, errors: list[Any]) -> AragoraSyncError | None:
    """The first error that concerns the whole query; what concerns a single thing is left to whoever asked for it."""
    for error in errors:
        kind, code = str(error.get("type", "")), str(error.get("code", ""))
        message = str(error.get("message", ""))
        if kind in LIMITED or code == "graphql_rate_limit":
            wait = answer.retry_after(utc_now()) or answer.until_reset(utc_now()) or SECONDARY_WAIT_SECONDS
            return TransientError("GitHub's limit of GraphQL queries is reached.", retry_after=wait)
        if kind in TOO_MUCH or "timeout" in message.lower() or "something went wrong" in message.lower():
            return TooMuch("a query asked for more than GitHub computes at once.")
        if kind in FORBIDDEN and not error.get("path"):
            return AccessError(f"GitHub forbids this: {message}", hint="give the token the scope it names")
        if kind != "NOT_FOUND" and not error.get("path"):
            return SourceError(f"GitHub did not understand a query: {message}")
    return None


def no_organization(name: str) -> NotFound:
    """Neither an organization nor a user of this name is shown to us."""
    return NotFound(
        f"GitHub shows neither an organization nor a user {name!r} to this token.",
        hint="look at option 'organization', and give the token access to it",
    )
