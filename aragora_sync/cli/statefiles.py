"""State files written anew from the store, after it was changed from outside of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state import State, StateFile
from ..store.base import PART

if TYPE_CHECKING:
    from pathlib import Path

    from ..store.base import Store


def write_state(store: Store, folder: Path, connector: str, tenant: str) -> None:
    """The file says what the store knows, so that the next run does not take it for removed."""
    rows = store.streams(connector).values()
    latest = next(iter(store.runs(connector, 1)), None)
    state = State(
        connector,
        tenant,
        cursors={row.name: row.cursor for row in rows},
        passes={row.name: row.open_pass.cursor for row in rows if row.open_pass is not None},
        last_sync_at=latest.ended_at if latest else None,
        items_synced=latest.counts.created + latest.counts.updated if latest else 0,
        errors=latest.errors if latest else (),
        status=latest.status.removeprefix(PART) if latest else "",
    )
    StateFile(folder, connector, tenant).save(state)
