"""What the configuration plans: which connectors have a schedule, when each ran, and how one of them is run."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import find_config
from ..connectors import connector_class
from ..core.errors import AragoraSyncError, ConfigError
from ..core.files import expand_home
from ..engine.agenda import Key, LastRun
from ..engine.history import last_run
from ..engine.job import Ask
from ..engine.result import StreamError, SyncResult
from ..engine.schedule import SyncSchedule
from ..engine.stores import StorePool
from ..engine.waiting import FirstWaits, counted_from, waiting
from ..store.sqlite import SqliteStore, store_path
from .building import Runs, open_store, unstarted
from .selection import Chosen, choose_enabled, choose_to_run

if TYPE_CHECKING:
    from datetime import datetime

    from ..config import Config
    from ..engine.events import Emit
    from ..engine.stop import Stop
    from .common import Asked


logger = logging.getLogger(__name__)

WRITE = "write `schedule: {interval_hours: 1}`"


class Plan:
    """One reading of the configuration file: of the connectors that `names` mean, by default of all.

    With `watch`, what can be watched is watched instead of scheduled.
    """

    def __init__(self, asked: Asked, names: Sequence[str] = (), *, watch: bool = False) -> None:
        self.asked = replace(asked)  # a copy knows nothing of what was read before
        self.names = names
        self.watch = watch
        self.config: Config = self.asked.config
        self.enabled = {
            (one.tenant, one.connector): one for one in choose_enabled(self.config, names, self.asked.tenant)
        }
        self.watched = {key: one for key, one in self.enabled.items() if watch and _can_be_watched(one)}
        self.scheduled: dict[Key, Chosen] = {
            key: one for key, one in self.enabled.items() if key not in self.watched and _given(one)
        }
        self.schedules = {key: SyncSchedule(**_given(chosen)) for key, chosen in self.scheduled.items()}
        self._runs = Runs(self.asked, Ask(), dry_run=False)
        self._stores = StorePool(lambda tenant: open_store(self.asked, tenant))

    def again(self) -> Plan:
        """The same of the file as it is now. Where it is gone, none at another usual place stands in for it."""
        return Plan(replace(self.asked, config_file=self.config.path), self.names, watch=self.watch)

    def require_schedules(self, *, listens: bool = False) -> None:
        """Something would run, and all that was named by its id; ConfigError says what to write.

        What `listens` needs no schedule, only to be there.
        """
        named = choose_to_run(self.config, self.names, self.asked.tenant) if self.names else []
        if listens:
            return
        for one in named:
            if one.connector in self.names and (one.tenant, one.connector) not in {*self.schedules, *self.watched}:
                assert one.config is not None
                where = f"{self.config.path}:{one.config.place[0]}"
                raise ConfigError(f"connector {one} has no schedule ({where}).", hint=f"{WRITE} there")
        if not self.schedules and not self.watched:
            message = f"no enabled connector of {self.config.path} has a schedule."
            lacking = {lacks_for_watch(one) for one in self.enabled.values()} - {""} if self.watch else set()
            instead = "".join(f", or set its option {option!r}, by which it is watched" for option in sorted(lacking))
            raise ConfigError(message, hint=f"{WRITE} below one of them{instead}")

    @property
    def configured(self) -> set[Key]:
        """The enabled connectors of the whole file, also those that were not asked for."""
        return {(one.tenant, one.connector) for one in choose_enabled(self.config, (), None)}

    @property
    def widths(self) -> tuple[int, int]:
        """Of the longest ids."""
        shown = [*self.scheduled, *self.watched]
        return max((len(tenant) for tenant, _ in shown), default=0), max((len(each) for _, each in shown), default=0)

    def counted_from(self, keys: Collection[Key], *, noted_at: datetime | None = None) -> dict[Key, LastRun]:
        """When each of these ran, or began to wait for its first run, where that was noted.

        With `noted_at` those that never ran wait from then on, whether or not a process is there when they are due.
        """
        schedules, runs = {key: self.schedules[key] for key in keys}, self.last_runs(keys)
        waits = FirstWaits(self.asked.store_folder)
        since = waits.since()
        if noted_at is not None:
            configured = self.configured
            is_over = [key for key in since if key in runs or key not in configured]
            waits.note(waiting(schedules, runs), noted_at, is_over)
        return counted_from(schedules, runs, since)

    def last_runs(self, keys: Iterable[Key]) -> dict[Key, LastRun]:
        """When each of these ran; a store that cannot be read says nothing here, and why when it is synced."""
        found: dict[Key, LastRun] = {}
        by_tenant: dict[str, list[str]] = {}
        for tenant, connector in keys:
            by_tenant.setdefault(tenant, []).append(connector)
        for tenant, connectors in by_tenant.items():
            path = store_path(self.asked.store_folder, tenant)
            if not path.exists():
                continue
            try:
                with closing(SqliteStore(path, read_only=True)) as store:
                    runs = {(tenant, each): last_run(store, each, tenant) for each in connectors}
            except AragoraSyncError:
                continue
            found |= {key: run for key, run in runs.items() if run is not None}
        return found

    def sync(
        self,
        key: Key,
        emit: Emit,
        stop: Stop,
        *,
        ask: Ask | None = None,
        turns: threading.Semaphore | None = None,
    ) -> SyncResult:
        """Runs one connector; it is built here and closed after. With `turns` it is watched until it is stopped."""
        chosen, result = self.enabled[key], None
        try:
            with self._stores.lease(chosen.tenant, lambda: stop.requested) as store:
                result = self._runs.make(chosen, store, ask=ask, turns=turns)(emit, stop).sync()
        except AragoraSyncError as error:
            if result is None:
                return unstarted(chosen, StreamError.of("", error))(emit, stop).sync()
            logger.warning("the search index of tenant %s waits: %s", chosen.tenant, error)
        return result


def _can_be_watched(chosen: Chosen) -> bool:
    return hasattr(connector_class(chosen.type), "watch") and not lacks_for_watch(chosen)


def lacks_for_watch(chosen: Chosen) -> str:
    """The option without which it cannot tell of changes as they happen; empty where none is missing."""
    kind = connector_class(chosen.type)
    assert chosen.config is not None
    return kind.watched_by if kind.watched_by and not chosen.config.options.get(kind.watched_by) else ""


def _given(chosen: Chosen) -> dict[str, object]:
    assert chosen.config is not None
    return dict(chosen.config.schedule)


class ConfigFile:
    """Notices that the file was changed, or who may read it, once it rests."""

    def __init__(self, asked: Asked) -> None:
        self._path = expand_home(find_config(asked.config_file, os.environ), os.environ)
        self._read = self._seen = self._state()

    def changed(self) -> bool:
        """Whether it is another file since this was last true, and the same as a moment ago."""
        state = self._state()
        rests, self._seen = state == self._seen, state
        if state == self._read or not rests:
            return False
        self._read = state
        return True

    def was_read(self) -> None:
        """As it is now, it is known."""
        self._read = self._seen = self._state()

    def _state(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode, found.st_uid, found.st_gid)
