"""The fake of Xero after any acts: its sums agree with each other, and what moves a clock is listed as modified."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .xero_client import opened

PARTS = ("Contacts", "Invoices", "CreditNotes", "Payments", "BankTransactions", "ManualJournals")
ACTS = 25


@pytest.fixture(scope="module")
def client():
    with opened() as made:
        yield made


class Keeper:
    """Somebody who does anything that can be done."""

    def __init__(self, books, chance):
        self.books, self.chance = books, chance
        for number in range(3):
            books.add_contact(f"Contact {number}")

    def act(self):
        acts = [self.invoice, self.invoice, self.pay, self.unpay, self.credit, self.allocate, self.unallocate]
        acts += [self.void, self.lines, self.spend, self.journal, self.rename]
        self.chance.choice(acts)()

    def one(self, kind, fits=lambda _fields: True):
        found = [each for each in self.books.of_kind(kind) if fits(each.fields)]
        return self.chance.choice(found) if found else None

    def amount(self):
        return f"{self.chance.randint(0, 9999)}.{self.chance.randint(0, 9999):04d}"

    def some_lines(self):
        taxes = ("OUTPUT2", "NONE", "ZERORATED")
        return [("work", self.chance.randint(1, 9), self.amount(), "200", self.chance.choice(taxes)) for _ in range(2)]

    def invoice(self):
        types = self.chance.choice(["Exclusive", "Inclusive", "NoTax"])
        self.books.create_invoice(self.one("Contacts").id, *self.some_lines(), tax=types)

    def pay(self):
        if found := self.one("Invoices", lambda fields: fields["AmountDue"] > 0):
            due = found.fields["AmountDue"]
            self.books.pay(found.id, str(self.chance.choice([due, min(due, Decimal("0.01"))])))

    def unpay(self):
        if found := self.one("Payments", lambda fields: fields["Status"] == "AUTHORISED"):
            self.books.delete(found.id)

    def credit(self):
        self.books.create_credit_note(self.one("Contacts").id, *self.some_lines())

    def allocate(self):
        credit = self.one("CreditNotes", lambda fields: fields["RemainingCredit"] >= 1)
        invoice = self.one("Invoices", lambda fields: fields["AmountDue"] >= 1)
        if credit and invoice:
            self.books.allocate(credit.id, invoice.id, "1")

    def unallocate(self):
        if found := self.one("CreditNotes", lambda fields: fields["Allocations"]):
            self.books.unallocate(found.id, found.fields["Allocations"][0]["AllocationID"])

    def untouched(self, fields):
        return fields["Status"] == "AUTHORISED" and not fields["AmountPaid"] + fields["AmountCredited"]

    def void(self):
        if found := self.one("Invoices", self.untouched):
            self.books.void(found.id)

    def lines(self):
        if found := self.one("Invoices", self.untouched):
            self.books.set_lines(found.id, *self.some_lines())

    def spend(self):
        self.books.spend(self.one("Contacts").id, *self.some_lines())

    def journal(self):
        amount = self.amount()
        self.books.post_journal("any", (amount, "720"), (f"-{amount}", "180"))

    def rename(self):
        self.books.edit(self.one("Contacts").id, Name=f"Name {self.chance.random()}")


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_after_any_acts(client, seed):
    client.fake.begin_anew()
    client.fake.limits.on = False
    client.token, client.tenant = client.fake.token, client.fake.books.tenant_id
    keeper = Keeper(client.fake.books, random.Random(seed))
    known = {}
    for _ in range(3):
        for _ in range(ACTS):
            keeper.act()
        catch_up(client, known)

    for part in PARTS:
        rows = {row[f"{part.removesuffix('s')}ID"]: row for row in client.rows(part)}
        clocks = {key: row["UpdatedDateUTC"] for key, row in rows.items()}
        assert clocks == {key: row["UpdatedDateUTC"] for key, row in known.get(part, {}).items()}
        for row in rows.values():
            agree(part, row)
    agree_with_payments(client)


def catch_up(client, known):
    """What was modified since the newest clock that is known."""
    for part in PARTS:
        mine = known.setdefault(part, {})
        query = {} if part == "ManualJournals" else {"order": "UpdatedDateUTC ASC"}
        newest = max((row["UpdatedDateUTC"] for row in mine.values()), default="")
        moment = datetime.fromtimestamp(int(newest[6:16]), UTC) if newest else None
        since = f"{moment:%Y-%m-%dT%H:%M:%S}" if moment else ""
        for row in client.read(part, since, page=1, pageSize=1000, unitdp=4, **query)[part]:
            mine[row[f"{part.removesuffix('s')}ID"]] = row


def agree(part, row):
    """The amounts of one thing."""
    if part == "ManualJournals":
        assert sum(line["LineAmount"] for line in row["JournalLines"]) == 0
    if part not in ("Invoices", "CreditNotes", "BankTransactions"):
        return
    assert row["SubTotal"] + row["TotalTax"] == row["Total"]
    lines = sum(line["LineAmount"] for line in row["LineItems"])
    assert lines == row["Total" if row["LineAmountTypes"] == "Inclusive" else "SubTotal"]
    if part == "Invoices" and row["Status"] != "VOIDED":
        assert row["AmountPaid"] == sum((each["Amount"] for each in row["Payments"]), Decimal())
        assert row["AmountDue"] + row["AmountPaid"] + row["AmountCredited"] == row["Total"]
        assert (row["Status"] == "PAID") is (row["AmountDue"] == 0 < row["Total"])
    if part == "CreditNotes":
        used = sum((each["Amount"] for each in row["Allocations"]), Decimal())
        assert row["RemainingCredit"] + used == row["Total"]


def agree_with_payments(client):
    """What payments say of the documents they are for."""
    payments = [row for row in client.rows("Payments") if row["Status"] == "AUTHORISED"]
    for invoice in client.rows("Invoices"):
        paid = [row for row in payments if row["Invoice"]["InvoiceID"] == invoice["InvoiceID"]]
        assert invoice["AmountPaid"] == sum((row["Amount"] for row in paid), Decimal())
        assert {row["PaymentID"] for row in invoice["Payments"]} == {row["PaymentID"] for row in paid}
