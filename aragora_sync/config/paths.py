"""Which file and which folders are meant: the flag, then the environment, then the file, then the home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ConfigError
from ..core.files import default_state_folder, default_store_folder, expand_home, home_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Config, ConnectorConfig

FILE_NAME = "connectors.yaml"
INIT_HINT = "aragora-sync init"


def find_config(given: str | None, environ: Mapping[str, str]) -> str:
    """The file to read: `--config`, else ARAGORA_CONFIG, ./connectors.yaml, ~/.aragora/connectors.yaml."""
    if named := given or environ.get("ARAGORA_CONFIG"):
        return named
    for candidate in (Path(FILE_NAME), home_folder(environ) / ".aragora" / FILE_NAME):
        if candidate.exists():
            return str(candidate)
    raise ConfigError(
        f"there is no configuration: --config is not given, ARAGORA_CONFIG is not set, and neither ./{FILE_NAME} nor "
        f"~/.aragora/{FILE_NAME} exists.",
        hint=INIT_HINT,
    )


def store_folder(given: str | Path | None, config: Config | None, environ: Mapping[str, str]) -> Path:
    """Where the store lies: `--store`, else ARAGORA_STORE, the file's `store.path`, ~/.aragora/knowledge."""
    if given:
        return expand_home(str(given), environ)
    if config and config.store.path and not environ.get("ARAGORA_STORE"):
        return config.store.path
    return default_store_folder(environ)


def state_folder(
    given: str | Path | None, connector: ConnectorConfig | None, config: Config | None, environ: Mapping[str, str]
) -> Path:
    """Where state files lie: `--state-dir`, else the connector's, ARAGORA_STATE_DIR, the file's, the home's."""
    if given:
        return expand_home(str(given), environ)
    if connector and connector.state_dir:
        return connector.state_dir
    if config and config.state_dir and not environ.get("ARAGORA_STATE_DIR"):
        return config.state_dir
    return default_state_folder(environ)
