"""The page on this machine to which a vendor sends the browser back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import AragoraSyncError, ConfigError

PATH = "/oauth/callback"
ADDRESS = "127.0.0.1"
STYLE = (
    "body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:20vh auto;padding:0 1em} h1{font-size:1.4em} "
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)

Take = Callable[[str], None]  # shown the whole address; raises what is wrong with it


class Loopback:
    """Listens on one port of this machine alone, until one answer was good or the time is over.

    Use as a context manager. `take` is shown each address that comes; what it raises is told in the browser, and
    listening goes on unless it is a refusal by the vendor.
    """

    def __init__(self, port: int, service: str, take: Take) -> None:
        self._service = service
        self._take = take
        self._ended = threading.Event()
        self._answering = threading.Lock()
        self.error: AragoraSyncError | None = None
        self.good = False
        try:
            self._server = _Server((ADDRESS, port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"port {port} of this machine is taken ({error.strerror}).",
                hint="end what uses it, or choose another with --port, and register that redirect address",
            ) from error
        self._server.page = self
        self.port: int = self._server.server_port

    def __enter__(self) -> Loopback:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def redirect_uri(self) -> str:
        """What is registered at the vendor."""
        return f"http://localhost:{self.port}{PATH}"

    def wait(self, seconds: float) -> bool:
        """Whether an answer came within this time."""
        return self._ended.wait(seconds)

    def answer(self, path: str) -> tuple[int, str]:
        """Status and page for a request."""
        if urlsplit(path).path != PATH:
            return 404, _page("Nothing is here", "This program only waits for the end of a login.")
        with self._answering:
            if self.good:
                return 200, _page("You are logged in already", "You can close this page.")
            try:
                self._take(path)
            except ConfigError as error:
                return 400, _page("This login cannot be used", f"{error.message} {error.hint}".strip())
            except AragoraSyncError as error:
                self.error = error
                self._ended.set()
                return 400, _page("You are not logged in", f"{error.message} {error.hint}".strip())
            self.good = True
            self._ended.set()
        return 200, _page("You are logged in", f"aragora-sync may read from {self._service} now. Close this page.")


def _page(title: str, text: str) -> str:
    head = f'<meta charset="utf-8"><title>aragora-sync</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en">{head}<h1>{escape(title)}</h1><p>{escape(text)}</p></html>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False
    page: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10  # seconds in which a request must have come

    def do_GET(self) -> None:
        status, page = self.server.page.answer(self.path)
        content = page.encode()
        self.send_response_only(status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Addresses hold codes: they are in no log."""
