"""Plain requests to the fake of Notion: no connector stands between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ..fakes.notion import TOKEN, VERSION, FakeNotion
from ..fakes.notion_space import Space
from ..fakes.web import running

Raw = dict[str, Any]


class Calls:
    """Requests as an integration sends them."""

    def __init__(self, fake: FakeNotion, client: httpx.Client) -> None:
        self.fake = fake
        self.space = fake.space
        self.client = client
        self.headers = {"Authorization": f"Bearer {TOKEN}", "Notion-Version": VERSION}

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.client.request(method, f"{self.fake.url}/v1/{path}", **{"headers": self.headers, **more})

    def get(self, path: str, **query: Any) -> Raw:
        return self._good(self.send("GET", path, params=query))

    def post(self, path: str, **body: Any) -> Raw:
        return self._good(self.send("POST", path, json=body))

    def query(self, source_id: str, **body: Any) -> Raw:
        return self.post(f"data_sources/{source_id}/query", **body)

    def rows(self, source_id: str, **body: Any) -> list[str]:
        """The ids that one page of a query gives."""
        return [each["id"] for each in self.query(source_id, **body)["results"]]

    def found(self, **body: Any) -> list[str]:
        return [each["id"] for each in self.post("search", **body)["results"]]

    def text(self, page_id: str) -> str:
        """A page in Markdown, without the line break at its end."""
        return str(self.get(f"pages/{page_id}/markdown")["markdown"]).removesuffix("\n")

    def every(self, path: str, **body: Any) -> list[Raw]:
        """All pages of a list."""
        pages = [self.post(path, **body)]
        while pages[-1]["has_more"]:
            pages.append(self.post(path, **body, start_cursor=pages[-1]["next_cursor"]))
        return pages

    def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.send(method, path, **more)
        body = answer.json()
        assert body["object"] == "error"
        assert body["status"] == answer.status_code
        return answer.status_code, body["code"]

    def _good(self, answer: httpx.Response) -> Raw:
        assert answer.status_code == 200, answer.text
        body: Raw = answer.json()
        return body


def five_rows(calls: Calls, source_id: str) -> list[str]:
    """One a minute, from 09:01."""
    made = []
    for number in range(5):
        calls.fake.tick(60)
        made.append(calls.space.create_row(source_id, f"row {number}"))
    return made


def by(timestamp: str, direction: str = "ascending") -> list[Raw]:
    """Sorted by that."""
    return [{"timestamp": timestamp, "direction": direction}]


def since(moment: str, timestamp: str = "last_edited_time", way: str = "on_or_after") -> Raw:
    """A filter by a time of the first day."""
    return {"timestamp": timestamp, timestamp: {way: f"2026-11-02T{moment}.000Z"}}


@pytest.fixture
def notion() -> Iterator[Calls]:
    """Who asks."""
    with running(FakeNotion()) as fake, httpx.Client() as client:
        yield Calls(fake, client)


@pytest.fixture
def space(notion: Calls) -> Space:
    """What tests edit."""
    return notion.space


@pytest.fixture
def top(space: Space) -> str:
    """A page that is shared."""
    page = space.create_page(None, "Top")
    space.share(page)
    return page


@pytest.fixture
def tasks(space: Space, top: str) -> str:
    """The data source of a database in it."""
    return space.source_of(space.create_database(top, "Tasks"))
