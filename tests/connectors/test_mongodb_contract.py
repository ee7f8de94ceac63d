"""`mongodb` keeps the contract, on a real server: with change streams, by timestamp, and where nothing tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from aragora_sync.connectors.mongodb import MongoDBConnector
from aragora_sync.testing import ConnectorContract

from ..servers.mongo import Mongo, Place
from .collections_desk import Collections, in_pieces, number


class Documents:
    """A collection, as the suite edits it."""

    def __init__(self, desk: Collections) -> None:
        self.desk = desk
        self.count = 0

    def add(self, name: str, text: str) -> str:
        self.count += 1
        self.desk.documents.insert_one({"_id": self.count, "title": name, "body": text, "updatedAt": _now()})
        return number(self.count)

    def edit(self, item_id: str, text: str) -> None:
        changed = {"$set": {"body": text, "updatedAt": _now()}}
        self.desk.documents.update_one({"_id": int(item_id.split(":")[1])}, changed)

    def remove(self, item_id: str) -> None:
        self.desk.documents.delete_one({"_id": int(item_id.split(":")[1])})


def _now() -> datetime:
    return datetime.now(UTC)


class OnServer(ConnectorContract):
    connector = MongoDBConnector
    test_an_unreadable_thing_is_said_and_the_rest_goes_on = None  # this server takes no damaged document
    server: Mongo
    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def in_small_pieces(cls) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            in_pieces(patch, batch=3, chunk=5, vouched=2)
            patch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 1)
            yield

    def make_world(self, folder: Path) -> Documents:
        return Documents(Collections(folder, Place(self.server)))

    def make(self, world: Documents, **options: object) -> MongoDBConnector:
        return world.desk.connector(**{**self.options, **options})

    def teardown_method(self) -> None:
        super().teardown_method()
        self.world.desk.place.drop()


class TestWithChangeStreams(OnServer):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def at_server(cls, mongo: Mongo) -> None:
        cls.server = mongo


@pytest.mark.soak
class TestByTimestamp(OnServer):
    can_be_watched = False
    options: ClassVar[dict[str, Any]] = {"timestamp_field": "updatedAt"}

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def at_server(cls, lone_mongo: Mongo) -> None:
        cls.server = lone_mongo


@pytest.mark.soak
class TestWhereNothingTells(OnServer):
    can_be_watched = False

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def at_server(cls, lone_mongo: Mongo) -> None:
        cls.server = lone_mongo
