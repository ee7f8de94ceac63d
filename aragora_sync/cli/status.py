"""`aragora-sync status`"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from typer import Option

from ..core.clock import utc_now
from ..core.errors import ConfigError, StoreError
from ..store.base import UNDER_WAY, RunRow, StreamRow
from .common import Asked, Connectors, command
from .health import WELL, Health, advice, ago, exit_code_of, health_of, lag_of, next_run_at
from .outcome import count_cells
from .output import aligned, count, indented, letter, moment, painted, say, say_json, step, talk
from .selection import choose_known, stored_tenants, unreadable_stores
from .standing import NEVER, Standing, problem_object, read_standings, standing_object

LONGEST_CURSOR = 100
LONGEST_AGE_HOURS = 87_600
OK = "ok"  # as the store says
MaxAge = Annotated[
    float | None,
    Option(
        "--max-age",
        min=0,
        max=LONGEST_AGE_HOURS,
        metavar="HOURS",
        help="With --check: what is older is stale, whatever its schedule.",
    ),
]


@command
def status(
    asked: Asked,
    connectors: Connectors = None,
    history: Annotated[int, Option("--history", min=0, metavar="N", help="Show the latest N runs too.")] = 0,
    *,
    check: Annotated[bool, Option("--check", help="For monitoring: tell what is stale or failing.")] = False,
    max_age: MaxAge = None,
) -> int:
    """Shows how each connector stands.

    Reads the store and the state files, and writes nothing. Cursors are shown with -v and --json. With --check the
    exit code is 0 where all enabled connectors are fresh, 3 where some are stale or failing, 1 where all are, and 4
    where somebody must log in. Stale is what never went well, or missed two runs of its schedule.
    """
    if max_age is not None and not check:
        raise ConfigError("--max-age says from when on --check calls it stale.", hint="name both, or neither")
    if not connectors and asked.config_if_any is None:
        _ = asked.config  # without names, a missing configuration is what must be told
    standings = read_standings(asked, choose_known(asked, connectors or []), history)
    now = utc_now()
    if check:
        return _check(asked, standings, now, None if max_age is None else timedelta(hours=max_age))
    lost = _lost_stores(asked, standings) if not connectors else []
    if asked.json:
        objects = [standing_object(each, history, now) for each in standings]
        say_json({"connectors": objects, "problems": [problem_object(each) for each in lost]}, indent=2)
    else:
        heads = aligned([_head(each) for each in standings]) if standings else []
        for head, standing in zip(heads, standings, strict=True):
            if not asked.quiet or _troubled(standing):
                _show(_coloured(head, standing), standing, asked.verbose, history, now)
        for problem in lost:
            talk(letter(problem))
    problems = [*(problem for standing in standings for problem in standing.problems), *lost]
    return problems[0].exit_code if problems else 0


def _lost_stores(asked: Asked, standings: Sequence[Standing]) -> list[StoreError]:
    """Damaged stores that no connector stands for, because nothing of their tenant is configured."""
    shown = {each.chosen.tenant for each in standings}
    return unreadable_stores(
        asked,
        [each for each in stored_tenants(asked.store_folder) if each not in shown and asked.tenant in (None, each)],
    )


def _head(standing: Standing) -> list[str]:
    chosen, items = standing.chosen, standing.totals.items
    told = standing.status if standing.configured else f"{standing.status}, not configured"
    if standing.configured and not standing.enabled:
        told += ", disabled"
    return [chosen.tenant, chosen.connector, told, moment(standing.last_sync_at), f"{count(items, 'item'):>14}"]


def _coloured(head: str, standing: Standing) -> str:
    if standing.status in (NEVER, *UNDER_WAY):
        return head
    before, _, after = head.rpartition(f"  {standing.status}")
    return f"{before}  {painted(standing.status, well=standing.status == OK)}{after}"


def _troubled(standing: Standing) -> bool:
    pushed = standing.channel is not None and standing.channel.problem
    known = standing.problems or standing.legacy or standing.totals.failures or pushed
    return bool(known) or standing.status not in (OK, *UNDER_WAY, NEVER) or any(map(_stream_lines, standing.streams))


def _check(asked: Asked, standings: Sequence[Standing], now: datetime, max_age: timedelta | None) -> int:
    """One line for each that is not well, and one for all."""
    found = [(each, health_of(each, now, max_age)) for each in standings]
    exit_code = exit_code_of([health for _, health in found])
    if asked.json:
        objects = [{**standing_object(each, 0, now), "health": str(health)} for each, health in found]
        say_json({"exit_code": int(exit_code), "connectors": objects}, indent=2)
        return exit_code
    for each, health in found:
        if health not in WELL:
            lag = lag_of(each, now)
            since = f"last success {ago(lag)} ago" if lag is not None else "no success yet"
            say(f"{each.chosen.tenant}  {each.chosen.connector}  {painted(str(health), well=False)}  {since}")
            for problem in each.problems:
                say("\n".join(indented(problem.message)))
                say(f"  try: {step(problem.hint)}")
            _advise(each, health)
    counted = [health for _, health in found if health is not Health.IGNORED]
    if not asked.quiet:
        say(f"{counted.count(Health.FRESH)} of {count(len(counted), 'connector')} fresh.")
    return exit_code


def _advise(standing: Standing, health: Health) -> None:
    if text := advice(standing, health):
        say(f"  try: {step(text)}")


def _planned_lines(standing: Standing, now: datetime) -> list[str]:
    """How old what is stored may be, where that is not the latest run, and when it runs next."""
    lag, due = lag_of(standing, now), next_run_at(standing, now)
    lines = []
    if standing.runs and standing.status not in (OK, *UNDER_WAY):
        lines.append(f"last success {ago(lag)} ago" if lag is not None else "no run went well yet")
    if due is not None:
        lines.append(f"next run {'now' if due <= now else f'in {ago(due - now)}, {moment(due)}'}, by schedule")
    return lines


def _show(head: str, standing: Standing, verbose: bool, history: int, now: datetime) -> None:
    say(head)
    for line in _planned_lines(standing, now):
        say(f"  {line}")
    if standing.legacy is not None:
        at = moment(standing.legacy.last_sync_at) or "an unknown time"
        say(f"  its state file comes from an older Aragora that synced at {at}; the next run reads everything")
    if verbose and standing.totals.skipped:
        say(f"  {standing.totals.skipped} skipped; the view unread of the store says why")
    if standing.totals.failures:
        say(f"  {count(standing.totals.failures, 'item')} could not be read; later runs ask again")
    for line in _channel_lines(standing, verbose, now):
        say(f"  {line}")
    _show_streams(standing, verbose)
    for error in standing.runs[0].errors if standing.runs else ():
        for line in indented(error):
            say(line)
    _advise(standing, health_of(standing, now))
    for run in standing.runs[:history]:
        say(f"    {_run_line(run)}")
    for problem in standing.problems:
        talk(letter(problem))


def _channel_lines(standing: Standing, verbose: bool, now: datetime) -> list[str]:
    """What a person must know of its push channel: trouble, and how long it lasts with `verbose`."""
    note = standing.channel
    if note is None:
        return []
    lines = [f"its push channel fails: {note.problem}", *([f"try: {step(note.hint)}"] if note.hint else [])]
    lines = lines if note.problem else []
    expires_at = note.current.expires_at if note.current else None
    if note.has_lapsed(now):
        lines.append(f"its push channel ended at {moment(expires_at)}; schedules alone find what changes")
    elif note.current is not None and note.current.waits_for:
        lines.append(f"its push channel waits for {note.current.waits_for}")
    elif verbose and note.current is not None:
        lines.append(f"pushed to {note.current.url}{f' until {moment(expires_at)}' if expires_at else ''}")
    return lines


def _show_streams(standing: Standing, verbose: bool) -> None:
    for row in standing.streams:
        for line in [*_stream_lines(row), *(_cursor_lines(row) if verbose else [])]:
            say(f"  {row.title or row.name}: {line}")


def _stream_lines(row: StreamRow) -> list[str]:
    lines = [f"access is lost: {row.lost}"] if row.lost else []
    if row.refusal:
        lines.append(f"refused to delete {row.refusal.would_remove} of {row.refusal.of} items; they are kept")
    if row.open_pass:
        lines.append(f"a {row.open_pass.kind} pass is open since {moment(row.open_pass.began_at)}")
    if row.due:
        lines.append(f"the next run makes a {row.due} pass")
    return lines


def _cursor_lines(row: StreamRow) -> list[str]:
    text = json.dumps(row.cursor, ensure_ascii=False) if row.cursor is not None else "none"
    return [f"cursor {text if len(text) <= LONGEST_CURSOR else text[: LONGEST_CURSOR - 1] + '…'}"]


def _run_line(run: RunRow) -> str:
    unended = "under way" if run.status in UNDER_WAY else ""
    seconds = f"{(run.ended_at - run.started_at).total_seconds():.1f}s" if run.ended_at else unended
    return "  ".join([moment(run.started_at), count_cells(run.counts), f"{seconds:>8}", run.status])
