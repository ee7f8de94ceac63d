"""A toy connector, and the places where its credentials may lie."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from keyring.backend import KeyringBackend

from aragora_sync.auth.credentials import Credentials
from aragora_sync.auth.keyring_store import Keyring
from aragora_sync.auth.vault import VaultCredentialProvider
from aragora_sync.connector import Connector

from ..servers.bao import Bao, bao, bao_of_its_own  # noqa: F401 - fixtures
from ..servers.moto import moto, moto_server  # noqa: F401

Vault = Callable[..., VaultCredentialProvider]
_numbers = itertools.count(1)


class ToyConnector(Connector):
    """Knows two secrets and no source."""

    type = "toy"
    title = "A toy"
    keys: ClassVar[Mapping[str, str]] = {"TOY_TOKEN": "the key of the toy box", "TOY_USER": "whose box it is"}


class MemoryBackend(KeyringBackend):
    """A keyring that works, without a daemon."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class DictProvider:
    """A secret manager that works, without a server."""

    def __init__(self, **kept: str) -> None:
        self.kept: dict[str, str] = kept
        self.asked: list[str] = []

    def get_credential(self, key: str) -> str | None:
        self.asked.append(key)
        return self.kept.get(key)

    def set_credential(self, key: str, value: str) -> None:
        self.kept[key] = value


class Ticking:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def vault(bao: Bao, ticking: Ticking, tmp_path: Path) -> Vault:  # noqa: F811
    """The provider, by default as the administrator of the server, in an environment of its own."""

    def make(**options: Any) -> VaultCredentialProvider:
        environ = {"HOME": str(tmp_path), **options.pop("environ", {})}
        ways = {"token_file", "role_id", "kubernetes_role"} & options.keys()
        if not ways and "VAULT_TOKEN" not in environ and not (tmp_path / ".vault-token").exists():
            options.setdefault("vault_token", bao.root)
        options.setdefault("vault_addr", bao.address)
        return VaultCredentialProvider(environ=environ, clock=ticking, **options)

    return make


@pytest.fixture
def key() -> str:
    """A key that no other test uses."""
    return f"acme-{next(_numbers)}/toys/TOY_TOKEN"


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def credentials(backend: MemoryBackend) -> Callable[..., Credentials]:
    """Credentials of the toy of a tenant; everything that is not handed in is empty."""

    def make(environ: Mapping[str, str] | None = None, tenant: str = "workspace-1", **places: Any) -> Credentials:
        toy = ToyConnector(tenant_id=tenant, credentials=places.pop("own", None))
        places.setdefault("keyring", Keyring(backend=lambda: backend))
        return Credentials(
            toy.tenant_id, toy.connector_id, toy.keys, own=toy.credentials, environ=environ or {}, **places
        )

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
