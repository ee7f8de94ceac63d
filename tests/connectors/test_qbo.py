"""`qbo`: what books become, as items and as typed answers."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.connectors.qbo import QBOCredentials, QBOEnvironment, QuickBooksConnector
from aragora_sync.connectors.qbo.entities import ENTITIES, USUAL, wanted
from aragora_sync.connectors.qbo.values import day, fields, in_home_currency, moment, money_text
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from .qbo_desk import changes, opened_desk, problem

DAYS = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.acme = made.books.customer("Acme", email="pay@acme.example", CompanyName="Acme Inc.")
        yield made


@pytest.fixture
def books(desk):
    return desk.books


# Items


def test_invoice_is_read_as_text_with_all_its_fields(desk, books):
    widget = books.item("Widget", "12.50")
    made = books.invoice(
        desk.acme,
        [("100.10", "Consulting", widget)],
        due="2026-12-01",
        number="1037",
        on="2026-11-20",
        note="as said",
    )
    desk.sync()
    entry = desk.entries()[f"Invoice/{made}"]

    assert (entry.kind, entry.title) == ("invoice", "Invoice 1037, Acme, 100.10 USD")
    assert entry.content == (
        "# 1037\n\n- Customer: Acme\n- Date: 2026-11-20\n- Due: 2026-12-01\n- Total: 100.10 USD\n"
        "- Balance: 100.10 USD\n\nLines:\n\n- Consulting, Widget: 100.10\n\nas said"
    )
    assert entry.url == f"https://app.qbo.intuit.com/app/invoice?txnId={made}"
    row = desk.row(f"Invoice/{made}")
    assert (row["TotalAmt"], row["DueDate"], row["CustomerRef"]["name"]) == ("100.1", "2026-12-01", "Acme")


def test_customer_is_read_with_how_to_reach_them(desk, books):
    part = books.customer("Acme East", parent=desk.acme)
    desk.sync()
    entry = desk.entries()[f"Customer/{desk.acme}"]

    assert (entry.kind, entry.title) == ("customer", "Acme")
    assert entry.content == "# Acme\n\n- Company: Acme Inc.\n- Balance: 0.00 USD\n- E-mail: pay@acme.example"
    assert desk.entries()[f"Customer/{part}"].parent == f"Customer/{desk.acme}"


def test_every_usual_kind_of_document_is_read(desk, books):
    paper, bank, expense = books.vendor("Paper"), books.standing["bank"], books.standing["expense"]
    invoice, bill = books.invoice(desk.acme, "10"), books.bill(paper, "20")
    books.payment(desk.acme, "10", {invoice: "10"})
    books.bill_payment(paper, "20", {bill: "20"})
    for make in (books.estimate, books.credit_memo, books.sales_receipt, books.refund_receipt):
        make(desk.acme, "30")
    books.vendor_credit(paper, "1")
    books.purchase_order(paper, "2")
    books.purchase("3", vendor=paper)
    books.deposit("4")
    books.transfer(bank, books.standing["undeposited"], "5")
    books.journal({expense: "6"}, {bank: "6"})
    books.item("Widget")
    desk.sync()

    assert {entry.kind for entry in desk.entries().values()} == {entity.kind for entity in USUAL}
    assert all(entry.title and entry.content for entry in desk.entries().values())
    desk.assert_equal()


def test_journal_entry_tells_its_postings_and_what_it_is_worth(desk, books):
    made = books.journal({books.standing["expense"]: "6.50"}, {books.standing["bank"]: "6.50"}, number="J-1")
    desk.sync()
    entry = desk.entries()[f"JournalEntry/{made}"]

    assert entry.title == "Journal entry J-1, 6.50 USD"
    assert "- Office Expenses: debit 6.50\n- Checking: credit 6.50" in entry.content


def test_voided_invoice_stays_and_says_so(desk, books):
    made = books.invoice(desk.acme, "80", number="7")
    desk.sync()
    books.void("Invoice", made)
    result = desk.sync()

    assert changes(result) == (0, 3, 0)  # the customer owes less, and the receivables are less
    assert desk.entries()[f"Invoice/{made}"].title == "Invoice 7, Acme, 0.00 USD (voided)"
    assert desk.row(f"Invoice/{made}")["status"] == "voided"


def test_merged_customer_is_inactive_and_documents_point_to_the_other(desk, books):
    other = books.customer("Acme again")
    made = books.invoice(other, "5")
    desk.sync()
    books.merge("Customer", other, desk.acme)
    desk.sync()

    assert desk.row(f"Customer/{other}")["Active"] is False
    assert desk.row(f"Invoice/{made}")["CustomerRef"] == {"value": desk.acme, "name": "Acme"}
    desk.assert_equal()


def test_items_are_the_same_on_every_way_to_them(desk, books):
    made = books.invoice(desk.acme, [("0.1", "one"), ("0.2", "two")])
    books.void("Invoice", made)
    desk.sync()
    by_pass = desk.entries()[f"Invoice/{made}"]
    (fetched,) = desk.fetch("Invoice", f"Invoice/{made}")
    books.edit("Invoice", made, PrivateNote="other")
    desk.sync()
    books.edit("Invoice", made, PrivateNote="Voided")
    desk.sync()
    by_feed = desk.entries()[f"Invoice/{made}"]
    told = ("id", "kind", "title", "content", "url")

    assert [getattr(by_pass, name) for name in told] == [getattr(fetched, name) for name in told]
    assert [getattr(by_pass, name) for name in told] == [getattr(by_feed, name) for name in told]
    assert by_pass.metadata == by_feed.metadata


def test_what_is_gone_is_said_when_it_is_fetched(desk, books):
    made = books.invoice(desk.acme, "5")
    books.delete("Invoice", made)
    gone, odd = desk.fetch("Invoice", f"Invoice/{made}", "Bill/1")

    assert (type(gone).__name__, type(odd).__name__) == ("Deleted", "Deleted")


def test_thing_in_an_unexpected_form_is_said_and_the_rest_goes_on(desk, books):
    made, other = books.invoice(desk.acme, "5"), books.invoice(desk.acme, "6")
    books.must("Invoice", made)["TotalAmt"] = "five"
    result = desk.sync()

    assert result.failures_waiting == 1
    assert f"Invoice/{other}" in desk.items()


def test_many_things_in_an_unexpected_form_are_one_error_and_no_thousand_requests(desk, books):
    for number in range(25):
        books.must("Invoice", books.invoice(desk.acme, "5"))["TotalAmt"] = f"odd {number}"
    desk.options["entities"] = ["Invoice"]
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message.startswith("Invoice: QuickBooks tells it in an unexpected form: an amount is no number")
    assert hint == "update aragora-sync"


def test_prices_and_balances_say_their_currency(desk, books):
    widget = books.item("Widget", "12.50")
    desk.sync()

    assert "- Price: 12.50 USD" in desk.items()[f"Item/{widget}"]
    assert desk.row(f"Account/{books.standing['bank']}")["currency"] == "USD"


def test_only_what_the_options_name_is_read(desk, books):
    books.invoice(desk.acme, "5")
    desk.options["entities"] = ["invoice", "TimeActivity"]
    desk.sync()

    assert list(desk.items()) == ["Invoice/1"]
    assert desk.asked_for() == {"Invoice": 1, "TimeActivity": 1}


@pytest.mark.parametrize(("name", "meant"), [("Invoices", "did you mean 'Invoice'"), ("Zebra", "known are Customer,")])
def test_unknown_entities_are_said(name, meant):
    with pytest.raises(ConfigError, match=meant):
        wanted([name])


# Typed answers


def test_customers_vendors_items_and_accounts(desk, books):
    books.vendor("Paper")
    books.item("Widget", "12.50")
    books.invoice(desk.acme, "362.07")
    with desk.asking() as made:
        (customer,), (vendor,), (item,) = made.get_customers(), made.get_vendors(), made.get_items()
        accounts = made.get_accounts()

    assert (customer.id, customer.display_name, customer.email) == (desk.acme, "Acme", "pay@acme.example")
    assert (customer.balance, customer.currency) == (Decimal("362.07"), "USD")
    assert (vendor.display_name, item.name, item.unit_price) == ("Paper", "Widget", Decimal("12.50"))
    assert "Checking" in [account.name for account in accounts]
    assert len(accounts) == len(books.rows("Account"))


def test_transactions_of_some_days_come_by_date(desk, books):
    for on in ("2026-03-02", "2026-03-01", "2026-02-28", "2026-04-01"):
        books.invoice(desk.acme, "1", on=on, number=on)
    books.bill(books.vendor("Paper"), "2", on="2026-03-31")
    with desk.asking() as made:
        found = made.get_transactions(datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 31))

    assert [(one.type, one.txn_date.isoformat()) for one in found] == [
        ("Invoice", "2026-03-01"),
        ("Invoice", "2026-03-02"),
        ("Bill", "2026-03-31"),
    ]


def test_transactions_of_named_types_need_no_other_request(desk, books):
    books.invoice(desk.acme, [("1.5", "Work")])
    with desk.asking() as made:
        (found,) = made.get_transactions(*DAYS, types=["Invoice"])

    assert (found.total, found.balance, found.party, found.voided) == (Decimal("1.5"), Decimal("1.5"), "Acme", False)
    assert (found.lines[0].description, found.lines[0].amount) == ("Work", Decimal("1.5"))
    assert desk.asked_for() == {"Invoice": 1}


def test_aging_report_adds_up_to_what_is_open(desk, books):
    other = books.customer("Other")
    for due, amount in (("2026-11-10", "1"), ("2026-10-20", "2"), ("2026-09-20", "4"), ("2026-08-20", "8")):
        books.invoice(desk.acme, amount, due=due, on="2026-07-01")
    books.invoice(desk.acme, "16", due="2026-01-01", on="2026-01-01")
    books.credit_memo(other, "3")
    with desk.asking() as made:
        found = made.get_ar_aging_report(date(2026, 11, 2))
    open_invoices = sum(row["Balance"] for row in books.rows("Invoice"))

    assert (found.as_of, found.currency, found.buckets) == (
        date(2026, 11, 2),
        "USD",
        ("current", "1-30", "31-60", "61-90", "91+"),
    )
    acme = next(row for row in found.rows if row.customer == "Acme")
    assert acme.amounts == tuple(map(Decimal, (1, 2, 4, 8, 16)))
    assert (acme.customer_id, acme.total) == (desk.acme, Decimal(31))
    assert found.total == open_invoices - 3


@pytest.mark.parametrize("where", ["leaf", "header"])
def test_customer_with_parts_counts_once(desk, books, where):
    desk.fake.parent_balance = where
    part = books.customer("Acme East", parent=desk.acme)
    books.invoice(desk.acme, "10")
    books.invoice(part, "5")
    with desk.asking() as made:
        found = made.get_ar_aging_report()

    assert found.total == Decimal(15)
    assert sorted(row.total for row in found.rows) == [Decimal(5), Decimal(10)]


def test_reports_of_an_empty_company(desk):
    with desk.asking() as made:
        aging, sheet = made.get_ar_aging_report(), made.get_balance_sheet()

    assert (aging.rows, aging.total, sheet.lines) == ((), Decimal(0), ())


def test_profit_and_loss_and_balance_sheet(desk, books):
    books.invoice(desk.acme, "100.10", on="2026-11-01")
    books.bill(books.vendor("Paper"), "20.05", on="2026-11-01")
    with desk.asking() as made:
        earned, sheet = made.get_profit_and_loss(*DAYS), made.get_balance_sheet(date(2026, 11, 2))

    assert (earned.name, earned.start, earned.end, earned.currency) == ("ProfitAndLoss", *DAYS, "USD")
    assert earned.total("Net Income") == Decimal("80.05")
    assert sheet.total("Total ASSETS") == Decimal("100.10")
    assert next(line for line in earned.lines if line.name == "Office Expenses").group == ("Expenses",)


def test_credentials_of_a_program(desk):
    given = QBOCredentials(
        desk.fake.app.client_id,
        desk.fake.app.secret,
        str(desk.tokens["access_token"]),
        str(desk.tokens["refresh_token"]),
        str(desk.tokens["realmId"]),
        QBOEnvironment.PRODUCTION,
    )
    with closing(QuickBooksConnector(given, base_url=desk.fake.url, token_file=True)) as qbo:
        assert [customer.display_name for customer in qbo.get_customers()] == ["Acme"]
    assert desk.fake.app.secret not in repr(given) and str(desk.tokens["access_token"]) not in repr(given)


# The audit trail


def test_every_request_leaves_a_line_that_says_what_was_asked_for(desk, books):
    books.invoice(desk.acme, "5", note="a private note")
    desk.options["entities"] = ["Invoice"]
    desk.sync()
    desk.sync()
    lines = desk.trail()

    assert [(line["action"], line["status"]) for line in lines] == [("read", 200)] * 3
    assert "SELECT * FROM Invoice" in lines[0]["what"]
    assert lines[1]["what"].endswith("/preferences?minorversion=75")
    assert "/cdc?entities=Invoice&changedSince=" in lines[2]["what"]
    assert "a private note" not in str(lines) and "Acme" not in str(lines)


# Money, dates and times


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_money_is_never_rounded(value):
    assert Decimal(money_text(value)) == value


@pytest.mark.parametrize(("told", "text"), [("1E+2", "100.00"), ("0.1", "0.10"), ("5", "5.00"), ("0.12345", "0.12345")])
def test_money_has_two_decimals_at_least(told, text):
    assert money_text(Decimal(told)) == text


def test_halves_are_rounded_up_in_the_home_currency():
    assert in_home_currency(Decimal("0.50"), Decimal("0.01")) == Decimal("0.01")
    assert in_home_currency(Decimal("10.05"), "1.10") == Decimal("11.06")


@given(st.dates(), st.integers(-14 * 60, 14 * 60))
def test_dates_move_in_no_time_zone(value, minutes):
    zone = timezone(timedelta(minutes=minutes))

    assert day(value.isoformat()) == value
    assert day(datetime(value.year, value.month, value.day, 23, 59, tzinfo=zone).isoformat()) == value


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.sampled_from([-8, -7, 0, 2]))
def test_times_are_the_same_moment_whatever_their_offset(value, hours):
    told = value.replace(tzinfo=timezone(timedelta(hours=hours)))

    assert moment(told.isoformat()) == told


def test_every_number_becomes_decimal_text_and_every_flag_stays_one():
    raw = {
        "Amount": Decimal("1E+2"),
        "LineNum": 1,
        "Active": True,
        "Line": [{"Qty": Decimal("0.10")}],
        "SyncToken": "3",
    }

    assert fields(raw) == {"Amount": "100", "LineNum": "1", "Active": True, "Line": [{"Qty": "0.10"}]}


def test_kinds_are_words():
    assert (ENTITIES["JournalEntry"].kind, ENTITIES["JournalEntry"].words) == ("journal_entry", "Journal entry")
