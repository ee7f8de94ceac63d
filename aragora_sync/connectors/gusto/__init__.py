"""Gusto: employees and payrolls of a company, and payrolls as journal entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar, Protocol

from ...auth.login import Login
from ...auth.oauth import OAuthClient, granted
from ...auth.tokens import Tokens
from ...core.address import address_problem
from ...core.changes import Change, Cursor, Named
from ...core.errors import AccessError, ConfigError, CredentialError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.subscription import Subscription
from ...core.webhook import Receipt, Request
from ...net import clock as net_clock
from ...net.access import Access, bearer
from ...net.http import Http
from ...oauth import OAuthConnector
from . import pushing, webhook
from .answers import (
    Employee,
    EmployeePay,
    EmploymentType,
    GustoCredentials,
    GustoEnvironment,
    PayrollRun,
    PayrollStatus,
    PayrollTotals,
    PayrollType,
)
from .api import HEADERS, Api, reads_again
from .employees import Employees
from .errors import explain, lacking
from .journal import (
    CHECK_DATE,
    PERIOD_END,
    ROLES,
    Accounts,
    JournalEntry,
    JournalLine,
    NoJournal,
    UnbalancedPayroll,
)
from .login import (
    COMPANY,
    NAME,
    NEEDED,
    URLS,
    USEFUL,
    WEBHOOK_TOKEN,
    Info,
    client_of,
    exchange_code,
    for_company,
    get_oauth_url,
)
from .payrolls import Payrolls
from .summary import PayrollSummary, summarize
from .windows import AHEAD, LATENESS, OVERLAP, windows

__all__ = [
    "Employee",
    "EmployeePay",
    "EmploymentType",
    "GustoConnector",
    "GustoCredentials",
    "GustoEnvironment",
    "JournalEntry",
    "JournalLine",
    "NoJournal",
    "PayrollRun",
    "PayrollStatus",
    "PayrollSummary",
    "PayrollTotals",
    "PayrollType",
    "UnbalancedPayroll",
    "exchange_code",
    "get_oauth_url",
    "summarize",
]

EMPLOYEES, PAYROLLS = "employees", "payrolls"
STREAMS = (EMPLOYEES, PAYROLLS)


class Reading(Protocol):
    """A stream of the company."""

    def read(self, cursor: Cursor) -> Iterator[Change]: ...
    def fetch(self, refs: Sequence[str]) -> Iterator[Named]: ...


class GustoConnector(OAuthConnector):
    """Reads one company: its employees by their list, its payrolls of all kinds by a list that tells which changed."""

    type = "gusto"
    title = "Employees and payrolls of a company at Gusto"
    service = "Gusto"
    prefix = "GUSTO"
    keys: ClassVar[Mapping[str, str]] = {
        "GUSTO_CLIENT_ID": "client id of your application at dev.gusto.com",
        "GUSTO_CLIENT_SECRET": "its secret",
        "GUSTO_TOKENS": "what a login gave; kept by aragora-sync oauth login",
        "GUSTO_REFRESH_TOKEN": "a refresh token, instead of a login; optional",
        "GUSTO_ACCESS_TOKEN": "an access token, which ends after two hours; optional",
        WEBHOOK_TOKEN: "verification token of the webhook, for schedule --listen, which keeps it; optional",
    }
    webhook_terms = webhook.TERMS

    company_id: str = option(
        "",
        help="Company at Gusto, by its UUID; by default that of the login.",
        example="7b1d0df1-6403-4a06-8768-c1dd7d24d27a",
        env="GUSTO_COMPANY_ID",
        identity=True,
    )
    environment: str = option(
        GustoEnvironment.DEMO.value,
        help="Demo companies, or production for applications that Gusto has approved.",
        choices=tuple(each.value for each in GustoEnvironment),
        env="GUSTO_ENVIRONMENT",
    )
    history_from: str = option("2019-01-01", help="First day of which payrolls are read.", example="2023-01-01")
    account_map: dict[str, str] = option(
        {},
        help="Accounts of journal entries, by their role.",
        example={"wages_expense": "6000", "net_pay_payable": "2100"},
        neutral=True,
    )
    journal_date: str = option(
        CHECK_DATE, help="Day that journal entries bear.", choices=(CHECK_DATE, PERIOD_END), neutral=True
    )
    journal_external: bool = option(
        False, help="Also make entries of payrolls that were paid before Gusto.", neutral=True
    )
    base_url: str = option("", help="Address of the API; by default that of the environment.", neutral=True)
    auth_url: str = option("", help="Address where a person consents; by default below base_url.", neutral=True)
    token_url: str = option("", help="Address where tokens are given; by default below base_url.", neutral=True)

    def __init__(self, credentials: Any = None, **options: Any) -> None:
        options["credentials"] = credentials
        if isinstance(credentials, GustoCredentials):
            options["credentials"] = credentials.by_name()
            options.setdefault("company_id", credentials.company_id)
        super().__init__(**options)
        self._first = _first_day(self.history_from)
        if wrong := [role for role in self.account_map if role not in ROLES]:
            raise ConfigError(f"gusto: there is no role {wrong[0]!r} in entries; known are {', '.join(ROLES)}")

    def open(self) -> None:
        """Makes the connection; Gusto is asked for the first time when it must be."""
        self.once("api", self._own_api)

    @property
    def api(self) -> Api:
        """The company, for a run or for a program that never opened it."""
        return self.once("api", self._own_api)

    @property
    def _address(self) -> str:
        return self.base_url or URLS[GustoEnvironment(self.environment)]

    def _own_api(self) -> Api:
        return self._make_api(self.access, self._company)

    def _make_api(self, access: Access, company: Callable[[], str]) -> Api:
        example = URLS[GustoEnvironment.DEMO]
        if wrong := address_problem("base_url", self._address, example, allow_http=self.allow_http):
            raise ConfigError(f"gusto: {wrong}")
        http = self.http(
            self._address,
            access,
            place="Gusto",
            explain=partial(explain, login=self.login_command),
            headers=HEADERS,
            exact=True,
            witness=self._witness,
        )
        return Api(http, company)

    def _witness(self, method: str, address: str, status: int) -> None:
        self.audit.add(
            "read" if method == "GET" else "write", f"{method} /v1/{address.partition('/v1/')[2]}", status=status
        )

    # Login

    def oauth_client(self) -> OAuthClient:
        own = self.credential("GUSTO_CLIENT_ID"), self.credential("GUSTO_CLIENT_SECRET")
        return client_of(*own, self._address, self.auth_url, self.token_url)

    def after_login(self, tokens: Tokens, told: Mapping[str, str], login: Login) -> Tokens:
        api = self._make_api(bearer(tokens.access), lambda: company)
        info = Info.read(api.token_info(), self.login_command)
        company = for_company(info.company, self.company_id, self.login_command)
        if info.lacks:
            error = lacking(info.lacks, self.login_command)
            login.talk.tell(f"{error.message} {error.hint}")
        name = "" if "companies:read" in info.lacks else api.company_name()
        return replace(tokens, told={**tokens.told, COMPANY: company, **({NAME: name} if name else {})})

    def token_to_revoke(self, tokens: Tokens) -> str:
        return tokens.access or tokens.refresh

    def _company(self) -> str:
        return self.once("company", self._find_company)

    def _find_company(self) -> str:
        kept = self.access.known().told.get(COMPANY, "")
        found = kept or Info.read(self.api.token_info(), self.login_command).company
        return for_company(found, self.company_id, self.login_command)

    # Sync

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """Employees and payrolls, and what was read of another company before."""
        company = self.api.company
        for name in STREAMS:
            yield Stream(f"{company}/{name}", name)
        for name in stored:
            if not name.startswith(f"{company}/"):
                yield Stream(name)

    def check(self) -> Iterator[Check]:
        """Whether the login holds, for which company, and with which scopes."""
        name = "login"
        try:
            self.open()
            info = Info.read(self.api.token_info(), self.login_command)
            yield Check(name, True, "accepted")
            name = "company"
            company = for_company(info.company, self.company_id, self.login_command)
            yield Check(name, True, self.access.known().told.get(NAME) or company)
            name = "scopes"
            yield self._check_scopes(info)
        except (CredentialError, SourceError) as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def _check_scopes(self, info: Info) -> Check:
        if info.lacks:
            error = lacking(info.lacks, self.login_command)
            return Check("scopes", False, error.message, error.hint)
        hidden = [f"{what} ({scope})" for scope, what in USEFUL.items() if scope not in info.scopes]
        without = f"; without {', '.join(hidden)}" if hidden else ""
        return Check("scopes", True, f"{', '.join(NEEDED)}{without}")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What changed since `cursor`; everything where it is None."""
        return self._reading(stream, known).read(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def subscribe(self, url: str, previous: Subscription | None) -> Subscription:
        """Gusto posts there what changes, once it has its verification token back."""
        return pushing.subscribe(self, url)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Gusto posts nothing there any more."""
        pushing.unsubscribe(self, subscription)

    def system_api(self) -> Http:
        """Gusto, asked by the application for itself and not for a company."""
        return self.once("system api", self._make_system_api)

    def _make_system_api(self) -> Http:
        tokens = granted(self.open_http, self.oauth_client(), "system_access")
        return self._make_api(bearer(tokens.access), self._company).http

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The employees or payrolls of these ids."""
        return self._reading(stream, known).fetch(refs)

    def _reading(self, stream: Stream, known: KnownItems) -> Reading:
        of, _, name = stream.name.partition("/")
        if of != self.api.company:
            raise AccessError(
                f"the login is for another company than {of}; what was read of that one is kept.",
                hint=f"log in for it: {self.login_command}; or forget it: {self.purge_command(stream.name)}",
            )
        if name == EMPLOYEES:
            return Employees(self.api, known)
        return Payrolls(self.api, known, self._first, self._today())

    def _today(self) -> date:
        return net_clock.clock.today().date()

    # For programs: typed answers

    def get_employees(self) -> list[Employee]:
        """Everybody: who works, who is about to begin, who left."""
        return [Employee.read(raw) for raw in reads_again(self.api.employees)]

    def get_payroll_runs(
        self, start_date: date | None = None, end_date: date | None = None, *, details: bool = True
    ) -> list[PayrollRun]:
        """Payrolls of all kinds with a check date between both days; all by default.

        `details`: with what each employee got, of those that are processed, which costs a request for each.
        """
        first = _day(start_date) or self._first
        last = _day(end_date) or self._today() + AHEAD
        found: dict[str, PayrollRun] = {}
        for start, end in windows(first - OVERLAP, min(last + OVERLAP, self._today() + AHEAD)):
            for run in map(PayrollRun.read, reads_again(partial(self._listed, start, end))):
                if first <= run.check_date <= last and run.id not in found:
                    found[run.id] = self.get_payroll_run(run.id) if details and run.is_processed else run
        return sorted(found.values(), key=lambda run: (run.check_date, run.id))

    def _listed(self, start: date, end: date) -> Iterator[dict[str, Any]]:
        return self.api.payrolls(start, end)

    def get_payroll_run(self, payroll_id: str) -> PayrollRun:
        """One payroll, with what each employee got."""
        return PayrollRun.read(self.api.payroll(payroll_id))

    def get_payroll_summary(self, year: int) -> PayrollSummary:
        """What payroll cost in a year. `summarize` makes the same of payrolls that were read before.

        Only what was paid in that year is read in detail; the list tells enough of all others.
        """
        now = net_clock.clock.today()
        departments = {each.id: each.department for each in self.get_employees()}
        first = min(date(year, 1, 1), now.date() - LATENESS)  # an estimate is of the last ones, whatever their year
        listed = self.get_payroll_runs(first, max(date(year, 12, 31), now.date() + AHEAD), details=False)
        payrolls = [
            self.get_payroll_run(run.id) if run.is_processed and run.check_date.year == year else run for run in listed
        ]
        return summarize(year, payrolls, departments, now)

    def generate_journal_entry(self, payroll: PayrollRun, departments: Mapping[str, str] | None = None) -> JournalEntry:
        """What a payroll cost and what is owed for it, exact to the cent. Raises UnbalancedPayroll with the difference.

        `departments`, by the id of an employee, splits the wages. Nothing is asked of Gusto.
        """
        return self._accounts.entry(payroll, departments)

    def generate_settlement_entry(self, payroll: PayrollRun) -> JournalEntry:
        """What Gusto took from the bank for a payroll, against what was owed."""
        return self._accounts.settlement(payroll)

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self.account_map, self.journal_date, self.journal_external)


def _day(told: date | None) -> date | None:
    """A moment means its own day, whatever its zone."""
    return told.date() if isinstance(told, datetime) else told


def _first_day(told: str) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise ConfigError(f"gusto: option 'history_from' must be a day like 2019-01-01, not {told!r}") from error
