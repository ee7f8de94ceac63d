"""A real server that speaks MongoDB's protocol, with change streams: SecantusDB, started as a process of its own."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError

from .binaries import free_port, missing

START_SECONDS = 30
USER, PASSWORD = "reader", "correct:h@rse"


def binary() -> Path:
    """The command that starts it."""
    found = Path(sys.executable).parent / "secantusd-py"
    return found if found.exists() else missing("a MongoDB server (secantusdb)")


class Mongo:
    """A server on loopback. `arguments` go to its command."""

    def __init__(self, *arguments: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mongo-"))
        self.port = free_port()
        self.arguments = arguments
        self.uri = f"mongodb://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--storage-path", str(self.folder / "data")]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [str(binary()), *where, "--log-level", "ERROR", "--cache-size", "64M", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        probe = {} if "--tls-cert-file" not in self.arguments else {"tls": True, "tlsAllowInvalidCertificates": True}
        with pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=START_SECONDS * 1000, **probe) as client:  # type: ignore[arg-type]
            client.admin.command("hello")
        self.client: pymongo.MongoClient[Any] = pymongo.MongoClient(self.uri, **probe)  # type: ignore[arg-type]

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait()

    def crash(self) -> None:
        """All connections are cut; what was not synced on commit is lost."""
        self.client.close()
        self.process.kill()
        self.process.wait()

    def restart(self, *arguments: str) -> None:
        """The same data, with more arguments."""
        self.stop()
        self.arguments += arguments
        self.start()

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)


_databases = itertools.count()


class Place:
    """A database of its own on a server, for one test."""

    def __init__(self, server: Mongo) -> None:
        self.server = server
        self.name = f"d{next(_databases)}"

    @property
    def db(self) -> Any:
        return self.server.client[self.name]

    def drop(self) -> None:
        with contextlib.suppress(PyMongoError):
            self.server.client.drop_database(self.name)


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Mongo]:
    server = Mongo(*arguments)
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def mongo() -> Iterator[Mongo]:
    """With a log of changes, as a replica set has it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def forgetful_mongo() -> Iterator[Mongo]:
    """With a short log, and failures on demand."""
    with running("--oplog-max-entries", "20", "--enable-test-commands") as server:
        yield server


@pytest.fixture(scope="session")
def lone_mongo() -> Iterator[Mongo]:
    """Without one, as a server that stands alone."""
    with running("--standalone") as server:
        yield server
