"""oauth2-mock-server of npm: an authorization server that nobody here wrote, in a process of its own, on loopback."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .binaries import free_port
from .rigs import from_npm, served

PACKAGE = "oauth2-mock-server@8.2.3"
SCRIPT = Path(__file__).with_name("oauth2_mock.mjs")


@dataclass
class MockServer:
    """A running server. What is ordered holds for one answer each: `token`, `deny`, `revoke`."""

    url: str

    def order(self, **next_answers: Any) -> None:
        self._ask("/_order", json.dumps(next_answers).encode())

    def seen(self, kind: str) -> list[dict[str, Any]]:
        """What it was asked since the last time, of one kind: `authorize`, `token`, `revoke`."""
        return [each[kind] for each in self._ask("/_seen") if kind in each]

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self.url + path, body), timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def mock_server_process() -> Iterator[MockServer]:
    """One for the whole session."""
    module = from_npm(PACKAGE) / "node_modules" / "oauth2-mock-server" / "dist" / "index.mjs"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with served(["node", str(SCRIPT), str(module), str(port)], f"{url}/.well-known/openid-configuration"):
        yield MockServer(url)


@pytest.fixture
def mock_server(mock_server_process: MockServer) -> MockServer:
    """One to which nothing was ordered, and that has seen nothing."""
    mock_server_process.order()
    mock_server_process.seen("token")
    return mock_server_process
