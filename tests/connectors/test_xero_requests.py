"""How many requests `xero` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math

import pytest

from aragora_sync.connectors.xero import ledger

from .xero_desk import changes, opened_desk

LISTS = (
    *("Contacts", "Invoices", "CreditNotes", "Overpayments", "Prepayments", "Payments", "BankTransactions"),
    *("Accounts", "ManualJournals"),
)
ONCE = dict.fromkeys(LISTS, 1)
INVOICES = 2350


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_first_run_of_small_books_asks_once_for_each_list(desk):
    desk.invoice()
    desk.sync()

    assert desk.calls("/api.xro/2.0/") == ONCE


def test_run_without_changes_asks_once_for_each_list(desk):
    desk.invoice()
    desk.sync()
    desk.later()
    desk.sync()
    desk.later()
    result = desk.sync()

    assert desk.calls() == ONCE
    assert all(each.headers.get("if-modified-since") for each in desk.fake.asked)
    assert result.counts.named == 0  # nothing is told again, either


def test_first_run_of_large_books(desk):
    """⌈n/1000⌉ pages, of which each begins with the last record of the one before; and once more what is new since."""
    desk.fake.now = desk.fake.now.replace(microsecond=0)
    desk.books.pace = 2.0
    for _ in range(INVOICES):
        desk.invoice()
    desk.later()
    desk.sync()

    assert desk.calls() == {**ONCE, "Invoices": math.ceil((INVOICES - 1) / (ledger.PAGE - 1)) + 1}
    assert len([item for item in desk.items() if item.startswith("invoices/")]) == INVOICES


def test_page_that_is_just_full_is_the_last(desk, monkeypatch):
    monkeypatch.setattr(ledger, "PAGE", 10)
    for _ in range(10):
        desk.invoice()
    desk.later()
    desk.sync()

    assert desk.calls()["Invoices"] == 1


def test_payment_costs_nothing_beyond_the_lists(desk):
    invoice = desk.invoice()
    desk.sync()
    desk.books.pay(invoice, "5.00")
    result = desk.sync()

    assert desk.calls() == ONCE
    assert changes(result) == (1, 1, 0)


def test_header_tells_utc_to_the_second_and_reaches_back(desk):
    """The newest record, or half a minute before Xero's clock where that is earlier; less five seconds."""
    desk.invoice()
    desk.later(300)
    newest = desk.books.now()
    desk.invoice()
    desk.later(100)
    desk.sync()
    desk.sync()
    (since,) = desk.since()

    assert since <= f"{newest:%Y-%m-%dT%H:%M:%S}"
    assert desk.cursor() == {"since": desk.cursor()["since"]}
    assert desk.cursor()["since"].endswith("Z")


def test_requests_of_one_minute_are_spread_before_xero_refuses(desk):
    desk.fake.limits.by_minute = 8
    for _ in range(3):
        assert desk.sync().success

    assert desk.time.waited > 0


def test_only_as_many_requests_at_once_as_xero_allows(desk):
    desk.options["parallel"] = 16
    assert desk.sync().success
    with desk.program() as xero:
        assert xero.ledger.http.pace().width == 5
