"""Who owes how much, worked out from documents: Xero itself tells it for one contact at a time only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ...core.errors import ConfigError
from .amounts import NOTHING
from .answers import XeroCreditNote, XeroInvoice

BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")
DAYS = (0, 30, 60, 90)  # the last day of each bucket but the last
OPEN = "AUTHORISED"
SALES, CREDIT = "ACCREC", "ACCRECCREDIT"


@dataclass(frozen=True, slots=True)
class AgingRow:
    """What one customer owes, by how long it is due. Negative where the organisation owes them."""

    customer_id: str
    customer: str
    amounts: tuple[Decimal, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class AgingReport:
    """Who owes how much, by how many days it is overdue. What is not set against an invoice yet is current."""

    as_of: date
    currency: str
    rows: tuple[AgingRow, ...]
    totals: tuple[Decimal, ...]
    total: Decimal
    source_time: datetime
    basis: str = "due_date"
    buckets: tuple[str, ...] = BUCKETS
    source: str = "xero"


def aging(
    invoices: Iterable[XeroInvoice], notes: Iterable[XeroCreditNote], as_of: date, currency: str, at: datetime
) -> AgingReport:
    """The report in one currency. ConfigError where there are several and none is named: they are never added."""
    owed = [*_owed(invoices, as_of), *_credited(notes)]
    known = sorted({one.currency for one in owed})
    if not currency and len(known) > 1:
        raise ConfigError(f"customers owe in several currencies: {', '.join(known)}.", hint="ask for one of them")
    currency = currency or "".join(known)
    customers: dict[str, tuple[str, list[Decimal]]] = {}
    for one in owed:
        if one.currency == currency:
            _, amounts = customers.setdefault(one.customer_id, (one.customer, [NOTHING] * len(BUCKETS)))
            amounts[one.bucket] += one.amount
    rows = tuple(
        AgingRow(customer_id, name, tuple(amounts), sum(amounts, NOTHING))
        for customer_id, (name, amounts) in sorted(customers.items(), key=lambda each: (each[1][0], each[0]))
    )
    totals = tuple(sum((row.amounts[place] for row in rows), NOTHING) for place in range(len(BUCKETS)))
    return AgingReport(as_of, currency, rows, totals, sum(totals, NOTHING), at)


@dataclass(frozen=True, slots=True)
class _Owed:
    customer_id: str
    customer: str
    currency: str
    bucket: int
    amount: Decimal


def _owed(invoices: Iterable[XeroInvoice], as_of: date) -> Iterator[_Owed]:
    for one in invoices:
        if one.type == SALES and one.status == OPEN and one.amount_due:
            due = one.due_date or one.date or as_of
            bucket = sum((as_of - due).days > last for last in DAYS)
            yield _Owed(one.contact_id, one.contact_name, one.currency_code, bucket, one.amount_due)


def _credited(notes: Iterable[XeroCreditNote]) -> Iterator[_Owed]:
    for one in notes:
        if one.type == CREDIT and one.status == OPEN and one.remaining_credit:
            yield _Owed(one.contact_id, one.contact_name, one.currency_code, 0, -one.remaining_credit)
