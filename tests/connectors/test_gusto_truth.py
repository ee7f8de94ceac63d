"""Gusto's official description judges what `gusto` asks and what the fake answers.

It describes version 2025-06-15, the last one that was published as a file; what newer versions changed is named here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import pytest

from aragora_sync.connectors.gusto import EmployeePay, PayrollTotals, api, items

from ..specs import description
from .gusto_desk import opened_desk, plain_pay
from .gusto_world import Editor

pytestmark = pytest.mark.contract

# A part of the complaint, and why it is none.
NEWER = {
    "header X-Gusto-API-Version": "the description names its own version alone",
    "valid under each of": "its two forms of a token do not exclude each other",
    "is not of type 'number'": "since 2026-06-15 amounts are text",
}


@pytest.fixture
def lived(tmp_path):
    """Everything was read for the first time, unchanged, edited, deleted, and anew."""
    import random

    with opened_desk(tmp_path) as desk:
        desk.options["history_from"] = "2024-01-01"
        desk.fake.answers = []
        editor = Editor(desk, random.Random(1))
        desk.hire(110)
        desk.pay(-10, [plain_pay(each) for each in desk.books.employees])
        for _ in range(4):
            desk.sync()
            for _ in range(12):
                editor.act()
        draft = desk.pay(30, processed=False)
        desk.sync()
        desk.books.drop(draft)
        desk.fake.tick(7200)
        desk.reconcile()
        list(desk.connector().check())
        yield desk


def test_every_request_and_answer_is_described(lived):
    judge = description("gusto/gusto.openapi.yaml")
    exchanges = lived.fake.answers
    found = Counter(problem for exchange in exchanges for problem in judge.problems(*exchange))
    wrong = [problem for problem in found if not any(known in problem for known in NEWER)]

    assert len(exchanges) > 50
    assert {asked.path.split("/")[-1] for asked, _ in exchanges} >= {"employees", "payrolls", "token", "token_info"}
    assert wrong == []


def test_no_answer_tells_what_is_not_described(lived):
    judge = description("gusto/gusto.openapi.yaml")
    found = {field for exchange in lived.fake.answers for field in judge.undescribed(*exchange)}

    assert found == {
        "/auto_payroll",  # since 2025-11-15; auto_pilot before
        "/reversal_payroll_uuids",  # described of Payroll-Minimal alone, and in Gusto's changelog of this list
    }


def test_what_is_kept_and_added_up_is_described():
    judge = description("gusto/gusto.openapi.yaml")
    lines = judge.fields("Payroll-Employee-Compensations-Type") | judge.fields(
        "Payroll-Employee-Compensations-Included"
    )
    payrolls = judge.fields("Payroll") | judge.fields("Payroll-Minimal")

    assert {each.name for each in fields(PayrollTotals)} == judge.fields("Payroll-Totals-Type")
    assert set(items.OF_EMPLOYEE) <= judge.fields("Employee")
    assert set(items.OF_JOB) <= judge.fields("Job")
    assert set(items.OF_TERMINATION) <= judge.fields("Termination")
    assert set(items.OF_PAYROLL) - payrolls == {"auto_payroll", "reversals"}  # newer than the description
    assert set(items.OF_LINE) - lines == {"custom_withholdings"}  # since June 2026


def test_payrolls_of_the_fake_add_up_as_the_description_says(lived):
    """Line by line, and the totals of what was processed."""
    shown = [answer.body for _, answer in lived.fake.answers if isinstance(answer.body, dict)]
    processed = [body for body in shown if body.get("processed") and "employee_compensations" in body]
    for body in processed:
        totals = PayrollTotals.read(body["totals"])
        lines = [EmployeePay.read(line) for line in body["employee_compensations"]]
        for line in lines:
            taken = line.employee_taxes + line.employee_benefits_deductions + line.other_deductions
            assert line.net_pay == line.gross_pay - taken - line.cash_tips
            assert line.check_amount == line.net_pay + line.reimbursements
        kept = totals.employee_taxes + totals.employee_benefits_deductions + totals.other_deductions
        assert totals.net_pay == totals.gross_pay - totals.employee_cash_tips - kept
        assert totals.tax_debit == totals.employee_taxes + totals.employer_taxes
        debits = totals.net_pay_debit + totals.tax_debit + totals.reimbursement_debit + totals.child_support_debit
        assert totals.company_debit == debits
    assert len(processed) > 5


def test_the_version_that_is_asked_for_is_the_one_that_the_connector_was_written_for():
    assert api.VERSION == "2026-06-15"
