"""What programs get: employees and payrolls as frozen dataclasses, money as Decimal, days as dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ...core.money import NOTHING, total
from .amounts import CURRENCY, amount_of, optional_rate

Raw = Mapping[str, Any]

CASH_TIPS = "cash tips"  # the name of a compensation, in small letters
REVERSAL = "Reversal"  # the reason of an off-cycle payroll that takes another one back


class GustoEnvironment(StrEnum):
    """Where the company lives. Production takes only applications that Gusto approved."""

    DEMO = "demo"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class GustoCredentials:
    """What a program gives instead of a configuration. `company_id` is the company at Gusto."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    company_id: str = ""

    def by_name(self) -> dict[str, str]:
        """As `credentials:` of a connector names them; those that are empty are left out."""
        named = {f"GUSTO_{each.name.upper()}": getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value and name != "GUSTO_COMPANY_ID"}


class EmploymentType(StrEnum):
    """How somebody is employed, in Gusto's words."""

    FULL_TIME = "full_time"
    PART_TIME_UNDER_TWENTY_HOURS = "part_time_under_twenty_hours"
    PART_TIME_TWENTY_PLUS_HOURS = "part_time_twenty_plus_hours"
    VARIABLE = "variable"
    SEASONAL = "seasonal"
    UNKNOWN = "unknown"

    @classmethod
    def read(cls, told: str | None) -> EmploymentType:
        return cls(told) if told in set(cls) else cls.UNKNOWN


class PayrollStatus(StrEnum):
    """A payroll that is not processed is a template: it may change, or never be paid."""

    PROCESSED = "processed"
    UNPROCESSED = "unprocessed"


