"""What `xero` stores: the names of its items and fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from .figures import Receivable, money
from .reading import Found, Stored, amount, currency, day

NEEDED = {"invoices": "invoices"}
WANTED = {"credit_notes": "credits"}
KINDS = frozenset({"invoice", "credit_note", "bank_transaction"})
OPEN = "AUTHORISED"  # drafts are not owed yet, and what is paid or voided is owed no more
SALES, CREDIT = "ACCREC", "ACCRECCREDIT"
PAID_AHEAD = frozenset({"RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT"})


def read(stored: Stored) -> Found:
    """Open sales invoices, and credit notes as far as they remain. Bills of suppliers are no receivables."""
    fields = stored.fields
    if fields.get("Status") != OPEN:
        return Found()
    if stored.kind == "invoice" and fields["Type"] == SALES:
        return Found([_receivable(stored, "AmountDue", "InvoiceNumber", 1)])
    if stored.kind == "credit_note" and fields["Type"] == CREDIT:
        return Found([_receivable(stored, "RemainingCredit", "CreditNoteNumber", -1)])
    return Found()


def settle(connector: str, found: Found, items: Iterable[Stored]) -> None:
    """What customers paid ahead is a credit, and Xero's list of bank transactions does not say what remains of it."""
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    for one in items:
        if one.kind == "bank_transaction" and one.fields.get("Type") in PAID_AHEAD and one.fields.get("Status") == OPEN:
            by_currency[str(one.fields.get("CurrencyCode") or "")] += amount(one.fields.get("Total"))
    if by_currency:
        told = ", ".join(f"{money(by_currency[each])} {each}".strip() for each in sorted(by_currency))
        found.warnings.append(f"{connector}: what customers paid ahead is not taken off; it was {told} at first.")


def _receivable(stored: Stored, field: str, number: str, sign: int) -> Receivable:
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
        number=str(fields.get(number) or ""),
    )
