"""Plain requests to the fake of QuickBooks, as anybody could send them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..fakes.qbo import REALM, FakeQuickBooks
from ..fakes.qbo_json import read, written
from ..fakes.web import running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONG_AGO = "2026-10-20T00:00:00Z"  # thirteen days before the fake's own time


class Client:
    """With the access token of one login; `get` gives the answer, the others what is in it, with exact numbers."""

    def __init__(self, fake: FakeQuickBooks) -> None:
        self.fake = fake
        self.tokens: dict[str, Any] = dict(fake.login.connect(app=fake.app))
        self.realm = REALM
        self.accept = "application/json"
        self._http = httpx.Client(trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    # Of the company

    def get(self, path: str, /, **query: Any) -> httpx.Response:
        return self._ask("GET", path, query)

    def read(self, path: str, /, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return read(answer.content)

    def query(self, text: str) -> Any:
        return self.read("/query", query=text)["QueryResponse"]

    def rows(self, text: str) -> list[Any]:
        """The things that a query finds, of whatever kind."""
        found = [value for value in self.query(text).values() if isinstance(value, list)]
        return list(found[0]) if found else []

    def ids(self, text: str) -> list[str]:
        return [row["Id"] for row in self.rows(text)]

    def changes(self, *kinds: str, since: str = LONG_AGO) -> dict[str, list[Any]]:
        """What change data capture tells, by kind."""
        (told,) = self.read("/cdc", entities=",".join(kinds), changedSince=since)["CDCResponse"]
        return {kind: element.get(kind, []) for kind, element in zip(kinds, told["QueryResponse"], strict=True)}

    def post(self, path: str, body: Any, /, **query: Any) -> httpx.Response:
        return self._ask("POST", path, query, content=written(body), headers={"Content-Type": "application/json"})

    def write(self, path: str, body: Any, /, **query: Any) -> Any:
        answer = self.post(path, body, **query)
        assert answer.status_code == 200, answer.text
        return next(value for name, value in read(answer.content).items() if name != "time")

    def refused(self, path: str, body: Any = None, /, **query: Any) -> tuple[int, str, str]:
        """Status, code and message of a fault of the service."""
        answer = self.get(path, **query) if body is None else self.post(path, body, **query)
        (error,) = answer.json()["Fault"]["Error"]
        return answer.status_code, error["code"], error["Message"]

    def send(self, path: str, content: bytes, kind: str) -> httpx.Response:
        return self._ask("POST", path, {}, content=content, headers={"Content-Type": kind})

    def _ask(self, method: str, path: str, query: Any, headers: Any = None, **more: Any) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.tokens['access_token']}", "Accept": self.accept, **(headers or {})}
        url = f"{self.fake.url}/v3/company/{self.realm}{path}"
        return self._http.request(method, url, params=query or None, headers=sent, **more)

    # Of the login

    def browse(self, **query: str) -> httpx.Response:
        """What a browser sees that is sent to the page of consent."""
        return self._http.get(f"{self.fake.url}/connect/oauth2", params=query)

    def token(self, secret: str = "", headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        app = self.fake.app
        return self._http.post(
            f"{self.fake.url}/oauth2/v1/tokens/bearer",
            data=form,
            auth=(app.client_id, secret or app.secret),
            headers={"Accept": "application/json", **(headers or {})},
        )

    def refresh(self, value: str = "", **more: Any) -> httpx.Response:
        value = value or self.tokens["refresh_token"]
        return self.token(grant_type="refresh_token", refresh_token=value, **more)

    def renew(self) -> Any:
        """New tokens, kept."""
        answer = self.refresh()
        assert answer.status_code == 200, answer.text
        before, self.tokens = self.tokens, {**self.tokens, **answer.json()}
        return before

    def revoke(self, value: str) -> httpx.Response:
        app = self.fake.app
        url = f"{self.fake.url}/v2/oauth2/tokens/revoke"
        return self._http.post(url, json={"token": value}, auth=(app.client_id, app.secret))


@contextmanager
def opened(fake: FakeQuickBooks | None = None) -> Iterator[Client]:
    """A client of this service, or of one that begins and ends with it."""
    if fake is None:
        with running(FakeQuickBooks()) as made, opened(made) as client:
            yield client
        return
    client = Client(fake)
    try:
        yield client
    finally:
        client.close()
