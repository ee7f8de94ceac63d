"""YAML to objects: which connectors of which tenants there are, checked down to the last option."""

from __future__ import annotations

from .load import load_config
from .models import Config, ConnectorConfig, ProviderConfig, StoreConfig, TenantConfig
from .paths import find_config, state_folder, store_folder

__all__ = [
    "Config",
    "ConnectorConfig",
    "ProviderConfig",
    "StoreConfig",
    "TenantConfig",
    "find_config",
    "load_config",
    "state_folder",
    "store_folder",
]
