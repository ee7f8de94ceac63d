"""Xero's official descriptions judge what its fake answers."""

from __future__ import annotations

import functools
import json
from dataclasses import replace

import pytest
import yaml

from ..fakes.web import Answer
from ..fakes.xero import prepare
from ..specs import Description, description, spec_file
from .xero_client import opened

pytestmark = pytest.mark.contract

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


PAGED = ("Contacts", "Invoices", "CreditNotes", "Overpayments", "Prepayments", "BankTransactions", "Payments")


@pytest.mark.parametrize("part", [*PAGED, "ManualJournals"])
def test_paged_lists_are_described(client, part):
    prepare(client.fake)
    key = {"ManualJournals": "ManualJournalID"}.get(part, f"{part.removesuffix('s')}ID")
    query = {} if part in ("Contacts", "Payments", "ManualJournals") else {"unitdp": 4}
    query |= {"includeArchived": "true"} if part in ("Contacts", "Invoices") else {}
    rows = client.read(part, SINCE, page=1, pageSize=1000, **query)[part]
    client.read(part)
    for row in rows:
        client.read(f"{part}/{row[key]}")

    assert rows
    assert complaints(client.fake) == []


def test_whole_lists_are_described(client):
    prepare(client.fake)
    for part in ("Accounts", "Items", "BankTransfers"):
        assert client.read(part, SINCE)[part]
    client.read("BankTransfers", includeDeleted="true")
    for part in ("Organisation", "Currencies", "TaxRates", "TrackingCategories"):
        client.read(part)

    assert complaints(client.fake) == []


def test_report_is_described(client):
    acme = prepare(client.fake)
    client.read("Reports/AgedReceivablesByContact", contactId=acme)
    client.read("Reports/AgedReceivablesByContact", contactId=acme, date="2026-11-30", fromDate="2026-01-01")

    assert complaints(client.fake) == []


def test_connections_are_described(client):
    for one in client.connections().json():
        client.connections(authEventId=one["authEventId"])
        assert client.disconnect(one["id"]).status_code == 204
        assert client.disconnect(one["id"]).status_code == 404

    assert complaints(client.fake) == []


def test_writes_are_described(client):
    books = client.fake.books
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


def test_events_are_described(client):
    """Of invoices, contacts and credit notes, and of nothing else."""
    prepare(client.fake)
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
def test_all_is_told_that_the_examples_hold(client, part):
    """But for what only some have."""
    prepare(client.fake)
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
