"""`slack` keeps the contract: with lone messages and with threads, in public and private channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from aragora_sync.connectors.slack import SlackConnector
from aragora_sync.connectors.slack.reading import WIDTH
from aragora_sync.testing import ConnectorContract

from ..fakes.slack import BOT, FakeSlack
from ..fakes.web import running
from ..net.clock import patient
from ..net.pool import fill
from .slack_world import SlackWorld

PAGE = 3  # so that a channel has several


class SlackContract(ConnectorContract):
    connector = SlackConnector
    test_what_a_webhook_names_is_read = None  # proven in test_webhooks_fit.py
    world_options: ClassVar[dict[str, bool]] = {}
    options: ClassVar[dict[str, object]] = {}
    page = PAGE

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with running(FakeSlack()) as cls.fake, patient(cls.fake):
            yield

    def make_world(self, folder: Path) -> SlackWorld:
        world = SlackWorld(self.fake, **self.world_options)
        self.fake.page_sizes = {"conversations.history": self.page}
        return world

    def make(self, world: SlackWorld, **options: object) -> SlackConnector:
        where = {"base_url": f"{self.fake.url}/api", "credentials": {"SLACK_BOT_TOKEN": BOT}}
        return SlackConnector(**where, **self.options, **options)

    def opened(self) -> SlackConnector:
        """With every connection that a reading may have in use: the history's, and those of threads asked ahead."""
        connector = super().opened()
        assert isinstance(connector, SlackConnector)
        fill(connector._workspace.bot, 1 + WIDTH, "auth.test")
        return connector


class TestSlackWithLoneMessages(SlackContract):
    pass


class TestSlackWithThreads(SlackContract):
    world_options: ClassVar[dict[str, bool]] = {"replies": True}


class TestSlackWithoutThreads(SlackContract):
    world_options: ClassVar[dict[str, bool]] = {"replies": True, "private": True}
    options: ClassVar[dict[str, object]] = {"include_threads": False, "include_files": True}
    page = 1000
