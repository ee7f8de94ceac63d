"""The command line as a whole: its commands, and the one door through which errors leave."""

from __future__ import annotations

import importlib
import io
import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from .. import __version__
from ..core.errors import AragoraSyncError, ConfigError, Exit
from .logs import REPORT
from .output import letter, say, talk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

PROGRAM = "aragora-sync"

# Name: module, and what `--help` says. The modules are loaded only when their command is used.
COMMANDS = {
    "run": ("run", "Syncs what changed since the last time."),
    "schedule": ("schedule", "Keeps running, and syncs each connector by its schedule."),
    "status": ("status", "Shows how each connector stands."),
    "search": ("search", "Finds items by their words."),
    "export": ("export", "Writes items or changes as JSON lines or CSV."),
    "check": ("check", "Tells whether files, credentials and sources are well."),
    "reset": ("reset", "Forgets progress: the next run reads everything again."),
    "backup": ("backup", "Writes the store of a tenant into one file."),
    "restore": ("backup", "Puts a backup in the place of a tenant's store."),
    "oauth": ("oauth", "Logs in at a service once; shows, renews and ends logins."),
    "report": ("report", "Makes documents from what was synced."),
    "audit": ("audit", "Proves that the trail of who read what is whole."),
    "init": ("init", "Writes a configuration to start with."),
    "connectors": ("connectors", "Lists the types of connectors, or the options of one."),
    "schema": ("schema", "Prints the JSON Schema of the configuration, for editors."),
}


class LazyCommand(TyperCommand):
    """Stands for a command in lists; becomes the real one when it is used."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        assert self.name is not None
        return load_command(self.name).make_context(info_name, args, parent, **extra)


def main(arguments: Sequence[str]) -> int:
    """Runs what the arguments ask for; the exit code. What was expected to go wrong is explained on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may be no text, terminals no UTF-8
    try:
        command = typer.main.get_command(build_app())
        return int(command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False) or 0)
    except SystemExit as end:  # completion ends so
        return int(end.code or 0)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except (AragoraSyncError, typer.TyperException) as error:
        expected = _as_ours(error)
        talk(letter(expected))
        return expected.exit_code


def tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The hook for what nobody expected: the traceback without secrets, and whom to tell."""
    talk("".join(traceback.format_exception(kind, error, trace)) + REPORT)


def build_app() -> typer.Typer:
    """The application: every command by name and help, none of them loaded."""
    app = typer.Typer(
        name=PROGRAM,
        help="Keeps a company's knowledge in sync: every change of every source, tenant by tenant.",
        epilog="Each command has a --help of its own.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(invoke_without_command=True)(_without_command)
    for name, (_, sentence) in COMMANDS.items():
        app.command(name, cls=LazyCommand, help=sentence)(lambda: None)
    return app


def load_command(name: str) -> Any:
    """The real command of this name."""
    found = getattr(importlib.import_module(f".{COMMANDS[name][0]}", __package__), name)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, context_settings={"help_option_names": ["--help", "-h"]})(found)
    return typer.main.get_command(app)


def _without_command(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version."),
) -> None:
    if version:
        say(f"{PROGRAM} {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        talk(context.get_help())
        raise typer.Exit(Exit.USAGE)


def _as_ours(error: AragoraSyncError | typer.TyperException) -> AragoraSyncError:
    """A wrong command line is an error like any other, and its hint is the help that would have told."""
    if isinstance(error, AragoraSyncError):
        return error
    message = error.format_message()
    context = getattr(error, "ctx", None)
    where = PROGRAM if context is None else context.command_path
    return ConfigError(message[:1].lower() + message[1:], hint=f"{where} --help")
