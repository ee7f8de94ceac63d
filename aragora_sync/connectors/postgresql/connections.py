"""Connections: made alike, kept for the next question, their errors in the user's words."""

from __future__ import annotations

import contextlib
import functools
import queue
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from ...core.errors import (
    AccessError,
    AragoraSyncError,
    ConfigError,
    CredentialError,
    SourceError,
    TransientError,
)
from ...core.stop import NoStop, Stopped, StopSign
from ...net.retry import retried
from .catalog import as_bytes, gives_bytes
from .patience import GRACE_SECONDS, Patience, connect

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

CONNECT_SECONDS = 10
LOCK_SECONDS = 10
OLDEST_SERVER = 130_000

# Set in each transaction, not in the session: a pooler between may give every transaction another session.
_BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {timeout}; "
    "SET LOCAL lock_timeout = {lock_timeout}; SET LOCAL idle_in_transaction_session_timeout = 600000; "
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; "
    "SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = '{encoding}'"
)
# Limits of the role or the database, which would end a session that listens or a long reading; older servers lack them.
_NO_IDLE_LIMIT = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
_NO_LIMIT_AS_A_WHOLE, KNOWS_LIMIT_AS_A_WHOLE = "; SET LOCAL transaction_timeout = 0", 170_000
_PASSING = ("08", "57P01", "57P02", "57P03", "40001", "40P01", "53", "55P03", "25P03", "25P04")
_OF_ONE_ROW = ("22", "23", "54000", "54001", "P0001", "XX001", "XX002")  # its values, or how they are kept
_BUSY = ("too many", "slots", "starting up", "shutting down", "not currently accepting", "recovery")
FULL_QUEUE = (
    "end the session that listens and leaves its transaction open; the server's log names its process where it warns "
    "of the NOTIFY queue"
)
STANDBY = (
    "set hot_standby_feedback on that standby, or raise its max_standby_streaming_delay; or read the primary server"
)
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}


@dataclass(frozen=True, slots=True)
class Server:
    """Where to log in and as whom; libpq looks for a password that is None in its own password file."""

    host: str
    port: int
    database: str
    user: str
    password: str | None
    sslmode: str
    sslrootcert: str
    application: str
    timeout: float  # seconds that one statement may take

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Server {self}>"

    @property
    def parameters(self) -> dict[str, Any]:
        """What libpq is told; nothing of it is left to its environment but the password."""
        tls = {"sslmode": self.sslmode, **({"sslrootcert": self.sslrootcert} if self.sslrootcert else {})}
        return {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "application_name": self.application,
            "hostaddr": "",
            "options": "",
            "connect_timeout": CONNECT_SECONDS,
            "client_encoding": "utf8",
            **tls,
            **_KEEPALIVE,
        }


class UnreadableRow(SourceError):
    """One of the rows cannot be read; the others can."""


