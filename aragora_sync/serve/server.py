"""The server under the application: honest HTTP, and bounds that no flood of requests gets over."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from ..core.errors import ConfigError
from ..core.seldom import Seldom
from .parser import Parser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

THREADS = 4
MOST_CONNECTIONS = 100
MOST_IDLE = 80  # beyond that, whoever has sent no whole request for longest makes room
MOST_AHEAD = 10  # requests of one connection that wait for their turn; a vendor waits for the answer to each
REQUEST_SECONDS = 20  # for a whole request to come, however slowly
IDLE_SECONDS = 15
CLEANUP_SECONDS = 5
MEMORY_BYTES = 65_536  # of a body; what is larger lies in a file meanwhile
WAITING_BYTES = 131_072  # that the system keeps of one connection until they are read, and not megabytes
HEADER_BYTES = 32_768
LOOP_SECONDS = 1.0
END_SECONDS = 5  # for the last answers; waitress sends each from the thread that made it
PORTS = 65_536
TELL_EVERY_SECONDS = 60.0  # of each kind, however often it happens
HINTS = {
    errno.EADDRINUSE: "end what listens there already, or name another address, like --listen 127.0.0.1:8091",
    errno.EACCES: "name a port from 1024 on, like --listen 127.0.0.1:8090",
}


def seldom(clock: Callable[[], float] = time.monotonic) -> Seldom:
    """One record of each level: what anybody can bring about must not fill the log."""
    return Seldom(TELL_EVERY_SECONDS, lambda record: record.levelno, clock)


class Channel(HTTPChannel):
    """One connection. Who sends a request too slowly is cut off, and so is the laziest when there are too many."""

    parser_class = Parser
    logger = logger

    def __init__(self, server: Any, *more: Any, **named: Any) -> None:
        self.begun_at = time.monotonic()
        super().__init__(server, *more, **named)
        idle = [channel for channel in server.active_channels.values() if not channel.requests]
        if len(idle) > MOST_IDLE:
            min(idle, key=lambda channel: channel.begun_at).will_close = True

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.begun_at = time.monotonic()
        taken = bool(super().received(data))
        if len(self.requests) > MOST_AHEAD:
            self.will_close = True
        return taken

    def readable(self) -> bool:
        if self.request is not None and time.monotonic() - self.begun_at > REQUEST_SECONDS:
            self.will_close = True
        return bool(super().readable())


class Server:
    """Serves the application at an address, beside the caller, until `stop`."""

    def __init__(self, app: WSGIApplication, address: str, most_bytes: int) -> None:
        self._app = app
        self._address = address
        self._most_bytes = most_bytes
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._map: dict[int, Any] = {}
        self._server: Any = None

    def start(self) -> str:
        """Where it listens, once it does; ConfigError where it cannot."""
        listening = _listen(self._address)
        server: Any = create_server(
            self._app,
            map=self._map,
            sockets=[listening],
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=CLEANUP_SECONDS,
            inbuf_overflow=MEMORY_BYTES,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=self._most_bytes,
            log_socket_errors=False,
            ident="",
        )
        logger.filters[:] = [seldom()]
        quiet = logging.getLogger(f"{__name__}.quiet")
        quiet.disabled = True  # a flood would fill the log with how long the queue is
        server.channel_class = Channel
        server.logger = server.task_dispatcher.logger = logger
        server.task_dispatcher.queue_logger = quiet
        self._server = server
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()
        host, port = listening.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def stop(self) -> None:
        """Requests that are being answered are answered; no more come."""
        if self._thread is None:
            return
        self._server.trigger.pull_trigger(self._end)
        self._thread.join()
        wasyncore.close_all(self._map)  # not before: what wakes the thread is in it, and was written to until now
        self._thread = None

    def _end(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            wasyncore.loop(timeout=LOOP_SECONDS, map=self._map, count=1, use_poll=True)
        self._server.task_dispatcher.shutdown(timeout=END_SECONDS)


def _listen(address: str) -> socket.socket:
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        why = str(error.strerror or error).partition(" (while ")[0]  # the address would be named twice
        raise ConfigError(
            f"cannot listen at {address}: {why}.",
            hint=HINTS.get(error.errno or 0, "name an address of this machine, like --listen 127.0.0.1:8090"),
        ) from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITING_BYTES)
    return listening


def split_address(address: str) -> tuple[str, int]:
    """Host and port; ConfigError for anything but both, as nothing is opened to the world by leaving something out."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= PORTS or (":" in host and host[:1] + host[-1:] != "[]"):
        raise ConfigError(
            f"cannot listen at {address!r}: an address and a port are needed.", hint="--listen 127.0.0.1:8090"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
