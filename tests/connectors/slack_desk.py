"""The fake workspace, a store, and the connector between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aragora_sync.connectors.slack import SlackConnector
from aragora_sync.core.clock import utc_now
from aragora_sync.core.source import Stream
from aragora_sync.engine.job import Ask
from aragora_sync.engine.result import Status, SyncResult
from aragora_sync.engine.run import ConnectorRun
from aragora_sync.state import StateFile
from aragora_sync.store.base import PassKind
from aragora_sync.store.sqlite import SqliteStore

from ..fakes.slack import BOT, FakeSlack
from ..fakes.web import running
from ..net.clock import PatientClock, patient

HISTORY, REPLIES = "conversations.history", "conversations.replies"


class SlackDesk:
    """One workspace with a channel `general`; each run counts its requests anew."""

    def __init__(self, folder: Path, fake: FakeSlack, time: PatientClock) -> None:
        self.folder, self.fake, self.time = folder, fake, time
        self.options: dict[str, Any] = {}
        self.hours = 0.0
        fake.begin_anew()
        self.channel = fake.state.create_channel("general")

    def connector(self) -> SlackConnector:
        usual = {"base_url": f"{self.fake.url}/api", "credentials": {"SLACK_BOT_TOKEN": BOT}, "connector_id": "slack"}
        usual |= {"state_dir": self.folder / "state", "max_retries": 0, "retry_delay": 0}
        return SlackConnector(**{**usual, **self.options})

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

    # What people do in the channel

    def post(self, text: str, days: float = 0, **more: Any) -> str:
        """A message, now or so many days ago."""
        ts = self.fake.state.ago(days) if days else ""
        return self.fake.state.post(self.channel, text, ts=ts, **more)

    def reply(self, root: str, text: str, **more: Any) -> str:
        return self.fake.state.reply(self.channel, root, text, **more)

    # What is stored and was asked

    def entries(self) -> dict[str, Any]:
        with self.store() as store:
            return {entry.id: entry for entry in store.snapshot()}

    def items(self) -> dict[str, str]:
        return {item_id: entry.content for item_id, entry in self.entries().items()}

    def texts(self) -> list[str]:
        """The contents, the oldest thread first."""
        return [content for _, content in sorted(self.items().items())]

    def cursor(self, channel: str = "") -> Any:
        with self.store() as store:
            row = store.streams("slack")[f"{self.fake.state.team_id}/{channel or self.channel}"]
        return row.open_pass.cursor if row.open_pass else row.cursor

    def id_of(self, ts: str, channel: str = "") -> str:
        return f"{self.fake.state.team_id}/{channel or self.channel}/{ts}"

    def calls(self) -> dict[str, int]:
        """How often each method was asked for."""
        return dict(Counter(path.removeprefix("/api/") for path in self.fake.paths()))

    def asked(self, method: str) -> list[dict[str, str]]:
        return [dict(each.query) for each in self.fake.asked if each.path.endswith(method)]

    def fetch(self, *refs: str) -> list[Any]:
        connector = self.connector()
        connector.open()
        try:
            with self.store() as store:
                stream = Stream(f"{self.fake.state.team_id}/{self.channel}")
                return list(connector.fetch(stream, refs, store.known("slack", stream.name)))
        finally:
            connector.close()


@contextmanager
def opened_desk(folder: Path) -> Iterator[SlackDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeSlack()) as fake, patient(fake) as time:
        yield SlackDesk(folder, fake, time)


def problem(result: SyncResult) -> tuple[Status, str, str]:
    """What went wrong, where one thing did."""
    (found,) = result.stream_errors
    return result.status, found.message, found.hint
