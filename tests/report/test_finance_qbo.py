"""The document of what `qbo` itself stored, against QuickBooks' own aging report, and against figures made by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.report.finance import financial_context
from aragora_sync.report.sources import Source

from ..connectors.qbo_desk import QuickBooksDesk, opened_desk
from ..connectors.qbo_world import Editor

AS_OF = date(2026, 11, 2)  # the fake company's own day


@pytest.fixture
def desk(tmp_path) -> Iterator[QuickBooksDesk]:
    with opened_desk(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("qbo")) as made:
        yield made


def document(desk: QuickBooksDesk, as_of: date = AS_OF) -> dict[str, Any]:
    with desk.store() as store:
        return financial_context(store, "default", [Source("qbo", "qbo")], as_of)


def owing(report: Any) -> dict[str, tuple[Decimal, ...]]:
    """What each customer owes by bucket, in either shape; who owes nothing is left out."""
    rows = report["rows"] if isinstance(report, dict) else report.rows
    found = [
        (row["customer_id"], row["amounts"]) if isinstance(row, dict) else (row.customer_id, row.amounts)
        for row in rows
    ]
    return {customer: amounts for customer, told in found if any(amounts := tuple(map(Decimal, told)))}


def test_figures_of_synced_books_are_those_made_by_hand(desk):
    books = desk.books
    acme, bolt = books.customer("Acme"), books.customer("Bolt")
    bank, owed = books.standing["bank"], books.standing["receivable"]
    late = books.invoice(acme, "100.10", on="2026-08-01", due="2026-08-31")
    books.invoice(acme, "50.00", on="2026-10-20", due="2026-11-20")
    books.void("Invoice", books.invoice(acme, "999.00", on="2026-10-20"))
    books.invoice(bolt, "77.77", on="2026-12-24")  # after that day
    books.payment(acme, "40.00", {late: "30.10"}, on="2026-10-25")  # 9.90 of it stay unapplied
    memo = books.credit_memo(bolt, "20.00", on="2026-11-01")
    opening = books.journal({owed: "300.00"}, {bank: "300.00"}, bolt, on="2026-07-01")
    books.payment(bolt, "0", entries={("JournalEntry", opening): "5.00"}, credits={memo: "5.00"}, on="2026-11-01")
    books.payment(bolt, "100.00", entries={("JournalEntry", opening): "100.00"}, on="2026-11-01")
    books.deposit("12.50", customer=acme, on="2026-09-15")  # money of theirs, for no invoice yet
    check = books.purchase("8.00", customer=bolt, on="2026-10-02")  # sent back to them, to be taken off a credit
    books.purchase("1.00", customer=bolt, Credit=True, on="2026-10-02")
    desk.sync()

    told = document(desk)
    report = told["ar_aging"]["by_currency"]["USD"]

    assert {row["customer"]: row["amounts"] for row in report["rows"]} == {
        "Acme": ["50.00", "-9.90", "-12.50", "70.00", "0.00"],
        "Bolt": ["0.00", "-15.00", "7.00", "0.00", "195.00"],
    }
    assert (report["total"], report["overdue"], report["invoiced"]) == ("284.60", "273.00", "323.00")
    assert report["unapplied"] == "-38.40"
    assert f"Purchase/{check}" in {each["item"] for row in report["rows"] for each in row["documents"]}
    assert told["book_cash"]["by_currency"]["USD"]["accounts"][0]["name"] == "Checking"
    assert Decimal(told["book_cash"]["by_currency"]["USD"]["total"]) == Decimal("-300.00") + Decimal("5.50")
    assert told["warnings"][-1:] == [f"receivables dated after {AS_OF} are left out: 77.77 USD."]
    with desk.asking() as made:
        assert owing(report) == owing(made.get_ar_aging_report(AS_OF))


def test_customer_that_was_renamed_or_merged_is_one_row(desk):
    books = desk.books
    acme, twin = books.customer("Acme"), books.customer("Acme again")
    books.invoice(acme, "1.00", on="2026-10-20", due="2026-12-01")
    desk.sync()
    books.edit("Customer", acme, DisplayName="Acme & Sons")
    books.invoice(acme, "2.00", on="2026-10-20", due="2026-12-01")
    books.invoice(twin, "4.00", on="2026-10-20", due="2026-12-01")
    books.merge("Customer", twin, acme)
    desk.sync()

    (row,) = document(desk)["ar_aging"]["by_currency"]["USD"]["rows"]
    assert (row["customer"], row["customer_id"], row["total"]) == ("Acme & Sons", acme, "7.00")


def test_only_invoices_are_synced_and_what_is_missing_is_told(desk):
    desk.books.invoice(desk.books.customer("Acme"), "100.10", on="2026-10-20", due="2026-10-20")
    desk.options["entities"] = ["Invoice"]
    desk.sync()

    told = document(desk)

    assert told["ar_aging"]["by_currency"]["USD"]["total"] == "100.10"
    for missing in ("CreditMemo", "Payment", "Account", "JournalEntry", "Deposit", "Purchase"):
        assert any(each.startswith(f"qbo does not sync {missing}: ") for each in told["warnings"])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_receivables_of_the_store_are_those_of_quickbooks_own_report(shared, tmp_path_factory, seed):
    """By customer and bucket, for any sequence of documents, payments, edits, voids, merges and deletions."""
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    shared.begin_anew()
    editor = Editor(shared.fake, random.Random(seed))
    for _ in range(40):
        editor.edit()
    editor.settle()
    shared.sync()
    as_of = shared.books.today()
    told = document(shared, as_of)["ar_aging"]["by_currency"].get("USD", {"rows": [], "total": "0.00"})
    with shared.asking() as made:
        report = made.get_ar_aging_report(as_of)

    assert owing(told) == owing(report)
    assert Decimal(told["total"]) == report.total == sum(report.totals, Decimal(0))
