"""`aragora-sync report finance`"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import typer
from typer import Option

from ..audit import Audit, audit_path
from ..core.clock import utc_now
from ..core.errors import Exit
from ..report.finance import SECTIONS, financial_context
from ..report.sources import READERS, Source, type_of
from .common import Asked, command
from .finance import lines
from .output import say, say_json
from .selection import Chosen, choose_known, the_store, the_tenant

report = typer.Typer(
    help="Makes documents from what was synced.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@report.callback()
def _commands() -> None:
    """A group, though it has only one command yet."""


@report.command("finance")
@command
def finance(
    asked: Asked,
    as_of: Annotated[
        datetime | None,
        Option(
            "--as-of", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="The day of the document; by default today."
        ),
    ] = None,
) -> int:
    """Who owes how much, what lies at the bank, and what payroll costs.

    Made from the store alone. What is not known is told, and never counts as nothing. The exit code is 1 where
    nothing at all is known.
    """
    tenant = the_tenant(asked)
    store = the_store(asked, tenant)
    try:
        document = financial_context(store, tenant, _sources(asked, tenant), as_of.date() if as_of else _today())
    finally:
        store.close()
    _audited(tenant, document)
    if asked.json:
        say_json(document, indent=2)
    else:
        for line in lines(document):
            say(line)
    return Exit.OK if any(document[section] for section in SECTIONS) else Exit.FAILED


def _audited(tenant: str, document: Mapping[str, Any]) -> None:
    """Whose figures were read is in the trail before anybody sees them."""
    sections = [document[name] for name in SECTIONS if document[name]]
    for connector in sorted({source["connector"] for section in sections for source in section["sources"]}):
        Audit(audit_path(tenant), connector).add("read", f"report finance, as of {document['as_of']}")


def _sources(asked: Asked, tenant: str) -> list[Source]:
    """What the tenant has of connectors that know of money, configured or only stored."""
    chosen = [one for one in choose_known(asked, []) if one.tenant == tenant]
    return [Source(one.connector, kind, one.config is not None) for one in chosen if (kind := _type(one)) in READERS]


def _type(one: Chosen) -> str:
    return one.type if one.config else type_of(one.connector)


def _today() -> date:
    """Where this machine stands: who reads the document lives in that day."""
    return utc_now().astimezone().date()
