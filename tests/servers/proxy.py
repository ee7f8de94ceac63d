"""A proxy on loopback that cuts connections where a test wants it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

CHUNK = 1 << 14


class Proxy:
    """Passes bytes on, and counts those that the server sends. `cut_after` many, the next connections are reset, as
    often as `cuts` says; with `refuse`, new ones are not answered at all."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.cut_after = 0
        self.cuts = 0
        self.refuse = False
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """All connections are reset now."""
        for each in self._open:
            _reset(each)
        self._open.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # once it is closed
            while True:
                client, _ = self._listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            if self.refuse:
                raise ConnectionRefusedError
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:  # such as while the server is started again
            _reset(client)
            return
        self._open += [client, server]
        threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
        threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while block := source.recv(CHUNK):
                passed += len(block)
                self.passed += len(block) if counted else 0
                if counted and self.cuts and passed > self.cut_after:
                    self.cuts -= 1
                    target.sendall(block[: len(block) // 2])
                    break
                target.sendall(block)
        for each in (source, target):
            _reset(each)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A proxy in front of the server at this port of loopback."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
