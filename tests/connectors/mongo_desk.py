"""The connector on a `FakeMongo`, as the tests of what real servers cannot show use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aragora_sync.connectors.mongodb.keys import key_of

from ..fakes.mongo import FakeMongo, running
from .collections_desk import Collections


class MongoDesk(Collections):
    """A database `app` on a fake server, a store, and the connector between them."""

    def __init__(self, folder: Path, fake: FakeMongo) -> None:
        super().__init__(folder, None)  # type: ignore[arg-type]
        self.fake = fake
        self.options |= {"uri": fake.uri, "database": "app", "max_retries": 3}

    def connector(self, **options: Any) -> Any:
        from aragora_sync.connectors.mongodb import MongoDBConnector

        given = {"store": self.folder / "store", "state_dir": self.folder / "state", "retry_delay": 0}
        return MongoDBConnector(connector_id="collections", **{**given, **self.options, **options})

    def put(self, value: Any, body: Any = "text", name: str = "documents", **more: Any) -> None:
        self.fake.world.put("app", name, {"_id": value, "body": body, **more})

    def put_raw(self, value: Any, raw: bytes, name: str = "documents") -> None:
        self.fake.world.put("app", name, {"_id": value}, raw)

    def delete(self, value: Any, name: str = "documents") -> None:
        self.fake.world.delete("app", name, value)

    def source(self) -> dict[str, str]:
        """What the store must hold."""
        with self.fake.world.lock:
            return {f"{name}/{key_of(each['_id'])}": each["body"] for name, each in self.fake.world.source("app")}


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MongoDesk]:
    """A desk at a fake server that answers at once."""
    monkeypatch.setattr("aragora_sync.connectors.mongodb.feed.WAIT_MILLISECONDS", 2)
    monkeypatch.setattr("aragora_sync.connectors.mongodb.server.SELECT_MILLISECONDS", 15_000)
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)  # seconds between two looks for a primary
    with running(FakeMongo()) as fake:
        yield MongoDesk(tmp_path, fake)
