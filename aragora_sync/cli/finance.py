"""The financial document as tables for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..core.aging import BUCKETS
from .output import aligned, painted

UNKNOWN = "unknown"
OF_PAYROLL = (
    ("gross_pay", "gross pay"),
    ("employer_taxes", "taxes of the company"),
    ("company_benefits", "benefits, paid by the company"),
    ("reimbursements", "reimbursements"),
    ("total_employer_cost", "cost in all"),
    ("company_debit", "taken from the bank"),
)
OF_BANKS = (
    ("cash", "cash"),
    ("credit_owed", "owed on cards"),
    ("loan_owed", "owed on loans"),
    ("investments", "investments"),
    ("other", "on other accounts"),
)

Document = dict[str, Any]
Row = Sequence[str]


def lines(document: Document) -> Iterator[str]:
    """One table for each part and currency; what could not be known comes last."""
    yield f"{document['tenant']} on {document['as_of']}"
    for part in (_receivables, _banks, _books, _payroll):
        yield from part(document)
    if document["warnings"]:
        yield ""
    for warning in document["warnings"]:
        yield f"{painted('warning:', well=False)} {warning}"


def _receivables(document: Document) -> Iterator[str]:
    for currency, report in _by_currency(document, "ar_aging"):
        rows = [[row["customer"] or row["customer_id"], *row["amounts"], row["total"]] for row in report["rows"]]
        head = [f"Receivables, {currency}", *BUCKETS, "total"]
        yield from _table([head, *rows, ["total", *report["totals"], report["total"]]])
        overdue = document["derived"]["ar_overdue_pct"].get(currency)
        if overdue:
            yield f"overdue: {overdue['value']} % of what is invoiced"


def _banks(document: Document) -> Iterator[str]:
    section = document["bank_balances"]
    for currency, sums in _by_currency(document, "bank_balances"):
        accounts = [one for one in section["accounts"] if one["currency"] == currency]
        head = [f"Bank accounts, {currency}", "current", "available"]
        rows = [[_account(one), _told(one["current"]), _told(one["available"])] for one in accounts]
        yield from _table([head, *rows])
        present = [(called, sums[name]) for name, called in OF_BANKS if name in sums["items"]]
        yield ", ".join(f"{called}: {_told(amount)}" for called, amount in present)
        weeks = document["derived"]["runway_weeks"].get(currency)
        if weeks:
            yield f"cash is as much as payroll takes in {weeks['value']} weeks"


def _books(document: Document) -> Iterator[str]:
    for currency, book in _by_currency(document, "book_cash"):
        rows = [[one["name"], one["current"]] for one in book["accounts"]]
        yield from _table([[f"Cash in the books, {currency}", "current"], *rows, ["total", book["total"]]])
        if book["difference"] is not None:
            yield f"more than at the bank by: {book['difference']}"


def _payroll(document: Document) -> Iterator[str]:
    for currency, summary in _by_currency(document, "payroll"):
        head = [f"Payroll of {summary['year']}, {currency}", "amount"]
        yield from _table([head, *([called, summary[name]] for name, called in OF_PAYROLL)])
        yield f"payrolls: {summary['payroll_count']}, employees: {summary['employee_count']}"
        planned = summary["next_unprocessed"]
        if planned:
            yield f"next payroll: {planned['check_date']}, takes about {_told(planned['estimate'])}"


def _by_currency(document: Document, name: str) -> Iterable[tuple[str, Any]]:
    section = document[name]
    return list(section["by_currency"].items()) if section else []


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """After an empty line; the first column as it is, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield ""
    yield from aligned([[row[0], *map(str.rjust, row[1:], widths[1:])] for row in rows])


def _account(one: Document) -> str:
    return " ".join(filter(None, [one["institution"], one["name"], one["mask"]]))


def _told(amount: str | None) -> str:
    return UNKNOWN if amount is None else amount
