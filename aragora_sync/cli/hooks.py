"""The hooks of the configuration, told of the runs of a command."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import AragoraSyncError
from ..engine.agenda import Key
from ..engine.events import Event, RunEnded
from ..engine.history import read_runs
from ..engine.hooks import TELLS_NOTHING, Hooks
from ..store.base import UNDER_WAY
from ..store.sqlite import SqliteStore, store_path
from .foreground import Listener

if TYPE_CHECKING:
    from ..config import Config
    from .planned import Plan


LOOKED_BACK = 1000  # interrupted runs, and those of webhooks, may stand between two that tell something


class HookListener(Listener):
    """Tells of each run that ends, and whether the one before it went well."""

    def __init__(self, config: Config, store_folder: Path) -> None:
        self._hooks = Hooks(config.hooks)
        self._folder = store_folder
        self._before: dict[Key, str] = {}

    def planned(self, plan: Plan) -> None:
        self._hooks.targets = plan.config.hooks
        self._folder = plan.asked.store_folder

    def hear(self, event: Event) -> None:
        if isinstance(event, RunEnded) and self._hooks.targets:
            result = event.result
            key = (result.tenant_id, result.connector_id)
            self._hooks.tell(result, self._status_before(key))
            if result.status not in TELLS_NOTHING:
                self._before[key] = str(result.status)

    def close(self) -> None:
        self._hooks.close()

    def _status_before(self, key: Key) -> str:
        """Of the latest run before that told something: one that was interrupted hides no failure."""
        if key in self._before:
            return self._before[key]
        path = store_path(self._folder, key[0])
        try:
            with closing(SqliteStore(path, read_only=True)) as store:
                runs = read_runs(store, key[1], key[0], LOOKED_BACK)
        except AragoraSyncError:
            return ""
        told = [run.status for run in runs if run.status not in (*UNDER_WAY, *TELLS_NOTHING)]
        return told[1] if len(told) > 1 else ""
