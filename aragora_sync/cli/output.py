"""What leaves the program: answers on stdout, talk on stderr, both without secrets and control characters."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ..auth.secrets import redact
from ..core.errors import AragoraSyncError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

RED, GREEN, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"

# Titles and messages come from elsewhere: they must not move the cursor or rename the window. Our own colours pass.
_CONTROL = re.compile(r"(?!\x1b\[(?:0|31|32)m)[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# In hints. `connectors` and `schema` answer the same for every configuration.
_COMMAND = re.compile(
    r"(?<![\w/-])aragora-sync (?:(?:oauth|report|audit) [a-z]+|schedule(?: (?:next|print)\b)?+"
    r"|(?:run|status|search|export|check|reset|backup|restore|init)\b)(?! --help)(?!.* (?:-c|--config) )"
)
_named_config = ""


def name_config(file: str | None) -> None:
    """From now on the commands in hints are about this file, where one was named on the command line."""
    global _named_config  # noqa: PLW0603 - what was asked on the command line there is once in a process
    _named_config = file or ""


def step(hint: str) -> str:
    """The hint as it can be followed: its commands name the configuration, where this command was given one."""
    named = f" -c {shlex.quote(_named_config)}"
    return _COMMAND.sub(lambda found: found[0] + named, hint) if _named_config else hint


def say(text: str) -> None:
    """A line of the answer, at once: whoever reads a pipe need not wait for the end."""
    with answering() as stdout:
        stdout.write(cleaned(text) + "\n")


def say_json(document: Any, *, indent: int | None = None) -> None:
    """The answer for programs. Secrets are masked in values, never in keys, so that it stays what it is."""
    with answering() as stdout:
        stdout.write(json.dumps(redacted(document), ensure_ascii=False, indent=indent, default=str) + "\n")


def talk(text: str, end: str = "\n") -> None:
    """Something for the person in front of the screen, never part of the answer."""
    with contextlib.suppress(OSError):  # there is no other place where that could be told
        sys.stderr.write(cleaned(text) + end)
        sys.stderr.flush()


@contextlib.contextmanager
def answering() -> Iterator[TextIO]:
    """Stdout, flushed at the end; where it takes no more, like a file on a full disk, a letter says so."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise AragoraSyncError(
            f"cannot write to stdout: {error.strerror}.", hint="send it elsewhere; what was stored is kept"
        ) from error


def discard_stdout() -> None:
    """What is left in the buffer, and all that follows, goes nowhere."""
    os.dup2(nothing := os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.close(nothing)


def cleaned(text: str) -> str:
    """The text without secrets and control characters."""
    return _CONTROL.sub("\ufffd", redact(text))


def letter(error: AragoraSyncError) -> str:
    """The error as a short letter: what happened, one line for each problem, then what to do."""
    problems = error.problems if isinstance(error, ConfigError) else [error.message]
    lines = [f"error: {problem}" for problem in problems]
    return "\n".join([*lines, f"  try: {step(error.hint)}"] if error.hint else lines)


def redacted(value: Any) -> Any:
    """The same document, with every secret in its texts masked."""
    if isinstance(value, str):
        return redact(str(value))
    if isinstance(value, dict):
        return {key: redacted(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    return value


def painted(word: str, *, well: bool) -> str:
    """The word in green or red, where stdout is a terminal that may show colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return word
    return f"{GREEN if well else RED}{word}{PLAIN}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (map(str.ljust, row, widths) for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]


def indented(text: str, by: str = "  ") -> list[str]:
    """The lines of a text, moved to the right."""
    return [by + line for line in text.splitlines()]


def moment(at: datetime | None) -> str:
    """A time as people read it, to the minute."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def count(number: int, noun: str) -> str:
    """A number and its noun, in the right form."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
