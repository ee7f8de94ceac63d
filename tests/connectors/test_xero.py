"""`xero` reads an organisation: what is stored of it, what programs get, and what they write."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aragora_sync.audit import audit_path, verify
from aragora_sync.connectors.xero import XeroConnector, XeroCredentials, XeroLineItem
from aragora_sync.core.errors import ConfigError

from ..fakes.xero_apps import PKCE
from .xero_desk import changes, opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def stored(desk, name, record_id):
    return desk.entries()[f"{name}/{record_id}"]


def metadata(entry):
    return json.loads(entry.metadata)


# What is stored


def test_invoice_is_stored_with_its_lines_and_amounts(desk):
    invoice = desk.invoice(date="2026-11-01", due="2026-12-01", Reference="PO 7")
    assert desk.sync().success
    entry = stored(desk, "invoices", invoice)

    assert entry.title == "Invoice INV-0001, Acme"
    assert entry.content == (
        "Invoice INV-0001, Acme, AUTHORISED.\n\n"
        "Date: 2026-11-01. Due: 2026-12-01.\n\n"
        "Reference: PO 7.\n\n"
        "Total NZD 1725.00: 1500.00 and tax 225.00.\n\n"
        "Paid 0.00, credited 0.00, due 1725.00.\n\n"
        "- Consulting, 10.0000 × 150.0000 = 1500.00, account 200"
    )
    assert entry.url == f"https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={invoice}"
    assert entry.parent == f"contacts/{desk.acme}"
    told = {name: metadata(entry)[name] for name in ("Total", "AmountDue", "CurrencyCode", "DueDate", "Status")}
    assert told == {
        "Total": "1725.00",
        "AmountDue": "1725.00",
        "CurrencyCode": "NZD",
        "DueDate": "2026-12-01",
        "Status": "AUTHORISED",
    }
    assert metadata(entry)["Contact"] == {"ContactID": desk.acme, "Name": "Acme"}


def test_every_kind_of_record_is_stored(desk):
    books = desk.books
    invoice = desk.invoice()
    bill = desk.invoice("Paper", type="ACCPAY")
    note = books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
    payment = books.pay(invoice, "100.00")
    spent = books.spend(desk.acme, ("coffee", 2, "4.50", "429"))
    journal = books.post_journal("Depreciation", ("1000.00", "720", "computers"), ("-1000.00", "180"))
    over, ahead = books.overpay(desk.acme, "20.00"), books.prepay(desk.acme, "30.00", type="SPEND")
    books.allocate(over, invoice, "5.00")
    back = books.pay(over, "1.00")
    assert desk.sync().success
    entries = desk.entries()

    assert entries[f"contacts/{desk.acme}"].content.startswith("Acme: customer and supplier, ACTIVE.")
    assert entries[f"invoices/{bill}"].title.startswith("Bill INV-0002")
    assert "AccountsPayable" in entries[f"invoices/{bill}"].url
    assert "Remaining 11.50." in entries[f"credit_notes/{note}"].content
    assert entries[f"payments/{payment}"].title == "Payment NZD 100.00, of INV-0001"
    assert entries[f"payments/{payment}"].parent == f"invoices/{invoice}"
    assert entries[f"bank_transactions/{spent}"].title == "Spent NZD 10.35, Acme"
    assert entries[f"manual_journals/{journal}"].content.endswith(
        "- account 720, debit 1000.00, computers\n- account 180, credit 1000.00"
    )
    assert entries[f"overpayments/{over}"].title == "Overpayment NZD 20.00, Acme"
    assert "Remaining 14.00." in entries[f"overpayments/{over}"].content
    assert entries[f"prepayments/{ahead}"].content.startswith("Prepayment NZD 30.00, Acme (SPEND-PREPAYMENT)")
    assert entries[f"prepayments/{ahead}"].parent == f"contacts/{desk.acme}"
    assert entries[f"payments/{back}"].parent == f"overpayments/{over}"
    assert "200 Sales" in {entry.title for entry in entries.values() if entry.kind == "account"}
    assert {entry.kind for entry in entries.values()} == {
        *("contact", "invoice", "credit_note", "overpayment", "prepayment", "payment", "bank_transaction"),
        *("account", "manual_journal"),
    }


def test_contact_is_found_by_what_it_is_reached_at(desk):
    books = desk.books
    phones = [{"PhoneType": "DEFAULT", "PhoneNumber": "555", "PhoneAreaCode": "04", "PhoneCountryCode": "64"}]
    persons = [{"FirstName": "Bo", "LastName": "Li", "EmailAddress": "bo@acme.example", "IncludeInEmails": True}]
    one = books.add_contact("Acme Two", EmailAddress="a@acme.example", Phones=phones, ContactPersons=persons)
    desk.sync()
    content = stored(desk, "contacts", one).content

    assert content.split("\n\n") == [
        "Acme Two: contact, ACTIVE.",
        "Email: a@acme.example.",
        "Phone: 64 04 555.",
        "Person: Bo Li bo@acme.example.",
    ]


def test_edit_payment_and_void_are_told_by_the_next_run(desk):
    invoice, other = desk.invoice(), desk.invoice("Other")
    desk.sync()
    desk.books.edit(invoice, Reference="changed")
    payment = desk.books.pay(invoice, "25.00")
    desk.books.void(other)
    result = desk.sync()

    assert changes(result) == (1, 1, 1)
    assert metadata(stored(desk, "invoices", invoice))["AmountDue"] == "1700.00"
    assert f"payments/{payment}" in desk.items()
    assert f"invoices/{other}" not in desk.items()


def test_only_the_records_that_are_wanted_are_asked_for(desk):
    desk.options["record_types"] = ["payments"]
    desk.sync()

    assert desk.calls() == {"Payments": 1}


def test_record_type_that_is_unknown_is_told():
    with pytest.raises(ConfigError, match="there are no records 'bills'; known are contacts"):
        XeroConnector(record_types=["bills"])


def test_item_is_the_same_by_a_full_an_incremental_and_a_single_reading(desk):
    books = desk.books
    invoice = desk.invoice()
    note = books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
    books.allocate(note, invoice, "5.00")
    books.pay(invoice, "100.00")
    books.pay(note, "2.00")
    books.allocate(books.overpay(desk.acme, "20.00"), invoice, "5.00")
    books.pay(books.prepay(desk.acme, "30.00"), "1.00")
    books.spend(desk.acme, ("coffee", 2, "4.50", "429"))
    books.receive(desk.acme, ("tea", 1, "4.50", "260"))
    books.post_journal("Depreciation", ("1000.00", "720"), ("-1000.00", "180"))
    desk.sync()
    told = {item_id: told_by(entry) for item_id, entry in desk.entries().items()}
    assert changes(desk.full()) == (0, 0, 0)

    for item_id, before in told.items():
        (again,) = desk.fetch(desk.stream(item_id.partition("/")[0]), item_id)
        assert told_by(again) == before, item_id


def told_by(one):
    fields = json.loads(one.metadata) if isinstance(one.metadata, str) else one.metadata
    return one.id, one.kind, one.title, one.content, one.url, one.parent, fields


def test_fetch_tells_what_is_gone(desk):
    invoice = desk.invoice()
    nowhere = "00000000-0000-4000-8000-000000000000"
    desk.books.void(invoice)
    answers = desk.fetch(desk.stream("invoices"), f"invoices/{invoice}", f"invoices/{nowhere}")
    answers += desk.fetch(desk.stream("payments"), f"payments/{nowhere}")

    assert [(type(each).__name__, each.id) for each in answers] == [
        ("Deleted", f"invoices/{invoice}"),
        ("Deleted", f"invoices/{nowhere}"),
        ("Deleted", f"payments/{nowhere}"),
    ]


# What programs get


def test_typed_answers_are_exact(desk):
    invoice = desk.books.create_invoice(
        desk.acme, ("third", 3, "0.3333", "200"), currency="USD", rate="0.615000", due="2026-12-31"
    )
    with desk.program() as xero:
        (one,) = xero.get_invoices()
        (line,) = one.line_items

    assert (one.invoice_id, one.currency_code, one.currency_rate) == (invoice, "USD", Decimal("0.615000"))
    assert (line.unit_amount, line.line_amount) == (Decimal("0.3333"), Decimal("1.00"))
    assert one.total == one.sub_total + one.total_tax
    assert one.due_date == date(2026, 12, 31)
    assert one.updated_at.tzinfo is UTC


def test_all_lists_have_typed_answers(desk):
    books = desk.books
    invoice = desk.invoice()
    note = books.create_credit_note(desk.acme, ("too much", 1, "10.00", "200"))
    books.pay(invoice, "100.00")
    books.pay(note, "2.00")
    books.spend(desk.acme, ("coffee", 2, "4.50", "429"))
    books.overpay(desk.acme, "20.00")
    books.prepay(desk.acme, "30.00", type="SPEND")
    books.post_journal("Depreciation", ("1000.00", "720"), ("-1000.00", "180"))
    with desk.program() as xero:
        assert [contact.name for contact in xero.get_contacts()] == ["Acme"]
        assert [each.remaining_credit for each in xero.get_credit_notes()] == [Decimal("9.50")]
        assert [(each.amount, each.currency_code, bool(each.invoice_id)) for each in xero.get_payments()] == [
            (Decimal("100.00"), "NZD", True),
            (Decimal("2.00"), "NZD", False),
        ]
        assert [(each.type, each.remaining_credit) for each in (*xero.get_overpayments(), *xero.get_prepayments())] == [
            ("RECEIVE-OVERPAYMENT", Decimal("20.00")),
            ("SPEND-PREPAYMENT", Decimal("30.00")),
        ]
        assert [each.bank_account_name for each in xero.get_bank_transactions()][:1] == ["Business Bank Account"]
        assert {"090", "200"} <= {account.code for account in xero.get_accounts()}
        (journal,) = xero.get_manual_journals()

    assert [(line.account_code, line.debit, line.credit) for line in journal.lines] == [
        ("720", Decimal("1000.00"), 0),
        ("180", 0, Decimal("1000.00")),
    ]


def test_program_asks_for_what_was_modified_since(desk):
    desk.invoice()
    desk.later()
    since = desk.fake.now
    new = desk.invoice("New")
    with desk.program() as xero:
        assert [each.invoice_id for each in xero.get_invoices(modified_since=since)] == [new]
        assert desk.since() == [f"{since:%Y-%m-%dT%H:%M:%S}"]
        xero.get_invoices(modified_since=datetime(2024, 1, 1))

    assert desk.since()[-1] == "2024-01-01T00:00:00"


def test_credentials_of_a_program_name_the_organisation(desk):
    credentials = XeroCredentials(PKCE, access_token=desk.token, tenant_id=desk.books.tenant_id)
    xero = XeroConnector(credentials=credentials, **desk.places())
    try:
        assert [each.name for each in xero.get_contacts()] == ["Acme"]
    finally:
        xero.close()
    assert desk.token not in repr(credentials)


# The trail


def test_every_request_leaves_a_line_in_the_trail(desk):
    desk.sync()
    asked = len(desk.fake.asked)
    with desk.program() as xero:
        xero.create_invoice(desk.acme, [XeroLineItem("x", account_code="200")])
    lines = desk.trail()

    assert len(lines) == asked + 1
    assert {(line["action"], line["status"]) for line in lines[:-1]} == {("read", 200)}
    assert (lines[-1]["action"], lines[-1]["what"]) == ("write", "PUT /api.xro/2.0/Invoices")
    assert list(verify(audit_path("default"))) == list(range(1, asked + 2))
