"""What a login gave, and the text in which it is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..core.errors import CredentialError
from .secrets import remember

EARLY = timedelta(minutes=3)  # before its end an access token is replaced
ENDS_AT = "login_ends_at"  # among what a login told: when no renewal helps any more


@dataclass(frozen=True, slots=True)
class Tokens:
    """One link in the line of tokens that began with a login.

    `expires_at` is the end of `access`, None where nobody told. `told` holds what only the login could tell, such as
    the company it was for. `descends_from` is the fingerprint of the credential of the user with which the line began,
    so that another one begins another line; empty where a login did.
    """

    access: str = ""
    refresh: str = ""
    expires_at: datetime | None = None
    scope: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    descends_from: str = ""

    def __repr__(self) -> str:
        return f"<Tokens until {self.expires_at}>"

    def is_due(self, now: datetime) -> bool:
        """Whether `access` is missing, or ends so soon that another one is wanted."""
        return not self.access or (self.expires_at is not None and now > self.expires_at - EARLY)

    def followed_by(self, fresh: Tokens) -> Tokens:
        """What a refresh gave, as the next link: what it does not tell stays."""
        return replace(
            fresh,
            refresh=fresh.refresh or self.refresh,
            scope=fresh.scope or self.scope,
            told={**self.told, **fresh.told},
            descends_from=self.descends_from,
        )

    def text(self) -> str:
        """For a keyring, a secret manager or a file."""
        return json.dumps(
            {
                "access": self.access,
                "refresh": self.refresh,
                "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
                "scope": self.scope,
                "told": dict(self.told),
                "descends_from": self.descends_from,
            }
        )

    @classmethod
    def read(cls, text: str, origin: str) -> Tokens:
        """From such a text. Raises CredentialError where it is none; `origin` says where it lies."""
        try:
            raw = json.loads(text)
            ends = raw["expires_at"]
            read = cls(
                raw["access"],
                raw["refresh"],
                None if ends is None else datetime.fromisoformat(ends),
                raw["scope"],
                raw["told"],
                raw["descends_from"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise CredentialError(
                f"what {origin} holds are no tokens of a login.", hint="log in again: aragora-sync oauth login"
            ) from error
        for secret in (read.access, read.refresh):
            remember(secret)
        return read


def with_end(tokens: Tokens, seconds: str, now: datetime) -> Tokens:
    """The same; how many seconds the whole login has left, told under that name, becomes a moment."""
    told = dict(tokens.told)
    left = told.pop(seconds, "")
    if left.isdecimal():
        told[ENDS_AT] = (now + timedelta(seconds=int(left))).isoformat(timespec="seconds")
    return replace(tokens, told=told)


def fingerprint(secret: str) -> str:
    """Stands for a secret where it must not be kept itself."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16] if secret else ""
