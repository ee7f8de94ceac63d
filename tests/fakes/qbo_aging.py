"""Who owes what since when: the aged reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .qbo_books import Books
from .qbo_json import ZERO, Row, invalid
from .qbo_ledger import ENTRIES, cents, home, links, owed, reference

Query = Mapping[str, str]
Paid = Mapping[tuple[str, str, str], Decimal]  # by kind and id of a document; of an entry, by its customer, too
DOCUMENTS = {"Customer": ("Invoice", "CreditMemo"), "Vendor": ("Bill", "VendorCredit")}
PAYING = {"Customer": "Payment", "Vendor": "BillPayment"}
DAYS, PERIODS = 30, 4


@dataclass(frozen=True)
class Open:
    """What is still owed for one document, in home currency; negative where it is a credit."""

    whom: str
    kind: str
    row: Row
    due: date
    amount: Decimal


def aged(side: str) -> Callable[[Books, Query, date, date, str], dict[str, Any]]:
    """The report with a row for each customer or vendor."""

    def make(books: Books, query: Query, _start: date, end: date, parent_balance: str) -> dict[str, Any]:
        buckets = _Buckets(query, end if query.get("aging_method", "Report_Date") == "Report_Date" else books.today())
        sums: dict[str, list[Decimal]] = {}
        for one in _open(books, side, end, query):
            row = sums.setdefault(one.whom, [ZERO] * buckets.count)
            row[buckets.place(one.due)] += one.amount
        sums = {whom: row for whom, row in sums.items() if any(row)}
        tree = _Tree(books, side, sums, parent_balance)
        rows = tree.rows()
        if rows:
            total = [sum(column, ZERO) for column in zip(*sums.values(), strict=True)]
            rows.append({"Summary": {"ColData": [{"value": "TOTAL"}, *_cells(total)]}, **_GRAND})
        titles = [{"ColTitle": "", "ColType": side}]
        titles += [{"ColTitle": title, "ColType": "Money"} for title in [*buckets.titles, "Total"]]
        return {"columns": titles, "rows": rows}

    return make


def aged_detail(side: str) -> Callable[[Books, Query, date, date, str], dict[str, Any]]:
    """The report with a row for each open document, by how late it is."""
    titles = [("Date", "Date", "tx_date"), ("String", "Transaction Type", "txn_type"), ("String", "Num", "doc_num")]
    titles += [("String", side, "cust_name" if side == "Customer" else "vend_name"), ("Date", "Due Date", "due_date")]
    titles += [("Money", "Amount", "subt_amount"), ("Money", "Open Balance", "subt_open_bal")]
    columns = [
        {"ColTitle": title, "ColType": shows, "MetaData": [{"Name": "ColKey", "Value": key}]}
        for shows, title, key in titles
    ]

    def make(books: Books, query: Query, _start: date, end: date, _parent_balance: str) -> dict[str, Any]:
        buckets = _Buckets(query, end)
        parts: dict[int, list[Open]] = {}
        for one in sorted(_open(books, side, end, query), key=lambda one: (one.due, int(one.row["Id"]))):
            parts.setdefault(buckets.place(one.due), []).append(one)
        rows = []
        for place, found in sorted(parts.items()):
            total = sum((one.amount for one in found), ZERO)
            blank = [{"value": ""}] * (len(titles) - 1)
            rows.append(
                {
                    "Header": {"ColData": [{"value": buckets.titles[place]}, *blank]},
                    "Rows": {"Row": [_document(books, side, one) for one in found]},
                    "Summary": {
                        "ColData": [{"value": f"Total for {buckets.titles[place]}"}, *blank[1:], *_cells([total])[:1]]
                    },
                    "type": "Section",
                }
            )
        return {"columns": columns, "rows": rows}

    return make


_GRAND = {"type": "Section", "group": "GrandTotal"}


class _Buckets:
    """Current, 1 - 30, 31 - 60, 61 - 90, 91 and over; or as many others as are asked for."""

    def __init__(self, query: Query, day: date) -> None:
        try:
            self.days, periods = int(query.get("aging_period", DAYS)), int(query.get("num_periods", PERIODS))
        except ValueError:
            raise invalid("2170", "Invalid Number", "aging_period and num_periods are numbers") from None
        self.day = day
        self.count = periods + 1
        steps = [(number * self.days + 1, (number + 1) * self.days) for number in range(periods)]
        self.titles = ["Current", *(f"{low} - {high}" for low, high in steps[:-1]), f"{steps[-1][0]} and over"]

    def place(self, due: date) -> int:
        late = (self.day - due).days
        return 0 if late <= 0 else min((late - 1) // self.days + 1, self.count - 1)


def _open(books: Books, side: str, day: date, query: Query) -> Iterator[Open]:
    """All that was open on that day, by the dates of documents and of payments."""
    wanted = query.get(side.lower(), "")
    chosen = set(wanted.split(",")) if wanted else None
    paid: dict[tuple[str, str, str], Decimal] = {}
    spare: list[Open] = []
    for row in _rows(books, PAYING[side], day):
        left = row.get("TotalAmt", ZERO)
        for kind, settled, amount in links(PAYING[side], row):
            what = (kind, settled, reference(row, f"{side}Ref") if kind in ENTRIES else "")
            paid[what] = paid.get(what, ZERO) + amount
            left += amount if books.is_credit(kind, settled) else -amount
        spare.append(_opened(side, PAYING[side], row, -left))
    found = [
        _opened(side, kind, row, _left(kind, row, paid)) for kind in DOCUMENTS[side] for row in _rows(books, kind, day)
    ]
    for one in [*found, *spare, *_entries(books, side, day, paid)]:
        if one.amount and (chosen is None or one.whom in chosen):
            yield one


def _left(kind: str, row: Row, paid: Paid) -> Decimal:
    left: Decimal = row["TotalAmt"] - paid.get((kind, row["Id"], ""), ZERO)
    return -left if kind in ("CreditMemo", "VendorCredit") else left


def _opened(side: str, kind: str, row: Row, amount: Decimal) -> Open:
    due = row.get("DueDate") or row["TxnDate"]
    return Open(reference(row, f"{side}Ref"), kind, row, date.fromisoformat(due), cents(home(row, amount)))


def _entries(books: Books, side: str, day: date, paid: Paid) -> Iterator[Open]:
    """What other documents post to what a customer or a vendor owes, as far as no payment settled or used it."""
    types = {version.row["Id"]: version.row["AccountType"] for version in books.seen("Account") if version.row}
    for kind in ENTRIES:
        for row in _rows(books, kind, day):
            sums: dict[str, Decimal] = {}
            for whose, whom, amount in owed(kind, row, types):
                if whose == side:
                    sums[whom] = sums.get(whom, ZERO) + amount
            for whom, amount in sums.items():
                used = paid.get((kind, row["Id"], whom), ZERO)
                left = amount + used if amount < 0 else amount - used
                yield Open(whom, kind, row, date.fromisoformat(row["TxnDate"]), cents(home(row, left)))


def _rows(books: Books, kind: str, day: date) -> list[Row]:
    rows = [version.row for version in books.seen(kind) if version.row]
    return [row for row in rows if row["TxnDate"] <= day.isoformat()]


def _document(books: Books, side: str, one: Open) -> Row:
    who = books.row(side, one.whom) or {}
    cells = [
        one.row["TxnDate"],
        one.kind,
        one.row.get("DocNumber", ""),
        who.get("DisplayName", ""),
        one.due.isoformat(),
    ]
    told: list[Row] = [{"value": text} for text in cells]
    told[1]["id"] = one.row["Id"]
    told[3]["id"] = one.whom
    return {
        "ColData": [*told, *_cells([home(one.row, one.row.get("TotalAmt", ZERO))])[:1], *_cells([one.amount])[:1]],
        "type": "Data",
    }


def _cells(amounts: list[Decimal]) -> list[Row]:
    """The amounts and their sum: text with two digits, empty for nothing."""
    return [{"value": f"{amount:.2f}" if amount else ""} for amount in [*amounts, sum(amounts, ZERO)]]


class _Tree:
    """Customers with what hangs below them as sections, whose sums are not to be added to the leaves."""

    def __init__(self, books: Books, side: str, sums: Mapping[str, list[Decimal]], parent_balance: str) -> None:
        self._books = books
        self._side = side
        self._sums = sums
        self._parent_balance = parent_balance
        self._below: dict[str, list[str]] = {}
        for version in books.seen(side):
            if version.row:
                self._below.setdefault(reference(version.row, "ParentRef"), []).append(version.row["Id"])

    def rows(self, parent: str = "") -> list[Row]:
        named = sorted(self._below.get(parent, []), key=self._name)
        return [row for whom in named for row in self._row(whom)]

    def _name(self, id: str) -> str:
        return str(self._books.must(self._side, id)["DisplayName"])

    def _row(self, id: str) -> list[Row]:
        below = self.rows(id)
        who = {"value": self._name(id), "id": id}
        own = self._sums.get(id)
        if not below:
            return [{"ColData": [who, *_cells(own)]}] if own else []
        width = len(next(iter(self._sums.values())))
        nothing = [{"value": ""}] * (width + 1)
        leaf = [{"ColData": [who, *_cells(own)]}] if own and self._parent_balance == "leaf" else []
        head = _cells(own) if own and self._parent_balance == "header" else nothing
        total = [{"value": f"Total {who['value']}"}, *_cells(self._whole(id, width))]
        return [
            {
                "Header": {"ColData": [who, *head]},
                "Rows": {"Row": [*leaf, *below]},
                "Summary": {"ColData": total},
                "type": "Section",
            }
        ]

    def _whole(self, id: str, width: int) -> list[Decimal]:
        sums = list(self._sums.get(id, [ZERO] * width))
        for child in self._below.get(id, []):
            sums = [left + right for left, right in zip(sums, self._whole(child, width), strict=True)]
        return sums
