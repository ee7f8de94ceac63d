"""One connector on its own, as a program runs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.files import default_store_folder, lock_path
from ..store.sqlite import SqliteStore, store_path
from .run import ConnectorRun
from .runner import run_all

if TYPE_CHECKING:
    from ..core.source import Source
    from ..state import StateFile
    from .events import Emit
    from .job import Ask
    from .result import SyncResult
    from .stop import Stop


def sync_one(
    source: Source, store: SqliteStore | Path | str | None, state: StateFile, ask: Ask, stop: Stop, listen: Emit
) -> SyncResult:
    """Runs it into `store`: an open one, the folder of one, or by default the user's."""
    if isinstance(store, SqliteStore):
        target = store
    else:
        target = SqliteStore(store_path(Path(store or default_store_folder()), source.tenant_id))
    lock = lock_path(target.path, source.connector_id, source.tenant_id)

    def make(emit: Emit, stop: Stop) -> ConnectorRun:
        return ConnectorRun(source, target, state, lock=lock, ask=ask, stop=stop, emit=emit)

    try:
        return run_all([make], jobs=1, stop=stop, listen=listen)[0]
    finally:
        if target is not store:
            target.close()
