"""Writing to the fake of QuickBooks by plain requests: versions, request ids, and what it refuses."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from ..fakes.qbo_json import read
from .qbo_client import opened


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
    return books.customer("Acme")


def line(amount, item=None):
    detail = {"ItemRef": {"value": item}} if item else {}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def invoice(customer, *amounts, **more):
    return {"CustomerRef": {"value": customer}, "Line": [line(amount) for amount in amounts], **more}


def entry(books, debit="5", credit="5", **more):
    """A journal entry from the bank to an expense."""
    sides = [("Debit", books.standing["expense"], debit), ("Credit", books.standing["bank"], credit)]
    return {"Line": [posting(*side) for side in sides], **more}


def posting(side, account, amount, **more):
    detail = {"PostingType": side, "AccountRef": {"value": account}, **more}
    return {"Amount": float(amount), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


# Creating and updating


def test_the_answer_is_the_object(books, acme, client):
    made = client.write("/invoice", invoice(acme, 1.10, 2.20, DueDate="2026-12-01"))

    assert (made["Id"], made["SyncToken"], made["TotalAmt"], made["Balance"]) == ("1", "0", *[Decimal("3.3")] * 2)
    assert made == client.read("/invoice/1")["Invoice"] == client.rows("select * from Invoice")[0]


def test_sparse_updates_keep_what_they_do_not_tell(acme, client):
    made = client.write("/customer", {"DisplayName": "New", "CompanyName": "New Ltd", "Notes": "kept"})
    sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "other"}
    after = client.write("/customer", sparse)
    whole = client.write("/customer", {"Id": made["Id"], "SyncToken": "1", "DisplayName": "New"})

    assert (after["CompanyName"], after["Notes"], after["SyncToken"]) == ("New Ltd", "other", "1")
    assert not {"CompanyName", "Notes"} & set(whole)
    assert whole["MetaData"]["CreateTime"] == made["MetaData"]["CreateTime"]


def test_a_list_is_made_inactive(acme, client):
    told = client.write("/customer", {"Id": acme, "SyncToken": "0", "sparse": True, "Active": False})
    back = client.write("/customer", {"Id": acme, "SyncToken": "1", "sparse": True, "Active": True})

    assert (told["DisplayName"], back["DisplayName"]) == ("Acme (deleted)", "Acme")
    assert client.refused("/customer", back, operation="delete")[:2] == (400, "500")


def test_deleting_and_voiding(books, acme, client):
    first, second = (client.write("/invoice", invoice(acme, amount)) for amount in (5, 6))
    gone = client.write("/invoice", {"Id": first["Id"], "SyncToken": "0"}, operation="delete")
    void = client.write("/invoice", second, operation="void")

    assert gone == {"status": "Deleted", "domain": "QBO", "Id": "1"}
    assert (void["TotalAmt"], void["PrivateNote"], void["SyncToken"]) == (0, "Voided", "1")
    payment = books.must("Payment", books.payment(acme, 5))
    assert client.refused("/payment", payment_of(payment), operation="void")[:2] == (400, "500")
    told = client.write("/payment", payment_of(payment), operation="update", include="void")
    assert told["TotalAmt"] == 0
    assert client.refused("/bill", {"Id": "9", "SyncToken": "0"}, operation="void")[:2] == (400, "610")


def payment_of(row):
    return {"Id": row["Id"], "SyncToken": row["SyncToken"]}


def test_amounts_may_be_whole_numbers(books, acme, client):
    client.write("/invoice", invoice(acme, 5))
    client.write("/payment", {"CustomerRef": {"value": acme}, "TotalAmt": 7})
    client.write("/transfer", {"Amount": 2, **{f"{end}AccountRef": {"value": "1"} for end in ("From", "To")}})
    (row, _) = client.read("/reports/AgedReceivables")["Rows"]["Row"]

    assert row["ColData"][-1]["value"] == "-2.00"


# Versions


def test_a_stale_version_is_refused(books, acme, client):
    books.edit("Customer", acme, Notes="by somebody else")
    stale = {"Id": acme, "SyncToken": "0", "sparse": True, "Notes": "mine"}

    assert client.refused("/customer", stale) == (400, "5010", "Stale Object Error")
    assert client.refused("/customer", {**stale, "SyncToken": None})[:2] == (400, "5010")
    assert client.refused("/customer", {"Id": acme, "Notes": "x"})[:2] == (400, "2020")
    assert client.write("/customer", {**stale, "SyncToken": "1"})["Notes"] == "mine"


# A request that comes twice


def test_a_request_id_gives_the_first_answer_again(books, acme, client):
    first = client.write("/invoice", invoice(acme, 5), requestid="R1")
    books.edit("Invoice", first["Id"], PrivateNote="edited since")
    again = client.write("/invoice", invoice(acme, 7), requestid="R1")

    assert again == first
    assert client.ids("select * from Invoice") == [first["Id"]]
    assert client.write("/invoice", invoice(acme, 7), requestid="R2")["Id"] == "2"


def test_a_request_id_saves_a_write_whose_answer_was_lost(fake, acme, client):
    fake.order(fake.lost, path="/invoice")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/invoice", invoice(acme, 5), requestid="R1")
    client.write("/invoice", invoice(acme, 5), requestid="R1")

    assert client.ids("select * from Invoice") == ["1"]
    client.write("/invoice", invoice(acme, 5))
    assert client.ids("select * from Invoice") == ["1", "2"]


def test_request_ids_have_fifty_characters_and_one_use(acme, client):
    assert client.refused("/invoice", invoice(acme, 5), requestid="x" * 51)[0] == 400
    client.write("/invoice", invoice(acme, 5), requestid="x" * 50)

    assert client.refused("/customer", {"DisplayName": "B"}, requestid="x" * 50)[:2] == (400, "600")


def test_what_was_refused_may_be_sent_again_with_the_same_request_id(books, client):
    assert client.refused("/invoice", invoice("1", 5), requestid="R1")[:2] == (400, "2500")
    books.customer("Acme")

    assert client.write("/invoice", invoice("1", 5), requestid="R1")["Id"] == "1"


# What is refused


def test_names_are_used_once_among_customers_vendors_and_employees(books, acme, client):
    for path in ("/customer", "/vendor", "/employee"):
        assert client.refused(path, {"DisplayName": "Acme"})[:2] == (400, "6240")
    assert client.refused("/customer", {"Notes": "x"})[:2] == (400, "2020")
    assert client.write("/item", {"Name": "Acme"})["Id"] == "1"
    assert client.refused("/item", {"Name": "Acme"})[:2] == (400, "6240")


def test_numbers_of_documents_are_used_once(acme, client):
    client.write("/invoice", invoice(acme, 5, DocNumber="A1"))

    assert client.refused("/invoice", invoice(acme, 5, DocNumber="A1"))[:2] == (400, "6140")
    assert client.refused("/invoice", invoice(acme, 5, DocNumber="A" * 22))[0] == 400
    assert client.write("/estimate", invoice(acme, 5, DocNumber="A" * 21))["DocNumber"] == "A" * 21


def test_what_is_pointed_to_must_be_there(books, acme, client):
    wrong = {**invoice(acme), "Line": [line(5, item="77")]}

    assert client.refused("/invoice", wrong)[:2] == (400, "2500")
    assert client.refused("/invoice", {"Line": []})[:2] == (400, "2020")


def test_inactive_things_are_not_used_any_more(books, acme, client):
    books.deactivate("Customer", acme)

    assert client.refused("/invoice", invoice(acme, 5))[:2] == (400, "610")


def test_closed_periods(books, acme, client):
    old = books.must("Invoice", books.invoice(acme, 5, on="2026-09-30"))
    books.closed_until = "2026-09-30"

    assert client.refused("/invoice", invoice(acme, 5, TxnDate="2026-09-30"))[:2] == (400, "6210")
    assert client.refused("/invoice", {**old, "TxnDate": "2026-10-01"})[:2] == (400, "6210")
    assert client.write("/invoice", invoice(acme, 5, TxnDate="2026-10-01"))["Id"] == "2"


def test_payments_that_were_deposited_stay_as_they_are(books, acme, client):
    payment = books.must("Payment", books.payment(acme, 7))
    books.deposit([], payments=[payment["Id"]])

    assert client.refused("/payment", {**payment, "PrivateNote": "x"})[:2] == (400, "6540")
    assert books.row("Account", books.standing["undeposited"])["CurrentBalance"] == 0
    assert books.row("Account", books.standing["bank"])["CurrentBalance"] == 7


def test_bodies_are_json(client):
    assert client.send("/customer", b"DisplayName=x", "text/plain").status_code == 415
    assert client.send("/customer", b"{", "application/json").status_code == 400
    assert client.send("/customer", b"[]", "application/json").status_code == 400
    assert client.refused("/customer", {}, operation="explode")[:2] == (400, "500")


# Journal entries


def test_journal_entries_balance_to_the_cent(books, client):
    made = client.write("/journalentry", entry(books, "1234.56", "1234.56", DocNumber="GUSTO-12345678"))
    assert [each["Amount"] for each in made["Line"]] == [Decimal("1234.56")] * 2

    status, code, _ = client.refused("/journalentry", entry(books, "5", "4.99"))
    assert (status, code) == (400, "6000")
    assert books.row("Account", books.standing["bank"])["CurrentBalance"] == Decimal("-1234.56")


def test_journal_lines(books, client):
    bank = books.standing["bank"]
    wrong = {
        "6000": [{"Line": [posting("Debit", bank, 0)]}, entry(books, "-5", "-5")],
        "2170": [{"Line": [posting("Sideways", bank, 5)] * 2}],
        "2500": [{"Line": [posting("Debit", "99", 5), posting("Credit", bank, 5)]}],
    }

    for code, bodies in wrong.items():
        assert [client.refused("/journalentry", body)[:2] for body in bodies] == [(400, code)] * len(bodies)
    assert client.rows("select * from JournalEntry") == []


def test_lines_on_receivable_accounts_name_a_customer_and_stand_alone(books, acme, client):
    whom = {"Type": "Customer", "EntityRef": {"value": acme}}
    owed = posting("Debit", books.standing["receivable"], 5, Entity=whom)
    nameless = posting("Debit", books.standing["receivable"], 5)
    against = posting("Credit", books.standing["income"], 5)

    assert client.refused("/journalentry", {"Line": [nameless, against]})[:2] == (400, "6000")
    two = [owed, owed, posting("Credit", books.standing["income"], 10)]
    assert client.refused("/journalentry", {"Line": two})[:2] == (400, "6000")
    client.write("/journalentry", {"Line": [owed, against]})
    assert client.read("/customer/1")["Customer"]["Balance"] == 5


# Batches


def test_a_batch_answers_each_of_its_items(books, acme, client):
    items = [
        {"bId": "1", "Query": "select * from Customer"},
        {"bId": "2", "operation": "create", "Invoice": invoice(acme, 5)},
        {"bId": "3", "operation": "create", "Customer": {"DisplayName": "Acme"}},
    ]
    answer = client.post("/batch", {"BatchItemRequest": items})
    told = {each["bId"]: each for each in read(answer.content)["BatchItemResponse"]}

    assert told["1"]["QueryResponse"]["Customer"][0]["Id"] == acme
    assert told["2"]["Invoice"]["TotalAmt"] == 5
    assert told["3"]["Fault"]["Error"][0]["code"] == "6240"
    assert client.post("/batch", {"BatchItemRequest": items[:1] * 31}).status_code == 400
