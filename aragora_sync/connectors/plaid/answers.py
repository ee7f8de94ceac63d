"""What Plaid tells, as programs get it; and what a program hands over instead of a login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from .amounts import amount_of, currency_of, optional_amount

Day: TypeAlias = date  # of a calendar, in no zone

LIABILITIES = ("credit", "loan")


class PlaidEnvironment(StrEnum):
    """Where the banks are linked; each has a secret of its own. Plaid has retired DEVELOPMENT, so it is refused."""

    SANDBOX = "sandbox"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class PlaidCredentials:
    """One login at one bank, which Plaid calls an item. Its token does not end by itself, and is never shown."""

    access_token: str = field(repr=False)
    item_id: str = ""
    institution_id: str = ""
    institution_name: str = ""
    user_id: str = ""
    tenant_id: str = ""
    environment: str = ""
    replaces: tuple[str, ...] = ()  # items of the same accounts that Plaid no longer has

    @property
    def name(self) -> str:
        """In the user's words."""
        return self.institution_name or self.institution_id or self.item_id or "a bank"


@dataclass(frozen=True, slots=True)
class PlaidAccount:
    """An account at a bank. Of credit cards and loans the balance is what is owed. None: the bank does not tell."""

    account_id: str
    name: str
    account_type: str
    subtype: str
    mask: str
    official_name: str
    current_balance: Decimal | None
    available_balance: Decimal | None
    limit: Decimal | None
    currency: str

    @property
    def is_liability(self) -> bool:
        """Whether a positive balance is owed, not owned."""
        return self.account_type in LIABILITIES

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> PlaidAccount:
        balances = raw["balances"]
        return cls(
            account_id=raw["account_id"],
            name=raw["name"],
            account_type=raw["type"],
            subtype=raw.get("subtype") or "",
            mask=raw.get("mask") or "",
            official_name=raw.get("official_name") or "",
            current_balance=optional_amount(balances.get("current")),
            available_balance=optional_amount(balances.get("available")),
            limit=optional_amount(balances.get("limit")),
            currency=currency_of(balances),
        )


@dataclass(frozen=True, slots=True)
class PlaidTransaction:
    """Money that moved. `amount` as Plaid has it: positive went out of the account, negative came in.

    Days are those of the bank, where it is. `category` and `detailed_category` are Plaid's personal finance category.
    """

    transaction_id: str
    account_id: str
    date: Day
    name: str
    amount: Decimal
    currency: str
    category: str
    detailed_category: str
    merchant_name: str
    original_description: str
    authorized_date: Day | None
    payment_channel: str
    pending: bool
    pending_transaction_id: str

    @property
    def signed_amount(self) -> Decimal:
        """As a statement has it: what came in is positive."""
        return self.amount.copy_negate() if self.amount else self.amount  # `-` would round

    @property
    def direction(self) -> str:
        """outflow, inflow, or none where nothing moved."""
        if not self.amount:
            return "none"
        return "outflow" if self.amount > 0 else "inflow"

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> PlaidTransaction:
        category = raw.get("personal_finance_category") or {}
        authorized = raw.get("authorized_date")
        return cls(
            transaction_id=raw["transaction_id"],
            account_id=raw["account_id"],
            date=Day.fromisoformat(raw["date"]),
            name=raw.get("name") or "",
            amount=amount_of(raw["amount"]),
            currency=currency_of(raw),
            category=category.get("primary") or "",
            detailed_category=category.get("detailed") or "",
            merchant_name=raw.get("merchant_name") or "",
            original_description=raw.get("original_description") or "",
            authorized_date=Day.fromisoformat(authorized) if authorized else None,
            payment_channel=raw.get("payment_channel") or "",
            pending=bool(raw["pending"]),
            pending_transaction_id=raw.get("pending_transaction_id") or "",
        )
