"""The error tree. A class says what to do about it; a message says what happened, in the user's words."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line; a contract with cron, systemd and CI."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    LOGIN = 4
    REFUSED = 5
    LOCKED = 6
    TRY_LATER = 75
    INTERRUPTED = 130
    TERMINATED = 143


class AragoraSyncError(Exception):
    """An expected failure: carries no traceback to the user. `hint` is the command or step that comes next."""

    exit_code: ClassVar[Exit] = Exit.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


class ConfigError(AragoraSyncError):
    """The configuration or the command line is wrong. Holds every problem at once, each with its place."""

    exit_code = Exit.USAGE

    def __init__(self, problems: str | Sequence[str], *, hint: str = "") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems), hint=hint)


class CredentialError(AragoraSyncError):
    """A credential is missing, refused or expired: ends the connector until a human acts."""

    exit_code = Exit.LOGIN


class SourceError(AragoraSyncError):
    """The source did not do what was asked: ends the stream, the others go on.

    `status` is that of the answer that said so, 0 where none did.
    """

    status: int = 0


class TransientError(SourceError):
    """May work later: network, rate limit, 5xx. The engine starts the stream again from its last stored cursor."""

    exit_code = Exit.TRY_LATER

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after  # seconds, as the server asked; None where it did not say


class NotFound(SourceError):
    """The thing asked for is not there."""


class AccessError(SourceError):
    """This stream alone lacks a scope, a share or a login. Its items are kept until access returns."""

    exit_code = Exit.LOGIN


class CursorExpired(SourceError):
    """The source no longer accepts the cursor: the engine starts the stream from nothing."""


class ReadAgain(SourceError):
    """The source changed under the read: the engine repeats from the same cursor."""


class StoreError(AragoraSyncError):
    """The store cannot be read or written."""


class NoStore(StoreError):
    """There is no store yet: another program is about to make it."""


class PositionLost(StoreError):
    """The change feed cannot continue from this position; the reader starts from a snapshot."""


class StateError(AragoraSyncError):
    """The state file is corrupt, or from a newer version."""


class Locked(StateError):
    """Another run holds the lock."""

    exit_code = Exit.LOCKED


def _rebuild(kind: type[AragoraSyncError], args: tuple[object, ...], attributes: dict[str, object]) -> AragoraSyncError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(attributes)
    return error
