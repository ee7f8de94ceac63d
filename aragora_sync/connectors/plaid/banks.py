"""The logins at banks that a tenant has, kept together where other connectors keep the tokens of their one login."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from ...auth.refreshing import Refreshing
from ...auth.secrets import remember
from ...auth.token_store import TokenStore
from ...auth.tokens import Tokens, fingerprint
from ...core.stop import NoStop
from .answers import PlaidCredentials

CLIENT_ID, SECRET = "PLAID_CLIENT_ID", "PLAID_SECRET"
ACCESS_TOKEN = "PLAID_ACCESS_TOKEN"  # noqa: S105 - a name
UNKNOWN = "?"  # before the name of an item whose id nobody knows yet
_BETWEEN = re.compile(r"[\s,]+")


class BankStore(TokenStore):
    """Keeps several logins. Those in the user's own PLAID_ACCESS_TOKEN count, too; which banks they are for is unknown
    until Plaid is asked.
    """

    def current(self) -> Tokens | None:
        """All of them."""
        found = [*self.kept(), *self.given()]
        return tokens_of(found) if found else None

    def begin(self, tokens: Tokens) -> Tokens:
        """Keeps what a login gave beside what is there; what it replaces goes."""
        with self.lock(NoStop()):
            fresh = banks_of(tokens)
            gone = {item for bank in fresh for item in (bank.item_id, *bank.replaces)}
            kept = tokens_of([*(bank for bank in self.kept() if bank.item_id not in gone), *fresh])
            self.keep(kept)
        return kept

    def drop(self, *item_ids: str) -> None:
        """Keeps these logins no more."""
        with self.lock(NoStop()):
            left = [bank for bank in self.kept() if bank.item_id not in item_ids]
            if left:
                self.keep(tokens_of(left))
            else:
                self.forget()

    def make_sure(self) -> None:
        """Another login could be kept; CredentialError where not, before a person logs in for nothing."""
        with self.lock(NoStop()):
            self.keep(tokens_of(self.kept()))

    def kept(self) -> list[PlaidCredentials]:
        """Those of logins, read anew."""
        kept = self._kept()
        return banks_of(kept) if kept is not None else []

    def given(self) -> list[PlaidCredentials]:
        """Those of the user, unless a login is kept with the same token."""
        kept = {bank.access_token for bank in self.kept()}
        given = dict.fromkeys(filter(None, _BETWEEN.split(self._credentials.get(ACCESS_TOKEN) or "")))
        for token in given:
            remember(token)
        return [PlaidCredentials(token, unknown_id(token)) for token in given if token not in kept]


class Lasting(Refreshing):
    """Tokens that do not end, so that nothing is ever renewed."""

    renews = False

    def renewed(self) -> Tokens:
        """What is kept."""
        return self.known()


def unknown_id(token: str) -> str:
    return UNKNOWN + fingerprint(token)


def tokens_of(banks: Sequence[PlaidCredentials]) -> Tokens:
    """As one text to keep, with what may be shown of them."""
    names = ", ".join(bank.name for bank in banks if not bank.item_id.startswith(UNKNOWN))
    return Tokens(json.dumps([asdict(bank) for bank in banks]), told={"banks": names} if names else {})


def banks_of(tokens: Tokens) -> list[PlaidCredentials]:
    """Read from such a text."""
    banks = [replace(PlaidCredentials(**raw), replaces=tuple(raw["replaces"])) for raw in json.loads(tokens.access)]
    for bank in banks:
        remember(bank.access_token)
    return banks


def same(banks: Iterable[PlaidCredentials], item_id: str) -> PlaidCredentials | None:
    """The one of this id."""
    return next((bank for bank in banks if bank.item_id == item_id), None)
