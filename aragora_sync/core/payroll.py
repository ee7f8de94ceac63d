"""What payroll costs: which payrolls count, and their sums by the dates of the checks, as the tax office counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeAlias

from .money import CENT, NOTHING, total

Origin: TypeAlias = tuple[str, str]  # a connector, and the id of its item

NO_DEPARTMENT = "(none)"
LOOKED_AT = 3  # payrolls of which an estimate is the mean
WEEKS = 13  # of which a usual week is the mean
OF_MONTH = ("gross_pay", "cost", "company_debit")
SUMS: Mapping[str, str] = {  # as a summary names them, and as a payroll does
    "gross_pay": "gross_pay",
    "employer_taxes": "employer_taxes",
    "employee_taxes": "employee_taxes",
    "company_benefits": "benefits",
    "employee_benefit_deductions": "employee_benefits_deductions",
    "other_deductions": "other_deductions",
    "reimbursements": "reimbursements",
    "net_pay": "net_pay",
    "total_employer_cost": "cost",
    "company_debit": "company_debit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was earned, and what the company pays beside it."""

    gross_pay: Decimal = NOTHING
    cash_tips: Decimal = NOTHING
    employer_taxes: Decimal = NOTHING
    benefits: Decimal = NOTHING  # what the company contributes
    reimbursements: Decimal = NOTHING

    @property
    def cost(self) -> Decimal:
        """What the company bears. Cash tips came from customers."""
        return self.gross_pay - self.cash_tips + self.employer_taxes + self.benefits + self.reimbursements


@dataclass(frozen=True, slots=True)
class EmployeeCost(Cost):
    """What one payroll is for one employee."""

    employee_id: str
    department: str = NO_DEPARTMENT


@dataclass(frozen=True, slots=True)
class PayrollCost(Cost):
    """One payroll. `is_counted`: it was paid and not taken back; another is only planned.

    `taken_back_by`: the payrolls that take this one back; empty where they are not told, None where none does.
    """

    origin: Origin
    currency: str
    check_date: date
    is_counted: bool
    is_planned: bool = False
    is_regular: bool = True
    deadline: str = ""
    employee_taxes: Decimal = NOTHING
    employee_benefits_deductions: Decimal = NOTHING
    other_deductions: Decimal = NOTHING
    net_pay: Decimal = NOTHING
    company_debit: Decimal = NOTHING
    employees: tuple[EmployeeCost, ...] = ()
    taken_back_by: frozenset[Origin] | None = None


@dataclass(frozen=True, slots=True)
class MonthSum:
    """The payrolls of one month. `debit` is what was taken from the bank."""

    month: int
    gross: Decimal
    cost: Decimal
    debit: Decimal
    payrolls: tuple[PayrollCost, ...]


@dataclass(frozen=True, slots=True)
class DepartmentSum:
    """What the people of one department earned, and what they cost in all."""

    department: str
    employee_count: int
    gross: Decimal
    cost: Decimal
    payrolls: tuple[PayrollCost, ...]


@dataclass(frozen=True, slots=True)
class YearSum:
    """The payrolls of a year. `sums` has the names of `SUMS`."""

    payrolls: tuple[PayrollCost, ...]
    employee_count: int
    sums: Mapping[str, Decimal]
    by_month: tuple[MonthSum, ...]
    by_department: tuple[DepartmentSum, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """The next payroll that is not processed. `estimate` is the mean debit of `latest`: no promise."""

    payroll: PayrollCost
    estimate: Decimal | None
    latest: tuple[PayrollCost, ...]


@dataclass(frozen=True, slots=True)
class UsualWeek:
    """What payroll took from the bank in a week, by the mean of the last ones."""

    debit: Decimal
    weeks: int
    payrolls: tuple[PayrollCost, ...]


def without_taken_back(payrolls: Collection[PayrollCost]) -> list[PayrollCost]:
    """The same, told which count: one that was taken back and those that did so count all, or else none of them."""
    paid = {one.origin for one in payrolls if one.is_counted}
    return [replace(one, is_counted=one.is_counted and _is_whole(one.taken_back_by, paid)) for one in payrolls]


def sum_of_year(payrolls: Iterable[PayrollCost], year: int, until: date = date.max) -> YearSum:
    """What was paid in a year, until a day of it."""
    counted = tuple(
        one for one in payrolls if one.is_counted and one.check_date.year == year and one.check_date <= until
    )
    return YearSum(
        counted,
        len({each.employee_id for one in counted for each in one.employees}),
        {name: total(getattr(one, field) for one in counted) for name, field in SUMS.items()},
        tuple(_by_month(counted)),
        tuple(_by_department(counted)),
    )


def next_planned(payrolls: Sequence[PayrollCost], today: date) -> Planned | None:
    """The next one that is not processed yet, with what it will take from the bank by what the last ones took."""
    planned = [one for one in payrolls if one.is_planned and one.check_date >= today]
    if not planned:
        return None
    latest = _latest_regular(payrolls, today)
    return Planned(min(planned, key=_by_date), _mean(latest, len(latest)) if latest else None, latest)


def usual_week(payrolls: Iterable[PayrollCost], today: date) -> UsualWeek | None:
    """Of the last weeks; None where nothing was paid in them."""
    period = timedelta(weeks=WEEKS)
    lately = tuple(one for one in payrolls if one.is_counted and timedelta(0) <= today - one.check_date < period)
    return UsualWeek(_mean(lately, WEEKS), WEEKS, lately) if lately else None


def _mean(payrolls: Iterable[PayrollCost], of: int) -> Decimal:
    """What they took from the bank, shared out evenly, to the cent."""
    return (total(one.company_debit for one in payrolls) / of).quantize(CENT, ROUND_HALF_EVEN)


def _is_whole(taken_back_by: frozenset[Origin] | None, paid: Collection[Origin]) -> bool:
    return taken_back_by is None or (bool(taken_back_by) and taken_back_by.issubset(paid))


def _by_month(payrolls: Sequence[PayrollCost]) -> Iterable[MonthSum]:
    by_month: dict[int, list[PayrollCost]] = defaultdict(list)
    for one in payrolls:
        by_month[one.check_date.month].append(one)
    for month, those in sorted(by_month.items()):
        gross, cost, debit = (total(getattr(one, name) for one in those) for name in OF_MONTH)
        yield MonthSum(month, gross, cost, debit, tuple(those))


def _by_department(payrolls: Iterable[PayrollCost]) -> Iterable[DepartmentSum]:
    found: dict[str, list[tuple[PayrollCost, EmployeeCost]]] = defaultdict(list)
    for one in payrolls:
        for each in one.employees:
            found[each.department].append((one, each))
    for name, those in sorted(found.items()):
        yield DepartmentSum(
            name,
            len({each.employee_id for _, each in those}),
            total(each.gross_pay for _, each in those),
            total(each.cost for _, each in those),
            tuple({one.origin: one for one, _ in those}.values()),
        )


def _latest_regular(payrolls: Iterable[PayrollCost], today: date) -> tuple[PayrollCost, ...]:
    regular = [one for one in payrolls if one.is_counted and one.is_regular and one.check_date <= today]
    return tuple(sorted(regular, key=_by_date)[-LOOKED_AT:])


def _by_date(one: PayrollCost) -> tuple[date, Origin]:
    return one.check_date, one.origin
