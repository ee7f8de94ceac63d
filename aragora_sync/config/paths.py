"""Which file and which folders are meant: the flag, then the environment, then the file, then the home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Config, ConnectorConfig

FILE_NAME = "connectors.yaml"
INIT_HINT = "aragora-sync init"


def find_config(given: str | None, environ: Mapping[str, str]) -> str:
    """The file to read: `--config`, else ARAGORA_CONFIG, ./connectors.yaml, ~/.aragora/connectors.yaml."""
    if named := given or environ.get("ARAGORA_CONFIG"):
        return named
    for candidate in (Path(FILE_NAME), home(environ) / ".aragora" / FILE_NAME):
        if candidate.exists():
            return str(candidate)
    raise ConfigError(
        f"there is no configuration: --config is not given, ARAGORA_CONFIG is not set, and neither ./{FILE_NAME} nor "
        f"~/.aragora/{FILE_NAME} exists.",
        hint=INIT_HINT,
    )


def store_folder(given: str | Path | None, config: Config | None, environ: Mapping[str, str]) -> Path:
    """Where the store lies: `--store`, else ARAGORA_STORE, the file's `store.path`, ~/.aragora/knowledge."""
    named = given or environ.get("ARAGORA_STORE")
    if named:
        return expand_home(str(named), environ)
    return (config and config.store.path) or home(environ) / ".aragora" / "knowledge"


def state_folder(
    given: str | Path | None, connector: ConnectorConfig | None, config: Config | None, environ: Mapping[str, str]
) -> Path:
    """Where state files lie: `--state-dir`, else the connector's, ARAGORA_STATE_DIR, the file's, that in the home."""
    if given:
        return expand_home(str(given), environ)
    if connector and connector.state_dir:
        return connector.state_dir
    if named := environ.get("ARAGORA_STATE_DIR"):
        return expand_home(named, environ)
    return (config and config.state_dir) or home(environ) / ".aragora" / "sync_state"


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder."""
    return Path(environ.get("HOME") or Path.home())


def expand_home(text: str, environ: Mapping[str, str]) -> Path:
    """The path with `~` filled in; raises ConfigError where `~name` names nobody."""
    path = Path(text)
    if path.parts[:1] == ("~",):
        return home(environ).joinpath(*path.parts[1:])
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError("the path starts with '~' and the name of nobody") from error
