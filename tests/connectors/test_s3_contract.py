"""`s3` keeps the contract: on moto, which nobody here wrote, and on the suite's own fake, which moto vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.connectors.s3 import S3Connector
from aragora_sync.testing import ConnectorContract

from ..fakes.s3 import FakeS3, running
from ..fakes.s3_shelves import Shelf
from .buckets import KEYS, plain_client


class MotoBucket:
    """A bucket of its own on moto, as the suite edits it."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.client = plain_client(url)
        self.client.create_bucket(Bucket=name)

    def add(self, name: str, text: str) -> str:
        self.edit(f"{name}.md", text)
        return f"{name}.md"

    def edit(self, item_id: str, text: str) -> None:
        self.client.put_object(Bucket=self.name, Key=item_id, Body=text.encode())

    def remove(self, item_id: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=item_id)


class FakeBucket:
    """A bucket of the fake, as the suite edits it."""

    def __init__(self, fake: FakeS3) -> None:
        self.fake, self.url, self.name = fake, fake.url, fake.bucket

    def add(self, name: str, text: str) -> str:
        self.fake.put(f"{name}.md", text)
        return f"{name}.md"

    def edit(self, item_id: str, text: str) -> None:
        self.fake.put(item_id, text)

    def remove(self, item_id: str) -> None:
        self.fake.delete(item_id)

    def fail(self, item_id: str) -> None:
        self.fake.shelf.get(item_id).failing = True

    def mend(self, item_id: str) -> None:
        self.fake.shelf.get(item_id).failing = False


class S3Contract(ConnectorContract):
    connector = S3Connector

    def make(self, world, **options: object) -> S3Connector:
        return S3Connector(bucket=world.name, endpoint_url=world.url, credentials=KEYS, **options)


class TestS3OnMoto(S3Contract):
    number = 0
    test_an_unreadable_thing_is_said_and_the_rest_goes_on = None  # moto refuses no object; the fake does

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls, moto: str) -> None:
        cls.url = moto

    def make_world(self, folder: Path) -> MotoBucket:
        type(self).number += 1
        return MotoBucket(self.url, f"contract-{self.number}")


class TestS3OnTheFake(S3Contract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with running() as cls.fake:
            yield

    test_a_generator_that_is_closed_early_leaves_nothing_open = None  # the fake's own sockets are in this process

    def make_world(self, folder: Path) -> FakeBucket:
        self.fake.shelf = Shelf()
        return FakeBucket(self.fake)
