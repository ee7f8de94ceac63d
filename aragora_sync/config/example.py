"""Writes `connectors.example.yaml` from the declarations, and the file that `aragora-sync init` starts with.

`python -m aragora_sync.config.example` writes the first to the top of the repository; `--check` tells if it is stale.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..auth.providers import OURS, our_provider
from ..connector import Connector
from ..core.options import Option, options_of
from ..engine.schedule import SyncSchedule
from .connector import yaml_options
from .scalars import resolve
from .schema import all_classes
from .sections import ConnectorSection, FileSection, HooksSection, ProviderSection, StoreSection, TenantSection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE_FILE = Path(__file__).parents[2] / "connectors.example.yaml"
COMMAND = "python -m aragora_sync.config.example"
WIDTH = 110

_DOCUMENTS = {"root": ".", "include_patterns": ["*.md"], "exclude_patterns": [".venv/", "build/", "dist/"]}
_SOURCE = {"root": "aragora_sync", "include_patterns": ["*.py"]}
_PLAIN = re.compile(r"(?!(y|n|yes|no|on|off)$)[A-Za-z_./]([A-Za-z0-9_./@+=-]|:(?=//))*", re.IGNORECASE)


def example(classes: Mapping[str, type[Connector]]) -> str:
    """A whole file: two tenants that sync this repository, then every other connector, complete, and disabled."""
    others = [name for name in classes if name != "filesystem"]
    lines = [
        *_comment("What aragora-sync can sync, complete with every option. Made from the program by"),
        f"# `{COMMAND}`; do not edit, copy what you need to connectors.yaml.",
        "#",
        *_comment("Any text may hold ${NAME} or ${NAME:-default}, filled in from the environment; $${ is a plain ${."),
        *_comment("Relative paths start at this file. Credentials are best kept in the environment or the keyring."),
        "",
        *_around_tenants(),
        "",
        *_common(),
        "",
        "tenants:",
        "  - id: workspace-1",
        "    connectors:",
        *_entry("filesystem", classes["filesystem"], {"id": "docs"}, _DOCUMENTS),
        "",
        "  - id: workspace-2",
        "    connectors:",
        *_indented(6, ["- type: filesystem", "  id: source", *_given(2, _SOURCE)]),
    ]
    for name in others:
        lines += ["", *_entry(name, classes[name], {"enabled": False}, {})]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def starter() -> str:
    """A small file to begin with: one filesystem connector, and hints at the rest."""
    return textwrap.dedent(
        """\
        # What aragora-sync syncs. Check this file with `aragora-sync check`, then `aragora-sync run`.
        # All types of connectors: `aragora-sync connectors`; all options of one: `aragora-sync connectors filesystem`.
        tenants:
          - id: default
            connectors:
              - type: filesystem
                id: documents
                root: .                       # relative to this file
                include_patterns: ["*.md", "*.txt"]
        """
    )


def main(arguments: list[str]) -> int:
    """Writes the file at the top of the repository; with `--check`, says whether it is up to date."""
    text = example(our_classes())
    if arguments != ["--check"]:
        EXAMPLE_FILE.write_text(text, encoding="utf-8")
    elif not EXAMPLE_FILE.exists() or EXAMPLE_FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{EXAMPLE_FILE.name} is stale.\n  try: {COMMAND}\n")
        return 1
    return 0


def our_classes() -> dict[str, type[Connector]]:
    """The connector classes of this package, whatever else is installed."""
    return {name: cls for name, cls in all_classes().items() if cls.__module__.startswith("aragora_sync.")}


def as_yaml(value: Any) -> str:
    """A value on one line, as YAML reads it back."""
    if isinstance(value, str | Path):
        text = str(value)
        return (
            text if _PLAIN.fullmatch(text) and isinstance(resolve(text), str) else json.dumps(text, ensure_ascii=False)
        )
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_yaml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def _around_tenants() -> Iterator[str]:
    """Everything beside the connectors, commented out: the defaults do."""
    yield "# store:"
    for name, declared in options_of(StoreSection).items():
        yield from _commented(2, _described(name, declared))
    yield from _commented(0, _described("state_dir", options_of(FileSection)["state_dir"]))
    yield from _commented(0, _comment(options_of(FileSection)["credentials"].help))
    yield "# credentials:"
    for name, declared in options_of(ProviderSection).items():
        yield from _commented(2, _described(name, declared))
    for name in OURS:
        yield "#"
        provider = our_provider(name)
        yield f"# Options of the provider {name} ({provider.title}):"
        for option_name, declared in options_of(provider).items():
            yield from _commented(4, _described(option_name, declared))
    yield "#"
    yield from _commented(0, _comment(options_of(FileSection)["hooks"].help))
    yield "# hooks:"
    for name, declared in options_of(HooksSection).items():
        yield from _commented(2, _described(name, declared))
    yield "#"
    yield "# Of each tenant:"
    for name, declared in options_of(TenantSection).items():
        if name != "connectors":
            yield from _commented(2, _described(name, declared))


def _common() -> Iterator[str]:
    """What every connector may say, once, commented out."""
    yield "# Of each connector, whatever its type:"
    for name, declared in options_of(ConnectorSection).items():
        if name not in ("type", "schedule"):
            yield from _commented(2, _described(name, declared))
    for name, declared in yaml_options(Connector).items():
        yield from _commented(2, _described(name, declared))
    yield from _commented(2, _comment(options_of(ConnectorSection)["schedule"].help))
    yield "#   schedule:"
    for name, declared in options_of(SyncSchedule).items():
        yield from _commented(4, _described(name, declared))


def _entry(name: str, cls: type[Connector], head: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    """A connector with all options of its own; those that every connector takes stand elsewhere, once."""
    yield from _indented(6, _comment(cls.title))
    for key, what in cls.keys.items():
        yield from _indented(6, _comment(f"Credential ARAGORA_{key}: {what}"))
    yield from _indented(6, [f"- type: {name}"])
    yield from _indented(8, _given(0, head))
    common = options_of(Connector)
    for option_name, declared in yaml_options(cls).items():
        if declared != common.get(option_name):
            yield from _indented(8, _described(option_name, declared, values))


def _described(name: str, declared: Option, values: Mapping[str, Any] | None = None) -> list[str]:
    value = declared.default if declared.example is None else declared.example
    value = (values or {}).get(name, value)
    return [*_comment(_help(declared, value)), f"{name}: {as_yaml(value)}"]


def _help(declared: Option, shown: Any) -> str:
    """The help, and what the value beside it does not tell."""
    parts = [declared.help]
    if declared.choices:
        parts.append(f"One of {', '.join(declared.choices)}.")
    if declared.required:
        parts.append("Required.")
    elif declared.default not in (shown, None):
        parts.append(f"By default {as_yaml(declared.default)}.")
    if declared.env:
        parts.append(f"Else read from ARAGORA_{declared.env}.")
    return " ".join(parts)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)]


def _commented(indent: int, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"# {' ' * indent}{line}"


def _given(indent: int, values: Mapping[str, Any]) -> list[str]:
    return [f"{' ' * indent}{name}: {as_yaml(value)}" for name, value in values.items()]


def _indented(indent: int, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"{' ' * indent}{line}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
