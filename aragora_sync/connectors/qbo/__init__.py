"""QuickBooks Online: the books of a company, its customers, vendors, accounts, and every transaction."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ...auth.oauth import OAuthClient, refreshed, revoked
from ...core.address import address_problem
from ...core.aging import AgingReport
from ...core.changes import Change, Cursor
from ...core.errors import ConfigError, CredentialError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from ...oauth import OAuthConnector
from . import webhook
from .answers import QBOAccount, QBOCustomer, QBOItem, QBOLine, QBOTransaction, QBOVendor
from .company import Company, Raw
from .credentials import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    WEBHOOK_TOKEN,
    QBOCredentials,
    QBOEnvironment,
)
from .entities import ENTITIES, TRANSACTIONS, wanted
from .feed import Feed
from .journals import JournalLine, create, entry_of
from .login import (
    AUTH_URL,
    REALM,
    REVOKE_URL,
    TOKEN_URL,
    client_of,
    ends_soon,
    exchange_code,
    get_oauth_url,
    with_company,
    with_end,
)
from .reading import EntityReading
from .reports import Statement, aging, statement

if TYPE_CHECKING:
    from ...auth.login import Login
    from ...auth.tokens import Tokens

__all__ = [
    "AgingReport",
    "JournalLine",
    "QBOAccount",
    "QBOCredentials",
    "QBOCustomer",
    "QBOEnvironment",
    "QBOItem",
    "QBOLine",
    "QBOTransaction",
    "QBOVendor",
    "QuickBooksConnector",
    "Statement",
    "exchange_code",
    "get_oauth_url",
]

T = TypeVar("T")

logger = logging.getLogger(__name__)

API_URLS = {"production": "https://quickbooks.api.intuit.com", "sandbox": "https://sandbox-quickbooks.api.intuit.com"}
WEB_URLS = {"production": "https://app.qbo.intuit.com", "sandbox": "https://app.sandbox.qbo.intuit.com"}


class QuickBooksConnector(OAuthConnector):
    """Reads the books of one company, each kind of thing a stream. One request tells of everything that changed or was
    deleted since the last run.
    """

    type = "qbo"
    title = "The books of a company at QuickBooks Online"
    service = "QuickBooks"
    prefix = "QBO"
    keys: ClassVar[Mapping[str, str]] = {
        CLIENT_ID: "the application at developer.intuit.com",
        CLIENT_SECRET: "its secret",
        REFRESH_TOKEN: "of a login made elsewhere, with realm_id; optional",
        ACCESS_TOKEN: "that belongs to it; optional",
        WEBHOOK_TOKEN: "verifier token of the app's webhook, for schedule --listen; optional",
    }
    webhook_terms = webhook.TERMS

    entities: list[str] = option(
        [],
        help="Kinds of things to sync; by default customers, vendors, items, accounts and all transactions.",
        example=["Customer", "Invoice", "Payment"],
    )
    realm_id: str = option(
        "",
        help="The company; by default the one that was chosen in the login.",
        example="9341452000000000",
        identity=True,
        env="QBO_REALM_ID",
    )
    environment: str = option(
        "production",
        help="Where the company is, and whose keys the application has.",
        choices=("production", "sandbox"),
        env="QBO_ENVIRONMENT",
    )
    base_url: str = option("", help="Address of the API; by default that of the environment.", neutral=True)
    auth_url: str = option(AUTH_URL, help="Address where a person consents.", neutral=True)
    token_url: str = option(TOKEN_URL, help="Address where tokens are given.", neutral=True)
    revoke_url: str = option(REVOKE_URL, help="Address where tokens are taken back.", neutral=True)

    def __init__(self, credentials: QBOCredentials | Any = None, **options: Any) -> None:
        if isinstance(credentials, QBOCredentials):
            options = {"realm_id": credentials.realm_id, "environment": credentials.environment.value, **options}
            credentials = credentials.by_name()
        super().__init__(**{"credentials": credentials, **options})
        self._wanted = wanted(self.entities)

    def open(self) -> None:
        """Finds out which company is meant; nothing is asked yet."""
        self.once("company", self._open_company)

    @property
    def api_url(self) -> str:
        """The API of the environment, or what stands in its place."""
        return self.base_url or API_URLS[self.environment]

    @property
    def web_url(self) -> str:
        """Where people look at the books."""
        return WEB_URLS[self.environment]

    @property
    def company(self) -> Company:
        """The company; nothing is asked before it must be."""
        return self.once("company", self._open_company)

    @property
    def feed(self) -> Feed:
        """What changed, for all entities of a run."""
        return self.once("feed", lambda: Feed(self.company, self._wanted))

    def _open_company(self) -> Company:
        if wrong := address_problem("base_url", self.api_url, API_URLS["production"], allow_http=self.allow_http):
            raise ConfigError(f"qbo: {wrong}")
        return Company(self, self._realm())

    def _realm(self) -> str:
        """The company that is meant; nothing is asked where option and login do not agree."""
        told = self.access.known().told
        realm_id = told.get(REALM, "")
        if realm_id and self.realm_id and realm_id != self.realm_id:
            raise ConfigError(
                f"qbo: the login is for company {realm_id}, and the option 'realm_id' names {self.realm_id}.",
                hint=f"log in for that company: {self.login_command}; or correct the option",
            )
        if not realm_id and not self.realm_id:
            raise CredentialError("nobody told which company is meant.", hint=f"{self.login_command}; or set realm_id")
        if (ends := ends_soon(told)) is not None:
            logger.warning("the login at QuickBooks ends for good on %s; try: %s", ends.date(), self.login_command)
        return realm_id or self.realm_id

    # Login

    def oauth_client(self) -> OAuthClient:
        return client_of(
            self.credential(CLIENT_ID),
            self.credential(CLIENT_SECRET),
            auth_url=self.auth_url,
            token_url=self.token_url,
            revoke_url=self.revoke_url,
        )

    def after_login(self, tokens: Tokens, told: Mapping[str, str], login: Login) -> Tokens:
        return with_company(with_end(tokens), told, self.realm_id)

    def next_tokens(self, tokens: Tokens) -> Tokens:
        return with_end(refreshed(self.open_http, self.oauth_client(), tokens.refresh))

    def log_out(self) -> None:
        """Intuit takes JSON here; what it took back before, it refuses."""
        tokens = self.tokens.current()
        if tokens is not None:
            try:
                revoked(self.open_http, replace(self.oauth_client(), as_json=True), tokens.refresh or tokens.access)
            except SourceError as error:
                if error.status != 400:  # noqa: PLR2004
                    raise
        self.tokens.forget()

    # Sync

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """Each entity that the options mean."""
        for entity in self._wanted:
            yield Stream(entity.name, entity.words, reports_deletes=entity.in_feed)

    def check(self) -> Iterator[Check]:
        """Who is logged in until when, and which company that is."""
        name = "login"
        try:
            told = self.access.known().told
            ends = ends_soon(told)
            yield Check(
                name,
                ends is None,
                f"ends for good on {ends.date()}" if ends else self.tokens.origin(),
                self.login_command if ends else "",
            )
            name = "company"
            info = self.company.info()
            yield Check(name, True, f"{info.get('CompanyName')} ({self.company.realm_id}, {self.environment})")
        except (SourceError, CredentialError) as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What changed in an entity since `cursor`; everything where it is None."""
        return self._reading(stream, known).changes(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The things of these ids."""
        return self._reading(stream, known).single(refs)

    def _reading(self, stream: Stream, known: KnownItems) -> EntityReading:
        return EntityReading(self.company, self.feed, ENTITIES[stream.name], known)

    # For programs: typed answers

    def get_customers(self) -> list[QBOCustomer]:
        """All customers, also those that are not active any more."""
        return [QBOCustomer.read(raw, self.company) for raw in self._all("Customer")]

    def get_vendors(self) -> list[QBOVendor]:
        """All vendors, also those that are not active any more."""
        return [QBOVendor.read(raw, self.company) for raw in self._all("Vendor")]

    def get_items(self) -> list[QBOItem]:
        """Everything that is sold or bought."""
        return [QBOItem.read(raw, self.company) for raw in self._all("Item")]

    def get_accounts(self) -> list[QBOAccount]:
        """The chart of accounts."""
        return [QBOAccount.read(raw, self.company) for raw in self._all("Account")]

    def get_transactions(
        self, start_date: date | datetime, end_date: date | datetime, types: Collection[str] = ()
    ) -> list[QBOTransaction]:
        """All transactions of these days, both included; of the types that are named, by default of all. By date."""
        days = [f"TxnDate >= '{_day(start_date)}'", f"TxnDate <= '{_day(end_date)}'"]
        meant = [ENTITIES[name] for name in types] or TRANSACTIONS
        found = [
            QBOTransaction.read(entity, raw, self.company) for entity in meant for raw in self._all(entity.name, days)
        ]
        return sorted(found, key=lambda one: (one.txn_date or date.min, one.type, one.id))

    def get_ar_aging_report(self, as_of: date | datetime | None = None) -> AgingReport:
        """Who owes how much, by how long it is due, on a day; by default today, where the company is.

        As QuickBooks works it out: what is owed in other currencies comes in that of the books.
        """
        return aging(self.company, _day(as_of) if as_of else None)

    def get_profit_and_loss(self, start_date: date | datetime, end_date: date | datetime) -> Statement:
        """Income and expenses of these days, both included."""
        return statement(self.company, "ProfitAndLoss", _day(start_date), _day(end_date))

    def get_balance_sheet(self, as_of: date | datetime | None = None) -> Statement:
        """Assets, liabilities and equity on a day; by default today, where the company is."""
        return statement(self.company, "BalanceSheet", None, _day(as_of) if as_of else None)

    # For programs: writing. No sync ever comes here

    def create_journal_entry(
        self, lines: Sequence[JournalLine], on: date | datetime, number: str = "", note: str = "", key: str = ""
    ) -> QBOTransaction:
        """The journal entry that was made. It must balance to the cent, or nothing is sent.

        The same entry is made once, however often this is called; `key` tells apart those that are otherwise alike.
        """
        place = f"{self.tenant_id}|{self.connector_id}"
        raw = create(self.company, entry_of(lines, _day(on), number, note), place, key)
        return QBOTransaction.read(ENTITIES["JournalEntry"], raw, self.company)

    def _all(self, name: str, conditions: Sequence[str] = ()) -> Iterable[Raw]:
        """Each thing once, as it was read last."""
        pages = self.company.pages(ENTITIES[name], conditions=conditions)
        return {raw["Id"]: raw for page in pages for raw in page}.values()


def _day(value: date | datetime) -> date:
    """The date that was written, whatever the zone."""
    return value.date() if isinstance(value, datetime) else value
