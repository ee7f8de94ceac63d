"""The fake QuickBooks, a store, and the connector between them."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.qbo import QuickBooksConnector
from aragora_sync.connectors.qbo.entities import USUAL
from aragora_sync.connectors.qbo.login import REALM as REALM_MEMBER

from ..fakes.qbo import REALM, FakeQuickBooks
from ..fakes.web import running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, changes, problem

__all__ = ["ENTITIES", "FEED", "PREFERENCES", "QUERY", "QuickBooksDesk", "changes", "opened_desk", "problem", "usual"]

QUERY, FEED, PREFERENCES = "query", "cdc", "preferences"
ENTITIES = len(USUAL)  # that are read by default
CLOCKS = ("aragora_sync.auth.refreshing.utc_now", "aragora_sync.connectors.qbo.login.utc_now")


class QuickBooksDesk(ServiceDesk):
    """One company; somebody has logged in to it."""

    make = QuickBooksConnector

    def __init__(self, folder: Path, fake: FakeQuickBooks, time: PatientClock) -> None:
        super().__init__(folder)
        self.home = folder / "home"
        self.fake, self.time = fake, time
        self.begin_anew()

    def begin_anew(self) -> None:
        """Books of one's own, with nothing in them, and a login that is known to nobody else."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.fake.begin_anew()
        self.books = self.fake.books
        self.tokens = self.fake.login.connect(app=self.fake.app)
        self.options = {}

    def usual(self) -> Mapping[str, Any]:
        return usual(self.fake, self.tokens)

    def without_tokens(self) -> dict[str, str]:
        """The credentials of the application alone."""
        return {"QBO_CLIENT_ID": self.fake.app.client_id, "QBO_CLIENT_SECRET": self.fake.app.secret}

    def log_in(self, realm_id: str = REALM) -> None:
        """Somebody did so, and chose this company; what the login gave is kept."""
        told = self.fake.login.connect(realm_id, self.fake.app)
        ends = self.fake.now + timedelta(hours=1)
        tokens = Tokens(str(told["access_token"]), str(told["refresh_token"]), ends, told={REALM_MEMBER: realm_id})
        with self.asking() as made:
            made.tokens.begin(tokens)

    @contextmanager
    def asking(self) -> Iterator[QuickBooksConnector]:
        """A connector that a program asks."""
        self.fake.asked.clear()
        with closing(self.connector()) as made:
            yield made

    def row(self, item_id: str) -> Mapping[str, Any]:
        """The metadata that is stored of an item."""
        return self.rows()[item_id]

    def rows(self) -> dict[str, Mapping[str, Any]]:
        """The metadata of all items."""
        return {item_id: json.loads(entry.metadata) for item_id, entry in self.entries().items()}

    def counted(self) -> dict[str, int]:
        """How often each part of the API was asked for."""
        return self.calls(f"/v3/company/{REALM}/")

    def asked_for(self) -> Counter[str]:
        """How many queries each entity needed."""
        return Counter(each["query"].split()[3] for each in self.asked("/query"))

    def later(self, **passed: float) -> None:
        """Time passes at the company and here."""
        seconds = timedelta(**passed).total_seconds()
        self.fake.tick(seconds)
        self.hours += seconds / 3600

    def trail(self) -> list[dict[str, Any]]:
        """The lines of the audit trail."""
        path = self.home / ".aragora" / "audit" / "default.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def assert_equal(self) -> None:
        """The store holds what the company holds, each thing once, to the cent."""
        for entity in USUAL:
            self.assert_equal_of(entity.name)

    def assert_equal_of(self, kind: str) -> None:
        """So it is with things of this kind."""
        rows = self.rows()
        stored = {item_id: self._seen(row) for item_id, row in rows.items() if item_id.startswith(f"{kind}/")}

        assert stored == {f"{kind}/{row['Id']}": self._seen(row) for row in self.books.rows(kind)}

    @staticmethod
    def _seen(row: Mapping[str, Any]) -> tuple[Any, ...]:
        names = ("DisplayName", "Name", "PrivateNote", "Active", "TxnDate", "DueDate", "DocNumber")
        money = ("TotalAmt", "Balance", "CurrentBalance", "UnappliedAmt")
        amounts = [None if row.get(name) is None else Decimal(row[name]) for name in money]
        return (*(row.get(name) for name in names), *amounts)


def usual(fake: FakeQuickBooks, tokens: Mapping[str, Any]) -> dict[str, Any]:
    """Options that lead to the fake, with the tokens of a login made elsewhere."""
    return {
        "base_url": fake.url,
        "auth_url": f"{fake.url}/connect/oauth2",
        "token_url": f"{fake.url}/oauth2/v1/tokens/bearer",
        "revoke_url": f"{fake.url}/v2/oauth2/tokens/revoke",
        "environment": fake.environment,
        "realm_id": tokens[REALM_MEMBER],
        "token_file": True,
        "credentials": {
            "QBO_CLIENT_ID": fake.app.client_id,
            "QBO_CLIENT_SECRET": fake.app.secret,
            "QBO_ACCESS_TOKEN": tokens["access_token"],
            "QBO_REFRESH_TOKEN": tokens["refresh_token"],
        },
    }


@contextmanager
def home_of(folder: Path, fake: FakeQuickBooks) -> Iterator[None]:
    """A home of its own, in which the company's clock goes."""
    home = mock.patch.dict(os.environ, {"HOME": str(folder)})
    with home, mock.patch(CLOCKS[0], lambda: fake.now), mock.patch(CLOCKS[1], lambda: fake.now):
        yield


@contextmanager
def opened_desk(folder: Path) -> Iterator[QuickBooksDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeQuickBooks()) as fake, patient(fake) as time, home_of(folder / "home", fake):
        yield QuickBooksDesk(folder, fake, time)
