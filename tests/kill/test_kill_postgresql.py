"""The real program on tables, killed at random moments: afterwards one run holds every row, a reconcile no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..servers.postgres import DATABASE, PASSWORD, READER, Schema, postgres, schema
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

__all__ = ["postgres", "schema"]

TABLES = ("one", "two")
ROWS = 3000  # of each table; more than one query reads
SPAN = {"earliest": 0.4, "latest": 1.6}  # seconds: the driver alone takes a while to load


class TableDesk(KillDesk):
    """Two tables that are edited, while a transaction of somebody else stays open."""

    reports_deletes = False

    def __init__(self, folder: Path, seed: int, schema: Schema) -> None:
        super().__init__(folder, seed)
        self.schema = schema
        self.number = ROWS
        for name in TABLES:
            schema.run(f"CREATE TABLE {name} (id int PRIMARY KEY, body text, updated_at timestamptz DEFAULT now())")
            schema.run(f"INSERT INTO {name} SELECT g, 'first ' || g FROM generate_series(1, {self.some(ROWS)}) g")
        self.slow = schema.connect()

    def connector(self) -> dict[str, Any]:
        where = {"host": "127.0.0.1", "port": self.schema.server.port, "database": DATABASE}
        login = {"POSTGRES_USER": READER, "POSTGRES_PASSWORD": PASSWORD}
        return {"type": "postgresql", **where, "schema": self.schema.name, "tables": [*TABLES], "credentials": login}

    def edit(self) -> None:
        """A third of the rows; what the slow writer did before becomes visible only now."""
        self.slow.commit()
        for table, other in (TABLES, TABLES[::-1]):
            chance = f"hashint4(id + {self.random.randrange(10**6)}) & 255"
            self.schema.run(f"UPDATE {table} SET body = 'edited {self.random.random()}' WHERE {chance} < 60")
            self.schema.run(f"DELETE FROM {table} WHERE {chance} BETWEEN 60 AND 64")
            moved = f"DELETE FROM {table} WHERE {chance} BETWEEN 70 AND 72 RETURNING id, body"
            self.schema.run(
                f"WITH m AS ({moved}) INSERT INTO {other} SELECT id + 100000, body FROM m ON CONFLICT DO NOTHING"
            )
            self.number += 30
            self.schema.run(
                f"INSERT INTO {table} SELECT g, 'new' FROM generate_series({self.number}, {self.number + 29}) g"
            )
        self.slow.execute(f"UPDATE one SET body = 'late {self.random.random()}' WHERE id % 97 = 1")  # type: ignore[call-overload]

    def check(self) -> None:
        self.slow.commit()
        super().check()

    def source(self) -> dict[str, str]:
        rows = " UNION ALL ".join(f"SELECT '{name}/' || id, body FROM {name}" for name in TABLES)
        return dict(self.schema.run(rows))  # type: ignore[arg-type]


@pytest.fixture
def make_desk(tmp_path: Path, schema: Schema) -> Iterator[Any]:
    made: list[TableDesk] = []

    def make(seed: int) -> TableDesk:
        made.append(TableDesk(tmp_path, seed, schema))
        return made[-1]

    yield make
    for desk in made:
        desk.slow.close()


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_no_row(make_desk, seed):
    make_desk(seed).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_no_row(make_desk, seed):
    make_desk(seed).kill_and_compare(share_of(soak_size(25, 200)), **SPAN)
