"""A connector that hears, the service around it, and vendors that post to it over real sockets."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.connector import Connector
from aragora_sync.core.errors import AragoraSyncError
from aragora_sync.core.hints import Hint
from aragora_sync.core.webhook import Receipt, Request, Terms, check_signature, handshake
from aragora_sync.serve.served import Served
from aragora_sync.serve.service import WebhookService

KEY = "BELL_SECRET"
SECRET = "the secret of the bell"
DELIVERIES = "delivery"


class Bell(Connector):
    """Hears `{"stream", "refs", "delivery"}`, signed."""

    type = "bell"
    title = "A bell"
    keys: ClassVar[Mapping[str, str]] = {KEY: "the secret of the bell"}
    webhook_terms = Terms((KEY,), most_bytes=10_000)

    def receive(self, request: Request) -> Receipt:
        check_signature(request, KEY, "x-bell")
        told = request.object()
        return Receipt(hints=(Hint(told["stream"], tuple(told.get("refs", ()))),), once=told.get(DELIVERIES, ""))


class ShyBell(Bell):
    """Tells its secret in a handshake."""

    type = "shy"
    webhook_terms = Terms((KEY,), begins_unsigned=True)

    def receive(self, request: Request) -> Receipt:
        return super().receive(request) if KEY in request.secrets else handshake(request, KEY, "verification_token")


class Keyring:
    """A provider of credentials that counts how often it was asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked = 0
        self.trouble: AragoraSyncError | None = None

    def get_credential(self, key: str) -> str | None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return next((value for name, value in self.values.items() if key.endswith(name)), None)

    def set_credential(self, key: str, value: str) -> None:
        self.values[key.rpartition("/")[2]] = value


def bell(tenant: str = "t1", connector: str = "bell", kind: type[Connector] = Bell, **options: Any) -> Served:
    given = {"credentials": {KEY: SECRET}, **options}
    return Served(tenant, connector, kind.type, lambda: kind(tenant_id=tenant, connector_id=connector, **given))


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Bell": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), "Content-Type": "application/json"}


def ring(stream: str = "s", *refs: str, **more: Any) -> bytes:
    return json.dumps({"stream": stream, "refs": refs, **more}).encode()


class Heard:
    """Takes hints as a scheduler would. `answers` says what each time comes of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, tuple[Hint, ...]]] = []
        self.answer: Callable[[], bool] = lambda: True
        self._changed = threading.Condition()

    def __call__(self, tenant: str, connector: str, hints: tuple[Hint, ...]) -> bool:
        with self._changed:
            self.calls.append((tenant, connector, hints))
            self._changed.notify_all()
        return self.answer()

    def wait(self, count: int) -> list[tuple[str, str, tuple[Hint, ...]]]:
        """The calls, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, timeout=30), self.calls
        return self.calls

    @property
    def refs(self) -> set[str]:
        with self._changed:
            return {ref for _, _, hints in self.calls for hint in hints for ref in hint.refs}


@contextmanager
def serving(queue: Path, *served: Served, handle: Any = None, **more: Any) -> Iterator[WebhookService]:
    """The service on a free port."""
    options = {"address": "127.0.0.1:0", "settle": 0.0, **more}
    with WebhookService(served, queue, handle or Heard(), **options) as service:
        yield service


def post(
    service: WebhookService,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the answer; signed well where no headers are given."""
    connection = HTTPConnection(service.address, timeout=30)
    try:
        connection.request(method, path, body, dict(signed(body) if headers is None else headers))
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def opened(service: WebhookService) -> socket.socket:
    """A connection on which nothing was said yet."""
    host, _, port = service.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)
