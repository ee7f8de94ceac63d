"""The proxy outlives its server, as a test that starts the server again needs it."""

from __future__ import annotations

import socket
from contextlib import suppress

from .binaries import free_port
from .proxy import proxy_to


def test_a_server_that_was_away_is_reached_again():
    port = free_port()
    with proxy_to(port) as proxy:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", proxy.port)) as client:
            assert client.recv(1) == b""
        with (
            socket.create_server(("127.0.0.1", port)) as server,
            socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client,
        ):
            client.sendall(b"hello")
            with server.accept()[0] as reached:
                assert reached.recv(5) == b"hello"
