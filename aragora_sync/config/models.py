"""A configuration that was read and checked. Nothing here shows a credential in its `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..connectors import connector_class
from ..core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..connector import Connector
    from .syntax import Place

CHECK_HINT = "correct the file, then: aragora-sync check"


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where items live. `path` is None where the file says nothing; see `paths.store_folder`."""

    type: str
    path: Path | None
    keep_deleted_days: int


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What is asked for credentials, by a name of ours or as `package.module:Class`, and what it is made with."""

    provider: str
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """A connector as the file describes it; `options` hold every option of its class, checked.

    `lacks` says what a disabled one still needs before it can run; `options` may then be empty.
    `credentials` are its own and its tenant's, its own first.
    """

    type: str
    id: str
    place: Place
    enabled: bool = True
    schedule: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    lacks: tuple[str, ...] = ()

    @property
    def state_dir(self) -> Path | None:
        return self.options.get("state_dir")

    def build(
        self, tenant: TenantConfig, *, store: Any = None, state_dir: Path | None = None, credentials: Any = None
    ) -> Connector:
        """The connector itself, as a program would construct it; ConfigError says what a disabled one lacks.

        `credentials` takes the place of its own ones, for a caller that asks a provider first.
        """
        if self.lacks:
            raise ConfigError(self.lacks, hint=CHECK_HINT)
        own = {"tenant_id": tenant.id, "connector_id": self.id, "store": store}
        own["state_dir"] = state_dir or self.state_dir
        own["credentials"] = credentials if credentials is not None else self.credentials or None
        return connector_class(self.type)(**{**self.options, **own})


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """One customer or workspace, with all it syncs."""

    id: str
    connectors: tuple[ConnectorConfig, ...]
    shared_credentials: bool = True
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """A whole file. `path` is written as the user gave it."""

    path: str
    tenants: tuple[TenantConfig, ...]
    store: StoreConfig
    state_dir: Path | None = None
    credentials: ProviderConfig | None = None
    hooks: Mapping[str, str | Sequence[str]] = field(default_factory=dict, repr=False)
