"""Keeps a company's knowledge in sync. The public names, each loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auth.aws_secrets import AWSSecretsManagerCredentialProvider as AWSSecretsManagerCredentialProvider
    from .auth.credentials import CredentialProvider as CredentialProvider
    from .auth.vault import VaultCredentialProvider as VaultCredentialProvider
    from .connector import Connector as Connector
    from .core.changes import Change as Change
    from .core.changes import Checkpoint as Checkpoint
    from .core.changes import Cursor as Cursor
    from .core.changes import Deleted as Deleted
    from .core.changes import Failed as Failed
    from .core.changes import Item as Item
    from .core.changes import Seen as Seen
    from .core.changes import Skipped as Skipped
    from .core.errors import AccessError as AccessError
    from .core.errors import AragoraSyncError as AragoraSyncError
    from .core.errors import ConfigError as ConfigError
    from .core.errors import CredentialError as CredentialError
    from .core.errors import CursorExpired as CursorExpired
    from .core.errors import NotFound as NotFound
    from .core.errors import ReadAgain as ReadAgain
    from .core.errors import SourceError as SourceError
    from .core.errors import TransientError as TransientError
    from .core.options import option as option
    from .core.source import Check as Check
    from .core.source import Known as Known
    from .core.source import KnownItems as KnownItems
    from .core.source import Stream as Stream
    from .engine.result import SyncResult as SyncResult
    from .engine.schedule import SyncSchedule as SyncSchedule
    from .scheduler import HistoryEntry as HistoryEntry
    from .scheduler import SyncScheduler as SyncScheduler

__version__ = "0.1.0"

_HOMES = {
    "auth.aws_secrets": ["AWSSecretsManagerCredentialProvider"],
    "auth.credentials": ["CredentialProvider"],
    "auth.vault": ["VaultCredentialProvider"],
    "connector": ["Connector"],
    "core.changes": ["Change", "Checkpoint", "Cursor", "Deleted", "Failed", "Item", "Seen", "Skipped"],
    "core.errors": [
        "AccessError",
        "AragoraSyncError",
        "ConfigError",
        "CredentialError",
        "CursorExpired",
        "NotFound",
        "ReadAgain",
        "SourceError",
        "TransientError",
    ],
    "core.options": ["option"],
    "core.source": ["Check", "Known", "KnownItems", "Stream"],
    "engine.result": ["SyncResult"],
    "engine.schedule": ["SyncSchedule"],
    "scheduler": ["HistoryEntry", "SyncScheduler"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604 - all of them are texts


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
