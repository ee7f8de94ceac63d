"""The same document from what programs get of connectors: `get_ar_aging_report`, `get_accounts`, `get_payroll_summary`.

No connector is imported: what they give is known by its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from ..core.aging import LAST_DAYS, AgingReport
from .figures import Balance, Origin, Receivable, Section
from .finance import document
from .reading import Found
from .sources import Read, Source

FIRST_DAYS = (0, *(last + 1 for last in LAST_DAYS))  # overdue, of each bucket


class BankAccount(Protocol):
    """As `get_accounts` of `plaid` gives it."""

    @property
    def account_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def account_type(self) -> str: ...
    @property
    def subtype(self) -> str: ...
    @property
    def mask(self) -> str: ...
    @property
    def current_balance(self) -> Decimal | None: ...
    @property
    def available_balance(self) -> Decimal | None: ...
    @property
    def limit(self) -> Decimal | None: ...
    @property
    def currency(self) -> str: ...


class PayrollSummary(Protocol):
    """As `get_payroll_summary` gives it."""

    @property
    def year(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def source_time(self) -> datetime: ...
    def document(self) -> dict[str, Any]: ...


def combine(
    tenant: str,
    as_of: date,
    *,
    ar_aging: AgingReport | None = None,
    bank_balances: Iterable[BankAccount] | None = None,
    payroll_costs: PayrollSummary | None = None,
) -> Section:
    """The document of a day. What is not handed in is null, and told as a warning."""
    reads, payroll = [], None
    if ar_aging is not None:
        reads.append(_read(ar_aging.source, Found(list(_receivables(ar_aging, as_of))), ar_aging.source_time))
        if ar_aging.as_of != as_of:
            reads[-1].found.warnings.append(f"the receivables are those of {ar_aging.as_of}.")
    if bank_balances is not None:
        reads.append(_read("plaid", Found(balances=list(map(_balance, bank_balances)))))
    if payroll_costs is not None:
        reads.append(_read("gusto", Found(), payroll_costs.source_time))
        if payroll_costs.year != as_of.year:
            reads[-1].found.warnings.append(f"the costs of payroll are those of {payroll_costs.year}.")
        payroll = {payroll_costs.currency: payroll_costs.document()}
    return document(tenant, as_of, reads, payroll)


def _read(kind: str, found: Found, fetched_at: datetime | None = None) -> Read:
    return Read(Source(kind, kind), found, fetched_at, is_there=True)


def _receivables(report: AgingReport, as_of: date) -> Iterator[Receivable]:
    """Each amount as if it were one document that falls into this bucket."""
    for row in report.rows:
        for days, amount in zip(FIRST_DAYS, row.amounts, strict=True):
            yield Receivable(
                Origin(report.source, f"AgedReceivables/{report.as_of}/{row.customer_id}"),
                customer_id=row.customer_id,
                customer=row.customer,
                currency=report.currency,
                open=amount,
                dated_on=None,
                due_on=as_of - timedelta(days=days),
            )


def _balance(account: BankAccount) -> Balance:
    return Balance(
        Origin("plaid", account.account_id),
        account_id=account.account_id,
        name=account.name,
        type=account.account_type,
        currency=account.currency,
        current=account.current_balance,
        available=account.available_balance,
        limit=account.limit,
        mask=account.mask,
        subtype=account.subtype,
    )
