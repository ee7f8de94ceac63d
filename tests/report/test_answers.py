"""The document from Python: what connectors answer, combined as what they store is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from aragora_sync.report.answers import combine

from .ledger import TODAY, Ledger, gusto_payroll, plaid_account, qbo_invoice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    customer_id: str
    customer: str
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True)
class Aging:
    rows: tuple[Row, ...]
    as_of: date = TODAY
    currency: str = "USD"
    source: str = "qbo"
    source_time: datetime | None = NOON


@dataclass(frozen=True)
class Account:
    account_id: str
    current_balance: Decimal | None
    available_balance: Decimal | None = None
    limit: Decimal | None = None
    name: str = "Checking"
    account_type: str = "depository"
    subtype: str = "checking"
    mask: str = "0000"
    currency: str = "USD"


@dataclass(frozen=True)
class Summary:
    told: dict[str, Any] = field(default_factory=dict)
    year: int = 2026
    currency: str = "USD"
    source_time: datetime = NOON

    def document(self) -> dict[str, Any]:
        return self.told


def decimals(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def test_answers_give_the_same_figures_as_the_store(ledger: Ledger) -> None:
    ledger.keep("qbo", qbo_invoice("1", "100.10"), qbo_invoice("2", "50.00", "2026-01-15"))
    ledger.keep("plaid", plaid_account("A1-0000", "110.00", available="100.00"))
    ledger.keep("gusto", gusto_payroll("p1", "2026-02-27"))
    stored = ledger.document()

    told = combine(
        "acme",
        TODAY,
        ar_aging=Aging((Row("4", "Acme", decimals("100.10", "0", "50.00", "0", "0")),)),
        bank_balances=[Account("A1-0000", *decimals("110.00", "100.00"))],
        payroll_costs=Summary(stored["payroll"]["by_currency"]["USD"]),
    )

    assert set(told) == set(stored)
    for name in ("totals", "total", "overdue", "buckets"):
        of_told, of_stored = (each["ar_aging"]["by_currency"]["USD"][name] for each in (told, stored))
        assert of_told == of_stored
    assert told["bank_balances"]["by_currency"] == stored["bank_balances"]["by_currency"]
    assert told["payroll"] == stored["payroll"]
    assert told["derived"] == stored["derived"]
    assert told["warnings"] == []
    empty = {"usual_week": None, "next_unprocessed": None}
    first, later = (combine("acme", TODAY, payroll_costs=Summary({**empty, "source_time": at})) for at in ("1", "2"))
    assert first["digest"] == later["digest"]


def test_every_bucket_stays_itself() -> None:
    amounts = decimals("1", "2", "3", "4", "-5")

    report = combine("acme", TODAY, ar_aging=Aging((Row("4", "Acme", amounts),)))["ar_aging"]["by_currency"]["USD"]

    assert report["totals"] == ["1.00", "2.00", "3.00", "4.00", "-5.00"]


def test_what_is_not_handed_in_is_missing() -> None:
    told = combine("acme", TODAY, bank_balances=[])

    assert (told["ar_aging"], told["book_cash"], told["payroll"]) == (None, None, None)
    assert told["bank_balances"]["accounts"] == []
    assert told["warnings"] == [
        "no qbo or xero connector: receivables are not known.",
        "no gusto connector: costs of payroll are not known.",
    ]


def test_report_of_another_day_is_told() -> None:
    told = combine("acme", TODAY, ar_aging=Aging((), as_of=date(2026, 2, 1)))

    assert "the receivables are those of 2026-02-01." in told["warnings"]


def test_summary_of_another_year_is_told() -> None:
    told = combine("acme", TODAY, payroll_costs=Summary({"usual_week": None, "next_unprocessed": None}, year=2025))

    assert "the costs of payroll are those of 2025." in told["warnings"]
