"""`notion` keeps the contract: with rows, with a tree of pages, with all that is shared; as Markdown and by blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.notion import NotionConnector, api
from aragora_sync.connectors.notion.reading import WIDTH
from aragora_sync.testing import ConnectorContract

from ..fakes.notion import TOKEN, FakeNotion
from ..fakes.web import running
from ..net.clock import patient
from ..net.pool import fill
from .notion_world import ROWS, SHARED, TREE, NotionWorld

PAGE = 3  # so that lists have several


class NotionContract(ConnectorContract):
    connector = NotionConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    way: ClassVar[str]
    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with running(FakeNotion()) as cls.fake, patient(cls.fake), pytest.MonkeyPatch.context() as patch:
            patch.setattr(api, "PAGE_SIZE", PAGE)
            yield

    def make_world(self, folder: Path) -> NotionWorld:
        return NotionWorld(self.fake, self.way)

    def make(self, world: NotionWorld, **options: object) -> NotionConnector:
        where = {"base_url": self.fake.url, "credentials": {"NOTION_TOKEN": TOKEN}}
        return NotionConnector(**where, **world.options(), **self.options, **options)

    def opened(self) -> NotionConnector:
        """With every connection that a reading may have in use."""
        connector = super().opened()
        assert isinstance(connector, NotionConnector)
        fill(connector._workspace.api._http, 1 + WIDTH, "v1/users/me")
        return connector


class TestRows(NotionContract):
    way = ROWS


class TestTree(NotionContract):
    way = TREE


class TestAllThatIsShared(NotionContract):
    way = SHARED


class TestRowsByBlocks(NotionContract):
    way = ROWS
    options: ClassVar[dict[str, object]] = {"read_blocks": True}
