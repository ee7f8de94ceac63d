"""Xero: contacts, invoices, credits, payments, bank transactions, accounts and manual journals of an organisation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, ClassVar, TypeVar

from ...auth.login import Login
from ...auth.oauth import OAuthClient, granted
from ...auth.refreshing import Refreshing
from ...auth.selfgranted import SelfGranted
from ...auth.tokens import Tokens
from ...core.address import address_problem
from ...core.changes import Change, Cursor
from ...core.clock import utc_now
from ...core.errors import AccessError, AragoraSyncError, ConfigError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from ...net.access import bearer
from ...oauth import OAuthConnector
from . import webhook, writing
from .aging import AgingReport, aging, credited, owed
from .answers import (
    JournalLine,
    XeroAccount,
    XeroBankTransaction,
    XeroContact,
    XeroCreditNote,
    XeroInvoice,
    XeroLineItem,
    XeroManualJournal,
    XeroOverpayment,
    XeroPayment,
    XeroPrepayment,
)
from .credentials import XeroCredentials
from .endpoints import ENDPOINTS
from .errors import explain
from .ledger import CONCURRENT, Ledger
from .login import (
    AUTH_URL,
    BROAD,
    GRANULAR,
    STAYING,
    TENANT,
    TOKEN_URL,
    WEBHOOK_KEY,
    Organisation,
    by_itself,
    chosen,
    client_of,
    exchange_code,
    get_oauth_url,
    organisations,
    scopes,
    with_style,
)
from .reading import Reading

__all__ = [
    "AgingReport",
    "JournalLine",
    "XeroAccount",
    "XeroBankTransaction",
    "XeroConnector",
    "XeroContact",
    "XeroCredentials",
    "XeroCreditNote",
    "XeroInvoice",
    "XeroLineItem",
    "XeroManualJournal",
    "XeroOverpayment",
    "XeroPayment",
    "XeroPrepayment",
    "exchange_code",
    "get_oauth_url",
]

URL = "https://api.xero.com"
WEEK_HOURS = 168

T = TypeVar("T")


class XeroConnector(OAuthConnector):
    """Reads one organisation, each kind of record a stream, by time of update. What is voided or deleted is told as
    such; a look through everything once a week finds the few changes that move no time of update.
    """

    type = "xero"
    title = "Accounting of a Xero organisation"
    service = "Xero"
    prefix = "XERO"
    keys: ClassVar[Mapping[str, str]] = {
        "XERO_CLIENT_ID": "client id of your app at developer.xero.com",
        "XERO_CLIENT_SECRET": "its secret; a mobile or desktop app (PKCE) has none",
        "XERO_REFRESH_TOKEN": "a refresh token, instead of a login; optional",
        "XERO_ACCESS_TOKEN": "an access token, which ends after half an hour; optional",
        WEBHOOK_KEY: "signing key of the app's webhook, for schedule --listen; optional",
    }
    webhook_terms = webhook.TERMS

    xero_tenant_id: str = option(
        "",
        help="Organisation at Xero, by its tenant ID; by default that of the login.",
        example="fe79f7dd-b6d4-4a92-ba7b-538af6289c58",
        env="XERO_TENANT_ID",
        identity=True,
    )
    record_types: list[str] = option(
        [],
        help="Kinds of records to sync, by default all: " + ", ".join(ENDPOINTS) + ".",
        example=["contacts", "invoices", "payments"],
    )
    scope_style: str = option(
        GRANULAR,
        help="Scopes that the login asks for: broad for apps made before 2 March 2026 that have no others.",
        choices=(GRANULAR, BROAD),
        neutral=True,
    )
    allow_writes: bool = option(
        False, help="The login also asks for the scopes by which programs make invoices and journals.", neutral=True
    )
    custom_connection: bool = option(
        False,
        help="The app is a custom connection, which logs in by itself with its client secret.",
        neutral=True,
    )
    reconcile_every: float | None = option(
        WEEK_HOURS,
        help="Hours after which all is compared with Xero; 0 is never.",
        at_least=0,
        at_most=87_600,
        neutral=True,
    )
    base_url: str = option(URL, help="Address of the API.", neutral=True)
    auth_url: str = option(AUTH_URL, help="Address where a person consents.", neutral=True)
    token_url: str = option(TOKEN_URL, help="Address where tokens are given.", neutral=True)

    def __init__(self, **options: Any) -> None:
        given = options.get("credentials")
        if isinstance(given, XeroCredentials):
            options = {"xero_tenant_id": given.tenant_id, **options, "credentials": given.by_name()}
        super().__init__(**options)
        if wrong := [name for name in self.record_types if name not in ENDPOINTS]:
            raise ConfigError(f"xero: there are no records {wrong[0]!r}; known are {', '.join(ENDPOINTS)}")
        self._wanted = list(dict.fromkeys(self.record_types or ENDPOINTS))

    def open(self) -> None:
        """Makes the connection; Xero is asked for the first time when it must be."""
        self.once("ledger", self._open_ledger)

    @property
    def ledger(self) -> Ledger:
        """The organisation, for a run or for a program that never opened it."""
        return self.once("ledger", self._open_ledger)

    def _open_ledger(self) -> Ledger:
        return Ledger(self._api(), self._organisation_id)

    # Login

    def oauth_client(self) -> OAuthClient:
        wanted = scopes(self._wanted, self.scope_style, writing=self.allow_writes)
        secret = self.asked_credentials.get("XERO_CLIENT_SECRET") or ""
        return client_of(self.credential("XERO_CLIENT_ID"), secret, self.auth_url, self.token_url, wanted)

    def log_in(self, login: Login) -> Tokens:
        if self.custom_connection:
            raise ConfigError(
                "xero: a custom connection logs in by itself; there is nothing for a person to do.",
                hint=f"aragora-sync check {self.connector_id}",
            )
        try:
            return super().log_in(login)
        except AragoraSyncError as error:
            raise with_style(error) from error

    def next_tokens(self, tokens: Tokens) -> Tokens:
        if not self.custom_connection:
            return super().next_tokens(tokens)
        self.credential("XERO_CLIENT_SECRET")  # it must be there
        return granted(self.open_http, by_itself(self.oauth_client()))

    def _open_access(self) -> Refreshing:
        kind = SelfGranted if self.custom_connection else Refreshing
        return kind(self.tokens, self.next_tokens, service=self.service, login=self.login_command, stop=self.stop)

    def after_login(self, tokens: Tokens, told: Mapping[str, str], login: Login) -> Tokens:
        found = organisations(self._api(tokens.access))
        if self.xero_tenant_id or not found:
            one = chosen(found, self.xero_tenant_id, self.login_command)
        else:
            names = [f"{each.name} ({each.id})" for each in found]
            one = found[login.choose("Which organisation is meant?", names)]
        about = {**tokens.told, "tenant_name": one.name, "tenant_id": one.id}
        return Tokens(tokens.access, tokens.refresh, tokens.expires_at, tokens.scope, about)

    def _api(self, token: str = "") -> Any:
        if wrong := address_problem("base_url", self.base_url, URL, allow_http=self.allow_http):
            raise ConfigError(f"xero: {wrong}")
        return self.http(
            self.base_url,
            bearer(token) if token else self.access,
            place="Xero",
            explain=partial(explain, login=self.login_command),
            width=CONCURRENT,
            exact=True,
            witness=self._witness,
        )

    def _witness(self, method: str, address: str, status: int) -> None:
        action = "read" if method == "GET" else "write"
        self.audit.add(action, f"{method} {address.removeprefix(self.base_url.rstrip('/'))}", status=status)

    def _organisation_id(self) -> str:
        return self.xero_tenant_id or self.once("organisation", self._find_organisation)

    def _find_organisation(self) -> str:
        kept = self.access.known().told.get(TENANT, "")
        return kept or chosen(organisations(self._api()), "", self.login_command).id

    # Sync

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The kinds of records that the options name, and what was read of another organisation before."""
        organisation = self.ledger.organisation
        for name in self._wanted:
            yield Stream(f"{organisation}/{name}", name.replace("_", " "), reports_deletes=True)
        for name in stored:
            of, _, kind = name.partition("/")
            if of != organisation and kind in self._wanted:
                yield Stream(name)

    def check(self) -> Iterator[Check]:
        """Whether the login holds, which organisation it is for, and which scopes it has."""
        name = "login"
        try:
            found = organisations(self._api())
            yield Check(name, True, "accepted")
            name = "organisation"
            one = self._checked(found)
            yield Check(name, True, f"{one.name} ({one.id})")
            name = "scopes"
            yield self._check_scopes(self.access.current().scope.split())
        except (ConfigError, SourceError) as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def _checked(self, found: Sequence[Organisation]) -> Organisation:
        told = self.access.known().told.get("tenant_id", "")
        return chosen(found, self.xero_tenant_id or told, self.login_command)

    def _check_scopes(self, allowed: Sequence[str]) -> Check:
        wanted = scopes(self._wanted, self.scope_style, writing=self.allow_writes)
        if self.custom_connection:
            wanted.remove(STAYING)
        missing = [each for each in wanted if each not in allowed and each.removesuffix(".read") not in allowed]
        if allowed and missing:
            return Check(
                "scopes", False, f"the login lacks {', '.join(missing)}", f"log in again: {self.login_command}"
            )
        return Check("scopes", True, ", ".join(allowed) or "not told")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The records that were updated since `cursor`; all of them where it is None."""
        return self._reading(stream).read(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The records of these ids."""
        return self._reading(stream).fetch(refs)

    def _reading(self, stream: Stream) -> Reading:
        of, _, name = stream.name.partition("/")
        if of != self.ledger.organisation:
            raise AccessError(
                f"the login is for another organisation than {of}; what was read of that one is kept.",
                hint=f"log in for it: {self.login_command}; or forget it: {self.purge_command(stream.name)}",
            )
        return Reading(self.ledger, ENDPOINTS[name])

    # For programs: typed answers

    def get_contacts(self, modified_since: datetime | None = None) -> list[XeroContact]:
        """Customers and suppliers, those of the archive too."""
        return self._get("contacts", XeroContact.read, modified_since)

    def get_invoices(self, modified_since: datetime | None = None) -> list[XeroInvoice]:
        """Sales invoices and bills of every status, with their lines."""
        return self._get("invoices", XeroInvoice.read, modified_since)

    def get_credit_notes(self, modified_since: datetime | None = None) -> list[XeroCreditNote]:
        """Credit notes of both sides and every status."""
        return self._get("credit_notes", XeroCreditNote.read, modified_since)

    def get_overpayments(self, modified_since: datetime | None = None) -> list[XeroOverpayment]:
        """What was paid beyond what was owed, on both sides, in every status."""
        return self._get("overpayments", XeroOverpayment.read, modified_since)

    def get_prepayments(self, modified_since: datetime | None = None) -> list[XeroPrepayment]:
        """What was paid before there was an invoice, on both sides, in every status."""
        return self._get("prepayments", XeroPrepayment.read, modified_since)

    def get_payments(self, modified_since: datetime | None = None) -> list[XeroPayment]:
        """Payments, deleted ones too."""
        return self._get("payments", XeroPayment.read, modified_since)

    def get_bank_transactions(self, modified_since: datetime | None = None) -> list[XeroBankTransaction]:
        """Money spent and received, of every status."""
        return self._get("bank_transactions", XeroBankTransaction.read, modified_since)

    def get_accounts(self, modified_since: datetime | None = None) -> list[XeroAccount]:
        """The chart of accounts."""
        return self._get("accounts", XeroAccount.read, modified_since)

    def get_manual_journals(self, modified_since: datetime | None = None) -> list[XeroManualJournal]:
        """Manual journals of every status, with their lines."""
        return self._get("manual_journals", XeroManualJournal.read, modified_since)

    def get_ar_aging_report(self, as_of: date | None = None, currency: str = "") -> AgingReport:
        """Who owes how much now, by how many days it is overdue on a day; by default today.

        Worked out from open invoices, less credit notes and what customers paid ahead, as far as they remain. What is
        dated later is left out.
        """
        at = utc_now()
        found = [
            *owed(self.get_invoices()),
            *credited(self.get_credit_notes()),
            *credited(self.get_overpayments()),
            *credited(self.get_prepayments()),
        ]
        return aging(found, as_of or at.astimezone().date(), currency, at)

    def _get(self, name: str, read: Callable[[Mapping[str, Any]], T], since: datetime | None) -> list[T]:
        if since is not None:
            since = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
        return [read(row) for row in Reading(self.ledger, ENDPOINTS[name]).rows(since)]

    # For programs: writing

    def create_invoice(
        self,
        contact_id: str,
        line_items: Sequence[XeroLineItem],
        *,
        invoice_type: str = "ACCREC",
        date: date | None = None,
        due_date: date | None = None,
        invoice_number: str = "",
        reference: str = "",
        currency_code: str = "",
        line_amount_types: str = "Exclusive",
        status: str = "DRAFT",
        idempotency_key: str = "",
    ) -> XeroInvoice:
        """Makes an invoice (ACCREC) or a bill (ACCPAY), dated today by default.

        The same invoice asked for twice within six minutes is made once, unless `idempotency_key` tells them apart.
        """
        more = {"InvoiceNumber": invoice_number, "Reference": reference, "CurrencyCode": currency_code}
        raw = writing.invoice(contact_id, line_items, invoice_type, date, due_date, status, line_amount_types, **more)
        return XeroInvoice.read(writing.written(self.ledger, self.tenant_id, "Invoices", [raw], idempotency_key)[0])

    def create_manual_journal(
        self,
        narration: str,
        journal_lines: Sequence[JournalLine],
        *,
        date: date | None = None,
        status: str = "DRAFT",
        idempotency_key: str = "",
    ) -> XeroManualJournal:
        """Makes a manual journal, dated today by default; one that does not balance is refused before it is sent."""
        raw = writing.manual_journal(narration, journal_lines, date, status)
        made = writing.written(self.ledger, self.tenant_id, "ManualJournals", [raw], idempotency_key)
        return XeroManualJournal.read(made[0])