class PayrollType(StrEnum):
    """External payrolls were paid before the company came to Gusto."""

    REGULAR = "regular"
    OFF_CYCLE = "off_cycle"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works for the company, did so once, or is about to begin."""

    id: str
    first_name: str
    last_name: str  # empty where the login may not see it
    email: str = ""
    job_title: str = ""
    department: str = ""
    employment_type: EmploymentType = EmploymentType.UNKNOWN
    hired_on: date | None = None
    ended_on: date | None = None
    terminated: bool = False
    onboarded: bool = False
    manager_id: str = ""
    rate: Decimal | None = None  # None where the login may not see it
    payment_unit: str = ""
    currency: str = CURRENCY
    version: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, [self.first_name, self.last_name]))

    @classmethod
    def read(cls, raw: Raw) -> Employee:
        job = _primary(raw.get("jobs") or [])
        hired_on = day_of(job.get("hire_date"))
        return cls(
            id=raw["uuid"],
            first_name=raw.get("first_name") or "",
            last_name=raw.get("last_name") or "",
            email=raw.get("work_email") or raw.get("email") or "",
            job_title=job.get("title") or "",
            department=raw.get("department") or "",
            employment_type=EmploymentType.read(raw.get("current_employment_status")),
            hired_on=hired_on,
            ended_on=_end(raw.get("terminations") or (), hired_on),
            terminated=bool(raw.get("terminated")),
            onboarded=bool(raw.get("onboarded")),
            manager_id=raw.get("manager_uuid") or "",
            rate=optional_rate(job.get("rate")),
            payment_unit=job.get("payment_unit") or "",
            version=raw.get("version") or "",
        )


@dataclass(frozen=True, slots=True)
class PayrollTotals:
    """What a payroll adds up to, by Gusto's own account and under its own names."""

    company_debit: Decimal = NOTHING
    net_pay_debit: Decimal = NOTHING
    tax_debit: Decimal = NOTHING
    reimbursement_debit: Decimal = NOTHING
    child_support_debit: Decimal = NOTHING
    reimbursements: Decimal = NOTHING
    net_pay: Decimal = NOTHING
    gross_pay: Decimal = NOTHING
    employee_bonuses: Decimal = NOTHING
    employee_commissions: Decimal = NOTHING
    employee_cash_tips: Decimal = NOTHING
    employee_paycheck_tips: Decimal = NOTHING
    additional_earnings: Decimal = NOTHING
    owners_draw: Decimal = NOTHING
    check_amount: Decimal = NOTHING
    employer_taxes: Decimal = NOTHING
    employee_taxes: Decimal = NOTHING
    benefits: Decimal = NOTHING  # what the company contributes
    employee_benefits_deductions: Decimal = NOTHING
    imputed_pay: Decimal = NOTHING
    deferred_payroll_taxes: Decimal = NOTHING
    other_deductions: Decimal = NOTHING

    @classmethod
    def read(cls, raw: Raw) -> PayrollTotals:
        return cls(**{each.name: amount_of(raw.get(each.name)) for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class EmployeePay:
    """What one payroll is for one employee. Of who is excluded every amount is nothing."""

    employee_id: str
    excluded: bool
    payment_method: str
    gross_pay: Decimal
    net_pay: Decimal
    check_amount: Decimal
    cash_tips: Decimal
    employee_taxes: Decimal
    employer_taxes: Decimal
    employee_benefits_deductions: Decimal
    benefits: Decimal
    other_deductions: Decimal
    reimbursements: Decimal
    custom_withholdings: Decimal

    @classmethod
    def read(cls, raw: Raw) -> EmployeePay:
        excluded = bool(raw.get("excluded"))
        counted: Raw = {} if excluded else raw
        taxes = counted.get("taxes") or []
        benefits = counted.get("benefits") or []
        fixed = counted.get("fixed_compensations") or []
        return cls(
            employee_id=raw["employee_uuid"],
            excluded=excluded,
            payment_method=raw.get("payment_method") or "",
            gross_pay=amount_of(counted.get("gross_pay")),
            net_pay=amount_of(counted.get("net_pay")),
            check_amount=amount_of(counted.get("check_amount")),
            cash_tips=_sum([each for each in fixed if str(each.get("name")).lower() == CASH_TIPS]),
            employee_taxes=_sum([each for each in taxes if not each["employer"]]),
            employer_taxes=_sum([each for each in taxes if each["employer"]]),
            employee_benefits_deductions=_sum(benefits, "employee_deduction"),
            benefits=_sum(benefits, "company_contribution"),
            other_deductions=_sum(counted.get("deductions")),
            reimbursements=_sum(counted.get("reimbursements")),
            custom_withholdings=_sum(counted.get("custom_withholdings")),
        )


@dataclass(frozen=True, slots=True)
class PayrollRun:
    """One payroll. `totals` is None as long as it was not calculated; `employees` is None where only the list was
    read.
    """

    id: str
    company_id: str
    status: PayrollStatus
    payroll_type: PayrollType
    check_date: date
    pay_period_start: date | None = None
    pay_period_end: date | None = None
    processed_on: date | None = None
    debited_on: date | None = None
    deadline: str = ""  # a moment, as Gusto tells it
    off_cycle_reason: str = ""
    company_taxes: Decimal = NOTHING  # of the company, of which no employee has a share
    reversed_by: tuple[str, ...] = ()  # the payrolls that take this one back
    is_reversed: bool = False
    totals: PayrollTotals | None = None
    employees: tuple[EmployeePay, ...] | None = None
    currency: str = CURRENCY

    @property
    def is_processed(self) -> bool:
        return self.status is PayrollStatus.PROCESSED

    @property
    def is_reversal(self) -> bool:
        return self.off_cycle_reason == REVERSAL

    @classmethod
    def read(cls, raw: Raw) -> PayrollRun:
        """From an answer of Gusto, or from the metadata of a stored item, which has the same names."""
        period: Raw = raw.get("pay_period") or {}
        totals, lines = raw.get("totals"), raw.get("employee_compensations")
        reversed_by = tuple(raw.get("reversal_payroll_uuids") or ())
        check_date = day_of(raw["check_date"])
        assert check_date is not None
        return cls(
            id=payroll_id(raw),
            company_id=raw.get("company_uuid") or "",
            status=PayrollStatus.PROCESSED if raw["processed"] else PayrollStatus.UNPROCESSED,
            payroll_type=_type_of(raw),
            check_date=check_date,
            pay_period_start=day_of(period.get("start_date")),
            pay_period_end=day_of(period.get("end_date")),
            processed_on=day_of(raw.get("processed_date")),
            debited_on=day_of((raw.get("payroll_status_meta") or {}).get("expected_debit_time")),
            deadline=raw.get("payroll_deadline") or "",
            off_cycle_reason=raw.get("off_cycle_reason") or "",
            company_taxes=_sum([each for each in raw.get("company_taxes") or () if each["employer"]]),
            reversed_by=reversed_by,
            is_reversed=bool(reversed_by or raw.get("reversals")),
            totals=PayrollTotals.read(totals) if totals else None,
            employees=None if lines is None else tuple(EmployeePay.read(each) for each in lines),
        )


def payroll_id(raw: Raw) -> str:
    return str(raw.get("payroll_uuid") or raw["uuid"])


def day_of(told: str | None) -> date | None:
    """The day in a date or a moment, as it is written: no zone moves it."""
    return date.fromisoformat(told[:10]) if told else None


def _type_of(raw: Raw) -> PayrollType:
    if raw.get("external"):
        return PayrollType.EXTERNAL
    return PayrollType.OFF_CYCLE if raw.get("off_cycle") else PayrollType.REGULAR


def _primary(jobs: Sequence[Raw]) -> Raw:
    """The job that counts, where somebody has several."""
    none: Raw = {}
    return next((job for job in jobs if job.get("primary")), jobs[0] if jobs else none)


def _end(terminations: Sequence[Raw], hired_on: date | None) -> date | None:
    """The last day of work, be it past or planned; one before somebody was hired again is none any more."""
    told = [day for each in terminations if (day := day_of(each.get("effective_date"))) is not None]
    return max((day for day in told if hired_on is None or day >= hired_on), default=None)


def _sum(lines: Sequence[Raw] | None, name: str = "amount") -> Decimal:
    return total(amount_of(each.get(name)) for each in lines or ())
