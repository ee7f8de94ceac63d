"""Notion's API on loopback: a workspace that tests edit, its permissions, pages, limits and refusals."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from .notion_answers import Answers
from .notion_lists import Lists, Refused, invalid, refusal
from .notion_model import Connection, Draft, block
from .notion_shapes import Shapes
from .notion_sight import Raw
from .notion_space import Space
from .web import Answer, Asked, running

TOKEN = "ntn_1111-of-the-integration"
VERSION = "2026-03-11"
VERSIONS = ("2022-06-28", "2025-09-03", VERSION)
BUDGET, WINDOW_SECONDS, WORKSPACE_WINDOW_SECONDS = 180, 60, 120
CONNECTION, WORKSPACE = "connection_rate_limit", "workspace_rate_limit"
RESULTS = 10_000  # of one query
RECORDS = 20_000  # blocks in one Markdown answer
SLOWER = "You have been rate limited. Please try again in a few minutes."
PAGING = {"page_size", "start_cursor"}
QUERY_NAMES = {
    "GET": {"block_id", "filter_properties", "include_transcript", *PAGING},
    "POST": {"filter_properties"},
}
Found = Callable[..., Raw]


class FakeNotion(Answers):
    """The API below /v1. `space` is the workspace: see `Space` for what can be edited; `connection` is who asks.

    Time: `tick(seconds)`; edits never move it. `order(answer, path=…, times=…)` orders faults: `refusal(429, …)`,
    `rate_limited(7)`, `overloaded(5)`, `html()`, `Answer(…, cut=…)`. `lists`: its switches, and `lists.expire()`.
    `connection.can.discard("read_comments")` takes a capability, `revoke()` the token.
    The other attributes are switches; `begin_anew` says what each does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.latency = 0.0  # seconds before each answer; of a server of its own, never in tests
        self.begin_anew()

    def begin_anew(self) -> None:
        """An empty workspace of which nothing is shared; no switch is set."""
        self.space = Space(lambda: self.now)
        self.connection = self.space.connect(TOKEN)
        self.lists = Lists(lambda: self.now)
        self.search_delay = 0.0  # seconds until a search knows of an edit
        self.query_delay = 0.0  # seconds until a query does
        self.result_limit = RESULTS
        self.record_limit = RECORDS
        self.limited = False  # as many requests a minute as the plan allows
        self.budget = BUDGET
        self.workspace_budget: int | None = None  # of all connections in two minutes
        self.workspace_wait = 0  # seconds that the whole workspace has to wait: each request is refused so, until 0
        self.refuse_every = 0  # every so many requests: a 429
        self.failing: dict[str, int] = {}  # ids whose body is answered with this status, though they are listed
        self.prefix_only: set[str] = set()  # pages whose Markdown ends at the first divider, as was seen
        self.fenced_callouts = False  # in Markdown, as a later form of the documents has them
        self.ticked_formulas = False  # so are formulas in a line, as was seen
        self.without_markdown = False  # the endpoint is not known
        self.hidden_rows_partial = False  # rows that cannot be read are listed with object and id
        self.hidden_blocks_partial = True  # so are blocks; False: they are not listed
        self.trash_query_all = False  # `in_trash` of a query: all rows, not only those in the trash (not documented)
        self._signatures = count(1)
        self._windows: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._count = 0
        self.forget()

    def revoke(self) -> None:
        """The token is refused from now on."""
        self.space.connections.clear()

    # Every request

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.latency:
            time.sleep(self.latency)
        return super().__call__(environ, start_response)

    def answer(self, asked: Asked) -> Answer:
        self.space.forget_old_trash()
        request_id = f"7b0c0000-0000-4000-8000-{len(self.asked):012d}"
        try:
            connection = self._allowed(asked)
            found = self._answered(asked, Shapes(self.space, connection, self._signatures))
            answer = Answer(200, {**found, "request_id": request_id})
        except Refused as refused:
            answer = refused.answer
            answer.body["request_id"] = request_id
        answer.headers["x-notion-request-id"] = request_id
        return answer

    def _allowed(self, asked: Asked) -> Connection:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        connection = self.space.connections.get(value)
        if connection is None or scheme != "Bearer":
            raise Refused(401, "unauthorized", "API token is invalid.")
        self._limit(connection)
        version = asked.headers.get("notion-version")
        told = "Notion-Version header failed validation: Notion-Version header should be"
        if version is None:
            raise Refused(400, "missing_version", f"{told} defined, instead was `undefined`.")
        if version not in VERSIONS:
            raise invalid(f"{told} one of {VERSIONS}, instead was `{version}`.")
        return connection

    def _limit(self, connection: Connection) -> None:
        self._count += 1
        if self.workspace_wait:
            raise Refused.by(rate_limited(self.workspace_wait, WORKSPACE))
        if self.refuse_every and self._count % self.refuse_every == 0:
            raise Refused.by(rate_limited(2))
        if self.limited:
            self._spend(CONNECTION, connection.bot, self.budget, WINDOW_SECONDS)
        if self.workspace_budget is not None:
            self._spend(WORKSPACE, "", self.workspace_budget, WORKSPACE_WINDOW_SECONDS)

    def _spend(self, reason: str, whose: str, budget: int, seconds: int) -> None:
        """One request of what there is until the window ends; a window begins with the first one in it."""
        began, spent = self._windows.get((reason, whose), (self.now, 0))
        passed = (self.now - began).total_seconds()
        if passed >= seconds:
            began, spent, passed = self.now, 0, 0.0
        if spent >= budget:
            raise Refused.by(rate_limited(seconds - int(passed), reason))
        self._windows[reason, whose] = began, spent + 1

    def _answered(self, asked: Asked, shapes: Shapes) -> Raw:
        for method, pattern, needed, found in self._routes():
            match = re.fullmatch(f"/v1/{pattern}", asked.path)
            if match and method == asked.method:
                self._check_version(asked)
                for name in asked.query.keys() - QUERY_NAMES[method]:
                    raise invalid(f"query failed validation: query.{name} should be not present.")
                if needed and not shapes.can(needed):
                    raise Refused(403, "restricted_resource", "Insufficient permissions for this endpoint.")
                return found(asked, shapes, *match.groups())
        raise Refused(400, "invalid_request_url", "Invalid request URL.")

    def _routes(self) -> list[tuple[str, str, str, Found]]:
        read = "read_content"
        routes: list[tuple[str, str, str, Found]] = [
            ("GET", "users/me", "", lambda _asked, shapes: shapes.itself()),
            ("GET", "users", "read_users", self._users),
            ("GET", "users/([^/]+)", "read_users", self._user),
            ("GET", "databases/([^/]+)", read, self._database),
            ("GET", "data_sources/([^/]+)", read, self._source),
            ("POST", "data_sources/([^/]+)/query", read, self._query),
            ("GET", "pages/([^/]+)", read, self._page),
            ("GET", "pages/([^/]+)/properties/(.+)", read, self._property),
            ("GET", "blocks/([^/]+)", read, self._block),
            ("GET", "blocks/([^/]+)/children", read, self._children),
            ("GET", "comments", "read_comments", self._comments),
            ("POST", "search", read, self._search),
        ]
        markdown = ("GET", "pages/([^/]+)/markdown", read, self._markdown)
        return routes if self.without_markdown else [*routes, markdown]

    def _check_version(self, asked: Asked) -> None:
        version, path = asked.headers["notion-version"], asked.path
        if version < VERSION and path.endswith("/markdown"):
            raise invalid(f"The Markdown endpoints need Notion-Version {VERSION} or later.")
        if version < "2025-09-03" and "/data_sources/" in path:
            raise Refused(400, "invalid_request_url", "Invalid request URL.")


