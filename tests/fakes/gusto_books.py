"""A company that pays people by Gusto: employees, and payrolls whose totals follow from what each was paid."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass
class Employee:
    uuid: str
    first_name: str
    last_name: str | None
    email: str
    department: str | None = None
    title: str = "Engineer"
    terminated: bool = False
    onboarded: bool = True
    hired_on: date | None = None  # or rehired
    rate: str = "52000.00"
    edition: int = 1
    terminations: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Pay:
    """What one employee got in one payroll; all amounts are positive, or negative in a correction."""

    employee: str
    wages: Decimal = ZERO  # without tips
    cash_tips: Decimal = ZERO
    paycheck_tips: Decimal = ZERO
    imputed: Decimal = ZERO
    owners_draw: Decimal = ZERO  # inside of gross
    employee_taxes: Mapping[str, Decimal] = field(default_factory=dict)
    employer_taxes: Mapping[str, Decimal] = field(default_factory=dict)
    deductions: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)  # benefit: of employee, of company
    garnishments: Mapping[str, Decimal] = field(default_factory=dict)
    child_support: Decimal = ZERO  # one of the garnishments, which Gusto pays on
    reimbursements: Decimal = ZERO
    excluded: bool = False
    by_check: bool = False

    @property
    def gross(self) -> Decimal:
        return self.wages + self.cash_tips + self.paycheck_tips + self.owners_draw

    @property
    def taxes(self) -> Decimal:
        return sum(self.employee_taxes.values(), ZERO)

    @property
    def other(self) -> Decimal:
        return sum(self.garnishments.values(), ZERO) + self.child_support

    @property
    def of_employee(self) -> Decimal:
        return sum((mine for mine, _ in self.deductions.values()), ZERO)

    @property
    def of_company(self) -> Decimal:
        return sum((theirs for _, theirs in self.deductions.values()), ZERO)

    @property
    def net(self) -> Decimal:
        return self.gross - self.taxes - self.of_employee - self.other - self.cash_tips


@dataclass
class Payroll:
    uuid: str
    check_date: date
    start: date
    end: date
    pays: list[Pay]
    processed: bool = True
    off_cycle: str = ""  # the reason
    external: bool = False
    calculated: bool = True
    reversed_by: list[str] = field(default_factory=list)  # payrolls that take this one back
    company_taxes: Mapping[str, Decimal] = field(default_factory=dict)  # of which no employee has a share
    created_at: datetime | None = None
    processed_on: date | None = None
    wrong: Decimal = ZERO  # by so much the totals tell another gross pay than the lines do

    def counted(self) -> list[Pay]:
        return [pay for pay in self.pays if not pay.excluded]

    def totals(self) -> dict[str, str]:
        """As Gusto adds them up."""
        pays = self.counted()

        def total(of: Callable[[Pay], Decimal]) -> Decimal:
            return sum(map(of, pays), ZERO)

        employer = total(lambda pay: sum(pay.employer_taxes.values(), ZERO)) + sum(self.company_taxes.values(), ZERO)
        debits = {
            "net_pay_debit": total(lambda pay: ZERO if pay.by_check else pay.net),
            "tax_debit": employer + total(lambda pay: pay.taxes),
            "reimbursement_debit": total(lambda pay: ZERO if pay.by_check else pay.reimbursements),
            "child_support_debit": total(lambda pay: pay.child_support),
        }
        amounts = {
            "company_debit": sum(debits.values(), ZERO),
            **debits,
            "reimbursements": total(lambda pay: pay.reimbursements),
            "net_pay": total(lambda pay: pay.net),
            "gross_pay": total(lambda pay: pay.gross) + self.wrong,
            "employee_bonuses": ZERO,
            "employee_commissions": ZERO,
            "employee_cash_tips": total(lambda pay: pay.cash_tips),
            "employee_paycheck_tips": total(lambda pay: pay.paycheck_tips),
            "additional_earnings": ZERO,
            "owners_draw": total(lambda pay: pay.owners_draw),
            "check_amount": total(lambda pay: pay.net + pay.reimbursements),
            "employer_taxes": employer,
            "employee_taxes": total(lambda pay: pay.taxes),
            "benefits": total(lambda pay: pay.of_company),
            "employee_benefits_deductions": total(lambda pay: pay.of_employee),
            "imputed_pay": total(lambda pay: pay.imputed),
            "deferred_payroll_taxes": ZERO,
            "other_deductions": total(lambda pay: pay.other),
        }
        return {name: f"{amount:.2f}" for name, amount in amounts.items()}


class Books:
    """One company. Acts: hire, change, leave, rehire, remove; pay, process, cancel, reverse, correct, drop."""

    def __init__(self, tick: Callable[[], datetime], name: str = "Acme", seed: int = 1) -> None:
        self._tick = tick
        self._random = random.Random(seed)
        self.name = name
        self.uuid = self._new()
        self.employees: dict[str, Employee] = {}
        self.payrolls: dict[str, Payroll] = {}

    def _new(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # People

    def hire(self, first: str = "Ann", last: str | None = "Lee", **more: Any) -> Employee:
        today = self._tick().date()
        made = Employee(self._new(), first, last, f"{first.lower()}@acme.example", **{"hired_on": today, **more})
        self.employees[made.uuid] = made
        return made

    def change(self, employee: Employee, **changes: Any) -> None:
        self._tick()
        vars(employee).update(changes)
        employee.edition += 1

    def leave(self, employee: Employee, on: date | None = None) -> None:
        """Today; or on a day to come, before which the termination is only planned."""
        day = on or self._tick().date()
        told = {"uuid": self._new(), "employee_uuid": employee.uuid, "effective_date": f"{day}", "active": on is None}
        self.change(employee, terminated=on is None, terminations=[*employee.terminations, told])

    def rehire(self, employee: Employee) -> None:
        """The day after."""
        self.change(employee, terminated=False, hired_on=self._tick().date() + timedelta(days=1))

    def remove(self, employee: Employee) -> None:
        """Only somebody who never began can be deleted."""
        self._tick()
        del self.employees[employee.uuid]

    # Payrolls

    def pay(self, check: date, pays: list[Pay], **more: Any) -> Payroll:
        now = self._tick()
        made = Payroll(self._new(), check, check - timedelta(days=18), check - timedelta(days=5), pays, created_at=now)
        vars(made).update(more)
        made.processed_on = made.processed_on or (check - timedelta(days=2) if made.processed else None)
        self.payrolls[made.uuid] = made
        return made

    def process(self, payroll: Payroll) -> None:
        self._tick()
        payroll.processed = payroll.calculated = True
        payroll.processed_on = payroll.check_date - timedelta(days=2)

    def cancel(self, payroll: Payroll) -> None:
        """A processed payroll is a draft again."""
        self._tick()
        payroll.processed, payroll.processed_on = False, None

    def reverse(self, payroll: Payroll) -> Payroll:
        """What was paid is taken back by a payroll of today, in which every amount is below nothing."""
        pays = [negated(pay) for pay in payroll.pays]
        taxes = {name: -amount for name, amount in payroll.company_taxes.items()}
        made = self.pay(self._tick().date(), pays, off_cycle="Reversal", company_taxes=taxes)
        payroll.reversed_by.append(made.uuid)
        return made

    def correct(self, payroll: Payroll, pays: list[Pay]) -> None:
        """Of a draft."""
        self._tick()
        payroll.pays = pays

    def drop(self, payroll: Payroll) -> None:
        self._tick()
        del self.payrolls[payroll.uuid]


def negated(pay: Pay) -> Pay:
    def below(value: Any) -> Any:
        if isinstance(value, Decimal):
            return -value
        if isinstance(value, tuple):
            return tuple(map(below, value))
        return {name: below(each) for name, each in value.items()} if isinstance(value, dict) else value

    return replace(pay, **{each.name: below(getattr(pay, each.name)) for each in fields(pay)})
