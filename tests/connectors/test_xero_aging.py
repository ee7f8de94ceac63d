"""What customers owe, worked out from documents of `xero`, compared with Xero's own report for one of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from aragora_sync.core.errors import ConfigError

from .xero_desk import opened_desk

TODAY = date(2026, 11, 30)


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def owe(desk, contact, amount, days, **more):
    """An invoice without tax that is overdue by so many days."""
    line = ("work", 1, amount, "200", "NONE")
    due = TODAY - timedelta(days=days)
    return desk.books.create_invoice(contact, line, tax="NoTax", date="2026-01-01", due=due, **more)


def test_open_invoices_are_counted_by_the_days_they_are_overdue(desk):
    bolt = desk.books.add_contact("Bolt")
    for days, amount in (
        (-5, "1.00"),
        (0, "2.00"),
        (1, "4.00"),
        (30, "8.00"),
        (31, "16.00"),
        (90, "32.00"),
        (91, "64.00"),
    ):
        owe(desk, desk.acme, amount, days)
    partly = owe(desk, bolt, "10.00", 45)
    desk.books.pay(partly, "2.50")
    desk.books.void(owe(desk, bolt, "99.00", 45))
    owe(desk, bolt, "99.00", 45, type="ACCPAY")
    owe(desk, bolt, "99.00", 45, status="DRAFT")
    with desk.program() as xero:
        report = xero.get_ar_aging_report(TODAY)

    assert report.buckets == ("current", "1-30", "31-60", "61-90", "91+")
    assert [(row.customer, row.amounts) for row in report.rows] == [
        ("Acme", tuple(map(Decimal, ("3.00", "12.00", "16.00", "32.00", "64.00")))),
        ("Bolt", tuple(map(Decimal, ("0", "0", "7.50", "0", "0")))),
    ]
    assert (report.total, report.currency, report.as_of) == (Decimal("134.50"), "NZD", TODAY)
    assert sum(report.totals) == report.total
    assert len(desk.fake.asked) == 4


def test_credit_that_remains_is_taken_off(desk):
    invoice = owe(desk, desk.acme, "100.00", 10)
    note = desk.books.create_credit_note(desk.acme, ("back", 1, "30.00", "200", "NONE"), tax="NoTax")
    desk.books.allocate(note, invoice, "20.00")
    with desk.program() as xero:
        (row,) = xero.get_ar_aging_report(TODAY).rows

    assert row.amounts[:2] == (Decimal("-10.00"), Decimal("80.00"))
    assert row.total == Decimal("70.00")


def test_what_a_customer_paid_ahead_is_taken_off_as_far_as_it_remains(desk):
    invoice = owe(desk, desk.acme, "100.00", 10)
    over = desk.books.overpay(desk.acme, "30.00")
    desk.books.allocate(over, invoice, "20.00")
    desk.books.pay(desk.books.prepay(desk.acme, "5.00"), "1.00")
    desk.books.void(desk.books.prepay(desk.acme, "7.00"))
    desk.books.overpay(desk.acme, "50.00", type="SPEND")
    with desk.program() as xero:
        (row,) = xero.get_ar_aging_report(TODAY).rows

    assert row.amounts[:2] == (Decimal("-14.00"), Decimal("80.00"))


def test_what_is_dated_later_is_not_owed_yet(desk):
    owe(desk, desk.acme, "100.00", 10)
    desk.books.create_invoice(
        desk.acme, ("later", 1, "5.00", "200", "NONE"), tax="NoTax", date=TODAY + timedelta(days=1)
    )
    with desk.program() as xero:
        assert xero.get_ar_aging_report(TODAY).total == Decimal("100.00")
        assert xero.get_ar_aging_report(TODAY + timedelta(days=1)).total == Decimal("105.00")


def test_currencies_are_never_added(desk):
    owe(desk, desk.acme, "1.00", 1)
    owe(desk, desk.acme, "2.00", 1, currency="USD", rate="0.61")
    with desk.program() as xero:
        with pytest.raises(ConfigError, match=r"several currencies: NZD, USD\."):
            xero.get_ar_aging_report(TODAY)
        report = xero.get_ar_aging_report(TODAY, currency="USD")

    assert (report.currency, report.total) == ("USD", Decimal("2.00"))


def test_it_agrees_with_the_report_of_xero_for_one_contact(desk):
    for number in range(5):
        desk.books.pay(owe(desk, desk.acme, f"{number + 1}0.10", number * 20), "1.00")
    owe(desk, desk.books.add_contact("Bolt"), "7.00", 3)
    with desk.program() as xero:
        (row, _) = xero.get_ar_aging_report(TODAY).rows
        asked = {"contactId": desk.acme, "date": TODAY.isoformat()}
        headers = {"xero-tenant-id": desk.books.tenant_id}
        body = xero.ledger.http.get("api.xro/2.0/Reports/AgedReceivablesByContact", asked, headers=headers).body
    (told,) = [each for each in body["Reports"][0]["Rows"][1]["Rows"] if each["RowType"] == "SummaryRow"]

    assert Decimal(told["Cells"][-1]["Value"]) == row.total
