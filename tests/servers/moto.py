"""AWS as moto plays it, in a process of its own, on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pytest

from .binaries import free_port, missing

REGION = "eu-central-1"
ACCOUNT = "123456789012"
STARTS_WITHIN_SECONDS = 60

# Any key opens everything, unless a test asks for rights to be checked.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDOFTHESUITE",
    "AWS_SECRET_ACCESS_KEY": "secret-key-of-the-suite-4711",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass
class Moto:
    """A running server."""

    address: str
    process: subprocess.Popen[bytes]
    clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """A client of the administrator, made once."""
        import boto3

        if service not in self.clients:
            keys = {"aws_access_key_id": "administrator", "aws_secret_access_key": "administrator"}
            session = boto3.session.Session(region_name=REGION, **keys)
            self.clients[service] = session.client(service, endpoint_url=self.address)
        return self.clients[service]

    def reset(self) -> None:
        """Nothing is there any more, and nobody's rights are checked."""
        self._post("reset", b"")
        self._post("reset-auth", b"inf")

    @contextlib.contextmanager
    def checking_rights(self) -> Iterator[None]:
        """Inside, whoever asks must be a user or a role, and its policies must allow it."""
        self._post("reset-auth", b"0")
        try:
            yield
        finally:
            self._post("reset-auth", b"inf")

    def _post(self, what: str, body: bytes) -> None:
        headers = {"Content-Type": "text/plain"}  # a form would not be read
        request = urllib.request.Request(f"{self.address}/moto-api/{what}", body, headers, method="POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            answer.read()


@contextlib.contextmanager
def running_moto(environ: Mapping[str, str] = os.environ) -> Iterator[Moto]:
    """A server for the time of the block."""
    if find_spec("moto") is None or find_spec("flask") is None:
        missing("moto[server]")
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={**{name: environ[name] for name in ("HOME", "PATH")}, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            server = Moto(f"http://127.0.0.1:{port}", process)
            _wait_until_it_answers(server)
            yield server
        except AssertionError as error:
            log.seek(0)
            error.add_note(log.read()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait(10)


def _wait_until_it_answers(server: Moto) -> None:
    pause = threading.Event()
    for _ in range(STARTS_WITHIN_SECONDS * 20):
        assert server.process.poll() is None, "moto did not start"
        try:
            return server.reset()
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"moto answers {error.code}") from error
        except OSError:  # it does not listen yet
            pause.wait(0.05)
    raise AssertionError("moto does not answer")


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """One for the whole session."""
    with running_moto() as server:
        yield server


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """An empty one, and an environment that leads nowhere else."""
    moto_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return moto_server
