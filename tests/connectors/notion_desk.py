"""The fake workspace, a store, and the connector between them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aragora_sync.connectors.notion import NotionConnector
from aragora_sync.core.clock import utc_now
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind
from aragora_sync.store.sqlite import SqliteStore

from ..fakes.notion import TOKEN, FakeNotion
from ..fakes.web import Answer, Asked, running
from ..net.clock import PatientClock, patient

QUERY, SEARCH, MARKDOWN = "/query", "/v1/search", "/markdown"


class NotionDesk:
    """One workspace with a page `Home` and in it a database `Tasks`; each run counts its requests anew.

    By default the rows of `Tasks` are synced.
    """

    FULL = PassKind.FULL

    def __init__(self, folder: Path, fake: FakeNotion, time: PatientClock) -> None:
        self.folder, self.fake, self.time = folder, fake, time
        self.hours = 0.0
        fake.begin_anew()
        self.space = fake.space
        self.home = self.space.create_page(None, "Home", "welcome")
        self.database = self.space.create_database(self.home, "Tasks")
        self.source = self.space.source_of(self.database)
        self.space.share(self.home)
        self.options: dict[str, Any] = {"databases": [self.database]}
        fake.tick(600)

    def connector(self) -> NotionConnector:
        usual = {"base_url": self.fake.url, "credentials": {"NOTION_TOKEN": TOKEN}, "connector_id": "notion"}
        usual |= {"state_dir": self.folder / "state", "max_retries": 0, "retry_delay": 0}
        return NotionConnector(**{**usual, **self.options})

    def sync(self, kind: PassKind | None = None) -> SyncResult:
        """One run."""
        self.fake.asked.clear()
        connector = self.connector()
        state = StateFile(self.folder / "state", connector.connector_id, connector.tenant_id)
        ask = Ask(kind=kind, allow_mass_delete=True)
        with self.store() as store:
            return ConnectorRun(connector, store, state, lock=None, ask=ask, clock=self._clock).sync()

    def reconcile(self) -> SyncResult:
        return self.sync(PassKind.RECONCILE)

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        opened = SqliteStore(self.folder / "store" / "default.db", clock=self._clock)
        try:
            yield opened
        finally:
            opened.close()

    def _clock(self) -> Any:
        return utc_now() + timedelta(hours=self.hours)

    # What people do

    def row(self, title: str, *body: Any, **values: Any) -> str:
        return self.space.create_row(self.source, title, *body, **values)

    def page(self, title: str, *body: Any, parent: str = "") -> str:
        """A page, in `Home` unless something else is named."""
        return self.space.create_page(parent or self.home, title, *body)

    def settle(self, minutes: float = 120) -> None:
        """Nobody does anything for a while, so that nothing has to be looked at twice."""
        self.fake.tick(60 * minutes)

    # What is stored and was asked

    def entries(self) -> dict[str, Any]:
        with self.store() as store:
            return {entry.id: entry for entry in store.snapshot()}

    def items(self) -> dict[str, str]:
        return {item_id: entry.content for item_id, entry in self.entries().items()}

    def titles(self) -> list[str]:
        return sorted(entry.title for entry in self.entries().values())

    def cursor(self, stream: str = "") -> Any:
        with self.store() as store:
            row = store.streams("notion")[stream or f"data_source/{self.source}"]
        return row.open_pass.cursor if row.open_pass else row.cursor

    def calls(self) -> dict[str, int]:
        """How often each kind of request was sent; ids are left out."""
        return dict(
            Counter("/".join(part for part in path.split("/") if "-" not in part) for path in self.fake.paths())
        )

    def bodies(self, path: str) -> list[Any]:
        """What was posted to addresses that end so."""
        return [each.json for each in self.fake.asked if each.path.endswith(path)]

    def read(self, thing_id: str) -> int:
        """How often the body of this page was asked for."""
        return self.fake.paths().count(f"/v1/pages/{thing_id}/markdown")

    def fetch(self, *refs: str, stream: str = "") -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            with self.store() as store:
                named = Stream(stream or f"data_source/{self.source}")
                return list(connector.fetch(named, refs, store.known("notion", named.name)))
        finally:
            connector.close()


@contextmanager
def opened_desk(folder: Path) -> Iterator[NotionDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeNotion()) as fake, patient(fake) as time:
        yield NotionDesk(folder, fake, time)


def problem(result: SyncResult) -> tuple[Status, str, str]:
    """What went wrong, where one thing did."""
    (found,) = result.stream_errors
    return result.status, found.message, found.hint


def rewritten(desk: NotionDesk, change: Callable[[dict[str, Any]], None]) -> Callable[[Asked], Answer]:
    """What the fake answers, changed a little."""

    def answer(asked: Asked) -> Answer:
        honest = desk.fake.answer(asked)
        body = json.loads(json.dumps(honest.body))
        change(body)
        return Answer(honest.status, body, honest.headers)

    return answer
