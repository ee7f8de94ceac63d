"""Lines of documents in books at Xero, and what they come to; the kinds of things that books hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from .xero_json import Raw, cents, fourths

ZERO = Decimal("0.00")
TAX_PERCENT = {"OUTPUT2": 15, "INPUT2": 15, "NONE": 0, "ZERORATED": 0}
TAX_NAMES = {
    "OUTPUT2": "15% GST on Income",
    "INPUT2": "15% GST on Expenses",
    "NONE": "No GST",
    "ZERORATED": "Zero Rated",
}
CLASSES = {"BANK": "ASSET", "CURRENT": "ASSET", "FIXED": "ASSET", "REVENUE": "REVENUE", "EXPENSE": "EXPENSE"}
CLASSES |= {"CURRLIAB": "LIABILITY", "EQUITY": "EQUITY"}
CHART: tuple[tuple[str, str, str, str, str], ...] = (  # code, name, type, tax, system account
    ("090", "Business Bank Account", "BANK", "NONE", ""),
    ("091", "Business Savings Account", "BANK", "NONE", ""),
    ("180", "Accumulated Depreciation", "FIXED", "NONE", ""),
    ("200", "Sales", "REVENUE", "OUTPUT2", ""),
    ("260", "Other Revenue", "REVENUE", "OUTPUT2", ""),
    ("400", "Advertising", "EXPENSE", "INPUT2", ""),
    ("429", "General Expenses", "EXPENSE", "INPUT2", ""),
    ("610", "Accounts Receivable", "CURRENT", "NONE", "DEBTORS"),
    ("720", "Computer Equipment", "FIXED", "INPUT2", ""),
    ("800", "Accounts Payable", "CURRLIAB", "NONE", "CREDITORS"),
    ("820", "GST", "CURRLIAB", "NONE", "GST"),
)


@dataclass(frozen=True)
class Kind:
    """`name` is what a list of them is called; `lines` holds their lines, if they have any."""

    name: str
    key: str
    lines: str = ""
    paged: bool = True
    since: str = "UpdatedDateUTC"  # what If-Modified-Since is compared with
    number: str = ""  # by which one may be asked for, too
    statuses: tuple[str, ...] = ("DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED")
    twins: tuple[str, ...] = ()  # dates that are also told as text


KINDS = {
    kind.name: kind
    for kind in (
        Kind("Contacts", "ContactID", number="ContactNumber", statuses=("ACTIVE", "ARCHIVED", "GDPRREQUEST")),
        Kind("Invoices", "InvoiceID", "LineItems", number="InvoiceNumber", twins=("Date", "DueDate")),
        Kind("CreditNotes", "CreditNoteID", "LineItems", number="CreditNoteNumber", twins=("Date",)),
        Kind("Overpayments", "OverpaymentID", "LineItems", twins=("Date",)),
        Kind("Prepayments", "PrepaymentID", "LineItems", twins=("Date",)),
        Kind("BankTransactions", "BankTransactionID", "LineItems", twins=("Date",)),
        Kind("BankTransfers", "BankTransferID", paged=False, since="CreatedDateUTC", twins=("Date", "CreatedDateUTC")),
        Kind("Payments", "PaymentID", statuses=("AUTHORISED", "DELETED")),
        Kind("ManualJournals", "ManualJournalID", "JournalLines"),
        Kind("Accounts", "AccountID", paged=False, statuses=("ACTIVE", "ARCHIVED", "DELETED")),
        Kind("Items", "ItemID", paged=False, number="Code"),
    )
}


@dataclass
class Record:
    """One thing in the books. `versions`: since when it can be seen, and how it was then; the newest comes last."""

    kind: str
    id: str
    place: int  # in order of creation
    versions: list[tuple[datetime, Raw]] = field(default_factory=list)

    @property
    def fields(self) -> Raw:
        return self.versions[-1][1]

    def write(self, fields: Raw, visible_at: datetime, now: datetime) -> None:
        if visible_at <= now:
            self.versions.clear()
        self.versions.append((visible_at, fields))

    def shown(self, now: datetime) -> Raw | None:
        """How it is seen now, by those who list."""
        for visible_at, fields in reversed(self.versions):
            if visible_at <= now:
                return fields
        return None


Line = tuple[Any, ...] | Mapping[str, Any]


def line_of(given: Line, types: str, new_id: Callable[[str], str], places: int = 4, tax: str = "NONE") -> Raw:
    """(description, quantity, unit amount, account code, tax type), or the fields by their names; the rest follows."""
    if isinstance(given, tuple):
        names = ("Description", "Quantity", "UnitAmount", "AccountCode", "TaxType")
        given = dict(zip(names, given, strict=False))
    quantity = fourths(given.get("Quantity", 1))
    rounded = fourths if places == 4 else cents
    unit = rounded(given.get("UnitAmount", 0))
    discount = Decimal(str(given.get("DiscountRate", 0)))
    amount = cents(quantity * unit * (100 - discount) / 100)
    kind = given.get("TaxType") or tax
    line = {"LineItemID": given.get("LineItemID") or new_id("line"), "Description": given.get("Description", "")}
    line |= {"Quantity": quantity, "UnitAmount": fourths(unit), "LineAmount": amount, "TaxType": kind}
    line |= {"TaxAmount": tax_in(amount, kind, types), "Tracking": [dict(each) for each in given.get("Tracking", ())]}
    line |= {name: given[name] for name in ("AccountCode", "ItemCode") if given.get(name)}
    return line | ({"DiscountRate": cents(discount)} if discount else {})


def tax_in(amount: Decimal, kind: str, types: str) -> Decimal:
    percent = TAX_PERCENT.get(kind, 0)
    if types == "Exclusive":
        return cents(amount * percent / 100)
    return cents(amount * percent / (100 + percent)) if types == "Inclusive" else ZERO


def totals(lines: Iterable[Raw], types: str) -> dict[str, Decimal]:
    """What all lines come to."""
    lines = list(lines)
    amount = sum((line["LineAmount"] for line in lines), ZERO)
    tax = sum((line["TaxAmount"] for line in lines), ZERO)
    if types == "Inclusive":
        return {"SubTotal": amount - tax, "TotalTax": tax, "Total": amount}
    return {"SubTotal": amount, "TotalTax": tax, "Total": amount + tax}


def journal_line(given: Line) -> Raw:
    """(amount, account code, description): debits are positive, credits negative."""
    if isinstance(given, tuple):
        given = dict(zip(("LineAmount", "AccountCode", "Description"), given, strict=False))
    line = {"Description": given.get("Description", ""), "TaxType": given.get("TaxType", "NONE")}
    line |= {"TaxAmount": ZERO, "LineAmount": cents(given.get("LineAmount", 0)), "IsBlank": False}
    return line | {"AccountCode": given.get("AccountCode", ""), "Tracking": [*given.get("Tracking", ())]}