def rate_limited(seconds: int, reason: str = CONNECTION) -> Answer:
    """The limit is reached; for `order`."""
    return refusal(429, "rate_limited", SLOWER, seconds, rate_limit_reason=reason)


def overloaded(seconds: int = 5) -> Answer:
    return refusal(529, "service_overload", "Notion is overloaded. Please try again later.", seconds)


def unavailable(status: int = 503) -> Answer:
    codes = {500: "internal_server_error", 502: "bad_gateway", 503: "service_unavailable", 504: "gateway_timeout"}
    return refusal(status, codes[status], "Notion is unavailable. Please try again later.")


def prepare(fake: FakeNotion, rows: int = 1000, pages: int = 50) -> None:
    """A database with rows, each with a text of its own, and a tree of pages."""
    space = fake.space
    top = space.create_page(None, "Handbook", id="10000000-0000-4000-8000-000000000001")
    tasks = space.source_of(space.create_database(top, "Tasks", id="20000000-0000-4000-8000-000000000001"))
    space.add_property(tasks, "Status", "select", options=("open", "done"))
    for number in range(rows):
        fake.tick(7)
        space.create_row(tasks, f"Task {number}", *_text_of(number), Status="done" if number % 3 else "open")
    for number in range(pages):
        fake.tick(7)
        space.create_page(top, f"Page {number}", *_text_of(number))
    space.share(top)


def _text_of(number: int) -> list[Draft]:
    return [block("heading_2", "What"), block("paragraph", f"Text {number}."), block("to_do", "Do it")]


def main(file: str, _latency: str = "", milliseconds: str = "0") -> None:
    """Serves a prepared workspace and writes its address: python -m tests.fakes.notion FILE [--latency MS]."""
    fake = FakeNotion()
    fake.latency = float(milliseconds) / 1000
    prepare(fake)
    with running(fake):
        Path(file).write_text(fake.url)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
