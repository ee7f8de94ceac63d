"""How many requests `plaid` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math

import pytest

from .plaid_desk import ACCOUNTS, ITEM, KEYS, SYNC, opened_desk

PAGE = 500
BANKS, TRANSACTIONS = 2, 601


@pytest.fixture
def desk(tmp_path):
    """Each bank has transactions for several pages."""
    with opened_desk(tmp_path) as made:
        items = [made.item, *(made.link(institution_id=f"ins_{number}") for number in range(1, BANKS))]
        for item in items:
            for number in range(TRANSACTIONS):
                made.bank.spend(item, f"{number}.01")
        yield made


def test_first_run(desk):
    """⌈n/500⌉ pages and one list of accounts for each bank."""
    result = desk.sync()

    assert desk.calls() == {SYNC: BANKS * math.ceil(TRANSACTIONS / PAGE), ACCOUNTS: BANKS}
    assert result.counts.created == BANKS * (TRANSACTIONS + 1)


def test_run_without_changes(desk):
    """One page with nothing in it, and one list of accounts, for each bank."""
    desk.sync()
    result = desk.sync()

    assert desk.calls() == {SYNC: BANKS, ACCOUNTS: BANKS}
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_run_without_changes_and_without_balances(desk):
    desk.options["balances"] = "none"
    desk.sync()
    desk.sync()

    assert desk.calls() == {SYNC: BANKS}


def test_few_changes_cost_nothing_more(desk):
    desk.sync()
    for item in desk.bank.items.values():
        desk.bank.spend(item, "5.00")
    result = desk.sync()

    assert desk.calls() == {SYNC: BANKS, ACCOUNTS: BANKS}
    assert result.counts.created == BANKS


def test_deletions_are_told_so_that_no_day_asks_for_everything(desk):
    desk.sync()
    desk.hours += 24 * 365
    desk.sync()

    assert desk.calls() == {SYNC: BANKS, ACCOUNTS: BANKS}


def test_each_page_holds_the_most_and_asks_for_the_same(desk):
    desk.sync()

    assert {told["count"] for told in desk.sent()} == {PAGE}
    assert all("cursor" not in told or told["cursor"] for told in desk.sent())
    assert [told["options"] for told in desk.sent()] == [
        {"include_original_description": True, "personal_finance_category_version": "v2", "days_requested": 730}
    ] * len(desk.sent())


@pytest.mark.parametrize(("bank", "compared"), [("ins_77", 0), ("ins_109508", 2)])
def test_token_of_the_user_costs_one_question_which_bank_it_is_for(desk, bank, compared):
    """Two more, where another login is at the same bank: whether they reach the same accounts."""
    other = desk.bank.link(institution_id=bank)
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": other.access_token}
    desk.sync()
    desk.sync()

    assert desk.calls() == {ITEM: 1, SYNC: BANKS + 1, ACCOUNTS: BANKS + 1 + compared}
