"""What `gusto` stores: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..core.money import total
from ..core.payroll import NO_DEPARTMENT, EmployeeCost, Origin, PayrollCost, without_taken_back
from .reading import Fields, Found, Stored, amount, currency, day

NEEDED = {"payrolls": "payrolls"}
WANTED = {"employees": "departments of employees"}
KINDS = frozenset({"payroll", "employee"})
CASH_TIPS = "cash tips"  # the name of a compensation, in small letters
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
                taken_back_by=_reversals(stored),
                **{name: amount(totals.get(name)) for name in TOTALS},
            )
        ]
    )


def settle(_connector: str, found: Found, items: Iterable[Stored]) -> None:
    """What only all items together tell: which payrolls were taken back, and who works where."""
    departments = {
        one.fields["uuid"]: one.fields.get("department") or NO_DEPARTMENT for one in items if one.kind == "employee"
    }
    found.payrolls[:] = [
        replace(
            one,
            employees=tuple(
                replace(each, department=departments.get(each.employee_id, NO_DEPARTMENT)) for each in one.employees
            ),
        )
        for one in without_taken_back(found.payrolls)
    ]


def _reversals(stored: Stored) -> frozenset[Origin] | None:
    """The payrolls that took this one back."""
    told = stored.fields.get("reversal_payroll_uuids") or ()
    folder = stored.origin.id.rpartition("/")[0]
    found = frozenset((stored.origin.connector, f"{folder}/{uuid}") for uuid in told)
    return found if told or stored.fields.get("reversals") else None


def _paid(payroll: Fields) -> Iterable[Fields]:
    return (line for line in payroll.get("employee_compensations") or () if not line.get("excluded"))


def _employee(line: Fields) -> EmployeeCost:
    tips = (each for each in _some(line, "fixed_compensations") if str(each.get("name")).lower() == CASH_TIPS)
    return EmployeeCost(
        str(line["employee_uuid"]),
        gross_pay=amount(line.get("gross_pay")),
        cash_tips=_sum(tips),
        employer_taxes=_sum(each for each in _some(line, "taxes") if each["employer"]),
        benefits=_sum(_some(line, "benefits"), "company_contribution"),
        reimbursements=_sum(_some(line, "reimbursements")),
    )


def _some(line: Fields, name: str) -> Iterable[Mapping[str, Any]]:
    return line.get(name) or ()


def _sum(lines: Iterable[Mapping[str, Any]], name: str = "amount") -> Decimal:
    return total(amount(each.get(name)) for each in lines)
