"""What payroll costs, by the dates of the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from .figures import NOTHING, PayrollCost, Section, items_of, money, optional_money, total

CENT = Decimal("0.01")
LOOKED_AT = 3  # payrolls of which an estimate is the mean
WEEKS = 13  # of which a usual week is the mean
SUMS = (  # as the summary names them, and as a payroll does
    ("gross_pay", "gross_pay"),
    ("employer_taxes", "employer_taxes"),
    ("employee_taxes", "employee_taxes"),
    ("company_benefits", "benefits"),
    ("employee_benefit_deductions", "employee_benefits_deductions"),
    ("other_deductions", "other_deductions"),
    ("reimbursements", "reimbursements"),
    ("net_pay", "net_pay"),
    ("total_employer_cost", "cost"),
    ("company_debit", "company_debit"),
)


def summarize(payrolls: Iterable[PayrollCost], as_of: date) -> Section:
    """By currency, what was paid in the year of `as_of`, until then."""
    by_currency: dict[str, list[PayrollCost]] = defaultdict(list)
    for one in payrolls:
        by_currency[one.currency].append(one)
    return {currency: _summary(currency, found, as_of) for currency, found in by_currency.items()}


def weekly_debit(payrolls: Iterable[PayrollCost], as_of: date) -> Decimal | None:
    """What payroll takes from the bank in a usual week; None where there was none lately."""
    lately = _lately(payrolls, as_of)
    return total(one.company_debit for one in lately) / WEEKS if lately else None


def next_planned(payrolls: Sequence[PayrollCost], as_of: date) -> PayrollCost | None:
    """The next one that is not processed yet."""
    planned = [one for one in payrolls if one.is_planned and one.check_date >= as_of]
    return min(planned, key=lambda one: (one.check_date, one.origin), default=None)


def estimated_debit(payrolls: Sequence[PayrollCost], as_of: date) -> Decimal | None:
    """The mean of what the last regular ones took from the bank: no promise."""
    latest = _latest_regular(payrolls, as_of)
    if not latest:
        return None
    return (total(one.company_debit for one in latest) / len(latest)).quantize(CENT, ROUND_HALF_EVEN)


def _summary(currency: str, payrolls: Sequence[PayrollCost], as_of: date) -> Section:
    counted = [
        one for one in payrolls if one.is_counted and one.check_date.year == as_of.year and one.check_date <= as_of
    ]
    return {
        "year": as_of.year,
        "as_of": as_of.isoformat(),
        "currency": currency,
        "payroll_count": len(counted),
        "employee_count": len({each.employee_id for one in counted for each in one.employees}),
        **{name: money(total(getattr(one, field) for one in counted)) for name, field in SUMS},
        "by_month": _by_month(counted),
        "by_department": _by_department(counted),
        "usual_week": _usual_week(payrolls, as_of),
        "next_unprocessed": _next(payrolls, as_of),
        "items": items_of(one.origin for one in counted),
    }


def _by_month(payrolls: Sequence[PayrollCost]) -> list[Section]:
    by_month: dict[int, list[PayrollCost]] = defaultdict(list)
    for one in payrolls:
        by_month[one.check_date.month].append(one)
    return [
        {
            "month": month,
            "gross": money(total(one.gross_pay for one in by_month[month])),
            "cost": money(total(one.cost for one in by_month[month])),
            "debit": money(total(one.company_debit for one in by_month[month])),
            "items": items_of(one.origin for one in by_month[month]),
        }
        for month in sorted(by_month)
    ]


def _by_department(payrolls: Iterable[PayrollCost]) -> list[Section]:
    gross: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    cost: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    people: dict[str, set[str]] = defaultdict(set)
    origins = defaultdict(set)
    for one in payrolls:
        for each in one.employees:
            gross[each.department] += each.gross
            cost[each.department] += each.cost
            people[each.department].add(each.employee_id)
            origins[each.department].add(one.origin)
    return [
        {
            "department": name,
            "employee_count": len(people[name]),
            "gross": money(gross[name]),
            "cost": money(cost[name]),
            "items": items_of(origins[name]),
        }
        for name in sorted(gross)
    ]


def _usual_week(payrolls: Sequence[PayrollCost], as_of: date) -> Section | None:
    debit = weekly_debit(payrolls, as_of)
    if debit is None:
        return None
    origins = (one.origin for one in _lately(payrolls, as_of))
    return {"debit": money(debit.quantize(CENT, ROUND_HALF_EVEN)), "weeks": WEEKS, "items": items_of(origins)}


def _next(payrolls: Sequence[PayrollCost], as_of: date) -> Section | None:
    planned = next_planned(payrolls, as_of)
    if planned is None:
        return None
    return {
        "check_date": planned.check_date.isoformat(),
        "deadline": planned.deadline,
        "estimate": optional_money(estimated_debit(payrolls, as_of)),
        "items": items_of([planned.origin, *(one.origin for one in _latest_regular(payrolls, as_of))]),
    }


def _lately(payrolls: Iterable[PayrollCost], as_of: date) -> list[PayrollCost]:
    period = timedelta(weeks=WEEKS)
    return [one for one in payrolls if one.is_counted and timedelta(0) <= as_of - one.check_date < period]


def _latest_regular(payrolls: Iterable[PayrollCost], as_of: date) -> list[PayrollCost]:
    regular = [one for one in payrolls if one.is_counted and one.is_regular and one.check_date <= as_of]
    return sorted(regular, key=lambda one: (one.check_date, one.origin))[-LOOKED_AT:]
