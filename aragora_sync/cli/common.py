"""What every command takes: where things lie, which tenant is meant, how to talk."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ..config import Config, find_config, load_config, state_folder, store_folder
from ..core.errors import ConfigError
from .complete import complete_connector, complete_tenant
from .logs import logging_to_stderr
from .output import discard_stdout, name_config

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import ConnectorConfig

PIPE_CLOSED = 141  # as of every program in a pipe whose reader went away

Connectors = Annotated[
    list[str] | None,
    Argument(metavar="CONNECTOR", help="Ids or types; all by default.", autocompletion=complete_connector),
]
OnlyConnector = Annotated[
    str | None,
    Option("--connector", metavar="ID", help="Only items of this one.", autocompletion=complete_connector),
]


@dataclass
class Asked:
    """What was asked of the command. The fields are the options that every command takes."""

    config_file: Annotated[
        str | None,
        Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Configuration; else ARAGORA_CONFIG, ./connectors.yaml, ~/.aragora/connectors.yaml.",
        ),
    ] = None
    state_dir: Annotated[str | None, Option("--state-dir", metavar="FOLDER", help="Folder of the state files.")] = None
    store: Annotated[str | None, Option("--store", metavar="FOLDER", help="Folder of the stores.")] = None
    tenant: Annotated[
        str | None, Option("--tenant", metavar="TENANT", help="Only this tenant.", autocompletion=complete_tenant)
    ] = None
    json: Annotated[bool, Option("--json", help="Answer for programs.")] = False
    verbose: Annotated[bool, Option("--verbose", "-v", help="Tell every step on stderr.")] = False
    quiet: Annotated[bool, Option("--quiet", "-q", help="Tell only problems.")] = False

    @functools.cached_property
    def config(self) -> Config:
        """The configuration; ConfigError where there is none or something is wrong with it."""
        return load_config(find_config(self.config_file, os.environ), environ=os.environ)

    @functools.cached_property
    def config_if_any(self) -> Config | None:
        """The configuration, or None where none was named and none lies at the usual places."""
        if self.config_file is None:
            try:
                find_config(None, os.environ)
            except ConfigError:
                return None
        return self.config

    @functools.cached_property
    def store_folder(self) -> Path:
        """Where the stores lie."""
        return store_folder(self.store, self.config_if_any, os.environ)

    def state_folder(self, connector: ConnectorConfig | None) -> Path:
        """Where the state file of a connector lies; None stands for one that is not configured."""
        return state_folder(self.state_dir, connector, self.config_if_any, os.environ)


def command(function: Callable[..., int]) -> Callable[..., int]:
    """The command takes the options of `Asked` too, and gets them as its first argument.

    It logs to stderr; a reader that closes the pipe, like `head`, ends it without a word.
    """
    common = {field.name for field in fields(Asked)}

    @functools.wraps(function)
    def wrapped(**values: Any) -> int:
        asked = Asked(**{name: values.pop(name) for name in common})
        name_config(asked.config_file)
        with logging_to_stderr(verbose=asked.verbose, quiet=asked.quiet):
            try:
                return function(asked, **values)
            except BrokenPipeError:
                discard_stdout()
                return PIPE_CLOSED

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = inspect.signature(Asked, eval_str=True).parameters.values()
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared)]
    vars(wrapped)["__signature__"] = inspect.Signature(parameters)
    return wrapped
