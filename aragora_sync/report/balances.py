"""What lies on bank accounts, and what the books say that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from ..core.money import total
from .figures import Balance, BookBalance, Section, items_of, money, optional_money

SUMS = {"depository": "cash", "credit": "credit_owed", "loan": "loan_owed", "investment": "investments"}
OTHERS = "other"  # the sum of all accounts of another type
LIABILITIES = frozenset({"credit", "loan"})  # their balance is what is owed


def bank_balances(balances: Iterable[Balance]) -> Section:
    """All accounts, and what they add up to by currency and kind; what is owed is never taken off what is there."""
    accounts = sorted(balances, key=lambda one: (one.currency, one.institution, one.name, one.origin))
    by_currency: dict[str, list[Balance]] = defaultdict(list)
    for one in accounts:
        by_currency[one.currency].append(one)
    is_realtime = bool(accounts) and all(one.is_realtime for one in accounts)
    return {
        "freshness": "realtime" if is_realtime else "cached",
        "accounts": list(map(_account, accounts)),
        "by_currency": {currency: _sums(found) for currency, found in by_currency.items()},
    }


def worth(balance: Balance) -> Decimal | None:
    """What counts of an account: of cash, what can be had."""
    if balance.type == "depository" and balance.available is not None:
        return balance.available
    return balance.current


def cash(balances: Iterable[Balance], currency: str) -> Decimal | None:
    """All cash in a currency; None where no account of it tells a balance."""
    return _sum([one for one in balances if one.type == "depository" and one.currency == currency], 0)


def book_cash(books: Iterable[BookBalance], balances: Sequence[Balance]) -> Section:
    """By currency. It is the same money as at the bank, seen from the books, so it is never added to it.

    `difference` is what the books have and the bank has not cleared yet; None where the bank is not known.
    """
    by_currency: dict[str, list[BookBalance]] = defaultdict(list)
    for one in books:
        by_currency[one.currency].append(one)
    found: Section = {}
    for currency, accounts in by_currency.items():
        booked, banked = total(one.current for one in accounts), cash(balances, currency)
        found[currency] = {
            "total": money(booked),
            "difference": None if banked is None else money(booked - banked),
            "accounts": [_book_account(one) for one in sorted(accounts, key=lambda one: (one.name, one.origin))],
        }
    return found


def linked_twice(balances: Iterable[Balance]) -> list[tuple[Balance, Balance]]:
    """Accounts that look like one, linked by two logins."""
    seen: dict[tuple[str, ...], Balance] = {}
    pairs = []
    for one in sorted(balances, key=lambda one: one.origin):
        looks = (one.institution, one.mask, one.name, one.type, one.subtype, one.currency)
        first = seen.setdefault(looks, one)
        if one.mask and one.institution and first.item_id != one.item_id:
            pairs.append((first, one))
    return pairs


def _account(one: Balance) -> Section:
    return {
        "connector": one.origin.connector,
        "item": one.origin.id,
        "account_id": one.account_id,
        "item_id": one.item_id,
        "institution": one.institution,
        "name": one.name,
        "mask": one.mask,
        "type": one.type,
        "subtype": one.subtype,
        "current": optional_money(one.current),
        "available": optional_money(one.available),
        "limit": optional_money(one.limit),
        "currency": one.currency,
        "role": "liability" if one.type in LIABILITIES else "asset",
    }


def _book_account(one: BookBalance) -> Section:
    return {
        "connector": one.origin.connector,
        "item": one.origin.id,
        "account_id": one.account_id,
        "name": one.name,
        "current": money(one.current),
    }


def _sums(accounts: Sequence[Balance]) -> Section:
    by_sum: Mapping[str, list[Balance]] = {name: [] for name in (*SUMS.values(), OTHERS)}
    for one in accounts:
        by_sum[SUMS.get(one.type, OTHERS)].append(one)
    sums: Section = {name: optional_money(_sum(found, None)) for name, found in by_sum.items()}
    return {**sums, "items": {name: items_of(one.origin for one in found) for name, found in by_sum.items() if found}}


def _sum(accounts: Sequence[Balance], least: int | None) -> Decimal | None:
    """Nothing where there is no account, unless `least` are needed; None where none of those that are there tells."""
    told = [amount for one in accounts if (amount := worth(one)) is not None]
    unknown = not told and (bool(accounts) or least is not None)
    return None if unknown else total(told)
