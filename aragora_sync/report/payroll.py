"""What payroll costs, as a part of the document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from ..core.payroll import PayrollCost, next_planned, sum_of_year, usual_week
from .figures import Section, items_of, money, optional_money


def summarize(payrolls: Iterable[PayrollCost], as_of: date) -> Section:
    """By currency, what was paid in the year of `as_of`, until then."""
    by_currency: dict[str, list[PayrollCost]] = defaultdict(list)
    for one in payrolls:
        by_currency[one.currency].append(one)
    return {currency: _summary(currency, found, as_of) for currency, found in by_currency.items()}


def _summary(currency: str, payrolls: Sequence[PayrollCost], as_of: date) -> Section:
    year = sum_of_year(payrolls, as_of.year, as_of)
    return {
        "year": as_of.year,
        "as_of": as_of.isoformat(),
        "currency": currency,
        "payroll_count": len(year.payrolls),
        "employee_count": year.employee_count,
        **{name: money(amount) for name, amount in year.sums.items()},
        "by_month": [
            {
                "month": one.month,
                "gross": money(one.gross),
                "cost": money(one.cost),
                "debit": money(one.debit),
                "items": _items(one.payrolls),
            }
            for one in year.by_month
        ],
        "by_department": [
            {
                "department": one.department,
                "employee_count": one.employee_count,
                "gross": money(one.gross),
                "cost": money(one.cost),
                "items": _items(one.payrolls),
            }
            for one in year.by_department
        ],
        "usual_week": _usual_week(payrolls, as_of),
        "next_unprocessed": _next(payrolls, as_of),
        "items": _items(year.payrolls),
    }


def _usual_week(payrolls: Sequence[PayrollCost], as_of: date) -> Section | None:
    week = usual_week(payrolls, as_of)
    if week is None:
        return None
    return {"debit": money(week.debit), "weeks": week.weeks, "items": _items(week.payrolls)}


def _next(payrolls: Sequence[PayrollCost], as_of: date) -> Section | None:
    planned = next_planned(payrolls, as_of)
    if planned is None:
        return None
    return {
        "check_date": planned.payroll.check_date.isoformat(),
        "deadline": planned.payroll.deadline,
        "estimate": optional_money(planned.estimate),
        "items": _items([planned.payroll, *planned.latest]),
    }


def _items(payrolls: Iterable[PayrollCost]) -> dict[str, list[str]]:
    return items_of(one.origin for one in payrolls)
