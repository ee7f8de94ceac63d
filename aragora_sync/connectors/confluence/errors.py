"""What Confluence's answers mean, and what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from ...net.trouble import CHECK_ADDRESS, words_of

EMAIL, TOKEN = "CONFLUENCE_EMAIL", "CONFLUENCE_API_TOKEN"
WEBHOOK_SECRET = "CONFLUENCE_WEBHOOK_SECRET"  # noqa: S105 - the name of one
TOKENS = "https://id.atlassian.com/manage-profile/security/api-tokens"
GATEWAY = "https://api.atlassian.com/ex/confluence/"
PAUSE_SECONDS = 5.0  # where Confluence asks for one and does not say how long
NOTHING_DELETED = "what was read before is kept"
APIS = ("/api/v2/", "/rest/api/")

SCOPES = (  # by what an address holds, the first that fits
    ("/content/search", "search:confluence or read:content-details:confluence"),
    ("/download", "readonly:content.attachment:confluence"),
    ("comments", "read:comment:confluence"),
    ("attachment", "read:attachment:confluence"),
    ("/users-bulk", "read:user:confluence"),
    ("blogposts", "read:blogpost:confluence"),
    ("/pages", "read:page:confluence"),
    ("/spaces", "read:space:confluence"),
)


def unknown_space(key: str) -> AccessError:
    """No space of this key can be seen."""
    return AccessError(
        f"no space {key} can be seen with this token; {NOTHING_DELETED}.",
        hint="correct the option 'spaces' (keys as in the address: …/spaces/ENG), or give the token's user access",
    )


def lost_space(title: str) -> AccessError:
    """A space that was read before cannot be seen any more."""
    return AccessError(
        f"the space {title} can no longer be seen with this token: access was taken away, or it was deleted; "
        f"{NOTHING_DELETED}.",
        hint="give the token's user access to it; if it is gone for good: aragora-sync reset --stream … --purge",
    )


def explain(answer: Answer) -> AragoraSyncError | None:
    """What an answer means where its status alone does not say it."""
    if answer.status < 300:  # noqa: PLR2004
        return _strange(answer)
    if not any(api in answer.url for api in APIS):
        return AccessError("the file may not be downloaded.") if answer.status in (401, 403) else None
    if answer.status < 400:  # noqa: PLR2004
        return _redirected(answer)
    told = EXPLAINED.get(answer.status)
    return None if told is None else told(answer)


def _strange(answer: Answer) -> SourceError | None:
    if answer.body is None or isinstance(answer.body, dict):
        return None
    return SourceError("what answered is not Confluence's API.", hint=CHECK_ADDRESS)


def _redirected(answer: Answer) -> AragoraSyncError:
    there = answer.headers.get("location", "")
    if "login" in there or "id.atlassian.com" in there:
        return _refused(answer)
    return SourceError(f"Confluence sends us to {there.partition('?')[0]}.", hint=f"if it moved there: {CHECK_ADDRESS}")


def _about_request(answer: Answer) -> SourceError | None:
    if "cursor=" in answer.url:
        return ReadAgain("Confluence does not take the cursor it gave; the rest is read again.")
    told = _told(answer)
    if "cql" in told.lower():
        return SourceError(
            f"Confluence did not understand a search: {told}",
            hint="look at the options 'spaces', 'include_labels' and 'exclude_labels'",
        )
    return None


def _refused(answer: Answer) -> AragoraSyncError:
    if "scope" in _told(answer):
        return _missing_scope(answer)
    if "/ex/confluence/" in answer.url:
        place = f"make a new token with scopes at {TOKENS} and set ARAGORA_{TOKEN}, and its owner's ARAGORA_{EMAIL}"
    elif ".atlassian.net" in answer.url or "/api/v2/" in answer.url:
        place = (
            f"set ARAGORA_{EMAIL} to the owner's mail address and ARAGORA_{TOKEN} to a new token ({TOKENS}; none lives "
            f"longer than a year); a token with scopes works at base_url: {GATEWAY}CLOUD-ID alone"
        )
    else:
        place = f"make a new personal access token in your Confluence profile, and set ARAGORA_{TOKEN}"
    return CredentialError("Confluence refused the API token: it is wrong, expired or revoked.", hint=place)


def _missing_scope(answer: Answer) -> AccessError:
    scope = next((scope for part, scope in SCOPES if part in answer.url), "that this needs")
    return AccessError(
        f"the API token lacks the scope {scope}; {NOTHING_DELETED}.",
        hint=f"make a token with this scope at {TOKENS}",
    )


def _forbidden(answer: Answer) -> AragoraSyncError:
    if "CAPTCHA" in answer.headers.get("x-authentication-denied-reason", ""):
        return CredentialError(
            "Confluence asks for a CAPTCHA after too many failed logins.",
            hint=f"log in once with a browser, then correct ARAGORA_{TOKEN}",
        )
    return AccessError(
        f"Confluence forbids it{words_of(answer)}",
        hint="the token's user needs access to Confluence and to this space, from this network",
    )


def _absent(_answer: Answer) -> AragoraSyncError:
    return NotFound("Confluence has it no more, or does not show it to this user.", hint=CHECK_ADDRESS)


def _paused(answer: Answer) -> AragoraSyncError:
    wait = answer.retry_after(utc_now())
    return TransientError("Confluence asks for a pause.", retry_after=PAUSE_SECONDS if wait is None else wait)


def _told(answer: Answer) -> str:
    """Its own words, whatever their form."""
    body: Any = answer.body
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(body.get("message") or first.get("title") or "")


EXPLAINED: Mapping[int, Callable[[Answer], AragoraSyncError | None]] = {
    400: _about_request,
    401: _refused,
    403: _forbidden,
    404: _absent,
    410: _absent,
    429: _paused,
}
