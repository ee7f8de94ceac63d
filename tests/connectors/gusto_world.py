"""A company at Gusto that is synced, as the tests of `gusto` edit it: by hand, or at random."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

from ..fakes.gusto_books import Books, Employee, Pay, Payroll
from ..fakes.web import Answer
from .gusto_desk import GustoDesk, plain_pay

CENT = Decimal("0.01")
KINDS: tuple[dict[str, Any], ...] = ({}, {}, {"off_cycle": "Bonus"}, {"external": True})


class GustoWorld:
    """A company of the fake, as the contract suite edits it: each thing is an employee, or else a payroll."""

    def __init__(self, desk: GustoDesk, kind: str) -> None:
        self.desk, self.kind = desk, kind
        desk.begin_anew()
        self.books = desk.books
        self.cents = 0

    def add(self, name: str, text: str) -> str:
        if self.kind == "employees":
            return f"employees/{self.books.hire(name, 'Lee', title=text).uuid}"
        return f"payrolls/{self.desk.pay(-10, [self._pay(text)]).uuid}"

    def edit(self, item_id: str, text: str) -> None:
        number = item_id.partition("/")[2]
        if self.kind == "employees":
            self.books.change(self.books.employees[number], title=text)
            return
        payroll = self.books.payrolls[number]
        self.books.cancel(payroll)
        self.books.correct(payroll, [self._pay(text)])
        self.books.process(payroll)

    def remove(self, item_id: str) -> None:
        number = item_id.partition("/")[2]
        if self.kind == "employees":
            self.books.remove(self.books.employees[number])
        else:
            self.books.drop(self.books.payrolls[number])

    def _pay(self, text: str) -> Pay:
        """Whatever is corrected moves the totals, as the list of payrolls tells."""
        self.cents += 1
        return plain_pay("somebody", wages=str(3000 + self.cents * CENT), garnishments={text: Decimal("10.00")})


class GustoPayrollWorld(GustoWorld):
    """Payrolls can be broken one by one; employees come in a list."""

    def fail(self, item_id: str) -> None:
        self.desk.fake.order(Answer(500), path=item_id, times=10**6)

    def mend(self, item_id: str) -> None:
        self.desk.fake.forget()


class Editor:
    """Random acts of every kind. `expected` is what a store must hold, `late` what only a reconcile finds."""

    def __init__(self, desk: GustoDesk, chance: random.Random) -> None:
        self.desk, self.chance = desk, chance
        self.late: set[str] = set()
        self.number = 0
        for _ in range(8):
            self.hire()
        for days in range(-700, 80, 60):
            self.pay(days)

    @property
    def books(self) -> Books:
        return self.desk.books

    def act(self) -> None:
        """One act."""
        acts = [self.hire, self.change, self.change, self.leave, self.rehire, self.remove, self.pay, self.pay]
        acts += [self.process, self.cancel, self.correct, self.reverse, self.drop, self.rest]
        self.chance.choice(acts)()

    # People

    def hire(self) -> None:
        self.books.hire(self._word(), "Lee", onboarded=self.chance.random() < 0.7)

    def change(self) -> None:
        if one := self._anybody():
            self.books.change(one, title=self._word())

    def leave(self) -> None:
        if one := self._anybody():
            self.books.leave(one)

    def rehire(self) -> None:
        if one := self._any([each for each in self.books.employees.values() if each.terminated]):
            self.books.rehire(one)

    def remove(self) -> None:
        if one := self._any([each for each in self.books.employees.values() if not each.onboarded]):
            self.books.remove(one)

    # Payrolls

    def pay(self, days: int | None = None) -> None:
        days = self.chance.randint(-90, 80) if days is None else days
        processed = days < 0 or self.chance.random() < 0.3
        calculated = processed or self.chance.random() < 0.5
        kind = self.chance.choice(KINDS)
        taxes = {"Business tax": self.chance.choice([0, 1]) * self.chance.randrange(9_000) * CENT}
        self.desk.pay(days, self._pays(), processed=processed, calculated=calculated, company_taxes=taxes, **kind)

    def process(self) -> None:
        if draft := self._draft():
            self.books.process(draft)

    def cancel(self) -> None:
        """As long as Gusto has not paid."""
        today = self.desk.today
        if paid := self._any([one for one in self.books.payrolls.values() if one.processed and one.check_date > today]):
            self.books.cancel(paid)

    def correct(self) -> None:
        if draft := self._draft():
            self.books.correct(draft, self._pays())

    def reverse(self) -> None:
        """Long ago it was paid: then only a reconcile finds it."""
        if paid := self._any([one for one in self.books.payrolls.values() if _is_reversible(one)]):
            self.books.reverse(paid)
            if paid.check_date < self.desk.day(-90):
                self.late.add(f"payrolls/{paid.uuid}")

    def drop(self) -> None:
        """A payroll that was processed can go only when it was cancelled first."""
        if draft := self._draft():
            self.books.drop(draft)

    def rest(self) -> None:
        self.desk.fake.tick(self.chance.choice([30, 3600, 86_400]))

    # What it comes to

    def expected(self) -> dict[str, str]:
        """For each item what tells its state."""
        told = {f"employees/{one.uuid}": f"{one.first_name} {one.title} {one.terminated}" for one in self._people()}
        return {**told, **{f"payrolls/{one.uuid}": _state(one) for one in self.books.payrolls.values()}}

    def _people(self) -> list[Employee]:
        return list(self.books.employees.values())

    def _pays(self) -> list[Pay]:
        people = self.chance.sample(self._people(), min(3, len(self._people())))
        return [random_pay(self.chance, one.uuid) for one in people]

    def _draft(self) -> Payroll | None:
        found: Payroll | None = self._any([one for one in self.books.payrolls.values() if not one.processed])
        return found

    def _anybody(self) -> Employee | None:
        found: Employee | None = self._any(self._people())
        return found

    def _any(self, those: list[Any]) -> Any:
        return self.chance.choice(those) if those else None

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"


def random_pay(chance: random.Random, employee: str) -> Pay:
    """Of every component something, or nothing."""

    def some(most: int) -> Decimal:
        return chance.choice([0, 1, 1]) * chance.randrange(most) * CENT

    return Pay(
        employee,
        wages=some(900_000),
        cash_tips=some(9_000),
        paycheck_tips=some(9_000),
        imputed=some(5_000),
        owners_draw=some(50_000) if chance.random() < 0.1 else CENT * 0,
        employee_taxes={"Federal Income Tax": some(90_000), "Local Tax": some(900)},
        employer_taxes={"Social Security": some(60_000), "State Unemployment": some(900)},
        deductions={"Medical": (some(9_000), some(9_000)), "401(k)": (some(9_000), some(9_000))},
        garnishments={"Student loan": some(2_000)},
        child_support=some(2_000),
        reimbursements=some(5_000),
        excluded=chance.random() < 0.1,
        by_check=chance.random() < 0.2,
    )


def _is_reversible(one: Payroll) -> bool:
    return one.processed and not one.reversed_by and one.off_cycle != "Reversal"


def _state(one: Payroll) -> str:
    gross = one.totals()["gross_pay"] if one.calculated else "none"
    return f"{one.check_date} {one.processed} {gross} {bool(one.reversed_by)}"


def stored_state(entry: Any) -> str:
    """The same of a stored item."""
    told = json.loads(entry.metadata)
    if entry.kind == "employee":
        return f"{told['first_name']} {told['jobs'][0]['title']} {told['terminated']}"
    gross = told["totals"]["gross_pay"] if "totals" in told else "none"
    return f"{told['check_date']} {told['processed']} {gross} {bool(told.get('reversal_payroll_uuids'))}"
