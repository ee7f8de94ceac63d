"""`aragora-sync schedule`, `schedule next`, `schedule print`"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from typer import Argument, Option
from typer.core import TyperGroup

from ..core.clock import utc_now
from ..core.errors import ConfigError
from ..engine.agenda import Agenda, Key
from ..engine.published import PublishedPlans
from ..engine.runner import suit_interpreter, suit_long_life
from .beside import Watched, Webhooks
from .common import Asked, Connectors, command
from .complete import Offers, complete_connector
from .display import JsonLines, Lines
from .foreground import Foreground, Housekeeping, Limits, Listener, Planned, Turns
from .hooks import HookListener
from .metrics import Metrics, MetricsFile, target
from .output import aligned, say, say_json, talk
from .planned import Plan
from .run import Jobs

COMMANDS = ("next", "print")


class ConnectorsOrCommand(TyperGroup):
    """Takes connectors, as `run` does, unless the first word is one of its commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[__name__] = bool(args) and args[0] in COMMANDS
        ctx.allow_interspersed_args = not ctx.meta[__name__]  # options of a command stand behind its name
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        params = super().get_params(ctx)
        return [each for each in params if each.name != "connectors"] if ctx.meta.get(__name__) else params


schedule = typer.Typer(
    cls=ConnectorsOrCommand,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def complete(context: typer.Context, incomplete: str) -> Offers:
    """What may stand behind `schedule`."""
    return [*((name, "") for name in COMMANDS if name.startswith(incomplete)), *complete_connector(context, incomplete)]


Scheduled = Annotated[
    list[str] | None, Argument(metavar="CONNECTOR", help="Ids or types; all by default.", autocompletion=complete)
]
Listen = Annotated[
    str | None,
    Option("--listen", metavar="HOST:PORT", help="Receive webhooks here, such as 127.0.0.1:8090; read what they name."),
]
PublicUrl = Annotated[
    str | None,
    Option(
        "--public-url",
        metavar="URL",
        help="With --listen: where vendors reach that address, such as https://sync.example.com; push channels to it "
        "are made and renewed.",
    ),
]
Watch = Annotated[
    bool, Option("--watch", help="Watch what can tell of changes as they happen, instead of reading it by schedule.")
]
RunTimeout = Annotated[
    float | None, Option("--timeout", min=0, metavar="SECONDS", help="End each run after so long; progress is kept.")
]


@schedule.callback(invoke_without_command=True)
@command
def foreground(
    asked: Asked,
    context: typer.Context,
    connectors: Scheduled = None,
    *,
    jobs: Jobs = 4,
    timeout: RunTimeout = None,
    listen: Listen = None,
    public_url: PublicUrl = None,
    watch: Watch = False,
    metrics_textfile: MetricsFile = None,
) -> int:
    """Keeps running, and syncs each connector by its schedule.

    Ctrl-C or SIGTERM ends it, and progress is kept. Whatever was missed while it did not run is made up once. The
    configuration is read again when it changes and on SIGHUP; where it is broken then, the schedules of before go on.
    `aragora-sync run` may be used at any time.
    """
    if context.invoked_subcommand is not None:
        return 0
    if connectors and connectors[0] in COMMANDS:
        raise _misplaced(context, connectors[0])
    if public_url is not None and listen is None:
        raise ConfigError("--public-url says how vendors reach --listen.", hint="name both, or neither")
    plan, turns = Plan(asked, connectors or [], watch=watch), Turns()
    plan.require_schedules(listens=bool(listen))
    display = (JsonLines if asked.json else Lines)(plan.widths, dry_run=False, quiet=asked.quiet, watch=watch)
    stores = asked.store_folder
    listeners: list[Listener] = [HookListener(plan.config, stores), Housekeeping(), Planned(stores)]
    beside: list[Webhooks | Watched] = [Webhooks(plan, listen, turns, public_url)] if listen else []
    if watch:
        beside.append(Watched(plan, jobs))
    if metrics_textfile:
        listeners.append(Metrics(target(metrics_textfile), stores))
    suit_interpreter()
    suit_long_life()
    with display:
        limits = Limits(jobs, timeout)
        return Foreground(asked, plan, display, limits, turns, services=beside, listeners=[*listeners, *beside]).run()


@schedule.command("next", short_help="Shows what would run when.")
@command
def upcoming(
    asked: Asked,
    connectors: Connectors = None,
    *,
    number: Annotated[int, Option("--count", "-n", min=1, max=10_000, metavar="N", help="Show so many runs.")] = 10,
) -> int:
    """Shows what would run when, in the zone of each schedule, if every run began on time."""
    plan = Plan(asked, connectors or [])
    plan.require_schedules()
    runs = list(_forecast(plan, utc_now(), number))
    if asked.json:
        say_json({"runs": [_object(key, due) for due, key in runs]}, indent=2)
    else:
        rows = [[_shown(due, plan, key), key[0], key[1]] for due, key in runs]
        for line in aligned(rows):
            say(line)
    return 0


@schedule.command("print", short_help="Prints files for systemd, cron or Kubernetes.")
@command
def print_files(
    asked: Asked,
    connectors: Connectors = None,
    *,
    systemd: Annotated[bool, Option("--systemd", help="A hardened service and a timer for each connector.")] = False,
    systemd_service: Annotated[
        bool, Option("--systemd-service", help="One hardened service that runs all schedules itself.")
    ] = False,
    cron: Annotated[bool, Option("--cron", help="Lines for /etc/cron.d, in the zone of this machine.")] = False,
    k8s: Annotated[bool, Option("--k8s", help="CronJobs of Kubernetes.")] = False,
    user: Annotated[str, Option(metavar="NAME", help="Who runs it, for systemd and cron.")] = "aragora-sync",
    image: Annotated[str, Option(metavar="IMAGE", help="The container image, for Kubernetes.")] = "",
    output: Annotated[str, Option(metavar="FOLDER", help="Write the files there instead of printing them.")] = "",
) -> int:
    """Prints the same schedules for systemd, cron or Kubernetes.

    What they cannot express exactly is refused: none of them does what a schedule means where clocks change.
    """
    from . import printing

    kinds = {"systemd": systemd, "systemd-service": systemd_service, "cron": cron, "k8s": k8s}
    what = printing.require_one(kinds, image)
    plan = Plan(asked, connectors or [])
    plan.require_schedules()
    found = printing.files(asked, plan, what, user, image)
    if output:
        printing.write(found, output)
    else:
        printing.show(found)
    if what == "k8s" and not asked.quiet:
        talk(printing.POD_NEEDS)
    return 0


def _forecast(plan: Plan, now: datetime, number: int) -> Iterator[tuple[datetime, Key]]:
    """The first so many runs of all connectors together; what is due runs now.

    A process that runs them knows best; where there is none, it is as if one began now.
    """
    agenda = Agenda()
    agenda.plan(plan.schedules, plan.counted_from(plan.schedules.keys()).get, now)
    told = PublishedPlans(plan.asked.store_folder)
    heap = [(told.due(key, plan.schedules[key], now) or due, key) for key, due in agenda.upcoming().items()]
    heapq.heapify(heap)
    for _ in range(number):
        due, key = heap[0]
        yield due, key
        heapq.heapreplace(heap, (agenda.after(key, due), key))


def _object(key: Key, due: datetime) -> dict[str, str]:
    return {"at": due.isoformat(timespec="seconds"), "tenant": key[0], "connector": key[1]}


def _shown(due: datetime, plan: Plan, key: Key) -> str:
    zone = plan.schedules[key].zone
    return f"{due.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _misplaced(context: typer.Context, name: str) -> ConfigError:
    """Options before the name of a command would be forgotten without a word."""
    given = [key for key, value in context.params.items() if value not in (None, False) and key != "connectors"]
    option = next((each for each in given if each != "jobs"), "jobs").replace("_file", "").replace("_", "-")
    return ConfigError(f"--{option} must stand after `{name}`.", hint=f"aragora-sync schedule {name} --{option} …")
