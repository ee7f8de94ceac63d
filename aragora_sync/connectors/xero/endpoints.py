"""The kinds of records that are read, and how each is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DELETED, VOIDED, FORGOTTEN = "DELETED", "VOIDED", "GDPRREQUEST"
UNIT_DECIMALS = {"unitdp": 4}  # else unit amounts are rounded to two places, and sums no longer agree
ARCHIVED_TOO = {"includeArchived": True}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of Xero's lists. A record whose `status` is one of `gone` is there in name only.

    `ordered`: the list can be asked for by time of update. `by_ids`: several records can be asked for at once.
    """

    name: str  # of the stream
    path: str
    id: str
    kind: str
    scope: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    status: str = "Status"
    gone: frozenset[str] = frozenset({DELETED, VOIDED})
    paged: bool = True
    ordered: bool = True
    by_ids: bool = False


ENDPOINTS: Mapping[str, Endpoint] = {
    each.name: each
    for each in (
        Endpoint(
            *("contacts", "Contacts", "ContactID", "contact", "contacts", ARCHIVED_TOO),
            status="ContactStatus",
            gone=frozenset({FORGOTTEN}),
            by_ids=True,
        ),
        Endpoint(
            *("invoices", "Invoices", "InvoiceID", "invoice", "invoices"),
            asked={**UNIT_DECIMALS, **ARCHIVED_TOO},
            by_ids=True,
        ),
        Endpoint("credit_notes", "CreditNotes", "CreditNoteID", "credit_note", "invoices", UNIT_DECIMALS),
        # Alone, these two take no decimals for unit amounts: asked for without, they are the same on every way.
        Endpoint("overpayments", "Overpayments", "OverpaymentID", "overpayment", "payments"),
        Endpoint("prepayments", "Prepayments", "PrepaymentID", "prepayment", "payments"),
        Endpoint("payments", "Payments", "PaymentID", "payment", "payments"),
        Endpoint(
            *("bank_transactions", "BankTransactions", "BankTransactionID", "bank_transaction", "banktransactions"),
            asked=UNIT_DECIMALS,
        ),
        Endpoint("accounts", "Accounts", "AccountID", "account", "settings", paged=False, ordered=False),
        Endpoint(  # asked for in an order, this list was told whole, whatever was changed
            "manual_journals", "ManualJournals", "ManualJournalID", "manual_journal", "manualjournals", ordered=False
        ),
    )
}


def known_names() -> Sequence[str]:
    return tuple(ENDPOINTS)
