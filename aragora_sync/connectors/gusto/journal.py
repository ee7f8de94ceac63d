"""A payroll as a journal entry that balances to the cent, or the reason why it is none.

The lines come from what each employee got; Gusto's own totals must say the same. Nothing is rounded or plugged.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ...core.errors import SourceError
from ...core.money import NOTHING, total
from .amounts import CURRENCY
from .answers import EmployeePay, PayrollRun, PayrollTotals, PayrollType

ROLES: Mapping[str, str] = {  # the account of each role, unless an account_map names another
    "wages_expense": "Wages Expense",
    "employer_tax_expense": "Payroll Tax Expense",
    "benefits_expense": "Employee Benefits Expense",
    "reimbursements_expense": "Employee Reimbursements",
    "owners_draw": "Owner's Draw",
    "net_pay_payable": "Wages Payable",
    "reimbursements_payable": "Reimbursements Payable",
    "payroll_tax_payable": "Payroll Taxes Payable",
    "benefits_payable": "Employee Benefits Payable",
    "garnishments_payable": "Garnishments Payable",
    "other_withholdings_payable": "Other Withholdings Payable",
    "cash": "Cash",
}
CHECK_DATE, PERIOD_END = "check_date", "pay_period_end"
VERIFIED = (  # what lines and totals both tell
    *("gross_pay", "net_pay", "employee_taxes", "employer_taxes", "employee_benefits_deductions", "benefits"),
    *("other_deductions", "reimbursements"),
)
OF_BENEFITS = ("benefits", "employee_benefits_deductions")
TAKEN_BACK = "-R"  # ends the reference of an entry that takes another one back
COMPARE = "compare the payroll at Gusto; nothing was written"


class NoJournal(SourceError):
    """There is nothing to post for this payroll."""


class UnbalancedPayroll(NoJournal):
    """What the payroll tells does not add up. `difference` is by how much, `components` are the figures."""

    def __init__(self, payroll_uuid: str, difference: Decimal, components: Mapping[str, Decimal], why: str) -> None:
        super().__init__(f"payroll {payroll_uuid} does not balance by {difference}: {why}.", hint=COMPARE)
        self.payroll_uuid = payroll_uuid
        self.difference = difference
        self.components = components


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of one account; the other side is nothing."""

    account_role: str
    account: str
    debit: Decimal = NOTHING
    credit: Decimal = NOTHING
    description: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Debits and credits of one payroll; both sums are equal. `journal_id` is the same each time it is made."""

    journal_id: str
    payroll_uuid: str
    date: datetime.date
    memo: str
    lines: tuple[JournalLine, ...]
    currency: str = CURRENCY
    warnings: tuple[str, ...] = ()

    @property
    def total_debit(self) -> Decimal:
        return total(line.debit for line in self.lines)

    @property
    def total_credit(self) -> Decimal:
        return total(line.credit for line in self.lines)

    def reversed(self, on: datetime.date | None = None) -> JournalEntry:
        """The entry that takes this one back, for a payroll that was cancelled or reversed after it was posted."""
        lines = tuple(replace(line, debit=line.credit, credit=line.debit) for line in self.lines)
        memo = f"Takes back: {self.memo}"
        return replace(self, journal_id=self.journal_id + TAKEN_BACK, date=on or self.date, memo=memo, lines=lines)


@dataclass(frozen=True, slots=True)
class Accounts:
    """How entries are made: the account of each role, which day they bear, whose wages stand apart."""

    names: Mapping[str, str]
    day: str = CHECK_DATE
    external: bool = False

    def name(self, role: str) -> str:
        return self.names.get(role) or ROLES[role]

    def entry(self, payroll: PayrollRun, departments: Mapping[str, str] | None = None) -> JournalEntry:
        """What a payroll cost and what is owed for it. `departments`, by the id of an employee, splits the wages."""
        totals = self._postable(payroll)
        found = _components(payroll, totals)
        _verify(payroll, found, totals)
        extra = _residual(payroll, found, totals)
        shares = _wages(payroll, found, totals, extra, departments or {})
        wages = [self._line("wages_expense", amount, name) for name, amount in shares]
        lines = [*wages, *(self._line(role, amount) for role, amount in _others(found, totals, extra))]
        made = JournalEntry(
            _reference(payroll),
            payroll.id,
            self._day_of(payroll),
            f"Gusto payroll, check date {payroll.check_date}",
            tuple(line for line in lines if line.debit or line.credit),
            warnings=_warnings(payroll, totals),
        )
        return _balanced(made, found)

    def settlement(self, payroll: PayrollRun) -> JournalEntry:
        """What the bank was debited, against what was owed. What the company pays itself stays open."""
        totals = self._postable(payroll)
        parts = {
            "net_pay_payable": totals.net_pay_debit,
            "payroll_tax_payable": totals.tax_debit,
            "reimbursements_payable": totals.reimbursement_debit,
            "garnishments_payable": totals.child_support_debit,
        }
        if difference := totals.company_debit - total(parts.values()):
            raise UnbalancedPayroll(payroll.id, difference, parts, "the debits are not what the company was debited")
        lines = [
            *(self._line(role, amount) for role, amount in parts.items()),
            self._line("cash", -totals.company_debit),
        ]
        return JournalEntry(
            f"{_reference(payroll)}-S",
            payroll.id,
            payroll.debited_on or payroll.check_date,
            f"Gusto debit for the payroll with check date {payroll.check_date}",
            tuple(line for line in lines if line.debit or line.credit),
        )

    def _postable(self, payroll: PayrollRun) -> PayrollTotals:
        if not payroll.is_processed:
            raise NoJournal(f"payroll {payroll.id} is not processed: it may still change, or never be paid.")
        if payroll.payroll_type is PayrollType.EXTERNAL and not self.external:
            raise NoJournal(
                f"payroll {payroll.id} is external: it was paid, and most likely posted, before Gusto.",
                hint="journal_external: true posts such payrolls, too",
            )
        if payroll.totals is None:
            raise NoJournal(f"payroll {payroll.id} has no totals: Gusto has not calculated it.")
        if payroll.employees is None:
            raise NoJournal(
                f"payroll {payroll.id} was read without its employees.", hint="get_payroll_runs(details=True)"
            )
        return payroll.totals

    def _line(self, role: str, amount: Decimal, department: str = "") -> JournalLine:
        """A debit; what is below nothing is a credit."""
        sides = {"debit": amount} if amount > 0 else {"credit": -amount}
        description = " ".join(filter(None, [role.replace("_", " ").capitalize(), department and f"({department})"]))
        return JournalLine(role, self.name(role), description=description, department=department, **sides)

    def _day_of(self, payroll: PayrollRun) -> datetime.date:
        return (payroll.pay_period_end if self.day == PERIOD_END else None) or payroll.check_date


def _components(payroll: PayrollRun, totals: PayrollTotals) -> dict[str, Decimal]:
    """What the employees got in all; what the login may not see of benefits comes from the totals."""
    lines = payroll.employees or ()
    found = {name: total(getattr(line, name) for line in lines) for name in (*VERIFIED, "custom_withholdings")}
    found["employer_taxes"] += payroll.company_taxes
    if _benefits_hidden(lines):
        found |= {name: getattr(totals, name) for name in OF_BENEFITS}
    return found


def _benefits_hidden(lines: Sequence[EmployeePay]) -> bool:
    return not any(getattr(line, name) for line in lines for name in OF_BENEFITS)


def _warnings(payroll: PayrollRun, totals: PayrollTotals) -> tuple[str, ...]:
    hidden = _benefits_hidden(payroll.employees or ()) and any(getattr(totals, name) for name in OF_BENEFITS)
    told = "benefits are taken from the totals of the payroll: the login lacks the scope employee_benefits:read"
    return (told,) if hidden else ()


def _verify(payroll: PayrollRun, found: Mapping[str, Decimal], totals: PayrollTotals) -> None:
    for name in VERIFIED:
        if difference := found[name] - getattr(totals, name):
            why = f"{name} of the employees is {found[name]}, of the payroll {getattr(totals, name)}"
            raise UnbalancedPayroll(payroll.id, difference, found, why)


@dataclass(frozen=True, slots=True)
class _Extra:
    """What stands beside the usual lines, as what is left over tells."""

    draw: Decimal  # owner's draw
    draw_is_gross: bool  # it is a part of gross pay
    withheld: Decimal  # that no other line holds


def _residual(payroll: PayrollRun, found: Mapping[str, Decimal], totals: PayrollTotals) -> _Extra:
    """What is left over between earned and paid: nothing, or an owner's draw or withholdings exactly."""
    kept = found["employee_taxes"] + found["employee_benefits_deductions"] + found["other_deductions"]
    left = found["net_pay"] + kept - (found["gross_pay"] - totals.employee_cash_tips)
    draw, withheld = totals.owners_draw, found["custom_withholdings"]
    for draw_apart, withheld_apart in ((False, False), (True, False), (False, True), (True, True)):
        if left == (draw if draw_apart else NOTHING) - (withheld if withheld_apart else NOTHING):
            return _Extra(draw, not draw_apart, withheld if withheld_apart else NOTHING)
    why = "gross pay without cash tips is not net pay with taxes, benefits and deductions"
    raise UnbalancedPayroll(payroll.id, left, {**found, "employee_cash_tips": totals.employee_cash_tips}, why)


