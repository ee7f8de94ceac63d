"""Figures for Prometheus, in a file that its node exporter collects (`--collector.textfile.directory`)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ..core.clock import utc_now
from ..core.errors import AragoraSyncError, ConfigError, NoStore
from ..core.files import expand_home, write_atomically
from ..engine.agenda import Key
from ..engine.events import Event, RunEnded
from ..engine.history import read_runs
from ..engine.result import Status
from ..store.base import COUNTS
from ..store.sqlite import SqliteStore, store_path
from .foreground import Listener

if TYPE_CHECKING:
    from ..engine.result import SyncResult
    from ..engine.scheduler import Scheduler
    from ..store.base import RunRow
    from .planned import Plan

logger = logging.getLogger(__name__)

ENDING = ".prom"
READABLE = 0o644  # the collector is another user
EVERY_SECONDS = 5.0
LAST_RUN = "last_run_"

MetricsFile = Annotated[
    str | None,
    Option("--metrics-textfile", metavar="FILE", help="Write figures for Prometheus there; the name ends in .prom."),
]

# Name without prefix: what it is. All are gauges: they tell how things are.
METRICS = {
    "last_run_timestamp_seconds": "When the latest run began.",
    "last_run_duration_seconds": "How long the latest run took.",
    "last_run_ok": "Whether the latest run went well.",
    "last_run_status": "1 for the status of the latest run.",
    "last_run_changes": "What became of the items that the latest run named.",
    "last_success_timestamp_seconds": "When the latest run that went well began.",
    "failures_waiting": "Items that could not be read and are asked for again.",
    "next_run_timestamp_seconds": "When the schedule has it run the next time.",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; `labels` beside those of the connector."""

    metric: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def target(given: str) -> Path:
    """The file; ConfigError where nothing could ever be written there, or nobody would collect it."""
    path = expand_home(given, os.environ)
    if path.suffix != ENDING:
        raise ConfigError(
            f"{given}: collectors read only files that end in {ENDING}.", hint=f"name it {path.stem}{ENDING}"
        )
    if not path.parent.is_dir():
        raise ConfigError(f"{given}: there is no folder {path.parent}.", hint=f"mkdir -p {path.parent}")
    return path


