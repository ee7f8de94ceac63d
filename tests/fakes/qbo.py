"""QuickBooks Online on loopback: login, books, queries, change data, reports and writes."""

from __future__ import annotations

import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from . import qbo_query
from .qbo_books import Books
from .qbo_forms import currency
from .qbo_json import (
    JSON_TYPE,
    XML_TYPE,
    Refused,
    Row,
    gateway,
    instant,
    invalid,
    not_found,
    precise,
    read,
    written,
    xml,
)
from .qbo_kinds import KINDS, NO_CDC, SINGLE, by_name
from .qbo_limits import Limits
from .qbo_login import App, Grant, Login
from .qbo_reports import REPORTS, report
from .qbo_writes import Writes
from .web import Answer, Asked, FakeService

REALM = "9341452000000001"
PRODUCTION, SANDBOX = "ABproduction0000", "ABsandbox0000000"
LOCAL = "http://localhost:8080/oauth/callback"
CDC_DAYS = 30
CDC_OBJECTS = 1000
BATCH_ITEMS = 30
MINOR_VERSION = 75
LOWER_STATUSES = (401, 403)  # what the gateway itself says, in small letters
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
PATH = re.compile(r"/v3/company/([^/]+)(/.+)")


class FakeQuickBooks(FakeService):
    """Intuit's hosts at one address; `environment` says which API host that is: "production" or "sandbox".

    Paths are the vendor's: /connect/oauth2, /oauth2/v1/tokens/bearer, /v2/oauth2/tokens/revoke,
    /.well-known/openid_configuration/ (openid_sandbox_configuration/), /v3/company/….

    `books` (qbo_books.Books) is the company REALM, with all acts of a bookkeeper; company(realm_id) opens another.
    `login` (qbo_login.Login): apps PRODUCTION and SANDBOX (`app`: that of `environment`; App.register allows redirect
    addresses), connect() → tokens without a browser, consent(url), disconnect, expire_access, rules of rotation.
    `limits` (qbo_limits.Limits): requests by minute, second and month; `retry_after`.

    For `order` (see FakeService): lost() does the work and loses the answer; throttled(), expired(), html of web.
    Switches: `spelling` of faults by status ("lower", "upper", "xml"), `second_key` (ORDERBY takes more than one),
    `cdc_excluded`, `cdc_objects`, `cdc_days`, `parent_balance` ("leaf" or "header", in aged reports).
    qbo_webhooks.notify makes what webhooks post. All money in `books` is Decimal (int and text are taken, too).
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting = threading.Lock()
        self._in_flight: Counter[str] = Counter()
        self.begin_anew()

    def begin_anew(self) -> None:
        """One company without documents; no switch is set."""
        self.environment = "production"
        self.companies: dict[str, Books] = {}
        self.writes: dict[str, Writes] = {}
        self.login = Login(lambda: self.now)
        self.login.apps = {
            PRODUCTION: App(PRODUCTION, "secret-of-production", "production", ["https://example.com/callback"]),
            SANDBOX: App(SANDBOX, "secret-of-sandbox", "sandbox", [LOCAL]),
        }
        self.login.chosen = REALM
        self.limits = Limits()
        self.spelling: dict[int, str] = {}
        self.second_key = True
        self.cdc_excluded = set(NO_CDC)
        self.cdc_objects, self.cdc_days = CDC_OBJECTS, CDC_DAYS
        self.parent_balance = "leaf"
        self.books = self.company(REALM)
        self.forget()

    def company(self, realm_id: str) -> Books:
        """The books of this company, opened if there were none."""
        if realm_id not in self.companies:
            self.companies[realm_id] = books = Books(realm_id, self.tick, lambda: self.now)
            self.writes[realm_id] = Writes(books)
        return self.companies[realm_id]

    @property
    def app(self) -> App:
        """The keys that fit the host."""
        return self.login.apps[PRODUCTION if self.environment == "production" else SANDBOX]

    # For `order`

    def lost(self, asked: Asked) -> Answer:
        """All is done as asked, but the connection is cut before the answer is through."""
        answer = self.answer(asked)
        return Answer(answer.status, answer.body, answer.headers, cut=0)

    def throttled(self, asked: Asked) -> Answer:
        return self._fault(asked, self.limits.throttled())

    def expired(self, asked: Asked) -> Answer:
        return self._fault(asked, _expired())

    # Every request

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Counts who is being answered at the same time."""
        match = PATH.fullmatch(environ["PATH_INFO"])
        key = f"{match[1]} {environ.get('HTTP_AUTHORIZATION', '')}" if match else ""
        with self._waiting:
            self._in_flight[key] += 1
        try:
            return super().__call__(environ, start_response)
        finally:
            with self._waiting:
                self._in_flight[key] -= 1

    def answer(self, asked: Asked) -> Answer:
        try:
            answer = self._answered(asked)
        except Refused as refused:
            answer = self._fault(asked, refused)
        except Exception:
            traceback.print_exc()  # a mistake of the fake, which the client would take for a cut connection
            raise
        answer.headers.setdefault("intuit_tid", f"1-{len(self.asked):08x}-{'0' * 24}")
        return answer

    def _answered(self, asked: Asked) -> Answer:
        if asked.path == "/connect/oauth2" and asked.method == "GET":
            return self.login.authorize(asked)
        if asked.path == "/oauth2/v1/tokens/bearer" and asked.method == "POST":
            return self.login.token(asked)
        if asked.path == "/v2/oauth2/tokens/revoke" and asked.method == "POST":
            return self.login.revoke(asked)
        if asked.path.startswith("/.well-known/openid_"):
            return Answer(200, self._discovery())
        match = PATH.fullmatch(asked.path)
        if match is None:
            return Answer(404, b"<html><body>404 Not Found</body></html>", {"Content-Type": "text/html"})
        books = self._admitted(asked, match[1], match[2])
        return self._told(asked, books, self._api(asked, books, match[2]))

    def _discovery(self) -> Row:
        return {
            "issuer": "https://oauth.platform.intuit.com/op/v1",
            "authorization_endpoint": f"{self.url}/connect/oauth2",
            "token_endpoint": f"{self.url}/oauth2/v1/tokens/bearer",
            "revocation_endpoint": f"{self.url}/v2/oauth2/tokens/revoke",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def _told(self, asked: Asked, books: Books, body: Row) -> Answer:
        """JSON for those who ask for it, XML for all others."""
        if "json" in asked.headers.get("accept", ""):
            return Answer(200, written(body), dict(JSON_TYPE))
        return Answer(200, xml(body, precise(self.now, books.zone)), dict(XML_TYPE))

    def _fault(self, asked: Asked, refused: Refused) -> Answer:
        usual = "lower" if refused.status in LOWER_STATUSES and refused.type.isupper() else "upper"
        spelling = self.spelling.get(refused.status) or refused.spelling or usual
        time = precise(self.now, self.books.zone)
        if spelling == "xml" or "json" not in asked.headers.get("accept", ""):
            return Answer(refused.status, xml(refused.upper(time), time), {**XML_TYPE, **refused.headers})
        body = refused.lower(self.now) if spelling == "lower" else refused.upper(time)
        return Answer(refused.status, written(body), {**JSON_TYPE, **refused.headers})

    def _admitted(self, asked: Asked, realm_id: str, path: str) -> Books:
        """The books, for somebody who may look into them and has not asked too much."""
        scheme, _, access = asked.headers.get("authorization", "").partition(" ")
        grant = self.login.holder(access) if scheme.lower() == "bearer" else None
        if grant is None:
            raise _expired()
        if grant.app.environment != self.environment or grant.realm_id != realm_id or realm_id not in self.companies:
            detail = "The application is not authorized to access this company"
            raise gateway(403, "003100", "ApplicationAuthorizationFailed", detail, "AUTHORIZATION")
        self._limited(asked, grant, path)
        version = asked.query.get("minorversion", "")
        if version and not version.isdecimal():
            raise invalid("2170", "Invalid Enumeration", f"Invalid minorversion {version}")
        books = self.companies[realm_id]
        if books.lapsed:
            raise invalid("6190", "Invalid Company Status", "Subscription period has ended or canceled.")
        return books

    def _limited(self, asked: Asked, grant: Grant, path: str) -> None:
        key = f"{grant.realm_id} {asked.headers['authorization']}"
        if self.limits.on and self._in_flight[key] > self.limits.concurrent:
            raise self.limits.throttled()
        reads = asked.method == "GET" or path == "/query"
        sandbox = self.environment == "sandbox"
        self.limits.admit(grant.realm_id, grant.app.client_id, path, self.now, sandbox=sandbox, reads=reads)

    # The API

    def _api(self, asked: Asked, books: Books, path: str) -> Row:
        time = precise(self.now, books.zone)
        match = path.strip("/").split("/")
        if match == ["query"] and asked.method in ("GET", "POST"):
            text = asked.query.get("query", "") if asked.method == "GET" else _statement(asked)
            return {"QueryResponse": self._queried(books, text), "time": time}
        if match == ["cdc"] and asked.method == "GET":
            return {"CDCResponse": [{"QueryResponse": self._changed(books, asked)}], "time": time}
        if match == ["batch"] and asked.method == "POST":
            return {"BatchItemResponse": self._batch(books, asked), "time": time}
        if match[0] == "reports" and len(match) == 2 and asked.method == "GET":
            if match[1] not in REPORTS:
                raise invalid("5020", "Permission Denied Error", f"Permission Denied Error : Report {match[1]}")
            return report(books, match[1], asked.query, self.now, self.parent_balance)
        kind = next((kind for kind in (*KINDS, *SINGLE) if kind.lower() == match[0]), None)
        if kind is None or len(match) > 2:
            raise invalid("500", "Unsupported Operation", f"Operation {asked.path} is not supported.")
        self._permit(books, kind)
        if asked.method == "GET":
            return {kind: self._single(books, kind, match[1:]), "time": time}
        if asked.method == "POST" and len(match) == 1 and kind not in SINGLE:
            return {kind: self.writes[books.realm_id].write(kind, _object(asked), asked.query), "time": time}
        raise invalid("500", "Unsupported Operation", f"Operation {asked.method} is not supported.")

    def _queried(self, books: Books, text: str) -> Row:
        query = qbo_query.parse(text, second_key=self.second_key)
        self._permit(books, query.kind)
        if query.kind in SINGLE:
            return {query.kind: [self._single(books, query.kind, [])], "startPosition": 1, "maxResults": 1}
        return qbo_query.answer(query, books)

    def _single(self, books: Books, kind: str, rest: list[str]) -> Row:
        if kind == "CompanyInfo":
            return company_info(books) if rest in ([], [books.realm_id], ["1"]) else _raise(not_found(str(rest)))
        if kind == "Preferences":
            return preferences(books)
        row = books.row(kind, rest[0]) if rest else None
        return books.shown(kind, row) if row is not None else _raise(not_found(f"{kind} {rest}"))

    def _permit(self, books: Books, kind: str) -> None:
        if kind in books.denied:
            told = f"Authorization Failure: no permission to view {kind}"
            raise Refused(403, "120", "Authorization Failure", told, "AuthorizationFault")

    def _changed(self, books: Books, asked: Asked) -> list[Row]:
        """One element for each kind that was asked for; cut off without a word where it is too much."""
        try:
            since = instant(asked.query["changedSince"], books.zone)
        except (KeyError, ValueError):
            raise invalid("2170", "Invalid Date", "Invalid changedSince", "changedSince") from None
        if since < self.now - timedelta(days=self.cdc_days):
            raise invalid("4000", "Invalid changedSince", f"changedSince lies more than {self.cdc_days} days back")
        names = [name.strip() for name in asked.query.get("entities", "").split(",")]
        left, answers = self.cdc_objects, []
        for name in names:
            kind = by_name(name)
            if kind is None or kind in self.cdc_excluded or kind in SINGLE:
                raise invalid("4001", "Invalid query", f"{name} is not supported by change data capture", "entities")
            self._permit(books, kind)
            rows = _changes(books, kind, since.replace(microsecond=0))[:left]
            left -= len(rows)
            answers.append({kind: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
        return answers

    def _batch(self, books: Books, asked: Asked) -> list[Row]:
        items = _object(asked).get("BatchItemRequest", [])
        if len(items) > BATCH_ITEMS:
            raise invalid("4000", "Batch has too many items", f"at most {BATCH_ITEMS} operations")
        return [{**self._batched(books, item), "bId": item.get("bId", "")} for item in items]

    def _batched(self, books: Books, item: Row) -> Row:
        try:
            if "Query" in item:
                return {"QueryResponse": self._queried(books, item["Query"])}
            kind = next(kind for kind in KINDS if kind in item)
            operation = "" if item.get("operation") in (None, "create") else item["operation"]
            asked = {"operation": operation, "include": item.get("optionsData", "")}
            return {kind: self.writes[books.realm_id].write(kind, item[kind], asked)}
        except Refused as refused:
            return {"Fault": refused.upper("")["Fault"]}


def company_info(books: Books) -> Row:
    long = {"US": "USA", "GB": "GBR", "CA": "CAN"}.get(books.country, books.country)
    stamped = books.told(books.began_at)
    return {
        "CompanyName": books.name,
        "LegalName": books.name,
        "CompanyAddr": {"Id": "1", "Line1": "123 Sierra Way", "City": "San Pablo", "Country": long},
        "CompanyStartDate": books.began_at.astimezone(books.zone).date().isoformat(),
        "FiscalYearStartMonth": MONTHS[books.fiscal_start - 1],
        "Country": books.country,
        "SupportedLanguages": "en",
        "DefaultTimeZone": str(books.zone),
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "4",
        "MetaData": {"CreateTime": stamped, "LastUpdatedTime": stamped},
    }


def preferences(books: Books) -> Row:
    stamped = books.told(books.began_at)
    return {
        "AccountingInfoPrefs": {"FirstMonthOfFiscalYear": MONTHS[books.fiscal_start - 1], "UseAccountNumbers": False},
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": books.multicurrency,
            "HomeCurrency": {"value": currency(books.currency)["value"]},
        },
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "2",
        "MetaData": {"CreateTime": stamped, "LastUpdatedTime": stamped},
    }


def _changes(books: Books, kind: str, since: Any) -> list[Row]:
    """What changed since then, the gone only by Id and clock; oldest change first."""
    found = [
        (version.stamped, books.shown(kind, version.row))
        for version in books.seen(kind)
        if version.row is not None and version.stamped.replace(microsecond=0) >= since
    ]
    for gone_id, version in books.deleted(kind):
        if version.stamped.replace(microsecond=0) >= since:
            gone = {"domain": "QBO", "status": "Deleted", "Id": gone_id}
            found.append((version.stamped, {**gone, "MetaData": {"LastUpdatedTime": books.told(version.stamped)}}))
    return [row for _, row in sorted(found, key=lambda each: (each[0], int(each[1]["Id"])))]


def _statement(asked: Asked) -> str:
    if not asked.headers.get("content-type", "").startswith("application/text"):
        raise Refused(415, "4000", "Unsupported Media Type", "Content-Type of a query is application/text")
    return asked.body.decode()


def _object(asked: Asked) -> Row:
    if "application/json" not in asked.headers.get("content-type", ""):
        raise Refused(415, "4000", "Unsupported Media Type", "Content-Type is application/json")
    try:
        sent: Row = read(asked.body)
    except ValueError:
        raise invalid("2010", "Request has invalid or unsupported property", "the JSON cannot be read") from None
    return sent


def _expired() -> Refused:
    return gateway(401, "003200", "AuthenticationFailed", "Token expired", "AUTHENTICATION")


def _raise(error: Exception) -> Any:
    raise error
