"""Money and other numbers as Xero tells them: exact, from the text of the JSON to the text in the store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from ...core.changes import JSON
from .moments import day_of, from_xero_date, is_xero_date, moment_text

Amount: TypeAlias = "Decimal | int | str | float"

COUNTS = frozenset({"Day"})  # numbers that are no amounts
OF_ANSWERS = frozenset(  # what belongs to an answer, not to the record in it
    {"HasErrors", "HasValidationErrors", "StatusAttributeString", "ValidationErrors", "Warnings"}
)
OF_OTHERS = frozenset({"Balances"})  # what follows from other records, and moves no time of update
REFERENCES = frozenset(  # other records, of which lists tell less than a record alone does
    {
        *("Account", "Allocations", "BankAccount", "BatchPayment", "Contact", "CreditNote", "CreditNotes", "Invoice"),
        *("Overpayment", "Overpayments", "Payments", "Prepayment", "Prepayments"),
    }
)
REFERRED = frozenset(
    {
        *("AccountID", "AllocationID", "BatchPaymentID", "ContactID", "CreditNoteID", "InvoiceID", "OverpaymentID"),
        *("PaymentID", "PrepaymentID", "Name", "Code", "InvoiceNumber", "CreditNoteNumber", "Type", "CurrencyCode"),
        *("Amount", "AppliedAmount", "Date", "Invoice", "IsDeleted"),
    }
)
NOTHING = Decimal(0)
EMPTY: tuple[Any, ...] = (None, "", [], {})


def amount_of(value: Amount | None) -> Decimal:
    """Exact. A float is what its shortest text says: 0.1 is one tenth. Nothing is 0."""
    if value is None:
        return NOTHING
    return value if isinstance(value, Decimal) else Decimal(str(value))


def optional_amount(value: Amount | None) -> Decimal | None:
    return None if value is None else amount_of(value)


def text_of(amount: Decimal) -> str:
    """Its digits as they were told, never with an exponent."""
    return format(amount, "f")


def plain(raw: Any, name: str = "") -> JSON:
    """A record as metadata: the fields by their own names, amounts and times as text. Days stay days.

    What is empty is left out, and of other records only what tells which they are: so it is the same however the
    record was asked for.
    """
    if isinstance(raw, Mapping):
        wanted = {key: value for key, value in raw.items() if not (_is_left_out(key, raw, name) or value in EMPTY)}
        return {key: plain(value, key) for key, value in wanted.items()}
    if isinstance(raw, list):
        return [plain(each, name) for each in raw]
    if isinstance(raw, bool) or raw is None:
        return raw
    if isinstance(raw, int | Decimal):
        return int(raw) if name in COUNTS else text_of(Decimal(raw))
    if is_xero_date(raw):
        return moment_text(from_xero_date(raw)) if name.endswith("UTC") else day_of(raw).isoformat()
    return str(raw)


def _is_left_out(key: str, raw: Mapping[str, Any], name: str) -> bool:
    """Whether it says again what another field says, or nothing about the record."""
    if key in OF_ANSWERS or key in OF_OTHERS or (key.endswith("String") and key.removesuffix("String") in raw):
        return True
    return name in REFERENCES and key not in REFERRED
