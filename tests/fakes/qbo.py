"""QuickBooks Online on loopback: login, books, queries, change data, reports and writes."""

from __future__ import annotations

import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from .qbo_api import Api
from .qbo_books import Books
from .qbo_json import JSON_TYPE, XML_TYPE, Refused, Row, gateway, invalid, precise, written, xml
from .qbo_kinds import NO_CDC
from .qbo_limits import Limits
from .qbo_login import App, Grant, Login
from .qbo_writes import Writes
from .web import Answer, Asked, FakeService

REALM = "9341452000000001"
PRODUCTION, SANDBOX = "ABproduction0000", "ABsandbox0000000"
LOCAL = "http://localhost:8080/oauth/callback"
CDC_DAYS = 30
CDC_OBJECTS = 1000
REPORT_CELLS = 400_000
LOWER_STATUSES = (401, 403)  # what the gateway itself says, in small letters
PATH = re.compile(r"/v3/company/([^/]+)(/.+)")


class FakeQuickBooks(FakeService):
    """Intuit's hosts at one address; `environment` says which API host that is: "production" or "sandbox".

    Paths are the vendor's: /connect/oauth2, /oauth2/v1/tokens/bearer, /v2/oauth2/tokens/revoke,
    /.well-known/openid_configuration/ (openid_sandbox_configuration/), /v3/company/….

    `books` (qbo_books.Books) is the company REALM, with all acts of a bookkeeper; company(realm_id) opens another.
    `login` (qbo_login.Login): apps PRODUCTION and SANDBOX (`app`: that of `environment`; App.register allows redirect
    addresses), connect() → tokens without a browser, consent(url), disconnect, expire_access, rules of rotation.
    `limits` (qbo_limits.Limits): requests by minute, second and month; `retry_after`.

    For `order` (see FakeService): `lost` does the work and loses the answer; throttled, expired, broken, html of web.
    Switches: `spelling` of faults by status ("lower", "upper", "xml"), `second_key` (ORDERBY takes more than one),
    `cdc_excluded`, `cdc_objects`, `cdc_days`, `parent_balance` ("leaf" or "header", in aged reports), `most_cells` of
    a report, `expired_as` ("ApplicationAuthenticationFailed"), `mismatch_as` ("003202").

    Beside it: qbo_life.Life does anything by chance, qbo_webhooks.notify makes what webhooks post, tests.qbo_schema
    judges JSON by the official schemas. All money in `books` is Decimal; whole numbers and text are taken, too.
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
        self.parent_balance, self.most_cells = "leaf", REPORT_CELLS
        self.expired_as, self.mismatch_as = "AuthenticationFailed", "003100"
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
        return self._fault(asked, self._expired())

    def broken(self, asked: Asked) -> Answer:
        told = "An application error has occurred while processing your request"
        return self._fault(asked, Refused(500, "10000", told, f"System Failure Error: {told}", "SystemFault"))

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
        return self._told(asked, books, Api(self).answer(asked, books, match[2]))

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
            raise self._expired()
        if grant.app.environment != self.environment or grant.realm_id != realm_id or realm_id not in self.companies:
            detail = "The application is not authorized to access this company"
            raise gateway(403, self.mismatch_as, "ApplicationAuthorizationFailed", detail, "AUTHORIZATION")
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

    def _expired(self) -> Refused:
        return gateway(401, "003200", self.expired_as, "Token expired", "AUTHENTICATION")
