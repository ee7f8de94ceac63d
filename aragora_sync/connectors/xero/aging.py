"""Who owes how much, worked out from documents: Xero itself tells it for one contact at a time only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from ...core.aging import BUCKETS, AgingReport, AgingRow, Owed, by_customer
from ...core.errors import ConfigError
from .answers import XeroCreditNote, XeroInvoice, XeroOverpayment, XeroPrepayment

__all__ = ["BUCKETS", "AgingReport", "AgingRow", "aging", "credited", "owed"]

OPEN = "AUTHORISED"  # drafts are not owed yet, and what is paid or voided is owed no more
SALES = "ACCREC"
OF_CUSTOMERS = ("ACCREC", "RECEIVE", "AR")  # how the types of their credits begin


def aging(owed: Iterable[Owed], as_of: date, currency: str, at: datetime) -> AgingReport:
    """The report in one currency. ConfigError where there are several and none is named: they are never added."""
    there = [one for one in owed if not one.is_later(as_of)]
    known = sorted({one.currency for one in there})
    if not currency and len(known) > 1:
        raise ConfigError(f"customers owe in several currencies: {', '.join(known)}.", hint="ask for one of them")
    currency = currency or "".join(known)
    rows = by_customer((one for one in there if one.currency == currency), as_of)
    return AgingReport.of_rows("xero", as_of, currency, rows, at)


def owed(invoices: Iterable[XeroInvoice]) -> Iterator[Owed]:
    """What is open of sales invoices."""
    for one in invoices:
        if one.type == SALES and one.status == OPEN and one.amount_due:
            due = one.due_date or one.date
            yield Owed(one.contact_id, one.contact_name, one.currency_code, one.amount_due, one.date, due)


def credited(credits: Iterable[XeroCreditNote | XeroOverpayment | XeroPrepayment]) -> Iterator[Owed]:
    """What is not set against an invoice yet. It is never due."""
    for one in credits:
        if one.type.startswith(OF_CUSTOMERS) and one.status == OPEN and one.remaining_credit:
            yield Owed(one.contact_id, one.contact_name, one.currency_code, -one.remaining_credit, one.date, None)
