"""`postgresql` watched under load: what many writers do is in the store, whoever kills the listener meanwhile."""

from __future__ import annotations

import os
import random
import threading

import pytest

from .crowd import TABLES, Crowd
from .live_tables import CHANNEL, watching
from .tables import Tables

SECONDS = {"test": 3.0, "ci": 20.0, "full": 300.0}
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader' AND pid <> pg_backend_pid()"


def watch_while_they_write(tables: Tables, seconds: float) -> None:
    """When they have ended, the store becomes equal to the source, deletions too; nobody runs a reconcile."""
    crowd = Crowd(tables.schema, writers=6, rows=150, quiet=True, seed=11)
    tables.options["tables"] = list(TABLES)
    connector = tables.connector()
    tables.run(connector.triggers(TABLES, schema=tables.schema.name, notify_channel=CHANNEL))
    chance, over = random.Random(5), threading.Event()
    kills = 0
    with watching(tables) as live:
        timer = threading.Timer(seconds, over.set)
        timer.start()
        with crowd.writing():
            while not over.wait(chance.uniform(0.2, 2.0)):
                tables.run(KILL)
                kills += 1
        live.until(lambda: live.items() == crowd.source())

    assert kills and crowd.commits > 10
    assert tables.reconcile().counts.swept == 0
    assert tables.items() == crowd.source()


def test_what_many_writers_do_is_stored_though_the_listener_is_killed(tables):
    watch_while_they_write(tables, SECONDS["test"])


@pytest.mark.soak
@pytest.mark.timeout(1000)
def test_what_many_writers_do_is_stored_for_a_long_time(tables):
    watch_while_they_write(tables, SECONDS[os.environ.get("SOAK", "full")])
