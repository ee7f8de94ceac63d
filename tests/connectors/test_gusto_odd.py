"""What Gusto tells seldom: each is read for what it is, or said, and never stands in the way of the rest."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from aragora_sync.connectors.gusto import PayrollRun
from aragora_sync.core.changes import Failed, Item

from .gusto_desk import dollars, opened_desk, plain_pay


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.hire(2)
        yield made


def content(desk, employee) -> str:
    return desk.entries()[f"employees/{employee.uuid}"].content


def test_rate_need_not_be_of_whole_cents(desk):
    desk.hire(rate="15.384615")
    connector = desk.connector()
    rates = [each.rate for each in connector.get_employees()]
    connector.close()

    assert rates == [Decimal("52000.00"), Decimal("52000.00"), Decimal("15.384615")]


def test_employee_who_cannot_be_read_is_said_and_the_others_are_read(desk):
    (odd,) = desk.hire(rate="a lot")
    result = desk.sync()

    assert (result.counts.created, result.counts.failed) == (2, 1)
    desk.books.change(odd, rate="10.00")
    assert desk.sync().counts.failed == 0
    assert len(desk.entries()) == 3


def test_draft_that_cannot_be_read_is_said_and_the_others_are_read(desk):
    odd, _ = desk.pay(10, processed=False), desk.pay(24, processed=False)
    odd.wrong = Decimal("NaN")
    result = desk.sync()

    assert (result.counts.created, result.counts.failed) == (3, 1)


def test_termination_that_is_planned_tells_the_last_day(desk):
    ann, ben = desk.books.employees.values()
    desk.books.leave(ann, on=desk.day(20))
    desk.books.leave(ben)
    desk.sync()

    assert content(desk, ann).endswith("Hired: 2026-11-02\nEnds: 2026-11-22")
    assert content(desk, ben).endswith("Ended: 2026-11-02")


def test_who_was_hired_again_has_no_last_day(desk):
    ann, _ = desk.books.employees.values()
    desk.books.leave(ann)
    desk.books.rehire(ann)
    desk.sync()

    assert content(desk, ann).endswith("Hired: 2026-11-03")


def test_draft_without_figures_is_no_other_api(desk):
    draft = desk.pay(10, processed=False, calculated=False)
    (told,) = desk.fetch(f"{desk.books.uuid}/payrolls", f"payrolls/{draft.uuid}")

    assert isinstance(told, Item) and not isinstance(told, Failed)
    assert "totals" not in told.metadata


def test_taxes_of_the_company_as_a_whole_are_kept_and_journals_of_the_store_balance(desk):
    paid = desk.pay(-10, company_taxes={"Business tax": dollars("12.34")})
    desk.sync()
    kept = PayrollRun.read(json.loads(desk.item(paid).metadata))
    entry = desk.connector().generate_journal_entry(kept)

    assert kept.company_taxes == dollars("12.34")
    assert entry.total_debit == entry.total_credit
    assert "- Business tax (company): 12.34" in desk.item(paid).content


def test_payroll_that_was_taken_back_and_its_reversal_are_both_read(desk):
    paid = desk.pay(-10)
    desk.sync()
    back = desk.books.reverse(paid)
    result = desk.sync()

    assert (result.counts.created, result.counts.updated) == (1, 1)
    assert f"Reversed by {back.uuid}" in desk.item(paid).content
    entries = [
        desk.connector().generate_journal_entry(PayrollRun.read(json.loads(desk.item(one).metadata)))
        for one in (paid, back)
    ]
    assert [entry.journal_id for entry in entries] == [f"GUSTO-{paid.uuid[:8]}", f"GUSTO-{back.uuid[:8]}-R"]
    for role in {line.account_role for entry in entries for line in entry.lines}:
        sides = [line.debit - line.credit for entry in entries for line in entry.lines if line.account_role == role]
        assert sum(sides) == 0


@pytest.mark.parametrize("month", range(1, 13))
def test_payroll_of_a_quarter_is_found_wherever_the_stretches_end(desk, month):
    begins, ends = date(2019, month, 15), date(2019 + (month + 3) // 13, (month + 2) % 12 + 1, 14)
    paid = desk.books.pay(ends, [plain_pay("somebody")], external=True, start=begins, end=ends)
    desk.sync()

    assert f"payrolls/{paid.uuid}" in desk.entries()
