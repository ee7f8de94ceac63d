"""What the store remembers of earlier runs, judged: one that was killed did not say so itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.files import holder_lives, lock_path
from .agenda import LastRun
from .result import Status

if TYPE_CHECKING:
    from ..store.base import RunRow, Store

RUNNING = "running"  # as the store says


def read_runs(store: Store, connector: str, tenant: str, limit: int) -> Sequence[RunRow]:
    """The latest runs, newest first. One that says it is under way though nobody goes on was interrupted."""
    runs = store.runs(connector, limit)
    if not any(run.status == RUNNING for run in runs) or holder_lives(lock_path(store.path, connector, tenant)):
        return runs
    return [replace(run, status=str(Status.INTERRUPTED)) if run.status == RUNNING else run for run in runs]


def last_run(store: Store, connector: str, tenant: str) -> LastRun | None:
    """The latest run; None before the first."""
    runs = read_runs(store, connector, tenant, 1)
    return LastRun(runs[0].started_at, runs[0].status != Status.INTERRUPTED) if runs else None
