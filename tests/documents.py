"""The generated parts of README, made from the declarations; `python -m tests.documents` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from aragora_sync.cli.app import COMMANDS
from aragora_sync.connector import Connector
from aragora_sync.connectors import connector_class, connector_types
from aragora_sync.core.options import Option, options_of
from aragora_sync.engine.schedule import SyncSchedule

TOP = Path(__file__).parent.parent
README = TOP / "README.md"
BLOCK = re.compile(r"(<!-- begin: (.+?) -->\n)(.*?)(<!-- end: \2 -->)", re.DOTALL)
MEASURED = ("bench", "peers")  # written by hand from `make bench` and `make bench-peers`


def render(text: str) -> str:
    """The text with every generated block as it has to be."""
    return BLOCK.sub(lambda found: found[1] + block(found[2], found[3]) + found[4], text)


def block(name: str, present: str) -> str:
    if name in MEASURED:
        return present
    if name == "connectors":
        return table(("type", "class", "what it reads"), connectors())
    if name == "commands":
        return table(("command", "what it does"), commands())
    if name == "options of every connector":
        return table(("option", "default", "what it means"), options(Connector))
    if name == "options of a schedule":
        return table(("option", "default", "what it means"), options(SyncSchedule))
    kind = name.removeprefix("options ")
    return table(("option", "default", "what it means"), options(connector_class(kind), own=True))


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def connectors() -> Iterator[tuple[str, ...]]:
    for name in connector_types():
        cls = connector_class(name)
        if cls.__module__.startswith("aragora_sync."):
            yield f"`{name}`", f"`{cls.__name__}`", cls.title


def options(cls: type, own: bool = False) -> Iterator[tuple[str, ...]]:
    common = options_of(Connector)
    for name, declared in options_of(cls).items():
        if declared.in_yaml and not (own and common.get(name) == declared):
            yield f"`{name}`", default(declared), declared.help


def default(declared: Option) -> str:
    if declared.required:
        return "required"
    return "" if declared.default in (None, [], {}, "") else f"`{str(declared.default).lower()}`"


def commands() -> Iterator[tuple[str, ...]]:
    for name, (_, sentence) in COMMANDS.items():
        yield f"`aragora-sync {name}`", sentence


if __name__ == "__main__":
    README.write_text(render(README.read_text()))
