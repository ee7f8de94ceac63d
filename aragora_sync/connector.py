"""The base class of all connectors: options, credentials, and the facade for programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from .core.changes import Change, Cursor, Item
from .core.errors import ConfigError
from .core.files import default_state_folder
from .core.ids import connector_id_problem, default_connector_id, tenant_id_problem
from .core.options import check_options, fingerprint_of, option, options_of
from .core.source import Check, KnownItems, Stream
from .core.stop import NoStop, StopSign
from .engine.stop import Stop, StopReason
from .state import State, StateFile

if TYPE_CHECKING:
    from .audit import Audit
    from .auth.credentials import Credentials
    from .engine.events import Event
    from .engine.result import SyncResult
    from .net.access import Access
    from .net.http import Http

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, field_specifiers=(option,))
class Connector:
    """A set of options and a generator of changes; knows its source and nothing else.

    Subclasses declare `type`, `title` and their options, and write `streams` and `read`. They never sleep, retry,
    store, count or print; the engine does.
    """

    type: ClassVar[str]
    title: ClassVar[str]  # one line for lists: what the source is
    revision: ClassVar[int] = 1  # raise it when the same options read the same source differently
    watched_by: ClassVar[str] = ""  # the option that lets it be watched; empty where it always can, or never
    keys: ClassVar[Mapping[str, str]] = {}  # names of the credentials, without ARAGORA_, and what each is

    tenant_id: str = option(
        "default", help="The tenant whose store and credentials are used.", neutral=True, in_yaml=False
    )
    connector_id: str = option(
        "", help="The name of this connector; by default made of type and identity.", neutral=True, in_yaml=False
    )
    store: Any = option(
        None,
        help="Folder of the store, or an open store; by default ~/.aragora/knowledge.",
        neutral=True,
        in_yaml=False,
    )
    parallel: int = option(4, help="How many streams are read beside each other.", at_least=1, at_most=64, neutral=True)
    batch_size: int = option(
        1000, help="How many items are stored in one transaction.", at_least=1, at_most=10_000, neutral=True
    )
    timeout: float = option(
        60, help="How long one request may take, in seconds.", at_least=1, at_most=3600, neutral=True
    )
    max_retries: int = option(
        3, help="How often a broken stream is started again without progress.", at_least=0, at_most=100, neutral=True
    )
    retry_delay: float = option(
        5, help="Seconds before the first such restart; each further one waits twice as long.", at_least=0, neutral=True
    )
    reconcile_every: float | None = option(
        None,
        help="Hours after which all is compared with the source; 0 is never, by default 24, or never where the source "
        "reports deletions.",
        example=24,
        at_least=0,
        at_most=87_600,
        neutral=True,
    )
    state_dir: Path | None = option(
        None, help="Folder of the state files, by default ~/.aragora/sync_state.", example="sync_state", neutral=True
    )
    credentials: Any = option(
        None,
        help="Credentials by name, before the environment and the keyring are asked.",
        example={"NAME": "${VARIABLE}"},
        neutral=True,
    )

    def __init__(self, **options: Any) -> None:
        values, problems = check_options(type(self), options)
        if problems:
            raise ConfigError([f"{self.type}: {problem.message}" for problem in problems])
        vars(self).update(values)
        declared = options_of(type(self))
        identity = [str(values[name]) for name in declared if declared[name].identity and values[name]]
        self.connector_id = self.connector_id or default_connector_id(self.type, identity)
        if wrong := connector_id_problem(self.connector_id) or tenant_id_problem(self.tenant_id):
            raise ConfigError(wrong)
        self.fingerprint = fingerprint_of(self.type, self.revision, declared, values)
        self.stop: StopSign = NoStop()
        self._hosts: list[Http] = []
        self._stop = Stop()
        self._on_progress: list[Callable[[int, int], None]] = []
        self._on_item: list[Callable[[Item], None]] = []
        self._expected: dict[str, int] = {}  # of the latest run, by stream
        self._synced: dict[str, int] = {}
        self._shared: dict[str, Any] = {}
        self._sharing = threading.RLock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.tenant_id}/{self.connector_id}>"

    # For connectors: what they write, and what helps them

    def heed(self, stop: StopSign) -> None:
        """The engine tells what ends this run, before `open`."""
        self.stop = stop

    def open(self) -> None:
        """Makes clients and looks up what all streams share; called once, before `streams`."""

    def close(self) -> None:
        """Gives back what `open` took; called once, at the end."""
        while self._hosts:
            self._hosts.pop().close()
        with self._sharing:
            self._shared.clear()

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """What there is to read now; see `core.source.Source`."""
        raise NotImplementedError

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything where it is None: data first, then its cursor."""
        raise NotImplementedError

    def check(self) -> Iterator[Check]:
        """What `aragora-sync check` shows: credentials, reachability, permissions; cheap."""
        raise NotImplementedError

    def once(self, key: str, make: Callable[[], T]) -> T:
        """The value that `make` gave the first time in this run, whichever thread came first."""
        with self._sharing:
            if key not in self._shared:
                self._shared[key] = make()
            shared: T = self._shared[key]
            return shared

    def credential(self, name: str) -> str:
        """The credential of this name; CredentialError names every place that was asked, and what fixes it."""
        return self.asked_credentials.require(name)

    def http(self, base_url: str, access: Access | None = None, **more: Any) -> Http:
        """Requests to one host as one user, with this connector's timeout, until `close`; `more` as for `Http`."""
        from .net.http import Http

        made = Http(base_url, access, **{"timeout": self.timeout, "stop": self.stop, **more})
        self._hosts.append(made)
        return made

    @property
    def audit(self) -> Audit:
        """The trail of this tenant, for connectors to whose data every access must be told."""
        from .audit import Audit, audit_path

        return self.once("audit", lambda: Audit(audit_path(self.tenant_id), self.connector_id))

    @property
    def asked_credentials(self) -> Credentials:
        """Where this connector's credentials are looked up."""
        from .auth.credentials import Credentials

        given = self.credentials
        if isinstance(given, Credentials):
            return given
        return self.once("credentials", lambda: Credentials(self.tenant_id, self.connector_id, self.keys, own=given))

    # For programs: run, look, stop

    def sync(
        self,
        *,
        full_sync: bool = False,
        max_retries: int | None = None,
        retry_delay: float | None = None,
        max_items: int | None = None,
        stop: Stop | None = None,
    ) -> SyncResult:
        """Brings every change into the store. What goes wrong at the source is in the result, not raised.

        `full_sync` reads everything again; `max_retries` and `retry_delay` (seconds) say how a broken stream is
        started again, by default as the options do; `max_items` ends the run after so many; `stop` ends it from
        outside, as `cancel_sync` does.
        """
        from .engine.job import Ask
        from .engine.single import sync_one
        from .store.base import PassKind

        ask = Ask(
            kind=PassKind.FULL if full_sync else None,
            max_items=max_items,
            max_retries=max_retries,
            retry_delay=retry_delay,
            want_items=bool(self._on_item),
        )
        self._stop, self._expected, self._synced = stop or Stop(), {}, {}
        return sync_one(self, self.store, self._state_file(), ask, self._stop, self._listen)

    def cancel_sync(self) -> None:
        """Ends a `sync` that runs in another thread; what it stored is kept."""
        self._stop.request(StopReason.CANCEL)

    def on_progress(self, callback: Callable[[int, int], None]) -> None:
        """`callback(synced, total)` is called after each stored batch; `total` is 0 where the source does not tell."""
        self._on_progress.append(callback)

    def on_item_synced(self, callback: Callable[[Item], None]) -> None:
        """`callback(item)` is called for each item that was created or updated, after it was stored."""
        self._on_item.append(callback)

    def load_state(self) -> State:
        """What the state file says; empty before the first run. Raises StateError for one that can't be understood."""
        return self._state_file().load() or State(self.connector_id, self.tenant_id, status="never synced")

    def get_sync_status(self) -> dict[str, Any]:
        """`status`, `last_sync_at`, `items_synced` and `errors` of the latest run, with the ids they belong to."""
        state = self.load_state()
        return {
            "connector_id": self.connector_id,
            "tenant_id": self.tenant_id,
            "status": state.status,
            "last_sync_at": state.last_sync_at,
            "items_synced": state.items_synced,
            "errors": list(state.errors),
        }

    def _state_file(self) -> StateFile:
        return StateFile(self.state_dir or default_state_folder(), self.connector_id, self.tenant_id)

    def _listen(self, event: Event) -> None:
        """Events become callbacks, in the thread that called `sync`."""
        from .engine.events import ItemsSynced, Progress, StreamStarted

        if isinstance(event, StreamStarted):
            self._expected[event.stream] = event.expected or 0
        elif isinstance(event, Progress):
            self._synced[event.stream] = event.counts.named
            for report in self._on_progress:
                report(sum(self._synced.values()), sum(self._expected.values()))
        elif isinstance(event, ItemsSynced):
            for item in event.items:
                for tell in self._on_item:
                    tell(item)
