"""Xero's official descriptions judge what its fake answers."""

from __future__ import annotations

import functools
import json
from dataclasses import replace

import pytest
import yaml

from ..fakes.web import Answer
from ..specs import Description, description, spec_file
from .xero_client import opened

pytestmark = pytest.mark.contract

LINES = [("Consulting", 10, "150", "200"), ("a third", 3, "0.3333", "200", "NONE")]
SINCE = "2026-11-02T09:00:00"


@pytest.fixture
def client():
    with opened() as made:
        made.fake.answers = []
        yield made


@pytest.fixture
def books(client):
    return client.fake.books


def complaints(fake):
    """By the description of the part of Xero that was asked."""
    accounting = description("xero/xero_accounting.yaml", "/api.xro/2.0")
    identity = description("xero/xero-identity.yaml")
    assert fake.answers
    found = []
    for asked, answer in fake.answers:
        assert not isinstance(answer.body, bytes) or answer.status in (204, 304, 404, 429), answer
        inside = asked.path.startswith("/api.xro/")
        path = asked.path if inside else asked.path.replace("/connections", "/Connections")
        read = answer if inside else Answer(answer.status, answer.body)
        found += (accounting if inside else identity).problems(replace(asked, path=path), read)
    return found


def furnish(books):
    """Some of everything, in all states."""
    acme, beta = books.add_contact("Acme", FirstName="Ann", LastName="Lee"), books.add_contact("Beta")
    paid, open_, credited = (books.create_invoice(acme, *LINES) for _ in range(3))
    books.create_invoice(beta, *LINES, type="ACCPAY", status="DRAFT", due=None, tax="Inclusive")
    books.create_invoice(beta, *LINES, currency="USD", rate="0.61", tax="NoTax")
    books.void(books.create_invoice(acme, *LINES))
    books.delete(books.create_invoice(acme, *LINES, status="DRAFT"))
    books.pay(paid, "1726.00")
    books.delete(books.pay(open_, "1"))
    note = books.create_credit_note(acme, LINES[0])
    books.allocate(note, credited, "100")
    books.pay(note, "5")
    over = books.overpay(acme, "20")
    books.allocate(over, credited, "10")
    books.pay(books.prepay(beta, "30", type="SPEND"), "1")
    books.spend(beta, ("Rent", 1, "800", "429"))
    books.delete(books.receive(acme, ("Interest", 1, "1.5", "260", "NONE")))
    books.delete(books.transfer("50"))
    books.transfer("60")
    books.void(books.post_journal("depreciation", ("10", "720", "d"), ("-10", "180")))
    books.delete(books.post_journal("draft", ("10", "720"), ("-10", "180"), status="DRAFT"))
    books.add_item("HOSE", "A hose", "12.5")
    books.archive(books.add_account("430", "Old things"))
    books.merge(books.add_contact("Acme again"), acme)
    books.forget(books.add_contact("Zoe"))
    return acme


PAGED = ("Contacts", "Invoices", "CreditNotes", "Overpayments", "Prepayments", "BankTransactions", "Payments")


@pytest.mark.parametrize("part", [*PAGED, "ManualJournals"])
def test_paged_lists_are_described(books, client, part):
    furnish(books)
    key = {"ManualJournals": "ManualJournalID"}.get(part, f"{part.removesuffix('s')}ID")
    query = {} if part in ("Contacts", "Payments", "ManualJournals") else {"unitdp": 4}
    query |= {"includeArchived": "true"} if part in ("Contacts", "Invoices") else {}
    rows = client.read(part, SINCE, page=1, pageSize=1000, **query)[part]
    client.read(part)
    for row in rows:
        client.read(f"{part}/{row[key]}")

    assert rows
    assert complaints(client.fake) == []


def test_whole_lists_are_described(books, client):
    furnish(books)
    for part in ("Accounts", "Items", "BankTransfers"):
        assert client.read(part, SINCE)[part]
    client.read("BankTransfers", includeDeleted="true")
    for part in ("Organisation", "Currencies", "TaxRates", "TrackingCategories"):
        client.read(part)

    assert complaints(client.fake) == []


