"""The financial document: what it says of what is stored, and of what is not."""

from __future__ import annotations

import json
from datetime import date

import pytest

from aragora_sync.core.changes import Item

from .ledger import (
    TODAY,
    Ledger,
    gusto_employee,
    gusto_payroll,
    plaid_account,
    qbo_account,
    qbo_credit,
    qbo_invoice,
    qbo_journal,
    qbo_payment,
    xero_credit,
    xero_invoice,
    xero_paid_ahead,
)


def whole(ledger: Ledger) -> None:
    """A tenant of whom everything is known."""
    ledger.keep("qbo-1", qbo_invoice("1037", "362.07", "2026-01-31"), qbo_account("35", "Bank", "1300.00"))
    ledger.keep("plaid", plaid_account("A1-0000", "1203.42", available="1103.42"))
    ledger.keep("gusto", gusto_payroll("p1", "2026-02-27"))


def test_document_has_the_documented_keys(ledger: Ledger) -> None:
    whole(ledger)

    document = ledger.document()

    assert set(document) == {
        *("schema", "tenant", "as_of", "base_currency", "ar_aging", "bank_balances", "book_cash", "payroll"),
        *("derived", "warnings", "digest"),
    }
    assert document["schema"] == "aragora.financial_context/1"
    assert (document["tenant"], document["as_of"], document["base_currency"]) == ("acme", "2026-03-01", "USD")
    assert document["warnings"] == []
    for section, source in (("ar_aging", "qbo"), ("bank_balances", "plaid"), ("payroll", "gusto")):
        assert (document[section]["source"], document[section]["fetched_at"]) == (source, "2026-03-01T12:00:00Z")


def test_receivables_of_quickbooks_are_balances_less_what_is_not_applied(ledger: Ledger) -> None:
    ledger.keep(
        "qbo-1",
        qbo_invoice("1", "100.10", "2026-03-01"),
        qbo_invoice("2", "50.00", "2026-02-28"),
        qbo_invoice("3", "0", "2026-01-01"),
        qbo_credit("9", "30.00"),
        qbo_payment("8", "12.05"),
        qbo_invoice("4", "7.00", status="voided"),
    )

    report = ledger.document()["ar_aging"]["by_currency"]["USD"]

    assert report["totals"] == ["100.10", "50.00", "-42.05", "0.00", "0.00"]
    assert (report["total"], report["overdue"], report["unapplied"]) == ("108.05", "50.00", "-42.05")
    (row,) = report["rows"]
    assert {each["item"]: each["open"] for each in row["documents"]} == {
        "Invoice/1": "100.10", "Invoice/2": "50.00", "CreditMemo/9": "-30.00", "Payment/8": "-12.05",
    }  # fmt: skip


def test_receivables_of_xero_are_open_sales_invoices_less_what_remains_of_credit_notes(ledger: Ledger) -> None:
    ledger.keep(
        "xero",
        xero_invoice("INV-1", "1725.00", "2025-11-30"),
        xero_invoice("INV-2", "10.00", Status="DRAFT"),
        xero_invoice("BILL-1", "20.00", Type="ACCPAY"),
        xero_credit("CN-1", "25.00"),
        xero_credit("CN-2", "5.00", Type="ACCPAYCREDIT"),
    )

    report = ledger.document()["ar_aging"]["by_currency"]["NZD"]

    assert report["totals"] == ["-25.00", "0.00", "0.00", "0.00", "1725.00"]
    assert report["rows"][0]["customer_id"] == "c1"


def test_what_customers_paid_ahead_is_taken_off_as_far_as_it_remains(ledger: Ledger) -> None:
    ledger.keep(
        "xero",
        xero_invoice("INV-1", "100.00", "2026-02-28"),
        xero_paid_ahead("p1", "prepayment", "5.00"),
        xero_paid_ahead("p2", "prepayment", "9.00", Type="SPEND-PREPAYMENT"),
        xero_paid_ahead("p3", "prepayment", "1.00", Type="ARPREPAYMENT"),
        xero_paid_ahead("p4", "overpayment", "7.00", Status="PAID"),
        xero_paid_ahead("p5", "overpayment", "0.50"),
    )

    document = ledger.document()
    report = document["ar_aging"]["by_currency"]["NZD"]

    assert (report["totals"][:2], report["unapplied"]) == (["-6.50", "100.00"], "-6.50")
    assert [each for each in document["warnings"] if each.startswith("xero")] == []


