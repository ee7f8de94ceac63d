"""Who may see what at GitHub: tokens of people, of apps, and the proof by which an app gets them."""

from __future__ import annotations

import functools
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .github_repository import Repository
from .web import Answer, Asked

CLASSIC, FINE = "ghp_1111ofaperson", "github_pat_2222ofaperson"
READ = dict.fromkeys(("metadata", "contents", "issues", "pull_requests", "discussions"), "read")
SAML = (
    "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this "
    "organization."
)
LONGEST_PROOF_SECONDS = 600
HOUR = timedelta(hours=1)


class Refused(Exception):
    """Ends a request with an error."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        documentation = {"documentation_url": "https://docs.github.com/rest", "status": str(status)}
        self.answer = Answer(status, {"message": message, **documentation, **more}, dict(headers or {}))


def not_found() -> Refused:
    return Refused(404, "Not Found")


@dataclass
class Installation:
    id: int
    owner: str
    repositories: set[str] | None = None
    permissions: dict[str, str] = field(default_factory=lambda: {**READ})
    suspended: bool = False


@dataclass
class Token:
    """What one token may see. `kind`: classic, fine, installation.

    `repositories`: names of those that were chosen; None: all. `sso`: "required" refuses what belongs to an
    organization, "partial" leaves it out of lists. `refused` refuses everything.
    """

    kind: str = "classic"
    login: str = "ann"
    scopes: set[str] = field(default_factory=lambda: {"repo", "read:org", "read:discussion"})
    permissions: dict[str, str] = field(default_factory=lambda: {**READ})
    repositories: set[str] | None = None
    expires_at: datetime | None = None
    sso: str = ""
    refused: bool = False
    pushes: bool = False  # its owner may change repositories, and so see who else may
    pending: bool = False  # an organization has not approved it yet: only what is public is seen
    installation: Installation | None = None  # what an app's token is for

    def sees(self, one: Repository) -> bool:
        """Whether it exists for the holder. What is public everybody sees, but not through an SSO wall."""
        if not one.accessible or (self.sso == "partial" and one.owner.kind == "Organization"):
            return False
        if self.kind == "classic":
            return not one.private or "repo" in self.scopes
        return not one.private or (not self.pending and self.chosen(one))

    def chosen(self, one: Repository) -> bool:
        ours = self.installation is None or self.installation.owner.lower() == one.owner.login.lower()
        return ours and (self.repositories is None or one.name in self.repositories)

    def lacks(self, permission: str) -> bool:
        """Classic tokens have no permissions: what their scopes let them see they may read."""
        return self.kind != "classic" and permission not in self.permissions

    def refusal(self, permission: str) -> Refused:
        by = "integration" if self.kind == "installation" else "personal access token"
        headers = {"X-Accepted-GitHub-Permissions": f"{permission}=read"}
        return Refused(403, f"Resource not accessible by {by}", headers)

    def walled(self, one: Repository) -> bool:
        return self.sso == "required" and one.owner.kind == "Organization"


def sso_headers(owner: str) -> dict[str, str]:
    return {"X-GitHub-SSO": f"required; url=https://github.com/orgs/{owner}/sso?authorization_request=A1"}


class App:
    """A GitHub App: `private_key` is what its owner holds; each installation gives tokens for an hour."""

    def __init__(self) -> None:
        self.id, self.client_id, self.slug = 123456, "Iv23liSYNC", "aragora-sync"
        self.installations: dict[int, Installation] = {}
        self.minted = 0

    @property
    def private_key(self) -> str:
        return _keys()[0]

    def install(self, owner: str, **more: Any) -> Installation:
        number = 7001 + len(self.installations)
        self.installations[number] = made = Installation(number, owner, **more)
        return made

    def prove(self, proof: str, now: datetime) -> None:
        """Raises Refused unless the holder of the key signed this for the present."""
        import jwt

        unread = Refused(401, "A JSON web token could not be decoded")
        try:
            told = jwt.decode(
                proof, _keys()[1], algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
            )
        except jwt.PyJWTError as error:
            raise unread from error
        moment = now.timestamp()
        if not isinstance(told.get("exp"), int) or told["exp"] > moment + LONGEST_PROOF_SECONDS:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
        if told["exp"] <= moment:
            raise Refused(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if not isinstance(told.get("iat"), int) or told["iat"] > moment:
            raise Refused(401, "'Issued at' claim ('iat') must be an Integer representing the time of the assertion")
        if str(told.get("iss")) not in (str(self.id), self.client_id):
            raise Refused(404, "Integration not found")

    def mint(self, installation: Installation, asked: Mapping[str, Any], now: datetime) -> tuple[str, Token]:
        """A token of several hundred characters that holds for an hour."""
        self.minted += 1
        wanted = asked.get("permissions") or installation.permissions
        if any(name not in installation.permissions for name in wanted):
            raise Refused(422, "The permissions requested are not granted to this installation.")
        chosen = installation.repositories
        if asked.get("repositories"):
            names = set(asked["repositories"])
            if chosen is not None and not names <= chosen:
                raise Refused(422, "There is at least one repository that does not exist or is not accessible.")
            chosen = names
        claims = {"jti": self.minted, "sub": installation.id, "exp": int((now + HOUR).timestamp()), "pad": "x" * 200}
        parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims)]
        value = f"ghs_{self.id}_{'.'.join([*parts, _base64(b's' * 64)])}"
        until = now.replace(microsecond=0) + HOUR
        return value, Token("installation", "", set(), dict(wanted), chosen, until, installation=installation)


@functools.cache
def _keys() -> tuple[str, str]:
    """A private and a public key, made once for all tests."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def credential_of(asked: Asked) -> str:
    """The token in a request; empty without one. git sends it as a password."""
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return value.strip() if scheme.lower() in ("bearer", "token") else ""
