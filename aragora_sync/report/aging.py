"""Who owes how much, and for how long it has been due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ..core.aging import BUCKETS, bucket_of
from ..core.money import total
from .figures import Receivable, Section, money


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
    by_customer: dict[tuple[str, str], list[Receivable]] = defaultdict(list)
    for one in sorted(receivables, key=lambda one: (one.dated_on or date.min, one.origin)):
        by_customer[one.origin.connector, one.customer_id or one.customer].append(one)
    amounts = _amounts(receivables, as_of)
    invoiced = [one for one in receivables if one.open > 0]
    return {
        "as_of": as_of.isoformat(),
        "currency": currency,
        "basis": "due_date",
        "buckets": list(BUCKETS),
        "rows": sorted((_row(found, as_of) for found in by_customer.values()), key=_by_name),
        "totals": list(map(money, amounts)),
        "total": money(total(amounts)),
        "overdue": money(total(one.open for one in invoiced if bucket_of(one.due_on, as_of))),
        "invoiced": money(total(one.open for one in invoiced)),
        "unapplied": _unapplied(receivables),
    }


def _by_name(row: Section) -> tuple[str, str, str]:
    return row["customer"], row["customer_id"], row["connector"]


def _row(receivables: Sequence[Receivable], as_of: date) -> Section:
    """Of one customer, whose name is that of the last document: they may have been renamed since the others."""
    last = receivables[-1]
    amounts = _amounts(receivables, as_of)
    return {
        "connector": last.origin.connector,
        "customer_id": last.customer_id,
        "customer": last.customer,
        "amounts": list(map(money, amounts)),
        "total": money(total(amounts)),
        "unapplied": _unapplied(receivables),
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


def _unapplied(receivables: Iterable[Receivable]) -> str:
    """Credits, and money that is not taken off any invoice yet."""
    return money(total(one.open for one in receivables if one.open < 0))


def _amounts(receivables: Iterable[Receivable], as_of: date) -> list[Decimal]:
    amounts = [Decimal(0)] * len(BUCKETS)
    for one in receivables:
        amounts[bucket_of(one.due_on, as_of)] += one.open
    return amounts
