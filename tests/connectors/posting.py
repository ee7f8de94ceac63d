"""What a vendor posts to a connector, signed as the vendor signs, and told in a line."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Receipt, Refused, Request

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRET = "the secret of the webhook"


def request(body: Any, headers: Mapping[str, str], secrets: Mapping[str, str], at: datetime = AT) -> Request:
    """The request as the service hands it on."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request({name.lower(): value for name, value in headers.items()}, raw, at, secrets)


@dataclass
class Post:
    """One vendor's way to sign. `stamp`: a header of the time that is signed with the body, as Slack does."""

    connector: Any
    key: str
    header: str
    prefix: str = ""
    base64: bool = False
    stamp: str = ""

    def __call__(
        self, body: Any, *, secret: str = SECRET, at: datetime = AT, late: timedelta = timedelta(), **headers: str
    ) -> Receipt:
        """The answer to a body that is signed at `at` and comes `late`."""
        return self.connector.receive(self.request(body, secret=secret, at=at, late=late, **headers))

    def request(
        self, body: Any, *, secret: str = SECRET, at: datetime = AT, late: timedelta = timedelta(), **headers: str
    ) -> Request:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(at.timestamp()))
        before = f"v0:{stamp}:".encode() if self.stamp else b""
        digest = hmac.new(secret.encode(), before + raw, hashlib.sha256).digest()
        told = {self.header: self.prefix + (b64encode(digest).decode() if self.base64 else digest.hex())}
        told |= {self.stamp: stamp} if self.stamp else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(raw, told | named, {self.key: SECRET}, at + late)

    def hints(self, body: Any, **more: Any) -> tuple[Hint, ...]:
        """What it says changed."""
        return self(body, **more).hints


def refusal(connector: Any, asked: Request) -> int:
    """The status with which it is refused; 0 where it is not."""
    try:
        connector.receive(asked)
    except Refused as error:
        return int(error.status)
    return 0
