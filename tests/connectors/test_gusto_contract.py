"""`gusto` keeps the contract: with employees, and with payrolls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.gusto import GustoConnector, api
from aragora_sync.testing import ConnectorContract

from ..net.pool import fill
from .gusto_desk import GustoDesk, opened_desk
from .gusto_world import GustoPayrollWorld, GustoWorld


class GustoContract(ConnectorContract):
    connector = GustoConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    kind: ClassVar[str]
    world_class: ClassVar[type[GustoWorld]] = GustoWorld
    desk: ClassVar[GustoDesk]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with opened_desk(tmp_path_factory.mktemp("gusto")) as cls.desk:
            yield

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api, "PAGE", 3)  # so that a list has several

    def make_world(self, folder: Path) -> GustoWorld:
        return self.world_class(self.desk, self.kind)

    def make(self, world: GustoWorld, **options: object) -> GustoConnector:
        usual = {"connector_id": "gusto", "history_from": "2025-06-01", **self.desk.usual()}
        return GustoConnector(**{**usual, **options})

    def opened(self) -> GustoConnector:
        """With the connections that a reading may have in use."""
        connector = super().opened()
        assert isinstance(connector, GustoConnector)
        fill(connector.api.http, 4, "v1/token_info")
        return connector


class TestGustoWithEmployees(GustoContract):
    kind = "employees"
    test_an_unreadable_thing_is_said_and_the_rest_goes_on = None  # one list tells of all employees


class TestGustoWithPayrolls(GustoContract):
    kind = "payrolls"
    world_class = GustoPayrollWorld
