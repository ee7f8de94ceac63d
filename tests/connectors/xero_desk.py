"""The fake Xero, a store, and the connector between them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from aragora_sync.audit import audit_path
from aragora_sync.connectors.xero import XeroConnector
from aragora_sync.core.clock import utc_now

from ..fakes.web import running
from ..fakes.xero import BASE, FakeXero
from ..fakes.xero_apps import PKCE
from ..fakes.xero_scopes import READING, WRITING
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, changes, problem

__all__ = ["BASE", "XeroDesk", "changes", "opened_desk", "problem"]

LONG = timedelta(days=3650)


class XeroDesk(ServiceDesk):
    """An organisation with a chart of accounts and one contact, `acme`. HOME is a folder of the desk's own."""

    make = XeroConnector

    def __init__(self, folder: Path, fake: FakeXero, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        self.begin_anew()

    def begin_anew(self) -> None:
        """A server of one's own. Its clock goes with the machine's, so that tokens end when they should."""
        self.fake.now = utc_now().replace(microsecond=0)
        self.fake.begin_anew()
        self.books = self.fake.books
        self.token = self.fake.token_for(*READING, *WRITING)
        self.fake.login.access[self.token].expires_at = self.fake.now + LONG
        self.acme = self.books.add_contact("Acme")

    def usual(self) -> Mapping[str, Any]:
        given = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": self.token}
        return {**self.places(), "xero_tenant_id": self.books.tenant_id, "credentials": given}

    def places(self) -> dict[str, str]:
        url = self.fake.url
        return {
            "base_url": url,
            "auth_url": f"{url}/identity/connect/authorize",
            "token_url": f"{url}/connect/token",
        }

    @contextmanager
    def program(self) -> Iterator[XeroConnector]:
        """The connector, as a program uses it."""
        self.fake.asked.clear()
        made: XeroConnector = self.connector()
        try:
            yield made
        finally:
            made.close()

    # What is done in the books, what is stored and was asked

    def invoice(self, words: str = "Consulting", **more: Any) -> str:
        return self.books.create_invoice(self.acme, (words, 10, "150.00", "200"), **more)

    def later(self, seconds: float = 3600) -> None:
        """Nothing happens for so long, so that nothing counts as recent any more."""
        self.fake.tick(seconds)
        self.time.waited += seconds

    def stream(self, name: str) -> str:
        return f"{self.books.tenant_id}/{name}"

    def cursor(self, name: str = "invoices") -> Any:
        return self.cursor_of(self.stream(name))

    def calls(self, below: str = BASE) -> dict[str, int]:
        """How often each list was asked for."""
        return super().calls(below)

    def since(self, path: str = "Invoices") -> list[str]:
        """The If-Modified-Since of the requests for a list; empty where there was none."""
        return [each.headers.get("if-modified-since", "") for each in self.fake.asked if each.path == f"{BASE}{path}"]

    def trail(self) -> list[dict[str, Any]]:
        path = audit_path("default")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def opened_desk(folder: Path) -> Iterator[XeroDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    home = {"HOME": str(folder / "home")}
    with mock.patch.dict(os.environ, home), running(FakeXero()) as fake, patient(fake) as time:
        yield XeroDesk(folder, fake, time)
