"""Reports of the fake of QuickBooks by plain requests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ..fakes.qbo_reports import TOO_MUCH
from .qbo_client import opened


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def books(client):
    return client.fake.books


@pytest.fixture
def acme(books):
    return books.customer("Acme")


def aged(client, name="AgedReceivables", **query):
    return client.read(f"/reports/{name}", **query)


def titles(report):
    return [column["ColTitle"] for column in report["Columns"]["Column"]]


def cells(row):
    return [cell["value"] for cell in row["ColData"]]


def rows(report):
    """The rows of the highest level, sums as well."""
    return [cells(row.get("Summary") or row) for row in report["Rows"]["Row"]]


def grand_total(report):
    (row,) = [row for row in report["Rows"]["Row"] if row.get("group") == "GrandTotal"]
    return Decimal(cells(row["Summary"])[-1] or 0)


# Aged reports


def test_i_nothing_is_owed(client):
    report = aged(client)

    assert report["Rows"] == {}
    assert {"Name": "NoReportData", "Value": "true"} in report["Header"]["Option"]
    assert titles(report) == ["", "Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total"]


def test_days_late_decide_the_column(books, acme, client):
    for amount, due in enumerate(
        ["2026-11-02", "2026-11-01", "2026-10-03", "2026-10-02", "2026-09-03", "2026-08-04", "2026-08-03"], 1
    ):
        books.invoice(acme, 10**amount, due=due, on="2026-08-01")
    (row, total) = rows(aged(client))

    assert row == ["Acme", "10.00", "1100.00", "110000.00", "1000000.00", "10000000.00", "11111110.00"]
    assert total == ["TOTAL", *row[1:]]


def test_other_columns_may_be_asked_for(books, acme, client):
    books.invoice(acme, 5, due="2026-10-20", on="2026-10-01")
    report = aged(client, aging_period=10, num_periods=2)

    assert titles(report) == ["", "Current", "1 - 10", "11 and over", "Total"]
    assert rows(report)[0] == ["Acme", "", "", "5.00", "5.00"]
    assert client.refused("/reports/AgedReceivables", aging_period="x")[0] == 400
    assert client.refused("/reports/AgedReceivables", report_date="today")[0] == 400
    assert client.refused("/reports/Gossip")[:2] == (400, "5020")


def test_a_report_of_an_earlier_day(books, acme, client):
    invoice = books.invoice(acme, 50, due="2026-09-15", on="2026-09-01")
    books.payment(acme, 20, {invoice: 20}, on="2026-10-01")
    books.invoice(acme, 7, due="2026-10-31", on="2026-10-15")

    assert grand_total(aged(client, report_date="2026-09-30")) == 50
    assert grand_total(aged(client, report_date="2026-10-01")) == 30
    early = aged(client, report_date="2026-10-20")
    assert rows(early)[0] == ["Acme", "7.00", "", "30.00", "", "", "37.00"]
    now = aged(client, report_date="2026-10-20", aging_method="Current")
    assert rows(now)[0] == ["Acme", "", "7.00", "30.00", "", "", "37.00"]
    assert early["Header"]["EndPeriod"] == "2026-10-20"


def test_credits_are_negative(books, acme, client):
    other = books.customer("Better")
    books.invoice(acme, 5, due="2026-12-01")
    books.payment(other, "7.50")
    books.credit_memo(other, "1.25")
    report = aged(client)

    assert [row[-1] for row in rows(report)] == ["5.00", "-8.75", "-3.75"]
    assert [row[0] for row in rows(aged(client, customer=other))] == ["Better", "TOTAL"]


def test_sub_customers_are_sections_whose_sums_repeat_their_leaves(books, acme, client):
    job = books.customer("Job", parent=acme)
    books.invoice(job, 5, due="2026-12-01")
    books.invoice(acme, 3, due="2026-12-01")
    section, _ = aged(client)["Rows"]["Row"]

    assert section["type"] == "Section"
    assert section["Header"]["ColData"][0] == {"value": "Acme", "id": acme}
    assert [cells(row) for row in section["Rows"]["Row"]] == [
        ["Acme", "3.00", "", "", "", "", "3.00"],
        ["Job", "5.00", "", "", "", "", "5.00"],
    ]
    assert cells(section["Summary"]) == ["Total Acme", "8.00", "", "", "", "", "8.00"]


def test_a_parents_own_balance_may_stand_in_the_header(books, acme, client):
    client.fake.parent_balance = "header"
    books.invoice(books.customer("Job", parent=acme), 5, due="2026-12-01")
    books.invoice(acme, 3, due="2026-12-01")
    section, total = aged(client)["Rows"]["Row"]

    assert cells(section["Header"]) == ["Acme", "3.00", "", "", "", "", "3.00"]
    assert [cells(row)[0] for row in section["Rows"]["Row"]] == ["Job"]
    assert cells(total["Summary"])[-1] == "8.00"


def test_11_reports_are_in_home_currency(books, client):
    books.multicurrency = True
    books.invoice(books.customer("Müller"), "10.05", due="2026-12-01", currency="EUR", rate="1.0815")
    report = aged(client)

    assert report["Header"]["Currency"] == "USD"
    assert rows(report)[0] == ["Müller", "10.87", "", "", "", "", "10.87"]


def test_payables_and_details(books, acme, client):
    vendor = books.vendor("Paper Ltd")
    bill = books.bill(vendor, 10, due="2026-10-01", on="2026-09-01", number="B1")
    books.bill_payment(vendor, 4, {bill: 4})
    (section,) = aged(client, "AgedPayableDetail")["Rows"]["Row"]

    assert rows(aged(client, "AgedPayables"))[0] == ["Paper Ltd", "", "", "6.00", "", "", "6.00"]
    assert cells(section["Header"])[0] == "31 - 60"
    assert [cells(row) for row in section["Rows"]["Row"]] == [
        ["2026-09-01", "Bill", "B1", "Paper Ltd", "2026-10-01", "10.00", "6.00"]
    ]
    assert aged(client, "AgedReceivableDetail")["Rows"] == {}


def test_a_report_has_at_most_so_many_cells(books, client):
    assert client.fake.most_cells == 400_000
    client.fake.most_cells = 14
    for number in range(4):
        books.invoice(books.customer(f"C{number}"), 5)

    assert [row[0] for row in rows(aged(client))] == ["C0", "C1", TOO_MUCH]


# Statements


@pytest.fixture
def busy(books, acme):
    """Sales of 100 and 20, costs of 30, a bill of 10, and 5 in October."""
    goods = books.account("Goods", "Cost of Goods Sold")
    books.invoice(acme, 100)
    books.sales_receipt(acme, 20, into=books.standing["bank"])
    books.purchase([(30, "paper", goods)])
    books.bill(books.vendor("V"), 10)
    books.purchase(5, on="2026-10-31")


def test_profit_and_loss(busy, client):
    report = client.read("/reports/ProfitAndLoss", start_date="2026-11-01", end_date="2026-11-30")
    told = {row["group"]: cells(row["Summary"])[1] for row in report["Rows"]["Row"]}

    assert told == {
        "Income": "120.00",
        "COGS": "30.00",
        "GrossProfit": "90.00",
        "Expenses": "10.00",
        "NetOperatingIncome": "80.00",
        "NetIncome": "80.00",
    }
    header = report["Header"]
    assert (header["StartPeriod"], header["EndPeriod"], header["ReportBasis"]) == (
        "2026-11-01",
        "2026-11-30",
        "Accrual",
    )
    year = client.read("/reports/ProfitAndLoss")
    assert (year["Header"]["StartPeriod"], rows(year)[-1]) == ("2026-01-01", ["Net Income", "75.00"])
    assert client.read("/reports/ProfitAndLoss", start_date="2026-01-01", end_date="2026-01-31")["Rows"] == {}


@pytest.mark.parametrize(
    ("macro", "days"),
    [
        ("Today", ("2026-11-02", "2026-11-02")),
        ("Yesterday", ("2026-11-01", "2026-11-01")),
        ("This Month", ("2026-11-01", "2026-11-30")),
        ("Last Month", ("2026-10-01", "2026-10-31")),
        ("Last Month-to-date", ("2026-10-01", "2026-10-02")),
        ("This Fiscal Year", ("2026-04-01", "2027-03-31")),
        ("This Fiscal Year-to-date", ("2026-04-01", "2026-11-02")),
        ("Last Calendar Year", ("2025-01-01", "2025-12-31")),
    ],
)
def test_days_may_have_a_name(books, client, macro, days):
    books.fiscal_start = 4
    header = client.read("/reports/BalanceSheet", date_macro=macro)["Header"]

    assert (header["StartPeriod"], header["EndPeriod"]) == days
    assert header["DateMacro"] == macro.lower()
    assert client.refused("/reports/BalanceSheet", date_macro=f"{macro} or so")[:2] == (400, "2170")


def test_the_balance_sheet_balances(busy, client):
    assets, rest = client.read("/reports/BalanceSheet")["Rows"]["Row"]

    assert cells(assets["Summary"]) == ["Total ASSETS", "85.00"]
    assert cells(rest["Summary"]) == ["Total LIABILITIES AND EQUITY", "85.00"]
    assert [row["group"] for row in assets["Rows"]["Row"]] == ["BankAccounts", "AR"]
    assert cells(rest["Rows"]["Row"][1]["Rows"]["Row"][-1]) == ["Net Income", "75.00"]


def test_the_trial_balance_balances(busy, client):
    *accounts, total = rows(client.read("/reports/TrialBalance"))

    assert total == ["TOTAL", "145.00", "145.00"]
    assert ["Checking", "", "15.00"] in accounts


def test_a_fiscal_year_may_begin_in_another_month(books, client):
    books.fiscal_start = 12

    assert client.read("/reports/ProfitAndLoss")["Header"]["StartPeriod"] == "2025-12-01"
    assert client.read("/companyinfo/9341452000000001")["CompanyInfo"]["FiscalYearStartMonth"] == "December"