def test_report_is_described(books, client):
    acme = furnish(books)
    client.read("Reports/AgedReceivablesByContact", contactId=acme)
    client.read("Reports/AgedReceivablesByContact", contactId=acme, date="2026-11-30", fromDate="2026-01-01")

    assert complaints(client.fake) == []


def test_connections_are_described(client):
    for one in client.connections().json():
        client.connections(authEventId=one["authEventId"])
        assert client.disconnect(one["id"]).status_code == 204
        assert client.disconnect(one["id"]).status_code == 404

    assert complaints(client.fake) == []


def test_writes_are_described(books, client):
    client.token = client.fake.token_for("accounting.invoices", "accounting.manualjournals")
    acme = books.add_contact("Acme")
    line = {"Description": "Consulting", "Quantity": 10, "UnitAmount": 150.0, "AccountCode": "200"}
    invoice = {"Type": "ACCREC", "Contact": {"ContactID": acme}, "LineItems": [line], "DueDate": "2026-12-22"}
    lines = [{"LineAmount": 1000.0, "AccountCode": "720"}, {"LineAmount": -1000.0, "AccountCode": "180"}]
    journal = {"Narration": "Depreciation", "JournalLines": lines}
    for alone in ("true", "false"):
        for body in (
            {"Invoices": [invoice]},
            {"Invoices": [{**invoice, "Type": "ACCPAY"}, {**invoice, "DueDate": "x"}]},
        ):
            client.write("PUT", "Invoices", body, unitdp=4, summarizeErrors=alone)
        for body in (journal, {**journal, "JournalLines": lines[:1]}):
            client.write("PUT", "ManualJournals", {"ManualJournals": [body]}, summarizeErrors=alone)
            client.write("POST", "ManualJournals", {"ManualJournals": [body]}, summarizeErrors=alone)

    assert {answer.status for _, answer in client.fake.answers} == {200, 400}
    assert complaints(client.fake) == []


def test_events_are_described(books, client):
    """Of invoices, contacts and credit notes, and of nothing else."""
    furnish(books)
    words = yaml.load(spec_file("xero/xero-webhooks.yaml").read_bytes(), yaml.CSafeLoader)
    judge = Description({"openapi": "3.1.1", "paths": {}, "components": words["components"]}, "")
    told = json.loads(client.fake.webhooks.deliver().body)
    notes = {**told, "events": [one for one in told["events"] if one["eventCategory"] == "CREDITNOTE"]}
    schemas = judge.document["components"]["schemas"]
    assert list(judge._wrong(schemas["WebhookEvent"], told, "event")) == []
    assert list(judge._wrong(schemas["CreditNoteWebhookEvent"], notes, "event")) == []
    assert {one["eventCategory"] for one in told["events"]} == {"INVOICE", "CONTACT", "CREDITNOTE"}


# What the examples of the description hold: a connector may rely on that much

ENOUGH = {
    "Contacts": {"TaxNumbeType", "CompanyNumber", "SalesDefaultLineAmountType", "PurchasesDefaultLineAmountType"},
    "Invoices": {"RepeatingInvoiceID", "FullyPaidOnDate", "UpdatedDateUTCString"},
    "Payments": {"BatchPaymentID", "BatchPayment"},
    "Prepayments": {"InvoiceNumber"},
    "BankTransactions": {"BatchPayment", "PrepaymentID"},
    "BankTransfers": {"CreatedDateUTCString"},
}


@pytest.mark.parametrize("part", [*PAGED, "ManualJournals", "BankTransfers", "Items", "Accounts"])
def test_all_is_told_that_the_examples_hold(books, client, part):
    """But for what only some have."""
    furnish(books)
    told = {name for row in client.read(part, page=1)[part] for name in row}

    assert told >= example_of(part) - ENOUGH.get(part, set())


@functools.cache
def document():
    """The description with its examples, which the judge does not keep."""
    return yaml.load(spec_file("xero/xero_accounting.yaml").read_bytes(), yaml.CSafeLoader)


def example_of(part):
    """The names in the first row of the example."""
    answer = document()["paths"][f"/{part}"]["get"]["responses"]["200"]["content"]["application/json"]
    return set(answer["example"][part][0])
