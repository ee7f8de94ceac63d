"""Employees and payrolls as text that a person finds and reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...core.money import NOTHING
from .amounts import CURRENCY, amount_of
from .answers import Employee, EmploymentType, PayrollRun, PayrollTotals

Raw = Mapping[str, Any]

TOTALS = {
    "gross_pay": "Gross pay",
    "employee_bonuses": "of that, bonuses",
    "employee_commissions": "of that, commissions",
    "employee_cash_tips": "of that, cash tips",
    "employee_paycheck_tips": "of that, paycheck tips",
    "owners_draw": "Owner's draw",
    "imputed_pay": "Imputed pay",
    "employee_taxes": "Taxes of employees",
    "employee_benefits_deductions": "Benefits, paid by employees",
    "other_deductions": "Garnishments and other deductions",
    "net_pay": "Net pay",
    "reimbursements": "Reimbursements",
    "employer_taxes": "Taxes of the company",
    "benefits": "Benefits, paid by the company",
    "company_debit": "Debited from the company",
}
# Of each employee: the field, how it is called, and where its amounts lie.
LINES = (
    ("fixed_compensations", "Earnings", ("amount",)),
    ("taxes", "Taxes", ("amount",)),
    ("benefits", "Benefits", ("employee_deduction", "company_contribution")),
    ("deductions", "Deductions", ("amount",)),
    ("reimbursements", "Reimbursements", ("amount",)),
    ("custom_withholdings", "Withholdings", ("amount",)),
)


def employee_text(employee: Employee) -> str:
    """Who it is, and since when."""
    return "\n".join(filter(None, _of_employee(employee)))


def _of_employee(one: Employee) -> Iterator[str]:
    job = ", ".join(filter(None, [one.job_title, one.department]))
    yield f"{one.name}{f': {job}' if job else ''}"
    yield f"Email: {one.email}" if one.email else ""
    if one.employment_type is not EmploymentType.UNKNOWN:
        yield f"Employment: {one.employment_type.replace('_', ' ')}"
    yield f"Hired: {one.hired_on}" if one.hired_on else ""
    if one.terminated:
        yield f"Ended: {one.ended_on}" if one.ended_on else "Ended"
    elif not one.onboarded:
        yield "Not onboarded yet"
    elif one.ended_on:
        yield f"Ends: {one.ended_on}"


def payroll_text(payroll: PayrollRun, raw: Raw) -> str:
    """What it cost, and for what; nobody's own pay, which is in the metadata."""
    parts = ["\n".join(_of_payroll(payroll))]
    if payroll.totals is not None:
        parts.append("\n".join(_of_totals(payroll.totals)))
    if payroll.is_processed:
        parts += _of_lines([*(raw.get("employee_compensations") or ()), {"taxes": raw.get("company_taxes")}])
    return "\n\n".join(parts)


def _of_payroll(payroll: PayrollRun) -> Iterator[str]:
    if payroll.pay_period_start:
        yield f"Pay period: {payroll.pay_period_start} to {payroll.pay_period_end}"
    yield f"Check date: {payroll.check_date}"
    if not payroll.is_processed:
        yield f"Not processed yet; deadline: {payroll.deadline or 'not told'}"
    elif payroll.processed_on:
        yield f"Processed: {payroll.processed_on}"
    if payroll.is_reversed:
        yield "Reversed" + (f" by {', '.join(payroll.reversed_by)}" if payroll.reversed_by else "")
    if payroll.is_processed and payroll.employees is not None:
        yield f"Employees: {sum(not each.excluded for each in payroll.employees)}"


def _of_totals(totals: PayrollTotals) -> Iterator[str]:
    yield f"## Totals in {CURRENCY}\n"
    for name, called in TOTALS.items():
        if amount := getattr(totals, name):
            yield f"- {called}: {amount}"


def _of_lines(lines: Sequence[Raw]) -> Iterator[str]:
    """By their names, over all employees."""
    counted = [line for line in lines if not line.get("excluded")]
    for name, called, amounts in LINES:
        entries = [entry for line in counted for entry in line.get(name) or ()]
        if told := list(_by_name(entries, amounts)):
            yield "\n".join([f"## {called}\n", *told])


def _by_name(entries: Iterable[Raw], amounts: Sequence[str]) -> Iterator[str]:
    found: dict[str, Decimal] = {}
    for entry in entries:
        for place in amounts:
            who = _payer(entry, place)
            name = f"{entry.get('name') or entry.get('description') or 'Others'}{f' ({who})' if who else ''}"
            found[name] = found.get(name, NOTHING) + amount_of(entry.get(place))
    yield from (f"- {name}: {amount}" for name, amount in sorted(found.items()) if amount)


def _payer(entry: Raw, place: str) -> str:
    if "employer" in entry:
        return "company" if entry["employer"] else "employees"
    return {"employee_deduction": "employees", "company_contribution": "company"}.get(place, "")
