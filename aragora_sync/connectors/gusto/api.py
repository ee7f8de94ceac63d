"""What is asked of Gusto, about one company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from ...core.errors import ReadAgain, SourceError
from ...core.money import total
from ...net.answer import Answer
from ...net.http import Http
from ...net.trouble import CHECK_ADDRESS
from .amounts import amount_of
from .answers import EmployeePay, payroll_id

Raw = dict[str, Any]

VERSION = "2026-06-15"
HEADERS = {"X-Gusto-API-Version": VERSION}
PAGE = 100  # the most that Gusto gives
TRIES = 2  # of a payroll whose pages do not fit together
ALL_PAYROLLS = {  # by default Gusto tells of regular ones alone, and only once they are processed
    "processing_statuses": "processed,unprocessed",
    "payroll_types": "regular,off_cycle,external",
    "date_filter_by": "check_date",
    "include": "totals,taxes,payroll_status_meta,reversals",
    "sort_order": "asc",
}
ALL_OF_PAYROLL = {"include": "benefits,deductions,taxes,totals,payroll_status_meta,reversals"}


class Api:
    """One company, as one login sees it. Safe among threads. `company` is asked for when it must be."""

    def __init__(self, http: Http, company: Callable[[], str]) -> None:
        self.http = http
        self._company = company

    @property
    def company(self) -> str:
        return self._company()

    def token_info(self) -> Raw:
        """What the login is for, and its scopes."""
        return _object(self.http.get("v1/token_info"), "resource")

    def company_name(self) -> str:
        return str(_object(self.http.get(f"v1/companies/{self.company}"), "uuid").get("name") or "")

    def employees(self) -> Iterator[Raw]:
        """Everybody, in the order in which they came. Raises ReadAgain where the list moved meanwhile."""
        yield from self._listed("employees", {"sort_by": "created_at:asc"}, lambda raw: str(raw["uuid"]))

    def employee(self, uuid: str) -> Raw:
        return _object(self.http.get(f"v1/employees/{uuid}"), "uuid")

    def payrolls(self, start: date, end: date) -> Iterator[Raw]:
        """Payrolls of all kinds between two days, without what each employee gets."""
        asked = {**ALL_PAYROLLS, "start_date": start.isoformat(), "end_date": end.isoformat()}
        yield from self._listed("payrolls", asked, payroll_id)

    def payroll(self, uuid: str) -> Raw:
        """A payroll with what each employee gets; raises SourceError where that does not add up to its totals."""
        wrong = ""
        for _ in range(TRIES):
            whole, wrong = self._whole_payroll(uuid)
            if not wrong:
                return whole
        raise SourceError(wrong, hint="run again later; if it stays so, compare the payroll at Gusto")

    def _whole_payroll(self, uuid: str) -> tuple[Raw, str]:
        path = f"v1/companies/{self.company}/payrolls/{uuid}"
        whole: Raw = {}
        count = 0
        for answer in self._pages(path, ALL_OF_PAYROLL):
            page = _object(answer, "payroll_uuid")
            lines = page.get("employee_compensations") or []  # Gusto tells none before it has calculated them
            whole = whole or {**page, "employee_compensations": []}
            whole["employee_compensations"].extend(lines)
            count = _number(answer, "x-total-count", len(whole["employee_compensations"]))
        return whole, _disagreement(whole, count)

    def _listed(self, what: str, asked: Mapping[str, Any], key: Callable[[Raw], str]) -> Iterator[Raw]:
        """What is there, each once; a list that grew or shrank between its pages may have hidden something."""
        named: set[str] = set()
        counts: set[int] = set()
        for answer in self._pages(f"v1/companies/{self.company}/{what}", asked):
            if not isinstance(answer.body, list):
                raise SourceError("what answered is not Gusto's API.", hint=CHECK_ADDRESS)
            fresh = [raw for raw in answer.body if key(raw) not in named]
            named.update(map(key, fresh))
            counts.add(_number(answer, "x-total-count", len(named)))
            yield from fresh
        if len(counts) > 1 or counts != {len(named)}:
            raise ReadAgain(f"the list of {what} changed while it was read.")

    def _pages(self, path: str, asked: Mapping[str, Any]) -> Iterator[Answer]:
        return self.http.pages(path, {**asked, "page": 1, "per": PAGE}, after=after)


def after(answer: Answer) -> Mapping[str, Any] | None:
    """The page that follows; past the last one Gusto would answer with empty lists."""
    page = _number(answer, "x-page", 1)
    return {"page": page + 1} if page < _number(answer, "x-total-pages", 1) else None


def reads_again(read: Callable[[], Iterator[Raw]], times: int = 5) -> list[Raw]:
    """All that a list holds, for programs: read again where it moved."""
    for _ in range(times - 1):
        try:
            return list(read())
        except ReadAgain:
            continue
    return list(read())


def _disagreement(payroll: Raw, count: int) -> str:
    """What is wrong with the lines of a payroll; empty where nothing is, or it cannot be told."""
    lines = payroll["employee_compensations"]
    if len({line["employee_uuid"] for line in lines}) != count:
        return f"Gusto told of {len(lines)} employees of a payroll that has {count}."
    totals = payroll.get("totals") if payroll.get("processed") else None
    hidden = any(line.get("gross_pay") is None for line in lines if not line.get("excluded"))
    if not totals or hidden:
        return ""
    gross, told = total(EmployeePay.read(line).gross_pay for line in lines), amount_of(totals.get("gross_pay"))
    return "" if gross == told else f"what the employees earn is {gross} in all, and Gusto's own total is {told}."


def _object(answer: Answer, member: str) -> Raw:
    """The body, which has this member; without it, somebody else answered."""
    if not isinstance(answer.body, dict) or member not in answer.body:
        raise SourceError("what answered is not Gusto's API.", hint=CHECK_ADDRESS)
    return answer.body


def _number(answer: Answer, name: str, otherwise: int) -> int:
    told = answer.headers.get(name, "")
    return int(told) if told.isdecimal() else otherwise