class Connections:
    """Connections to one server, one for each transaction under way; given back, they serve the next."""

    def __init__(self, server: Server, stop: StopSign | None = None) -> None:
        self.server = server
        self._stop = stop or NoStop()
        self._idle: queue.LifoQueue[psycopg.Connection[Any]] = queue.LifoQueue()

    @contextlib.contextmanager
    def transaction(self, table: str = "…", first: sql.Composed | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A transaction that only reads, all of it from one snapshot, which is taken after the statement `first`.

        `table` is what a hint names.
        """
        connection = self._begun()
        try:
            with explained(self.server, table):
                if first is not None:
                    connection.execute(first)
                yield connection
                connection.execute("COMMIT")
        except BaseException:
            connection.close()  # whatever state it is in
            raise
        self._idle.put(connection)

    @contextlib.contextmanager
    def listening(self, channels: Sequence[str]) -> Iterator[psycopg.Connection[Any]]:
        """A connection of its own that hears what is announced on these channels."""
        from psycopg import errors, sql

        connection = retried(self._connect)
        try:
            with explained(self.server):
                try:
                    connection.execute(cast("Any", _NO_IDLE_LIMIT))
                    if raw := gives_bytes(connection):  # else the session ends at the first odd byte
                        connection.execute("SET client_encoding = 'LATIN1'")
                    for channel in map(as_bytes, channels) if raw else channels:
                        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                except errors.ReadOnlySqlTransaction as error:
                    raise SourceError(
                        f"PostgreSQL at {self.server} is a standby, which announces nothing.",
                        hint="name the primary server in the option 'host', or leave out 'notify_channel'",
                    ) from error
                yield connection
        finally:
            connection.close()

    def announce(self, channel: str) -> float:
        """Whoever listens on this channel hears of it; which share of the queue of notifications is full."""
        from psycopg import sql

        asked = sql.SQL("SELECT pg_notify({}, ''), pg_notification_queue_usage()").format(sql.Literal(channel))
        try:
            with self.transaction() as connection:
                row = connection.execute(asked).fetchone()
        except UnreadableRow as error:  # at the commit
            raise SourceError(
                f"PostgreSQL at {self.server} announces nothing any more: its queue of notifications is full.",
                hint=FULL_QUEUE,
            ) from error
        return float(row[1]) if row else 0.0

    def stream(
        self, connection: psycopg.Connection[Any], query: sql.Composed, size: int
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, so many at a time, while the server still makes the next."""
        with connection.cursor() as cursor:
            rows = cursor.stream(query, size=size if _streams_chunks() else 1)
            while some := list(islice(rows, size)):
                yield some

    @staticmethod
    def unlimit(connection: Any) -> None:
        """The statements of this transaction may take as long as the server works on them."""
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.patience.limited = False

    def close(self) -> None:
        """No connection stays open."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _begun(self) -> psycopg.Connection[Any]:
        import psycopg

        with contextlib.suppress(queue.Empty):
            while True:
                connection = self._idle.get_nowait()
                try:
                    self._begin(connection)
                except psycopg.Error:  # it was cut off since it served last
                    connection.close()
                else:
                    return connection
        connection = retried(self._connect)
        with explained(self.server):
            self._begin(connection)
        return connection

    def _begin(self, connection: Any) -> None:
        encoding = "LATIN1" if gives_bytes(connection) else "UTF8"
        limits = {"timeout": int(self.server.timeout * 1000), "lock_timeout": int(LOCK_SECONDS * 1000)}
        begin = _BEGIN.format(encoding=encoding, **limits)
        if connection.info.server_version >= KNOWS_LIMIT_AS_A_WHOLE:
            begin += _NO_LIMIT_AS_A_WHOLE
        connection.patience.limited = True
        connection.execute(begin)

    def _connect(self) -> psycopg.Connection[Any]:
        if self._stop.requested:
            raise Stopped
        with explained(self.server):
            connection = connect(self._patience(), self.server.parameters)
        if connection.info.server_version < OLDEST_SERVER:
            connection.close()
            raise ConfigError(f"PostgreSQL at {self.server} is older than 13, which this program needs.")
        return connection

    def _patience(self) -> Patience:
        return Patience(self._stop, self.server.timeout + GRACE_SECONDS, self._answers)

    def _answers(self) -> bool:
        """Whether the server says anything to one who knocks, be it that it is full: one frozen as a whole does not."""
        import psycopg

        try:
            connect(Patience(self._stop), self.server.parameters).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True


@functools.cache
def _streams_chunks() -> bool:
    """Whether this libpq gives many rows at once; before version 17 it gives one."""
    from psycopg import capabilities

    return capabilities.has_stream_chunked()


@contextlib.contextmanager
def explained(server: Server, table: str = "…") -> Iterator[None]:
    """psycopg's errors become letters to the person who must act. No value of a row is ever in them."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise _of_connection(server, error) from error
        raise _of_statement(server, table, error) from error


def _of_statement(server: Server, table: str, error: psycopg.Error) -> AragoraSyncError:
    state, said = error.sqlstate or "", (error.diag.message_primary or type(error).__name__).rstrip(".")
    if state.startswith(_PASSING):
        hint = STANDBY if state == "40001" else ""  # nothing else makes a reading transaction fail so
        return TransientError(f"PostgreSQL at {server} broke off: {said}.", hint=hint)
    if state.startswith(_OF_ONE_ROW):  # the sentence may hold its values
        kind = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
        return UnreadableRow(f"a row cannot be read: {kind} ({state}).", hint="look at the option 'where' and the row")
    if state == "57014" and "timeout" not in said:
        return TransientError(f"PostgreSQL at {server} broke off: {said}.")
    if state == "57014":
        return SourceError(
            f"a query took longer than {server.timeout:g} seconds.",
            hint="create the index that the key or the timestamp lacks, or raise the option 'timeout'",
        )
    if state == "42501":
        return AccessError(f"{said} (as {server.user}).", hint=f"GRANT SELECT ON {table} TO {server.user};")
    if state.startswith(("42", "3F")):
        return SourceError(f"{said}.", hint="correct the options of this connector, 'where' and 'tables' first")
    return SourceError(f"PostgreSQL refused: {said} ({state}).")


def _of_connection(server: Server, error: psycopg.Error) -> AragoraSyncError:
    """libpq gives no code for what fails before the first statement, only words and whether a password was used."""
    first, lower = str(error).splitlines()[0], str(error).lower()
    said = first.split("FATAL:")[-1].rsplit("failed: ", 1)[-1].strip().rstrip(".")
    if "no password supplied" in lower:
        return CredentialError(
            f"PostgreSQL at {server} asks {server.user} for a password, and there is none.",
            hint="export ARAGORA_POSTGRES_PASSWORD=… ; for cron and systemd ARAGORA_POSTGRES_PASSWORD_FILE=/a/file",
        )
    if f'database "{server.database.lower()}" does not exist' in lower:
        return ConfigError(
            f"PostgreSQL at {server} has no database {server.database!r}.", hint="correct the option 'database'"
        )
    if "FATAL:" in first and not any(word in lower for word in _BUSY) and _concerns_login(error, lower):
        return CredentialError(
            f"PostgreSQL at {server} refused the login of {server.user}: {said}.",
            hint="correct POSTGRES_USER and POSTGRES_PASSWORD; `aragora-sync check` tells where they come from",
        )
    if any(word in lower for word in ("ssl", "certificate", "tls")):
        return _of_tls(server, said)
    return TransientError(
        f"PostgreSQL at {server} cannot be reached: {said}.", hint="check host and port, and whether the server runs"
    )


def _concerns_login(error: psycopg.Error, lower: str) -> bool:
    """Servers speak many languages; whether a password was asked for is the same in all."""
    if any(word in lower for word in ("password", "authentication", "role", "pg_hba")):
        return True
    connection = getattr(error, "pgconn", None)
    return connection is not None and bool(connection.needs_password or connection.used_password)


def _of_tls(server: Server, said: str) -> AragoraSyncError:
    if "does not support" in said:
        hint = "let the server speak TLS, or set `sslmode: disable` where the network between is trusted"
    elif "certificate" in said:
        hint = "name its authority in the option 'sslrootcert'; `sslmode: require` encrypts without knowing who answers"
    else:
        hint = "see the options 'sslmode' and 'sslrootcert'"
    return ConfigError(f"the encrypted connection to PostgreSQL at {server} failed: {said}.", hint=hint)


def system_authorities() -> str:
    """The file of certificates that this machine trusts: the libpq of a wheel looks for it where it was built."""
    import ssl

    return ssl.get_default_verify_paths().cafile or "system"
