"""What a test of a connector works with: a source, a store of its own, runs that end well or are cut."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar
from unittest import SkipTest

from ..connector import Connector
from ..core.changes import Change, Cursor
from ..core.clock import utc_now
from ..core.source import Known, KnownItems, Stream
from ..engine.job import Ask
from ..engine.result import SyncResult
from ..engine.run import ConnectorRun
from ..state import StateFile
from ..store.base import PassKind
from ..store.sqlite import SqliteStore

SIZE = 7  # things in the source when a test begins
KNOWN_PAGE = 1000  # how many ids `known` may be asked for at once
NOT_OWED = object()  # stands where a test was that pytest is not to collect

Test = TypeVar("Test", bound=Callable[..., None])


class ContractWorld(Protocol):
    """The source, as a test edits it: a fake, a server or a folder. Each thing's text is part of its item's content.

    Where they exist, the suite also uses `fail(id)` and `mend(id)`: the thing can't be read, and can again. A connector
    with `receive` needs `webhook(id)`: the `Request` that the vendor posts when the thing changed, signed with one of
    its `secrets`.
    """

    def add(self, name: str, text: str) -> str:
        """Makes a thing; the id that its item will have."""

    def edit(self, item_id: str, text: str) -> None:
        """Changes its text."""

    def remove(self, item_id: str) -> None:
        """It is gone."""


class Cut(BaseException):
    """The end of a process, in the middle of something."""


def owed_by(power: str) -> Callable[[Test], Test]:
    """Marks a test that only connectors with this method owe."""

    def mark(test: Test) -> Test:
        vars(test)["power"] = power
        return test

    return mark


class Bench:
    """Made anew for each test, by pytest or unittest alike."""

    connector: ClassVar[type[Connector] | None] = None  # where it is said, tests that it does not owe are left out
    can_be_watched: ClassVar[bool] = (
        True  # False where this world has nothing that would tell, and `watch` ends at once
    )

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name in dir(cls):
            meanings = (vars(each).get(name, NOT_OWED) for each in cls.__mro__)
            test = next((each for each in meanings if each is not NOT_OWED), None)
            wanted = test if cls._owes(getattr(test, "power", "")) else NOT_OWED
            if getattr(test, "power", "") and getattr(cls, name) is not wanted:
                setattr(cls, name, wanted)

    @classmethod
    def _owes(cls, power: str) -> bool:
        has_it = cls.connector is None or hasattr(cls.connector, power)
        return has_it and (power != "watch" or cls.can_be_watched)

    def make_world(self, folder: Path) -> ContractWorld:
        """A source with nothing in it; `folder` is empty and private to the test."""
        raise NotImplementedError

    def make(self, world: Any, **options: Any) -> Connector:
        """The connector that reads this source, with the options that the suite adds."""
        raise NotImplementedError

    def setup_method(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="contract-"))
        (self._folder / "source").mkdir()
        self._hours = 0.0
        self._store: SqliteStore | None = None
        self.world = self.make_world(self._folder / "source")
        self.texts: dict[str, str] = {}
        self._gone: set[str] = set()
        for number in range(SIZE):
            self.add(f"name{number}", f"text number {number} ends.")

    def teardown_method(self) -> None:
        self._begin_anew()
        shutil.rmtree(self._folder)

    def add(self, name: str, text: str) -> str:
        item_id = self.world.add(name, text)
        assert item_id not in self.texts, f"the id {item_id!r} was given twice"
        self.texts[item_id] = text
        self._gone.discard(item_id)
        return item_id

    def edit(self, item_id: str, text: str) -> None:
        self.world.edit(item_id, text)
        self.texts[item_id] = text

    def remove(self, item_id: str) -> None:
        self.world.remove(item_id)
        del self.texts[item_id]
        self._gone.add(item_id)

    def hook(self, name: str) -> Callable[[str], None]:
        found: Callable[[str], None] | None = getattr(self.world, name, None)
        if found is None:
            raise SkipTest(f"the world of this test has no {name}()")
        return found

    @property
    def store(self) -> SqliteStore:
        if self._store is None:
            self._store = SqliteStore(self._folder / "store" / "default.db", clock=self._clock)
        return self._store

    def made(self) -> Connector:
        """The connector as a process made anew makes it, which is what this suite says that it tests."""
        connector = self.make(self.world, **self._options())
        said, is_made = self.connector, type(connector)
        assert said in (None, is_made), f"connector = {said.__name__}, but make() makes a {is_made.__name__}"
        return connector

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        """One run of a connector made anew, as of a process made anew."""
        return self._run(self.made(), self.store, kind)

    def sync_cut(self, changes: int, *, flushed: bool) -> None:
        """A run that dies after so many changes; `flushed`: what was said last is stored all the same."""
        line = _Line(changes)
        store = self.store if flushed else _Mortal(self.store, line)
        with contextlib.suppress(Cut):
            self._run(_Mortal(self.made(), line, cuts=True), store, None)

    def opened(self) -> Connector:
        connector = self.made()
        connector.open()
        return connector

    def streams(self) -> Sequence[Stream]:
        connector = self.opened()
        try:
            return list(connector.streams([]))
        finally:
            connector.close()

    def read(self, stream: Stream, cursor: Cursor, *, hide: bool = False) -> list[Change]:
        """All that one read says."""
        connector = self.opened()
        try:
            return list(connector.read(stream, cursor, self.known(stream.name, hide)))
        finally:
            connector.close()

    def read_all(self) -> list[Change]:
        """All that reading every stream from nothing says."""
        return [change for stream in self.streams() for change in self.read(stream, None)]

    def known(self, stream: str, hide: bool = False) -> KnownItems:
        """What the store of this test knows of a stream."""
        return _Known(self.store.known(self.made().connector_id, stream, hide_versions=hide))

    def content(self, item_id: str) -> str:
        return next((entry.content for entry in self.store.snapshot() if entry.id == item_id), "")  # type: ignore[union-attr]

    def assert_equal(self) -> None:
        """The store holds every thing once, with its latest text, and no other."""
        held = {entry.id: entry.content for entry in self.store.snapshot()}  # type: ignore[union-attr]
        missing = self.texts.keys() - held.keys()
        extra = {
            each for each in held.keys() - self.texts.keys() if each in self._gone or self._holds_a_text(held[each])
        }
        assert not missing, f"missing in the store: {sorted(missing)}"
        assert not extra, f"in the store, but gone at the source, or there under another id: {sorted(extra)}"
        for item_id, text in self.texts.items():
            assert text in held[item_id], f"{item_id} holds {held[item_id]!r}, not {text!r}"

    def _holds_a_text(self, content: str) -> bool:
        return any(text in content for text in self.texts.values())

    def _options(self) -> dict[str, Any]:
        return {"retry_delay": 0, "max_retries": 1, "state_dir": self._folder / "state"}

    def _clock(self) -> datetime:
        return utc_now() + timedelta(hours=self._hours)

    def _run(self, connector: Any, store: Any, ask: Ask | PassKind | None) -> SyncResult:
        state = StateFile(self._folder / "state", connector.connector_id, connector.tenant_id)
        ask = ask if isinstance(ask, Ask) else Ask(kind=ask, allow_mass_delete=True)
        return ConnectorRun(connector, store, state, lock=None, ask=ask, clock=self._clock).sync()

    def _begin_anew(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        for name in ("store", "state"):
            shutil.rmtree(self._folder / name, ignore_errors=True)


class _Line:
    """The life line of a process: so many changes, then it is dead."""

    def __init__(self, left: int) -> None:
        self.left = left


class _Mortal:
    """Stands before a connector or a store; dies with the line. A dead store does nothing."""

    def __init__(self, real: Any, line: _Line, *, cuts: bool = False) -> None:
        self._real = real
        self._line = line
        self._cuts = cuts

    def __getattr__(self, name: str) -> Any:
        if not self._cuts and self._line.left < 0:
            raise Cut
        return getattr(self._real, name)

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        with contextlib.closing(self._real.read(stream, cursor, known)) as changes:  # so ends what a process has open
            for change in changes:
                self._line.left -= 1
                if self._line.left < 0:
                    raise Cut
                yield change


class _Known:
    """Refuses questions about more ids than a page."""

    def __init__(self, real: KnownItems) -> None:
        self._real = real
        self.items, self.children = real.items, real.children

    def get(self, ids: Any, details: bool = False) -> dict[str, Known]:
        assert len(ids) <= KNOWN_PAGE, "known was asked for more than 1,000 ids at once"
        return self._real.get(ids, details)
