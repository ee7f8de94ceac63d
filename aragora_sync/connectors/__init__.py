"""The sources, one module each. The table loads a class only when it is asked for."""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ..connector import Connector
    from .confluence import ConfluenceConnector as ConfluenceConnector
    from .filesystem import FilesystemConnector as FilesystemConnector
    from .github import GitHubEnterpriseConnector as GitHubEnterpriseConnector
    from .gusto import GustoConnector as GustoConnector
    from .mongodb import MongoDBConnector as MongoDBConnector
    from .notion import NotionConnector as NotionConnector
    from .plaid import PlaidConnector as PlaidConnector
    from .postgresql import PostgreSQLConnector as PostgreSQLConnector
    from .qbo import QuickBooksConnector as QuickBooksConnector
    from .s3 import S3Connector as S3Connector
    from .slack import SlackConnector as SlackConnector
    from .xero import XeroConnector as XeroConnector

ENTRY_POINTS = "aragora_sync.connectors"

_OURS = {
    "confluence": "ConfluenceConnector",
    "filesystem": "FilesystemConnector",
    "github": "GitHubEnterpriseConnector",
    "gusto": "GustoConnector",
    "mongodb": "MongoDBConnector",
    "notion": "NotionConnector",
    "plaid": "PlaidConnector",
    "postgresql": "PostgreSQLConnector",
    "qbo": "QuickBooksConnector",
    "s3": "S3Connector",
    "slack": "SlackConnector",
    "xero": "XeroConnector",
}
_ALIASES = {"postgres": "postgresql", "quickbooks": "qbo"}


def connector_types() -> list[str]:
    """The names that `type:` may have: ours first, then those that installed packages add."""
    return [*_OURS, *(name for name in _installed() if name not in _OURS)]


def canonical_type(name: str) -> str:
    """The type that `name` means; `postgres` means `postgresql`."""
    return _ALIASES.get(name, name)


def connector_class(name: str) -> type[Connector]:
    """The class of a type; raises ConfigError for an unknown one, or one whose package is broken."""
    name = canonical_type(name)
    if name in _OURS:
        found: type[Connector] = getattr(importlib.import_module(f".{name}", __package__), _OURS[name])
        return found
    point = _installed().get(name)
    if point is None:
        raise ConfigError(unknown_type(name, connector_types()), hint="aragora-sync connectors")
    try:
        loaded: type[Connector] = point.load()
    except Exception as error:
        raise ConfigError(
            f"connector type {name!r} of the package {point.value} cannot be loaded: {type(error).__name__}: {error}",
            hint="install that package again, or take the connector out of the configuration",
        ) from error
    return loaded


def __getattr__(name: str) -> Any:
    """The classes of our own connectors, by name."""
    for kind, class_name in _OURS.items():
        if class_name == name:
            return connector_class(kind)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def unknown_type(name: str, types: Sequence[str]) -> str:
    """Says that a connector type does not exist, and which one was probably meant."""
    near = difflib.get_close_matches(name, types, n=1)
    return f"unknown connector type {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"known are {', '.join(types)}"
    )


@functools.cache
def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
