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
from aragora_sync.cli.beside import Watched
from aragora_sync.cli.common import Asked
from aragora_sync.cli.planned import Plan
from aragora_sync.connectors.postgresql import PostgreSQLConnector
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
        assert f"1 connector by schedule, 1 connector told by webhooks at http://{address}" in program.told("READY=1")
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


def test_what_has_no_schedule_is_not_counted_among_those_that_have(
    home: Home, command: Callable[..., list[str]], hub: FakeGitHub
) -> None:
    login = {"GITHUB_TOKEN": CLASSIC, "GITHUB_WEBHOOK_SECRET": SECRET}
    home.add("acme", {"type": "github", "organization": "acme", "base_url": hub.url, "credentials": login})
    address = free_address()
    with running(home, command, "--listen", address) as program:
        assert f"STATUS=1 connector told by webhooks at http://{address}" in program.told("READY=1")


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
        assert "2 connectors by schedule, 1 connector watched" in program.told("READY=1")
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
    assert ended.out == ""
    first, *rest = ended.err.splitlines()
    assert first.endswith("Address already in use.")
    assert [line[:7] for line in rest] == ["  try: "]


@pytest.fixture
def watched(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watched]]:
    """What a configured table is watched with instead of a server."""
    monkeypatch.setattr(beside, "AGAIN_SECONDS", 0.0)
    home.add("acme", {"type": "postgresql", "id": "tables", "database": "d", "notify_channel": "changes"})
    made: list[Watched] = []

    def make(sync: Callable[..., Any]) -> Watched:
        monkeypatch.setattr(Plan, "sync", lambda _plan, key, _emit, stop, *, turns: sync(key, stop))
        made.append(Watched(Plan(Asked(), watch=True), 1))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_watch_that_ends_begins_again_also_after_a_bug(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    begun: queue.Queue[tuple[str, str]] = queue.Queue()

    def sync(key: tuple[str, str], stop: Stop) -> None:
        begun.put(key)
        if begun.qsize() == 1:
            raise RuntimeError("no such thing")
        stop.wait(PATIENCE)

    watch, scheduler = watched(sync), Scheduler(lambda *_: None)
    watch.start(scheduler)
    for _ in range(PATIENCE * 100):
        watch.tick(scheduler)
        if begun.qsize() == 2:
            break
        threading.Event().wait(0.01)

    assert begun.qsize() == 2
    assert "tables of tenant acme: the watch ended unexpectedly" in caplog.text
    assert "RuntimeError: no such thing" in caplog.text


@pytest.fixture
def other(home: Home) -> Callable[[], Plan]:
    """The plan after the channel of the table was changed in the file."""

    def change() -> Plan:
        home.tenants["acme"][0]["notify_channel"] = "others"
        home.write()
        return Plan(Asked(), watch=True)

    return change


def test_what_is_configured_otherwise_is_watched_anew(
    watched: Callable[..., Watched], other: Callable[[], Plan]
) -> None:
    told: queue.Queue[str] = queue.Queue()

    def sync(_key: tuple[str, str], stop: Stop) -> None:
        told.put("begun")
        stop.wait(PATIENCE)
        told.put("ended")

    watch = watched(sync)
    watch.start(Scheduler(lambda *_: None))
    assert told.get(timeout=PATIENCE) == "begun"
    watch.planned(Plan(Asked(), watch=True))  # the same
    watch.planned(other())

    assert [told.get(timeout=PATIENCE) for _ in range(2)] == ["ended", "begun"]
    watch.stop()
    assert told.get(timeout=PATIENCE) == "ended"
    assert told.empty()


def test_a_watch_that_does_not_end_keeps_nobody_waiting_but_its_successor(
    watched: Callable[..., Watched], other: Callable[[], Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "END_SECONDS", 0.0)
    told, may_end = queue.Queue[str](), threading.Event()

    def sync(_key: tuple[str, str], stop: Stop) -> None:
        told.put("begun")
        stop.wait(PATIENCE)
        may_end.wait(PATIENCE)
        told.put("ended")

    watch = watched(sync)
    watch.start(Scheduler(lambda *_: None))
    assert told.get(timeout=PATIENCE) == "begun"
    watch.planned(other())
    assert told.empty()
    may_end.set()

    assert [told.get(timeout=PATIENCE) for _ in range(2)] == ["ended", "begun"]
