"""Whose credential is meant: the names under which the places are asked for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "ARAGORA_"
_KEY = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Scope:
    """One connector of one tenant. Its names never lead to the credential of another tenant."""

    tenant_id: str
    connector_id: str
    shared: bool = True  # whether the deployment's credentials, which carry no tenant, are for this one too

    def __str__(self) -> str:
        return f"connector {self.connector_id} of tenant {self.tenant_id}"

    def variables(self, key: str) -> list[str]:
        """Names in the environment, the most particular first."""
        tenant, connector = upper(self.tenant_id), upper(self.connector_id)
        particular = [f"{PREFIX}{tenant}__{connector}__{key}", f"{PREFIX}{tenant}__{key}"]
        return [*particular, f"{PREFIX}{key}"] if self.shared else particular

    def tenant_paths(self, key: str) -> list[str]:
        """Names in a keyring, which has nothing to share between tenants, the most particular first."""
        return [f"{self.tenant_id}/{self.connector_id}/{key}", f"{self.tenant_id}/{key}"]

    def paths(self, key: str) -> list[str]:
        """Names in the configured provider, the most particular first."""
        return [*self.tenant_paths(key), key] if self.shared else self.tenant_paths(key)

    def advised_variable(self, key: str) -> str:
        """The variable that a person without this credential should set."""
        if self.shared and self.tenant_id == "default":
            return f"{PREFIX}{key}"
        return f"{PREFIX}{upper(self.tenant_id)}__{key}"


def upper(text: str) -> str:
    """The form of an id or a key inside the name of a variable."""
    return re.sub(r"[.-]", "_", text).upper()


def checked_key(name: str) -> str:
    """The key that `name` means. Refuses whatever could be read as part of a path or as the name of a tenant."""
    key = upper(name)
    if not _KEY.fullmatch(key):
        raise ValueError(f"{name!r} is no name of a credential: letters and digits, words joined by single '_'")
    return key
