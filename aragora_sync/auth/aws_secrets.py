"""Credentials in AWS Secrets Manager: a secret for each, or one JSON object for all of a tenant or connector."""

from __future__ import annotations

import json
import os
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..core.address import is_loopback
from ..core.errors import CredentialError
from ..core.options import Problem, option
from .aws_session import Refused, client_of, explained, quiet, refusal
from .declared import DeclaredProvider, checked_path
from .secrets import remember

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

T = TypeVar("T")

_PREFIX = re.compile(r"[A-Za-z0-9/_+=.@-]*")
_ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[^\s/@:]+)(:\d+)?/?")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/\S+")


@dataclass(frozen=True, slots=True)
class Version:
    """The current version of a secret; without an id where there is none."""

    id: str
    text: str = field(repr=False)


class AWSSecretsManagerCredentialProvider(DeclaredProvider):
    """Reads a secret for each key, or else a JSON object that holds several.

    For `<tenant>/<connector>/<KEY>` that is the secret `<prefix><tenant>/<connector>/<KEY>`, whose text is the value
    (or the member `KEY` of it, where it is a JSON object that has one); where there is none, the member `KEY` of the
    JSON object in the secret `<prefix><tenant>/<connector>`. A key without `/` has a secret of its own only.

    No value is kept: each question reads AWSCURRENT. A write makes a new version of the secret that is asked first,
    and AWS keeps the one before as AWSPREVIOUS. It refuses where the version is another than this provider saw last;
    AWS has no check-and-set, so that two writes at the same instant are not noticed. Safe among threads; one client
    for all questions.
    """

    title: ClassVar[str] = "AWS Secrets Manager"

    region: str | None = option(
        None, help="The region, by default that of the profile or AWS_REGION.", example="eu-central-1"
    )
    profile: str | None = option(None, help="A profile of ~/.aws/config.", example="sync")
    role_arn: str | None = option(
        None, help="A role to assume for reading secrets.", example="arn:aws:iam::123456789012:role/aragora-sync"
    )
    endpoint_url: str | None = option(
        None, help="Another address of the service, like that of a VPC endpoint.", example="https://secrets.example.com"
    )
    prefix: str = option("aragora/", help="What the names of all secrets begin with.")
    timeout: float = option(5, help="How long one request may take, in seconds.", at_least=0.1, at_most=30)

    allow_http: bool = option(False, help="Allow an address without TLS that is not this machine's.")

    def __init__(self, *, environ: Mapping[str, str] = os.environ, **options: Any) -> None:
        super().__init__(environ=environ, **options)
        self._seen: dict[str, str] = {}  # ids of versions by name of the secret
        self._client: SecretsManagerClient | None = None
        self._connecting = threading.Lock()

    @classmethod
    def problems(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> list[Problem]:
        found = []
        if not _PREFIX.fullmatch(values["prefix"]):
            found.append(Problem(("prefix",), "option 'prefix' must hold only letters, digits and /_+=.@-"))
        if values["role_arn"] and not _ROLE.fullmatch(values["role_arn"]):
            found.append(Problem(("role_arn",), "option 'role_arn' must be like arn:aws:iam::123456789012:role/NAME"))
        if values["endpoint_url"] and (wrong := _wrong_address(values["endpoint_url"], values["allow_http"])):
            found.append(Problem(("endpoint_url",), f"option 'endpoint_url' must {wrong}"))
        return found

    def get_credential(self, key: str) -> str | None:
        """The current value, or None where there is no secret for it or only one that is marked for deletion."""
        path, _, name = checked_path(key).rpartition("/")
        own = self._newest(f"{self.prefix}{key}")
        self._seen[f"{self.prefix}{key}"] = own.id
        value = self._value(own.text, name, key) if own.id else self._shared(path, name) if path else None
        if value is not None:
            remember(value)
        return value

    def set_credential(self, key: str, value: str) -> None:
        """Keeps the value as the current version of the secret that is asked first for this key."""
        remember(value)
        name, member = f"{self.prefix}{checked_path(key)}", key.rpartition("/")[2]
        current = self._newest(name)
        newer = current.id != self._seen.get(name, current.id)
        self._seen[name] = current.id
        if newer and current.id and self._value(current.text, member, key) != value:
            raise CredentialError(
                f"the secret {name} was written by somebody else meanwhile; theirs was kept, ours was not written.",
                hint="let only one program renew this credential; the next try starts from the new value",
            )
        self._seen[name] = self._write(name, _replaced(current.text, member, value))

    def _write(self, name: str, text: str) -> str:
        """The id of the new version, in a new secret where there is none."""
        token = str(uuid.uuid4())  # the same write, however often it is sent
        written = self._ask(
            lambda client: client.put_secret_value(SecretId=name, SecretString=text, ClientRequestToken=token),
            ("PutSecretValue", name),
        ) or self._ask(
            lambda client: client.create_secret(Name=name, SecretString=text, ClientRequestToken=token),
            ("CreateSecret", name),
        )
        if written is None:
            raise CredentialError(
                f"the secret {name} is marked for deletion, or was made at this moment by somebody else.",
                hint=f"aws secretsmanager restore-secret --secret-id {name}, or try again",
            )
        return str(written["VersionId"])

    def _shared(self, path: str, name: str) -> str | None:
        """A member of the secret that holds several."""
        secret = f"{self.prefix}{path}"
        shared = self._newest(secret)
        if not shared.id:
            return None
        members = _members(shared.text)
        if members is None:
            raise CredentialError(
                f"the secret {secret} is no JSON object.",
                hint=f'write it as {{"{name}": "…"}}, or the credential alone into a secret {secret}/{name}',
            )
        return self._member(members, name, path) if name in members else None

    def _value(self, text: str, name: str, key: str) -> str:
        """The text of a secret of its own, or the member of that name in it."""
        members = _members(text)
        return text if members is None or name not in members else self._member(members, name, key)

    def _member(self, members: Mapping[str, Any], name: str, secret: str) -> str:
        value = members[name]
        if not isinstance(value, str):
            raise CredentialError(
                f"{name} in the secret {self.prefix}{secret} is no text.", hint=f'put it in quotes: {{"{name}": "…"}}'
            )
        return value

    def _newest(self, name: str) -> Version:
        answer = self._ask(
            lambda client: client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT"), ("GetSecretValue", name)
        )
        if answer is None:
            return Version("", "")
        if "SecretString" not in answer:
            raise CredentialError(
                f"the secret {name} holds bytes (SecretBinary) instead of text.",
                hint=f"aws secretsmanager put-secret-value --secret-id {name} --secret-string file:///dev/stdin",
            )
        return Version(answer["VersionId"], answer["SecretString"])

    def _ask(self, question: Callable[[SecretsManagerClient], T], doing: tuple[str, str]) -> T | None:
        """The answer; None where the secret is absent, marked for deletion, or, when it is made, there already."""
        with quiet():
            try:
                return question(self._connected())
            except Exception as error:
                if refusal(error) is not Refused.NOTHING:
                    return None
                raise explained(error, (*doing, self.prefix), self._client) from error

    def _connected(self) -> SecretsManagerClient:
        with self._connecting:
            if self._client is None:
                self._client = client_of(self)
            return self._client


def _wrong_address(address: str, allow_http: bool) -> str:
    """What it must be instead; empty where it is well."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return "be like https://secrets.example.com"
    overheard = found["scheme"] == "http" and not is_loopback(found["host"])
    return "begin with https://, or allow_http: true lets everyone listen" if overheard and not allow_http else ""


def _members(text: str) -> dict[str, Any] | None:
    """The members of a JSON object; None where the text is none."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _replaced(text: str, name: str, value: str) -> str:
    """The value alone, or in the object that holds it already, beside its other members."""
    members = _members(text)
    return json.dumps({**members, name: value}) if members and name in members else value
