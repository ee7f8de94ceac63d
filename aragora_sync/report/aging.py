"""Who owes how much, and for how long it has been due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ..core.money import total
from .figures import Receivable, Section, money

BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")
LAST_DAYS = (0, 30, 60, 90)  # of all buckets but the last


def bucket_of(due_on: date | None, as_of: date) -> int:
    """The place of the bucket. What is due today is not overdue; what is never due, like a credit, neither."""
    days = 0 if due_on is None else (as_of - due_on).days
    return next((place for place, last in enumerate(LAST_DAYS) if days <= last), len(LAST_DAYS))


def age(receivables: Iterable[Receivable], as_of: date) -> Section:
    """By currency, the report of each. What is dated later than `as_of` is not there yet."""
    by_currency: dict[str, list[Receivable]] = defaultdict(list)
    for one in receivables:
        if one.open and not is_later(one, as_of):
            by_currency[one.currency].append(one)
    return {currency: _report(currency, found, as_of) for currency, found in by_currency.items()}


def is_later(receivable: Receivable, as_of: date) -> bool:
    return receivable.dated_on is not None and receivable.dated_on > as_of


def _report(currency: str, receivables: Sequence[Receivable], as_of: date) -> Section:
    by_customer: dict[tuple[str, str, str], list[Receivable]] = defaultdict(list)
    for one in receivables:
        by_customer[one.customer, one.customer_id, one.origin.connector].append(one)
    amounts = _amounts(receivables, as_of)
    return {
        "as_of": as_of.isoformat(),
        "currency": currency,
        "basis": "due_date",
        "buckets": list(BUCKETS),
        "rows": [_row(by_customer[key], as_of) for key in sorted(by_customer)],
        "totals": list(map(money, amounts)),
        "total": money(total(amounts)),
        "overdue": money(total(amounts[1:])),
        "invoiced": money(total(one.open for one in receivables if one.due_on)),
        "unapplied": money(total(one.open for one in receivables if not one.due_on)),
    }


def _row(receivables: Sequence[Receivable], as_of: date) -> Section:
    first = receivables[0]
    amounts = _amounts(receivables, as_of)
    return {
        "connector": first.origin.connector,
        "customer_id": first.customer_id,
        "customer": first.customer,
        "amounts": list(map(money, amounts)),
        "total": money(total(amounts)),
        "unapplied": money(total(one.open for one in receivables if not one.due_on)),
        "documents": [_document(one, as_of) for one in sorted(receivables, key=lambda one: one.origin)],
    }


def _document(one: Receivable, as_of: date) -> Section:
    return {
        "connector": one.origin.connector,
        "item": one.origin.id,
        "number": one.number,
        "date": one.dated_on and one.dated_on.isoformat(),
        "due_date": one.due_on and one.due_on.isoformat(),
        "bucket": BUCKETS[bucket_of(one.due_on, as_of)],
        "open": money(one.open),
    }


def _amounts(receivables: Iterable[Receivable], as_of: date) -> list[Decimal]:
    amounts = [Decimal(0)] * len(BUCKETS)
    for one in receivables:
        amounts[bucket_of(one.due_on, as_of)] += one.open
    return amounts