class Metrics(Listener):
    """Reads the figures of connectors from their stores, and writes those of all into one file."""

    def __init__(self, path: Path, store_folder: Path) -> None:
        self._path = path
        self._folder = store_folder
        self._samples: dict[Key, Sequence[Sample]] = {}
        self._lost: dict[Key, Sequence[Sample]] = {}  # of runs that the store does not remember
        self._types: dict[Key, str] = {}
        self._changed: set[Key] = set()
        self._written: set[Key] = set()
        self._next = 0.0

    # Beside schedules

    def planned(self, plan: Plan) -> None:
        if plan.asked.store_folder != self._folder:
            self._folder, self._samples = plan.asked.store_folder, {}
        self.follow({key: chosen.type for key, chosen in {**plan.scheduled, **plan.watched}.items()})

    def hear(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            key = event.result.tenant_id, event.result.connector_id
            self._changed.add(key)
            if event.result.recorded:
                self._lost.pop(key, None)
            elif event.result.status is not Status.LOCKED:  # the other run tells of itself
                self._lost[key] = list(_of_lost(event.result, utc_now()))

    def tick(self, scheduler: Scheduler) -> None:
        if (self._changed or self._written != self._types.keys()) and time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            self.write(scheduler.upcoming)

    def close(self) -> None:
        self.write({})

    # In any case

    def follow(self, types: dict[Key, str]) -> None:
        """These connectors, with the type of each, and no others are in the file from now on."""
        self._types = types
        self._samples = {key: found for key, found in self._samples.items() if key in types}
        self._changed = {*self._changed, *(types.keys() - self._samples.keys())}

    def write(self, upcoming: Mapping[Key, datetime] | None = None) -> None:
        """The file holds what the stores say now. Where that cannot be, it is said, and syncing goes on."""
        by_tenant: dict[str, list[str]] = {}
        for tenant, connector in self._changed & self._types.keys():
            by_tenant.setdefault(tenant, []).append(connector)
        for tenant, connectors in by_tenant.items():
            self._read(tenant, connectors)
        self._changed, self._written = set(), set(self._types)
        try:
            write_atomically(self._path, "".join(self._lines(upcoming or {})), READABLE)
        except OSError as error:
            logger.warning("cannot write figures to %s: %s", self._path, error.strerror)

    def _read(self, tenant: str, connectors: Iterable[str]) -> None:
        path = store_path(self._folder, tenant)
        try:
            if path.exists():
                with closing(SqliteStore(path, read_only=True)) as store:
                    for each in connectors:
                        self._samples[tenant, each] = list(samples(store, each, tenant))
        except NoStore:
            return  # a first run is about to make it
        except AragoraSyncError as error:
            logger.warning("figures of tenant %s are those of before: %s", tenant, error)

    def _lines(self, upcoming: Mapping[Key, datetime]) -> Iterator[str]:
        for metric, what in METRICS.items():
            rows = []
            for key in sorted(self._types):
                found = [*self._told(key)]
                if key in upcoming:
                    found.append(Sample("next_run_timestamp_seconds", upcoming[key].timestamp()))
                rows += [self._row(key, sample) for sample in found if sample.metric == metric]
            if rows:
                yield f"# HELP aragora_sync_{metric} {what}\n# TYPE aragora_sync_{metric} gauge\n"
                yield from rows

    def _told(self, key: Key) -> Sequence[Sample]:
        """What the store says, but for the latest run where that could not even be noted there."""
        found, lost = self._samples.get(key, ()), self._lost.get(key, ())
        if not lost or _began(found) > _began(lost):
            return found
        return [*(sample for sample in found if not sample.metric.startswith(LAST_RUN)), *lost]

    def _row(self, key: Key, sample: Sample) -> str:
        labels = [("tenant", key[0]), ("connector", key[1]), ("type", self._types[key]), *sample.labels]
        text = ",".join(f'{name}="{escaped(value)}"' for name, value in labels)
        return f"aragora_sync_{sample.metric}{{{text}}} {sample.value:.15g}\n"


def samples(store: SqliteStore, connector: str, tenant: str) -> Iterator[Sample]:
    """The figures of one connector."""
    runs = read_runs(store, connector, tenant, 2)
    ended = [run for run in runs if run.ended_at is not None]
    if runs:
        yield Sample("last_run_timestamp_seconds", runs[0].started_at.timestamp())
    if ended:
        yield from _of_run(ended[0])
    if (success := store.last_success(connector)) is not None:
        yield Sample("last_success_timestamp_seconds", success.timestamp())
    yield Sample("failures_waiting", len(store.failures(connector)))


def _of_run(run: RunRow) -> Iterator[Sample]:
    assert run.ended_at is not None
    yield Sample("last_run_duration_seconds", (run.ended_at - run.started_at).total_seconds())
    yield Sample("last_run_ok", run.status == Status.OK)
    yield Sample("last_run_status", 1, (("status", run.status),))
    for name in COUNTS:
        yield Sample("last_run_changes", getattr(run.counts, name), (("change", name),))


def _of_lost(result: SyncResult, ended_at: datetime) -> Iterator[Sample]:
    yield Sample(LAST_RUN + "timestamp_seconds", ended_at.timestamp() - result.seconds)
    yield Sample(LAST_RUN + "duration_seconds", result.seconds)
    yield Sample(LAST_RUN + "ok", False)
    yield Sample(LAST_RUN + "status", 1, (("status", str(result.status)),))


def _began(samples: Iterable[Sample]) -> float:
    return next((sample.value for sample in samples if sample.metric == LAST_RUN + "timestamp_seconds"), 0.0)


def escaped(value: str) -> str:
    """A label's value as the format wants it."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
