"""The WSGI application: one request becomes hints on the disk, and then an answer."""

from __future__ import annotations

import hmac
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..core.clock import Clock, utc_now
from ..core.errors import AragoraSyncError
from ..core.webhook import Receipt, Refused, Request
from .queue import HintQueue
from .served import COMPLAIN_EVERY, Routes, Served

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

RETRY_SECONDS = 30
LONGEST = sys.maxsize  # the server bounds it
LONGEST_PATH = 100
NOBODYS = b"the key of nobody"
TELLING = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE,)  # that something is served there
HANDSHAKES_LAST = timedelta(minutes=15)  # after a start: nobody signs them, so that anybody could make one


class WebhookApp:
    """Answers POSTs to the connectors of `routes`, and tells `wake` that something waits in the queue.

    Who may not know anything learns nothing: what is not served is answered like what is not signed.
    """

    def __init__(
        self, routes: Routes, queue: HintQueue, wake: Callable[[], None] = lambda: None, clock: Clock = utc_now
    ) -> None:
        self.routes = routes  # replaced as a whole when the configuration changes
        self._queue = queue
        self._wake = wake
        self._clock = clock
        self._handshakes_until = clock() + HANDSHAKES_LAST
        self._expected: dict[tuple[str, str], datetime] = {}
        self._strangers = 0
        self._complained_at: datetime | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        receipt, more = self._answer(environ)
        headers = [("Content-Length", str(len(receipt.body))), *more]
        if receipt.content_type:
            headers.append(("Content-Type", receipt.content_type))
        start_response(f"{receipt.status} {HTTPStatus(receipt.status).phrase}", headers)
        return [receipt.body]

    def expect(self, tenant: str, connector: str) -> None:
        """Its vendor was asked for a channel, and may post a handshake; what is known of its secrets is looked up."""
        self._expected[tenant, connector] = self._clock() + HANDSHAKES_LAST
        for served in self.routes:
            if (served.tenant, served.connector) == (tenant, connector):
                served.forget_secrets()

    def _answer(self, environ: WSGIEnvironment) -> tuple[Receipt, list[tuple[str, str]]]:
        if environ["REQUEST_METHOD"] != "POST":
            return Receipt(HTTPStatus.METHOD_NOT_ALLOWED), [("Allow", "POST")]
        path = environ["PATH_INFO"]
        served = self.routes.find(path)
        if served is None:
            return (self._strange(path, environ) if self.routes.is_meant(path) else Receipt(HTTPStatus.NOT_FOUND)), []
        try:
            return self._receive(served, environ), []
        except Refused as error:
            served.complain(error.why, self._clock())
            return Receipt(HTTPStatus.UNAUTHORIZED if error.status in TELLING else error.status), []
        except AragoraSyncError as error:  # no credentials, no disk: the vendor tries again
            served.complain(f"{error.message} try: {error.hint}" if error.hint else error.message, self._clock())
            return Receipt(HTTPStatus.SERVICE_UNAVAILABLE), [("Retry-After", str(RETRY_SECONDS))]

    def _strange(self, path: str, environ: WSGIEnvironment) -> Receipt:
        """Takes as long as a signature that is wrong, and says as much."""
        _ = hmac.digest(NOBODYS, _body(environ, LONGEST), "sha256")
        now = self._clock()
        self._strangers += 1
        if self._complained_at is None or not timedelta() <= now - self._complained_at < COMPLAIN_EVERY:
            often = "once" if self._strangers == 1 else f"{self._strangers} such requests"
            logger.warning("nothing is served at %s (%s)", ascii(path[:LONGEST_PATH]), often)
            self._complained_at, self._strangers = now, 0
        return Receipt(HTTPStatus.UNAUTHORIZED)

    def _receive(self, served: Served, environ: WSGIEnvironment) -> Receipt:
        now = self._clock()
        until = max(self._handshakes_until, self._expected.get((served.tenant, served.connector), now))
        secrets = served.secrets(now, handshakes=now < until)
        if secrets is None:
            _ = hmac.digest(NOBODYS, _body(environ, LONGEST), "sha256")
            raise Refused(_secret_missing(served))
        receiver = served.receiver()
        request = Request(_headers(environ), _body(environ, receiver.webhook_terms.most_bytes), now, secrets)
        receipt = receiver.receive(request)
        if receipt.keep and not served.keep(receipt.keep):
            raise Refused("another handshake came, though the secret is known")
        if receipt.hints or receipt.numbers:
            delivery = receipt.once.encode("utf-8", "surrogatepass") or request.body
            if self._queue.add(served.tenant, served.connector, receipt.hints, delivery, receipt.numbers):
                self._wake()
            else:
                logger.debug("%s: a delivery that came before is answered again", served)
        return receipt


def _secret_missing(served: Served) -> str:
    names = ", ".join(f"ARAGORA_{key}" for key in served.receiver().webhook_terms.keys)
    return f"{names} is not set; try: aragora-sync check {served.connector} --tenant {served.tenant}"


def _body(environ: WSGIEnvironment, most_bytes: int) -> bytes:
    """What was sent; Refused before it is read where it is more than the vendor would send."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if size > most_bytes:
        raise Refused(f"the body has {size} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body: bytes = environ["wsgi.input"].read(size)
    return body


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    found = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    return {**found, "content-type": environ.get("CONTENT_TYPE") or ""}
