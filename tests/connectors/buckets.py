"""A bucket that is synced, as the tests of `s3` use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from aragora_sync.connectors.s3 import S3Connector
from aragora_sync.core.source import Stream
from aragora_sync.store.sqlite import SqliteStore

from ..fakes.s3 import FakeS3
from .shelf import Nothing

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}


class Desk:
    """The fake bucket, a store, and the connector between them."""

    def __init__(self, folder: Path, fake: FakeS3) -> None:
        self.folder = folder
        self.fake = fake
        self.options: dict[str, Any] = {}

    def connector(self) -> S3Connector:
        where = {"store": self.folder / "store", "state_dir": self.folder / "state"}
        usual = {"endpoint_url": self.fake.url, "credentials": KEYS, "max_retries": 0, "retry_delay": 0}
        return S3Connector(**{"bucket": self.fake.bucket, "connector_id": "bucket", **usual, **where, **self.options})

    def sync(self, **asked: Any):
        """One run, with counts of requests that begin anew."""
        self.fake.forget()
        return self.connector().sync(**asked)

    def items(self) -> dict[str, str]:
        return {entry.id: entry.content for entry in self._live()}

    def entry(self, item_id: str) -> Any:
        return next(entry for entry in self._live() if entry.id == item_id)

    def unread(self) -> dict[str, str]:
        """What has no text, and why."""
        store = SqliteStore(self.folder / "store" / "default.db")
        try:
            with store._readers.reading() as db:
                return dict(db.execute("SELECT id, reason FROM unread").fetchall())
        finally:
            store.close()

    def _live(self) -> list[Any]:
        store = SqliteStore(self.folder / "store" / "default.db")
        try:
            return list(store.snapshot())
        finally:
            store.close()

    def said(self) -> list[Any]:
        """What one read says, with nothing known."""
        connector = self.connector()
        connector.open()
        return list(connector.read(Stream("objects"), None, Nothing()))

    def named(self, item_id: str) -> Any:
        return next(change for change in self.said() if getattr(change, "id", None) == item_id)

    def fetch(self, *refs: str) -> list[Any]:
        connector = self.connector()
        connector.open()
        return list(connector.fetch(Stream("objects"), refs, Nothing()))


def plain_client(url: str, **options: Any) -> Any:
    """A client that has nothing to do with the connector."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test-secret",
        config=Config(request_checksum_calculation="when_required", retries={"total_max_attempts": 1}, **options),
    )


def objects_of(client: Any, bucket: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])
