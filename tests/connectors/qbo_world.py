"""Books that are synced, as the tests of `qbo` edit them: by hand, or at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ..fakes.qbo import FakeQuickBooks
from ..fakes.qbo_kinds import VOIDABLE
from ..fakes.qbo_ledger import links, owed

ODD = "not a time"


class BooksWorld:
    """Invoices of one customer, or hours of one employee, as the contract suite edits them: the note is the text."""

    def __init__(self, fake: FakeQuickBooks, kind: str) -> None:
        self.fake, self.kind = fake, kind
        fake.begin_anew()
        self.books = fake.books
        self.tokens = fake.login.connect(app=fake.app)
        self.customer = self.books.customer("Acme")
        self.employee = self.books.employee("Mona")

    def add(self, name: str, text: str) -> str:
        if self.kind == "Invoice":
            made = self.books.invoice(self.customer, "10.00", number=name[:20], note=text)
        else:
            made = self.books.time_activity(self.employee, 2, Description=text)
        return f"{self.kind}/{made}"

    def edit(self, item_id: str, text: str) -> None:
        name = "PrivateNote" if self.kind == "Invoice" else "Description"
        self.books.edit(self.kind, item_id.partition("/")[2], **{name: text})

    def remove(self, item_id: str) -> None:
        self.books.delete(self.kind, item_id.partition("/")[2])

    def fail(self, item_id: str) -> None:
        """It is told in a form that nobody understands."""
        row = self.books.must(self.kind, item_id.partition("/")[2])
        self._created = row["MetaData"]["CreateTime"]
        row["MetaData"]["CreateTime"] = ODD

    def mend(self, item_id: str) -> None:
        self.books.must(self.kind, item_id.partition("/")[2])["MetaData"]["CreateTime"] = self._created


class Editor:
    """Random acts of a bookkeeper, in all kinds of documents."""

    def __init__(self, fake: FakeQuickBooks, chance: random.Random) -> None:
        self.fake, self.books, self.chance = fake, fake.books, chance
        self.number = 0
        self.deleted = 0
        for _ in range(2):
            self.add_customer()
            self.add_vendor()
        for _ in range(14):
            self.document()

    def edit(self) -> None:
        """One act."""
        acts: list[Callable[[], object]] = [self.document, self.document, self.amend, self.amend, self.rename]
        acts += [
            self.void,
            self.delete,
            self.pay,
            self.settle_entry,
            self.add_customer,
            self.add_vendor,
            self.retire,
            self.merge,
        ]
        acts += [self.import_many, self.pass_time]
        self.chance.choice(acts)()

    def settle(self) -> None:
        """What happened is seen by everybody."""
        self.books.lag = 0.0
        self.books.denied.clear()
        self.fake.tick(300)

    # Acts

    def add_customer(self) -> None:
        self.books.customer(self._word(), email=f"{self._word()}@example.com")

    def add_vendor(self) -> None:
        self.books.vendor(self._word())

    def document(self) -> None:
        customer, vendor = self._any("Customer"), self._any("Vendor")
        amounts: Any = [(self._amount(), self._word()) for _ in range(self.chance.randrange(1, 3))]
        bank, expense, owed = (self.books.standing[name] for name in ("bank", "expense", "receivable"))
        one = self._amount()
        made: list[Callable[[], object]] = [
            lambda: self.books.invoice(customer, amounts, note=self._word()),
            lambda: self.books.sales_receipt(customer, amounts),
            lambda: self.books.credit_memo(customer, amounts),
            lambda: self.books.refund_receipt(customer, amounts),
            lambda: self.books.estimate(customer, amounts),
            lambda: self.books.bill(vendor, amounts, note=self._word()),
            lambda: self.books.vendor_credit(vendor, amounts),
            lambda: self.books.purchase_order(vendor, amounts),
            lambda: self.books.purchase(amounts, vendor=vendor),
            lambda: self.books.deposit(amounts),
            lambda: self.books.transfer(bank, self.books.standing["undeposited"], one),
            lambda: self.books.journal({expense: one}, {bank: one}, note=self._word()),
            lambda: self.books.journal({owed: one}, {bank: one}, customer, note=self._word()),
            lambda: self.books.journal({bank: one}, {owed: one}, customer),
            lambda: self.books.deposit(amounts, customer=customer),
            lambda: self.books.purchase(amounts, customer=customer, Credit=self.chance.random() < 0.3),
        ]
        self.chance.choice(made)()

    def amend(self) -> None:
        kind = self.chance.choice(["Invoice", "Bill", "SalesReceipt", "JournalEntry"])
        if (one := self._any(kind)) is None:
            return
        if kind == "JournalEntry" or self.chance.random() < 0.5:
            self.books.edit(kind, one, PrivateNote=self._word())
        elif self.books.must(kind, one)["TotalAmt"] == self.books.must(kind, one).get("Balance", None):
            self.books.amend(kind, one, [(self._amount(), self._word())])

    def rename(self) -> None:
        kind = self.chance.choice(["Customer", "Vendor"])
        self.books.edit(kind, str(self._any(kind)), DisplayName=self._word())

    def void(self) -> None:
        kind = self.chance.choice(VOIDABLE)
        if (one := self._any(kind)) is not None:
            self.books.void(kind, one)

    def delete(self) -> None:
        kind = self.chance.choice(["Invoice", "Bill", "Payment", "Deposit", "JournalEntry", "Estimate"])
        if (one := self._any(kind)) is not None and self.deleted < 12:
            self.deleted += 1
            self.books.delete(kind, one)

    def pay(self) -> None:
        if (one := self._any("Invoice")) is not None:
            invoice = self.books.must("Invoice", one)
            if invoice["Balance"] > 0:
                part = invoice["Balance"] if self.chance.random() < 0.5 else Decimal("0.01")
                self.books.payment(invoice["CustomerRef"]["value"], part, {one: part})

    def settle_entry(self) -> None:
        """A payment for what was posted by something else than an invoice, or with it."""
        kind, word = self.chance.choice(
            [("JournalEntry", "JournalEntry"), ("Deposit", "Deposit"), ("Purchase", "Check")]
        )
        if (one := self._any(kind)) is None:
            return
        posted = list(owed(kind, self.books.must(kind, one), self.books.types()))
        whom = {(whose, customer) for whose, customer, _ in posted}
        used = [link for row in self.books.rows("Payment") for link in links("Payment", row)]
        left = abs(sum((each[2] for each in posted), Decimal(0))) - sum(each[2] for each in used if each[1] == one)
        if len(whom) == 1 and left > 0 and posted[0][0] == "Customer":
            part = left if self.chance.random() < 0.5 else Decimal("0.01")
            paid = Decimal(0) if self.books.is_credit(kind, one) else part
            self.books.payment(posted[0][1], paid, entries={(word, one): part})

    def retire(self) -> None:
        kind = self.chance.choice(["Customer", "Vendor"])
        one = str(self._any(kind))
        active = self.books.must(kind, one).get("Active", True)
        (self.books.deactivate if active else self.books.reactivate)(kind, one)

    def merge(self) -> None:
        kind = self.chance.choice(["Customer", "Vendor"])
        winner, loser = str(self._any(kind)), str(self._any(kind))
        if winner != loser and self.books.must(kind, loser).get("Active", True):
            self.books.merge(kind, loser, winner)

    def import_many(self) -> None:
        """More in one second than a page of the test holds."""
        self.books.bulk("Vendor", self.chance.randrange(3, 9), DisplayName=f"{self._word()} {{}}")

    def pass_time(self) -> None:
        self.fake.now += timedelta(seconds=self.chance.choice([1, 90, 7200, 86_400]))

    # Helpers

    def _any(self, kind: str) -> Any:
        there = [row["Id"] for row in self.books.rows(kind)]
        return self.chance.choice(there) if there else None

    def _amount(self) -> Decimal:
        return Decimal(self.chance.randrange(1, 10**6)) / 100

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"
