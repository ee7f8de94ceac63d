"""What became of a run of one connector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ..auth.secrets import redact
from ..core.errors import AragoraSyncError, Exit
from ..store.base import Counts


class Status(StrEnum):
    """How a run ended, in the words that `status` shows."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    NEEDS_LOGIN = "needs login"
    REFUSED = "refused"
    TRY_LATER = "try later"
    LOCKED = "locked"
    MISCONFIGURED = "misconfigured"
    INTERRUPTED = "interrupted"


_EXITS = {
    Status.OK: Exit.OK,
    Status.PARTIAL: Exit.PARTIAL,
    Status.FAILED: Exit.FAILED,
    Status.NEEDS_LOGIN: Exit.LOGIN,
    Status.REFUSED: Exit.REFUSED,
    Status.TRY_LATER: Exit.TRY_LATER,
    Status.LOCKED: Exit.LOCKED,
    Status.MISCONFIGURED: Exit.USAGE,
    Status.INTERRUPTED: Exit.INTERRUPTED,
}
_STATUSES = {exit_code: status for status, exit_code in _EXITS.items()}


@dataclass(frozen=True, slots=True)
class StreamError:
    """What went wrong in one stream, or in the whole connector where `stream` is empty."""

    stream: str
    message: str
    hint: str
    status: Status

    @classmethod
    def of(cls, stream: str, error: AragoraSyncError) -> StreamError:
        """What the error says, without any secret that a source may have sent back."""
        return cls(stream, redact(error.message), redact(error.hint), _STATUSES[error.exit_code])

    def __str__(self) -> str:
        return f"{self.stream}: {self.message}" if self.stream else self.message


@dataclass(slots=True)
class SyncResult:
    """The outcome of one run of one connector; counts are of what was named, `swept` apart."""

    connector_id: str
    tenant_id: str
    type: str
    status: Status = Status.OK
    counts: Counts = field(default_factory=Counts)
    stream_errors: Sequence[StreamError] = ()
    notes: Sequence[str] = ()  # what a person should know, though nothing is wrong
    streams: int = 0  # how many were read to their end
    failures_waiting: int = 0  # items that could not be read and are asked for again
    seconds: float = 0.0
    recorded: bool = False  # the store remembers it

    @property
    def success(self) -> bool:
        """Whether everything that was due was read, and no item waits to be asked for again."""
        return self.status is Status.OK

    @property
    def items_synced(self) -> int:
        """How many items were created or updated."""
        return self.counts.created + self.counts.updated

    @property
    def items_failed(self) -> int:
        """How many items could not be read, in this run or before, and are asked for again."""
        return self.failures_waiting

    @property
    def errors(self) -> list[str]:
        """What went wrong, each with its stream; `stream_errors` have the hints."""
        return [str(error) for error in self.stream_errors]

    @property
    def exit_code(self) -> Exit:
        """With which the command ends that ran this connector alone."""
        return _EXITS[self.status]


def status_of(errors: Sequence[StreamError], streams: int, failures_waiting: int) -> Status:
    """How a run ended, from what went wrong and how many streams went well."""
    kinds = {error.status for error in errors}
    for decisive in (Status.REFUSED, Status.LOCKED, Status.MISCONFIGURED):
        if decisive in kinds:
            return decisive
    whole = next((error.status for error in errors if not error.stream), None)
    if whole is Status.NEEDS_LOGIN or (whole and not streams):
        return whole
    if not kinds:
        return Status.PARTIAL if failures_waiting else Status.OK
    if streams or len(kinds) > 1:
        return Status.PARTIAL
    return kinds.pop()


def exit_code_of(results: Iterable[SyncResult]) -> Exit:
    """The exit code of several connectors: what they agree on, or 3."""
    codes = {result.exit_code for result in results}
    if Exit.INTERRUPTED in codes:
        return Exit.INTERRUPTED
    return codes.pop() if len(codes) == 1 else Exit.PARTIAL if codes else Exit.OK
