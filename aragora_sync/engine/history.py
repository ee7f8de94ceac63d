"""What the store remembers of earlier runs, judged: one that was killed did not say so itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.files import holder_lives, lock_path
from ..store.base import PART, UNDER_WAY
from .agenda import LastRun
from .result import Status

if TYPE_CHECKING:
    from ..store.base import RunRow, Store


def read_runs(store: Store, connector: str, tenant: str, limit: int) -> Sequence[RunRow]:
    """The latest runs, newest first. One that says it is under way though nobody goes on was interrupted."""
    runs = _judged(store.runs(connector, limit), store, connector, tenant)
    return [replace(run, status=run.status.removeprefix(PART)) for run in runs]


def last_run(store: Store, connector: str, tenant: str) -> LastRun | None:
    """The latest run that read whatever changed; None before the first."""
    run = store.last_run(connector)
    if run is None:
        return None
    (judged,) = _judged([run], store, connector, tenant)
    return LastRun(judged.started_at, judged.status != Status.INTERRUPTED)


def _judged(runs: Sequence[RunRow], store: Store, connector: str, tenant: str) -> Sequence[RunRow]:
    if not any(run.status in UNDER_WAY for run in runs) or holder_lives(lock_path(store.path, connector, tenant)):
        return runs
    return [replace(run, status=str(Status.INTERRUPTED)) if run.status in UNDER_WAY else run for run in runs]
