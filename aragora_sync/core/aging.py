"""Who owes how much, and for how long: the shape in which connectors and reports tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from .money import NOTHING

BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")
LAST_DAYS = (0, 30, 60, 90)  # of all buckets but the last


class Owed(NamedTuple):
    """What is open of one document. Negative: a credit that is not taken off any invoice yet."""

    customer_id: str
    customer: str
    currency: str
    amount: Decimal
    dated_on: date | None
    due_on: date | None  # None: it is never due

    def is_later(self, day: date) -> bool:
        """Whether on that day it was not there yet."""
        return self.dated_on is not None and self.dated_on > day


@dataclass(frozen=True, slots=True)
class AgingRow:
    """What one customer owes, by how long it is due. Negative where the customer is owed."""

    customer_id: str
    customer: str
    amounts: tuple[Decimal, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class AgingReport:
    """Who owes how much, by how many days it is overdue, in one currency."""

    as_of: date
    currency: str
    rows: tuple[AgingRow, ...]
    totals: tuple[Decimal, ...]
    total: Decimal
    source_time: datetime | None
    basis: str = "due_date"
    buckets: tuple[str, ...] = BUCKETS
    source: str = ""

    @classmethod
    def of_rows(
        cls, source: str, as_of: date, currency: str, rows: Sequence[AgingRow], source_time: datetime | None
    ) -> AgingReport:
        """The same with what the rows add up to."""
        totals = tuple(sum((row.amounts[place] for row in rows), NOTHING) for place in range(len(BUCKETS)))
        total = sum((row.total for row in rows), NOTHING)
        return cls(as_of, currency, tuple(rows), totals, total, source_time, source=source)


def bucket_of(due_on: date | None, as_of: date) -> int:
    """The place of the bucket. What is due today is not overdue; what is never due, neither."""
    days = 0 if due_on is None else (as_of - due_on).days
    return next((place for place, last in enumerate(LAST_DAYS) if days <= last), len(LAST_DAYS))


def by_customer(owed: Iterable[Owed], as_of: date) -> list[AgingRow]:
    """A row for each customer, by name. What is dated later than `as_of` is not there yet."""
    names: dict[str, str] = {}
    amounts: dict[str, list[Decimal]] = {}
    for one in owed:
        if not one.is_later(as_of):
            names[one.customer_id] = one.customer
            row = amounts.setdefault(one.customer_id, [NOTHING] * len(BUCKETS))
            row[bucket_of(one.due_on, as_of)] += one.amount
    return [
        AgingRow(customer_id, names[customer_id], tuple(amounts[customer_id]), sum(amounts[customer_id], NOTHING))
        for customer_id in sorted(amounts, key=lambda each: (names[each], each))
    ]
