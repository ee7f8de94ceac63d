"""QuickBooks' own words for what went wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.errors import AccessError, AragoraSyncError, CredentialError, CursorExpired, NotFound, SourceError
from ...net.answer import Answer
from ...net.retry import TooLong

NO_PERMISSION = "120"
WRONG_KEYS = ("3100", "3202")
FEED = "/cdc"


class Gone(NotFound):
    """QuickBooks says of this very id that there is no such thing."""


class Stale(SourceError):
    """Somebody else changed it since it was read."""


class Shut(SourceError):
    """The whole company may not be asked, whatever the token: asking again with another one makes no sense."""


class QuotaSpent(TooLong):
    """The limit was still reached after minutes: it is that of a month."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What an answer says of an error. Gateways write it with small letters, services with capitals."""

    code: str
    words: str
    kind: str

    @classmethod
    def read(cls, body: Any) -> Fault | None:
        if not isinstance(body, dict):
            return None
        raw = body.get("Fault") or body.get("fault")
        if not isinstance(raw, dict):
            return None
        first = next(iter(raw.get("Error") or raw.get("error") or [{}]))
        message = str(first.get("Message") or first.get("message") or "")
        detail = str(first.get("Detail") or first.get("detail") or "")
        words = message if detail in message else f"{message}: {detail}" if message not in detail else detail
        return cls(str(first.get("code") or "").lstrip("0"), " ".join(words.split())[:300], str(raw.get("type") or ""))


def explain(answer: Answer, login: str) -> AragoraSyncError | None:
    """What an answer means; None where it is well, or its status says enough. `login` is what a person must do."""
    fault = Fault.read(answer.body)
    if fault is not None and fault.code in WRONG_KEYS:
        return _wrong_keys(fault)
    if answer.status == 401 or (fault is not None and fault.kind.upper() == "AUTHENTICATION"):  # noqa: PLR2004
        said = f" ({fault.words})" if fault and fault.words else ""
        return CredentialError(f"QuickBooks refused the access token{said}.", hint=login)
    if answer.status == 403 and (fault is None or fault.code != NO_PERMISSION):  # noqa: PLR2004
        return _wrong_keys(fault)
    return _of_request(answer, fault) if fault is not None and answer.status < 500 else None  # noqa: PLR2004


def _wrong_keys(fault: Fault | None) -> Shut:
    said = f": {fault.words}" if fault and fault.words else ""
    return Shut(
        f"QuickBooks does not let this application read this company{said}.",
        hint="keys of the sandbox fit environment: sandbox alone, those of production fit environment: production; "
        "or log in again as somebody who may let it read this company",
    )


def _of_request(answer: Answer, fault: Fault) -> AragoraSyncError | None:
    match fault.code:
        case "3001" | "":
            return None
        case "610":
            return Gone(f"QuickBooks has it no more ({fault.words}).")
        case "120":
            return AccessError(
                f"the login may not read this ({fault.words}).", hint="log in as somebody who may, or leave it out"
            )
        case "5010":
            return Stale(f"somebody else changed it meanwhile ({fault.words}).", hint="try again")
        case "6190":
            return Shut(f"the company's subscription has ended ({fault.words}).", hint="renew it at QuickBooks")
    if FEED in answer.url and "changedsince" in fault.words.lower():
        return CursorExpired("QuickBooks tells of no changes so long ago.")
    name = answer.headers.get("intuit_tid", "")
    return SourceError(
        f"QuickBooks refused a request: {fault.words} ({fault.code}).",
        hint=f"if it stays so, QuickBooks' support knows this answer as {name}" if name else "",
    )
