"""Gusto's App Integrations API on loopback: logins, employees and payrolls of companies that tests edit."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from .gusto_books import Books, Employee, Pay, Payroll
from .gusto_pushing import Subscriptions
from .web import Answer, Asked, FakeService

CLIENT, SECRET = "gusto-client", "gusto-secret-of-the-application"
VERSION = "2026-06-15"
RETIRED = ("2024-04-01", "2025-06-15")
LIVING = ("2025-11-15", "2026-02-01", VERSION)
LIFE = timedelta(seconds=7200)
LIMIT, WINDOW = 200, timedelta(seconds=60)
MOST_DAYS, MONTHS_AHEAD = 365, timedelta(days=92)
SCOPES = ("companies:read", "employees:read", "payrolls:read", "compensations:read", "employee_benefits:read", "public")


@dataclass
class Grant:
    """One consent: one token for one company. `before` is taken until somebody uses what came for it."""

    books: Books
    access: str
    refresh: str
    ends_at: datetime
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    before: str = ""
    alive: bool = True
    asked_at: list[datetime] = field(default_factory=list)


class FakeGusto(FakeService):
    """/oauth/authorize, /oauth/token, /oauth/revoke, and /v1 as of 2026-06-15.

    `books` is the company that consents (gusto_books.Books: hire, change, leave, rehire, remove; pay, process, cancel,
    reverse, correct, drop); `consent()` gives a Grant as a login would. Switches: `grace` (False: the refresh token is
    gone with its first use), `deny` (consent is refused with this word), `limited` (200 requests a minute hold),
    `floats` (amounts as numbers, as old versions had them).
    """

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()

    def begin_anew(self) -> None:
        """One company with nobody in it; no switch is set."""
        self.books = Books(self.tick)
        self.grants: list[Grant] = []
        self.codes: dict[str, str] = {}  # with the redirect address
        self.grace = True
        self.deny = ""
        self.limited = False
        self.floats = False
        self.refusals = 0
        self._number = 0
        self.subscriptions = Subscriptions(self._new)
        self.system_tokens: dict[str, datetime] = {}  # with their ends
        self.forget()

    def consent(self) -> Grant:
        made = Grant(self.books, self._new("access"), self._new("refresh"), self.now + LIFE)
        self.grants.append(made)
        return made

    def _new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number:05}-of-gusto"

    # Every request

    def answer(self, asked: Asked) -> Answer:
        if "client_secret" in asked.query:
            return Answer(400, {"error": "invalid_request", "error_description": "client_secret in the query"})
        match asked.method, asked.path:
            case "GET", "/oauth/authorize":
                return self._authorize(asked.query)
            case "POST", "/oauth/token":
                return self._token(_told(asked))
            case "POST", "/oauth/revoke":
                return self._revoke(_told(asked))
        if asked.path.startswith("/v1/webhook_subscriptions"):
            return self._pushing(asked)
        if asked.method != "GET" or not asked.path.startswith("/v1/"):
            return _missing()
        return self._api(asked)

    def _pushing(self, asked: Asked) -> Answer:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.system_tokens.get(token, self.now) <= self.now:
            return Answer(401, {"error": "invalid_token", "error_description": "The access token is invalid"})
        return self.subscriptions.answer(asked, asked.path.split("/")[3:]) or _missing()

    def _api(self, asked: Asked) -> Answer:
        version = asked.headers.get("x-gusto-api-version", RETIRED[0])
        if version not in LIVING:
            told = f"API version {version} is no longer supported."
            return _errors(406, "request_error", "invalid_api_version", told)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        grant = next((each for each in self.grants if each.access == token), None)
        if grant is None or not grant.alive or grant.ends_at <= self.now:
            told_error = {"error": "invalid_token", "error_description": "The access token expired"}
            return Answer(401, told_error, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        grant.before = ""
        if (refused := self._refusal(grant)) is not None:
            return refused
        return self._route(asked, grant, asked.path.removeprefix("/v1/").split("/"))

    def _refusal(self, grant: Grant) -> Answer | None:
        grant.asked_at = [at for at in grant.asked_at if at > self.now - WINDOW]
        if self.limited and len(grant.asked_at) >= LIMIT:
            wait = math.ceil((grant.asked_at[0] + WINDOW - self.now).total_seconds())
            return too_many(max(1, wait))
        grant.asked_at.append(self.now)
        return None

    def _route(self, asked: Asked, grant: Grant, parts: Sequence[str]) -> Answer:
        if parts == ["token_info"]:
            owner = {"type": "CompanyAdmin", "uuid": "0000"}
            resource = {"type": "Company", "uuid": grant.books.uuid}
            return Answer(200, {"scope": " ".join(sorted(grant.scopes)), "resource": resource, "resource_owner": owner})
        needed = {"employees": "employees:read", "payrolls": "payrolls:read"}
        match parts:
            case ["companies", company, *rest] if company == grant.books.uuid:
                scope = needed.get(rest[0], "companies:read") if rest else "companies:read"
                if scope not in grant.scopes:
                    return _lacks(scope)
                return self._company(asked, grant, rest)
            case ["employees", number] if number in grant.books.employees:
                if "employees:read" not in grant.scopes:
                    return _lacks("employees:read")
                return Answer(200, self._employee(grant, grant.books.employees[number]))
        return _missing()

    def _company(self, asked: Asked, grant: Grant, parts: Sequence[str]) -> Answer:
        books = grant.books
        match parts:
            case []:
                return Answer(200, {"uuid": books.uuid, "name": books.name, "company_status": "Approved"})
            case ["employees"]:
                return self._employees(asked, grant)
            case ["payrolls"]:
                return self._payrolls(asked, grant)
            case ["payrolls", number] if number in books.payrolls:
                return self._payroll(asked, grant, books.payrolls[number])
        return _missing()

    # Logins

    def _authorize(self, query: Mapping[str, str]) -> Answer:
        if query.get("client_id") != CLIENT or query.get("response_type") != "code":
            return Answer(400, b"unknown application")
        told = {"state": query.get("state", "")}
        if self.deny:
            told["error"] = self.deny
        else:
            told["code"] = self._new("code")
            self.codes[told["code"]] = query["redirect_uri"]
        return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{urlencode(told)}"})

    def _token(self, told: Mapping[str, str]) -> Answer:
        if (told.get("client_id"), told.get("client_secret")) != (CLIENT, SECRET):
            return Answer(401, {"error": "invalid_client", "error_description": "Client authentication failed."})
        if told.get("grant_type") == "authorization_code":
            if self.codes.pop(told.get("code", ""), None) != told.get("redirect_uri"):
                return self._invalid()
            return self._given(self.consent())
        if told.get("grant_type") == "system_access":
            token = self._new("system")
            self.system_tokens[token] = self.now + LIFE
            made = {"access_token": token, "token_type": "Bearer", "created_at": int(self.now.timestamp())}
            return Answer(200, {**made, "expires_in": 7200, "refresh_token": None})
        if told.get("grant_type") != "refresh_token":
            return Answer(400, {"error": "unsupported_grant_type"})
        token = told.get("refresh_token", "")
        grant = next((each for each in self.grants if token and token in (each.refresh, each.before)), None)
        if grant is None or not grant.alive or (token != grant.refresh and not self.grace):
            return self._invalid()
        grant.before, grant.refresh, grant.access = token, self._new("refresh"), self._new("access")
        grant.ends_at = self.now + LIFE
        return self._given(grant)

    def _given(self, grant: Grant) -> Answer:
        told = {"access_token": grant.access, "refresh_token": grant.refresh, "token_type": "Bearer"}
        return Answer(200, {**told, "expires_in": 7200, "scope": "public", "created_at": int(self.now.timestamp())})

    def _invalid(self) -> Answer:
        self.refusals += 1
        words = "The provided authorization grant is invalid, expired, revoked, or was issued to another client."
        return Answer(400, {"error": "invalid_grant", "error_description": words})

    def _revoke(self, told: Mapping[str, str]) -> Answer:
        for grant in self.grants:
            if told.get("token") in (grant.access, grant.refresh):
                grant.alive = False
        return Answer(200, {})

    # Employees

    def _employees(self, asked: Asked, grant: Grant) -> Answer:
        found = list(grant.books.employees.values())
        for name in ("terminated", "onboarded"):
            if name in asked.query:
                found = [each for each in found if getattr(each, name) == (asked.query[name] == "true")]
        return _page(asked, [self._employee(grant, each) for each in found])

    def _employee(self, grant: Grant, one: Employee) -> dict[str, Any]:
        version = hashlib.md5(f"{one.uuid}{one.edition}".encode(), usedforsecurity=False).hexdigest()
        return {
            "uuid": one.uuid,
            "first_name": one.first_name,
            "last_name": one.last_name,
            "email": one.email,
            "work_email": one.email,
            "company_uuid": grant.books.uuid,
            "manager_uuid": None,
            "version": version,
            "department": one.department,
            "terminated": one.terminated,
            "terminations": one.terminations,
            "onboarded": one.onboarded,
            "onboarding_status": "onboarding_completed" if one.onboarded else "admin_onboarding_incomplete",
            "two_percent_shareholder": False,
            "jobs": [self._job(grant, one)],
            "eligible_paid_time_off": [],
            "has_ssn": True,
            "date_of_birth": "1990-01-31",
        }

    def _job(self, grant: Grant, one: Employee) -> dict[str, Any]:
        """Pay is told with a scope of its own."""
        paid = {"rate": one.rate, "payment_unit": "Year"} if "compensations:read" in grant.scopes else {}
        told = {"uuid": f"job-{one.uuid}", "title": one.title, "primary": True, "employee_uuid": one.uuid}
        return {**told, "hire_date": f"{one.hired_on}", **paid}

    # Payrolls

    def _payrolls(self, asked: Asked, grant: Grant) -> Answer:
        query = asked.query
        today = self.now.date()
        start = date.fromisoformat(query.get("start_date", f"{today - timedelta(days=183)}"))
        end = date.fromisoformat(query.get("end_date", f"{today}"))
        if end > today + MONTHS_AHEAD:
            return _errors(422, "end_date", "invalid_attribute_value", "end_date is at most 3 months ahead")
        if (end - start).days >= MOST_DAYS:
            return _errors(422, "start_date", "invalid_attribute_value", "start_date to end_date is at most one year")
        statuses = query.get("processing_statuses", "processed").split(",")
        types = query.get("payroll_types", "regular").split(",")
        found = []
        for one in grant.books.payrolls.values():
            status = "processed" if one.processed else "unprocessed"
            kind = "external" if one.external else "off_cycle" if one.off_cycle else "regular"
            by_check = query.get("date_filter_by") == "check_date" and kind == "regular" and one.processed
            begins, ends = (one.check_date, one.check_date) if by_check else (one.start, one.end)
            if status in statuses and kind in types and start <= begins and ends <= end:
                found.append(one)
        found.sort(key=lambda one: (one.check_date, one.uuid), reverse=query.get("sort_order") == "desc")
        include = set(query.get("include", "").split(","))
        return _page(asked, [self._listed(grant, one, include) for one in found])

    def _listed(self, grant: Grant, one: Payroll, include: set[str]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "payroll_uuid": one.uuid,
            "uuid": one.uuid,
            "company_uuid": grant.books.uuid,
            "check_date": f"{one.check_date}",
            "payroll_deadline": f"{one.check_date - timedelta(days=4)}T23:00:00Z",
            "processed": one.processed,
            "processed_date": f"{one.processed_on}" if one.processed_on else None,
            "calculated_at": f"{one.created_at:%Y-%m-%dT%H:%M:%SZ}" if one.calculated else None,
            "created_at": f"{one.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "pay_period": {
                "start_date": f"{one.start}",
                "end_date": f"{one.end}",
                "pay_schedule_uuid": None if one.off_cycle else "schedule-1",
            },
            "off_cycle": bool(one.off_cycle),
            "off_cycle_reason": one.off_cycle or None,
            "external": one.external,
            "final_termination_payroll": False,
            "auto_payroll": False,
            "submission_blockers": [],
            "credit_blockers": [],
        }
        if "totals" in include and one.calculated:
            told["totals"] = self._amounts(one.totals())
        if "reversals" in include:
            told["reversal_payroll_uuids"] = one.reversed_by
        if "payroll_status_meta" in include:
            told["payroll_status_meta"] = {"cancellable": one.processed and one.check_date > self.now.date()}
        if "taxes" in include and one.calculated:
            taxes = one.company_taxes.items()
            told["company_taxes"] = [
                {"name": name, "employer": True, "amount": self._amounts(amount)} for name, amount in taxes
            ]
        return told

    def _payroll(self, asked: Asked, grant: Grant, one: Payroll) -> Answer:
        include = set(asked.query.get("include", "").split(","))
        benefits = "benefits" in include and "employee_benefits:read" in grant.scopes
        pays = one.pays if one.calculated else []
        lines = [self._line(pay, one, benefits=benefits, include=include) for pay in pays]
        page = _page(asked, lines)
        page.body = {**self._listed(grant, one, include), **({"employee_compensations": page.body} if pays else {})}
        return page

    def _line(self, pay: Pay, payroll: Payroll, *, benefits: bool, include: set[str]) -> dict[str, Any]:
        """Sums come with a payroll that is processed, which then tells only what is not nothing."""
        earned = {"gross_pay": pay.gross, "net_pay": pay.net, "check_amount": pay.net + pay.reimbursements}
        told: dict[str, Any] = {
            "employee_uuid": pay.employee,
            "excluded": pay.excluded,
            **(earned if payroll.processed else dict.fromkeys(earned)),
            "payment_method": "Check" if pay.by_check else "Direct Deposit",
            "fixed_compensations": [
                {"name": "Cash Tips", "amount": pay.cash_tips, "job_uuid": f"job-{pay.employee}"},
                {"name": "Paycheck Tips", "amount": pay.paycheck_tips, "job_uuid": f"job-{pay.employee}"},
                {"name": "Owner's Draw", "amount": pay.owners_draw, "job_uuid": f"job-{pay.employee}"},
                {"name": "Imputed", "amount": pay.imputed, "job_uuid": f"job-{pay.employee}"},
            ],
            "hourly_compensations": [
                {"name": "Regular Hours", "hours": "80.000", "amount": pay.wages, "job_uuid": f"job-{pay.employee}"}
            ],
            "paid_time_off": [],
            "reimbursements": [{"amount": pay.reimbursements, "description": "Travel"}] if pay.reimbursements else [],
        }
        if "deductions" in include:
            child = {"Child Support": pay.child_support} if pay.child_support else {}
            told["deductions"] = [
                {"name": name, "amount": amount} for name, amount in {**pay.garnishments, **child}.items()
            ]
        if "taxes" in include:
            told["taxes"] = [
                *({"name": name, "employer": False, "amount": amount} for name, amount in pay.employee_taxes.items()),
                *({"name": name, "employer": True, "amount": amount} for name, amount in pay.employer_taxes.items()),
            ]
        if "benefits" in include:
            told["benefits"] = [
                {"name": name, "employee_deduction": mine, "company_contribution": theirs, "imputed": False}
                for name, (mine, theirs) in (pay.deductions if benefits else {}).items()
            ]
        for name in ("fixed_compensations", "hourly_compensations"):
            told[name] = [each for each in told[name] if each["amount"] or not payroll.processed]
        return dict(self._amounts(told))

    def _amounts(self, told: Any) -> Any:
        """Amounts as this version writes them: text with two digits; old ones had numbers."""
        if isinstance(told, Decimal):
            return float(told) if self.floats else f"{told:.2f}"
        if isinstance(told, list):
            return [self._amounts(each) for each in told]
        return {name: self._amounts(value) for name, value in told.items()} if isinstance(told, dict) else told


def _told(asked: Asked) -> Mapping[str, str]:
    return asked.json if "json" in asked.headers.get("content-type", "") else asked.form


def _page(asked: Asked, found: Sequence[Any]) -> Answer:
    """Numbered from 1; past the end an empty list."""
    per = min(100, int(asked.query.get("per", 25)))
    number = int(asked.query.get("page", 1))
    pages = max(1, -(-len(found) // per))
    headers = {"X-Page": number, "X-Per-Page": per, "X-Total-Count": len(found), "X-Total-Pages": pages}
    return Answer(200, list(found[(number - 1) * per : number * per]), {name: str(n) for name, n in headers.items()})


def _errors(status: int, key: str, category: str, message: str, **metadata: Any) -> Answer:
    told = {"error_key": key, "category": category, "message": message}
    return Answer(status, {"errors": [{**told, "metadata": metadata} if metadata else told]})


def _missing() -> Answer:
    return _errors(404, "request_error", "not_found", "The requested resource was not found.")


def _lacks(scope: str) -> Answer:
    told = "You are missing the required OAuth scopes to make this call."
    return _errors(403, "request_error", "missing_oauth_scopes", told, required_scopes=[scope])


def too_many(seconds: int = 37) -> Answer:
    """The limit of requests, which tells how long to wait."""
    headers = {"Retry-After": str(seconds), "X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": "0"}
    return Answer(
        429, {"errors": [{"error_key": "request_error", "category": "rate_limited", "message": "Slow down"}]}, headers
    )
