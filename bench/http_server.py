"""Repositories full of issues, served as GitHub does, each answer late: a process of its own, so that it costs
whoever asks nothing but time.

    python -m bench.http_server REPOSITORIES PAGES [--storm]

prints its address. `--storm`: every third request is refused for a second. `/-asked` tells what happened.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from .issues import FIRST_ID, PAGE, issue, moment, sentinel
from .measure import served

LATENCY_SECONDS = 0.030
EVERY = 3  # of so many requests a storm refuses one
PAUSE_SECONDS = 1
ENTERPRISE = "/api/v3"  # stands before the paths of an Enterprise Server
GRAPHQL = ("/graphql", "/api/graphql")
NO_COMMENTS = ("issues/comments", "pulls/comments")
SEND_BUFFER = 1_000_000  # bytes: a page leaves at once


def serving(repositories: int, pages: int, *more: str) -> AbstractContextManager[str]:
    """The address of so many repositories, each with so many pages of issues."""
    return served("-m", "bench.http_server", str(repositories), str(pages), *more)


def asked(url: str) -> dict[str, Any]:
    """What the server saw so far."""
    with urlopen(f"{url}/-asked") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@dataclass
class Asked:
    """What happened so far; `demanded` are seconds that refusals asked to wait, overlapping ones counted once."""

    requests: int = 0
    refused: int = 0
    demanded: float = 0.0
    _until: float = 0.0

    def refuse(self, now: float) -> None:
        self.refused += 1
        self.demanded += now + PAUSE_SECONDS - max(now, self._until)
        self._until = now + PAUSE_SECONDS


class Hub:
    """Everything that is served. Rows are made once, and a page is put together of them."""

    def __init__(self, repositories: int, pages: int, *, storm: bool) -> None:
        self.asked = Asked()
        self._repositories = repositories
        self._issues = pages * PAGE
        self._storm = storm
        self._rows: dict[int, list[bytes]] = {}
        self._moments = [moment(each) for each in range(1, self._issues + 1)]
        self._graphql = json.dumps(sentinel(repositories, self._issues)).encode()

    def fill(self, address: str) -> None:
        self._address = address
        for repository in range(FIRST_ID, FIRST_ID + self._repositories):
            rows = (issue(address, repository, number) for number in range(1, self._issues + 1))
            self._rows[repository] = [json.dumps(row).encode() for row in rows]

    def pages(self) -> Iterator[bytes]:
        """The bodies of all pages."""
        for rows in self._rows.values():
            for first in range(0, len(rows), PAGE):
                yield _list_of(rows[first : first + PAGE])

    def answer(self, method: str, target: str, headers: Mapping[str, str], now: float) -> bytes:
        """All bytes that go back."""
        if target == "/-asked":
            told = {name: value for name, value in asdict(self.asked).items() if name[0] != "_"}
            return _answer(200, json.dumps(told).encode())
        self.asked.requests += 1
        if self._storm and self.asked.requests % EVERY == 0:
            self.asked.refuse(now)
            message = b'{"message":"You have exceeded a secondary rate limit. Please wait."}'
            return _answer(429, message, {"Retry-After": str(PAUSE_SECONDS)})
        parts = urlsplit(target)
        if method == "POST" and parts.path in GRAPHQL:
            return _answer(200, self._graphql)
        etag = f'W/"{target.encode().hex()[-64:]}"'
        if headers.get("if-none-match") == etag:
            return _answer(304, b"", {"ETag": etag})
        return self._list(parts.path, dict(parse_qsl(parts.query)), {"ETag": etag})

    def _list(self, path: str, query: dict[str, str], more: dict[str, str]) -> bytes:
        """`/repositories/ID/…` or `/repos/OWNER/NAME/…`."""
        home = self._address + ENTERPRISE if path.startswith(ENTERPRISE) else self._address
        first, _, rest = path.removeprefix(ENTERPRISE)[1:].partition("/")
        name, _, what = (rest if first == "repositories" else rest.partition("/")[2]).partition("/")
        number = name.removeprefix("project-")
        rows = self._rows.get(int(number)) if number.isdigit() else None
        if rows is not None and what in NO_COMMENTS:
            return _answer(200, b"[]", more)
        if rows is None or what != "issues":
            return _answer(404, b'{"message":"Not Found"}')
        rows = rows[bisect_left(self._moments, query.get("since", "")) :]
        if query.get("direction", "desc") == "desc":
            rows = rows[::-1]
        size = min(int(query.get("per_page", 30)), PAGE)
        page = int(query.get("page", 1))
        if page * size < len(rows):
            following = {**query, "page": page + 1, "after": f"Y3Vyc29yOnYyOpLP{page * size:08d}"}
            more["Link"] = f'<{home}/repositories/{number}/issues?{urlencode(following)}>; rel="next"'
        return _answer(200, _list_of(rows[(page - 1) * size : page * size]), more)


def _list_of(rows: list[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


def _answer(status: int, body: bytes, more: Mapping[str, str] | None = None) -> bytes:
    lines = {
        "Date": formatdate(usegmt=True),
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "4990",
        **(more or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection, kept alive; one request after the other, each answered late."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self._received = b""
        method, target, _ = first.split(" ")
        asyncio.get_running_loop().call_later(LATENCY_SECONDS, self._answer, method, target, headers)

    def _answer(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._hub.answer(method, target, headers, asyncio.get_running_loop().time()))


async def serve(hub: Hub, tell: Callable[[str], None], until: Callable[[], object]) -> None:
    """`tell` is given the address, once everything is ready."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Connection, hub), "127.0.0.1", 0)
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    hub.fill(address)
    tell(address)
    await loop.run_in_executor(None, until)


def loop_to_the_microsecond() -> asyncio.AbstractEventLoop:
    """epoll rounds every wait up to a millisecond."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    served = Hub(int(sys.argv[1]), int(sys.argv[2]), storm="--storm" in sys.argv)
    with asyncio.Runner(loop_factory=loop_to_the_microsecond) as runner:
        runner.run(serve(served, partial(print, flush=True), sys.stdin.read))
