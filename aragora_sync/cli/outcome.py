"""How the outcome of a run looks: a line for people, an object for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..engine.result import Status
from .output import count, indented, painted, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.events import Watched
    from ..engine.result import SyncResult
    from ..store.base import Counts

BESIDE_WIDTH = 24  # so that the seconds stand below each other


def result_object(result: SyncResult, *, dry_run: bool = False) -> dict[str, Any]:
    """The JSON line of a connector that ended. Keys are added, never renamed."""
    return {
        "event": "connector",
        "tenant": result.tenant_id,
        "connector": result.connector_id,
        "type": result.type,
        "status": str(result.status),
        **asdict(result.counts),
        "streams": result.streams,
        "failures_waiting": result.failures_waiting,
        "seconds": round(result.seconds, 3),
        "errors": [
            {"stream": error.stream, "message": error.message, "hint": step(error.hint)}
            for error in result.stream_errors
        ],
        "notes": list(result.notes),
        "dry_run": dry_run,
    }


def result_lines(result: SyncResult, widths: tuple[int, int], *, dry_run: bool = False) -> list[str]:
    """One line for a connector that ended, and below it what went wrong and what to do. `widths` are of the ids."""
    well = result.status is Status.OK
    cells = [result.tenant_id.ljust(widths[0]), result.connector_id.ljust(widths[1])]
    if well or result.counts.named or result.counts.swept:
        cells += [count_cells(result.counts, dry_run=dry_run), f"{result.seconds:.1f}s".rjust(8)]
    if not well:
        cells.append(painted(str(result.status), well=False))
    return ["  ".join(cells), *problem_lines(result)]


def count_cells(counts: Counts, *, dry_run: bool = False) -> str:
    """What was synced, and in columns beside it what was deleted, failed or skipped, where there was such."""
    would = "would be " if dry_run else ""
    deleted = counts.deleted + counts.swept
    beside = [f"{deleted:>3} {would}deleted"] if deleted else []
    beside += [f"{counts.failed:>3} failed"] if counts.failed else []
    beside += [f"{counts.skipped:>3} skipped"] if counts.skipped else []
    if counts.unchanged and not (counts.created or counts.updated or beside):
        beside = [f"{counts.unchanged:>3} unchanged"]
    synced = painted(f"{would}synced", well=True)
    return f"{counts.created + counts.updated:>7} {synced}  {'  '.join(beside):<{BESIDE_WIDTH}}"


def problem_lines(result: SyncResult) -> list[str]:
    """Errors with their hints, then notes, indented; a hint that several share is said once, after the last."""
    lines: list[str] = []
    following = [*(error.hint for error in result.stream_errors[1:]), ""]
    for error, next_hint in zip(result.stream_errors, following, strict=bool(result.stream_errors)):
        lines += indented(str(error))
        if error.hint and error.hint != next_hint:
            lines += indented(f"try: {step(error.hint)}", "    ")
    if result.status is Status.TRY_LATER and not result.stream_errors:
        lines.append("  out of time; the next run goes on from here")
    for note in result.notes:
        lines += indented(note)
    if result.failures_waiting:
        lines.append(f"  {count(result.failures_waiting, 'item')} could not be read; later runs ask again.")
    return lines


def closing_line(results: Sequence[SyncResult], *, dry_run: bool = False) -> str:
    """The most important thing, last."""
    if dry_run:
        return "Dry run: nothing was stored."
    synced = sum(result.status is Status.OK for result in results)
    return f"{synced} of {count(len(results), 'connector')} synced."


def watched_line(results: Sequence[SyncResult]) -> str:
    """What came while connectors were watched."""
    synced = sum(result.items_synced for result in results)
    return f"{count(len(results), 'connector')} watched, {count(synced, 'item')} synced."


def watched_object(event: Watched) -> dict[str, Any]:
    """The JSON line of a batch that was stored while its connector was watched. Keys are added, never renamed."""
    return {
        "event": "watched",
        "tenant": event.tenant_id,
        "connector": event.connector_id,
        "stream": event.stream,
        **asdict(event.counts),
        "lag_seconds": None if event.lag_seconds is None else round(event.lag_seconds, 3),
    }
