"""Plain requests to the fake of Xero, as anybody could send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from ..fakes.web import running
from ..fakes.xero import BASE, FakeXero
from ..fakes.xero_apps import PKCE, REDIRECT

USUAL = {"page": 1, "pageSize": 1000, "unitdp": 4, "order": "UpdatedDateUTC ASC"}


class Client:
    """With a token, and for one organisation; `get` gives the answer, `rows` what is in it, amounts exact."""

    def __init__(self, fake: FakeXero) -> None:
        self.fake = fake
        self.token = fake.token
        self.tenant = fake.books.tenant_id
        self._http = httpx.Client(trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def headers(self, **more: str) -> dict[str, str]:
        bearer = f"Bearer {self.token}" if self.token else ""
        sent = {"Authorization": bearer, "xero-tenant-id": self.tenant, "Accept": "application/json"}
        return {name: value for name, value in {**sent, **more}.items() if value}

    def get(self, part: str, since: str = "", headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        sent = self.headers(**({"If-Modified-Since": since} if since else {}), **(headers or {}))
        return self._http.get(f"{self.fake.url}{BASE}{part}", params=query, headers=sent)

    def read(self, part: str, since: str = "", **query: Any) -> Any:
        answer = self.get(part, since, **query)
        assert answer.status_code == 200, answer.text
        return exact(answer)

    def rows(self, part: str, since: str = "", **query: Any) -> list[Any]:
        """All of one page, with lines, where nothing else is asked for."""
        found: list[Any] = self.read(part, since, **{**USUAL, **query})[part]
        return found

    def write(self, method: str, part: str, body: Any, key: str = "", **query: Any) -> httpx.Response:
        sent = self.headers(**({"Idempotency-Key": key} if key else {}), **{"Content-Type": "application/json"})
        content = body if isinstance(body, bytes) else json.dumps(body)
        return self._http.request(method, f"{self.fake.url}{BASE}{part}", params=query, content=content, headers=sent)

    def connections(self, **query: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"}
        return self._http.get(f"{self.fake.url}/connections", params=query, headers=sent)

    def disconnect(self, connection: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"}
        return self._http.delete(f"{self.fake.url}/connections/{connection}", headers=sent)

    # Logging in

    def visit(self, **query: str) -> httpx.Response:
        """The page at which a person consents."""
        usual = {"response_type": "code", "client_id": PKCE, "redirect_uri": REDIRECT, "state": "s"}
        return self._http.get(f"{self.fake.url}/identity/connect/authorize", params={**usual, **query})

    def called_back(self, **query: str) -> dict[str, str]:
        """What the callback is told."""
        answer = self.visit(**query)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def token_endpoint(self, auth: tuple[str, str] | None = None, **form: str) -> httpx.Response:
        return self._http.post(f"{self.fake.url}/connect/token", data=form, auth=auth)

    def refresh(self, token: str, client_id: str = PKCE) -> httpx.Response:
        return self.token_endpoint(grant_type="refresh_token", refresh_token=token, client_id=client_id)

    def revoke(self, token: str, client_id: str = PKCE) -> httpx.Response:
        form = {"token": token, "client_id": client_id}
        return self._http.post(f"{self.fake.url}/connect/revocation", data=form)


def exact(answer: httpx.Response) -> Any:
    return json.loads(answer.content, parse_float=Decimal)


@contextmanager
def opened() -> Iterator[Client]:
    """A client of a service that begins and ends with it."""
    with running(FakeXero()) as fake:
        client = Client(fake)
        try:
            yield client
        finally:
            client.close()
