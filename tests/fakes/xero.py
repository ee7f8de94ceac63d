"""Xero on loopback: logins, and an API over books that tests keep."""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .web import Answer, Asked, FakeService, html
from .xero_apps import PKCE, Access
from .xero_books import Books
from .xero_documents import KINDS
from .xero_json import Raw, Refused, Written, as_xml, denied, new_id, not_found, wants_json
from .xero_limits import Limits
from .xero_lists import Lists
from .xero_login import Login
from .xero_reports import aged
from .xero_rows import Rows, View, envelope
from .xero_scopes import NEEDED, READING, suffices
from .xero_webhooks import Webhooks
from .xero_writes import Writes

BASE = "/api.xro/2.0/"
LONGEST_QUERY = 2048
TOO_LONG = "The length of the query string for this request exceeds the configured maxQueryStringLength value."
SMALL = ("Organisation", "Currencies", "TaxRates", "TrackingCategories")
ENDPOINTS = {
    "issuer": "",
    "authorization_endpoint": "/identity/connect/authorize",
    "token_endpoint": "/connect/token",
    "revocation_endpoint": "/connect/revocation",
}


@dataclass(frozen=True)
class Call:
    """A request to the books of one organisation, by somebody who may ask it."""

    asked: Asked
    access: Access
    books: Books


