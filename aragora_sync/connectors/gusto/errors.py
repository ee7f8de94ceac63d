"""Gusto's own words for what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import AccessError, AragoraSyncError, CredentialError, NotFound, SourceError
from ...net.answer import Answer
from ...net.trouble import CHECK_ADDRESS

PORTAL = "the developer portal (dev.gusto.com)"
MISSING_SCOPES = "missing_oauth_scopes"
LATER = (408, 409, 429)
MOST_FIELDS = 3  # of a refusal that are named


def explain(answer: Answer, login: str) -> AragoraSyncError | None:
    """What an answer means; None where it is well, or its status says enough. `login` is how a person logs in."""
    if answer.status < 400 or answer.status >= 500 or answer.status in LATER:  # noqa: PLR2004
        return None
    errors = list(_flat(answer.body.get("errors")) if isinstance(answer.body, dict) else ())
    if any("version" in str(each.get("category", "")).lower() for each in errors):
        return SourceError(f"Gusto has retired this version of its API{_words(errors)}", hint="update aragora-sync")
    match answer.status:
        case 401:
            return CredentialError("Gusto refused the access token.", hint=login)
        case 403:
            return _forbidden(errors, login)
        case 404 | 410:
            return NotFound(f"Gusto has nothing there (404){_words(errors)}", hint=CHECK_ADDRESS)
        case 422:
            return SourceError(f"Gusto did not take the question{_words(errors)}", hint="update aragora-sync")
    return None


def lacking(scopes: Sequence[str], login: str) -> AccessError:
    """The login came without these rights."""
    return AccessError(
        f"the login lacks {', '.join(scopes) or 'a scope that this needs'}.",
        hint=f"add it to the scopes of the application in {PORTAL}, then: {login}",
    )


def _forbidden(errors: Sequence[Mapping[str, Any]], login: str) -> AccessError:
    for each in errors:
        if each.get("category") == MISSING_SCOPES:
            return lacking((each.get("metadata") or {}).get("required_scopes") or (), login)
    return AccessError(f"the login may not read this{_words(errors)}", hint=f"log in as a full-access admin: {login}")


def _flat(errors: Any) -> Iterator[Mapping[str, Any]]:
    """Errors may hold errors, which tell more."""
    for each in errors if isinstance(errors, list) else ():
        if isinstance(each, dict):
            yield each
            yield from _flat(each.get("errors"))


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    told = [f"{each.get('error_key')}: {each['message']}" for each in errors if each.get("message")]
    return f": {'; '.join(told[:MOST_FIELDS]).rstrip('.')}." if told else "."
