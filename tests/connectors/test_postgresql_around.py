"""`postgresql` with what stands around a server in earnest: TLS, a pooler, older versions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector
from aragora_sync.engine.result import Status

from ..servers.binaries import give_away, missing
from ..servers.certificates import make_certificates
from ..servers.pgbouncer import pgbouncer
from ..servers.postgres import Postgres, Schema, installed
from ..servers.proxy import proxy_to
from .live_tables import CHANNEL, watching
from .tables import DOCUMENTS, Tables, insert

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def secured() -> Iterator[Postgres]:
    """A server that speaks TLS, which that of the wheel does not."""
    found = [place for place in installed() if place.is_relative_to("/usr/lib/postgresql")]
    server = Postgres(found[0] if found else missing("a PostgreSQL with TLS (apt install postgresql)"))
    server.create()
    server.stop()
    make_certificates(server.folder, "db.example.com")
    for name in ("server.crt", "server.key"):
        shutil.move(server.folder / name, server.data / name)
        give_away(server.data / name)
    server.settings["ssl"] = "on"
    server.start()
    yield server
    server.remove()


@pytest.fixture
def private(secured: Postgres, tmp_path: Path) -> Iterator[Tables]:
    tables = Tables(tmp_path, Schema(secured))
    tables.run(DOCUMENTS)
    insert(tables, 1)
    tables.options["tables"] = ["documents"]
    yield tables
    tables.schema.drop()


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_a_server_that_proves_who_it_is(private, sslmode):
    authority = private.server.folder / "authority.crt"
    private.options |= {"sslmode": sslmode, "sslrootcert": authority}

    assert private.sync().success


def test_an_authority_of_the_system_is_trusted(private, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(private.server.folder / "authority.crt"))
    private.options["sslmode"] = "verify-full"

    assert private.sync().success


def test_a_server_that_nobody_vouches_for_is_refused(private, monkeypatch, tmp_path):
    other = make_certificates(tmp_path, "db.example.com")
    private.options |= {"sslmode": "verify-full", "sslrootcert": other}
    result = private.sync()

    assert result.status is Status.MISCONFIGURED
    assert "certificate verify failed" in result.errors[0]
    assert "sslrootcert" in result.stream_errors[0].hint


def test_a_server_under_another_name_is_refused(private):
    private.options |= {
        "host": "localhost",
        "sslmode": "verify-full",
        "sslrootcert": private.server.folder / "authority.crt",
    }
    result = private.sync()

    assert result.status is Status.MISCONFIGURED
    assert "does not match" in result.errors[0]


def test_a_missing_file_of_an_authority_is_said(private):
    private.options |= {"sslmode": "verify-full", "sslrootcert": "/nowhere/root.crt"}
    result = private.sync()

    assert result.status is Status.MISCONFIGURED
    assert "/nowhere/root.crt" in result.errors[0]


def test_through_a_pooler(documents):
    for number in range(6):
        documents.run(f"CREATE TABLE t{number} (id int PRIMARY KEY, body text, updated_at timestamptz DEFAULT now())")
        documents.run(f"INSERT INTO t{number} SELECT g, 'text' FROM generate_series(1, 300) g")
    with pgbouncer(documents.server) as port:
        documents.options |= {"port": port, "pool_size": 4}
        assert documents.sync().counts.created == 1800
        documents.run("UPDATE t3 SET body = 'edited'")

        assert documents.sync().counts.updated == 300
        assert documents.reconcile().success


@pytest.mark.soak
@pytest.mark.parametrize("further", [0, 300], ids=["as many transactions", "fewer transactions"])
def test_a_standby_that_takes_over_without_the_latest_changes(documents, further):
    """What it lacks is taken back, and what is written there afterwards is found, whatever its numbers are."""
    schema = documents.schema.name
    documents.run(PostgreSQLConnector.triggers(["documents"], schema=schema, notify_channel=CHANNEL))
    for number in (1, 2):
        insert(documents, number)
    standby = documents.server.standby()
    standby.stop("fast")
    insert(documents, 3)
    documents.run("UPDATE documents SET body = 'lost' WHERE id = 1; DELETE FROM documents WHERE id = 2")
    for _ in range(further):
        documents.run("SELECT pg_current_xact_id()")
    try:
        with proxy_to(documents.server.port) as proxy, watching(documents, port=proxy.port) as live:
            live.until(lambda: set(live.items()) == {"documents/1", "documents/3"})
            take_over(standby)
            proxy.target = standby.port
            proxy.cut()
            with standby.connect() as db:
                db.execute(f"INSERT INTO {schema}.documents VALUES (3, 'another', 'text')")  # type: ignore[arg-type]
            live.until_held(
                {f"documents/{n}": f"{t}\n\ntext" for n, t in enumerate(("title 1", "title 2", "another"), 1)}
            )
    finally:
        standby.remove()


def take_over(standby: Postgres) -> None:
    """It follows nobody any more."""
    with (standby.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("primary_conninfo = ''\n")
    standby.start()
    standby.call("pg_ctl", "-D", str(standby.data), "-w", "promote")


@pytest.mark.parametrize("place", installed(), ids=str)
def test_each_version_that_is_here(place, tmp_path):
    server = Postgres(place)
    server.create()
    try:
        tables = Tables(tmp_path, Schema(server))
        tables.run(DOCUMENTS)
        insert(tables, 1)
        slow = tables.schema.connect()
        slow.execute("SAVEPOINT a")
        slow.execute("INSERT INTO documents VALUES (2, 'late', 'late')")
        tables.sync()
        slow.commit()
        slow.close()
        tables.run("UPDATE documents SET body = 'edited' WHERE id = 1")
        tables.sync()

        assert set(tables.items().values()) == {"title 1\n\nedited", "late\n\nlate"}
        assert tables.reconcile().counts.unchanged == 2
        tables.schema.drop()
    finally:
        server.remove()
