"""The base class of all connectors: options, credentials, and the facade for programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from .core.changes import Change, Cursor
from .core.errors import ConfigError
from .core.ids import connector_id_problem, default_connector_id, tenant_id_problem
from .core.options import check_options, fingerprint_of, option, options_of
from .core.source import Check, KnownItems, Stream

if TYPE_CHECKING:
    from .auth.credentials import CredentialProvider

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
    keys: ClassVar[Mapping[str, str]] = {}  # names of the credentials, without ARAGORA_, and what each is

    tenant_id: str = option(
        "default", help="The tenant whose store and credentials are used.", neutral=True, in_yaml=False
    )
    connector_id: str = option(
        "", help="The name of this connector; by default made of type and identity.", neutral=True, in_yaml=False
    )
    store: Any = option(
        None, help="Folder of the store, or an open store; by default ~/.aragora/knowledge.", neutral=True, in_yaml=False
    )
    parallel: int = option(4, help="How many streams are read beside each other.", at_least=1, at_most=64, neutral=True)
    batch_size: int = option(
        1000, help="How many items are stored in one transaction.", at_least=1, at_most=10_000, neutral=True
    )
    timeout: float = option(60, help="How long one request may take, in seconds.", at_least=1, at_most=3600, neutral=True)
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
        at_least=0,
        neutral=True,
    )
    state_dir: Path | None = option(None, help="Folder of the state files, by default ~/.aragora/sync_state.", neutral=True)
    credentials: Any = option(None, help="Credentials by name, before all other places are asked.", neutral=True)

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
        self._shared: dict[str, Any] = {}
        self._sharing = threading.RLock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.tenant_id}/{self.connector_id}>"

    # For connectors: what they write, and what helps them

    def open(self) -> None:
        """Makes clients and looks up what all streams share; called once, before `streams`."""

    def close(self) -> None:
        """Gives back what `open` took; called once, at the end."""

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """What there is to read now; see `core.source.Source`."""
        raise NotImplementedError

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything where it is None: data first, then the cursor that vouches for it."""
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

    # For programs: run, look, stop

    @property
    def asked_credentials(self) -> Credentials:
        """Where this connector's credentials are looked up."""
        from .auth.credentials import Credentials

        return self.once(
            "credentials", lambda: Credentials(self.tenant_id, self.connector_id, self.keys, own=self.credentials)
        )
