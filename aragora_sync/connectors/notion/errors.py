"""Notion's own words for what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

TOKEN = "NOTION_TOKEN"  # noqa: S105 - the name of one
WEBHOOK_TOKEN = "NOTION_WEBHOOK_TOKEN"  # noqa: S105 - likewise
SETTINGS = "notion.so/profile/integrations"
SHARE = "share the page with the integration: in Notion ••• > Connections, on the page itself or on one above it"
PAUSE_SECONDS = 30.0  # where Notion asks for one and does not say how long
UNAUTHORIZED, NOT_FOUND, FIRST_ERROR = 401, 404, 400
PAUSES = ("rate_limited", "service_overload")


class NoEndpoint(SourceError):
    """What is asked here does not know this kind of request."""


class NotThatKind(SourceError):
    """The id is of something else, or of a view of a database that is elsewhere."""


def explain(answer: Answer) -> AragoraSyncError | None:
    """What an answer of the API means; None where its status says enough."""
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("code", "")) if body.get("object") == "error" else ""
    if answer.status == UNAUTHORIZED or code == "unauthorized":
        return _refused(body)
    if code:
        return _of_code(code, str(body.get("message", "")), answer)
    if answer.status == NOT_FOUND or (answer.status < FIRST_ERROR and "object" not in body):
        return SourceError("what answered is not Notion's API.", hint=CHECK_ADDRESS)
    return None


def is_of_one(error: SourceError) -> bool:
    """Whether this may be the trouble of a single page, so that the others go on."""
    if isinstance(error, TransientError):
        return error.retry_after is None and bool(error.status)
    return not isinstance(error, ReadAgain)


def not_shared(what: str, error: SourceError) -> AccessError:
    """A database or page that the options name, or that was read before, cannot be seen."""
    if isinstance(error, NotFound):
        message = f"{what} cannot be seen: it is not shared with the integration, or gone. What was read is kept."
        return AccessError(message, hint=f"{SHARE}; if it is gone: take it out of the options")
    return AccessError(
        f"{what} cannot be read: {error.message}",
        hint="name pages in 'root_pages' and databases in "
        "'databases'; a view of a database is none: name the one that it shows",
    )


def _refused(body: Mapping[str, Any]) -> CredentialError:
    said = str(body.get("message", ""))
    return CredentialError(
        f"Notion refused the token{f': {said}' if said else '.'}",
        hint=f"set ARAGORA_{TOKEN} to the secret of the integration (ntn_…): {SETTINGS}",
    )


def _of_code(code: str, said: str, answer: Answer) -> AragoraSyncError | None:
    if code in PAUSES:
        wait = answer.retry_after(utc_now())
        return TransientError(
            f"Notion asks for fewer requests ({code}).", retry_after=PAUSE_SECONDS if wait is None else wait
        )
    if code == "restricted_resource":
        return AccessError(
            f"the integration lacks a capability: {said}", hint=f"give it the capability 'Read content': {SETTINGS}"
        )
    if code == "object_not_found":
        return NotFound("Notion does not show it: it is gone, or not shared with the integration.", hint=SHARE)
    if code == "invalid_request_url":
        return NoEndpoint(f"Notion does not know this request: {said}", hint=CHECK_ADDRESS)
    if code == "missing_version" or "not supported in this API version" in said:
        return SourceError(
            f"Notion answered as an older version of its API would: {said}",
            hint="look at base_url: what stands between must pass the header Notion-Version on",
        )
    if code == "validation_error":
        return _invalid(said)
    return None


def _invalid(said: str) -> SourceError:
    if "start_cursor" in said:
        return ReadAgain("a list of Notion changed while it was read.")
    return NotThatKind(f"Notion refused the request: {said}", hint="update aragora-sync")
