"""xero-local of the package localstack-xero: contacts, invoices, payments and credit notes of one organisation."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .binaries import free_port
from .rigs import from_pypi, served

REQUIREMENT = "localstack-xero==0.1.2"
BASE = "/api.xro/2.0/"


@dataclass
class XeroLocal:
    """A running server, and what somebody does in its books."""

    url: str

    def put(self, path: str, **fields: Any) -> dict[str, Any]:
        """A record as it was made or changed."""
        kind = path.partition("/")[0]
        made: dict[str, Any] = self._ask(BASE + path, {kind: [fields]})[kind][0]
        return made

    def state(self) -> dict[str, Any]:
        """All that is there."""
        found: dict[str, Any] = self._ask("/_xero/state")
        return found

    def reset(self) -> None:
        self._ask("/_xero/reset", {})

    def _ask(self, path: str, body: Any = None) -> Any:
        headers = {"Authorization": "Bearer of-the-bookkeeper", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def xero_local_process() -> Iterator[XeroLocal]:
    """One for the whole session. It listens on every address of the machine unless it is told not to."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {"PYTHONPATH": str(from_pypi(REQUIREMENT)), "XERO_HOST": "127.0.0.1", "XERO_PORT": str(port)}
    with served([sys.executable, "-m", "xero_local.server"], f"{url}/_xero/health", environ):
        yield XeroLocal(url)


@pytest.fixture
def xero_local(xero_local_process: XeroLocal) -> XeroLocal:
    """Empty books of one organisation."""
    xero_local_process.reset()
    return xero_local_process
