"""The fake workspace, a store, and the connector between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aragora_sync.connectors.slack import SlackConnector

from ..fakes.slack import BOT, FakeSlack
from ..fakes.web import running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, problem

__all__ = ["HISTORY", "REPLIES", "SlackDesk", "opened_desk", "problem"]

HISTORY, REPLIES = "conversations.history", "conversations.replies"


class SlackDesk(ServiceDesk):
    """One workspace with a channel `general`."""

    make = SlackConnector

    def __init__(self, folder: Path, fake: FakeSlack, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        fake.begin_anew()
        self.channel = fake.state.create_channel("general")

    def usual(self) -> Mapping[str, Any]:
        return {"base_url": f"{self.fake.url}/api", "credentials": {"SLACK_BOT_TOKEN": BOT}}

    # What people do in the channel

    def post(self, text: str, days: float = 0, **more: Any) -> str:
        """A message, now or so many days ago."""
        ts = self.fake.state.ago(days) if days else ""
        return self.fake.state.post(self.channel, text, ts=ts, **more)

    def reply(self, root: str, text: str, **more: Any) -> str:
        return self.fake.state.reply(self.channel, root, text, **more)

    # What is stored and was asked

    def texts(self) -> list[str]:
        """The contents, the oldest thread first."""
        return [content for _, content in sorted(self.items().items())]

    def cursor(self, channel: str = "") -> Any:
        return self.cursor_of(f"{self.fake.state.team_id}/{channel or self.channel}")

    def id_of(self, ts: str, channel: str = "") -> str:
        return f"{self.fake.state.team_id}/{channel or self.channel}/{ts}"

    def calls(self, below: str = "/api/") -> dict[str, int]:
        """How often each method was asked for."""
        return super().calls(below)

    def fetch_threads(self, *refs: str) -> list[Any]:
        return self.fetch(f"{self.fake.state.team_id}/{self.channel}", *refs)


@contextmanager
def opened_desk(folder: Path) -> Iterator[SlackDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeSlack()) as fake, patient(fake) as time:
        yield SlackDesk(folder, fake, time)
