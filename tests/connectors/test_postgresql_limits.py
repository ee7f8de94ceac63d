"""`postgresql` where its role has limits that were meant for other programs: they end neither a watch nor a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from aragora_sync.connectors.postgresql import PostgreSQLConnector, listening
from aragora_sync.engine.result import Status

from ..servers.postgres import READER
from .live_tables import CHANNEL, watching
from .tables import Tables, insert

WITH_TRANSACTION_TIMEOUT = 170_000


@pytest.fixture
def limit(documents: Tables) -> Iterator[Callable[..., None]]:
    """Gives the role that reads settings of its own, for this test."""

    def give(**settings: str) -> None:
        for name, value in settings.items():
            documents.run(f"ALTER ROLE {READER} SET {name} = '{value}'")

    yield give
    documents.run(f"ALTER ROLE {READER} RESET ALL")


def test_a_listener_that_hears_nothing_for_long_is_not_cut_off(documents, limit, monkeypatch):
    monkeypatch.setattr(listening, "POLL_SECONDS", 3600.0)
    documents.run(PostgreSQLConnector.triggers(["documents"], schema=documents.schema.name, notify_channel=CHANNEL))
    limit(idle_session_timeout="200ms", idle_in_transaction_session_timeout="200ms", statement_timeout="200ms")
    idle = "SELECT 1 FROM pg_stat_activity WHERE query ~ 'LISTEN' AND now() - state_change > '300ms' AND usename = %s"
    with watching(documents) as live:
        live.until(lambda: bool(documents.run(idle, READER)))
        insert(documents, 1)
        live.until(lambda: "documents/1" in live.items())

        assert live.errors() == []


def test_a_reading_is_as_long_as_its_own_timeout_allows(documents, limit):
    if documents.schema.db.info.server_version < WITH_TRANSACTION_TIMEOUT:
        pytest.skip("this server limits no transaction as a whole")
    limit(transaction_timeout="200ms")
    insert(documents, 1)
    documents.options["where"] = "pg_sleep(0.3) IS NOT NULL"

    assert documents.sync().status is Status.OK
    assert set(documents.items()) == {"documents/1"}
