"""The document of what `xero` itself stored, against its typed answers, and against figures made by hand."""

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

from ..connectors.xero_desk import XeroDesk, opened_desk
from ..connectors.xero_world import Keeper

AS_OF = date(2026, 11, 30)
SALES = ("ACCREC", "RECEIVE")


@pytest.fixture
def desk(tmp_path) -> Iterator[XeroDesk]:
    with opened_desk(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("xero")) as made:
        yield made


def document(desk: XeroDesk, as_of: date = AS_OF) -> dict[str, Any]:
    with desk.store() as store:
        return financial_context(store, "default", [Source("xero", "xero")], as_of)


def sale(desk: XeroDesk, contact: str, amount: str, due: str, **more: Any) -> str:
    line = ("work", 1, amount, "200", "NONE")
    return desk.books.create_invoice(contact, line, tax="NoTax", due=due, **{"date": "2026-08-01", **more})


def test_figures_of_synced_books_are_those_made_by_hand(desk):
    books, acme, bolt = desk.books, desk.acme, desk.books.add_contact("Bolt")
    late = sale(desk, acme, "100.10", "2026-08-31")
    sale(desk, acme, "50.00", "2026-11-30")
    sale(desk, bolt, "7.77", "2026-11-29")
    sale(desk, bolt, "1000.00", "2026-10-01", type="ACCPAY")
    sale(desk, bolt, "2000.00", "2026-10-01", status="DRAFT")
    books.void(sale(desk, bolt, "3000.00", "2026-10-01"))
    sale(desk, bolt, "4000.00", "2027-01-31", date="2026-12-24")  # after that day
    sale(desk, bolt, "5.55", "2026-10-31", currency="USD", rate="0.61")
    books.pay(late, "20.00", date="2026-09-01")
    note = books.create_credit_note(acme, ("back", 1, "30.00", "200", "NONE"), tax="NoTax", date="2026-09-02")
    books.allocate(note, late, "10.00")
    over = books.overpay(bolt, "12.00", date="2026-09-03")
    books.pay(over, "2.00")  # paid back
    books.allocate(books.prepay(acme, "25.00", date="2026-09-03"), late, "25.00")  # used up
    books.prepay(acme, "600.00", type="SPEND", date="2026-09-03")
    assert desk.sync().success

    told = document(desk)
    report, abroad = (told["ar_aging"]["by_currency"][currency] for currency in ("NZD", "USD"))

    assert {row["customer"]: row["amounts"] for row in report["rows"]} == {
        "Acme": ["30.00", "0.00", "0.00", "0.00", "45.10"],
        "Bolt": ["-10.00", "7.77", "0.00", "0.00", "0.00"],
    }
    assert (report["total"], report["overdue"]) == ("72.87", "52.87")
    assert (report["invoiced"], report["unapplied"]) == ("102.87", "-30.00")
    assert (abroad["total"], abroad["totals"][1]) == ("5.55", "5.55")
    assert told["book_cash"] is None
    assert [each for each in told["warnings"] if each.startswith("receivables")] == [
        "receivables dated after 2026-11-30 are left out: 4000.00 NZD."
    ]


def test_contact_that_was_renamed_is_one_row(desk):
    sale(desk, desk.acme, "1.00", "2026-12-31")
    desk.sync()
    desk.books.edit(desk.acme, Name="Acme & Sons")
    sale(desk, desk.acme, "2.00", "2026-12-31")
    desk.sync()

    (row,) = document(desk)["ar_aging"]["by_currency"]["NZD"]["rows"]
    assert (row["customer"], row["total"]) == ("Acme & Sons", "3.00")


def test_only_invoices_are_synced_and_what_is_missing_is_told(desk):
    sale(desk, desk.acme, "1.00", "2026-12-31")
    desk.options["record_types"] = ["invoices"]
    desk.sync()

    told = document(desk)

    assert told["ar_aging"]["by_currency"]["NZD"]["total"] == "1.00"
    for missing in ("credit_notes", "overpayments", "prepayments"):
        assert any(each.startswith(f"xero does not sync {missing}: ") for each in told["warnings"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_report_answers_and_books_agree(shared, tmp_path_factory, seed):
    """Whatever was invoiced, paid, credited, allocated, voided, renamed and merged."""
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    shared.begin_anew()
    keeper = Keeper(shared.books, random.Random(seed))
    for _ in range(60):
        keeper.act()
    shared.sync()
    told = document(shared, as_of := shared.fake.now.date())["ar_aging"]["by_currency"].get("NZD")
    with shared.program() as xero:
        report = xero.get_ar_aging_report(as_of)

    assert report.total == sum(report.totals, Decimal(0)) == open_in(keeper)
    assert Decimal(told["total"] if told else 0) == report.total
    assert {row["customer_id"]: tuple(map(Decimal, row["amounts"])) for row in (told or {"rows": []})["rows"]} == {
        row.customer_id: row.amounts for row in report.rows
    }


def open_in(keeper: Keeper) -> Decimal:
    """What all sales invoices have open, less what is left of credits of customers."""
    total = Decimal(0)
    for one in keeper.books.records.values():
        if one.fields.get("Status") == "AUTHORISED" and str(one.fields.get("Type")).startswith(SALES):
            total += one.fields.get("AmountDue", Decimal(0)) - one.fields.get("RemainingCredit", Decimal(0))
    return total
