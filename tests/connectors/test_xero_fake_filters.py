"""The fake of Xero by plain requests: filters, orders, single things, and what is posted of changes."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

import pytest

from ..fakes.xero import prepare
from ..fakes.xero_webhooks import SIGNING_KEY
from .xero_client import USUAL, opened

LINE = ("Consulting services", 10, "150", "200")


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def books(fake):
    return fake.books


@pytest.fixture
def acme(books):
    return books.add_contact("Acme")


# Filters


def test_invoices_by_ids_numbers_contacts_and_states(books, client, acme):
    beta = books.add_contact("Beta")
    first, second = books.create_invoice(acme, LINE), books.create_invoice(beta, LINE)
    books.void(second)
    found = {
        name: [row["InvoiceID"] for row in client.rows("Invoices", **{name: value})]
        for name, value in {
            "IDs": f"{first},{second}",
            "InvoiceNumbers": "INV-0001",
            "ContactIDs": beta,
            "Statuses": "VOIDED,DELETED",
            "searchTerm": "inv-0002",
        }.items()
    }

    assert found == {
        "IDs": [first, second],
        "InvoiceNumbers": [first],
        "ContactIDs": [second],
        "Statuses": [second],
        "searchTerm": [second],
    }


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ('Status=="AUTHORISED"', 2),
        ('Type=="ACCREC" AND AmountDue>0', 1),
        ("Date >= DateTime(2026, 11, 02) && Date < DateTime(2026, 11, 03)", 3),
        ('Contact.ContactID==Guid("{acme}")', 3),
        ('(Status=="PAID" OR Type=="ACCPAY") AND Reference.Contains("a")', 0),
        ('InvoiceNumber.StartsWith("INV")', 3),
        ("SentToContact==true", 0),
        ("ExpectedPaymentDate==null", 3),
        ("Total!=1725.00", 0),
    ],
)
def test_where(books, client, acme, where, count):
    books.pay(books.create_invoice(acme, LINE), "1725")
    books.create_invoice(acme, LINE)
    books.create_invoice(acme, LINE, type="ACCPAY")

    assert len(client.rows("Invoices", where=where.format(acme=acme))) == count


@pytest.mark.parametrize(
    "where", ['Status=="X', "Status", "Status==", "Status=x", 'Total>"x"', "(Total==1", "Total==1 1"]
)
def test_filters_that_cannot_be_read(books, client, acme, where):
    books.create_invoice(acme, LINE)
    answer = client.get("Invoices", page=1, where=where)

    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


def test_order(books, client, acme):
    totals = [books.create_invoice(acme, ("x", 1, price, "200")) for price in ("3", "1", "2")]

    assert [row["InvoiceID"] for row in client.rows("Invoices", order="Total DESC")] == [
        totals[0],
        totals[2],
        totals[1],
    ]
    for wrong in ("Nothing ASC", "Total UP"):
        assert client.get("Invoices", page=1, order=wrong).status_code == 400


def test_slow_filters_are_refused_on_many_records(fake, books, client, acme):
    fake.lists.heavy = 2
    for _ in range(3):
        books.create_invoice(acme, LINE)

    assert client.get("Invoices", **{**USUAL, "where": 'Status=="AUTHORISED"'}).status_code == 200
    for query in ({"where": "Total>1"}, {"order": "Total ASC"}):
        assert client.get("Invoices", **{**USUAL, **query}).status_code == 400


def test_summaries_have_no_lines_and_no_filter_by_what_they_lack(books, client, acme):
    books.create_invoice(acme, LINE)
    (row,) = client.rows("Invoices", summaryOnly="true")

    assert "LineItems" not in row and "Total" in row
    assert client.get("Invoices", page=1, summaryOnly="true", where="LineItems==null").status_code == 400


def test_one_by_its_id_or_number(books, client, acme):
    made = books.create_invoice(acme, LINE)

    assert client.read("Invoices/INV-0001") | {"Id": 0} == client.read(f"Invoices/{made}") | {"Id": 0}
    answer = client.get("Invoices/INV-0009")
    assert (answer.status_code, "cannot be found" in answer.text) == (404, True)
    for part in ("Nothing", "Contacts/x/History", "Organisation/x"):
        assert client.get(part).status_code == 404


def test_addresses_have_2048_characters(books, client, acme):
    """52 ids, then, as their commas are written with three."""
    for count, status in ((52, 200), (53, 400)):
        assert client.get("Invoices", IDs=",".join([acme] * count)).status_code == status


def test_what_came_over_the_api_alone(fake, books, client, acme):
    books.create_invoice(acme, LINE)
    client.token = fake.token_for("accounting.invoices")
    line = {"Description": "x", "UnitAmount": 1}
    client.write("PUT", "Invoices", {"Type": "ACCPAY", "Contact": {"ContactID": acme}, "LineItems": [line]})

    assert [row["Type"] for row in client.rows("Invoices", createdByMyApp="true")] == ["ACCPAY"]


@pytest.mark.parametrize(
    "part", ["Contacts", "Invoices", "CreditNotes", "Payments", "BankTransactions", "Overpayments", "ManualJournals"]
)
def test_what_lists_tell_in_the_end_can_be_known_without_them(fake, client, part):
    prepare(fake)
    told = client.rows(part, includeArchived="true")

    key = f"{part.removesuffix('s')}ID"
    assert told and {row[key]: row for row in told} == {row[key]: row for row in fake.rows(part)}


# Webhooks


def test_events_tell_of_three_kinds_in_sequence(fake, books, acme):
    made = books.create_invoice(acme, LINE)
    books.spend(acme, ("Rent", 1, "800", "429"))
    first = json.loads(fake.webhooks.deliver().body)
    books.pay(made, "1")
    books.create_credit_note(acme, LINE)
    second = json.loads(fake.webhooks.deliver().body)

    told = [(one["eventCategory"], one["eventType"]) for one in first["events"] + second["events"]]
    assert told == [("CONTACT", "CREATE"), ("INVOICE", "CREATE"), ("INVOICE", "UPDATE"), ("CREDITNOTE", "CREATE")]
    assert [each[name] for each in (first, second) for name in ("firstEventSequence", "lastEventSequence")] == [
        1,
        2,
        3,
        4,
    ]
    assert second["events"][1]["data"] == {"Type": "ACCRECCREDIT", "Status": "AUTHORISED"}
    assert fake.webhooks.deliver() is None


def test_categories_that_came_later_are_told_of_to_those_who_subscribe(fake, books, acme):
    fake.webhooks.categories = {"OVERPAYMENT"}
    made = books.overpay(acme, "20")
    (event,) = json.loads(fake.webhooks.deliver().body)["events"]

    assert (event["eventCategory"], event["resourceId"]) == ("OVERPAYMENT", made)


def test_signatures_of_a_trial_are_right_and_wrong(fake):
    for each in fake.webhooks.intent():
        made = b64encode(hmac.new(SIGNING_KEY.encode(), each.body, hashlib.sha256).digest()).decode()
        assert (each.headers["x-xero-signature"] == made) is each.well_signed
        assert json.loads(each.body)["events"] == []
    assert {each.well_signed for each in fake.webhooks.intent()} == {True, False}
