"""A bookkeeper who does anything that may be done, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

from .qbo_books import Books
from .qbo_json import Row
from .qbo_kinds import NAMES, TRANSACTIONS, VOIDABLE


class Life:
    """`act` does one thing, chosen by `random`, and tells what; equal seeds live equally."""

    def __init__(self, books: Books, random: Random) -> None:
        self.books = books
        self.random = random
        self._named = 0
        self.customers = [books.customer(self._name("Customer")) for _ in range(2)]
        self.vendors = [books.vendor(self._name("Vendor"))]
        self._acts: list[Callable[[], str]] = [
            *(self._list, self._rename, self._toggle, self._merge),
            *(self._sale, self._sale, self._pay, self._pay, self._spend, self._settle, self._move),
            *(self._amend, self._redate, self._void, self._delete, self._import),
        ]

    def act(self) -> str:
        return self.random.choice(self._acts)()

    # Lists

    def _list(self) -> str:
        kind = self.random.choice(["Customer", "Vendor", "Item", "Account", "Class", "Employee"])
        if kind == "Customer":
            parent = self.random.choice(["", *self._active("Customer")])
            made = self.books.customer(self._name(kind), parent=parent)
            self.customers.append(made)
        elif kind == "Vendor":
            made = self.books.vendor(self._name(kind))
            self.vendors.append(made)
        elif kind == "Employee":
            made = self.books.employee(self._name(kind))
        else:
            made = self.books.create(kind, Name=self._name(kind))
        return f"create {kind} {made}"

    def _rename(self) -> str:
        kind = self.random.choice(["Customer", "Vendor"])
        chosen = self.random.choice(self.customers if kind == "Customer" else self.vendors)
        self.books.edit(kind, chosen, DisplayName=self._name(kind), Active=True)
        return f"rename {kind} {chosen}"

    def _toggle(self) -> str:
        kind = self.random.choice([*NAMES, "Item", "Class"])
        rows = self.books.rows(kind)
        if not rows:
            return "nothing to toggle"
        row = self.random.choice(rows)
        (self.books.deactivate if row["Active"] else self.books.reactivate)(kind, row["Id"])
        return f"toggle {kind} {row['Id']}"

    def _merge(self) -> str:
        active = self._active("Customer")
        parents = {row["ParentRef"]["value"] for row in self.books.rows("Customer") if "ParentRef" in row}
        losers = [each for each in active if each not in parents]
        if len(active) < 4 or not losers:
            return "nobody to merge"
        loser = self.random.choice(losers)
        winner = self.random.choice([each for each in active if each != loser])
        self.books.merge("Customer", loser, winner)
        return f"merge Customer {loser} into {winner}"

    # Documents

    def _sale(self) -> str:
        make = self.random.choice(
            [
                *(self.books.invoice, self.books.invoice, self.books.credit_memo, self.books.sales_receipt),
                *(self.books.estimate, self.books.refund_receipt),
            ]
        )
        more = {"due": self._day()} if make == self.books.invoice else {}
        made = make(self.random.choice(self.customers), [self._amount(), self._amount()], on=self._day(), **more)
        return f"{make.__name__} {made}"

    def _pay(self) -> str:
        unpaid = self._unpaid("Invoice")
        if not unpaid:
            return "nothing to pay"
        invoice = self.random.choice(unpaid)
        part = self.random.choice([invoice["Balance"], (invoice["Balance"] / 2).quantize(Decimal("0.01"))])
        spare = self.random.choice([Decimal(0), Decimal("1.25")])
        paid = self.books.payment(invoice["CustomerRef"]["value"], part + spare, {invoice["Id"]: part})
        return f"payment {paid} of invoice {invoice['Id']}"

    def _spend(self) -> str:
        make = self.random.choice([self.books.bill, self.books.vendor_credit, self.books.purchase_order])
        made = make(self.random.choice(self.vendors), self._amount(), on=self._day())
        return f"{make.__name__} {made}"

    def _settle(self) -> str:
        unpaid = self._unpaid("Bill")
        if not unpaid:
            return "no bill to pay"
        bill = self.random.choice(unpaid)
        paid = self.books.bill_payment(bill["VendorRef"]["value"], bill["Balance"], {bill["Id"]: bill["Balance"]})
        return f"payment {paid} of bill {bill['Id']}"

    def _move(self) -> str:
        bank, cash = self.books.standing["bank"], self.books.standing["undeposited"]
        expense, amount = self.books.standing["expense"], self._amount()
        what = self.random.randrange(4)
        if what == 0:
            return f"transfer {self.books.transfer(bank, cash, amount)}"
        if what == 1:
            return f"journal {self.books.journal({expense: amount}, {bank: amount}, on=self._day())}"
        if what == 2:
            return f"deposit {self.books.deposit([amount])}"
        return f"purchase {self.books.purchase([(amount, 'card')], Credit=self.random.random() < 0.3)}"

    def _amend(self) -> str:
        kind = self.random.choice(["Invoice", "Bill", "Estimate", "Purchase"])
        row = self._any(kind)
        if row is None or row.get("Balance", row["TotalAmt"]) != row["TotalAmt"]:
            return f"no {kind} to amend"
        self.books.amend(kind, row["Id"], [self._amount(), self._amount()])
        return f"amend {kind} {row['Id']}"

    def _redate(self) -> str:
        kind = self.random.choice(["Invoice", "Bill", "JournalEntry", "Payment"])
        row = self._any(kind)
        if row is None:
            return f"no {kind} to date"
        self.books.edit(kind, row["Id"], TxnDate=self._day(), PrivateNote=self._name("Note"))
        return f"date {kind} {row['Id']}"

    def _void(self) -> str:
        kind = self.random.choice(VOIDABLE)
        row = self._any(kind)
        if row is None:
            return f"no {kind} to void"
        self.books.void(kind, row["Id"])
        return f"void {kind} {row['Id']}"

    def _delete(self) -> str:
        kind = self.random.choice(TRANSACTIONS)
        row = self._any(kind)
        if row is None:
            return f"no {kind} to delete"
        self.books.delete(kind, row["Id"])
        return f"delete {kind} {row['Id']}"

    def _import(self) -> str:
        line = {"Amount": self._amount(), "DetailType": "AccountBasedExpenseLineDetail"}
        detail = {"AccountRef": self.books.ref("Account", self.books.standing["expense"])}
        made = self.books.bulk("Purchase", 3, PrivateNote="{}", Line=[{**line, line["DetailType"]: detail}])
        return f"import Purchase {', '.join(made)}"

    # What is there

    def _any(self, kind: str) -> Row | None:
        rows = self.books.rows(kind)
        return self.random.choice(rows) if rows else None

    def _unpaid(self, kind: str) -> list[Row]:
        return [row for row in self.books.rows(kind) if row["Balance"] > 0]

    def _active(self, kind: str) -> list[str]:
        return [row["Id"] for row in self.books.rows(kind, active=True)]

    def _amount(self) -> Decimal:
        return Decimal(self.random.randrange(1, 100_000)) / 100

    def _day(self) -> str:
        return (self.books.today() - timedelta(days=self.random.randrange(120))).isoformat()

    def _name(self, what: str) -> str:
        self._named += 1
        return f"{what} no. {self._named}"
