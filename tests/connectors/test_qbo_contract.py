"""`qbo` keeps the contract: for what the feed of changes tells of, page by page, and for what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest

from aragora_sync.connectors.qbo import QuickBooksConnector
from aragora_sync.testing import ConnectorContract

from ..fakes.qbo import REALM, FakeQuickBooks
from ..fakes.web import running
from ..net.clock import patient
from ..net.pool import fill
from .qbo_desk import home_of, usual
from .qbo_world import BooksWorld


class QuickBooksContract(ConnectorContract):
    connector = QuickBooksConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    kind: ClassVar[str] = "Invoice"
    entities: ClassVar[list[str]] = ["Invoice"]
    page: ClassVar[int] = 1000

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        small = mock.patch("aragora_sync.connectors.qbo.company.PAGE_SIZE", cls.page)
        home = tmp_path_factory.mktemp("home")
        with running(FakeQuickBooks()) as cls.fake, patient(cls.fake), home_of(home, cls.fake), small:
            yield

    def make_world(self, folder: Path) -> BooksWorld:
        return BooksWorld(self.fake, self.kind)

    def make(self, world: BooksWorld, **options: object) -> QuickBooksConnector:
        return QuickBooksConnector(**{**usual(self.fake, world.tokens), "entities": self.entities, **options})

    def opened(self) -> QuickBooksConnector:
        connector = super().opened()
        assert isinstance(connector, QuickBooksConnector)
        fill(connector.company._http, 2, f"v3/company/{REALM}/preferences")
        return connector


class TestQuickBooksByFeed(QuickBooksContract):
    pass


class TestQuickBooksPageByPage(QuickBooksContract):
    page: ClassVar[int] = 3
    entities: ClassVar[list[str]] = ["Customer", "Invoice"]


class TestQuickBooksByQuery(QuickBooksContract):
    kind: ClassVar[str] = "TimeActivity"
    entities: ClassVar[list[str]] = ["TimeActivity"]
    page: ClassVar[int] = 3
