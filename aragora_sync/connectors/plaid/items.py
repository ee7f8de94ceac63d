"""Accounts and transactions as items: a text that a person searches for, and Plaid's fields by their own names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ...core.changes import JSON, Item
from .amounts import plain, text_of
from .answers import PlaidAccount, PlaidCredentials, PlaidTransaction

Raw = Mapping[str, Any]

WAYS = {"outflow": "paid", "inflow": "received", "none": "moved"}
PLACE = ("address", "city", "region", "postal_code", "country")
PAYMENT = ("payee", "payer", "reason", "reference_number", "payment_method", "ppd_id", "by_order_of")


def transaction_item(raw: Raw, bank: PlaidCredentials) -> Item:
    """A transaction. It says nothing of its account but the id: what an account is called may change at any time."""
    one = PlaidTransaction.read(raw)
    told: dict[str, Any] = {
        **_metadata(raw, bank),
        "amount": text_of(one.amount),
        "signed_amount": text_of(one.signed_amount),
        "direction": one.direction,
        "currency": one.currency,
        "pending": one.pending,
    }
    return Item(
        id=one.transaction_id,
        kind="transaction",
        title=one.merchant_name or one.name or one.original_description or one.transaction_id,
        content="\n".join(_words(one, raw)),
        parent=one.account_id,
        metadata=told,
    )


def account_item(raw: Raw, bank: PlaidCredentials, freshness: str) -> Item:
    """An account with its balances."""
    one = PlaidAccount.read(raw)
    told: dict[str, Any] = {
        **_metadata(raw, bank),
        "balances": _balances(one, raw["balances"]),
        "currency": one.currency,
        "role": "liability" if one.is_liability else "asset",
        "freshness": freshness,
    }
    return Item(
        id=one.account_id,
        kind="account",
        title=f"{one.name} ••{one.mask}" if one.mask else one.name,
        content="\n".join(_account_words(one, bank)),
        metadata=told,
    )


def _metadata(raw: Raw, bank: PlaidCredentials) -> dict[str, JSON]:
    told: Any = plain(raw)
    about = {"item_id": bank.item_id, "institution_id": bank.institution_id, "institution_name": bank.institution_name}
    return {**told, **{name: value for name, value in about.items() if value}}


def _balances(one: PlaidAccount, raw: Raw) -> dict[str, JSON]:
    """What the bank does not tell is None, which is not zero."""
    amounts = {"current": one.current_balance, "available": one.available_balance, "limit": one.limit}
    others: Any = plain({name: value for name, value in raw.items() if name not in amounts})
    return {**others, **{name: _text(amount) for name, amount in amounts.items()}}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else text_of(amount)


def _words(one: PlaidTransaction, raw: Raw) -> Iterator[str]:
    state = ", pending" if one.pending else ""
    yield f"{one.date.isoformat()}: {WAYS[one.direction]} {money(one.amount.copy_abs(), one.currency)}{state}"
    for label, text in (
        ("Merchant", one.merchant_name),
        ("Name", one.name if one.name != one.merchant_name else ""),
        ("Description", one.original_description if one.original_description != one.name else ""),
        ("Category", _category(one)),
        ("With", ", ".join(each["name"] for each in raw.get("counterparties") or () if each.get("name"))),
        ("Place", _joined(raw.get("location"), PLACE)),
        ("Payment", _joined(raw.get("payment_meta"), PAYMENT)),
        ("Check", raw.get("check_number") or ""),
        ("Authorized", one.authorized_date.isoformat() if one.authorized_date else ""),
    ):
        if text:
            yield f"{label}: {text}"


def _account_words(one: PlaidAccount, bank: PlaidCredentials) -> Iterator[str]:
    yield f"{bank.name}: {' '.join(filter(None, [one.account_type, one.subtype]))}"
    if one.official_name and one.official_name != one.name:
        yield one.official_name
    current = "Owed" if one.is_liability else "Balance"
    limit = "Limit" if one.account_type == "credit" else "Overdraft"
    for label, amount in ((current, one.current_balance), ("Available", one.available_balance), (limit, one.limit)):
        if amount is not None:
            yield f"{label}: {money(amount, one.currency)}"


def money(amount: Decimal, currency: str) -> str:
    """As it is read."""
    return f"{text_of(amount)} {currency}".rstrip()


def _category(one: PlaidTransaction) -> str:
    """FOOD_AND_DRINK and FOOD_AND_DRINK_COFFEE as people say it."""
    detail = one.detailed_category.removeprefix(f"{one.category}_")
    parts = [one.category, detail if detail != one.category else ""]
    return ", ".join(part.replace("_", " ").capitalize() for part in parts if part)


def _joined(raw: Raw | None, names: tuple[str, ...]) -> str:
    return ", ".join(str(raw[name]) for name in names if raw.get(name)) if raw else ""
