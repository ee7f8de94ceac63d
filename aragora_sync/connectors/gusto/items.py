"""The items that employees and payrolls become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...core.changes import JSON, Item
from .amounts import CURRENCY, plain
from .answers import Employee, PayrollRun, PayrollType
from .words import employee_text, payroll_text

Raw = Mapping[str, Any]

# Never kept: birthdays, numbers of social security, homes, phones, garnishments of a person, balances of days off.
OF_EMPLOYEE = (
    *("uuid", "first_name", "preferred_first_name", "last_name", "email", "work_email", "company_uuid"),
    *("manager_uuid", "department", "department_uuid", "current_employment_status", "terminated", "onboarded"),
    *("onboarding_status", "two_percent_shareholder", "version"),
)
OF_JOB = ("uuid", "title", "primary", "hire_date", "rate", "payment_unit", "location_uuid")
OF_TERMINATION = ("uuid", "active", "effective_date")
OF_PAYROLL = (
    *("payroll_uuid", "company_uuid", "check_date", "processed", "processed_date", "calculated_at"),
    *("payroll_deadline", "pay_period", "off_cycle", "off_cycle_reason", "external", "final_termination_payroll"),
    *("auto_payroll", "payroll_status_meta", "totals", "payment_speed_changed", "created_at"),
    *("reversal_payroll_uuids", "reversals", "company_taxes"),
)
OF_LINE = (
    *("employee_uuid", "excluded", "payment_method", "gross_pay", "net_pay", "check_amount"),
    *("fixed_compensations", "taxes", "benefits", "deductions", "reimbursements", "custom_withholdings"),
)


def employee_id(uuid: str) -> str:
    return f"employees/{uuid}"


def payroll_item_id(uuid: str) -> str:
    return f"payrolls/{uuid}"


def employee_item(raw: Raw) -> Item:
    """Somebody, without what is private and no part of the work."""
    employee = Employee.read(raw)
    metadata = _some(raw, OF_EMPLOYEE)
    metadata["jobs"] = [_some(job, OF_JOB) for job in raw.get("jobs") or ()]
    metadata["terminations"] = [_some(each, OF_TERMINATION) for each in raw.get("terminations") or ()]
    return Item(
        employee_id(employee.id),
        "employee",
        employee.name or employee.email or employee.id,
        employee_text(employee),
        parent=employee_id(employee.manager_id) if employee.manager_id else "",
        version=employee.version,
        metadata=metadata,
    )


def payroll_item(raw: Raw, version: str) -> Item:
    """A payroll: of one that is processed, with what each employee got."""
    payroll = PayrollRun.read(raw)
    metadata: dict[str, JSON] = {**_some(raw, OF_PAYROLL), "currency": CURRENCY}
    if payroll.is_processed and payroll.employees is not None:
        metadata["employee_compensations"] = [_some(line, OF_LINE) for line in raw["employee_compensations"]]
    return Item(
        payroll_item_id(payroll.id),
        "payroll",
        _title(payroll),
        payroll_text(payroll, raw),
        created_at=_moment(raw.get("created_at")),
        version=version,
        metadata=metadata,
    )


def payroll_version(raw: Raw) -> str:
    """Changes with whatever the list of payrolls tells of this one."""
    told = json.dumps(_some(raw, OF_PAYROLL), sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _title(payroll: PayrollRun) -> str:
    kind = {PayrollType.EXTERNAL: "External payroll", PayrollType.REGULAR: "Payroll"}.get(
        payroll.payroll_type, f"Off-cycle payroll ({payroll.off_cycle_reason or 'without a reason'})"
    )
    period = f" for {payroll.pay_period_start} to {payroll.pay_period_end}" if payroll.pay_period_start else ""
    return f"{kind}{period}, check date {payroll.check_date}"


def _some(raw: Raw, names: tuple[str, ...]) -> dict[str, JSON]:
    return {name: plain(raw[name]) for name in names if raw.get(name) not in (None, [], {})}


def _moment(told: str | None) -> datetime | None:
    if not told:
        return None
    moment = datetime.fromisoformat(told)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
