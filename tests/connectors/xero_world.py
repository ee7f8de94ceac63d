"""Books at Xero that are synced, as the tests of `xero` edit them: by hand, or at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..fakes.web import Answer, Asked
from ..fakes.xero import FakeXero
from ..fakes.xero_books import Books

STREAMS = {
    "Contacts": "contacts",
    "Invoices": "invoices",
    "CreditNotes": "credit_notes",
    "Overpayments": "overpayments",
    "Prepayments": "prepayments",
    "Payments": "payments",
    "BankTransactions": "bank_transactions",
    "Accounts": "accounts",
    "ManualJournals": "manual_journals",
}
GONE = ("VOIDED", "DELETED", "GDPRREQUEST")
CREDITS = ("CreditNotes", "Overpayments", "Prepayments")
ENOUGH = 12  # records of a kind, below which none is taken away


def item_of(books: Books, record_id: str) -> str:
    return f"{STREAMS[books.records[record_id].kind]}/{record_id}"


def is_there(fields: dict[str, Any]) -> bool:
    return fields.get("Status", fields.get("ContactStatus")) not in GONE


def break_record(fake: FakeXero, record_id: str) -> None:
    """This record is told without what makes it one, until faults are forgotten."""

    def broken(asked: Asked) -> Answer:
        honest = fake.answer(asked)
        if not isinstance(honest.body, dict):
            return honest
        rows = {
            name: [_without_sense(row) if record_id in str(row) else row for row in value]
            for name, value in honest.body.items()
            if isinstance(value, list)
        }
        return replace(honest, body={**honest.body, **rows})

    fake.order(broken, path="/api.xro/2.0/", method="GET", times=10**6)


def _without_sense(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("Total", "Name", "Status", "Type")}


class XeroWorld:
    """The books of one organisation, as the contract suite edits them: each thing is a record of one kind."""

    def __init__(self, fake: FakeXero, kind: str) -> None:
        self.fake, self.kind = fake, kind
        fake.limits.on = False
        self.books = fake.books
        self.acme = self.books.add_contact("Acme")

    def add(self, name: str, text: str) -> str:
        books, lines = self.books, ((text, 1, "10.00", "200"),)
        made = {
            "Contacts": lambda: books.add_contact(text),
            "Invoices": lambda: books.create_invoice(self.acme, *lines, Reference=name),
            "CreditNotes": lambda: books.create_credit_note(self.acme, *lines, Reference=name),
            "Overpayments": lambda: books.overpay(self.acme, "10.00", Reference=text),
            "Prepayments": lambda: books.prepay(self.acme, "10.00", Reference=text),
            "Payments": lambda: books.pay(self._owed(), "1.00", Reference=text),
            "BankTransactions": lambda: books.spend(self.acme, *lines),
            "Accounts": lambda: books.add_account(name[-8:], text),
            "ManualJournals": lambda: books.post_journal(text, ("10.00", "720"), ("-10.00", "180")),
        }
        return item_of(books, made[self.kind]())

    def _owed(self) -> str:
        return self.books.create_invoice(self.acme, ("something", 1, "10.00", "200"))

    def edit(self, item_id: str, text: str) -> None:
        record_id = item_id.rpartition("/")[2]
        if self.kind in ("Overpayments", "Prepayments"):
            self.books.edit(record_id, Reference=text)
        elif self.kind in ("Invoices", "CreditNotes", "BankTransactions"):
            self.books.set_lines(record_id, (text, 2, "11.00", "200"))
        else:
            field = {"Contacts": "Name", "Payments": "Reference", "Accounts": "Name", "ManualJournals": "Narration"}
            self.books.edit(record_id, **{field[self.kind]: text})

    def remove(self, item_id: str) -> None:
        record_id = item_id.rpartition("/")[2]
        if self.kind == "Contacts":
            self.books.forget(record_id)
        elif self.kind in ("Invoices", *CREDITS, "ManualJournals"):
            self.books.void(record_id)
        else:
            self.books.delete(record_id)

    def fail(self, item_id: str) -> None:
        break_record(self.fake, item_id.rpartition("/")[2])

    def mend(self, item_id: str) -> None:
        self.fake.forget()


class Keeper:
    """Random acts of every kind. `quiet` are records that differ from what a run was told, and no clock moved:
    due dates of what is partly paid, and names that documents show of their contacts.
    """

    def __init__(self, books: Books, chance: random.Random) -> None:
        self.books, self.chance = books, chance
        self.number = 0
        self.quiet: set[str] = set()
        for name in ("Acme", "Bolt", "Coil"):
            books.add_contact(name)
        for _ in range(60):
            self.act()

    def act(self) -> None:
        acts: list[Any] = [self.invoice, self.invoice, self.bill, self.pay, self.pay, self.spend, self.journal]
        acts += [
            self.credit,
            self.pay_ahead,
            self.allocate,
            self.rename,
            self.archive,
            self.merge,
            self.edit,
            self.edit,
            self.late,
        ]
        acts += [self.void, self.void, self.unpay, self.unspend, self.forget, self.account, self.contact, self.bulk]
        self.chance.choice(acts)()

    def expected(self) -> dict[str, dict[str, Any]]:
        """The fields of every record that is there, by the id of its item."""
        found = (
            (item_of(self.books, one.id), one.fields) for one in self.books.records.values() if one.kind in STREAMS
        )
        return {item_id: fields for item_id, fields in found if is_there(fields)}

    # Acts

    def contact(self) -> None:
        self.books.add_contact(self._word())

    def invoice(self, type: str = "ACCREC") -> None:
        lines = [
            (self._word(), self.chance.randint(1, 9), self._amount(), "200") for _ in range(self.chance.randint(1, 3))
        ]
        self.books.create_invoice(self._contact(), *lines, type=type, Reference=self._word())

    def bill(self) -> None:
        self.invoice("ACCPAY")

    def bulk(self) -> None:
        """Several at one moment."""
        pace, self.books.pace = self.books.pace, 0.0
        for _ in range(self.chance.choice([2, 12])):
            self.invoice()
        self.books.pace = pace

    def pay_ahead(self) -> None:
        act = self.chance.choice([self.books.overpay, self.books.prepay])
        act(self._contact(), self._amount(), type=self.chance.choice(["RECEIVE", "RECEIVE", "SPEND"]))

    def credit(self) -> None:
        self.books.create_credit_note(self._contact(), (self._word(), 1, self._amount(), "200"))

    def allocate(self) -> None:
        credit = self._any(
            self.chance.choice(CREDITS), lambda fields: fields["RemainingCredit"] >= 1 and _of_customer(fields)
        )
        invoice = self._any("Invoices", lambda fields: fields["AmountDue"] >= 1 and fields["Type"] == "ACCREC")
        if credit and invoice:
            self.books.allocate(credit, invoice, "1.00")

    def pay(self) -> None:
        if invoice := self._any("Invoices", lambda fields: fields["AmountDue"] >= 1):
            due = self.books.fields(invoice)["AmountDue"]
            self.books.pay(invoice, str(self.chance.choice([due, Decimal("1.00")])), Reference=self._word())

    def spend(self) -> None:
        act = self.chance.choice([self.books.spend, self.books.receive])
        act(self._contact(), (self._word(), 1, self._amount(), "429"))

    def journal(self) -> None:
        amount = self._amount()
        self.books.post_journal(self._word(), (amount, "720"), (f"-{amount}", "180"))

    def account(self) -> None:
        self.books.add_account(f"X{self.number}", self._word())

    def rename(self) -> None:
        contact = self._contact()
        self.books.edit(contact, Name=self._word())
        self.quiet |= self._documents_of(contact)

    def archive(self) -> None:
        contact = self._contact()
        (self.books.archive if self.chance.random() < 0.5 else self.books.restore)(contact)

    def merge(self) -> None:
        one, other = self._contact(), self._contact()
        if one != other:
            self.books.merge(one, other)
            self.quiet |= self._documents_of(other)

    def forget(self) -> None:
        contact = self._any("Contacts", lambda _fields: True)
        if contact and len(self.books.of_kind("Contacts")) > ENOUGH:
            self.books.forget(contact)
            self.quiet |= self._documents_of(contact)

    def edit(self) -> None:
        kind = self.chance.choice(["Invoices", "CreditNotes", "BankTransactions", "ManualJournals", "Payments"])
        if record := self._any(kind, lambda _fields: True):
            name = "Narration" if kind == "ManualJournals" else "Reference"
            self.books.edit(record, **{name: self._word()})

    def late(self) -> None:
        """A due date that moves. Where something was paid, no clock tells."""
        if invoice := self._any("Invoices", lambda _fields: True):
            if self.books.fields(invoice)["AmountPaid"] > 0:
                self.quiet.add(f"invoices/{invoice}")
            self.books.edit(invoice, DueDate=f"2027-01-{self.chance.randint(10, 28)}")

    def void(self) -> None:
        kind = self.chance.choice(["Invoices", "ManualJournals"])
        if record := self._any(kind, _may_be_voided):
            self.books.void(record)

    def unpay(self) -> None:
        if payment := self._any("Payments", lambda _fields: True):
            self.books.delete(payment)

    def unspend(self) -> None:
        if record := self._any("BankTransactions", lambda _fields: True):
            self.books.delete(record)

    # Choosing

    def _any(self, kind: str, fits: Any) -> str:
        found = [one.id for one in self.books.of_kind(kind) if is_there(one.fields) and fits(one.fields)]
        return self.chance.choice(found) if found else ""

    def _contact(self) -> str:
        return self._any("Contacts", lambda _fields: True)

    def _documents_of(self, contact: str) -> set[str]:
        return set(self._items_of(contact))

    def _items_of(self, contact: str) -> Iterator[str]:
        """What shows the name of this contact: documents, and the payments of those."""
        books = self.books
        theirs = {one.id for one in books.records.values() if one.fields.get("Contact", {}).get("ContactID") == contact}
        for one in books.records.values():
            if one.kind in STREAMS and (one.id in theirs or any(each in str(one.fields) for each in theirs)):
                yield item_of(books, one.id)

    def _amount(self) -> str:
        return f"{self.chance.randint(1, 99_999)}.{self.chance.randint(0, 99):02d}"

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"


def _of_customer(fields: dict[str, Any]) -> bool:
    return str(fields["Type"]).startswith(("ACCREC", "RECEIVE"))


def _may_be_voided(fields: dict[str, Any]) -> bool:
    paid = fields.get("AmountPaid") or fields.get("AmountCredited")
    return fields["Status"] in ("AUTHORISED", "POSTED") and not paid
