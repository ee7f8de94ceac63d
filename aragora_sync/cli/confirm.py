"""The question before something is taken away."""

from __future__ import annotations

import sys

from ..core.errors import ConfigError
from .output import talk


def confirmed(yes: bool, what: str) -> bool:
    """Whether the person agrees; ConfigError where nobody can be asked. `what` is the command without --yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here: stdin is no terminal.", hint=f"{what} --yes")
    talk("Go on? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    talk("Nothing was changed.")
    return False
