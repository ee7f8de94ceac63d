"""What payroll cost in a year, by the dates of the checks, as the tax office counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ...core.payroll import (
    NO_DEPARTMENT,
    EmployeeCost,
    Origin,
    PayrollCost,
    Planned,
    next_planned,
    sum_of_year,
    usual_week,
    without_taken_back,
)
from .amounts import CURRENCY
from .answers import EmployeePay, PayrollRun, PayrollTotals, PayrollType

OF_TOTALS = (  # what cost and totals name alike
    *("gross_pay", "employer_taxes", "employee_taxes", "benefits", "employee_benefits_deductions"),
    *("other_deductions", "reimbursements", "net_pay", "company_debit"),
)
OF_EMPLOYEE = ("gross_pay", "cash_tips", "employer_taxes", "benefits", "reimbursements")


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
class WeekCost:
    """What payroll took from the bank in a week, as the mean of so many."""

    debit: Decimal
    weeks: int


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
    usual_week: WeekCost | None
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
    costs = without_taken_back([_cost(one, departments) for one in payrolls])
    today = source_time.date()
    found, planned, week = sum_of_year(costs, year), next_planned(costs, today), usual_week(costs, today)
    sums: dict[str, Any] = dict(found.sums)
    return PayrollSummary(
        year=year,
        payroll_count=len(found.payrolls),
        employee_count=found.employee_count,
        **sums,
        by_month=tuple(MonthCost(one.month, one.gross, one.cost, one.debit) for one in found.by_month),
        by_department=tuple(
            DepartmentCost(one.department, one.employee_count, one.gross, one.cost) for one in found.by_department
        ),
        usual_week=WeekCost(week.debit, week.weeks) if week else None,
        next_unprocessed=_next(planned) if planned else None,
        source_time=source_time,
    )


def _next(planned: Planned) -> NextPayroll:
    return NextPayroll(planned.payroll.check_date, planned.payroll.deadline, planned.estimate)


def _cost(payroll: PayrollRun, departments: Mapping[str, str]) -> PayrollCost:
    """By its own totals; one that was not calculated has none and counts only as planned."""
    totals = payroll.totals or PayrollTotals()
    return PayrollCost(
        _origin(payroll.id),
        payroll.currency,
        payroll.check_date,
        is_counted=payroll.is_processed and payroll.totals is not None,
        is_planned=not payroll.is_processed,
        is_regular=payroll.payroll_type is PayrollType.REGULAR,
        deadline=payroll.deadline,
        cash_tips=totals.employee_cash_tips,
        employees=tuple(_employee(line, departments) for line in payroll.employees or () if not line.excluded),
        taken_back_by=frozenset(map(_origin, payroll.reversed_by)) if payroll.is_reversed else None,
        **{name: getattr(totals, name) for name in OF_TOTALS},
    )


def _employee(line: EmployeePay, departments: Mapping[str, str]) -> EmployeeCost:
    department = departments.get(line.employee_id) or NO_DEPARTMENT
    return EmployeeCost(line.employee_id, department, **{name: getattr(line, name) for name in OF_EMPLOYEE})


def _origin(payroll_id: str) -> Origin:
    return "gusto", payroll_id


def _told(value: Any) -> Any:
    if is_dataclass(value):
        return {each.name: _told(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_told(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
