"""`postgresql` when the server, the network or the login is at fault: what is said, and what goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from psycopg import errors, sql

from aragora_sync.connectors.postgresql import connections as connections_module
from aragora_sync.connectors.postgresql import patience, reading
from aragora_sync.connectors.postgresql.connections import Connections
from aragora_sync.core.changes import Item
from aragora_sync.core.errors import AragoraSyncError, TransientError
from aragora_sync.core.stop import Stopped
from aragora_sync.engine.result import Status
from aragora_sync.engine.stop import Stop, StopReason

from ..servers.postgres import PASSWORD, READER
from ..servers.proxy import proxy_to
from .tables import Nothing, insert


def fill(tables, rows: int = 3000) -> None:
    tables.run(f"INSERT INTO documents SELECT g, 'title ' || g, repeat('text ', 40) FROM generate_series(1, {rows}) g")


# A server that is frozen


@contextlib.contextmanager
def frozen(connection: Any) -> Iterator[None]:
    """The process of this connection goes on only afterwards."""
    process = connection.info.backend_pid
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.fixture
def stopping(documents, monkeypatch) -> Iterator[tuple[Connections, Stop]]:
    """Connections of a run that may be stopped."""
    monkeypatch.setattr(patience, "STOP_SECONDS", 0.0)
    stop = Stop()
    connections = Connections(documents.connector()._server(), stop)
    yield connections, stop
    connections.close()


def test_a_run_ends_also_where_the_server_does_not_answer_any_more(stopping):
    connections, stop = stopping
    with pytest.raises(Stopped), connections.transaction() as connection, frozen(connection):
        stop.request(StopReason.TERMINATE)
        connection.execute("SELECT 1")

    assert connection.closed


def test_a_run_ends_also_in_the_middle_of_the_rows(stopping):
    connections, stop = stopping
    query = sql.SQL("SELECT g, repeat('x', 10000) FROM generate_series(1, 20000) g")
    with pytest.raises(Stopped), connections.transaction() as connection:
        rows = connections.stream(connection, query, 10)
        next(rows)
        with frozen(connection):
            stop.request(StopReason.TERMINATE)
            for _ in rows:
                pass

    assert connection.closed


def test_an_answer_that_is_on_its_way_is_waited_for(stopping, monkeypatch):
    monkeypatch.setattr(patience, "STOP_SECONDS", 60.0)
    connections, stop = stopping
    with connections.transaction() as connection:
        stop.request(StopReason.TERMINATE)
        assert connection.execute("SELECT pg_sleep(0.3), 7").fetchone()[1] == 7


@pytest.fixture
def impatient(documents, monkeypatch) -> Iterator[Connections]:
    """Connections that give up soon; nobody stops them."""
    monkeypatch.setattr(connections_module, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(connections_module, "CONNECT_SECONDS", 2)
    connections = Connections(replace(documents.connector()._server(), timeout=0.1))
    yield connections
    connections.close()


def test_a_server_that_says_nothing_is_tried_later_though_nobody_stops_the_run(impatient):
    with (
        pytest.raises(TransientError, match="said nothing for longer"),
        impatient.transaction() as connection,
        frozen(connection),
    ):
        connection.execute("SELECT 1")

    assert connection.closed


def test_rows_that_stop_coming_are_tried_later(impatient):
    query = sql.SQL("SELECT g, repeat('x', 10000) FROM generate_series(1, 20000) g")
    with pytest.raises(TransientError, match="said nothing"), impatient.transaction() as connection:
        impatient.unlimit(connection)
        connection.patience.limited = True
        rows = impatient.stream(connection, query, 10)
        next(rows)
        with frozen(connection):
            for _ in rows:
                pass


@pytest.mark.parametrize("places", [-1, 0], ids=["lets us in", "is full"])
def test_a_view_may_take_its_time_while_the_server_lives(impatient, documents, places):
    with impatient.transaction() as connection:
        documents.run(f"ALTER ROLE reader CONNECTION LIMIT {places}")
        impatient.unlimit(connection)
        try:
            assert connection.execute("SELECT pg_sleep(0.6), 7").fetchone()[1] == 7
        finally:
            documents.run("ALTER ROLE reader CONNECTION LIMIT -1")


def test_a_view_of_a_frozen_server_is_tried_later(impatient, documents):
    postmaster = int((documents.server.data / "postmaster.pid").read_text().splitlines()[0])
    with pytest.raises(TransientError, match="said nothing"), impatient.transaction() as connection:
        impatient.unlimit(connection)
        os.kill(postmaster, signal.SIGSTOP)
        try:
            with frozen(connection):
                connection.execute("SELECT pg_sleep(0.1)")
        finally:
            os.kill(postmaster, signal.SIGCONT)


def test_nobody_logs_in_for_a_run_that_was_stopped(stopping):
    connections, stop = stopping
    stop.request(StopReason.TERMINATE)
    with pytest.raises(Stopped), connections.transaction():
        pass


# The login


@pytest.mark.parametrize(
    ("options", "status", "message", "hint"),
    [
        (
            {"credentials": {"POSTGRES_USER": READER, "POSTGRES_PASSWORD": "wrong-password"}},
            Status.NEEDS_LOGIN,
            'refused the login of reader: password authentication failed for user "reader"',
            "POSTGRES_PASSWORD",
        ),
        (
            {"credentials": {"POSTGRES_USER": READER}},
            Status.NEEDS_LOGIN,
            "asks reader for a password, and there is none",
            "ARAGORA_POSTGRES_PASSWORD",
        ),
        ({"credentials": None}, Status.NEEDS_LOGIN, "has no POSTGRES_USER", "ARAGORA_"),
        ({"database": "nowhere"}, Status.MISCONFIGURED, "has no database 'nowhere'", "'database'"),
        ({"schema": "nowhere"}, Status.FAILED, "the database has no schema 'nowhere'", "'schema'"),
        ({"port": 1}, Status.TRY_LATER, "cannot be reached: Connection refused", "host and port"),
        ({"host": "no.such.host.invalid"}, Status.TRY_LATER, "cannot be reached: failed to resolve", "host and port"),
        ({"sslmode": "require"}, Status.MISCONFIGURED, "server does not support SSL", "sslmode: disable"),
    ],
    ids=["password", "none", "user", "database", "schema", "port", "host", "tls"],
)
def test_who_cannot_log_in_is_told_why_and_what_to_do(documents, options, status, message, hint, monkeypatch):
    monkeypatch.setattr("aragora_sync.net.retry.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("aragora_sync.net.retry.LONGEST_WAIT_SECONDS", 0.001)
    insert(documents, 1)
    documents.sync()
    documents.options |= options
    result = documents.sync()

    assert result.status is status
    assert message in result.errors[0]
    assert hint in result.stream_errors[0].hint
    assert "wrong-password" not in f"{result}"
    assert list(documents.items()) == ["documents/1"]


def test_a_server_elsewhere_must_prove_who_it_is(documents):
    assert documents.connector(host="db.example.com")._server().sslmode == "verify-full"
    assert documents.connector(host="db.example.com", sslmode="require")._server().sslmode == "require"
    assert documents.connector(host="/run/postgresql")._server().sslmode == "prefer"


def test_a_login_shows_no_password(documents):
    server = documents.connector()._server()

    assert PASSWORD not in repr(server)
    assert PASSWORD not in repr(Connections(server))


def test_the_check_tells_how_each_table_is_read(documents, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.postgresql.SCANNED_BYTES", -1)
    documents.run("CREATE TABLE big (id int PRIMARY KEY, body text); INSERT INTO big VALUES (1, 'text')")
    documents.run("CREATE TABLE heap (body text)")
    documents.run("CREATE TABLE secret (id int PRIMARY KEY); REVOKE ALL ON secret FROM reader")
    documents.run("ALTER TABLE documents ENABLE ROW LEVEL SECURITY")
    checks = {check.name: check for check in documents.connector().check()}

    assert checks["connection"].ok
    assert "row-level security may hide rows of it" in checks["documents"].message
    assert "each run looks through all of it" in checks["big"].message
    assert (checks["heap"].ok, checks["secret"].ok) == (False, False)
    assert "GRANT SELECT" in checks["secret"].hint
    assert not next(iter(documents.connector(port=1).check())).ok


# The connection


def test_13_a_backend_that_is_ended_in_the_middle_is_followed_by_another(documents, monkeypatch):
    monkeypatch.setattr(reading, "GROUP_BYTES", 20_000)
    fill(documents)
    monkeypatch.setattr(reading, "FETCHED_ROWS", 100)
    calls = []
    take = reading.Chunk.take

    def end_backend(chunk, rows):
        calls.append(len(rows))
        if len(calls) in (4, 9):
            documents.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        return take(chunk, rows)

    monkeypatch.setattr(reading.Chunk, "take", end_backend)
    result = documents.sync()

    assert len(calls) > 9
    assert result.success, result.errors
    assert (result.counts.created, len(documents.items())) == (3000, 3000)


def test_a_connection_cut_in_the_middle_of_a_page_goes_on_from_the_last_one(documents):
    fill(documents)
    with proxy_to(documents.server.port) as proxy:
        documents.options |= {"port": proxy.port, "max_retries": 5}
        proxy.cut_after, proxy.cuts = 300_000, 3
        result = documents.sync()

        assert proxy.cuts < 3
    assert result.success, result.errors
    assert (result.counts.created, len(documents.items())) == (3000, 3000)


def test_a_server_that_restarts_is_waited_for(documents, monkeypatch):
    fill(documents, 200)
    connector = documents.connector()
    connector.open()
    (stream,) = connector.streams([])
    documents.schema.db.close()
    documents.server.restart()
    documents.schema.db = documents.server.connect(options=f"-c search_path={documents.schema.name}")
    said = list(connector.read(stream, None, Nothing()))
    connector.close()

    assert len([change for change in said if isinstance(change, Item)]) == 200


def test_a_connection_that_never_comes_is_given_up_for_now(documents, monkeypatch):
    monkeypatch.setattr("aragora_sync.net.retry.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("aragora_sync.net.retry.LONGEST_WAIT_SECONDS", 0.001)
    with proxy_to(documents.server.port) as proxy:
        proxy.refuse = True
        documents.options["port"] = proxy.port

        assert documents.sync().status is Status.TRY_LATER


def test_12_a_query_that_takes_too_long_says_what_to_do(documents):
    insert(documents, 1)
    documents.options |= {"where": "pg_sleep(5) IS NOT NULL", "timeout": 1}
    result = documents.sync()

    assert result.errors == ["documents: a query took longer than 1 seconds."]
    assert "timeout" in result.stream_errors[0].hint


def test_a_table_that_is_locked_is_tried_later(documents, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.postgresql.connections.LOCK_SECONDS", 0.05)
    insert(documents, 1)
    other = documents.schema.connect()
    other.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
    documents.options["max_retries"] = 1
    result = documents.sync()
    other.rollback()
    other.close()

    assert result.status is Status.TRY_LATER
    assert documents.sync().success


def test_no_more_connections_are_opened_than_allowed(documents):
    for number in range(8):
        documents.run(f"CREATE TABLE t{number} AS SELECT g AS id, 'x' AS body FROM generate_series(1, 2000) g")
        documents.run(f"ALTER TABLE t{number} ADD PRIMARY KEY (id)")
    documents.run("ALTER ROLE reader CONNECTION LIMIT 2")
    try:
        documents.options["pool_size"] = 2
        result = documents.sync()
    finally:
        documents.run("ALTER ROLE reader CONNECTION LIMIT -1")

    assert result.success, result.errors
    assert documents.connector(pool_size=3, parallel=9).parallel == 3
    assert documents.connector(pool_size=3).parallel == 3


def test_nothing_can_be_written_by_a_reading(documents):
    server = documents.connector(credentials={"POSTGRES_USER": "owner", "POSTGRES_PASSWORD": PASSWORD})._server()
    connections = Connections(server)
    with pytest.raises(AragoraSyncError, match="read-only"), connections.transaction("documents") as connection:
        connection.execute(f"DELETE FROM {documents.schema.name}.documents")
    connections.close()


def test_21_a_standby_tells_of_late_commits_too(documents):
    slow = documents.schema.connect()
    slow.execute("INSERT INTO documents VALUES (1, 'late', 'late')")
    slow.execute("SAVEPOINT inner_part")
    slow.execute("INSERT INTO documents VALUES (2, 'late', 'late')")
    insert(documents, 3)
    follower = documents.server.standby()
    try:
        documents.options["port"] = follower.port

        def catch_up() -> None:
            (here,) = documents.run("SELECT pg_current_wal_lsn()::text")
            with follower.connect() as db:
                while not db.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", here).fetchone()[0]:
                    db.execute("SELECT pg_sleep(0.02)")

        catch_up()
        assert documents.sync().success
        assert set(documents.items()) == {"documents/3"}
        slow.commit()
        catch_up()
        documents.sync()
        assert set(documents.items()) == {"documents/1", "documents/2", "documents/3"}
    finally:
        slow.close()
        follower.remove()


def test_a_standby_that_breaks_off_readings_says_what_to_set(documents):
    server = documents.connector()._server()
    with pytest.raises(TransientError) as refused, connections_module.explained(server):
        raise errors.SerializationFailure("canceling statement due to conflict with recovery")

    assert "hot_standby_feedback" in refused.value.hint


def test_a_restored_server_is_read_anew(documents):
    """Numbers of transactions that are ahead of the server's own come from another history."""
    insert(documents, 1)
    documents.sync()
    (cursor,) = documents.connector().load_state().cursors.values()
    cursor["since"]["floor"] += 1_000_000
    with pytest.raises(AragoraSyncError, match="back in time"):
        documents.read("documents", cursor)


def test_a_database_without_an_encoding_is_read(documents, tmp_path):
    with documents.server.connect("postgres") as db:
        db.execute("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with documents.server.connect("bytes") as db:
        db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text)")
        db.execute("GRANT SELECT ON notes TO reader")
        db.execute("INSERT INTO notes VALUES (1, E'caf\\xe9')")
    documents.options |= {"database": "bytes", "schema": "public"}
    result = documents.sync()

    assert result.success, result.errors
    assert documents.items() == {"notes/1": "café"}


def test_libpq_may_look_up_the_password(documents, tmp_path, monkeypatch):
    insert(documents, 1)
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:{documents.server.port}:*:{READER}:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    documents.options["credentials"] = {"POSTGRES_USER": READER}

    assert documents.sync().success
