"""`aragora-sync audit verify`"""

from __future__ import annotations

from typing import Any

import typer

from ..audit import Broken, audit_path, audited_tenants, verify
from ..core.errors import Exit
from .common import Asked, command
from .output import count, painted, say, say_json
from .selection import config_tenants, require_known

audit = typer.Typer(
    help="Proves that the trail of who read what is whole.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@audit.callback()
def _commands() -> None:
    """A group, though it has only one command yet."""


@audit.command("verify")
@command
def verify_trails(asked: Asked) -> int:
    """Looks whether any line of the trails was changed, removed or moved.

    The exit code is 1 where one was.
    """
    found = [_looked_at(tenant) for tenant in _tenants(asked)]
    if asked.json:
        say_json(found, indent=2)
    else:
        for each in found:
            well = not each["broken_at"]
            said = count(each["lines"], "line") if well else f"line {each['broken_at']}: {each['reason']}"
            say(f"{each['tenant']}  {painted('ok' if well else 'broken', well=well)}  {said}")
    return Exit.FAILED if any(each["broken_at"] for each in found) else Exit.OK


def _tenants(asked: Asked) -> list[str]:
    """Those that have a trail, configured or not; the one that was asked for."""
    known = sorted(audited_tenants() | set(config_tenants(asked.config_if_any)))
    if asked.tenant is not None:
        require_known(asked.tenant, known, "tenant")
        return [asked.tenant]
    return known


def _looked_at(tenant: str) -> dict[str, Any]:
    path, lines, broken = audit_path(tenant), 0, None
    for line in verify(path):
        if isinstance(line, Broken):
            broken = line
        else:
            lines = line
    return {
        "tenant": tenant,
        "path": path,
        "lines": lines,
        "broken_at": broken.line if broken else None,
        "reason": broken.reason if broken else "",
    }
