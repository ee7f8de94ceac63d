"""What programs get: records of Xero as frozen dataclasses, money as Decimal, days as dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .amounts import NOTHING, amount_of, optional_amount
from .moments import day_of, from_xero_date

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class XeroContact:
    """A customer, a supplier, or both."""

    contact_id: str
    name: str
    status: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    account_number: str = ""
    tax_number: str = ""
    is_customer: bool = False
    is_supplier: bool = False
    default_currency: str = ""
    merged_to_contact_id: str = ""
    updated_at: datetime | None = None

    @classmethod
    def read(cls, raw: Raw) -> XeroContact:
        return cls(
            contact_id=raw["ContactID"],
            name=raw["Name"],
            status=raw.get("ContactStatus") or "",
            email=raw.get("EmailAddress") or "",
            first_name=raw.get("FirstName") or "",
            last_name=raw.get("LastName") or "",
            account_number=raw.get("AccountNumber") or "",
            tax_number=raw.get("TaxNumber") or "",
            is_customer=bool(raw.get("IsCustomer")),
            is_supplier=bool(raw.get("IsSupplier")),
            default_currency=raw.get("DefaultCurrency") or "",
            merged_to_contact_id=raw.get("MergedToContactID") or "",
            updated_at=_updated_at(raw),
        )


@dataclass(frozen=True, slots=True)
class XeroLineItem:
    """A line of a document. Amounts may be given as text, whole numbers or Decimal."""

    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_amount: Decimal = NOTHING
    account_code: str = ""
    tax_type: str = ""
    item_code: str = ""
    line_amount: Decimal | None = None  # None: Xero computes it
    tax_amount: Decimal | None = None
    line_item_id: str = ""

    def __post_init__(self) -> None:
        for name in ("quantity", "unit_amount", "line_amount", "tax_amount"):
            object.__setattr__(self, name, optional_amount(getattr(self, name)))

    @classmethod
    def read(cls, raw: Raw) -> XeroLineItem:
        return cls(
            description=raw.get("Description") or "",
            quantity=amount_of(raw.get("Quantity")),
            unit_amount=amount_of(raw.get("UnitAmount")),
            account_code=raw.get("AccountCode") or "",
            tax_type=raw.get("TaxType") or "",
            item_code=raw.get("ItemCode") or "",
            line_amount=optional_amount(raw.get("LineAmount")),
            tax_amount=optional_amount(raw.get("TaxAmount")),
            line_item_id=raw.get("LineItemID") or "",
        )


@dataclass(frozen=True, slots=True)
class _Document:
    """What invoices, credits and bank transactions have in common. `type` tells which side an amount is on."""

    type: str
    status: str
    contact_id: str
    contact_name: str
    date: date | None
    reference: str
    currency_code: str
    currency_rate: Decimal | None  # units of this currency for one of the organisation's own
    line_amount_types: str
    line_items: tuple[XeroLineItem, ...]
    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    updated_at: datetime | None

    @staticmethod
    def common(raw: Raw) -> dict[str, Any]:
        contact = raw.get("Contact") or {}
        return {
            "type": raw["Type"],
            "status": raw["Status"],
            "contact_id": contact.get("ContactID") or "",
            "contact_name": contact.get("Name") or "",
            "date": _day(raw, "Date"),
            "reference": raw.get("Reference") or "",
            "currency_code": raw.get("CurrencyCode") or "",
            "currency_rate": optional_amount(raw.get("CurrencyRate")),
            "line_amount_types": raw.get("LineAmountTypes") or "",
            "line_items": tuple(map(XeroLineItem.read, raw.get("LineItems") or ())),
            "sub_total": amount_of(raw.get("SubTotal")),
            "total_tax": amount_of(raw.get("TotalTax")),
            "total": amount_of(raw["Total"]),
            "updated_at": _updated_at(raw),
        }


@dataclass(frozen=True, slots=True)
class XeroInvoice(_Document):
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""

    invoice_id: str
    invoice_number: str
    due_date: date | None
    fully_paid_on: date | None
    amount_due: Decimal
    amount_paid: Decimal
    amount_credited: Decimal

    @classmethod
    def read(cls, raw: Raw) -> XeroInvoice:
        return cls(
            **cls.common(raw),
            invoice_id=raw["InvoiceID"],
            invoice_number=raw.get("InvoiceNumber") or "",  # bills may have none
            due_date=_day(raw, "DueDate"),
            fully_paid_on=_day(raw, "FullyPaidOnDate"),
            amount_due=amount_of(raw.get("AmountDue")),
            amount_paid=amount_of(raw.get("AmountPaid")),
            amount_credited=amount_of(raw.get("AmountCredited")),
        )


@dataclass(frozen=True, slots=True)
class XeroCreditNote(_Document):
    """A credit note to a customer (ACCRECCREDIT) or from a supplier (ACCPAYCREDIT)."""

    credit_note_id: str
    credit_note_number: str
    remaining_credit: Decimal

    @classmethod
    def read(cls, raw: Raw) -> XeroCreditNote:
        return cls(
            **cls.common(raw),
            credit_note_id=raw["CreditNoteID"],
            credit_note_number=raw.get("CreditNoteNumber") or "",
            remaining_credit=amount_of(raw.get("RemainingCredit")),
        )


@dataclass(frozen=True, slots=True)
class XeroOverpayment(_Document):
    """More than was owed: a customer paid it (RECEIVE-OVERPAYMENT), or the organisation did (SPEND-OVERPAYMENT)."""

    overpayment_id: str
    remaining_credit: Decimal

    @classmethod
    def read(cls, raw: Raw) -> XeroOverpayment:
        return cls(
            **cls.common(raw),
            overpayment_id=raw["OverpaymentID"],
            remaining_credit=amount_of(raw.get("RemainingCredit")),
        )


@dataclass(frozen=True, slots=True)
class XeroPrepayment(_Document):
    """What was paid before there was an invoice, by a customer (RECEIVE-PREPAYMENT) or by the organisation."""

    prepayment_id: str
    remaining_credit: Decimal

    @classmethod
    def read(cls, raw: Raw) -> XeroPrepayment:
        return cls(
            **cls.common(raw),
            prepayment_id=raw["PrepaymentID"],
            remaining_credit=amount_of(raw.get("RemainingCredit")),
        )


@dataclass(frozen=True, slots=True)
class XeroBankTransaction(_Document):
    """Money spent (SPEND…) or received (RECEIVE…) at a bank account."""

    bank_transaction_id: str
    bank_account_id: str
    bank_account_name: str
    is_reconciled: bool

    @classmethod
    def read(cls, raw: Raw) -> XeroBankTransaction:
        account = raw.get("BankAccount") or {}
        return cls(
            **cls.common(raw),
            bank_transaction_id=raw["BankTransactionID"],
            bank_account_id=account.get("AccountID") or "",
            bank_account_name=account.get("Name") or "",
            is_reconciled=bool(raw.get("IsReconciled")),
        )


@dataclass(frozen=True, slots=True)
class XeroPayment:
    """Money that settles an invoice, a credit note, an overpayment or a prepayment.

    `amount` is in the currency of what is paid, `bank_amount` in that of the account.
    """

    payment_id: str
    status: str
    payment_type: str
    date: date | None
    amount: Decimal
    bank_amount: Decimal | None
    currency_code: str
    currency_rate: Decimal | None
    reference: str
    invoice_id: str
    credit_note_id: str
    number: str  # of what is paid
    contact_name: str
    account_id: str
    account_code: str
    is_reconciled: bool
    updated_at: datetime | None

    @classmethod
    def read(cls, raw: Raw) -> XeroPayment:
        names = ("Invoice", "CreditNote", "Prepayment", "Overpayment")
        paid: Raw = next((raw[name] for name in names if raw.get(name)), {})
        credit, account = raw.get("CreditNote") or {}, raw.get("Account") or {}  # a credit is also called an invoice
        return cls(
            payment_id=raw["PaymentID"],
            status=raw["Status"],
            payment_type=raw.get("PaymentType") or "",
            date=_day(raw, "Date"),
            amount=amount_of(raw["Amount"]),
            bank_amount=optional_amount(raw.get("BankAmount")),
            currency_code=paid.get("CurrencyCode") or "",
            currency_rate=optional_amount(raw.get("CurrencyRate")),
            reference=raw.get("Reference") or "",
            invoice_id="" if credit else (raw.get("Invoice") or {}).get("InvoiceID") or "",
            credit_note_id=credit.get("CreditNoteID") or "",
            number=paid.get("InvoiceNumber") or paid.get("CreditNoteNumber") or "",
            contact_name=(paid.get("Contact") or {}).get("Name") or "",
            account_id=account.get("AccountID") or "",
            account_code=account.get("Code") or "",
            is_reconciled=bool(raw.get("IsReconciled")),
            updated_at=_updated_at(raw),
        )


@dataclass(frozen=True, slots=True)
class XeroAccount:
    """An account of the chart, bank accounts among them."""

    account_id: str
    code: str
    name: str
    type: str
    account_class: str
    status: str
    description: str = ""
    currency_code: str = ""
    tax_type: str = ""
    bank_account_number: str = ""
    system_account: str = ""
    updated_at: datetime | None = None

    @classmethod
    def read(cls, raw: Raw) -> XeroAccount:
        return cls(
            account_id=raw["AccountID"],
            code=raw.get("Code") or "",  # bank accounts may have none
            name=raw["Name"],
            type=raw.get("Type") or "",
            account_class=raw.get("Class") or "",
            status=raw.get("Status") or "",
            description=raw.get("Description") or "",
            currency_code=raw.get("CurrencyCode") or "",
            tax_type=raw.get("TaxType") or "",
            bank_account_number=raw.get("BankAccountNumber") or "",
            system_account=raw.get("SystemAccount") or "",
            updated_at=_updated_at(raw),
        )


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a manual journal: a debit or a credit. Amounts may be given as text, whole numbers or Decimal."""

    account_code: str
    debit: Decimal = NOTHING
    credit: Decimal = NOTHING
    description: str = ""
    tax_type: str = ""

    def __post_init__(self) -> None:
        for name in ("debit", "credit"):
            object.__setattr__(self, name, amount_of(getattr(self, name)))

    @property
    def line_amount(self) -> Decimal:
        """As Xero writes it: debits above zero, credits below."""
        return self.debit - self.credit

    @classmethod
    def read(cls, raw: Raw) -> JournalLine:
        amount = amount_of(raw.get("LineAmount"))
        return cls(
            account_code=raw.get("AccountCode") or "",
            debit=max(amount, NOTHING),
            credit=max(-amount, NOTHING),
            description=raw.get("Description") or "",
            tax_type=raw.get("TaxType") or "",
        )


@dataclass(frozen=True, slots=True)
class XeroManualJournal:
    """A journal that somebody wrote by hand, in the organisation's own currency."""

    manual_journal_id: str
    narration: str
    date: date | None
    status: str
    lines: tuple[JournalLine, ...]
    updated_at: datetime | None = None

    @classmethod
    def read(cls, raw: Raw) -> XeroManualJournal:
        return cls(
            manual_journal_id=raw["ManualJournalID"],
            narration=raw.get("Narration") or "",
            date=_day(raw, "Date"),
            status=raw["Status"],
            lines=tuple(map(JournalLine.read, raw.get("JournalLines") or ())),
            updated_at=_updated_at(raw),
        )


def _day(raw: Raw, name: str) -> date | None:
    return day_of(raw[name]) if raw.get(name) else None


def _updated_at(raw: Raw) -> datetime | None:
    return from_xero_date(raw["UpdatedDateUTC"]) if raw.get("UpdatedDateUTC") else None
