"""What the readers of all connectors share: stored items, and what was found in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from ..core.payroll import PayrollCost
from ..store.base import Entry
from .figures import Balance, BookBalance, Origin, Receivable

Fields: TypeAlias = Mapping[str, Any]

UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)


class Stored(NamedTuple):
    """An item of the store as far as figures need it."""

    origin: Origin
    kind: str
    title: str
    fields: Fields

    @classmethod
    def read(cls, entry: Entry) -> Stored:
        return cls(Origin(entry.connector, entry.id), entry.kind, entry.title, json.loads(entry.metadata))


@dataclass(slots=True)
class Found:
    """What the items of one connector say."""

    receivables: list[Receivable] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    books: list[BookBalance] = field(default_factory=list)
    payrolls: list[PayrollCost] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.receivables += other.receivables
        self.balances += other.balances
        self.books += other.books
        self.payrolls += other.payrolls
        self.warnings += other.warnings


def renamed(receivables: Iterable[Receivable], names: Mapping[str, str]) -> list[Receivable]:
    """The same with the names that customers have now; documents may tell an older one."""
    return [replace(one, customer=names.get(one.customer_id) or one.customer) for one in receivables]


class Unclear(ValueError):
    """An item does not say what a figure of it would need."""


def amount(told: Any) -> Decimal:
    """What is not told is nothing: use it only for fields that a source leaves out where there is nothing."""
    return Decimal(0) if told in (None, "") else _exact(told)


def optional_amount(told: Any) -> Decimal | None:
    return None if told in (None, "") else _exact(told)


def day(told: Any) -> date | None:
    """The day in a date or a moment, as it is written: no zone moves it."""
    return date.fromisoformat(str(told)[:10]) if told else None


def currency(told: Any) -> str:
    """A figure without a currency cannot be added to any other."""
    if not told:
        raise Unclear("it does not say its currency")
    return str(told)


def _exact(told: Any) -> Decimal:
    """Amounts are stored as decimal text; a float would no longer be what the source said."""
    if not isinstance(told, str | int) or isinstance(told, bool):
        raise Unclear(f"{told!r} is no amount as text")
    found = Decimal(told)
    if not found.is_finite():
        raise Unclear(f"{told!r} is no amount")
    return found
