"""Records as items: a text that a person searches for, and the fields by their own names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from ...core.changes import JSON, Item
from .amounts import plain
from .answers import (
    XeroAccount,
    XeroBankTransaction,
    XeroContact,
    XeroCreditNote,
    XeroInvoice,
    XeroManualJournal,
    XeroOverpayment,
    XeroPayment,
    XeroPrepayment,
)
from .endpoints import Endpoint
from .moments import from_xero_date, moment_text
from .words import account, bank_transaction, contact, credit_note, invoice, manual_journal, paid_ahead, payment

GO = "https://go.xero.com"

Raw: TypeAlias = Mapping[str, Any]
Described: TypeAlias = "tuple[str, str]"  # title, content


class Shown(NamedTuple):
    """How a kind of record is told, where a person finds it at Xero (empty: nowhere), and what it hangs under."""

    describe: Callable[[Raw], Described]
    address: Callable[[Raw], str]
    parents: Sequence[Sequence[str]] = ()  # stream, field, and the id in it; the first that is there counts


OF_CONTACT = (("contacts", "Contact", "ContactID"),)
PAID = (
    ("credit_notes", "CreditNote", "CreditNoteID"),  # first: a credit note is also called an invoice
    ("overpayments", "Overpayment", "OverpaymentID"),
    ("prepayments", "Prepayment", "PrepaymentID"),
    ("invoices", "Invoice", "InvoiceID"),
)
SHOWN: Mapping[str, Shown] = {
    "contact": Shown(lambda raw: contact(XeroContact.read(raw), raw), lambda raw: f"Contacts/View/{raw['ContactID']}"),
    "invoice": Shown(
        lambda raw: invoice(XeroInvoice.read(raw)),
        lambda raw: (
            f"{'AccountsPayable' if raw['Type'] == 'ACCPAY' else 'AccountsReceivable'}/View.aspx"
            f"?InvoiceID={raw['InvoiceID']}"
        ),
        OF_CONTACT,
    ),
    "credit_note": Shown(
        lambda raw: credit_note(XeroCreditNote.read(raw)),
        lambda raw: (
            f"{'AccountsPayable' if raw['Type'] == 'ACCPAYCREDIT' else 'AccountsReceivable'}/ViewCreditNote.aspx"
            f"?creditNoteID={raw['CreditNoteID']}"
        ),
        OF_CONTACT,
    ),
    "overpayment": Shown(lambda raw: paid_ahead(XeroOverpayment.read(raw)), lambda _raw: "", OF_CONTACT),
    "prepayment": Shown(lambda raw: paid_ahead(XeroPrepayment.read(raw)), lambda _raw: "", OF_CONTACT),
    "payment": Shown(
        lambda raw: payment(XeroPayment.read(raw)),
        lambda _raw: "",
        PAID,
    ),
    "bank_transaction": Shown(
        lambda raw: bank_transaction(XeroBankTransaction.read(raw)),
        lambda raw: f"Bank/ViewTransaction.aspx?bankTransactionID={raw['BankTransactionID']}",
        OF_CONTACT,
    ),
    "account": Shown(lambda raw: account(XeroAccount.read(raw)), lambda _raw: "GeneralLedger/ChartOfAccounts.aspx"),
    "manual_journal": Shown(
        lambda raw: manual_journal(XeroManualJournal.read(raw)),
        lambda raw: f"Journal/View.aspx?invoiceID={raw['ManualJournalID']}",
    ),
}


def id_of(endpoint: Endpoint, record_id: str) -> str:
    return f"{endpoint.name}/{record_id}"


def item_of(endpoint: Endpoint, raw: Raw) -> Item:
    """The same for the same record, however it was asked for."""
    shown = SHOWN[endpoint.kind]
    title, content = shown.describe(raw)
    metadata: Any = plain(raw)
    told = raw.get("UpdatedDateUTC")
    updated_at = from_xero_date(told) if told else None
    return Item(
        id=id_of(endpoint, raw[endpoint.id]),
        kind=endpoint.kind,
        title=title,
        content=content,
        url=f"{GO}/{place}" if (place := shown.address(raw)) else "",
        parent=_parent(shown.parents, metadata),
        updated_at=updated_at,
        version=moment_text(updated_at) if updated_at else "",
        metadata=metadata,
    )


def _parent(where: Sequence[Sequence[str]], metadata: Mapping[str, JSON]) -> str:
    for stream, name, key in where:
        holder = metadata.get(name)
        if isinstance(holder, Mapping) and key in holder:
            return f"{stream}/{holder[key]}"
    return ""
