"""The state file: written from the store, never read back into it; removing it asks for a full pass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core.changes import Cursor
from ..core.errors import StateError
from ..core.files import make_private_folder, write_atomically

VERSION = 1
ENDING = ".json"


@dataclass(frozen=True, slots=True)
class State:
    """What the file says. `cursors` holds the cursor of each stream, `passes` those of passes that are under way."""

    connector_id: str
    tenant_id: str
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    passes: Mapping[str, Cursor] = field(default_factory=dict)
    last_sync_at: datetime | None = None
    last_item_id: str = ""
    items_synced: int = 0  # by the latest run
    errors: Sequence[str] = ()  # of the latest run
    status: str = ""  # of the latest run
    legacy_cursor: Cursor = None  # of a file that the older Aragora wrote

    @property
    def cursor(self) -> Cursor:
        """The cursor of the only stream, or those of all by name."""
        if self.legacy_cursor is not None:
            return self.legacy_cursor
        if len(self.cursors) == 1:
            return next(iter(self.cursors.values()))
        return self.cursors or None

    @property
    def legacy(self) -> bool:
        """The file comes from the older Aragora: it is shown, and answered with a full pass."""
        return self.legacy_cursor is not None


@dataclass(frozen=True, slots=True)
class StateFile:
    """Where the state of one connector of one tenant lies."""

    folder: Path
    connector_id: str
    tenant_id: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.connector_id}_{self.tenant_id}{ENDING}"

    def load(self) -> State | None:
        """What the file says; None where there is none. Raises StateError for one that can't be understood."""
        try:
            raw = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError) as error:
            raise self._unreadable("is not valid JSON") from error
        except OSError as error:
            raise self._unreadable(f"cannot be read ({error.strerror})") from error
        return self._understand(raw)

    def save(self, state: State) -> None:
        """The file says `state` from now on; 0600 in a folder of 0700."""
        raw = {
            "version": VERSION,
            "connector_id": state.connector_id,
            "tenant_id": state.tenant_id,
            "status": state.status,
            "last_sync_at": None if state.last_sync_at is None else state.last_sync_at.isoformat(),
            "last_item_id": state.last_item_id,
            "items_synced": state.items_synced,
            "errors": list(state.errors),
            "cursors": state.cursors,
            "passes": state.passes,
        }
        try:
            make_private_folder(self.folder)
            write_atomically(self.path, json.dumps(raw, indent=1) + "\n")
        except OSError as error:
            raise StateError(
                f"cannot write the state file {self.path}: {error.strerror}.",
                hint="check the permissions and the space of its folder, or choose another with --state-dir",
            ) from error

    def remove(self) -> None:
        """There is no file any more: the next run reads everything again."""
        self.path.unlink(missing_ok=True)

    def _understand(self, raw: Any) -> State:
        if not isinstance(raw, dict):
            raise self._unreadable("holds no object")
        if "version" not in raw and "cursor" in raw:
            return self._understand_legacy(raw)
        version = raw.get("version")
        if isinstance(version, int) and version > VERSION:
            raise StateError(
                f"the state file {self.path} was written by a newer aragora-sync (version {version}).",
                hint="pip install --upgrade aragora-sync",
            )
        try:
            return State(
                connector_id=_text(raw["connector_id"]),
                tenant_id=_text(raw["tenant_id"]),
                cursors=_mapping(raw["cursors"]),
                passes=_mapping(raw["passes"]),
                last_sync_at=_moment(raw["last_sync_at"]),
                last_item_id=_text(raw["last_item_id"]),
                items_synced=int(raw["items_synced"]),
                errors=[_text(error) for error in raw["errors"]],
                status=_text(raw["status"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._unreadable("is incomplete") from error

    def _understand_legacy(self, raw: dict[str, Any]) -> State:
        try:
            last_sync_at = _moment(raw.get("last_sync_at"))
        except (TypeError, ValueError):
            last_sync_at = None
        cursor = raw["cursor"] if raw["cursor"] is not None else ""
        return State(self.connector_id, self.tenant_id, last_sync_at=last_sync_at, legacy_cursor=cursor)

    def _unreadable(self, why: str) -> StateError:
        return StateError(
            f"the state file {self.path} {why}.",
            hint=f"aragora-sync reset {self.connector_id} --tenant {self.tenant_id}",
        )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # the older Aragora wrote UTC without saying so
