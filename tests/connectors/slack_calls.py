"""Plain requests to the fake of Slack: no connector stands between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..fakes.slack import BOT, FakeSlack
from ..fakes.web import running

Raw = dict[str, Any]


class SlackCalls:
    """Requests as an app sends them; `channel` is one that it is in."""

    def __init__(self, fake: FakeSlack, client: httpx.Client) -> None:
        self.fake, self.client = fake, client
        self.begin_anew()

    def begin_anew(self) -> None:
        self.fake.begin_anew()
        self.state = self.fake.state
        self.channel = self.state.create_channel("general")

    def send(self, method: str, token: str = BOT, **query: Any) -> httpx.Response:
        """Lists and messages are read by GET; what changes something is a form."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"{self.fake.url}/api/{method}"
        if method in ("conversations.join", "oauth.v2.access"):
            return self.client.post(address, data=query, headers=headers)
        return self.client.get(address, params=query, headers=headers)

    def get(self, method: str, token: str = BOT, **query: Any) -> Raw:
        """What a request that succeeds is answered."""
        body: Raw = self.send(method, token, **query).json()
        assert body["ok"], body
        return body

    def refused(self, method: str, token: str = BOT, **query: Any) -> str:
        """The word with which Slack refuses: with status 200."""
        answer = self.send(method, token, **query)
        body = answer.json()
        assert (answer.status_code, body["ok"]) == (200, False)
        return str(body["error"])

    def pages(self, method: str, **query: Any) -> list[Raw]:
        """All pages, as far as a cursor leads on."""
        pages = [self.get(method, **query)]
        while cursor := pages[-1].get("response_metadata", {}).get("next_cursor"):
            pages.append(self.get(method, **query, cursor=cursor))
        return pages

    def history(self, **query: Any) -> list[str]:
        """The texts of the channel's history, page after page."""
        pages = self.pages("conversations.history", **{"channel": self.channel, **query})
        return [raw["text"] for page in pages for raw in page["messages"]]

    def message(self, ts: str) -> Raw:
        """One message, as the history shows it."""
        found: list[Raw] = self.get("conversations.history", channel=self.channel)["messages"]
        return next(raw for raw in found if raw["ts"] == ts)

    def thread(self, ts: str, **query: Any) -> list[str]:
        """The texts of a thread's first page."""
        return [
            raw["text"] for raw in self.get("conversations.replies", channel=self.channel, ts=ts, **query)["messages"]
        ]


@contextmanager
def opened_slack() -> Iterator[SlackCalls]:
    """An empty workspace with one channel."""
    with running(FakeSlack()) as fake, httpx.Client() as client:
        yield SlackCalls(fake, client)