class FakeXero(FakeService):
    """All hosts of Xero at one address: /identity/connect/authorize, /connect/token, /connect/revocation,
    /.well-known/openid-configuration, /connections, and the API below /api.xro/2.0.

    `books` (xero_books.Books) is the organisation that is there from the start, and holds what tests do to it:
    add_contact, create_invoice, create_credit_note, pay, allocate, spend, receive, transfer, overpay, prepay,
    post_journal, edit, set_lines, approve, void, delete, archive, restore, merge, forget, …; each act takes a bit more
    than a second (`books.pace`; 0: all at once). `add_organisation(name)` makes another, `reset_demo()` empties this
    one as Xero does every 28 days.

    `login` (xero_login.Login): apps, person, connections; log_in() gives tokens without a browser, end_access() makes
    access tokens too old. `token` is an access token that may read everything; `token_for(*scopes)` another one.
    `rows(part)` is what lists should tell in the end. `FakeXero(began_at=…)` sets the clock.
    `prepare(fake)` fills the books with some of everything.

    `limits` (xero_limits.Limits) hold from the start: 60 requests a minute, 5000 a day; use_up_day(). `lists`
    (xero_lists.Lists) and `writes` (xero_writes.Writes) hold the switches of what nobody outside knows for sure.
    `scope_status`: 401 or 403 where a scope is missing. `webhooks` (xero_webhooks.Webhooks): deliver(), intent().

    For `order`: too_many("minute"|"day"|"concurrent"|"appminute", seconds) and offline() of xero_limits, html of web;
    lose_answer(path) does what was asked and cuts the connection.
    """

    def __init__(self, began_at: datetime | None = None) -> None:
        super().__init__()
        self.now = began_at or self.now
        self._place = threading.local()
        self.begin_anew()

    def begin_anew(self) -> None:
        """One organisation, with a chart of accounts and nothing else; no switch is set."""
        self.organisations: dict[str, Books] = {}
        self.books = self.add_organisation("Demo Company (NZ)", is_demo=True)
        self.login = Login(self.organisations, lambda: self.now)
        self.limits = Limits()
        self.lists = Lists(self)
        self.writes = Writes(self)
        self.webhooks = Webhooks(self)
        self.scope_status = 401
        self.provider = "aragora"
        self._envelopes = 0
        self.token = self.token_for(*READING)
        self.forget()

    # What tests do

    def add_organisation(self, name: str, **more: Any) -> Books:
        """Another organisation; no application is connected to it before somebody consents."""
        books = Books(name, len(self.organisations), self.tick, **more)
        self.organisations[books.tenant_id] = books
        return books

    def reset_demo(self) -> Books:
        """The demo company begins anew: another tenant, nothing in it, and nobody is connected."""
        old = self.books
        self.login.disconnect(old.tenant_id)
        del self.organisations[old.tenant_id]
        self.books = Books(old.name, len(self.login.access) + 100, self.tick, is_demo=True)
        self.organisations[self.books.tenant_id] = self.books
        return self.books

    def token_for(self, *scopes: str, client_id: str = PKCE) -> str:
        """An access token of somebody who allows no more than this, for the organisation that is there."""
        before = self.login.person.name
        self.login.person.name = f"{before} of {len(self.login.access)}"
        token: str = self.login.log_in(scopes, client_id, [self.books.tenant_id])["access_token"]
        self.login.person.name = before
        return token

    def rows(self, part: str, books: Books | None = None) -> list[Raw]:
        """All there is of a kind, as a page with `unitdp=4` and everything archived or deleted would tell it now.

        Costs no request; amounts are Decimals. It shows also what `lag` still hides from lists.
        """
        shown = Rows(books or self.books, View(places=4, offset=self.lists.offset))
        found = (books or self.books).of_kind(part)
        return [shown.shown(KINDS[part], record.fields) for record in found]

    def use_up_day(self, books: Books | None = None, client_id: str = PKCE, left: int = 0) -> None:
        """This application has used up the day, but for so many requests."""
        app = self.login.apps[client_id]
        tenant = (books or self.books).tenant_id
        self.limits.spend_day(app.client_id, app.tier, tenant, self.now, left)

    def lose_answer(self, path: str = "", *, method: str = "", times: int = 1, skip: int = 0) -> None:
        """What is asked for happens, but the connection ends before the answer."""
        self.order(lambda asked: _cut(self.answer(asked)), path=path, method=method, times=times, skip=skip)

    # Every request

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._place.query = environ.get("QUERY_STRING", "")
        with self.limits.entered():
            return super().__call__(environ, start_response)

    def answer(self, asked: Asked) -> Answer:
        try:
            answer = self._answered(asked)
        except Refused as error:
            answer = error.answer
        except Exception:
            traceback.print_exc()  # a mistake of the fake, which the client would take for a cut connection
            raise
        if asked.path.startswith(BASE) and not wants_json(asked):
            return as_xml(answer)
        return answer

    def _answered(self, asked: Asked) -> Answer:
        places = {
            "/identity/connect/authorize": self.login.authorize,
            "/connect/token": self.login.token,
            "/connect/revocation": self.login.revoke,
            "/.well-known/openid-configuration": self._discovery,
        }
        if asked.path in places:
            return places[asked.path](asked)
        if re.fullmatch(r"/[Cc]onnections(/[^/]+)?", asked.path):
            return self._connections(asked)
        if asked.path.startswith(BASE):
            return self._api(asked, asked.path.removeprefix(BASE))
        raise not_found()

    def _discovery(self, _asked: Asked) -> Answer:
        return Answer(200, {name: f"{self.url}{path}" for name, path in ENDPOINTS.items()})

    def _connections(self, asked: Asked) -> Answer:
        access = self._access(asked)
        app = access.grant.app
        if refused := self.limits.refusal(app.client_id, app.tier, "", self.now):
            return refused
        key = asked.path.partition("onnections")[2].strip("/")
        headers = self.limits.headers(app.client_id, app.tier, "", self.now)
        if asked.method == "GET" and not key:
            return Answer(200, self.login.list_connections(asked, access.grant), headers)
        if asked.method == "DELETE" and self.login.delete_connection(access.grant, key):
            return Answer(204, b"", headers)
        raise not_found()

    def _api(self, asked: Asked, path: str) -> Answer:
        access = self._access(asked)
        call = Call(asked, access, self._books(asked, access))
        app, tenant = access.grant.app, call.books.tenant_id
        if len(getattr(self._place, "query", "")) > LONGEST_QUERY:
            return html(400, TOO_LONG)
        if refused := self.limits.refusal(app.client_id, app.tier, tenant, self.now):
            return refused
        try:
            answer = self._allowed(call, path)
        except Refused as error:
            answer = error.answer
        headers = self.limits.headers(app.client_id, app.tier, tenant, self.now)
        return replace(answer, headers={**headers, **answer.headers})

    def _allowed(self, call: Call, path: str) -> Answer:
        """What is asked for, if this token's scopes allow it."""
        part, _, key = path.partition("/")
        if part not in NEEDED:
            raise not_found()
        writing = call.asked.method != "GET"
        if not suffices(set(call.access.grant.scopes), part, writing=writing):
            raise self._denied("AuthorizationUnsuccessful", self.scope_status)
        if part == "Journals":
            if not call.access.grant.app.reads_journals:
                raise self._denied("AuthorizationUnsuccessful")
            return self.written(call, "Journals", [])
        if part == "Reports" and key == "AgedReceivablesByContact" and not writing:
            return aged(self, call)
        if part in SMALL and not key and not writing:
            return self.lists.small(call, part)
        if part not in KINDS:
            raise not_found()
        if writing:
            return self.writes.answer(call, KINDS[part], key)
        return self.lists.get(call, KINDS[part], key) if key else self.lists.list(call, KINDS[part])

    def _access(self, asked: Asked) -> Access:
        scheme, _, value = asked.headers.get("authorization", "").partition(" ")
        access = self.login.access.get(value)
        if scheme != "Bearer" or access is None:
            raise self._denied("AuthenticationUnsuccessful")
        if access.expires_at <= self.now:
            ended = f"TokenExpired: token expired at {access.expires_at:%m/%d/%Y %H:%M:%S}"
            told = 'Bearer error="invalid_token", error_description="The access token expired"'
            raise self._denied(ended, headers={"WWW-Authenticate": told})
        return access

    def _books(self, asked: Asked, access: Access) -> Books:
        """The organisation that is asked, if it is connected to the application for this person."""
        tenant = asked.headers.get("xero-tenant-id", "") or access.grant.app.custom_for
        if tenant not in [one.tenant_id for one in self.login.seen_by(access.grant)]:
            raise self._denied("AuthenticationUnsuccessful", 403)
        return self.organisations[tenant]

    def _denied(self, detail: str, status: int = 401, headers: dict[str, str] | None = None) -> Refused:
        self._envelopes += 1
        return denied(status, detail, new_id("instance", self._envelopes), headers)

    def written(self, call: Call, name: str, rows: list[Any], pagination: Raw | None = None) -> Written:
        """Rows, and what stands around all of them."""
        self._envelopes += 1
        provider = call.access.grant.app.name
        body = envelope(provider, new_id("answer", self._envelopes), self.now, name, rows, pagination)
        return Written(200, body)


