"""Many writers at once, whose transactions stay open for a while."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections.abc import Iterator
from typing import Any

import psycopg

from ..servers.postgres import Schema

TABLES = ("one", "two", "three")
TABLE = """CREATE TABLE {name} (id int PRIMARY KEY, body text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON {name} (updated_at)"""
LONGEST_SECONDS = 1.5  # that a transaction stays open


class Crowd:
    """Inserts, edits, deletes, moves between tables, savepoints, rollbacks. With `quiet`, some edits set no time."""

    def __init__(self, schema: Schema, *, writers: int, rows: int, quiet: bool, seed: int) -> None:
        self.schema = schema
        self.quiet = quiet
        self.seed = seed
        self.writers = writers
        self.failures: list[BaseException] = []
        self.commits = 0
        self._ids = itertools.count(rows)
        self._stop = threading.Event()
        for name in TABLES:
            for statement in TABLE.format(name=name).split(";"):
                schema.run(statement)
            schema.run(f"INSERT INTO {name} SELECT g, 'first ' || g FROM generate_series(0, {rows - 1}) g")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """While the block runs, they write; all have committed when it ends."""
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(self.writers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        assert not self.failures, self.failures

    def source(self) -> dict[str, str]:
        """What is there, by id."""
        rows = " UNION ALL ".join(f"SELECT '{name}/' || id, body FROM {name}" for name in TABLES)
        return dict(self.schema.run(rows))  # type: ignore[arg-type]

    def _write(self, number: int) -> None:
        chance = random.Random(f"{self.seed}.{number}")
        with self.schema.connect() as db:
            while not self._stop.is_set():
                try:
                    for _ in range(chance.randint(1, 4)):
                        self._act(db, chance)
                    db.execute("SELECT pg_sleep(%s)", (chance.random() ** 3 * LONGEST_SECONDS,))
                    db.rollback() if chance.random() < 0.15 else db.commit()
                    self.commits += 1
                except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation):
                    db.rollback()
                except BaseException as error:
                    self.failures.append(error)
                    raise

    def _act(self, db: psycopg.Connection[Any], chance: random.Random) -> None:
        table, other = chance.sample(TABLES, 2)
        body = f"by {threading.get_ident()} {chance.random()}"
        some = f"(SELECT id FROM {table} ORDER BY md5(id::text || '{chance.random()}') LIMIT 3)"
        time = "" if self.quiet and chance.random() < 0.3 else ", updated_at = now()"
        edit = f"UPDATE {table} SET body = '{body}'{time} WHERE id IN {some}"
        match chance.randrange(8):
            case 0 | 1:
                self._run(db, f"INSERT INTO {table} VALUES ({next(self._ids)}, '{body}', now())")
            case 2:
                self._run(db, f"DELETE FROM {table} WHERE id IN {some}")
            case 3:
                moved = f"DELETE FROM {table} WHERE id IN {some} RETURNING id"
                self._run(db, f"WITH gone AS ({moved}) INSERT INTO {other} SELECT id, '{body}', now() FROM gone")
            case 4:
                self._run(db, "SAVEPOINT inner_part")
                self._run(db, edit)
                self._run(db, chance.choice(["RELEASE inner_part", "ROLLBACK TO inner_part"]))
            case _:
                self._run(db, edit)

    def _run(self, db: psycopg.Connection[Any], statement: str) -> None:
        db.execute(statement)  # type: ignore[call-overload]
