"""How many requests `qbo` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math
from unittest import mock

import pytest

from aragora_sync.store.base import PassKind

from .qbo_desk import ENTITIES, FEED, PREFERENCES, QUERY, opened_desk

PAGE = 1000
INVOICES, VENDORS = 2100, 1500


@pytest.fixture
def desk(tmp_path):
    """Some lists take several pages, others one. Nothing happened lately."""
    with opened_desk(tmp_path) as made:
        books = made.books
        acme = books.customer("Acme")
        books.pace = 0.5
        for number in range(INVOICES):
            books.create("Invoice", CustomerRef={"value": acme}, TotalAmt=number + 1, TxnDate="2026-11-02", Line=[])
        for number in range(VENDORS):
            books.vendor(f"Vendor {number}")
        made.later(hours=1)
        made.fake.limits.on = False
        made.tokens = made.fake.login.connect(app=made.fake.app)
        yield made


def test_first_run(desk):
    """Σ⌈n/1000⌉, each entity one page at least, and one for the currency of the company; its name is not needed."""
    result = desk.sync()
    more = math.ceil(INVOICES / PAGE) - 1 + math.ceil(VENDORS / PAGE) - 1

    assert result.counts.created > INVOICES + VENDORS
    assert desk.counted() == {QUERY: ENTITIES + more, PREFERENCES: 1}
    assert desk.asked_for()["Invoice"] == math.ceil(INVOICES / PAGE)


def test_run_without_changes(desk):
    """One, whatever the number of entities."""
    desk.sync()
    result = desk.sync()

    assert desk.counted() == {FEED: 1}
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_changes_and_deletions_cost_one_for_the_balances_that_they_move(desk):
    """The feed need not tell of those. Of changed names nothing follows."""
    desk.sync()
    desk.books.customer("New")
    desk.sync()
    assert desk.counted() == {FEED: 1}

    desk.books.edit("Invoice", "1", PrivateNote="edited")
    desk.books.delete("Invoice", "2")
    desk.sync()
    assert (desk.counted(), desk.asked_for()) == ({FEED: 1, QUERY: 1}, {"Account": 1})


def test_reconcile_costs_as_much_as_a_first_run_and_the_feed(desk):
    desk.sync()
    first = desk.counted()[QUERY]
    desk.sync(PassKind.RECONCILE)

    assert desk.counted() == {QUERY: first, FEED: 1}


def test_stream_that_failed_once_costs_one_more_and_then_nothing(desk):
    desk.sync()
    desk.books.denied = {"Bill"}
    desk.sync()
    desk.books.denied = set()
    desk.later(minutes=10)
    desk.sync()
    assert desk.counted()[FEED] <= 2

    desk.sync()
    assert desk.counted() == {FEED: 1}


def test_expired_token_costs_one_renewal(desk):
    desk.sync()
    desk.fake.login.expire_access()
    desk.sync()

    assert desk.counted() == {FEED: 2, "/oauth2/v1/tokens/bearer": 1}


def test_what_accounts_cost_where_nobody_reads_all_that_moves_them(desk):
    desk.options["entities"] = ["Account", "Invoice"]
    desk.sync()
    desk.sync()

    assert desk.counted() == {FEED: 1, QUERY: 1}


def test_what_time_activities_cost(desk):
    """No feed tells of them: one query in each run."""
    desk.options["entities"] = ["Customer", "TimeActivity"]
    desk.sync()
    desk.sync()

    assert desk.counted() == {FEED: 1, QUERY: 1}


def test_limits_are_kept_so_that_nothing_is_refused(tmp_path):
    """Those of the sandbox are the tightest: ten in a second."""
    with opened_desk(tmp_path) as desk, mock.patch("aragora_sync.connectors.qbo.company.PAGE_SIZE", 3):
        desk.fake.environment = "sandbox"
        desk.tokens = desk.fake.login.connect(app=desk.fake.app)
        desk.fake.answers, desk.options = [], {"parallel": 1}  # beside each other, they would share one moment here
        for number in range(120):
            desk.books.customer(f"Customer {number}")
        desk.sync()

    assert len(desk.fake.answers) > 60
    assert {answer.status for _, answer in desk.fake.answers} == {200}


def test_company_without_a_currency_is_asked_for_it_once(tmp_path):
    with opened_desk(tmp_path) as desk:
        desk.books.currency = ""
        desk.books.invoice(desk.books.customer("Acme"), "5")
        desk.options["entities"] = ["Invoice", "Customer"]
        desk.sync()

        assert desk.counted()[PREFERENCES] == 1