def test_journal_entries_on_receivables_count_as_far_as_no_payment_settles_them(ledger: Ledger) -> None:
    """A parent pays for its parts; what a payment settles beyond its own customer's part is that of the others."""
    settled = {"Amount": "3.00", "LinkedTxn": [{"TxnId": "1", "TxnType": "JournalEntry"}]}
    ledger.keep(
        "qbo-1",
        qbo_account("84", "Accounts Receivable", "1.00"),
        qbo_account("60", "Expense", "1.00"),
        qbo_journal("1", "84"),
        qbo_journal("2", "60"),
        qbo_journal("3", "84", "0.50", "Credit", "7"),
        qbo_payment("8", "0", CustomerRef={"value": "99"}, Line=[settled]),
        qbo_payment("9", "0", Line=[settled], status="voided"),
    )

    report = ledger.document()["ar_aging"]["by_currency"]["USD"]

    assert {row["customer"]: row["amounts"] for row in report["rows"]} == {
        "Customer 4": ["0.00", "0.00", "2.00", "0.00", "0.00"],
        "Customer 7": ["0.00", "0.00", "-0.50", "0.00", "0.00"],
    }
    assert (report["overdue"], report["unapplied"]) == ("2.00", "-0.50")


def test_journal_entry_that_says_something_odd_is_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_account("84", "Accounts Receivable", "1.00"), qbo_journal("1", "84", "five"))

    assert [each for each in ledger.document()["warnings"] if each.startswith("qbo-1: JournalEntry/1 is not counted")]


def test_cash_is_what_can_be_had_and_debts_are_never_taken_off_it(ledger: Ledger) -> None:
    ledger.keep(
        "plaid",
        plaid_account("A1-0001", "110.00", available="100.00"),
        plaid_account("A1-0002", "20.00"),
        plaid_account("A1-0003", "300.00", "credit"),
        plaid_account("A1-0004", "1000.00", "loan"),
        plaid_account("A1-0005", "77.00", "investment"),
    )

    sums = ledger.document()["bank_balances"]["by_currency"]["USD"]

    assert {name: sums[name] for name in ("cash", "credit_owed", "loan_owed", "investments", "other")} == {
        "cash": "120.00", "credit_owed": "300.00", "loan_owed": "1000.00", "investments": "77.00", "other": "0.00",
    }  # fmt: skip
    assert sums["items"]["cash"] == {"plaid": ["A1-0001", "A1-0002"]}


