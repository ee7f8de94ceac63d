"""A real pgbouncer in front of a PostgreSQL: each transaction may get another session."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .binaries import free_port, give_away, missing, unprivileged
from .postgres import DATABASE, PASSWORD, READER, Postgres

SETTINGS = """[databases]
{database} = host=127.0.0.1 port={server} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/log
unix_socket_dir =
"""


@contextlib.contextmanager
def pgbouncer(server: Postgres) -> Iterator[int]:
    """The port of a pooler that gives two sessions to whoever asks, transaction by transaction."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        missing("pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    port = free_port()
    (folder / "users").write_text(f'"{READER}" "{PASSWORD}"\n')
    settings = SETTINGS.format(database=DATABASE, server=server.port, port=port, folder=folder)
    (folder / "settings").write_text(settings)
    for path in (folder, *folder.iterdir()):
        give_away(path)
    process = subprocess.Popen([program, str(folder / "settings")], stderr=subprocess.DEVNULL, **unprivileged())
    try:
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
