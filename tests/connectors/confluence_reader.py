"""Plain requests to the fake Confluence: nothing is followed, repeated or hidden."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from ..fakes.confluence import EMAIL, PAT, SCOPED_TOKEN, TOKEN, FakeConfluence
from ..fakes.web import FakeService

V2, V1, DC = "/wiki/api/v2", "/wiki/rest/api", "/rest/api"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def rows(self) -> list[Any]:
        return list(self.json["results"])

    @property
    def ids(self) -> list[str]:
        return [raw["id"] for raw in self.rows]

    @property
    def next(self) -> str:
        """Where the next page is, as it is written there; "" at the end."""
        return str(self.json["_links"].get("next", ""))


class Reader:
    """One client. `login` is its Authorization header."""

    def __init__(self, fake: FakeService, login: str) -> None:
        self.fake, self.login = fake, login

    def get(self, path: str, **query: Any) -> Reply:
        """`_` in names of parameters stands for `-`; lists are given as several."""
        pairs = {name.replace("_", "-"): value for name, value in query.items()}
        return self.ask("GET", f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path)

    def ask(self, method: str, target: str, body: Any = None) -> Reply:
        parts = urlsplit(target if target.startswith("http") else self.fake.url + target)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        headers = {"Authorization": self.login} if self.login else {}
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, f"{parts.path}?{parts.query}", content, headers)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def search(self, cql: str, base: str = V1, **more: Any) -> Reply:
        return self.get(f"{base}/content/search", cql=cql, **more)

    def pages(self, path: str, **query: Any) -> Iterator[Reply]:
        """A list to its end, as `next` says. Of v1 `next` begins behind the context."""
        reply = self.get(path, **query)
        context = path.partition("/rest/")[0] if "/rest/" in path else ""
        yield reply
        while reply.next:
            reply = self.get(context + reply.next)
            yield reply

    def all_ids(self, path: str, **query: Any) -> list[str]:
        return [each for page in self.pages(path, **query) for each in page.ids]


def basic(name: str = EMAIL, secret: str = TOKEN) -> str:
    return f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"


def reader_of(fake: FakeConfluence, *, scoped: bool = False) -> Reader:
    if fake.data_center:
        return Reader(fake, f"Bearer {PAT}")
    return Reader(fake, basic(EMAIL, SCOPED_TOKEN if scoped else TOKEN))


def some_pages(fake: FakeConfluence, space: str, count: int) -> list[str]:
    return [fake.site.create(space, f"Page {number}", f"<p>{number}</p>") for number in range(count)]
