"""How logins at banks end: forgotten here, or ended at Plaid too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core.errors import ConfigError
from ...oauth import Leaving
from .answers import PlaidCredentials

if TYPE_CHECKING:
    from . import PlaidConnector


class Farewell:
    """To these banks."""

    def __init__(self, connector: PlaidConnector, banks: Sequence[PlaidCredentials]) -> None:
        self._connector = connector
        self._banks = banks

    def by_consent(self, *, remove_item: bool) -> Leaving:
        """Ends the links at Plaid too, if `remove_item` says so."""
        names = ", ".join(f"{bank.name} ({bank.item_id})" for bank in self._banks)
        if not names:
            told = f"no login at a bank is kept in {self._connector.environment}."
            return Leaving(told, lambda: None, told)
        if remove_item:
            return Leaving(
                f"Plaid ends its link to {names} for good: whoever reads it again must link it anew, and everything "
                "comes under other ids. What is stored is kept.",
                self._unlink,
                f"unlinked at Plaid, and forgotten: {names}.",
            )
        return Leaving(
            f"the login at {names} is forgotten here; what is stored is kept. Plaid still has the link and bills for "
            "it, and without its token it cannot be ended from here any more; --remove-item ends it first.",
            lambda: self._connector.forget(self._banks),
            f"forgotten: {names}; Plaid still has the link.",
        )

    def _unlink(self) -> None:
        for bank in self._banks:
            self._connector.unlink(bank)


def the_bank(asked: str, banks: Sequence[PlaidCredentials]) -> PlaidCredentials:
    """The one that is meant by its name or the id of its item."""
    found = [bank for bank in banks if bank.item_id == asked]
    found = found or [bank for bank in banks if asked.casefold() in (bank.name.casefold(), bank.institution_id)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{bank.name} ({bank.item_id})" for bank in banks) or "none"
    why = "several logins are" if found else "no login that is kept here is"
    raise ConfigError(f"{why} for {asked!r}.", hint=f"name one by its id; kept are {known}")
