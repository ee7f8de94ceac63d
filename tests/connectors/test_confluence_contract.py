"""`confluence` keeps the contract: with pages, posts, comments and files, in the cloud and on a Data Center."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aragora_sync.connectors.confluence import ConfluenceConnector
from aragora_sync.connectors.confluence.contents import WIDTH
from aragora_sync.testing import ConnectorContract

from ..fakes.confluence import FakeConfluence, FakeDataCenter
from ..fakes.web import running
from ..net.clock import patient
from ..net.pool import fill
from .confluence_desk import options_for
from .confluence_world import ConfluenceWorld

PAGE = 3  # so that every list has several


class ConfluenceContract(ConnectorContract):
    connector = ConfluenceConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_pages.py
    service: ClassVar[type[FakeConfluence]] = FakeConfluence
    world_options: ClassVar[dict[str, Any]] = {}
    page = PAGE

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with running(cls.service()) as cls.fake, patient(cls.fake):
            yield

    def make_world(self, folder: Path) -> ConfluenceWorld:
        world = ConfluenceWorld(self.fake, **self.world_options)
        self.fake.quirks.short_pages = self.page
        return world

    def make(self, world: ConfluenceWorld, **options: object) -> ConfluenceConnector:
        return ConfluenceConnector(**{"connector_id": "confluence", **options_for(self.fake), **options})

    def opened(self) -> ConfluenceConnector:
        """With every connection that a reading may have in use."""
        connector = super().opened()
        assert isinstance(connector, ConfluenceConnector)
        fill(connector._site.api._http, 2 * WIDTH, "none")
        return connector


class TestPagesWithComments(ConfluenceContract):
    world_options: ClassVar[dict[str, Any]] = {"comments": True}


class TestPostsInOnePage(ConfluenceContract):
    world_options: ClassVar[dict[str, Any]] = {"kind": "blogpost"}
    page = 0


class TestFiles(ConfluenceContract):
    world_options: ClassVar[dict[str, Any]] = {"kind": "attachment"}


class TestPagesWithCommentsOfADataCenter(ConfluenceContract):
    service = FakeDataCenter
    world_options: ClassVar[dict[str, Any]] = {"comments": True}


class TestFilesOfADataCenter(ConfluenceContract):
    service = FakeDataCenter
    world_options: ClassVar[dict[str, Any]] = {"kind": "attachment"}
