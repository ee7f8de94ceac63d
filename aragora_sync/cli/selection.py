"""Who is meant: the tenants and connectors that a command names, by id or by type."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import TenantConfig
from ..connectors import canonical_type
from ..core.errors import ConfigError, StoreError
from ..store.sqlite import FILE_ENDING, SqliteStore, store_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from ..config import Config, ConnectorConfig
    from .common import Asked


@dataclass(frozen=True, slots=True)
class Chosen:
    """A connector that a command is about. `config` is None for one that only the store knows."""

    tenant: str
    connector: str
    config: ConnectorConfig | None = None

    @property
    def type(self) -> str:
        return self.config.type if self.config else ""

    def __str__(self) -> str:
        return f"{self.connector} of tenant {self.tenant}"


def choose_to_run(config: Config, names: Sequence[str], tenant: str | None) -> list[Chosen]:
    """The enabled connectors that are named, all of them by default. A disabled one is refused by its id."""
    chosen = _named(_configured(config, tenant), names)
    for one in chosen:
        if one.connector in names and one.config and not one.config.enabled:
            line = f"{config.path}:{one.config.place[0]}"
            raise ConfigError(f"connector {one} is disabled ({line}).", hint="set `enabled: true` there")
    enabled = [one for one in chosen if one.config and one.config.enabled]
    if not enabled:
        raise ConfigError(f"no connector of {config.path} that was asked for is enabled.", hint="aragora-sync status")
    return enabled


def choose_enabled(config: Config, names: Sequence[str], tenant: str | None) -> list[Chosen]:
    """The enabled connectors that are named, all of them by default; none where a name means nothing any more."""
    return [one for one in _meant(_configured(config, tenant), names) if one.config and one.config.enabled]


def choose_configured(config: Config, tenant: str | None, names: Sequence[str]) -> list[Chosen]:
    """The connectors that are named, also disabled ones, all of them by default; none where a name means nothing."""
    return _meant(_configured(config, tenant), names)


def choose_known(asked: Asked, names: Sequence[str]) -> list[Chosen]:
    """Configured connectors and those that only a store knows, the named ones or all."""
    config = asked.config_if_any
    found = _configured(config, None) if config else []
    known = {(one.tenant, one.connector) for one in found}
    for tenant in stored_tenants(asked.store_folder):
        found += [Chosen(tenant, each) for each in _stored(asked, tenant) if (tenant, each) not in known]
    tenants = dict.fromkeys([*(config_tenants(config)), *(one.tenant for one in found)])
    if asked.tenant is not None:
        require_known(asked.tenant, tenants, "tenant")
        found = [one for one in found if one.tenant == asked.tenant]
    return _named(found, names)


def the_connector(asked: Asked, name: str) -> Chosen:
    """The one connector that is meant; ConfigError where there are several."""
    return the_only(choose_known(asked, [name]), name)


def the_only(found: Sequence[Chosen], name: str) -> Chosen:
    """The one that a name meant; ConfigError where it can mean several."""
    if len(found) > 1:
        which = ", ".join(f"{one.connector} (tenant {one.tenant})" for one in found)
        raise ConfigError(f"{name!r} can mean {which}.", hint="name the id of one, and its tenant with --tenant")
    return found[0]


def the_tenant(asked: Asked) -> str:
    """The tenant that is meant: the one asked for, or the only one there is."""
    known = list(dict.fromkeys([*config_tenants(asked.config_if_any), *stored_tenants(asked.store_folder)]))
    if asked.tenant is not None:
        require_known(asked.tenant, known, "tenant")
        return asked.tenant
    if len(known) == 1:
        return known[0]
    if not known:
        message = f"there is no tenant: no configuration, and no store in {asked.store_folder}."
        raise ConfigError(message, hint="aragora-sync init")
    raise ConfigError(f"there are several tenants: {', '.join(known)}.", hint="name one with --tenant")


def the_store(asked: Asked, tenant: str, *, read_only: bool = True) -> SqliteStore:
    """The store of a tenant; StoreError where nothing was synced yet."""
    path = store_path(asked.store_folder, tenant)
    if not path.exists():
        raise StoreError(f"tenant {tenant} has no store yet: {path} does not exist.", hint="aragora-sync run")
    return SqliteStore(path, read_only=read_only)


def require_connector(name: str | None, store: SqliteStore) -> None:
    """The connector has something in this store, or was not named; ConfigError suggests the one that was meant."""
    if name is not None:
        require_known(name, store.connectors(), "connector")


def require_known(name: str, known: Collection[str], what: str) -> None:
    """The name is known, or ConfigError suggests the one that was probably meant."""
    if name in known:
        return
    near = difflib.get_close_matches(name, list(known), n=1)
    meant = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
    raise ConfigError(f"unknown {what} {name!r}; {meant}", hint="aragora-sync status")


def stored_tenants(folder: Path) -> list[str]:
    """The tenants that have a store."""
    return sorted(path.name.removesuffix(FILE_ENDING) for path in folder.glob(f"*{FILE_ENDING}"))


def config_tenants(config: Config | None) -> list[str]:
    """The tenants of the configuration."""
    return [tenant.id for tenant in config.tenants] if config else []


def tenant_config(config: Config | None, tenant: str) -> TenantConfig:
    """What the configuration says of a tenant."""
    tenants = config.tenants if config else ()
    return next((one for one in tenants if one.id == tenant), TenantConfig(tenant, ()))


def _configured(config: Config, tenant: str | None) -> list[Chosen]:
    if tenant is not None:
        require_known(tenant, config_tenants(config), "tenant")
    return [
        Chosen(one.id, connector.id, connector)
        for one in config.tenants
        if tenant in (None, one.id)
        for connector in one.connectors
    ]


def _named(found: Iterable[Chosen], names: Sequence[str]) -> list[Chosen]:
    """Those that a name means, in the order of the configuration; each name must mean something."""
    among = list(found)
    for name in names:
        if not _meant(among, [name]):
            known = [word for one in among for word in (one.connector, one.type) if word]
            require_known(name, dict.fromkeys(known), "connector")
    return _meant(among, names)


def _meant(found: Iterable[Chosen], names: Sequence[str]) -> list[Chosen]:
    kinds = {canonical_type(name) for name in names}
    return [one for one in found if not names or one.connector in names or one.type in kinds]


def unreadable_stores(asked: Asked, tenants: Iterable[str]) -> list[StoreError]:
    """What is wrong with the stores of these tenants, one for each that cannot be read."""
    problems = []
    for tenant in tenants:
        try:
            _connectors(asked, tenant)
        except StoreError as error:
            problems.append(error)
    return problems


def _stored(asked: Asked, tenant: str) -> Sequence[str]:
    try:
        return _connectors(asked, tenant)
    except StoreError:
        return []  # damaged: `status` tells so


def _connectors(asked: Asked, tenant: str) -> Sequence[str]:
    store = the_store(asked, tenant)
    try:
        return store.connectors()
    finally:
        store.close()
