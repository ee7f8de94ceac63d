"""What a plain scalar means: the core schema of YAML 1.2, in which `no`, `20:00` and `2024-01-01` are text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Scalar: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

# Whole numbers are bounded, because Python refuses to read those of several thousand digits.
_NUMBERS: list[tuple[re.Pattern[str], Callable[[str], Scalar]]] = [
    (re.compile(r"[-+]?[0-9]{1,1000}"), int),
    (re.compile(r"0o[0-7]{1,1000}|0x[0-9a-fA-F]{1,1000}"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
]


def resolve(text: str) -> Scalar:
    """The value that an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        for pattern, read in _NUMBERS:
            if pattern.fullmatch(text):
                return read(text)
    return text
