"""What the shell may offer: tenants and connectors of the configuration, types of connectors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from ..core.errors import AragoraSyncError

if TYPE_CHECKING:
    from ..config import Config

Offers = list[tuple[str, str]]  # value, and what it is


def complete_tenant(context: typer.Context, incomplete: str) -> Offers:
    """The tenants of the configuration."""
    config = _config(context)
    offers = [(tenant.id, f"{len(tenant.connectors)} connectors") for tenant in config.tenants] if config else []
    return _beginning(offers, incomplete)


def complete_connector(context: typer.Context, incomplete: str) -> Offers:
    """Ids and types of the configured connectors, of one tenant where one was named before."""
    config = _config(context)
    chosen = context.params.get("tenant")
    tenants = [tenant for tenant in config.tenants if chosen in (None, tenant.id)] if config else []
    connectors = [(tenant, connector) for tenant in tenants for connector in tenant.connectors]
    ids = [(connector.id, f"{connector.type} of {tenant.id}") for tenant, connector in connectors]
    types = [(connector.type, "all of this type") for _, connector in connectors]
    return _beginning([*ids, *types], incomplete)


def complete_type(_context: typer.Context, incomplete: str) -> Offers:
    """The types of connectors."""
    from ..connectors import connector_types

    return _beginning([(name, "") for name in connector_types()], incomplete)


def _beginning(offers: Offers, incomplete: str) -> Offers:
    """Those that go on from what was typed, each once."""
    firsts: dict[str, str] = {}
    for value, what in offers:
        if value.startswith(incomplete):
            firsts.setdefault(value, what)
    return list(firsts.items())


def _config(context: typer.Context) -> Config | None:
    from ..config import find_config, load_config

    try:
        return load_config(find_config(context.params.get("config_file"), os.environ), environ=os.environ)
    except AragoraSyncError:
        return None  # a shell that waits for offers is no place for errors
