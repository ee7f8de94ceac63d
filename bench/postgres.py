"""A table of a million rows: the server that holds it, the floor beside it, and what is done to it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .items import HASH, MICROS, TRANSACTION, write_bare
from .latency import Edit

CHANNEL = "document_changes"
COLUMNS = "id, title, body, summary, updated_at"
TABLE = """
CREATE TABLE documents (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL, summary text NOT NULL,
  updated_at timestamptz NOT NULL);
INSERT INTO documents SELECT g, 'Document number ' || g || ' about topic ' || g % 997,
  (SELECT string_agg(md5((g * 12 + n)::text), CASE n WHEN 7 THEN E'\\n' ELSE ' ' END) FROM generate_series(1, 12) n),
  'Summary of document ' || g || ': ' || md5((g * 13)::text), timestamptz '2026-01-01 00:00:00+00' + g * interval '1 s'
FROM generate_series(1, {rows}) g;
CREATE INDEX ON documents (updated_at, id);
VACUUM ANALYZE documents;
"""
TOUCH = """
UPDATE documents SET title = 'Edited ' || id, updated_at = clock_timestamp()
WHERE id IN (SELECT 1 + i * (SELECT max(id) FROM documents) / {changed} FROM generate_series(0, {changed} - 1) i)
"""


@contextlib.contextmanager
def server(rows: int) -> Iterator[str]:
    """The address of a server of this bench's own, whose table has so many rows of about 530 bytes."""
    from tests.servers.postgres import DATABASE, OWNER, PASSWORD, SETTINGS, Postgres, binaries

    postgres = Postgres(binaries(), {**SETTINGS, "shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "off"})
    postgres.create()
    try:
        with postgres.connect() as db:
            for statement in TABLE.format(rows=rows).split(";\n")[:-1]:
                db.execute(statement)  # type: ignore[call-overload]
        yield f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{postgres.port}/{DATABASE}"
    finally:
        postgres.remove()


def touch(address: str, changed: int) -> None:
    """So many rows, spread evenly, are edited now."""
    import psycopg

    with psycopg.connect(address) as db:
        db.execute(TOUCH.format(changed=changed))  # type: ignore[call-overload]


@contextlib.contextmanager
def editing(address: str) -> Iterator[Edit]:
    """Edits rows, of which the trigger tells."""
    import psycopg

    from aragora_sync.connectors.postgresql import PostgreSQLConnector

    update = "UPDATE documents SET title = %s, updated_at = clock_timestamp() WHERE id = %s"
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(PostgreSQLConnector.triggers(["documents"], notify_channel=CHANNEL))  # type: ignore[call-overload]

        def edit(row: int, title: str) -> str:
            db.execute(update, (title, row))
            return f"documents/{row}"

        yield edit


def configuration(folder: Path, address: str) -> list[str]:
    """Arguments of `aragora-sync run` for this table; the password comes from the environment."""
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    (folder / "connectors.yaml").write_text(
        f"connectors:\n  - {{type: postgresql, id: documents, host: {parts.hostname}, port: {parts.port}, "
        f"database: {parts.path[1:]}, tables: [documents], content_columns: [title, body, summary], "
        f"notify_channel: {CHANNEL}}}\n"
    )
    os.environ.update({"ARAGORA_POSTGRES_USER": str(parts.username), "ARAGORA_POSTGRES_PASSWORD": str(parts.password)})
    where = ["--config", "connectors.yaml", "--store", "store", "--state-dir", "state"]
    return ["run", "--no-index", *[str(folder / each) if not each.startswith("--") else each for each in where]]


def floor(address: str, folder: Path) -> None:
    """The same columns read by COPY, and the same rows into the same tables and indexes: nothing else."""
    import psycopg

    from aragora_sync.store.connect import open_writer

    db = open_writer(folder / "floor.db")
    entries, bodies = [], []
    with psycopg.connect(address) as source, source.cursor().copy(f"COPY documents ({COLUMNS}) TO STDOUT") as copy:
        for key, (row, title, body, summary, _) in enumerate(copy.rows(), 1):
            entries.append((1, f"documents/{row}", "row", "", "1", MICROS, HASH, 1, key, MICROS, None, None, key))
            text = f"{title}\n\n{body}\n\n{summary}"
            bodies.append((key, 1, f"documents/{row}", title, text, "", "", None, "{}", None))
            if key % TRANSACTION == 0:
                write_bare(db, entries, bodies)
                entries, bodies = [], []
    db.close()


if __name__ == "__main__":
    floor(os.environ["ADDRESS"], Path(sys.argv[1]))
