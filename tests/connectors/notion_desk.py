"""The fake workspace, a store, and the connector between them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aragora_sync.connectors.notion import NotionConnector
from aragora_sync.store.base import PassKind

from ..fakes.notion import TOKEN, FakeNotion
from ..fakes.web import Answer, Asked, running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, problem

__all__ = ["MARKDOWN", "QUERY", "SEARCH", "NotionDesk", "opened_desk", "problem", "rewritten"]

QUERY, SEARCH, MARKDOWN = "/query", "/v1/search", "/markdown"


class NotionDesk(ServiceDesk):
    """One workspace with a page `Home` and in it a database `Tasks`; each run counts its requests anew.

    By default the rows of `Tasks` are synced.
    """

    make = NotionConnector
    FULL = PassKind.FULL

    def __init__(self, folder: Path, fake: FakeNotion, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        fake.begin_anew()
        self.space = fake.space
        self.home = self.space.create_page(None, "Home", "welcome")
        self.database = self.space.create_database(self.home, "Tasks")
        self.source = self.space.source_of(self.database)
        self.space.share(self.home)
        self.options = {"databases": [self.database]}
        fake.tick(600)

    def usual(self) -> Mapping[str, Any]:
        return {"base_url": self.fake.url, "credentials": {"NOTION_TOKEN": TOKEN}}

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

    def titles(self) -> list[str]:
        return sorted(entry.title for entry in self.entries().values())

    def cursor(self, stream: str = "") -> Any:
        return self.cursor_of(stream or f"data_source/{self.source}")

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
        return super().fetch(stream or f"data_source/{self.source}", *refs)


@contextmanager
def opened_desk(folder: Path) -> Iterator[NotionDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeNotion()) as fake, patient(fake) as time:
        yield NotionDesk(folder, fake, time)


def rewritten(desk: NotionDesk, change: Callable[[dict[str, Any]], None]) -> Callable[[Asked], Answer]:
    """What the fake answers, changed a little."""

    def answer(asked: Asked) -> Answer:
        honest = desk.fake.answer(asked)
        body = json.loads(json.dumps(honest.body))
        change(body)
        return Answer(honest.status, body, honest.headers)

    return answer
