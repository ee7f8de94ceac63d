"""What is still owed: how payments and credits change the documents they are for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .xero_documents import KINDS, ZERO
from .xero_json import Raw

if TYPE_CHECKING:
    from .xero_books import Books

CREDITS = ("CreditNotes", "Prepayments", "Overpayments")


def payments_of(books: Books, document: str) -> list[Raw]:
    """Payments that hold, in short."""
    kind = books.records[document].kind
    found = [
        one.fields
        for one in books.of_kind("Payments")
        if one.fields["Status"] == "AUTHORISED"
        and one.fields.get(kind.removesuffix("s"), {}).get(KINDS[kind].key) == document
    ]
    kept = ("PaymentID", "Date", "Amount", "Reference", "CurrencyRate")
    return [{**{name: one[name] for name in kept}, "HasAccount": False, "HasValidationErrors": False} for one in found]


def credits_of(books: Books, invoice: str, kind: str) -> Iterator[Raw]:
    """What was set against the invoice from credits of this kind, in short."""
    for record in books.of_kind(kind):
        for one in record.fields["Allocations"]:
            if one["Invoice"]["InvoiceID"] == invoice:
                told = {KINDS[kind].key: record.id, "ID": record.id, "AppliedAmount": one["Amount"]}
                number = record.fields.get("CreditNoteNumber")
                yield told | {"Date": one["Date"]} | ({"CreditNoteNumber": number} if number else {})


def settle_invoice(books: Books, invoice: str, now: datetime) -> None:
    """The amounts of an invoice, and whether it is paid."""
    before = books.fields(invoice)
    payments = payments_of(books, invoice)
    credited = {kind: list(credits_of(books, invoice, kind)) for kind in CREDITS}
    amount_paid = _sum(one["Amount"] for one in payments)
    amount_credited = _sum(one["AppliedAmount"] for each in credited.values() for one in each)
    due = before["Total"] - amount_paid - amount_credited
    if due < 0:
        raise ValueError("more was paid than was owed")
    fields: Raw = {"AmountPaid": amount_paid, "AmountCredited": amount_credited, "AmountDue": due}
    books.change(invoice, now, Payments=payments, **credited, **fields, **_state(before, due, payments, now))


def settle_credit(books: Books, credit: str, now: datetime) -> None:
    """What remains of a credit, and whether it is used up."""
    before = books.fields(credit)
    payments = payments_of(books, credit)
    used = _sum(one["Amount"] for one in (*before["Allocations"], *payments))
    left = before["Total"] - used
    if left < 0:
        raise ValueError("more was used than there was")
    books.change(credit, now, Payments=payments, RemainingCredit=left, **_state(before, left, payments, now))


def _state(before: Raw, left: Decimal, payments: list[Raw], now: datetime) -> dict[str, Any]:
    if before["Status"] not in ("AUTHORISED", "PAID"):
        return {}
    if left or not before["Total"]:
        return {"Status": "AUTHORISED", "FullyPaidOnDate": None}
    return {"Status": "PAID", "FullyPaidOnDate": max((one["Date"] for one in payments), default=now.date())}


def _sum(amounts: Iterator[Decimal] | Any) -> Decimal:
    return sum(amounts, ZERO)