def _wages(
    payroll: PayrollRun,
    found: Mapping[str, Decimal],
    totals: PayrollTotals,
    extra: _Extra,
    departments: Mapping[str, str],
) -> list[tuple[str, Decimal]]:
    """What wages cost, by department where those are told. Cash tips came from customers, a draw is no expense."""
    inside = extra.draw if extra.draw_is_gross else NOTHING
    if not departments:
        return [("", found["gross_pay"] - totals.employee_cash_tips - inside)]
    shares: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    for line in payroll.employees or ():
        shares[departments.get(line.employee_id, "")] += line.gross_pay - line.cash_tips
    tips = total(line.cash_tips for line in payroll.employees or ())
    shares[""] += tips - totals.employee_cash_tips - inside
    return sorted(shares.items())


def _others(found: Mapping[str, Decimal], totals: PayrollTotals, extra: _Extra) -> Iterator[tuple[str, Decimal]]:
    """Debits above nothing, credits below."""
    yield "owners_draw", extra.draw
    yield "employer_tax_expense", found["employer_taxes"]
    yield "benefits_expense", found["benefits"]
    yield "reimbursements_expense", found["reimbursements"]
    yield "net_pay_payable", -found["net_pay"]
    yield "reimbursements_payable", -found["reimbursements"]
    yield "payroll_tax_payable", -(found["employee_taxes"] + found["employer_taxes"])
    yield "benefits_payable", -(found["employee_benefits_deductions"] + found["benefits"])
    yield "garnishments_payable", -found["other_deductions"]
    yield "other_withholdings_payable", -extra.withheld


def _reference(payroll: PayrollRun) -> str:
    return f"GUSTO-{payroll.id[:8]}{TAKEN_BACK if payroll.is_reversal else ''}"


def _balanced(entry: JournalEntry, found: Mapping[str, Decimal]) -> JournalEntry:
    if difference := entry.total_debit - entry.total_credit:
        raise UnbalancedPayroll(entry.payroll_uuid, difference, found, "debits and credits differ")
    return entry
