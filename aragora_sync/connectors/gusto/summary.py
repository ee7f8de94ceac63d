"""What payroll cost in a year, by the dates of the checks, as the tax office counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from .amounts import CENT, CURRENCY, NOTHING, total
from .answers import PayrollRun, PayrollTotals, PayrollType

LOOKED_AT = 3  # payrolls of which an estimate is the mean
NO_DEPARTMENT = "(none)"


@dataclass(frozen=True, slots=True)
class MonthCost:
    """One month by check dates. `cost` is what it cost the company in all, `debit` what Gusto took from its bank."""

    month: int
    gross: Decimal
    cost: Decimal
    debit: Decimal


@dataclass(frozen=True, slots=True)
class DepartmentCost:
    """What the employees of one department earned, and what they cost in all."""

    department: str
    employee_count: int
    gross: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class NextPayroll:
    """The next one that is not processed. `estimate` is the mean debit of the last regular ones, no promise."""

    check_date: date
    deadline: str
    estimate: Decimal | None


@dataclass(frozen=True, slots=True)
class PayrollSummary:
    """All amounts are exact; payrolls that were taken back count for nothing."""

    year: int
    payroll_count: int
    employee_count: int
    gross_pay: Decimal
    employer_taxes: Decimal
    employee_taxes: Decimal
    company_benefits: Decimal
    employee_benefit_deductions: Decimal
    other_deductions: Decimal
    reimbursements: Decimal
    net_pay: Decimal
    total_employer_cost: Decimal
    company_debit: Decimal
    by_month: tuple[MonthCost, ...]
    by_department: tuple[DepartmentCost, ...]
    next_unprocessed: NextPayroll | None
    source_time: datetime
    currency: str = CURRENCY

    def document(self) -> dict[str, Any]:
        """As JSON has it: amounts and dates as text."""
        told: dict[str, Any] = _told(self)
        return told


def summarize(
    year: int, payrolls: Sequence[PayrollRun], departments: Mapping[str, str], source_time: datetime
) -> PayrollSummary:
    """Of all payrolls that are given, those of this year. Of no cost: they may come from a store."""
    counted = [each for each in _counted(payrolls) if each.check_date.year == year]
    sums = {each.name: total(getattr(one.totals, each.name) for one in counted) for each in fields(PayrollTotals)}
    return PayrollSummary(
        year=year,
        payroll_count=len(counted),
        employee_count=len(_paid(counted)),
        gross_pay=sums["gross_pay"],
        employer_taxes=sums["employer_taxes"],
        employee_taxes=sums["employee_taxes"],
        company_benefits=sums["benefits"],
        employee_benefit_deductions=sums["employee_benefits_deductions"],
        other_deductions=sums["other_deductions"],
        reimbursements=sums["reimbursements"],
        net_pay=sums["net_pay"],
        total_employer_cost=total(_cost(one) for one in counted),
        company_debit=sums["company_debit"],
        by_month=tuple(_by_month(counted)),
        by_department=tuple(_by_department(counted, departments)),
        next_unprocessed=_next(payrolls, source_time.date()),
        source_time=source_time,
    )


def _counted(payrolls: Iterable[PayrollRun]) -> list[PayrollRun]:
    """Those that were paid. One that was taken back and the payroll that did so count both, or else neither."""
    paid = [each for each in payrolls if each.is_processed and each.totals is not None]
    here = {each.id for each in paid}
    return [each for each in paid if not each.is_reversed or (each.reversed_by and here >= set(each.reversed_by))]


def _cost(payroll: PayrollRun) -> Decimal:
    """What the company bears. Cash tips came from customers."""
    totals = payroll.totals or PayrollTotals()
    own = totals.gross_pay - totals.employee_cash_tips
    return own + totals.employer_taxes + totals.benefits + totals.reimbursements


def _paid(payrolls: Iterable[PayrollRun]) -> set[str]:
    return {line.employee_id for one in payrolls for line in one.employees or () if not line.excluded}


def _by_month(payrolls: Sequence[PayrollRun]) -> Iterable[MonthCost]:
    for month in sorted({each.check_date.month for each in payrolls}):
        those = [each for each in payrolls if each.check_date.month == month]
        totals = [each.totals or PayrollTotals() for each in those]
        gross, debit = (total(getattr(one, name) for one in totals) for name in ("gross_pay", "company_debit"))
        yield MonthCost(month, gross, total(map(_cost, those)), debit)


def _by_department(payrolls: Iterable[PayrollRun], departments: Mapping[str, str]) -> Iterable[DepartmentCost]:
    gross: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    cost: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    people: dict[str, set[str]] = defaultdict(set)
    for line in (line for one in payrolls for line in one.employees or () if not line.excluded):
        name = departments.get(line.employee_id) or NO_DEPARTMENT
        gross[name] += line.gross_pay
        cost[name] += line.gross_pay - line.cash_tips + line.employer_taxes + line.benefits + line.reimbursements
        people[name].add(line.employee_id)
    for name in sorted(gross):
        yield DepartmentCost(name, len(people[name]), gross[name], cost[name])


def _next(payrolls: Iterable[PayrollRun], today: date) -> NextPayroll | None:
    planned = [each for each in payrolls if not each.is_processed and each.check_date >= today]
    if not planned:
        return None
    first = min(planned, key=lambda each: (each.check_date, each.id))
    regular = [each for each in _counted(payrolls) if each.payroll_type is PayrollType.REGULAR]
    latest = sorted(regular, key=lambda each: (each.check_date, each.id))[-LOOKED_AT:]
    debits = [each.totals.company_debit for each in latest if each.totals is not None]
    estimate = (total(debits) / len(debits)).quantize(CENT, ROUND_HALF_EVEN) if debits else None
    return NextPayroll(first.check_date, first.deadline, estimate)


def _told(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _told(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
