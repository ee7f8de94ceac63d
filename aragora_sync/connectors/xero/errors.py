"""Xero's own words for what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, CredentialError, SourceError, TransientError
from ...net.answer import Answer

FIRST_ERROR = 400
NO_SCOPE = "AuthorizationUnsuccessful"
NOT_CONNECTED = "AuthenticationUnsuccessful"
PROBLEM = "x-rate-limit-problem"
PAUSE_SECONDS = 1.0  # where Xero asks for one and does not say how long


class Refused(SourceError):
    """Xero looked at what should be written and did not take it; `written` are the records that it took."""

    def __init__(self, message: str, written: list[dict[str, Any]], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.written = written


def explain(answer: Answer, login: str) -> AragoraSyncError | None:
    """What an answer of the API means. `login` is the command by which a person logs in."""
    if answer.status < FIRST_ERROR:
        return None
    body = answer.body if isinstance(answer.body, dict) else {}
    detail = str(body.get("Detail") or "")
    match answer.status:
        case 401 if NO_SCOPE in detail:
            return _no_scope(answer, login)
        case 401:
            return CredentialError(f"Xero refused the access token: {detail or 'it is not valid'}.", hint=login)
        case 403 if NOT_CONNECTED in detail:
            return CredentialError("this organisation is not connected to the login any more.", hint=login)
        case 403 if NO_SCOPE in detail:
            return _no_scope(answer, login)
        case 429:
            return _limit(answer)
        case 400 if words := "; ".join(dict.fromkeys(messages_of(body))):
            return SourceError(f"Xero did not take it: {words}", hint="correct what is named there")
    return None


def messages_of(body: Any) -> Iterator[str]:
    """What Xero complains of, wherever in the answer it says so."""
    if isinstance(body, list):
        for each in body:
            yield from messages_of(each)
    elif isinstance(body, Mapping):
        found = [str(each.get("Message", "")) for each in body.get("ValidationErrors") or ()]
        yield from found
        yield from messages_of([each for each in body.values() if isinstance(each, list | Mapping)])
        if not found and "Elements" in body and not any(messages_of(body["Elements"])):
            yield str(body.get("Message") or "")


def _no_scope(answer: Answer, login: str) -> AccessError:
    what = answer.url.partition("?")[0].rpartition("/api.xro/2.0/")[2]
    if what.startswith("Journals"):
        return AccessError(
            "Xero opens Journals to apps of its Advanced plan alone.", hint="manual journals are read without it"
        )
    return AccessError(
        f"the login lacks the scope for {what.partition('/')[0]}.",
        hint=f"log in again and allow it: {login}; a scope that the app itself lacks is added at developer.xero.com",
    )


def _limit(answer: Answer) -> TransientError:
    problem = answer.headers.get(PROBLEM, "").lower()
    now = answer.at or utc_now()
    seconds = answer.retry_after(now)
    seconds = PAUSE_SECONDS if seconds is None else seconds
    if "day" in problem:
        begins = now + timedelta(seconds=seconds)
        return TransientError(
            f"Xero's limit of requests for a day is used up; it begins anew at {begins:%Y-%m-%d %H:%M} UTC.",
            hint="run again then; what was read is kept",
            retry_after=seconds,
        )
    return TransientError(f"Xero's limit of requests ({problem or 'not told which'}) is reached.", retry_after=seconds)
