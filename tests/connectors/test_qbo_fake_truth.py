"""QuickBooks' official schemas judge what its fake answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ..fakes.qbo import REALM
from ..fakes.qbo_json import read
from ..fakes.qbo_kinds import KINDS, NO_CDC
from ..fakes.qbo_reports import REPORTS
from ..qbo_schema import schema
from .qbo_client import opened

pytestmark = pytest.mark.contract


@pytest.fixture
def client():
    with opened() as made:
        made.fake.answers = []
        yield made


def furnish(books):
    """Some of everything, in all states."""
    acme, vendor, worker = books.customer("Acme", email="a@x"), books.vendor("V", email="v@x"), books.employee("W")
    books.customer("Job", parent=acme)
    item, bank, cash = books.item("Widget", "9.99"), books.standing["bank"], books.standing["undeposited"]
    for kind in ("Class", "Department", "PaymentMethod", "Term", "TaxCode", "Budget", "TaxRate", "JournalCode"):
        books.create(kind, Name=f"a {kind}")
    books.create("TaxAgency", DisplayName="State")
    books.create("CompanyCurrency", Name="Euro", Code="EUR")
    tax = {"TotalTax": Decimal("2.05")}
    invoice = books.invoice(acme, [("100.10", "x", item), "200.20"], due="2026-10-01", number="1", TxnTaxDetail=tax)
    memo = books.credit_memo(acme, 6)
    books.payment(acme, "50", {invoice: "51"}, credits={memo: 1})
    books.estimate(acme, 5)
    books.sales_receipt(acme, 7)
    books.refund_receipt(acme, 8)
    bill = books.bill(vendor, 10, due="2026-12-01")
    books.bill_payment(vendor, 4, {bill: 4})
    books.vendor_credit(vendor, 1)
    books.purchase_order(vendor, 3)
    books.purchase(2, vendor=vendor, Credit=True)
    books.deposit(5)
    books.transfer(bank, cash, 3)
    books.journal({books.standing["expense"]: 5}, {bank: 5})
    books.time_activity(worker, 2, 30)
    books.void("Invoice", books.invoice(acme, 1))
    books.delete("Invoice", books.invoice(acme, 1))
    books.deactivate("Vendor", vendor)


def ask_for_everything(client):
    for kind in KINDS:
        client.get("/query", query=f"select * from {kind}")
        client.get(f"/{kind.lower()}/1")
    for text in ("select count(*) from Invoice", "select Id from Invoice", "nonsense", "select * from Preferences"):
        client.get("/query", query=text)
    kinds = ",".join(kind for kind in KINDS if kind not in NO_CDC)
    client.get("/cdc", entities=kinds, changedSince="2026-11-01T00:00:00Z")
    client.get("/cdc", entities=kinds, changedSince="2026-09-01")
    for name in REPORTS:
        client.get(f"/reports/{name}")
    client.get(f"/companyinfo/{REALM}")
    client.post("/account", {"Name": "New", "AccountType": "Expense"})
    client.post("/account", {"Name": "New", "AccountType": "Expense"})
    client.post("/batch", {"BatchItemRequest": [{"bId": "1", "Query": "select * from Account"}]})


@pytest.mark.parametrize("multicurrency", [False, True])
def test_all_answers_are_of_the_schemas(client, multicurrency):
    client.fake.books.multicurrency = multicurrency
    furnish(client.fake.books)
    ask_for_everything(client)
    judge = schema()
    problems = [
        f"{asked}: {problem}" for asked, answer in client.fake.answers for problem in judge.answer(read(answer.content))
    ]

    assert problems == []
    assert len(client.fake.answers) > 70


def test_all_kinds_are_things_of_the_schemas(client):
    judge = schema()
    furnish(client.fake.books)

    assert set(KINDS) <= set(judge.things)
    told = client.fake.books.everything()
    assert {kind for kind, _ in told} == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "thing", "complaint"),
    [
        ("Invoice", {"TotalAmount": 5}, "no such member"),
        ("Invoice", {"TotalAmt": "5"}, "no decimal"),
        ("Invoice", {"TxnDate": "2026-11-02T00:00:00"}, "no date"),
        ("Invoice", {"Line": {}}, "no list"),
        ("Invoice", {"CustomerRef": {"id": "1"}}, "no such member"),
        ("Invoice", {"MetaData": {"CreateTime": 5}}, "no dateTime"),
        ("Account", {"AccountType": "Money"}, "none of"),
        ("Customer", {"Active": "true"}, "no boolean"),
        ("Customer", {"CustomField": [{"Name": "x"}]}, "no Type"),
        ("Nothing", {}, "no such thing"),
    ],
)
def test_the_judge_sees_what_is_wrong(kind, thing, complaint):
    (problem,) = schema().thing(kind, thing)

    assert complaint in problem
