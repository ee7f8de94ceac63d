"""Whatever the books, banks and payrolls hold: nothing is lost, doubled, mixed, or moved to another day."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.core.aging import BUCKETS, bucket_of
from aragora_sync.core.changes import Item
from aragora_sync.core.payroll import PayrollCost
from aragora_sync.report.aging import age
from aragora_sync.report.balances import SUMS, bank_balances, worth
from aragora_sync.report.figures import Balance, Origin, Receivable, money
from aragora_sync.report.payroll import summarize

from .ledger import Ledger, qbo_credit, qbo_invoice, qbo_payment, xero_credit, xero_invoice

ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York", "Asia/Kolkata")

currencies = st.sampled_from(["USD", "EUR", "NZD", "BTC"])
days = st.dates(date(2025, 1, 1), date(2026, 12, 31))
amounts = st.decimals(-(10**9), 10**9, places=2) | st.decimals(0, 1, places=8)
positive = st.decimals(0, 10**9, places=2)
origins = st.builds(Origin, st.sampled_from(["qbo-1", "xero"]), st.uuids().map(str))
receivables = st.builds(
    Receivable,
    origins,
    customer_id=st.sampled_from(["1", "2", "3"]),
    customer=st.sampled_from(["Acme", "Umbrella"]),
    currency=currencies,
    open=amounts,
    dated_on=st.none() | days,
    due_on=st.none() | days,
)
balances = st.builds(
    Balance,
    origins,
    account_id=st.just("a"),
    name=st.just("Checking"),
    type=st.sampled_from([*SUMS, "brokerage"]),
    currency=currencies,
    current=st.none() | amounts,
    available=st.none() | amounts,
)
payrolls = st.builds(
    PayrollCost,
    origins,
    currency=st.sampled_from(["USD", "EUR"]),
    check_date=days,
    is_counted=st.booleans(),
    gross_pay=amounts,
    employer_taxes=amounts,
    company_debit=amounts,
)


@given(st.lists(receivables), days)
def test_buckets_partition_what_is_open_and_currencies_stay_apart(found: list[Receivable], as_of: date) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        if one.open and (one.dated_on is None or one.dated_on <= as_of):
            expected[one.currency] += one.open

    told = age(found, as_of)

    assert {currency: report["total"] for currency, report in told.items()} == {
        currency: money(amount) for currency, amount in expected.items()
    }
    for report in told.values():
        assert money(sum(map(Decimal, report["totals"]))) == report["total"]
        assert money(Decimal(report["invoiced"]) + Decimal(report["unapplied"])) == report["total"]
        for place in range(len(BUCKETS)):
            assert money(sum(Decimal(row["amounts"][place]) for row in report["rows"])) == report["totals"][place]
        for row in report["rows"]:
            for place, bucket in enumerate(BUCKETS):
                of_bucket = [each for each in row["documents"] if each["bucket"] == bucket]
                assert money(sum((Decimal(each["open"]) for each in of_bucket), Decimal(0))) == row["amounts"][place]


@given(days, days)
def test_every_day_falls_into_one_bucket(due_on: date, as_of: date) -> None:
    overdue = (as_of - due_on).days
    bounds = {"current": (-(10**4), 0), "1-30": (1, 30), "31-60": (31, 60), "61-90": (61, 90), "91+": (91, 10**4)}

    assert [name for name, (first, last) in bounds.items() if first <= overdue <= last] == [
        BUCKETS[bucket_of(due_on, as_of)]
    ]


@given(st.lists(balances))
def test_every_account_counts_in_one_sum_of_its_currency(found: list[Balance]) -> None:
    expected: dict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    for one in found:
        expected[one.currency, SUMS.get(one.type, "other")].append(worth(one))

    told = bank_balances(found)["by_currency"]

    for (currency, name), amounts_of in expected.items():
        known = [amount for amount in amounts_of if amount is not None]
        assert told[currency][name] == (money(sum(known, Decimal(0))) if known else None)
    assert set(told) == {currency for currency, _ in expected}


@given(st.lists(payrolls), days)
def test_payrolls_add_up_by_year_and_by_month(found: list[PayrollCost], as_of: date) -> None:
    told = summarize(found, as_of)

    for currency, summary in told.items():
        counted = [
            one
            for one in found
            if one.is_counted
            and one.currency == currency
            and date(as_of.year, 1, 1) <= one.check_date <= as_of
        ]  # fmt: skip
        assert summary["payroll_count"] == len(counted)
        assert summary["total_employer_cost"] == money(sum((one.cost for one in counted), Decimal(0)))
        for name, of_month in (("company_debit", "debit"), ("gross_pay", "gross"), ("total_employer_cost", "cost")):
            assert money(sum((Decimal(each[of_month]) for each in summary["by_month"]), Decimal(0))) == summary[name]


@given(amounts)
def test_the_same_amount_is_always_the_same_text(amount: Decimal) -> None:
    assert money(amount) == money(amount * Decimal("1.000")) == money(Decimal(money(amount)))
    assert Decimal(money(amount)) == amount
    assert len(money(amount).partition(".")[2]) >= 2


documents = st.lists(
    st.tuples(st.sampled_from(["invoice", "credit", "payment", "voided"]), positive, days, st.booleans()), max_size=12
)


@given(documents, days)
def test_sums_of_the_document_are_those_of_the_books(told: list[tuple[str, Decimal, date, bool]], as_of: date) -> None:
    """For any set of invoices, credits, payments and voids, of both kinds of books at once."""
    expected: dict[str, Decimal] = defaultdict(Decimal)
    items: dict[str, list[Item]] = {"qbo-1": [], "xero": []}
    for number, (kind, amount, due, is_qbo) in enumerate(told):
        items["qbo-1" if is_qbo else "xero"].append(_item(str(number), kind, amount, due, is_qbo))
        sign = {"invoice": 1, "credit": -1, "payment": -1 if is_qbo else 0, "voided": 0}[kind]
        expected["USD" if is_qbo else "NZD"] += sign * amount
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        for connector, found in items.items():
            ledger.keep(connector, *found)
        reports = ledger.document(max(as_of, date(2026, 1, 5)))["ar_aging"]["by_currency"]
        ledger.close()

    totals = {currency: report["total"] for currency, report in reports.items()}
    assert {currency: totals.get(currency, "0.00") for currency in expected} == {
        currency: money(amount) for currency, amount in expected.items()
    }


def _item(number: str, kind: str, amount: Decimal, due: date, is_qbo: bool) -> Item:
    text = f"{amount:f}"
    if is_qbo:
        made = {
            "invoice": lambda: qbo_invoice(number, text, due.isoformat()),
            "credit": lambda: qbo_credit(number, text),
            "payment": lambda: qbo_payment(number, text),
            "voided": lambda: qbo_invoice(number, text, due.isoformat(), status="voided"),
        }
    else:
        made = {
            "invoice": lambda: xero_invoice(number, text, due.isoformat()),
            "credit": lambda: xero_credit(number, text),
            "payment": lambda: xero_invoice(number, text, due.isoformat(), Status="PAID"),
            "voided": lambda: xero_invoice(number, text, due.isoformat(), Status="VOIDED"),
        }
    return made[kind]()


@contextmanager
def zone(name: str) -> Iterator[None]:
    """This machine stands elsewhere."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


@given(days, st.integers(-100, 100))
def test_days_are_the_same_wherever_this_machine_stands(as_of: date, overdue: int) -> None:
    due = (as_of - timedelta(days=overdue)).isoformat()
    told: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        ledger.keep("qbo-1", qbo_invoice("1", "5.00", due, TxnDate="2024-12-31"))
        for name in ZONES:
            with zone(name):
                told.append(ledger.document(as_of))
        ledger.close()

    assert all(each == told[0] for each in told)
    (document,) = told[0]["ar_aging"]["by_currency"]["USD"]["rows"][0]["documents"]
    assert document["due_date"] == due
    assert (document["bucket"] == "current") == (overdue <= 0)
