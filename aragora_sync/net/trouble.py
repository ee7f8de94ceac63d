"""What a failed request means, in words, and whether it may work later."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..core.errors import AccessError, CredentialError, NotFound, SourceError, TransientError
from .answer import Answer

if TYPE_CHECKING:
    import httpx

MOST_WORDS = 300  # characters of what a source says of an error
_LATER = (408, 409, 423, 425, 429)
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500
WORDS = ("message", "error_description", "error", "detail", "title")  # where sources say it, the clearest first
_HTML = re.compile(r"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
CHECK_ADDRESS = "look at base_url, and at the network or proxy between"
TRUST = "SSL_CERT_FILE=/path/to/ca.pem names the authority that signed it, such as a company's proxy"


class TooLarge(SourceError):
    """An answer holds more bytes than whoever asked wants."""


def refusal_of(answer: Answer, place: str, now: datetime) -> SourceError | CredentialError | None:
    """What a status means where the vendor's own words were not recognised; None where it is no error."""
    status = answer.status
    if status < _FIRST_ERROR:
        return None
    told = f"{place} answered {status} {phrase_of(status)}{words_of(answer)}"
    if may_work_later(status):
        return TransientError(told, retry_after=answer.retry_after(now))
    match status:
        case 401:
            return CredentialError(told, hint=f"give {place} a credential that is valid; aragora-sync check")
        case 403:
            return AccessError(told, hint="the credential may not read this; widen its rights, or leave this out")
        case 404 | 410:
            return NotFound(told, hint=CHECK_ADDRESS)
    return SourceError(told)


def may_work_later(status: int) -> bool:
    """Whether the same request may be answered another time, as when the server is busy or in trouble."""
    return status in _LATER or status >= _FIRST_SERVER_ERROR


def transport_error(error: httpx.HTTPError | httpx.InvalidURL, place: str, host: str, seconds: float) -> SourceError:
    """What went wrong before there was an answer, or in the middle of it."""
    import httpx

    causes = list(_causes(error))
    if told := _about_encryption(error, causes, place, host):
        return told
    if any(isinstance(each, socket.gaierror) for each in causes):
        return TransientError(f"there is no host {host}, or no network.", hint=CHECK_ADDRESS)
    match error:
        case httpx.ConnectTimeout():
            message, hint = f"{host} could not be reached in time.", CHECK_ADDRESS
        case httpx.TimeoutException():
            message, hint = f"{place} did not answer within {seconds:g} s.", "if it is slow: a larger timeout"
        case httpx.ProxyError():
            message, hint = f"the proxy before {host} refused: {error}.", "look at HTTPS_PROXY and NO_PROXY"
        case httpx.ConnectError():
            message, hint = f"{host} could not be reached: {_reason(causes)}.", CHECK_ADDRESS
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return SourceError(f"{host} cannot be asked: {error}.", hint=CHECK_ADDRESS)
        case _:
            message, hint = f"{place} broke the connection off in the middle of an answer.", ""
    return TransientError(message, hint=hint)


def _about_encryption(error: Exception, causes: list[BaseException], place: str, host: str) -> SourceError | None:
    import httpx

    if certificate := next((each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None):
        return SourceError(f"the certificate of {host} is not trusted: {certificate.verify_message}.", hint=TRUST)
    if not any(isinstance(each, ssl.SSLError) for each in causes):
        return None
    if isinstance(error, httpx.ConnectError):
        return SourceError(f"{host} does not speak TLS there: {_reason(causes)}.", hint=CHECK_ADDRESS)
    return TransientError(f"{place} broke the encrypted connection off.")


def no_json(answer: Answer, place: str) -> SourceError:
    """The answer should have been JSON and is not."""
    if _HTML.match(answer.text[:200]):
        return SourceError(
            f"{place} answered with a web page instead of data; it may come from a login page or a proxy.",
            hint=CHECK_ADDRESS,
        )
    if answer.text.lstrip()[:1] == "<":
        return TransientError(
            f"{place} answered with XML instead of JSON; it may come from a gateway.", hint=CHECK_ADDRESS
        )
    return TransientError(f"{place} answered with JSON that breaks off, or is none.")


def phrase_of(status: int) -> str:
    """What a status is called."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(an unknown status)"


def words_of(answer: Answer) -> str:
    """What the source itself says, shortened: `: …`, or a full stop where it says nothing."""
    body: Any = answer.body
    for name in ("error", "errors", "fault"):
        if isinstance(body, dict) and isinstance(body.get(name), dict):
            body = body[name]
    if not isinstance(body, dict):
        return "."
    words = next((body[name] for name in WORDS if body.get(name)), "")
    return f": {' '.join(str(words).split())[:MOST_WORDS]}" if isinstance(words, str) and words else "."


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _reason(causes: list[BaseException]) -> str:
    told = next((each.strerror for each in causes if isinstance(each, OSError) and each.strerror), "")
    return (told or str(causes[0]) or type(causes[0]).__name__).rstrip(".")
