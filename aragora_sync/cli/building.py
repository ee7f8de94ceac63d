"""From the configuration to connectors that are ready to run."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ..auth.credentials import Credentials
from ..auth.providers import load_provider
from ..connectors import connector_class
from ..core.errors import AragoraSyncError
from ..core.files import exclusive_lock, lock_path
from ..engine.events import Emit, RunEnded
from ..engine.live import EVERY, ConnectorLive
from ..engine.result import Status, StreamError, SyncResult, status_of
from ..engine.run import ConnectorRun
from ..engine.runner import Runnable
from ..state import StateFile
from ..store.overlay import Overlay
from ..store.sqlite import SqliteStore, store_path
from .selection import tenant_config

if TYPE_CHECKING:
    from ..auth.credentials import CredentialProvider
    from ..connector import Connector
    from ..engine.job import Ask
    from ..engine.stop import Stop
    from .common import Asked
    from .selection import Chosen

logger = logging.getLogger(__name__)

Closeable = TypeVar("Closeable", SqliteStore, Overlay)
Make = Callable[[Emit, "Stop"], Runnable]


class Builder:
    """Builds connectors with the credentials and folders of the configuration. The provider is made once."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._provider: CredentialProvider | AragoraSyncError | None = None

    def credentials(self, chosen: Chosen) -> Credentials:
        """Where a connector's credentials are looked up: the provider of the configuration first."""
        assert chosen.config is not None
        config = self._asked.config
        if config.credentials is not None and self._provider is None:
            try:
                self._provider = load_provider(config.credentials.provider, config.credentials.options)
            except AragoraSyncError as error:
                self._provider = error
        if isinstance(self._provider, AragoraSyncError):
            raise self._provider.with_traceback(None)  # else it would keep the frames of each run that met it
        return Credentials(
            chosen.tenant,
            chosen.connector,
            connector_class(chosen.type).keys,
            own=chosen.config.credentials or None,
            provider=self._provider,
            shared=tenant_config(config, chosen.tenant).shared_credentials,
        )

    def connector(self, chosen: Chosen) -> Connector:
        """The connector itself."""
        assert chosen.config is not None
        tenant = tenant_config(self._asked.config, chosen.tenant)
        return chosen.config.build(tenant, credentials=self.credentials(chosen))


@dataclass(frozen=True, slots=True)
class Unstarted:
    """A connector that could not even be built; its result says why."""

    result: SyncResult
    emit: Emit
    record: Callable[[SyncResult], None]

    def sync(self) -> SyncResult:
        self.record(self.result)
        self.emit(RunEnded(self.result))
        return self.result


class Runs:
    """Runs of connectors over one open store for each tenant; closes the stores at the end."""

    def __init__(self, asked: Asked, ask: Ask, *, dry_run: bool) -> None:
        self._asked = asked
        self._ask = ask
        self._dry_run = dry_run
        self._builder = Builder(asked)
        self._stores: dict[str, SqliteStore | Overlay] = {}
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def index(self, stop: Stop) -> None:
        """Everything that was stored can be found, or later runs and searches go on with it."""
        for store in self._stores.values():
            if isinstance(store, SqliteStore):
                store.index(lambda: stop.requested)

    def make(
        self,
        chosen: Chosen,
        store: SqliteStore | None = None,
        *,
        ask: Ask | None = None,
        turns: threading.Semaphore | None = None,
    ) -> Make:
        """The run of a connector, ready for the runner; with `turns` it goes on until it is stopped. One that cannot
        be built does not stop the others.

        It stores in `store`, which stays the caller's; by default in one that is kept open for the others. `ask`: what
        this run is asked for, where that differs from the others.
        """
        try:
            connector, into = self._builder.connector(chosen), store or self._store(chosen.tenant)
            return self._make(chosen, connector, into, ask or self._ask, turns)
        except AragoraSyncError as error:
            problem = StreamError.of("", error)
        except Exception as error:  # a constructor of a third party: anything may come
            logger.exception("%s cannot be built", chosen)
            message = f"cannot be built: unexpected {type(error).__name__}."
            problem = StreamError("", message, "", Status.FAILED)
        return unstarted(chosen, problem, lambda result: self._record(chosen, store, result))

    def _record(self, chosen: Chosen, store: SqliteStore | None, result: SyncResult) -> None:
        """The store of a connector that ran before remembers that it could not; `status` would call it well."""
        path = store_path(self._asked.store_folder, chosen.tenant)
        if self._dry_run or not path.exists():
            return
        with contextlib.suppress(AragoraSyncError):  # or the result says that it does not
            into = store or self._store(chosen.tenant)
            with exclusive_lock(lock_path(path, chosen.connector, chosen.tenant), str(chosen)):
                into.end_run(into.begin_run(chosen.connector), str(result.status), result.errors)
            result.recorded = True

    def _make(
        self,
        chosen: Chosen,
        connector: Connector,
        store: SqliteStore | Overlay,
        ask: Ask,
        turns: threading.Semaphore | None,
    ) -> Make:
        state = StateFile(self._asked.state_folder(chosen.config), chosen.connector, chosen.tenant)
        lock = lock_path(store_path(self._asked.store_folder, chosen.tenant), chosen.connector, chosen.tenant)
        every = interval_of(chosen.config.schedule if chosen.config else {})

        def make(emit: Emit, stop: Stop) -> Runnable:
            if turns is not None:
                return ConnectorLive(
                    connector, store, state, lock=lock, ask=ask, stop=stop, emit=emit, every=every, turns=turns
                )
            held = None if self._dry_run else lock
            return ConnectorRun(connector, store, state, lock=held, ask=ask, stop=stop, emit=emit, dry=self._dry_run)

        return make

    def _store(self, tenant: str) -> SqliteStore | Overlay:
        if tenant not in self._stores:
            self._stores[tenant] = self._open(tenant)
        return self._stores[tenant]

    def _open(self, tenant: str) -> SqliteStore | Overlay:
        if not self._dry_run:
            return self._closed_at_end(open_store(self._asked, tenant))
        path = store_path(self._asked.store_folder, tenant)
        base = self._closed_at_end(SqliteStore(path, read_only=True)) if path.exists() else None
        return self._closed_at_end(Overlay(base))

    def _closed_at_end(self, store: Closeable) -> Closeable:
        self._closing.callback(store.close)
        return store


def interval_of(schedule: Mapping[str, Any]) -> timedelta:
    """How often a connector is read that goes on for ever and cannot be watched."""
    if hours := schedule.get("interval_hours"):
        return timedelta(hours=hours)
    minutes = schedule.get("interval_minutes")
    return timedelta(minutes=minutes) if minutes else EVERY


def unstarted(
    chosen: Chosen, problem: StreamError, record: Callable[[SyncResult], None] = lambda _result: None
) -> Make:
    """What runs in the place of a connector that cannot; `record` makes the store remember it, where it can."""
    status = status_of([problem], 0, 0)
    result = SyncResult(chosen.connector, chosen.tenant, chosen.type, status, stream_errors=[problem])
    return lambda emit, _stop: Unstarted(result, emit, record)


def open_store(asked: Asked, tenant: str) -> SqliteStore:
    """The store of a tenant, to write in; made where there is none. Whoever opens it closes it."""
    keep_deleted = timedelta(days=asked.config.store.keep_deleted_days)
    return SqliteStore(store_path(asked.store_folder, tenant), keep_deleted=keep_deleted)
