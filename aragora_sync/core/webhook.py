"""Webhooks: what a vendor posts, what a connector answers, and the checks that every signature needs."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from .hints import Hint

logger = logging.getLogger(__name__)

OK, MALFORMED, UNAUTHORIZED = 200, 400, 401
AHEAD = timedelta(minutes=1)  # how far a vendor's clock may be before ours
LONGEST_HANDSHAKE = 4000
UNEXPECTED = (LookupError, TypeError, ValueError, AttributeError)  # what an unexpected form leads to


class Refused(Exception):
    """Ends a request: it is not from the vendor, too old, or nothing that can be read. The vendor hears `status`."""

    def __init__(self, why: str, status: int = UNAUTHORIZED) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `headers` have names in small letters; `secrets` are those that the connector's terms
    name and somebody has set.
    """

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def header(self, name: str) -> str:
        """The value; empty where the header is absent."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """The body as JSON; Refused where it is none."""
        return read_json(self.body)

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; Refused where it is none."""
        told = self.json()
        if not isinstance(told, dict):
            raise Refused("the body is no JSON object", MALFORMED)
        return told


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor hears, and what is to be done: `hints` are queued before the answer is sent.

    `once` names the delivery, by what is signed of it: another one of the same name is answered alike and does nothing.
    Empty stands for the body. `numbers` are the first and the last of its events, where the vendor counts them: those
    that never came are looked for. `keep` are secrets of a handshake, by name of credential.
    """

    status: int = OK
    body: bytes = b""
    content_type: str = ""
    hints: tuple[Hint, ...] = ()
    once: str = ""
    numbers: tuple[int, int] | None = None
    keep: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a connector is served: only with all the credentials of these names set.

    `begins_unsigned`: the vendor tells the secret itself in a first request, so that the connector is served without.
    """

    keys: tuple[str, ...]
    begins_unsigned: bool = False
    most_bytes: int = 1_000_000


@runtime_checkable
class Receives(Protocol):
    """The optional power to hear from the vendor that something changed."""

    webhook_terms: ClassVar[Terms]

    def receive(self, request: Request) -> Receipt:
        """Verifies, and says what changed; raises Refused. Asks nobody, so that the vendor never waits."""


def check_signature(
    request: Request, key: str, header: str, *, prefix: str = "", base64: bool = False, before: bytes = b""
) -> None:
    """The header holds the HMAC-SHA256 of `before` and the raw body, or Refused. Takes as long whatever it holds."""
    given, is_right = request.header(header), False
    for secret in _valid(request, key):
        digest = hmac.new(secret.encode(), before + request.body, hashlib.sha256).digest()
        expected = prefix + (b64encode(digest).decode() if base64 else digest.hex())
        is_right |= hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
    if not is_right:
        raise Refused(f"{header} is wrong" if given else f"{header} is missing")


def check_secret(request: Request, key: str, header: str) -> None:
    """The header is the secret itself, or Refused. Takes as long whatever it holds."""
    given = hashlib.sha256(request.header(header).encode("utf-8", "surrogateescape")).digest()
    hashed = [hashlib.sha256(secret.encode()).digest() for secret in _valid(request, key)]
    if not sum(hmac.compare_digest(given, each) for each in hashed):
        raise Refused(f"{header} is wrong")


def _valid(request: Request, key: str) -> list[str]:
    """While a secret is being replaced, the new one and the old one hold: each in a line of its own."""
    return [line for line in request.secrets[key].splitlines() if line.strip()]


def check_age(sent_at: datetime, request: Request, most: timedelta) -> None:
    """It was sent in the time that the vendor's retries need, or Refused."""
    age = request.received_at - sent_at
    if age > most:
        raise Refused("it was sent too long ago")
    if age < -AHEAD:
        raise Refused("it comes from the future; is the clock of this machine right?")


def handshake(request: Request, key: str, field: str) -> Receipt:
    """The answer to the first request of a subscription, which brings in `field` the token that signs all others.

    Nobody signed it: it is kept where none is, and counts once a person has given it back to the vendor.
    """
    told = request.json() if len(request.body) <= LONGEST_HANDSHAKE else None
    token = told.get(field) if isinstance(told, dict) else None
    if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
        raise Refused(f"{key} is not set, and this is no handshake")
    return Receipt(keep={key: token})


def moment_of(seconds: str | float) -> datetime:
    """The moment of a Unix time as vendors tell it; Refused where it is none."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError, TypeError) as error:
        raise Refused("it does not say when it was sent") from error


def read_json(body: bytes) -> Any:
    """The body as JSON; Refused where it is none, or is nested without end."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("the body is no JSON", MALFORMED) from error


def understood(read: Callable[[], Iterable[Hint]], who: str) -> tuple[Hint, ...]:
    """What a verified body says changed, each stream once with its refs.

    A form that nobody foresaw asks for an incremental run, which finds what the vendor meant.
    """
    try:
        return merged(read())
    except UNEXPECTED as error:
        logger.warning("%s sent a webhook of an unexpected form (%s): an incremental run looks", who, error)
        return (Hint(),)


def merged(hints: Iterable[Hint]) -> tuple[Hint, ...]:
    """The same, each stream once with its refs, and once without where all of it was meant too."""
    refs: dict[str, dict[str, None]] = {}
    whole: dict[str, None] = {}
    for hint in hints:
        if hint.refs:
            refs.setdefault(hint.stream, {}).update(dict.fromkeys(hint.refs))
        else:
            whole[hint.stream] = None
    return (*(Hint(stream, tuple(named)) for stream, named in refs.items()), *map(Hint, whole))
