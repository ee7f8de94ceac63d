"""GitHub's own words for what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, CredentialError, NotFound, SourceError, TransientError
from ...net.answer import Answer

WEBHOOK_SECRET = "GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the name of one
TOKEN, APP_ID, APP_KEY = "GITHUB_TOKEN", "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"
INSTALLATION = "GITHUB_APP_INSTALLATION_ID"
PAUSE_SECONDS = 60.0  # where GitHub asks for one and does not say how long
BUSY = (502, 504)  # answers to queries that took too long
LIMITED = ("RATE_LIMIT", "RATE_LIMITED")
TOO_MUCH = ("MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "TIMEOUT")
FORBIDDEN = ("FORBIDDEN", "INSUFFICIENT_SCOPES", "SAML_FAILURE")
NOT_FOUND = "NOT_FOUND"
NEW_TOKEN = f"make a token at github.com/settings/tokens, and set ARAGORA_{TOKEN}"
WIDEN = "give the token read access to this (repository permissions, or the scope repo)"


class TooMuch(SourceError):
    """One query asked for more than GitHub works out at once; a smaller one may do."""


def explain(answer: Answer) -> AragoraSyncError | None:
    """What an answer of REST or GraphQL means; None where it is well, or its status says enough."""
    body = answer.body if isinstance(answer.body, dict) else {}
    message = str(body.get("message", ""))
    match answer.status:
        case 401:
            return CredentialError(f"GitHub refused the credential: {message or 'Unauthorized'}.", hint=NEW_TOKEN)
        case 403 | 429:
            return _pause(answer, message) or _forbidden(answer, message)
        case 409 if "empty" in message.lower():
            return NotFound("the repository is empty.")
        case 410 if "sunset" in answer.headers or "version" in message.lower():
            return SourceError(
                "GitHub has retired this version of its API (410); nothing was taken for deleted.",
                hint="update aragora-sync",
            )
        case 451:
            return AccessError("GitHub has blocked this repository for legal reasons (451).")
    errors = body.get("errors")
    return _of_query(answer, errors) if answer.status < 300 and isinstance(errors, list) else None  # noqa: PLR2004


def refused_parts(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str | int, ...]]:
    """Where in the data of a query something is missing because the token may not see it."""
    return [tuple(error["path"]) for error in errors if error.get("type") in FORBIDDEN and error.get("path")]


def _pause(answer: Answer, message: str) -> TransientError | None:
    """Its headers say how long; the text of a secondary limit contains that of the primary one."""
    wait = answer.retry_after(utc_now())
    if wait is None:
        wait = answer.until_reset(utc_now())
    if wait is None and (answer.status == 429 or "rate limit" in message.lower()):  # noqa: PLR2004
        wait = PAUSE_SECONDS
    return None if wait is None else TransientError("GitHub's limit of requests is reached.", retry_after=wait)


def _forbidden(answer: Answer, message: str) -> AragoraSyncError:
    if "suspended" in message:
        return CredentialError("the installation of this GitHub App is suspended.", hint="resume it in its settings")
    if "administrative rules" in message:
        return SourceError(f"GitHub refuses the program: {message}")
    if sso := answer.headers.get("x-github-sso", ""):
        where = sso.partition("url=")[2].partition("?")[0]
        return AccessError(
            "the organization demands single sign-on, and the token is not authorized for it.",
            hint=f"authorize it: {where}" if where else "authorize it in the settings of your tokens",
        )
    needed = answer.headers.get("x-accepted-github-permissions") or answer.headers.get("x-accepted-oauth-scopes")
    return AccessError(
        f"the token may not read this ({message or 'Forbidden'}).", hint=f"give it {needed}" if needed else WIDEN
    )


def _of_query(answer: Answer, errors: Sequence[Mapping[str, Any]]) -> AragoraSyncError | None:
    """The first error that concerns the whole query; one with a path is left to whoever asked for that part."""
    for error in errors:
        kind, message = str(error.get("type", "")), str(error.get("message", ""))
        if kind in LIMITED or error.get("code") == "graphql_rate_limit":
            wait = answer.retry_after(utc_now()) or answer.until_reset(utc_now()) or PAUSE_SECONDS
            return TransientError("GitHub's limit of GraphQL queries is reached.", retry_after=wait)
        if kind in TOO_MUCH or "something went wrong while executing" in message.lower():
            return TooMuch("a query asked for more than GitHub works out at once.")
        if not error.get("path"):
            if kind in FORBIDDEN:
                return AccessError(f"the token may not ask for this: {message}", hint=WIDEN)
            if kind != NOT_FOUND:
                return SourceError(f"GitHub did not understand a query: {message}", hint="update aragora-sync")
    return None
