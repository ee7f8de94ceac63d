"""Providers of our own: their options are declared on the class, as those of a connector are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ..core.errors import ConfigError
from ..core.options import Problem, check_options
from .secrets import remember

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class DeclaredProvider:
    """Takes its declared options as keywords; ConfigError says everything that is wrong with them."""

    title: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]] = ()  # the options whose values are never shown

    def __init__(self, *, environ: Mapping[str, str] = os.environ, **options: Any) -> None:
        for name in self.secrets:
            if isinstance(value := options.get(name), str):
                remember(value)
        checked, problems = check_options(type(self), options, environ)
        if problems := problems or self.problems(checked, environ):
            raise ConfigError([problem.message for problem in problems], hint="correct the options of the provider")
        for name, value in checked.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @classmethod
    def problems(cls, values: Mapping[str, Any], environ: Mapping[str, str]) -> list[Problem]:
        """What is wrong with options that are each well, but not together or not in this environment."""
        return []


def checked_path(key: str) -> str:
    """The key as a path below a prefix. Refuses whatever could lead out of it."""
    if not _PATH.fullmatch(key):
        raise ValueError(f"{key!r} is no name of a credential: words of letters, digits, '_', '.', '-', parted by '/'")
    return key
