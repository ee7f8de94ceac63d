"""The fake site, in the cloud or on a Data Center, a store, and the connector between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aragora_sync.connectors.confluence import ConfluenceConnector
from aragora_sync.core.clock import utc_now
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind
from aragora_sync.store.sqlite import SqliteStore

from ..fakes.confluence import EMAIL, PAT, TOKEN, FakeConfluence, FakeDataCenter
from ..fakes.web import running
from ..net.clock import PatientClock, patient

SOME_TIME = 3600  # seconds; longer than any list reaches back


def options_for(fake: FakeConfluence) -> dict[str, Any]:
    """Where the fake is, and how it is asked."""
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": TOKEN}
    return {"base_url": fake.base, "credentials": {"CONFLUENCE_API_TOKEN": PAT} if fake.data_center else secrets}


class ConfluenceDesk:
    """One site with a space ENG; each run counts its requests anew."""

    def __init__(self, folder: Path, fake: FakeConfluence, time: PatientClock) -> None:
        self.folder, self.fake, self.time = folder, fake, time
        self.site = fake.site
        self.options: dict[str, Any] = {}
        self.hours = 0.0
        self.space = self.site.create_space("ENG", "Engineering")

    def connector(self) -> ConfluenceConnector:
        usual = {"connector_id": "confluence", "state_dir": self.folder / "state", "max_retries": 0, "retry_delay": 0}
        return ConfluenceConnector(**{**usual, **options_for(self.fake), **self.options})

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        """One run."""
        self.fake.asked.clear()
        connector = self.connector()
        state = StateFile(self.folder / "state", connector.connector_id, connector.tenant_id)
        ask = Ask(kind=kind, allow_mass_delete=True)
        with self.store() as store:
            return ConnectorRun(connector, store, state, lock=None, ask=ask, clock=self._clock).sync()

    def later(self, kind: PassKind | None = None) -> SyncResult:
        """One run, when whatever happened is long past."""
        self.fake.tick(SOME_TIME)
        return self.sync(kind)

    def reconcile(self) -> SyncResult:
        return self.later(PassKind.RECONCILE)

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        opened = SqliteStore(self.folder / "store" / "default.db", clock=self._clock)
        try:
            yield opened
        finally:
            opened.close()

    def _clock(self) -> Any:
        return utc_now() + timedelta(hours=self.hours)

    # What people do on the site

    def page(self, text: str, *, space: str = "", title: str = "", **more: Any) -> str:
        return self.site.create(space or self.space, title or f"Page of {text}", f"<p>{text}</p>", **more)

    def edit(self, page_id: str, text: str) -> None:
        self.site.edit(page_id, f"<p>{text}</p>")

    # What is stored and was asked

    def entries(self) -> dict[str, Any]:
        with self.store() as store:
            return {entry.id: entry for entry in store.snapshot()}

    def items(self) -> dict[str, str]:
        return {item_id: entry.content for item_id, entry in self.entries().items()}

    def cursor(self, space: str = "") -> Any:
        with self.store() as store:
            row = store.streams("confluence")[space or self.space]
        return row.open_pass.cursor if row.open_pass else row.cursor

    def calls(self) -> dict[str, int]:
        """How often each address was asked for, without what stands before the API's own."""
        return dict(Counter(_short(path) for path in self.fake.paths()))

    def asked(self, path: str) -> list[dict[str, str]]:
        """What the requests for this address asked."""
        return [dict(each.query) for each in self.fake.asked if _short(each.path) == path]

    def fetch(self, *refs: str) -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            with self.store() as store:
                stream = Stream(self.space)
                return list(connector.fetch(stream, refs, store.known("confluence", stream.name)))
        finally:
            connector.close()


def _short(path: str) -> str:
    return path.removeprefix("/wiki").removeprefix("/api/v2/").removeprefix("/rest/api/")


@contextmanager
def opened_desk(folder: Path, *, cloud: bool = True) -> Iterator[ConfluenceDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeConfluence() if cloud else FakeDataCenter()) as fake, patient(fake) as time:
        yield ConfluenceDesk(folder, fake, time)


def problem(result: SyncResult) -> tuple[Status, str, str]:
    """What went wrong, where one thing did."""
    (found,) = result.stream_errors
    return result.status, found.message, found.hint
