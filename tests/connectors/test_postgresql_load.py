"""`postgresql` under load: nothing that many writers do at once is lost."""

from __future__ import annotations

import os
import time

import pytest

from aragora_sync.connectors.postgresql import catalog, reading
from aragora_sync.engine.result import Status

from .crowd import TABLES, Crowd

SECONDS = {"test": 4.0, "ci": 20.0, "full": 300.0}


def sync_while_they_write(tables, monkeypatch, *, looked_up: bool, seconds: float) -> None:
    """Afterwards one run holds every row as it is; a reconcile also knows which are gone."""
    if looked_up:
        monkeypatch.setattr(catalog, "SCANNED_BYTES", -1)
    for name in ("FIRST_ROWS", "MOST_ROWS", "PROBED_ROWS"):
        monkeypatch.setattr(reading, name, 40)
    crowd = Crowd(tables.schema, writers=8, rows=150, quiet=not looked_up, seed=7)
    tables.options["tables"] = list(TABLES)
    until, runs = time.monotonic() + seconds, 0
    with crowd.writing():
        while time.monotonic() < until or runs <= 5 or crowd.commits <= 20:
            result = tables.reconcile() if runs % 5 == 4 else tables.sync()
            assert result.status is Status.OK, result.errors
            runs += 1
    tables.sync()
    source, held = crowd.source(), tables.items()

    assert runs > 5 and crowd.commits > 20
    assert {item_id: held.get(item_id) for item_id in source} == source
    tables.reconcile()
    assert tables.items() == source


@pytest.mark.parametrize("looked_up", [False, True], ids=["looked through", "looked up"])
def test_rows_of_many_writers_are_all_there(tables, monkeypatch, looked_up):
    sync_while_they_write(tables, monkeypatch, looked_up=looked_up, seconds=SECONDS["test"])


@pytest.mark.soak
@pytest.mark.timeout(1000)
@pytest.mark.parametrize("looked_up", [False, True], ids=["looked through", "looked up"])
def test_rows_of_many_writers_are_all_there_for_a_long_time(tables, monkeypatch, looked_up):
    seconds = SECONDS[os.environ.get("SOAK", "full")]

    sync_while_they_write(tables, monkeypatch, looked_up=looked_up, seconds=seconds)
