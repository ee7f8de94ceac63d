"""One bank, asked through Plaid."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, CursorExpired, ReadAgain, SourceError, TransientError
from ...core.stop import StopSign
from ...net.http import Http
from ...net.polling import doubling, polled
from .answers import PlaidCredentials
from .errors import BalanceTooOld, InvalidField, NotReady, TokenRefused

logger = logging.getLogger(__name__)

PAGE = 500  # the most; fewer pages meet fewer changes in between
FIRST_PAUSE_SECONDS = 2.0
NOT_READY = "NOT_READY"
COMPLETE = "HISTORICAL_UPDATE_COMPLETE"
CACHED, REALTIME = "/accounts/get", "/accounts/balance/get"
CAPITAL_ONE = "ins_128026"  # wants to be told how old a balance may be
OLDEST_BALANCE = timedelta(days=30)

Raw = dict[str, Any]


@dataclass(slots=True)
class Update:
    """All that a feed told since a cursor, of each transaction what it told last: None where it is gone."""

    changes: dict[str, Raw | None] = field(default_factory=dict)
    cursor: str = ""
    historical_complete: bool = False

    def add(self, page: Raw) -> None:
        """What a page tells comes after what the pages before it told."""
        for raw in (*page["added"], *page["modified"]):
            self._put(raw["transaction_id"], raw)
        for raw in page["removed"]:
            self._put(raw["transaction_id"], None)
        self.cursor = page["next_cursor"]
        self.historical_complete = page.get("transactions_update_status") == COMPLETE

    def close(self) -> None:
        """Some banks never tell that a pending transaction is gone when it was posted under another id."""
        posted = [raw["pending_transaction_id"] for raw in self.changes.values() if raw and _replaces(raw)]
        for pending_id in posted:
            self._put(pending_id, None)

    def _put(self, transaction_id: str, raw: Raw | None) -> None:
        self.changes.pop(transaction_id, None)
        self.changes[transaction_id] = raw


class BankApi:
    """One bank, for one reading or one call. `newest` reads what is kept of it again: tokens may be rotated."""

    def __init__(
        self,
        http: Http,
        bank: PlaidCredentials,
        newest: Callable[[], PlaidCredentials | None],
        stop: StopSign,
        *,
        days_requested: int,
        wait_ready: float,
    ) -> None:
        self._http = http
        self.bank = bank
        self._newest = newest
        self._stop = stop
        self._days_requested = days_requested
        self._wait_ready = wait_ready

    def ask(self, path: str, *, once: bool = False, **told: Any) -> Raw:
        """The answer for this bank. A token that is refused is looked up once more, as it may have been rotated."""
        try:
            return self._send(path, told, once)
        except TokenRefused:
            newest = self._newest()
            if newest is None or newest.access_token == self.bank.access_token:
                raise
            self.bank = newest
        return self._send(path, told, once)

    def _send(self, path: str, told: Raw, once: bool) -> Raw:
        body = {"access_token": self.bank.access_token, **told}
        try:
            answered: Raw = self._http.post(path, body, bucket=f"{path} {self.bank.item_id}", once=once).body
            return answered
        except AccessError as error:
            raise named(self.bank, error) from error

    def item(self) -> Raw:
        """How Plaid sees this login."""
        found: Raw = self.ask("/item/get")["item"]
        return found

    def accounts(self) -> list[Raw]:
        """Its accounts with their balances, as Plaid knows them."""
        found: list[Raw] = self.ask(CACHED)["accounts"]
        return found

    def balances(self, *, realtime: bool) -> tuple[str, list[Raw]]:
        """The same, with how fresh they are. The bank itself is asked once, as each question is billed; where it does
        not answer, what Plaid knows stands for it.
        """
        if realtime:
            try:
                return "realtime", self._balances_of_the_bank()
            except (TransientError, BalanceTooOld) as error:
                logger.warning("%s tells no balances now, so that older ones are used: %s", self.bank.name, error)
        return "cached", self.accounts()

    def _balances_of_the_bank(self) -> list[Raw]:
        told: Raw = {}
        if self.bank.institution_id == CAPITAL_ONE:
            told["options"] = {"min_last_updated_datetime": f"{utc_now() - OLDEST_BALANCE:%Y-%m-%dT%H:%M:%SZ}"}
        found: list[Raw] = self.ask(REALTIME, once=True, **told)["accounts"]
        return found

    def update(self, cursor: str) -> Update | None:
        """Everything since the cursor; None where Plaid has not gathered anything yet.

        Raises ReadAgain where transactions changed meanwhile: nothing of what was read counts then.
        """
        update = Update()
        for page in self._pages(cursor):
            update.add(page)
        if not update.cursor:
            return None
        update.close()
        return update

    def _pages(self, cursor: str) -> Iterator[Raw]:
        page = self._first_page(cursor)
        asked = {cursor}
        while page is not None:
            yield page
            if not page["has_more"]:
                return
            following = page["next_cursor"]
            if following in asked:
                raise SourceError("Plaid sends us round in circles: a page names one that was already read.")
            asked.add(following)
            try:
                page = self._page(following)
            except InvalidField as error:
                raise ReadAgain("Plaid does not take the cursor it gave; the update is read again.") from error

    def _first_page(self, cursor: str) -> Raw | None:
        pauses = doubling(FIRST_PAUSE_SECONDS, self._wait_ready)
        why = f"Plaid gathers the transactions of {self.bank.name}"
        try:
            return polled(lambda: self._page_if_ready(cursor), lambda page: page is not None, pauses, self._stop, why)
        except InvalidField as error:
            if cursor:
                raise CursorExpired(f"Plaid takes the cursor of {self.bank.name} no more.") from error
            raise

    def _page_if_ready(self, cursor: str) -> Raw | None:
        try:
            page = self._page(cursor)
        except NotReady:
            return None
        return None if page.get("transactions_update_status") == NOT_READY else page

    def _page(self, cursor: str) -> Raw:
        options = {
            "include_original_description": True,
            "personal_finance_category_version": "v2",  # else it depends on when a bank was linked
            "days_requested": self._days_requested,
        }
        since: Raw = {"cursor": cursor} if cursor else {}
        return self.ask("/transactions/sync", **since, count=PAGE, options=options)


def named(bank: PlaidCredentials, error: AccessError) -> AragoraSyncError:
    """The same, with the bank that it is about."""
    return type(error)(f"{bank.name}: {error.message}", hint=error.hint)


def _replaces(raw: Raw) -> bool:
    return bool(raw.get("pending_transaction_id")) and not raw.get("pending")
