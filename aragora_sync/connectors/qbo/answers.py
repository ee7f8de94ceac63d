"""Typed answers for programs. Money is exact, and says its currency; dates have no zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .entities import Entity
from .items import currency_of, home_total_of, is_voided, name_of, party_of, total_of
from .values import amount, changed_at, day, optional_amount, reference

if TYPE_CHECKING:
    from .company import Company, Raw


@dataclass(frozen=True, slots=True)
class QBOCustomer:
    """Who buys, or is bought from: customers and vendors alike. `balance` is what is open between both."""

    id: str
    display_name: str
    company_name: str
    email: str
    phone: str
    balance: Decimal
    currency: str
    active: bool
    updated_at: datetime

    @classmethod
    def read(cls, raw: Raw, company: Company) -> QBOCustomer:
        return cls(
            str(raw["Id"]),
            name_of(raw),
            str(raw.get("CompanyName") or ""),
            str((raw.get("PrimaryEmailAddr") or {}).get("Address") or ""),
            str((raw.get("PrimaryPhone") or {}).get("FreeFormNumber") or ""),
            amount(raw.get("Balance")),
            reference(raw, "CurrencyRef")[0] or company.home_currency(),
            bool(raw.get("Active", True)),
            changed_at(raw),
        )


QBOVendor = QBOCustomer


@dataclass(frozen=True, slots=True)
class QBOItem:
    """What is sold or bought."""

    id: str
    name: str
    type: str
    description: str
    unit_price: Decimal | None
    currency: str
    active: bool
    updated_at: datetime

    @classmethod
    def read(cls, raw: Raw, company: Company) -> QBOItem:
        return cls(
            str(raw["Id"]),
            name_of(raw),
            str(raw.get("Type") or ""),
            str(raw.get("Description") or ""),
            optional_amount(raw.get("UnitPrice")),
            company.home_currency(),
            bool(raw.get("Active", True)),
            changed_at(raw),
        )


@dataclass(frozen=True, slots=True)
class QBOAccount:
    """One account of the chart of accounts."""

    id: str
    name: str
    account_type: str
    account_sub_type: str
    number: str
    current_balance: Decimal
    currency: str
    active: bool
    updated_at: datetime

    @classmethod
    def read(cls, raw: Raw, company: Company) -> QBOAccount:
        return cls(
            str(raw["Id"]),
            name_of(raw),
            str(raw.get("AccountType") or ""),
            str(raw.get("AccountSubType") or ""),
            str(raw.get("AcctNum") or ""),
            amount(raw.get("CurrentBalance")),
            reference(raw, "CurrencyRef")[0] or company.home_currency(),
            bool(raw.get("Active", True)),
            changed_at(raw),
        )


@dataclass(frozen=True, slots=True)
class QBOLine:
    """One line of a transaction. `posting` is Debit or Credit, in journal entries alone."""

    description: str
    amount: Decimal
    account: str
    item: str
    posting: str

    @classmethod
    def read(cls, raw: Raw) -> QBOLine:
        detail = raw.get(str(raw.get("DetailType") or "")) or {}
        return cls(
            str(raw.get("Description") or ""),
            amount(raw.get("Amount")),
            reference(detail, "AccountRef")[1],
            reference(detail, "ItemRef")[1],
            str(detail.get("PostingType") or ""),
        )


@dataclass(frozen=True, slots=True)
class QBOTransaction:
    """One transaction. Amounts are positive in their own document; `type` says what that means. `home_total` is in the
    currency of the books, where the transaction is in another.
    """

    id: str
    type: str
    number: str
    txn_date: date | None
    due_date: date | None
    party: str
    total: Decimal | None
    balance: Decimal | None
    currency: str
    home_total: Decimal | None
    note: str
    voided: bool
    lines: tuple[QBOLine, ...]
    updated_at: datetime

    @classmethod
    def read(cls, entity: Entity, raw: Raw, company: Company) -> QBOTransaction:
        currency = currency_of(raw, company)
        return cls(
            str(raw["Id"]),
            entity.name,
            str(raw.get("DocNumber") or ""),
            day(raw.get("TxnDate")),
            day(raw.get("DueDate")),
            party_of(raw),
            total_of(raw),
            optional_amount(raw.get("Balance")),
            currency,
            home_total_of(raw, currency, company),
            str(raw.get("PrivateNote") or ""),
            is_voided(raw),
            tuple(QBOLine.read(line) for line in raw.get("Line") or []),
            changed_at(raw),
        )
