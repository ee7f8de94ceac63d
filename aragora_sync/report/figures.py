"""What a financial document is made of: small facts, each with the item of the store that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any, NamedTuple, TypeAlias

Section: TypeAlias = dict[str, Any]

CENTS = 2
EXACT = Context(prec=200)  # digits: more than any sum of money has, so that none is ever rounded


class Origin(NamedTuple):
    """The item that says so."""

    connector: str
    id: str


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is open of one document. Negative: a credit or a payment that is not taken off any invoice yet.

    `due_on` is None where it is never due, or where the books do not age such a credit.
    """

    origin: Origin
    customer_id: str
    customer: str
    currency: str
    open: Decimal
    dated_on: date | None
    due_on: date | None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """A bank account. `current` of a credit card or a loan is what is owed; None where the bank does not tell."""

    origin: Origin
    account_id: str
    name: str
    type: str
    currency: str
    current: Decimal | None
    available: Decimal | None = None
    limit: Decimal | None = None
    item_id: str = ""
    institution: str = ""
    mask: str = ""
    subtype: str = ""
    is_realtime: bool = False


@dataclass(frozen=True, slots=True)
class BookBalance:
    """What the books say that lies on a bank account."""

    origin: Origin
    account_id: str
    name: str
    currency: str
    current: Decimal


def money(amount: Decimal) -> str:
    """As a document has it: two decimals, or as many more as it takes; the same amount is always the same text."""
    plain = f"{amount:f}"
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0").ljust(CENTS, "0")
    return f"{whole}.{decimals}" if amount else "0." + "0" * CENTS


def optional_money(amount: Decimal | None) -> str | None:
    """The same; what is not known stays so, and is never nothing."""
    return None if amount is None else money(amount)


def items_of(origins: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Ids of items by connector."""
    found: dict[str, list[str]] = {}
    for connector, item_id in sorted(set(origins)):
        found.setdefault(connector, []).append(item_id)
    return found


def sorted_keys(value: Any) -> Any:
    """The same document with every object in order of its keys, so that an unchanged one is the same text."""
    if isinstance(value, Mapping):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(each) for each in value] if isinstance(value, list | tuple) else value
