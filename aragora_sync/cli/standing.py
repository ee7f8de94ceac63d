"""How each connector stands, from the store and its state file; nothing is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import AragoraSyncError, NoStore, StateError
from ..engine.history import last_run, read_runs
from ..engine.published import PublishedPlans
from ..engine.result import Status
from ..engine.waiting import FirstWaits
from ..state import State, StateFile
from ..store.base import WATCHING, Totals
from ..store.sqlite import SqliteStore, store_path
from .health import health_of, lag_of, next_run_at
from .output import step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ..engine.agenda import LastRun
    from ..serve.channel_notes import ChannelNote
    from ..store.base import RunRow, StreamRow
    from .common import Asked
    from .selection import Chosen

NEVER = "never synced"


@dataclass(slots=True)
class Standing:
    """What is known of one connector. `problems` are those of its files, with what fixes them."""

    chosen: Chosen
    totals: Totals = field(default_factory=Totals)
    runs: Sequence[RunRow] = ()  # newest first
    waits_since: datetime | None = None  # for its first run, where a scheduler noted that
    streams: Sequence[StreamRow] = ()
    last_run: LastRun | None = None  # as the schedule counts
    plans: PublishedPlans | None = None  # of the processes that run now
    last_success_at: datetime | None = None
    channel: ChannelNote | None = None  # of pushes, where one was ever asked for
    legacy: State | None = None  # a state file of the older Aragora
    problems: list[AragoraSyncError] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.runs[0].status if self.runs else NEVER

    @property
    def watched(self) -> bool:
        """Whether it is watched now, all of it: what fails in part is watched in between, too."""
        return self.status == WATCHING and self.told == Status.OK

    @property
    def told(self) -> str:
        """The status of the latest run, or of the one before where that only watches what goes well."""
        return self.runs[1].status if self.status == WATCHING and len(self.runs) > 1 else self.status

    @property
    def configured(self) -> bool:
        return self.chosen.config is not None

    @property
    def enabled(self) -> bool:
        return self.chosen.config is not None and self.chosen.config.enabled

    @property
    def last_sync_at(self) -> Any:
        """When the latest run ended, or began where it is still under way."""
        return (self.runs[0].ended_at or self.runs[0].started_at) if self.runs else None


def read_standings(asked: Asked, chosen: Iterable[Chosen], history: int) -> list[Standing]:
    """One for each connector. An unreadable store or state file becomes a problem of that one alone."""
    waits, plans = FirstWaits(asked.store_folder).since(), PublishedPlans(asked.store_folder)
    standings = [Standing(one, waits_since=waits.get((one.tenant, one.connector)), plans=plans) for one in chosen]
    for standing in standings:
        _read(asked, standing, max(2, history))
    return standings


def _read(asked: Asked, standing: Standing, runs: int) -> None:
    chosen = standing.chosen
    try:
        state = StateFile(asked.state_folder(chosen.config), chosen.connector, chosen.tenant).load()
        standing.legacy = state if state and state.legacy else None
    except StateError as error:
        standing.problems.append(error)
    _read_channel(standing, asked)
    path = store_path(asked.store_folder, chosen.tenant)
    if path.exists():
        try:
            store = SqliteStore(path, read_only=True)
            try:
                _read_store(standing, store, runs)
            finally:
                store.close()
        except NoStore:
            return  # a first run is about to make it
        except AragoraSyncError as error:
            standing.problems.append(error)


def _read_channel(standing: Standing, asked: Asked) -> None:
    from ..serve.channel_notes import ChannelNotes

    chosen = standing.chosen
    try:
        note = ChannelNotes(asked.store_folder).load(chosen.tenant, chosen.connector)
    except StateError as error:
        standing.problems.append(error)
    else:
        standing.channel = note if note.asked or note.current else None


def _read_store(standing: Standing, store: SqliteStore, runs: int) -> None:
    connector = standing.chosen.connector
    standing.totals = store.totals(connector)
    standing.runs = read_runs(store, connector, standing.chosen.tenant, runs)
    standing.last_run = last_run(store, connector, standing.chosen.tenant)
    standing.last_success_at = store.last_success(connector)
    standing.streams = list(store.streams(connector).values())


def standing_object(standing: Standing, history: int, now: datetime) -> dict[str, Any]:
    """The same for programs. Keys are added, never renamed."""
    chosen, totals = standing.chosen, standing.totals
    return {
        "tenant": chosen.tenant,
        "connector": chosen.connector,
        "type": chosen.type,
        "configured": standing.configured,
        "enabled": standing.enabled,
        "status": standing.status,
        "last_sync_at": _iso(standing.last_sync_at),
        "last_success_at": _iso(standing.last_success_at),
        "next_run_at": _iso(next_run_at(standing, now)),
        "lag_seconds": lag.total_seconds() if (lag := lag_of(standing, now)) is not None else None,
        "health": str(health_of(standing, now)),
        "items": totals.items,
        "skipped": totals.skipped,
        "failures_waiting": totals.failures,
        "errors": list(standing.runs[0].errors) if standing.runs else [],
        "push_channel": _channel_object(standing.channel, now) if standing.channel else None,
        "streams": [_stream_object(row) for row in standing.streams],
        "legacy_state": standing.legacy is not None,
        "problems": [problem_object(error) for error in standing.problems],
        "history": [_run_object(run) for run in standing.runs[:history]],
    }


def problem_object(error: AragoraSyncError) -> dict[str, str]:
    """An error of a file, for programs."""
    return {"message": error.message, "hint": step(error.hint)}


def _channel_object(note: ChannelNote, now: datetime) -> dict[str, Any]:
    current = note.current
    return {
        "url": note.asked,
        "made_at": _iso(note.made_at),
        "expires_at": _iso(current.expires_at) if current else None,
        "lapsed": note.has_lapsed(now),
        "waits_for": current.waits_for if current else "",
        "problem": note.problem,
        "hint": step(note.hint),
    }


def _stream_object(row: StreamRow) -> dict[str, Any]:
    under_way, refusal = row.open_pass, row.refusal
    return {
        "stream": row.name,
        "title": row.title,
        "cursor": row.cursor,
        "reconciled_at": _iso(row.reconciled_at),
        "due": row.due and str(row.due),
        "lost_access": row.lost,
        "refused": {"would_remove": refusal.would_remove, "of": refusal.of} if refusal else None,
        "open_pass": {"kind": str(under_way.kind), "began_at": _iso(under_way.began_at)} if under_way else None,
    }


def _run_object(run: RunRow) -> dict[str, Any]:
    times = {"started_at": _iso(run.started_at), "ended_at": _iso(run.ended_at)}
    return {"status": run.status, **times, **asdict(run.counts), "errors": list(run.errors)}


def _iso(at: Any) -> str | None:
    return None if at is None else str(at.isoformat())