def test_balance_that_no_bank_tells_is_unknown_not_zero(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0001", None))

    document = ledger.document()

    assert document["bank_balances"]["by_currency"]["USD"]["cash"] is None
    assert document["bank_balances"]["accounts"][0]["current"] is None
    assert "plaid: the bank does not tell the balance of Checking 0001." in document["warnings"]


def test_account_linked_twice_is_told(ledger: Ledger) -> None:
    ledger.keep(
        "plaid", plaid_account("A1-0001", "5.00"), plaid_account("B1-0001", "5.00", item_id="item-2", mask="0001")
    )

    assert (
        "plaid: Checking 0001 of First Bank looks like A1-0001 linked a second time; both are counted."
        in ledger.document()["warnings"]
    )


def test_cash_of_the_books_stands_beside_that_of_the_bank(ledger: Ledger) -> None:
    whole(ledger)

    document = ledger.document()

    assert document["bank_balances"]["by_currency"]["USD"]["cash"] == "1103.42"
    assert document["book_cash"]["by_currency"]["USD"]["total"] == "1300.00"
    assert document["book_cash"]["by_currency"]["USD"]["difference"] == "196.58"


def test_payroll_counts_what_was_paid_this_year_until_the_day(ledger: Ledger) -> None:
    lines = [
        {"employee_uuid": "e1", "gross_pay": "7000.00", "taxes": [{"employer": True, "amount": "535.50"}]},
        {"employee_uuid": "e2", "gross_pay": "5000.00", "benefits": [{"company_contribution": "600.00"}]},
        {"employee_uuid": "e3", "gross_pay": "9.00", "excluded": True},
    ]
    ledger.keep(
        "gusto",
        gusto_employee("e1", "Engineering"),
        gusto_payroll("p0", "2025-12-31"),
        gusto_payroll("p1", "2026-02-13", employee_compensations=lines),
        gusto_payroll("p2", "2026-02-27"),
        gusto_payroll("p3", "2026-03-13"),
    )

    summary = ledger.document()["payroll"]["by_currency"]["USD"]

    assert (summary["year"], summary["payroll_count"], summary["employee_count"]) == (2026, 2, 2)
    assert (summary["total_employer_cost"], summary["company_debit"]) == ("30781.10", "28581.10")
    assert summary["items"] == {"gusto": ["payrolls/p1", "payrolls/p2"]}
    assert [(each["department"], each["cost"]) for each in summary["by_department"]] == [
        ("(none)", "5600.00"), ("Engineering", "7535.50"),
    ]  # fmt: skip
    assert [(each["month"], each["debit"]) for each in summary["by_month"]] == [(2, "28581.10")]


def test_payroll_that_was_taken_back_counts_with_what_took_it_back_or_not_at_all(ledger: Ledger) -> None:
    back = {name: f"-{amount}" for name, amount in gusto_payroll("p", "2026-01-01").metadata["totals"].items()}  # type: ignore[index, union-attr, call-overload]
    ledger.keep(
        "gusto",
        gusto_payroll("p1", "2026-02-13", reversal_payroll_uuids=["p2"]),
        gusto_payroll("p2", "2026-02-14", totals=back, off_cycle=True),
        gusto_payroll("p3", "2026-02-15", reversal_payroll_uuids=["elsewhere"]),
    )

    summary = ledger.document()["payroll"]["by_currency"]["USD"]

    assert (summary["payroll_count"], summary["company_debit"]) == (2, "0.00")


def test_next_payroll_is_estimated_by_the_last_regular_ones(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0000", "10993.00"))
    ledger.keep(
        "gusto",
        gusto_payroll("p1", "2026-02-13"),
        gusto_payroll("p2", "2026-03-13", processed=False, totals={}, payroll_deadline="2026-03-11T22:00:00Z"),
    )

    document = ledger.document()

    planned = document["payroll"]["by_currency"]["USD"]["next_unprocessed"]
    assert (planned["check_date"], planned["estimate"]) == ("2026-03-13", "14290.55")
    assert planned["items"] == {"gusto": ["payrolls/p1", "payrolls/p2"]}
    assert document["derived"]["next_payroll_cash_need"]["USD"]["value"] == "14290.55"
    assert document["derived"]["runway_weeks"]["USD"]["value"] == "10.0"


def payroll(uuid: str, check_date: str, debit: str, **more: object) -> Item:
    return gusto_payroll(uuid, check_date, totals={"gross_pay": debit, "company_debit": debit}, **more)


def test_estimate_is_the_mean_of_the_last_three_regular_payrolls(ledger: Ledger) -> None:
    ledger.keep(
        "gusto",
        payroll("p1", "2026-01-09", "1000.00"),
        payroll("p2", "2026-01-23", "10.00"),
        payroll("p3", "2026-02-06", "20.00"),
        payroll("p4", "2026-02-20", "31.00"),
        payroll("p5", "2026-02-27", "5000.00", off_cycle=True),
        payroll("p6", "2026-03-06", "", processed=False),
        payroll("p7", "2026-02-28", "", processed=False),
    )

    planned = ledger.document()["payroll"]["by_currency"]["USD"]["next_unprocessed"]

    assert (planned["check_date"], planned["estimate"]) == ("2026-03-06", "20.33")


def test_usual_week_is_of_the_last_thirteen(ledger: Ledger) -> None:
    ledger.keep(
        "gusto",
        payroll("p1", "2025-11-30", "1000.00"),
        payroll("p2", "2025-12-01", "13.00"),
        payroll("p3", "2026-03-01", "26.00"),
        payroll("p4", "2026-03-02", "1000.00"),
    )

    assert ledger.document()["payroll"]["by_currency"]["USD"]["usual_week"] == {
        "debit": "3.00", "weeks": 13, "items": {"gusto": ["payrolls/p2", "payrolls/p3"]},
    }  # fmt: skip


def test_cash_tips_came_from_customers_and_are_no_cost(ledger: Ledger) -> None:
    tips = [{"name": "Cash Tips", "amount": "30.00"}, {"name": "Bonus", "amount": "10.00"}]
    line = {"employee_uuid": "e1", "gross_pay": "100.00", "fixed_compensations": tips}
    totals = {"gross_pay": "100.00", "employee_cash_tips": "30.00"}
    ledger.keep("gusto", gusto_payroll("p1", "2026-02-27", totals=totals, employee_compensations=[line]))

    summary = ledger.document()["payroll"]["by_currency"]["USD"]

    assert summary["total_employer_cost"] == "70.00"
    assert summary["by_department"][0]["cost"] == "70.00"


def test_balances_are_realtime_only_if_all_are(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0001", "1.00", freshness="realtime"))
    realtime = ledger.document()["bank_balances"]["freshness"]
    ledger.keep("plaid", plaid_account("A1-0001", "1.00", freshness="realtime"), plaid_account("A1-0002", "1.00"))

    assert (realtime, ledger.document()["bank_balances"]["freshness"]) == ("realtime", "cached")


def test_derived_figures_name_those_they_come_from(ledger: Ledger) -> None:
    whole(ledger)
    document = ledger.document()

    for by_currency in document["derived"].values():
        for told in by_currency.values():
            for place in told["of"]:
                figure = document
                for name in place.split("."):
                    figure = figure[name]
                assert isinstance(figure, str)
    assert document["derived"]["ar_overdue_pct"]["USD"]["value"] == "100.0"


def test_what_is_missing_is_null_and_told(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0000", "1.00"))

    document = ledger.document(TODAY, "gusto")

    assert (document["ar_aging"], document["payroll"], document["book_cash"]) == (None, None, None)
    assert document["warnings"][:3] == [
        "no qbo or xero connector: receivables are not known.",
        "costs of payroll are not known: gusto was not read yet.",
        "gusto was not read yet: aragora-sync run gusto",
    ]


def test_source_without_anything_is_zero_not_missing(ledger: Ledger) -> None:
    ledger.keep("qbo-1")

    assert ledger.document()["ar_aging"]["by_currency"] == {}


def test_currencies_are_never_mixed_and_that_is_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"), qbo_invoice("2", "7.00", currency="EUR"))

    document = ledger.document()

    totals = {name: report["total"] for name, report in document["ar_aging"]["by_currency"].items()}
    assert totals == {"EUR": "7.00", "USD": "5.00"}
    assert document["base_currency"] is None
    assert "there are several currencies, EUR, USD; nothing is converted." in document["warnings"]


@pytest.mark.parametrize("broken", [{"currency": None}, {"Balance": 5.5}, {"Balance": "five"}, {"DueDate": "soon"}])
def test_item_that_says_something_odd_is_left_out_and_told(ledger: Ledger, broken: dict[str, object]) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"), qbo_invoice("2", **{"balance": "7.00", **broken}))

    document = ledger.document()

    assert document["ar_aging"]["by_currency"]["USD"]["total"] == "5.00"
    assert [each for each in document["warnings"] if each.startswith("qbo-1: Invoice/2 is not counted: ")]


def test_unchanged_document_is_the_same_text_and_digest_whenever_it_was_fetched(ledger: Ledger) -> None:
    whole(ledger)
    first = ledger.document()
    again = ledger.document()
    ledger.clock.turn(hours=1)
    whole(ledger)
    later = ledger.document()
    ledger.keep("plaid", plaid_account("A1-0000", "1203.42", available="1103.43"))

    assert json.dumps(first) == json.dumps(again) == json.dumps(again, sort_keys=True)
    assert (later["digest"], later == first) == (first["digest"], False)
    assert ledger.document()["digest"] != first["digest"]


def test_what_is_dated_later_is_left_out_and_told(ledger: Ledger) -> None:
    ledger.keep("qbo-1", qbo_invoice("1", "5.00"), qbo_invoice("2", "7.00", TxnDate="2026-03-02"))

    document = ledger.document(date(2026, 3, 1))

    assert document["ar_aging"]["by_currency"]["USD"]["total"] == "5.00"
    assert "receivables dated after 2026-03-01 are left out: 7.00 USD." in document["warnings"]


def test_account_that_names_no_currency_has_that_of_the_books(ledger: Ledger) -> None:
    nameless = qbo_account("35", "Bank", "9.00")
    nameless.metadata = {**nameless.metadata, "CurrencyRef": {}}
    foreign = qbo_invoice("1", "5.00", currency="EUR", CurrencyRef={"value": "EUR"})
    ledger.keep("qbo-1", foreign, nameless)
    unknown = ledger.document()
    ledger.keep("qbo-1", foreign, nameless, qbo_invoice("2", "5.00"))

    assert unknown["book_cash"] is None
    assert "qbo-1: not counted, as nothing tells their currency: Account 35." in unknown["warnings"]
    assert ledger.document()["book_cash"]["by_currency"]["USD"]["total"] == "9.00"


def test_no_sum_is_ever_rounded(ledger: Ledger) -> None:
    ledger.keep("plaid", plaid_account("A1-0001", "1" + "0" * 30), plaid_account("A1-0002", "0." + "0" * 29 + "1"))

    cash = ledger.document()["bank_balances"]["by_currency"]["USD"]["cash"]
    assert cash == "1" + "0" * 30 + "." + "0" * 29 + "1"


@pytest.mark.parametrize("as_of", [date.min, date.max])
def test_first_and_last_day_there_is(ledger: Ledger, as_of: date) -> None:
    whole(ledger)

    assert ledger.document(as_of)["as_of"] == as_of.isoformat()
