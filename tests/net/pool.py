"""Connections that a client keeps: how many there are at a moment is chance, until all that there may be are there."""

from __future__ import annotations

from contextlib import ExitStack

from aragora_sync.net.http import Http


def fill(http: Http, connections: int, path: str) -> None:
    """Opens so many at once and gives them back, so that no later request needs one more."""
    with ExitStack() as opened:
        address = f"{http.base_url}/{path}"
        for answer in [opened.enter_context(http._client.stream("GET", address)) for _ in range(connections)]:
            answer.read()
