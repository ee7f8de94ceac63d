"""`plaid` keeps the contract: with transactions and with accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.plaid import PlaidConnector, api
from aragora_sync.testing import ConnectorContract

from ..net.pool import fill
from .plaid_desk import PlaidDesk, opened_desk
from .plaid_world import PlaidWorld


class PlaidContract(ConnectorContract):
    connector = PlaidConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    kind: ClassVar[str]
    desk: ClassVar[PlaidDesk]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with opened_desk(tmp_path_factory.mktemp("plaid")) as cls.desk:
            yield

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api, "PAGE", 3)  # so that an update has several

    def make_world(self, folder: Path) -> PlaidWorld:
        self.desk.begin_anew()
        return PlaidWorld(self.desk, self.kind)

    def make(self, world: PlaidWorld, **options: object) -> PlaidConnector:
        return PlaidConnector(**{**self.desk.usual(), "connector_id": "plaid", **options})

    def opened(self) -> PlaidConnector:
        """With the one connection that a reading has in use."""
        connector = super().opened()
        assert isinstance(connector, PlaidConnector)
        fill(connector.api, 1, "item/get")
        return connector


class TestPlaidWithTransactions(PlaidContract):
    kind = "transactions"


class TestPlaidWithAccounts(PlaidContract):
    kind = "accounts"
