"""`${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`, in the text of values; expanded after parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}|\$\{")


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its variables filled in, or the names of those that are not set, or that it is malformed."""

    text: str
    unset: tuple[str, ...] = ()
    malformed: bool = False


def expand(text: str, environ: Mapping[str, str]) -> Expanded:
    """Fills in variables once: what a variable brings is never expanded again. The default stands for empty, too."""
    if "${" not in text:
        return Expanded(text)
    unset: list[str] = []
    malformed = False

    def value(found: re.Match[str]) -> str:
        nonlocal malformed
        name, default = found["name"], found["default"]
        if name is None:
            malformed = malformed or found.group() == "${"
            return "${"
        if default is not None:
            return environ.get(name) or str(default[2:])
        if name not in environ:
            unset.append(name)
        return environ.get(name, "")

    filled = _PART.sub(value, text)
    return Expanded(filled, tuple(dict.fromkeys(unset)), malformed)
