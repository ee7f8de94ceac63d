"""Schedules for programs: connectors that are synced by themselves, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .connector import Connector
from .core.clock import Clock, utc_now
from .core.errors import AragoraSyncError, ConfigError, NoStore
from .core.files import default_store_folder
from .engine.agenda import Key, LastRun
from .engine.events import Emit
from .engine.history import last_run, read_runs
from .engine.published import PlanTeller
from .engine.result import SyncResult
from .engine.schedule import SyncSchedule
from .engine.scheduler import Scheduler
from .engine.stop import Stop, StopReason
from .engine.waiting import FirstWaits, counted_from, waiting
from .store.sqlite import SqliteStore, store_path

JOBS = 4


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One run of a connector. `status` is in the words of `aragora-sync status`."""

    connector_id: str
    tenant_id: str
    started_at: datetime
    ended_at: datetime | None
    items_synced: int
    status: str
    errors: Sequence[str]


class SyncScheduler:
    """Runs connectors by their schedules, `jobs` beside each other.

    `start` returns at once, `run_forever` when somebody stops it. Other programs may run the same connectors: each
    run holds the connector's lock. In a `with` block it runs until the end of the block.
    """

    def __init__(self, *, jobs: int = JOBS, clock: Clock = utc_now) -> None:
        if jobs < 1:
            raise ConfigError("a scheduler with fewer than one job would never run anything.", hint="jobs=1")
        self._jobs = jobs
        self._clock = clock
        self._connectors: dict[Key, tuple[Connector, SyncSchedule]] = {}
        self._changing = threading.RLock()
        self._teller = PlanTeller(self._folder_of)
        self._loop: Scheduler | None = None
        self._thread: threading.Thread | None = None  # that the loop runs in
        self._wait: Callable[[], object] = lambda: None  # until nothing of it runs any more

    def __enter__(self) -> SyncScheduler:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add_connector(self, connector: Connector, schedule: SyncSchedule | None = None, **options: Any) -> None:
        """Plans a connector, by a schedule or by the options of one, like `interval_hours=1`; also while it runs."""
        if schedule is not None and options:
            raise ConfigError("give a schedule or its options, not both.", hint="leave out one of them")
        schedule = schedule or SyncSchedule(**options)
        key = (connector.tenant_id, connector.connector_id)
        with self._changing:
            known = self._connectors.get(key)
            if known is not None and known[0] is not connector:
                raise ConfigError(
                    f"{key[1]} of tenant {key[0]} was added before.", hint="give one another connector_id"
                )
            self._connectors[key] = (connector, schedule)
            self._plan()

    def remove_connector(self, connector: Connector) -> None:
        """It is not started any more; a run under way goes on."""
        with self._changing:
            self._connectors.pop((connector.tenant_id, connector.connector_id), None)
            self._plan()

    def start(self) -> None:
        """Begins in a thread of its own and returns at once."""
        loop = self._make_loop()
        with self._changing:
            self._thread = threading.Thread(target=self._run, args=[loop], name="scheduler", daemon=True)
            self._wait = self._thread.join
            self._thread.start()

    def stop(self) -> None:
        """Ends it: what is under way is stored, and nothing runs any more when this returns."""
        with self._changing:
            loop, thread, wait = self._loop, self._thread, self._wait
        if loop is not None:
            loop.request(StopReason.CANCEL)
        if thread is not threading.current_thread():  # there, in a signal handler, run_forever ends after this
            wait()

    def run_forever(self) -> None:
        """Blocks until `stop` is called in another thread, or until Ctrl-C, which ends it as `stop` does."""
        loop, ended = self._make_loop(), threading.Event()
        with self._changing:
            self._thread, self._wait = threading.current_thread(), ended.wait
        try:
            self._run(loop)
        except KeyboardInterrupt:
            return  # the loop stored what was under way before it let this out
        finally:
            ended.set()

    def run_soon(self, connector: Connector) -> None:
        """It runs as soon as a place is free, whatever its schedule."""
        if self._loop is not None:
            self._loop.run_soon((connector.tenant_id, connector.connector_id))

    def get_history(
        self, connector_id: str | None = None, limit: int = 10, *, tenant_id: str | None = None
    ) -> list[HistoryEntry]:
        """The latest runs of a connector, or of all that were added, newest first, whoever started them."""
        with self._changing:
            chosen = [
                (key, connector)
                for key, (connector, _) in self._connectors.items()
                if connector_id in (None, key[1]) and tenant_id in (None, key[0])
            ]
        found = [entry for key, connector in chosen for entry in _history(connector, key, limit)]
        return sorted(found, key=lambda entry: entry.started_at, reverse=True)[:limit]

    def _make_loop(self) -> Scheduler:
        with self._changing:
            if self._loop is not None:
                raise ConfigError("this scheduler runs already.", hint="call stop() first, or make another one")
            self._loop = Scheduler(self._sync, jobs=self._jobs, clock=self._clock, on_tick=self._tell)
            self._plan()
            return self._loop

    def _run(self, loop: Scheduler) -> None:
        try:
            loop.run()
        finally:
            self._teller.close()
            with self._changing:
                self._loop = self._thread = None

    def _plan(self) -> None:
        if self._loop is not None:
            schedules = {key: schedule for key, (_, schedule) in self._connectors.items()}
            runs, since = dict[Key, LastRun](), dict[Key, datetime]()
            for key, (connector, _) in self._connectors.items():
                if (last := _last_run(connector, key)) is not None:
                    runs[key] = last
            for folder, keys in self._by_folder().items():
                waits = FirstWaits(folder)
                since |= waits.since()
                waits.note([key for key in waiting(schedules, runs) if key in keys], self._clock(), runs)
            self._loop.plan(schedules, counted_from(schedules, runs, since).get)

    def _tell(self) -> None:
        if self._loop is not None:
            self._teller.tell(self._loop.expected)

    def _folder_of(self, key: Key) -> Path | None:
        planned = self._connectors.get(key)
        return None if planned is None else _path(planned[0]).parent

    def _by_folder(self) -> dict[Path, set[Key]]:
        """The connectors of each folder of stores."""
        folders: dict[Path, set[Key]] = {}
        for key, (connector, _) in self._connectors.items():
            folders.setdefault(_path(connector).parent, set()).add(key)
        return folders

    def _sync(self, key: Key, _emit: Emit, stop: Stop) -> SyncResult:
        with self._changing:
            planned = self._connectors.get(key)
        if planned is None:  # taken out in the very moment in which it was started
            return SyncResult(key[1], key[0], "")
        return planned[0].sync(stop=stop)


def _path(connector: Connector) -> Path:
    if isinstance(connector.store, SqliteStore):
        return connector.store.path
    return store_path(Path(connector.store or default_store_folder()), connector.tenant_id)


def _last_run(connector: Connector, key: Key) -> LastRun | None:
    """None also where the store cannot be read: the run will tell why."""
    path = _path(connector)
    try:
        if not path.exists():
            return None
        with closing(SqliteStore(path, read_only=True)) as store:
            return last_run(store, key[1], key[0])
    except AragoraSyncError:
        return None


def _history(connector: Connector, key: Key, limit: int) -> list[HistoryEntry]:
    path = _path(connector)
    if not path.exists():
        return []
    try:
        with closing(SqliteStore(path, read_only=True)) as store:
            runs = read_runs(store, key[1], key[0], limit)
    except NoStore:
        return []
    return [
        HistoryEntry(
            run.connector,
            key[0],
            run.started_at,
            run.ended_at,
            run.counts.created + run.counts.updated,
            run.status,
            run.errors,
        )
        for run in runs
    ]
