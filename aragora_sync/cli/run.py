"""`aragora-sync run`"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Annotated, NoReturn

from typer import Option

from ..core.errors import ConfigError, Exit
from ..engine.events import Emit, Event
from ..engine.job import Ask
from ..engine.result import exit_code_of
from ..engine.runner import run_all, suit_interpreter
from ..engine.stop import Stop, StopReason
from ..store.base import PassKind
from .building import Runs
from .common import Asked, Connectors, command
from .display import Display, JsonLines, Lines
from .hooks import HookListener
from .live import LiveLines
from .logs import WAITS
from .metrics import Metrics, MetricsFile, target
from .output import talk
from .planned import lacks_for_watch
from .selection import Chosen, choose_to_run
from .signals import stopping_on_signals

HELP = "aragora-sync run --help"

_ENDS: dict[StopReason | None, Exit] = {StopReason.INTERRUPT: Exit.INTERRUPTED, StopReason.TERMINATE: Exit.TERMINATED}


Full = Annotated[bool, Option("--full", help="Read everything again.")]
Reconcile = Annotated[bool, Option("--reconcile", help="Compare everything with the source, and read what differs.")]
DryRun = Annotated[bool, Option("--dry-run", help="Read, but store nothing; tell what would change.")]
Jobs = Annotated[int, Option("--jobs", min=1, metavar="N", help="How many connectors run beside each other.")]
Timeout = Annotated[
    float | None, Option("--timeout", min=0, metavar="SECONDS", help="Stop after so long; progress is kept.")
]
MaxItems = Annotated[
    int | None,
    Option("--max-items", min=1, metavar="N", help="Stop each connector after so many items that were read."),
]
NoIndex = Annotated[bool, Option("--no-index", help="Leave the search index for later.")]
Items = Annotated[
    list[str] | None, Option("--item", metavar="ID", help="Read only this item; may be given several times.")
]
Watch = Annotated[
    bool,
    Option(
        "--watch",
        help="Go on until stopped: store what changes as it happens, or each minute where the source cannot tell.",
    ),
]
AllowMassDelete = Annotated[
    bool, Option("--allow-mass-delete", help="Reconcile, and delete also when more than half is gone at the source.")
]


@command
def run(
    asked: Asked,
    connectors: Connectors = None,
    *,
    full: Full = False,
    reconcile: Reconcile = False,
    dry_run: DryRun = False,
    jobs: Jobs = 4,
    timeout: Timeout = None,
    max_items: MaxItems = None,
    no_index: NoIndex = False,
    item: Items = None,
    allow_mass_delete: AllowMassDelete = False,
    metrics_textfile: MetricsFile = None,
    watch: Watch = False,
) -> int:
    """Syncs what changed since the last time.

    A connector goes on where it was interrupted. Ctrl-C stores what is under way and ends; nothing is lost. With --json
    there is an object on each line: for each connector that ends, with --watch for each batch, and one at the end.
    """
    ask = _ask(item, max_items, full=full, reconcile=reconcile, allow_mass_delete=allow_mass_delete)
    _refuse_options_of_one_run(ask, dry_run=dry_run, watch=watch)
    chosen = choose_to_run(asked.config, connectors or [], asked.tenant)
    figures = _figures(asked, metrics_textfile, dry_run)
    display, stop = _display(asked, chosen, dry_run=dry_run, watch=watch), Stop()
    at_once, turns = (len(chosen), threading.Semaphore(jobs)) if watch else (jobs, None)
    suit_interpreter()
    with stopping_on_signals(stop, display), display, Runs(asked, ask, dry_run=dry_run) as runs:
        with _telling(asked, display, figures, dry_run) as listen:
            make = [runs.make(one, turns=turns) for one in chosen]
            results = run_all(make, jobs=at_once, stop=stop, listen=listen, timeout=timeout)
        try:
            if not no_index:
                display.note("making what is new searchable")
                runs.index(stop)
        finally:
            exit_code = _ENDS.get(stop.reason) or exit_code_of(results)
            display.close(results, exit_code)
    return exit_code


def _tell_deaf(chosen: list[Chosen]) -> None:
    for one in chosen:
        if option := lacks_for_watch(one):
            talk(f"{one} is only read from time to time, as its option {option!r} is not set.")
            talk(f"  try: aragora-sync connectors {one.type}")


def _refuse(message: str) -> NoReturn:
    raise ConfigError(message, hint=HELP)


def _refuse_options_of_one_run(ask: Ask, *, dry_run: bool, watch: bool) -> None:
    if watch and (ask.items or ask.max_items or dry_run):
        _refuse("--watch goes on until it is stopped; --item, --dry-run and --max-items are for one run.")


def _ask(
    items: list[str] | None, max_items: int | None, *, full: bool, reconcile: bool, allow_mass_delete: bool
) -> Ask:
    """What was asked for. A mass delete needs a pass: nothing else finds what is gone."""
    if items and (full or reconcile or allow_mass_delete):
        _refuse("--item reads single items; --full, --reconcile and --allow-mass-delete read all.")
    if full and reconcile:
        _refuse("--full and --reconcile exclude each other: one reads everything, one only what differs.")
    kind = PassKind.RECONCILE if reconcile or allow_mass_delete else None
    kind = PassKind.FULL if full else kind
    return Ask(kind=kind, allow_mass_delete=allow_mass_delete, max_items=max_items, items=tuple(items or ()))


@contextlib.contextmanager
def _telling(asked: Asked, display: Display, figures: Metrics | None, dry_run: bool) -> Iterator[Emit]:
    """The display hears every event, and the hooks of the configuration too; at the end figures are written."""
    hooks = HookListener(asked.config, asked.store_folder)

    def hear(event: Event) -> None:
        display.hear(event)
        if figures is not None:
            figures.hear(event)
        if not dry_run:
            hooks.hear(event)

    try:
        yield hear
    finally:
        hooks.close()
        if figures is not None:
            figures.write()


def _figures(asked: Asked, path: str | None, dry_run: bool) -> Metrics | None:
    """Of all enabled connectors, also of those that are not run now: the file is for all."""
    if path is None or dry_run:
        return None
    figures = Metrics(target(path), asked.store_folder)
    figures.follow({(one.tenant, one.connector): one.type for one in choose_to_run(asked.config, [], None)})
    return figures


def _display(asked: Asked, chosen: list[Chosen], *, dry_run: bool, watch: bool) -> Display:
    if watch and not asked.quiet:
        _tell_deaf(chosen)
    widths = max(len(one.tenant) for one in chosen), max(len(one.connector) for one in chosen)
    if asked.json:
        return JsonLines(widths, dry_run=dry_run, quiet=asked.quiet, watch=watch)
    if asked.quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return Lines(widths, dry_run=dry_run, quiet=asked.quiet, watch=watch)
    if not asked.verbose:
        WAITS.setLevel("ERROR")  # the rows show it
    return LiveLines(widths, dry_run=dry_run, quiet=False, watch=watch)
