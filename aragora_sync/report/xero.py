"""What `xero` stores: the names of its items and fields."""

from __future__ import annotations

from collections.abc import Iterable

from .figures import Receivable
from .reading import Found, Stored, amount, currency, day, renamed

NEEDED = {"invoices": "invoices"}
WANTED = {
    "credit_notes": "credits",
    "overpayments": "payments beyond what was owed",
    "prepayments": "payments ahead of invoices",
}
KINDS = frozenset({"contact", "invoice", "credit_note", "overpayment", "prepayment"})
OPEN = "AUTHORISED"  # drafts are not owed yet, and what is paid or voided is owed no more
SALES = "ACCREC"
OF_CUSTOMERS = ("ACCREC", "RECEIVE", "AR")  # how the types of their credits begin


def read(stored: Stored) -> Found:
    """Open sales invoices, and credits of customers as far as they remain. Those of suppliers are no receivables."""
    fields = stored.fields
    if stored.kind == "contact" or fields.get("Status") != OPEN:
        return Found()
    if stored.kind == "invoice":
        return Found([_receivable(stored, "AmountDue", 1)] if fields["Type"] == SALES else [])
    return Found([_receivable(stored, "RemainingCredit", -1)] if fields["Type"].startswith(OF_CUSTOMERS) else [])


def settle(connector: str, found: Found, items: Iterable[Stored]) -> None:
    """Each document says itself what is open of it, but may tell an older name of its contact."""
    names = {str(one.fields.get("ContactID")): one.title for one in items if one.kind == "contact"}
    found.receivables[:] = renamed(found.receivables, names)


def _receivable(stored: Stored, field: str, sign: int) -> Receivable:
    fields = stored.fields
    contact, dated_on = fields.get("Contact") or {}, day(fields.get("Date"))
    return Receivable(
        stored.origin,
        customer_id=str(contact.get("ContactID") or ""),
        customer=str(contact.get("Name") or ""),
        currency=currency(fields.get("CurrencyCode")),
        open=sign * amount(fields.get(field)),
        dated_on=dated_on,
        due_on=(day(fields.get("DueDate")) or dated_on) if sign > 0 else None,
        number=str(fields.get("InvoiceNumber") or fields.get("CreditNoteNumber") or ""),
    )