def _cut(answer: Answer) -> Answer:
    return replace(answer, cut=0)


def prepare(fake: FakeXero, invoices: int = 12) -> str:
    """Books with some of everything, in all states; the id of a contact with open invoices."""
    books = fake.books
    acme, beta, gone = (books.add_contact(name, FirstName="Ann", LastName="Lee") for name in ("Acme", "Beta", "Gone"))
    for number in range(invoices):
        kind, code = ("ACCPAY", "400") if number % 4 == 3 else ("ACCREC", "200")
        lines = ((f"Work {number}", number + 1, "99.95", code), ("A third", 3, "0.3333", code, "NONE"))
        made = books.create_invoice((acme, beta)[number % 2], *lines, type=kind, date="2026-10-01", due="2026-10-31")
        _go_on(books, made, number)
    books.create_invoice(beta, ("Later", 1, "1", "400"), type="ACCPAY", status="DRAFT", due=None, tax="Inclusive")
    books.create_invoice(beta, ("Abroad", 1, "100", "200"), currency="USD", rate="0.61", tax="NoTax")
    books.delete(books.create_invoice(acme, ("Never", 1, "1", "200"), status="DRAFT"))
    note, over = books.create_credit_note(acme, ("Back", 1, "10", "200")), books.overpay(acme, "20")
    for credit in (note, over):
        books.allocate(credit, made, "5")
    books.pay(note, "1")
    books.pay(books.prepay(beta, "30", type="SPEND"), "1")
    books.spend(beta, ("Rent", 1, "800", "429"))
    books.delete(books.receive(acme, ("Interest", 1, "1.5", "260", "NONE")))
    books.transfer("250")
    books.delete(books.transfer("50"))
    books.post_journal("Monthly depreciation", ("1000", "720"), ("-1000", "180"))
    books.void(books.post_journal("A mistake", ("10", "720"), ("-10", "180")))
    books.delete(books.post_journal("A draft", ("10", "720"), ("-10", "180"), status="DRAFT"))
    books.add_item("HOSE", "A hose", "12.5")
    books.archive(books.add_account("430", "Old things"))
    books.archive(gone)
    books.merge(books.add_contact("Acme again"), acme)
    books.forget(books.add_contact("Zoe"))
    return acme


def _go_on(books: Books, invoice: str, number: int) -> None:
    """One of the things that happen to invoices."""
    if number % 6 == 1:
        books.pay(invoice, str(books.fields(invoice)["Total"]))
    elif number % 6 == 2:
        books.delete(books.pay(invoice, "1"))
    elif number % 6 == 3:
        books.void(invoice)
    elif number % 6 == 4:
        books.pay(invoice, "50.05")
