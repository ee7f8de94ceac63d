"""The fake of Xero by plain requests: what may be written, what may not, and each once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import httpx
import pytest

from ..fakes.xero_json import NOBODY
from .xero_client import exact, opened

LINE = {"Description": "Consulting services", "Quantity": 10, "UnitAmount": 150.0, "AccountCode": "200"}
JOURNAL_LINES = [{"LineAmount": 1000.00, "AccountCode": "720"}, {"LineAmount": -1000.00, "AccountCode": "180"}]
SCOPES = ("accounting.invoices", "accounting.manualjournals", "accounting.contacts")


@pytest.fixture
def client():
    with opened() as made:
        made.token = made.fake.token_for(*SCOPES)
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


@pytest.fixture
def invoice(acme):
    return {"Type": "ACCREC", "Contact": {"ContactID": acme}, "LineItems": [LINE], "DueDate": "2026-12-22"}


def put(client, part, *things, key="", **query):
    return client.write("PUT", part, {part: [*things]}, key, **{"unitdp": 4, "summarizeErrors": "false", **query})


def made(answer, part="Invoices"):
    """What was written, where that is one thing."""
    (row,) = exact(answer)[part]
    assert (answer.status_code, row["StatusAttributeString"]) == (200, "OK"), row
    return row


def errors(answer, part="Invoices"):
    """What was wrong with the one thing that was sent."""
    (row,) = answer.json()[part]
    assert (answer.status_code, row["StatusAttributeString"], row["HasErrors"]) == (200, "ERROR", True)
    return [each["Message"] for each in row["ValidationErrors"]]


def count(books, kind="Invoices"):
    return len(books.of_kind(kind))


# Invoices


def test_a_put_makes_a_draft_that_lists_show(client, invoice):
    row = made(put(client, "Invoices", {**invoice, "Reference": "ref"}))

    assert (row["Status"], row["InvoiceNumber"], row["Reference"]) == ("DRAFT", "INV-0001", "ref")
    assert (row["Total"], row["LineItems"][0]["UnitAmount"]) == (Decimal("1725.00"), Decimal("150.0000"))
    assert client.rows("Invoices")[0]["InvoiceID"] == row["InvoiceID"]
    assert row["DueDateString"] == "2026-12-22T00:00:00"


def test_one_thing_may_be_sent_without_its_list(client, invoice):
    assert made(client.write("PUT", "Invoices", invoice))


def test_16_unit_amounts_are_cut_to_cents_unless_four_decimals_are_asked_for(client, invoice):
    third = {**invoice, "LineItems": [{**LINE, "Quantity": 3, "UnitAmount": 0.3333}]}
    exactly, roughly = made(put(client, "Invoices", third)), made(put(client, "Invoices", third, unitdp=2))

    assert [(str(row["SubTotal"]), str(row["Total"])) for row in (exactly, roughly)] == [
        ("1.00", "1.15"),
        ("0.99", "1.14"),
    ]


def test_amounts_may_be_sent_as_text(client, invoice):
    row = made(put(client, "Invoices", {**invoice, "LineItems": [{**LINE, "Quantity": "0.1", "UnitAmount": "0.3"}]}))

    assert row["SubTotal"] == Decimal("0.03")


def test_amounts_are_read_digit_by_digit(client, invoice):
    body = b'{"Invoices": [{"Type": "ACCREC", "Contact": {"Name": "Acme"}, "LineItems": [{"Description": "x", '
    body += b'"Quantity": 1, "UnitAmount": 90071992547409.93}]}]}'

    assert made(client.write("PUT", "Invoices", body, unitdp=4))["SubTotal"] == Decimal("90071992547409.93")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LineItems": [{**LINE, "AccountCode": "999"}]}, "Account code '999' is not a valid code for this document."),
        ({"LineItems": [{**LINE, "AccountCode": "090"}]}, "Account code '090' is not a valid code for this document."),
        ({"LineItems": [{**LINE, "TaxType": "X"}]}, "The TaxType code 'X' does not exist"),
        ({"LineItems": [{**LINE, "LineAmount": 1}]}, "The line total 1 does not match the expected line total 1500.00"),
        ({"LineItems": [{**LINE, "Tracking": [{}, {}, {}]}]}, "A maximum of 2 tracking categories"),
        ({"LineItems": [{**LINE, "Description": ""}]}, "Description must be specified"),
        ({"LineItems": [{**LINE, "UnitAmount": "x"}]}, "must be numbers"),
        ({"LineItems": [], "Status": "AUTHORISED"}, "One or more line items must be specified"),
        ({"LineItems": [{"Description": "x"}], "Status": "AUTHORISED"}, "Account code must be specified"),
        ({"DueDate": "", "Status": "AUTHORISED"}, "A due date must be specified"),
        ({"DueDate": "soon"}, "DueDate is not a valid date"),
        ({"Type": "BILL"}, "Invoice Type is not valid"),
        ({"Status": "PAID"}, "Invoice not of valid status for creation"),
        ({"Contact": None}, "A Contact must be specified"),
        ({"Contact": {"ContactID": NOBODY}}, "could not be found"),
    ],
)
def test_what_is_wrong_with_an_invoice(client, books, invoice, change, message):
    (told,) = errors(put(client, "Invoices", {**invoice, **change}))

    assert message in told
    assert count(books) == 0


def test_archived_contacts_get_no_invoices(client, books, acme, invoice):
    books.archive(acme)

    assert "has been archived" in errors(put(client, "Invoices", invoice))[0]


def test_closed_years_get_no_documents(client, books, invoice):
    books.lock_date = date(2026, 3, 31)
    journal = {"Narration": "late", "Date": "2026-03-31", "JournalLines": JOURNAL_LINES}

    told = "The document date cannot be before the end of year lock date"
    assert errors(put(client, "Invoices", {**invoice, "Date": "2026-03-31"})) == [told]
    assert errors(put(client, "ManualJournals", journal), "ManualJournals") == [told]
    assert made(put(client, "Invoices", {**invoice, "Date": "2026-04-01"}))


def test_numbers_of_sales_are_unique_those_of_bills_are_not(client, books, invoice):
    numbered = {**invoice, "InvoiceNumber": "X-1"}
    made(put(client, "Invoices", numbered))
    for _ in range(2):
        made(put(client, "Invoices", {**numbered, "Type": "ACCPAY"}))

    assert errors(put(client, "Invoices", numbered)) == ["Invoice # must be unique."]
    assert len(client.rows("Invoices", InvoiceNumbers="X-1")) == 3


def test_a_post_changes_the_draft_with_the_same_number(client, books, invoice):
    first = made(put(client, "Invoices", {**invoice, "InvoiceNumber": "X-1"}))
    again = {**invoice, "InvoiceNumber": "X-1", "LineItems": [{**LINE, "Quantity": 1}]}
    second = made(client.write("POST", "Invoices", {"Invoices": [again]}, unitdp=4))

    assert second["InvoiceID"] == first["InvoiceID"] and second["SubTotal"] == Decimal("150.00")
    assert second["LineItems"][0]["LineItemID"] != first["LineItems"][0]["LineItemID"]
    kept = {**LINE, "LineItemID": second["LineItems"][0]["LineItemID"]}
    third = made(client.write("POST", f"Invoices/{first['InvoiceID']}", {"LineItems": [kept], "Status": "AUTHORISED"}))
    assert third["LineItems"][0]["LineItemID"] == kept["LineItemID"]
    assert (third["Status"], count(books)) == ("AUTHORISED", 1)


def test_more_than_an_id_changes_the_contact_and_drops_its_persons(client, books, invoice):
    acme = books.add_contact("Beta", ContactPersons=[{"FirstName": "Bo", "EmailAddress": "bo@example.org"}])
    made(put(client, "Invoices", {**invoice, "Contact": {"ContactID": acme}}))
    before = books.fields(acme)["ContactPersons"]
    made(put(client, "Invoices", {**invoice, "Contact": {"ContactID": acme, "Name": "Beta Ltd"}}))

    assert (len(before), books.fields(acme)["ContactPersons"], books.fields(acme)["Name"]) == (1, [], "Beta Ltd")


# Several at once


def test_14_of_three_one_fails_and_says_so_with_status_200(client, books, invoice):
    bad = {**invoice, "LineItems": [{**LINE, "AccountCode": "999"}]}
    answer = put(client, "Invoices", invoice, bad, invoice)

    assert answer.status_code == 200
    assert [row["StatusAttributeString"] for row in answer.json()["Invoices"]] == ["OK", "ERROR", "OK"]
    assert (count(books), answer.json()["Invoices"][1]["InvoiceID"]) == (2, NOBODY)


@pytest.mark.parametrize("partial", [False, True])
def test_errors_of_a_batch_are_summed_up_with_status_400(fake, client, books, invoice, partial):
    fake.writes.partial = partial
    bad = {**invoice, "LineItems": [{**LINE, "AccountCode": "999"}]}
    answer = client.write("PUT", "Invoices", {"Invoices": [invoice, bad]})
    body = answer.json()

    assert (answer.status_code, body["ErrorNumber"], body["Type"]) == (400, 10, "ValidationException")
    assert body["Message"] == "A validation exception occurred"
    (element,) = body["Elements"]
    assert element["ValidationErrors"] == [{"Message": "Account code '999' is not a valid code for this document."}]
    assert count(books) == (1 if partial else 0)


# Journals


def test_a_journal_is_written(client, books):
    answer = put(client, "ManualJournals", {"Narration": "Depreciation", "JournalLines": JOURNAL_LINES})
    row = made(answer, "ManualJournals")

    assert (row["Status"], row["LineAmountTypes"]) == ("DRAFT", "NoTax")
    assert [str(line["LineAmount"]) for line in row["JournalLines"]] == ["1000.00", "-1000.00"]
    posted = {"ManualJournals": [{"ManualJournalID": row["ManualJournalID"], "Status": "POSTED"}]}
    assert made(client.write("POST", "ManualJournals", posted), "ManualJournals")["Status"] == "POSTED"
    assert count(books, "ManualJournals") == 1


def test_12_thirds_of_a_coin_balance(client):
    lines = [{"LineAmount": amount, "AccountCode": "720"} for amount in (0.1, 0.2, -0.3)]

    assert made(put(client, "ManualJournals", {"Narration": "x", "JournalLines": lines}), "ManualJournals")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"JournalLines": [JOURNAL_LINES[0], {"LineAmount": "-999.99", "AccountCode": "180"}]},
            "The total debits (1000.00) must equal total credits (-999.99)",
        ),
        ({"JournalLines": [{"LineAmount": 0, "AccountCode": "720"}]}, "at least two lines"),
        ({"JournalLines": [{**JOURNAL_LINES[0], "AccountCode": "090"}, JOURNAL_LINES[1]]}, "Account code '090'"),
        ({"JournalLines": [{**JOURNAL_LINES[0], "AccountCode": "610"}, JOURNAL_LINES[1]]}, "Account code '610'"),
        ({"JournalLines": [JOURNAL_LINES[0], {**JOURNAL_LINES[1], "Tracking": [{}, {}, {}]}]}, "A maximum of 2"),
        ({"Narration": ""}, "Narration must be specified"),
        ({"Status": "VOIDED"}, "not of valid status"),
    ],
)
def test_12_what_is_wrong_with_a_journal(client, books, change, message):
    journal = {"Narration": "Depreciation", "JournalLines": JOURNAL_LINES, **change}
    (told,) = errors(put(client, "ManualJournals", journal), "ManualJournals")
    summed = client.write("PUT", "ManualJournals", {"ManualJournals": [journal]})

    assert message in told
    assert (summed.status_code, summed.json()["Elements"][0]["ValidationErrors"]) == (400, [{"Message": told}])
    assert count(books, "ManualJournals") == 0


# Each once


def test_13_the_same_key_writes_once(fake, client, books, invoice):
    fake.lose_answer("/Invoices", method="PUT")
    with pytest.raises(httpx.RemoteProtocolError):
        put(client, "Invoices", invoice, key="k")
    fake.tick(359)
    row = made(put(client, "Invoices", invoice, key="k"))

    assert (count(books), client.rows("Invoices")[0]["InvoiceID"]) == (1, row["InvoiceID"])


def test_13_a_key_is_forgotten_after_six_minutes(fake, client, books, invoice):
    put(client, "Invoices", invoice, key="k")
    fake.tick(360)
    put(client, "Invoices", invoice, key="k")

    assert count(books) == 2


def test_13_a_key_is_for_one_request(client, books, invoice):
    put(client, "Invoices", invoice, key="k")
    answer = put(client, "Invoices", {**invoice, "Reference": "other"}, key="k")

    assert (answer.status_code, "is used with a different request" in answer.json()["Message"]) == (400, True)
    assert put(client, "Invoices", invoice, key="x" * 129).status_code == 400
    assert put(client, "Invoices", invoice, key="x" * 128).status_code == 200
    assert count(books) == 2


def test_13_answers_that_are_repeated_count_against_the_limits(client, invoice):
    answers = [put(client, "Invoices", invoice, key="k") for _ in range(2)]

    assert [answer.headers["x-minlimit-remaining"] for answer in answers] == ["59", "58"]


def test_13_failures_inside_and_refusals_are_kept_under_their_key(fake, client, books, invoice):
    fake.writes.break_next = 1
    statuses = [put(client, "Invoices", invoice, key="k").status_code for _ in range(2)]
    statuses.append(put(client, "Invoices", invoice, key="another").status_code)
    refused = [client.write("PUT", "Invoices", {**invoice, "Type": "X"}, "third").status_code for _ in range(2)]

    assert (statuses, refused, count(books)) == ([500, 500, 200], [400, 400], 1)


def test_without_a_key_everything_is_written_again(client, books, invoice):
    for _ in range(2):
        put(client, "Invoices", invoice)

    assert count(books) == 2


# Other things


def test_contacts_have_a_name_of_their_own(client, books, acme):
    assert errors(put(client, "Contacts", {"Name": "Acme"}), "Contacts")
    assert errors(put(client, "Contacts", {}), "Contacts") == ["The contact name cannot be empty."]
    row = made(put(client, "Contacts", {"Name": "Beta"}), "Contacts")
    changed = {"ContactID": row["ContactID"], "Name": "Beta Ltd"}
    assert made(client.write("POST", "Contacts", changed), "Contacts")["Name"] == "Beta Ltd"
    assert count(books, "Contacts") == 2


@pytest.mark.parametrize("body", [b"{", b"[]", b"[1]", b"7"])
def test_what_is_no_json_is_refused(client, body):
    answer = client.write("PUT", "Invoices", body)

    assert (answer.status_code, answer.json()["Type"]) == (400, "PostDataInvalidException")


def test_other_things_cannot_be_written(fake, client, books):
    client.token = fake.token_for("accounting.payments", "accounting.settings")

    assert client.write("PUT", "Payments", {}).status_code == 404
    client.token = fake.token_for("accounting.invoices", "accounting.settings")
    assert client.write("POST", f"Invoices/{NOBODY}", {"Reference": "x"}).status_code == 404
    assert client.write("DELETE", "Accounts/x", {}).status_code == 404
