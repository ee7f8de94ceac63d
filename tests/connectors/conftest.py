"""Fixtures of the connectors' tests."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from aragora_sync.connectors.postgresql import catalog

from ..fakes import web
from ..fakes.confluence import FakeConfluence, FakeDataCenter
from ..fakes.s3 import FakeS3, running
from ..servers.mongo import Mongo, Place, forgetful_mongo, lone_mongo, mongo
from ..servers.moto import running_moto
from ..servers.postgres import postgres, schema
from .buckets import Desk
from .collections_desk import Collections
from .confluence_reader import Reader, reader_of
from .mongo_desk import wired
from .notion_calls import notion, space, tasks, top
from .shelf import Shelf
from .tables import DOCUMENTS, Tables

__all__ = ["forgetful_mongo", "lone_mongo", "mongo", "notion", "postgres", "schema", "space", "tasks", "top", "wired"]

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # nothing asks a machine of the network who it is
LONG_AGO = time.time_ns() + 10**13  # a clock so far ahead that no file counts as fresh


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def settled(monkeypatch):
    """Files that were written just now count as written long ago."""
    monkeypatch.setattr("aragora_sync.connectors.filesystem.time.time_ns", lambda: LONG_AGO)


@pytest.fixture
def tables(tmp_path, schema) -> Tables:
    return Tables(tmp_path, schema)


@pytest.fixture
def documents(tables: Tables) -> Tables:
    """One table that is looked through for changes."""
    tables.run(DOCUMENTS)
    return tables


@pytest.fixture
def large(documents: Tables, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """The same, looked up by its timestamp, as large ones are."""
    documents.run("CREATE INDEX ON documents (updated_at)")
    monkeypatch.setattr(catalog, "SCANNED_BYTES", -1)
    return documents


@pytest.fixture
def collections(tmp_path, mongo: Mongo) -> Iterator[Collections]:
    """A database on a server with change streams."""
    place = Place(mongo)
    yield Collections(tmp_path, place)
    place.drop()


@pytest.fixture
def forgetful(tmp_path, forgetful_mongo: Mongo) -> Iterator[Collections]:
    """A database on a server that keeps few changes, and fails when it is told to."""
    place = Place(forgetful_mongo)
    yield Collections(tmp_path, place)
    place.drop()


@pytest.fixture
def lone(tmp_path, lone_mongo: Mongo) -> Iterator[Collections]:
    """A database on a server without them."""
    place = Place(lone_mongo)
    yield Collections(tmp_path, place)
    place.drop()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a real S3 server that nobody here wrote."""
    with running_moto() as server:
        yield server.address


@pytest.fixture
def fake() -> Iterator[FakeS3]:
    """A bucket that shows faults on demand."""
    with running() as bucket:
        yield bucket


@pytest.fixture
def desk(tmp_path, fake) -> Desk:
    return Desk(tmp_path, fake)


@pytest.fixture
def post(desk):
    """Writes in the channel of a desk that has one."""
    return desk.post


@pytest.fixture
def reply(desk):
    """Answers there."""
    return desk.reply


@pytest.fixture
def cloud() -> Iterator[FakeConfluence]:
    """A site of Confluence Cloud."""
    with web.running(FakeConfluence()) as site:
        yield site


@pytest.fixture
def data_center() -> Iterator[FakeDataCenter]:
    """A site of Confluence Data Center."""
    with web.running(FakeDataCenter()) as site:
        yield site


@pytest.fixture
def reader(cloud) -> Reader:
    """Asks that site by plain requests."""
    return reader_of(cloud)


@pytest.fixture
def eng(cloud) -> str:
    """A space of it, by its id."""
    return str(cloud.site.create_space("ENG"))
