"""`xero` keeps the contract: with records of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.xero import XeroConnector, ledger
from aragora_sync.testing import ConnectorContract

from ..fakes.xero import BASE
from ..net.pool import fill
from .xero_desk import XeroDesk, opened_desk
from .xero_world import STREAMS, XeroWorld


class XeroContract(ConnectorContract):
    connector = XeroConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    kind: ClassVar[str]
    desk: ClassVar[XeroDesk]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with opened_desk(tmp_path_factory.mktemp("xero")) as cls.desk:
            yield

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ledger, "PAGE", 3)  # so that a list has several

    def make_world(self, folder: Path) -> XeroWorld:
        self.desk.begin_anew()
        return XeroWorld(self.desk.fake, self.kind)

    def make(self, world: XeroWorld, **options: object) -> XeroConnector:
        return XeroConnector(**{**self.desk.usual(), "record_types": [STREAMS[self.kind]], **options})

    def opened(self) -> XeroConnector:
        """With the one connection that a reading has in use."""
        connector = super().opened()
        assert isinstance(connector, XeroConnector)
        fill(connector.ledger.http, 1, f"{BASE}Organisation")
        return connector


class TestXeroWithContacts(XeroContract):
    kind = "Contacts"


class TestXeroWithInvoices(XeroContract):
    kind = "Invoices"


class TestXeroWithCreditNotes(XeroContract):
    kind = "CreditNotes"


class TestXeroWithOverpayments(XeroContract):
    kind = "Overpayments"


class TestXeroWithPayments(XeroContract):
    kind = "Payments"


class TestXeroWithBankTransactions(XeroContract):
    kind = "BankTransactions"


class TestXeroWithAccounts(XeroContract):
    kind = "Accounts"


class TestXeroWithManualJournals(XeroContract):
    kind = "ManualJournals"
