"""A vendor's service on loopback: a WSGI app, honest HTTP around it, and the faults that tests order."""

from __future__ import annotations

import contextlib
import io
import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

MOST_BYTES = 10_000_000  # of a request


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str  # decoded
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters
    body: bytes = b""
    query_string: str = ""  # as it came

    def every(self, name: str) -> list[str]:
        """All values of a parameter that may be given more than once."""
        return [value for key, value in parse_qsl(self.query_string, keep_blank_values=True) if key == name]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Answer:
    """What goes back. `body` that is no bytes is sent as JSON. `cut`: after so many bytes the connection is closed."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Fault = Callable[[Asked], "Answer | None"]  # None: answered as if nothing was wrong


def html(status: int = 200, text: str = "<html><body>Please sign in.</body></html>") -> Answer:
    """What a proxy or a login page says where JSON was expected."""
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


class FakeService:
    """Subclasses write `answer`. Attributes may be set at any time; `order` orders faults.

    `now` is the service's own clock: it stands still but for `tick`, stamps what is edited, and is in every `Date`.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.asked: list[Asked] = []
        self.answers: list[tuple[Asked, Answer]] | None = None  # set to [] where what was answered is looked at, too
        self.url = ""  # set by `running`
        self.before: Callable[[Asked], None] = lambda _asked: None  # may edit the world between two requests
        self._faults: list[list[Any]] = []
        self._locked = threading.RLock()  # held while one request is answered

    def answer(self, asked: Asked) -> Answer:
        """What an honest service answers. Called for one request at a time."""
        raise NotImplementedError

    def tick(self, seconds: float = 1) -> datetime:
        """Time passes at the service; what it is then."""
        self.now += timedelta(seconds=seconds)
        return self.now

    # What tests order and see

    def order(self, answer: Answer | Fault, *, path: str = "", method: str = "", times: int = 1, skip: int = 0) -> None:
        """The next so many requests whose path holds `path` are answered so, after the first `skip` of them."""
        fault = answer if callable(answer) else lambda _asked: answer
        self._faults.append([method, path, times, fault, skip])

    def forget(self) -> None:
        """Counts begin anew, and no fault is ordered any more."""
        self.asked.clear()
        self._faults.clear()
        if self.answers is not None:
            self.answers.clear()

    @property
    def counts(self) -> Counter[str]:
        """How often each `METHOD /path` was asked for."""
        return Counter(map(str, self.asked))

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    # WSGI

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = _asked_of(environ)
        with self._locked:
            self.asked.append(asked)
            self.before(asked)
            answer = self._answer(asked)
            if self.answers is not None:
                self.answers.append((asked, answer))
            headers = {"Date": format_datetime(self.now, usegmt=True), **answer.headers}
        content = answer.content
        if not isinstance(answer.body, bytes):
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        if answer.status not in (204, 304):
            headers.setdefault("Content-Length", str(len(content)))
        start_response(f"{answer.status} {_phrase(answer.status)}", list(headers.items()))
        return [content] if answer.cut is None else _cut(content[: answer.cut])

    def _answer(self, asked: Asked) -> Answer:
        for fault in self._faults:
            method, path, times, made, skip = fault
            if times > 0 and path in asked.path and method in ("", asked.method):
                if skip:
                    fault[4] -= 1
                    continue
                fault[2] -= 1
                ordered: Answer | None = made(asked)
                if ordered is not None:
                    return ordered
        return self.answer(asked)


S = TypeVar("S", bound=FakeService)


@contextlib.contextmanager
def running(service: S, certificates: Path | None = None) -> Iterator[S]:
    """The service at `service.url`, on a free port of this machine, until the end.

    With `certificates`, a folder that holds `server.crt` and `server.key`, it speaks TLS.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.app = service
    service.url = f"http{'s' if certificates else ''}://127.0.0.1:{server.server_port}"
    if certificates:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class CutOff(Exception):
    """The connection is closed in the middle of a body."""


def _phrase(status: int) -> str:
    """Vendors have statuses of their own, as 529."""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def _cut(content: bytes) -> Iterator[bytes]:
    yield content
    raise CutOff


def _asked_of(environ: Mapping[str, Any]) -> Asked:
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    size = min(int(environ.get("CONTENT_LENGTH") or 0), MOST_BYTES)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    body = environ["wsgi.input"].read(size) if size else b""
    return Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, headers, body, environ.get("QUERY_STRING", ""))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    app: FakeService

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive; requests become WSGI calls."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write per answer
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        try:
            for part in self.server.app(self._environ(), self._start):
                self.wfile.write(part)
        except CutOff:
            self.close_connection = True
        self.wfile.flush()

    def _environ(self) -> dict[str, Any]:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(size),
            "wsgi.input": io.BytesIO(self.rfile.read(size)),
        }
        environ.update({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()})
        return environ

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at `asked`."""
