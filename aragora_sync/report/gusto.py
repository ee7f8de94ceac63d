"""What `gusto` stores: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .figures import EmployeeCost, PayrollCost, total
from .reading import Fields, Found, Stored, amount, currency, day

NEEDED = {"payrolls": "payrolls"}
WANTED = {"employees": "departments of employees"}
KINDS = frozenset({"payroll", "employee"})
CASH_TIPS = "cash tips"  # the name of a compensation, in small letters
NO_DEPARTMENT = "(none)"
TOTALS = (
    *("gross_pay", "employer_taxes", "employee_taxes", "benefits", "employee_benefits_deductions"),
    *("other_deductions", "reimbursements", "net_pay", "company_debit"),
)


def read(stored: Stored) -> Found:
    """A payroll by its own totals; one that was not calculated has none and counts only as planned."""
    if stored.kind != "payroll":
        return Found()
    fields = stored.fields
    check_date, totals = day(fields["check_date"]), fields.get("totals") or {}
    assert check_date is not None
    return Found(
        payrolls=[
            PayrollCost(
                stored.origin,
                currency=currency(fields.get("currency")),
                check_date=check_date,
                is_counted=bool(fields["processed"] and totals),
                is_planned=not fields["processed"],
                is_regular=not (fields.get("external") or fields.get("off_cycle")),
                deadline=str(fields.get("payroll_deadline") or ""),
                cash_tips=amount(totals.get("employee_cash_tips")),
                employees=tuple(_employee(each) for each in _paid(fields)),
                **{name: amount(totals.get(name)) for name in TOTALS},
            )
        ]
    )


def settle(_connector: str, found: Found, items: Iterable[Stored]) -> None:
    """What only all items together tell: which payrolls were taken back, and who works where.

    A payroll that was taken back and those that did so count all, or else none of them.
    """
    stored = list(items)
    departments = {
        one.fields["uuid"]: one.fields.get("department") or NO_DEPARTMENT for one in stored if one.kind == "employee"
    }
    paid = {one.origin.id for one in found.payrolls if one.is_counted}
    reversals = {one.origin.id: _reversals(one) for one in stored if one.kind == "payroll"}
    found.payrolls[:] = [
        replace(
            one,
            is_counted=one.is_counted and _is_whole(reversals.get(one.origin.id), paid),
            employees=tuple(
                replace(each, department=departments.get(each.employee_id, NO_DEPARTMENT)) for each in one.employees
            ),
        )
        for one in found.payrolls
    ]


def _reversals(stored: Stored) -> set[str] | None:
    """The payrolls that took this one back; None where none did, empty where they are not told."""
    told = stored.fields.get("reversal_payroll_uuids") or ()
    folder = stored.origin.id.rpartition("/")[0]
    return {f"{folder}/{uuid}" for uuid in told} if told or stored.fields.get("reversals") else None


def _is_whole(reversals: set[str] | None, paid: set[str]) -> bool:
    return reversals is None or (bool(reversals) and reversals <= paid)


def _paid(payroll: Fields) -> Iterable[Fields]:
    return (line for line in payroll.get("employee_compensations") or () if not line.get("excluded"))


def _employee(line: Fields) -> EmployeeCost:
    gross = amount(line.get("gross_pay"))
    tips = _sum(each for each in _some(line, "fixed_compensations") if str(each.get("name")).lower() == CASH_TIPS)
    taxes = _sum(each for each in _some(line, "taxes") if each["employer"])
    benefits = _sum(_some(line, "benefits"), "company_contribution")
    return EmployeeCost(
        str(line["employee_uuid"]),
        NO_DEPARTMENT,
        gross,
        gross - tips + taxes + benefits + _sum(_some(line, "reimbursements")),
    )


def _some(line: Fields, name: str) -> Iterable[Mapping[str, Any]]:
    return line.get(name) or ()


def _sum(lines: Iterable[Mapping[str, Any]], name: str = "amount") -> Decimal:
    return total(amount(each.get(name)) for each in lines)
