"""What runs beside the schedules: `schedule --listen` and `schedule --watch`."""

from __future__ import annotations

import json
import queue
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from aragora_sync.cli import beside
from aragora_sync.connectors.postgresql import PostgreSQLConnector
from aragora_sync.engine.result import SyncResult
from aragora_sync.engine.scheduler import Scheduler
from aragora_sync.engine.stop import Stop
from aragora_sync.store.sqlite import SqliteStore, store_path

from ..connectors.posting import SECRET
from ..connectors.test_webhooks import post_of
from ..fakes.github import FakeGitHub
from ..fakes.github_access import CLASSIC
from ..fakes.web import running as serving
from ..servers.postgres import DATABASE, PASSWORD, READER, Schema, postgres, schema
from .conftest import Cli, Home
from .foreground import PATIENCE, running

__all__ = ["postgres", "schema"]

HOURLY = {"interval_hours": 1}


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as fake:
        fake.serve_enterprise()
        yield fake


def free_address() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def deliver(address: str, path: str, told: Any) -> int:
    """As GitHub posts it."""
    asked = post_of("github").request(told, X_GitHub_Event="issues")
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("POST", path, asked.body, dict(asked.headers))
        return connection.getresponse().status


def titles(home: Home) -> set[str]:
    with closing(sqlite3.connect(store_path(home.stores, "acme"))) as db:
        return {title for (title,) in db.execute("SELECT title FROM items")}


def test_what_a_webhook_names_is_read_between_two_runs(
    home: Home, command: Callable[..., list[str]], hub: FakeGitHub
) -> None:
    app = hub.state.create_repository("acme/app")
    app.open_issue("Bug")
    login = {"GITHUB_TOKEN": CLASSIC, "GITHUB_WEBHOOK_SECRET": SECRET}
    where = {"organization": "acme", "base_url": hub.url, "credentials": login}
    home.add("acme", {"type": "github", "id": "code", "schedule": HOURLY, **where})
    address = free_address()
    with running(home, command, "--listen", address) as program:
        program.said(program.out, "1 synced")
        hub.tick(3600)
        app.open_issue("Idea")
        told = {"action": "opened", "issue": {"number": 2}, "repository": {"id": app.id, "full_name": "acme/app"}}
        assert deliver(address, "/webhooks/acme/code", told) == 200
        assert "1 synced" in program.said(program.out, "code")

        assert program.end() == 0
    assert titles(home) == {"Bug (#1)", "Idea (#2)"}
    with closing(SqliteStore(store_path(home.stores, "acme"), read_only=True)) as store:
        assert [run.status for run in store.runs("code", 9)] == ["part: ok", "ok"]


def test_a_table_is_watched_and_what_cannot_be_is_scheduled(
    home: Home, command: Callable[..., list[str]], schema: Schema
) -> None:
    schema.run("CREATE TABLE documents (id int PRIMARY KEY, title text, updated_at timestamptz DEFAULT now())")
    schema.run(PostgreSQLConnector.triggers(["documents"], schema=schema.name, notify_channel="changes"))
    login = {"POSTGRES_USER": READER, "POSTGRES_PASSWORD": PASSWORD}
    where = {"host": "127.0.0.1", "port": schema.server.port, "database": DATABASE, "schema": schema.name}
    table = {"type": "postgresql", "credentials": login, **where}
    home.add(
        "acme", {**table, "id": "tables", "notify_channel": "changes"}, {**table, "id": "quiet", "schedule": HOURLY}
    )
    home.toy("blocks", schedule=HOURLY)
    with running(home, command, "--watch", "--json") as program:
        assert "2 connectors by schedule, 1 watched" in program.told("READY=1")
        program.said(program.out, '"connector": "tables"')
        schema.run("INSERT INTO documents VALUES (1, 'One')")
        told = json.loads(program.said(program.out, '"event": "watched"'))
        assert (told["connector"], told["created"]) == ("tables", 1)

        home.forget_connector("tables")
        home.write()
        program.said(program.err, "was read again: 2 connectors by schedule")
        assert program.end() == 0
    assert titles(home) == {"Toy a", "One"}


def test_an_address_that_is_taken_is_told(home: Home, cli: Cli) -> None:
    home.toy("blocks", schedule=HOURLY)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ended = cli("schedule", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")

    assert ended.exit_code == 2
    assert "in use" in ended.err


def test_a_watch_that_does_not_end_keeps_nobody_waiting_but_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "END_SECONDS", 0.0)
    begun, may_end = queue.Queue[str](), threading.Event()

    class Planned:
        def __init__(self, name: str) -> None:
            self.name, self.watched = name, {("acme", "tables"): name}

        def sync(self, _key: Any, _emit: Any, stop: Stop, *, turns: Any) -> None:
            begun.put(self.name)
            stop.wait(PATIENCE)
            may_end.wait(PATIENCE)

    first, second = Planned("first"), Planned("second")
    watched: Any = beside.Watched(first, 4)  # type: ignore[arg-type]
    watched.start(Scheduler(lambda *_: SyncResult("", "", "")))
    assert begun.get(timeout=PATIENCE) == "first"
    watched.planned(second)
    began_at_once = not begun.empty()
    may_end.set()

    assert begun.get(timeout=PATIENCE) == "second"
    assert not began_at_once
    watched.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "watch tables"]
