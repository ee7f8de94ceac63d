"""Where Plaid posts what changes at a bank: each item has one address, which lasts until another one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...core.errors import AccessError, SourceError
from ...core.subscription import Subscription

if TYPE_CHECKING:
    from . import PlaidConnector
    from .answers import PlaidCredentials

UPDATE = "/item/webhook/update"


def subscribe(connector: PlaidConnector, url: str, previous: Subscription | None) -> Subscription:
    """All banks post to `url`. One that cannot be asked holds up no other, and is told at the end."""
    kept = {bank.item_id for bank in connector.kept_banks()}
    ours = {"", url, *([previous.url] if previous is not None else [])}
    problems = []
    for bank in connector.banks().values():
        try:
            found = _address(connector, bank)
            if found not in ours and bank.item_id not in kept:
                raise _foreign(bank, found)
            if found != url:
                connector.bank_api(bank).ask(UPDATE, webhook=url)
        except (AccessError, SourceError) as error:
            problems.append(error)
    if problems:
        raise problems[0]
    return Subscription(url)


def unsubscribe(connector: PlaidConnector, subscription: Subscription) -> None:
    """Banks that post there do so no more."""
    for bank in connector.all_banks():
        try:
            if _address(connector, bank) == subscription.url:
                connector.bank_api(bank).ask(UPDATE, webhook=None)
        except AccessError:
            continue  # of a login that is gone, nothing is posted


def _address(connector: PlaidConnector, bank: PlaidCredentials) -> str:
    return str(connector.bank_api(bank).item().get("webhook") or "")


def _foreign(bank: PlaidCredentials, found: str) -> SourceError:
    return SourceError(
        f"{bank.name} posts its changes to {urlsplit(found).hostname or 'another address'} already, as whoever linked "
        "it wanted.",
        hint="let that pass them on, or take its address away with /item/webhook/update",
    )
