"""Credentials in HashiCorp Vault or OpenBao: a KV engine of version 2, one secret for each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.errors import ConfigError, CredentialError
from ..core.options import Problem, option
from .declared import DeclaredProvider, checked_path
from .secrets import remember
from .vault_errors import Refused
from .vault_options import problems_with
from .vault_session import VaultSession

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Secret:
    """What lies at a path: no fields where there is none, or where its newest version was deleted."""

    version: int
    fields: Mapping[str, Any] = field(repr=False)
    written_at: str = ""


class VaultCredentialProvider(DeclaredProvider):
    """Reads and writes `<mount>/data/<prefix>/<key>`, field `value`. Safe among threads; one login for all questions.

    No value is kept: each question reads the newest version. A write names the version that this provider saw last
    (check-and-set), so that what another process wrote since then is never overwritten unseen.
    """

    title: ClassVar[str] = "HashiCorp Vault or OpenBao"
    secrets: ClassVar[tuple[str, ...]] = ("vault_token", "secret_id")

    vault_addr: str | None = option(
        None, help="Address of the server, by default VAULT_ADDR.", example="https://vault.example.com:8200"
    )
    vault_token: str | None = option(
        None, help="The token; by default that of VAULT_TOKEN, then of ~/.vault-token.", example="${MY_VAULT_TOKEN}"
    )
    token_file: Path | None = option(
        None, help="File that holds the token, like the sink of an agent.", example="/run/vault/token"
    )
    role_id: str | None = option(None, help="Log in by AppRole, as this role.", example="${VAULT_ROLE_ID}")
    secret_id: str | None = option(None, help="The secret of the AppRole.", example="${VAULT_SECRET_ID}")
    secret_id_file: Path | None = option(
        None, help="File that holds the secret of the AppRole.", example="/run/secrets/vault-secret-id"
    )
    kubernetes_role: str | None = option(
        None, help="Log in as this role with the service account of the pod.", example="aragora-sync"
    )
    jwt_file: Path = option(
        Path("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        help="File that holds the token of the service account.",
    )
    auth_mount: str | None = option(
        None, help="Where the login method is mounted, by default approle or kubernetes.", example="kubernetes"
    )
    namespace: str | None = option(None, help="The namespace, by default VAULT_NAMESPACE.", example="my-team")
    ca_file: Path | None = option(
        None, help="Certificates that the server's must descend from, by default VAULT_CACERT.", example="vault-ca.pem"
    )
    mount: str = option("secret", help="Where the KV engine of version 2 is mounted.")
    prefix: str = option("aragora", help="Path below the mount under which all credentials lie.")
    field: str = option("value", help="Field of a secret that holds the credential.")
    timeout: float = option(10, help="How long one request may take, in seconds.", at_least=0.1, at_most=30)
    allow_http: bool = option(False, help="Allow an address without TLS that is not this machine's.")

    def __init__(
        self,
        vault_addr: str | None = None,
        vault_token: str | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        super().__init__(environ=environ, vault_addr=vault_addr, vault_token=vault_token, **options)
        self.mount, self.prefix = self.mount.strip("/"), self.prefix.strip("/")
        self._session = VaultSession(self, environ, clock)
        self._seen: dict[str, int] = {}  # versions by path
        self._mount_is_well = False

    @classmethod
    def problems(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> list[Problem]:
        return problems_with(values, environ)

    def get_credential(self, key: str) -> str | None:
        """The newest value, or None where there is no secret or its newest version was deleted or destroyed."""
        path = self._path(key)
        secret = self._read(path)
        self._seen[path] = secret.version
        if not secret.fields:
            return None
        value = self._value(path, secret)
        remember(value)
        return value

    def set_credential(self, key: str, value: str) -> None:
        """Keeps the value as a new version; CredentialError where somebody else wrote another one meanwhile."""
        path = self._path(key)
        remember(value)
        for secret in self._bases(path, value):
            if self._write(path, secret.version, {**secret.fields, self.field: value}):
                return
        raise CredentialError(
            f"{self._session.server} changed {self._shown(path)} faster than it could be written.",
            hint="find out what else writes it, then try again",
        )

    def _write(self, path: str, version: int, fields: Mapping[str, Any]) -> bool:
        """Whether the fields were written over this version; not where it is no longer the newest."""
        written = self._session.ask(
            lambda client: client.secrets.kv.v2.create_or_update_secret(
                path, fields, cas=version, mount_point=self.mount
            ),
            self._denied(path, "create", "update"),
            allowed=Refused.CONFLICT,
        )
        if written is None:
            return False
        self._seen[path] = written["data"]["version"]
        return True

    def _bases(self, path: str, value: str) -> Iterator[Secret]:
        """What a write may replace, read anew for each try; raises where it is another's newer value."""
        seen = self._seen.get(path)
        for _ in range(MOST_TRIES):
            secret = self._read(path)
            newer = seen is not None and secret.version != seen
            self._seen[path] = secret.version
            if newer and secret.fields and secret.fields.get(self.field) != value:
                raise CredentialError(
                    f"{self._shown(path)} was written by somebody else meanwhile (version {secret.version}, "
                    f"{secret.written_at}); theirs was kept, ours was not written.",
                    hint="let only one program renew this credential; the next try starts from the new value",
                )
            seen = secret.version
            yield secret

    def _read(self, path: str) -> Secret:
        answer = self._session.ask(
            lambda client: _newest(client, path, self.mount), self._denied(path, "read"), allowed=Refused.ABSENT
        )
        if answer is None:
            self._check_mount()
            return Secret(0, {})
        metadata = answer["data"]["metadata"]
        return Secret(metadata["version"], answer["data"]["data"] or {}, metadata["created_time"])

    def _value(self, path: str, secret: Secret) -> str:
        if self.field not in secret.fields:
            raise CredentialError(
                f"{self._shown(path)} has no field {self.field!r}.",
                hint=f"vault kv patch -mount={self.mount} {path} {self.field}=-",
            )
        value = secret.fields[self.field]
        if not isinstance(value, str):
            raise CredentialError(
                f"field {self.field!r} of {self._shown(path)} is {_kind(value)} instead of text.",
                hint=f"write it as text: vault kv patch -mount={self.mount} {path} {self.field}=-",
            )
        return value

    def _check_mount(self) -> None:
        """Once: an engine of version 1 answers as if nothing were there."""
        if self._mount_is_well:
            return
        answer = self._session.ask(
            lambda client: client.adapter.get(f"/v1/sys/internal/ui/mounts/{self.mount}"), allowed=Refused.ANYHOW
        )
        data = answer["data"] if isinstance(answer, dict) else {}
        if data and (data.get("type"), (data.get("options") or {}).get("version")) != ("kv", "2"):
            raise ConfigError(
                f"what {self._session.server} has mounted at {self.mount!r} is no KV engine of version 2.",
                hint=f"name another with the option 'mount', or: vault kv enable-versioning {self.mount}",
            )
        self._mount_is_well = True

    def _denied(self, path: str, *capabilities: str) -> CredentialError:
        needed = ", ".join(f'"{each}"' for each in capabilities)
        verb = "read" if capabilities == ("read",) else "write"
        key = path.removeprefix(f"{self.prefix}/")
        tenant, parted, _ = key.partition("/")
        allowed = f"{path.removesuffix(key)}{tenant}/*" if parted else path
        alternative = "" if parted else _SHARED
        return CredentialError(
            f"{self._session.server} does not let us {verb} {self._shown(path)}.",
            hint=f'add to its policy: path "{self._shown(allowed)}" {{ capabilities = [{needed}] }}{alternative}',
        )

    def _path(self, key: str) -> str:
        return f"{self.prefix}/{checked_path(key)}" if self.prefix else checked_path(key)

    def _shown(self, path: str) -> str:
        return f"{self.mount}/data/{path}"


_SHARED = "; or say shared_credentials: false of the tenant, and it is not asked for"


def _newest(client: Any, path: str, mount: str) -> Any:
    """The newest version, also where it was deleted or destroyed: its number is what a write must name."""
    from hvac.exceptions import InvalidPath

    try:
        return client.secrets.kv.v2.read_secret_version(path, mount_point=mount, raise_on_deleted_version=True)
    except InvalidPath as error:
        if isinstance(error.json, dict) and error.json.get("data"):
            return error.json
        raise


def _kind(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
