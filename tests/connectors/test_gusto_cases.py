"""The edge cases of Gusto's API, numbered as in the vendor file (section 9)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from aragora_sync.connectors.gusto import NoJournal
from aragora_sync.engine.result import Status

from ..fakes.gusto import too_many
from .gusto_desk import changes, dollars, opened_desk, plain_pay, problem

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.options["history_from"] = "2025-01-01"
        made.hire(2)
        yield made


def journal(desk, payroll, **options):
    desk.options |= options
    connector = desk.connector()
    try:
        return connector.generate_journal_entry(connector.get_payroll_run(payroll.uuid))
    finally:
        connector.close()


def sides(entry):
    return {each.account_role: (str(each.debit), str(each.credit)) for each in entry.lines}


def test_01_token_that_ends_in_the_middle_of_details_is_renewed_and_the_page_asked_again(desk):
    desk.hire(700)
    payroll = desk.pay(-10)

    def end(asked):
        if asked.query.get("page") == "7" and payroll.uuid in asked.path:
            desk.grant.ends_at, desk.fake.before = desk.fake.now, lambda _asked: None

    desk.fake.before = end
    result = desk.sync()

    assert result.status is Status.OK
    assert len(json.loads(desk.item(payroll).metadata)["employee_compensations"]) == 702
    assert desk.counted()["token"] == 1


@pytest.mark.parametrize("grace", [True, False])
def test_02_refresh_whose_tokens_were_never_kept_works_once_more(desk, grace):
    """Killed after Gusto answered. Under the rule that Gusto gives, the next run works; under a stricter one it says
    what to do.
    """
    desk.fake.grace = grace
    program = (
        "import os, sys; from aragora_sync.auth import token_store; from aragora_sync.connectors.gusto import *\n"
        "store = token_store.TokenStore; proved = store.prove\n"
        "kill = lambda *_: os.kill(os.getpid(), 9)\n"
        "store.prove = lambda self, tokens: (proved(self, tokens), setattr(store, 'keep', kill))\n"
        f"options = {dict(desk.usual())!r}\n"
        "GustoConnector(connector_id='gusto', **options).access.renewed()"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={**os.environ}, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL and len(desk.fake.grants) == 1
    desk.fake.tick(7200)
    result = desk.sync()

    assert result.status is (Status.OK if grace else Status.NEEDS_LOGIN)
    if not grace:
        assert problem(result)[2] == "aragora-sync oauth login gusto --tenant default"


def test_03_payroll_with_130_employees_is_read_whole(desk):
    desk.hire(128)
    payroll = desk.pay(-10)
    desk.sync()

    assert "Employees: 130" in desk.item(payroll).content
    assert desk.counted()["payroll"] == 2


def test_03_page_that_shifts_is_read_once_more_from_the_first(desk):
    desk.hire(128)
    payroll = desk.pay(-10)
    lost = []

    def shift(asked):
        if asked.query.get("page") == "2" and payroll.uuid in asked.path and not lost:
            lost.append(payroll.pays.pop(0))

    desk.fake.before = shift
    desk.sync()

    assert "Employees: 129" in desk.item(payroll).content
    assert desk.counted()["payroll"] == 4


def test_03_payroll_that_never_adds_up_fails_alone(desk):
    wrong, good = desk.pay(-10, wrong=dollars("0.01")), desk.pay(-20)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert f"payrolls/{good.uuid}" in desk.items() and f"payrolls/{wrong.uuid}" not in desk.items()
    wrong.wrong = dollars("0.00")
    desk.hours += 1
    desk.sync()
    assert f"payrolls/{wrong.uuid}" in desk.items()


def test_04_payrolls_of_all_kinds_are_read(desk):
    payrolls = [desk.pay(-10, off_cycle="Bonus"), desk.pay(-300, external=True), desk.pay(20, processed=False)]
    desk.sync()

    assert desk.item(payrolls[0]).title.startswith("Off-cycle payroll (Bonus) for ")
    assert desk.item(payrolls[1]).title.startswith("External payroll for ")
    assert desk.item(payrolls[2]).title.startswith("Payroll for ")


def test_05_gap_of_more_than_six_months_between_runs_loses_nothing(desk):
    desk.pay(-10)
    desk.sync()
    payrolls = []
    for _ in range(30):
        desk.fake.tick(14 * 86_400)
        payrolls.append(desk.pay(-3))

    assert changes(desk.sync()) == (30, 0, 0)
    assert desk.counted()["payrolls"] == 2


def test_06_windows_are_short_enough_in_a_leap_year(desk):
    desk.fake.now = desk.fake.now.replace(year=2024, month=12, day=31)
    desk.log_in()
    desk.options["history_from"] = "2023-12-31"
    desk.pay(-366)
    result = desk.sync()
    spans = [
        date.fromisoformat(asked["end_date"]) - date.fromisoformat(asked["start_date"])
        for asked in desk.asked("/payrolls")
    ]

    assert result.status is Status.OK and result.counts.created == 3
    assert max(spans) == timedelta(days=364)


@pytest.mark.parametrize("day", ["2026-02-01", "2026-11-30", "2027-02-28", "2028-02-29"])
def test_06_no_window_ends_more_than_three_months_ahead(desk, day):
    desk.fake.now = desk.fake.now.replace(*map(int, day.split("-")[:1]), *map(int, day.split("-")[1:]))
    desk.log_in()
    desk.sync()
    ends = [date.fromisoformat(asked["end_date"]) for asked in desk.asked("/payrolls")]

    assert timedelta(days=85) < max(ends) - desk.today < timedelta(days=89)


def test_07_cancelled_payroll_is_a_draft_again_and_its_entry_taken_back(desk):
    payroll = desk.pay(10)
    desk.sync()
    entry = journal(desk, payroll)
    desk.books.cancel(payroll)
    desk.sync()

    assert "Not processed yet" in desk.item(payroll).content
    with pytest.raises(NoJournal, match="is not processed"):
        journal(desk, payroll)
    back = entry.reversed()
    assert back.journal_id == f"{entry.journal_id}-R"
    assert (back.total_debit, back.lines[0].credit) == (entry.total_credit, entry.lines[0].debit)


def test_07_reversed_payroll_is_told(desk):
    payroll = desk.pay(-10)
    desk.sync()
    desk.books.reverse(payroll)
    desk.sync()

    assert "\nReversed" in desk.item(payroll).content


def test_08_payroll_with_everything_balances(desk):
    ann, ben = desk.books.employees
    pays = [
        plain_pay(
            ann,
            cash_tips=dollars("80.00"),
            paycheck_tips=dollars("20.00"),
            imputed=dollars("12.34"),
            garnishments={"Student loan": dollars("33.33")},
            child_support=dollars("150.00"),
            reimbursements=dollars("70.07"),
        ),
        plain_pay(ben, owners_draw=dollars("500.00"), by_check=True),
    ]
    entry = journal(desk, desk.pay(-10, pays))

    assert entry.total_debit == entry.total_credit
    assert sides(entry)["wages_expense"] == ("6020.00", "0.00")
    assert sides(entry)["owners_draw"] == ("500.00", "0.00")
    assert sides(entry)["garnishments_payable"] == ("0.00", "183.33")


@pytest.mark.parametrize("floats", [True, False])
def test_09_amounts_are_exact_as_text_and_as_numbers(desk, floats):
    desk.fake.floats = floats
    payroll = desk.pay(-10, [plain_pay(next(iter(desk.books.employees)), "1234.50")])
    desk.sync()
    entry = journal(desk, payroll)

    assert sides(entry)["wages_expense"] == ("1234.50", "0.00")
    assert json.loads(desk.item(payroll).metadata)["totals"]["gross_pay"] == "1234.50"


def test_10_payroll_without_totals_has_no_entry(desk):
    payroll = desk.pay(-10, calculated=False)
    desk.sync()

    assert "Totals" not in desk.item(payroll).content
    with pytest.raises(NoJournal, match="has no totals"):
        journal(desk, payroll)


def test_11_employees_who_are_excluded_contribute_nothing(desk):
    ann, ben = desk.books.employees
    payroll = desk.pay(-10, [plain_pay(ann), plain_pay(ben, excluded=True)])
    desk.sync()
    entry = journal(desk, payroll)

    assert sides(entry)["wages_expense"] == ("3000.00", "0.00")
    assert "Employees: 1" in desk.item(payroll).content


def test_12_benefits_that_the_login_may_not_see_come_from_the_totals(desk):
    desk.grant.scopes.discard("employee_benefits:read")
    entry = journal(desk, desk.pay(-10))

    assert entry.total_debit == entry.total_credit
    assert sides(entry)["benefits_expense"] == ("240.02", "0.00")
    assert "employee_benefits:read" in entry.warnings[0]


def test_13_rehired_employee_is_the_same(desk):
    ann = next(iter(desk.books.employees.values()))
    desk.sync()
    desk.books.leave(ann)
    desk.sync()
    desk.books.rehire(ann)

    assert changes(desk.sync()) == (0, 1, 0)
    assert len(desk.items()) == 2


def test_14_login_for_another_company_than_the_configured_one_is_refused(desk):
    desk.pay(-10)
    desk.sync()
    held = desk.items()
    desk.options |= {"company_id": "7b1d0df1-6403-4a06-8768-c1dd7d24d27a", "connector_id": "gusto"}
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == (
        f"the login at Gusto is for the company {desk.books.uuid}, and company_id names "
        "7b1d0df1-6403-4a06-8768-c1dd7d24d27a."
    )
    assert "oauth login gusto" in hint
    assert desk.items() == held


def test_15_pause_is_kept_to_the_second(desk):
    desk.fake.order(too_many(37), path="/payrolls")
    result = desk.sync()

    assert result.status is Status.OK
    assert desk.time.waited == pytest.approx(37, abs=1)


def test_15_limit_of_200_requests_a_minute_is_never_passed_for_long(desk):
    desk.fake.limited = True
    for days in range(-700, 0, 3):
        desk.pay(days)
    result = desk.sync()

    assert result.status is Status.OK
    assert result.counts.failed == 0
    assert desk.time.waited >= 59


def test_16_external_payrolls_are_stored_and_not_posted(desk):
    payroll = desk.pay(-10, external=True)
    desk.sync()

    with pytest.raises(NoJournal, match="is external"):
        journal(desk, payroll)
    assert journal(desk, payroll, journal_external=True).lines


def test_17_employee_whose_last_name_is_hidden_is_read(desk):
    eve = desk.books.hire("Eve", None)
    desk.sync()

    assert desk.entries()[f"employees/{eve.uuid}"].title == "Eve"
