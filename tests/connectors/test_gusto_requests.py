"""How many requests `gusto` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math

import pytest

from aragora_sync.connectors.gusto.windows import AHEAD, OVERLAP, SPAN

from .gusto_desk import GustoDesk, opened_desk, plain_pay

EMPLOYEES, PAID = 230, 130  # in all, and in each payroll
PAYROLLS = range(-1800, -9, 60)


@pytest.fixture
def desk(tmp_path):
    """Five years of payrolls, one in two months, and a draft."""
    with opened_desk(tmp_path) as made:
        pays = [plain_pay(each.uuid) for each in made.hire(EMPLOYEES)[:PAID]]
        for days in PAYROLLS:
            made.pay(days, pays)
        made.pay(10, pays, processed=False)
        yield made


def pages(things: int) -> int:
    return math.ceil(things / 100)


def years(desk: GustoDesk, first: str) -> int:
    """Stretches of a year, each of which overlaps the one before."""
    whole = (desk.today + AHEAD - type(desk.today).fromisoformat(first)).days
    return math.ceil((whole - SPAN.days) / (SPAN - OVERLAP).days) + 1


def test_first_run(desk):
    """⌈E/100⌉ + the years, each by a request + ⌈E_p/100⌉ of each payroll that was processed."""
    desk.sync()

    assert desk.counted() == {
        "employees": pages(EMPLOYEES),
        "payrolls": years(desk, "2019-01-01"),
        "payroll": len(PAYROLLS) * pages(PAID),
    }


def test_run_without_changes(desk):
    """⌈E/100⌉ + 1."""
    desk.sync()
    result = desk.sync()

    assert desk.counted() == {"employees": pages(EMPLOYEES), "payrolls": 1}
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_reconcile_without_changes_reads_no_payroll_again(desk):
    desk.sync()
    desk.reconcile()

    assert desk.counted() == {"employees": pages(EMPLOYEES), "payrolls": 1 + years(desk, "2019-01-01")}


def test_new_payroll_costs_its_own_pages_alone(desk):
    desk.sync()
    desk.pay(-1, [plain_pay("somebody")])
    desk.sync()

    assert desk.counted() == {"employees": pages(EMPLOYEES), "payrolls": 1, "payroll": 1}


def test_programs_ask_for_the_days_they_want(desk):
    desk.fake.asked.clear()
    connector = desk.connector()
    found = connector.get_payroll_runs(desk.day(-130), desk.day(-1), details=False)
    connector.close()

    assert len(found) == 2
    assert desk.counted() == {"payrolls": 1}


def test_summary_of_a_year_reads_the_payrolls_of_that_year_alone(desk):
    desk.fake.asked.clear()
    connector = desk.connector()
    told = connector.get_payroll_summary(2024)
    connector.close()
    of_the_year = [one for one in desk.books.payrolls.values() if one.check_date.year == 2024]

    assert told.payroll_count == len(of_the_year) == 6
    assert desk.counted() == {
        "employees": pages(EMPLOYEES),
        "payrolls": years(desk, "2023-09-30"),
        "payroll": len(of_the_year) * pages(PAID),
    }


def test_login_that_was_made_elsewhere_costs_one_question_more(desk):
    """For which company it is."""
    desk.connector().tokens.forget()
    desk.options["credentials"] = {**desk.usual()["credentials"], "GUSTO_ACCESS_TOKEN": desk.grant.access}
    desk.sync()
    desk.sync()

    assert desk.counted() == {"token_info": 1, "employees": pages(EMPLOYEES), "payrolls": 1}
