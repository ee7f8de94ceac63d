"""Plaid's own words for what went wrong, and what to do about it. Only its codes are stable."""

from __future__ import annotations

from ...core.errors import AccessError, AragoraSyncError, CredentialError, ReadAgain, SourceError, TransientError
from ...net.answer import Answer
from ...net.trouble import CHECK_ADDRESS

FIRST_ERROR = 400
WINDOW_SECONDS = 60.0  # limits are per minute, and no answer tells how much of it is left

GONE = frozenset({"INVALID_ACCESS_TOKEN", "ITEM_NOT_FOUND"})
LOGIN = {
    "ITEM_LOGIN_REQUIRED": "a person must log in at the bank again",
    "ITEM_LOCKED": "the bank has locked the account after too many logins; unlock it there first",
    "INVALID_CREDENTIALS": "the bank does not take the user's credentials any more",
    "ACCESS_NOT_GRANTED": "the right to read transactions was not given",
    "NO_ACCOUNTS": "no account is shared",
    "USER_PERMISSION_REVOKED": "the user took the right back",
    "USER_SETUP_REQUIRED": "the user must first do something at the bank's own site",
}
KEYS = frozenset({"INVALID_API_KEYS", "UNAUTHORIZED_ENVIRONMENT", "MISSING_API_KEYS"})
NO_LONGER = "INSTITUTION_NO_LONGER_SUPPORTED"
MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"


class NeedsLogin(AccessError):
    """A person must do something at this bank; Plaid still has the item."""


class TokenRefused(AccessError):
    """Plaid has no item of this token: it was removed, rotated, or is of the other environment."""


class NotReady(SourceError):
    """The bank was linked a moment ago, and Plaid still gathers its transactions."""


class InvalidField(SourceError):
    """A field of the request was not taken. Where only a cursor can be at fault, it is."""


class BalanceTooOld(SourceError):
    """The bank has no balance as fresh as was asked for."""


def explain(answer: Answer, login: str, environment: str) -> AragoraSyncError | None:
    """What an answer means. `login` is the command by which a person logs in at a bank."""
    body = answer.body
    if answer.status < FIRST_ERROR:
        return None if isinstance(body, dict) and "request_id" in body else _strange(answer)
    if not isinstance(body, dict) or not isinstance(body.get("error_code"), str):
        return None
    kind, code = str(body.get("error_type")), body["error_code"]
    if kind == "RATE_LIMIT_EXCEEDED":
        return TransientError(f"Plaid's limit of requests a minute is reached ({code}).", retry_after=WINDOW_SECONDS)
    if code in KEYS:
        return CredentialError(
            f"Plaid refused client id and secret for {environment} ({code}).",
            hint="set ARAGORA_PLAID_CLIENT_ID and ARAGORA_PLAID_SECRET to the keys of that environment: "
            "dashboard.plaid.com, Developers, Keys",
        )
    if code == "INVALID_PUBLIC_TOKEN":
        return CredentialError(
            f"Plaid does not take the result of the page ({code}): it was used before, or is older than half an hour.",
            hint=login,
        )
    return _about_bank(kind, code, login, environment) or _about_request(kind, code, body)


def _about_bank(kind: str, code: str, login: str, environment: str) -> SourceError | None:
    if code in GONE:
        return TokenRefused(
            f"Plaid takes its access token no more ({code}): the bank was unlinked, or the token is not of the "
            f"environment {environment}; what was read is kept.",
            hint=f"link it again: {login}",
        )
    if code == NO_LONGER:
        return AccessError(f"Plaid has given up this bank ({code}); what was read is kept.", hint="export what is here")
    if code == "PRODUCT_NOT_READY":
        return NotReady("Plaid still gathers its transactions.")
    if kind == "INSTITUTION_ERROR":
        return TransientError(f"Plaid cannot reach the bank ({code}).", hint="run again later; nothing was deleted")
    if code in LOGIN or kind == "ITEM_ERROR":
        return NeedsLogin(f"{LOGIN.get(code, 'its login does not work')} ({code}); what was read is kept.", hint=login)
    return None


def _about_request(kind: str, code: str, body: dict[str, object]) -> SourceError:
    request = body.get("request_id")
    if code == MUTATION:
        return ReadAgain(f"transactions changed while they were read ({code}).")
    if code == "LAST_UPDATED_DATETIME_OUT_OF_RANGE":
        return BalanceTooOld(f"the bank has no balance of the last days ({code}).")
    if kind == "API_ERROR":
        return TransientError(f"Plaid could not answer ({code}, request {request}).", hint="run again later")
    words = " ".join(str(body.get("error_message") or "").split())
    told = f"Plaid refused a request: {words or code} ({code}, request {request})"
    return (InvalidField if code in ("INVALID_FIELD", "INVALID_CURSOR") else SourceError)(told)


def _strange(answer: Answer) -> SourceError:
    return SourceError(f"what answered {answer.url.rpartition('//')[2]} is not Plaid's API.", hint=CHECK_ADDRESS)
