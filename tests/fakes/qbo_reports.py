"""Reports of QuickBooks, computed from the documents each time they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .qbo_aging import aged, aged_detail
from .qbo_books import Books
from .qbo_dates import period
from .qbo_json import ZERO, Row, precise
from .qbo_kinds import TRANSACTIONS
from .qbo_ledger import CREDIT_TYPES, DEBIT_TYPES, postings

if TYPE_CHECKING:
    from .qbo import FakeQuickBooks

Query = Mapping[str, str]
PARAMETERS = {
    *("minorversion", "report_date", "aging_period", "num_periods", "aging_method", "customer", "vendor"),
    *("start_date", "end_date", "accounting_method", "date_macro"),
}
TOO_MUCH = "Unable to display more data. Please reduce the date range."
SECTIONS = {  # of the balance sheet: group, title, types of accounts
    "BankAccounts": ("Bank Accounts", ("Bank",)),
    "AR": ("Accounts Receivable", ("Accounts Receivable",)),
    "OtherCurrentAssets": ("Other Current Assets", ("Other Current Asset",)),
    "FixedAssets": ("Fixed Assets", ("Fixed Asset",)),
    "OtherAssets": ("Other Assets", ("Other Asset",)),
    "AP": ("Accounts Payable", ("Accounts Payable",)),
    "CreditCards": ("Credit Cards", ("Credit Card",)),
    "OtherCurrentLiabilities": ("Other Current Liabilities", ("Other Current Liability",)),
    "LongTermLiabilities": ("Long-Term Liabilities", ("Long Term Liability",)),
}
ASSETS = ("BankAccounts", "AR", "OtherCurrentAssets", "FixedAssets", "OtherAssets")
LIABILITIES = ("AP", "CreditCards", "OtherCurrentLiabilities", "LongTermLiabilities")
MONEY = [("Account", "", "account"), ("Money", "Total", "total")]


def report(books: Books, name: str, query: Query, fake: FakeQuickBooks) -> Row:
    """The tree of one report. Where it does not know how to compute what is asked, that is a mistake of the test."""
    assert query.get("accounting_method", "Accrual") == "Accrual", "this fake knows the accrual basis only"
    assert set(query) <= PARAMETERS, f"this fake knows nothing of {set(query) - PARAMETERS}"
    start, end = period(books.today(), books.fiscal_start, query, of_day=name.startswith("Aged"))
    made = REPORTS[name](books, query, start, end, fake.parent_balance)
    made["rows"] = _cut(made["rows"], len(made["columns"]), fake.most_cells)
    empty = not made["rows"]
    header: Row = {
        "Time": precise(fake.now, books.zone),
        "ReportName": name,
        **_period(name, start, end),
        **({"DateMacro": query["date_macro"].lower()} if query.get("date_macro") else {}),
        "Currency": books.currency,
        "Option": [
            *([{"Name": "report_date", "Value": end.isoformat()}] if name.startswith("Aged") else []),
            *([] if name.startswith("Aged") else [{"Name": "AccountingStandard", "Value": "GAAP"}]),
            {"Name": "NoReportData", "Value": str(empty).lower()},
        ],
    }
    return {
        "Header": header,
        "Columns": {"Column": made["columns"]},
        "Rows": {} if empty else {"Row": made["rows"]},
    }


def _period(name: str, start: date, end: date) -> Row:
    if name.startswith("Aged"):
        return {"EndPeriod": end.isoformat()}
    told = {"ReportBasis": "Accrual", "StartPeriod": start.isoformat(), "EndPeriod": end.isoformat()}
    return {**told, "SummarizeColumnsBy": "Total"}


def _cut(rows: list[Row], width: int, most_cells: int) -> list[Row]:
    """What is too much is left out, and the last row says so."""
    left = most_cells
    kept: list[Row] = []
    for row in rows:
        left -= width * _height(row)
        if left < 0:
            return [*kept, {"ColData": [{"value": TOO_MUCH}], "type": "Data"}]
        kept.append(row)
    return kept


def _height(row: Row) -> int:
    """How many rows this one is, with all that is in it."""
    return sum(part in row for part in ("ColData", "Header", "Summary")) + sum(
        map(_height, row.get("Rows", {}).get("Row", []))
    )


def balances(books: Books, start: date | None, end: date) -> dict[str, Decimal]:
    """How much each account was debited within these days, by what the documents say."""
    items = {version.row["Id"]: version.row for version in books.seen("Item") if version.row}
    sums: dict[str, Decimal] = {}
    for kind in TRANSACTIONS:
        for version in books.seen(kind):
            row = version.row
            if row is None or not (start is None or start.isoformat() <= row["TxnDate"]):
                continue
            if row["TxnDate"] <= end.isoformat():
                for account, amount in postings(kind, row, books.standing, items):
                    sums[account] = sums.get(account, ZERO) + amount
    return sums


class _Sheet:
    """Accounts with what they hold, as rows and sections."""

    def __init__(self, books: Books, sums: Mapping[str, Decimal]) -> None:
        self.books = books
        self.sums = {account: amount for account, amount in sums.items() if amount}

    def rows(self, types: tuple[str, ...], sign: int) -> list[Row]:
        accounts = [self.books.must("Account", account) for account in self.sums]
        chosen = sorted((each for each in accounts if each["AccountType"] in types), key=lambda row: str(row["Name"]))
        return [
            {"ColData": [{"value": row["Name"], "id": row["Id"]}, money(sign * self.sums[row["Id"]])], "type": "Data"}
            for row in chosen
        ]

    def total(self, types: tuple[str, ...], sign: int) -> Decimal:
        total = ZERO
        for account, amount in self.sums.items():
            if self.books.must("Account", account)["AccountType"] in types:
                total += sign * amount
        return total


def profit_and_loss(books: Books, _query: Query, start: date, end: date, _parents: str) -> Row:
    sheet = _Sheet(books, balances(books, start, end))
    parts = {
        "Income": ("Income", ("Income",), -1),
        "COGS": ("Cost of Goods Sold", ("Cost of Goods Sold",), 1),
        "Expenses": ("Expenses", ("Expense",), 1),
        "OtherIncome": ("Other Income", ("Other Income",), -1),
        "OtherExpenses": ("Other Expenses", ("Other Expense",), 1),
    }
    sums = {group: sheet.total(types, sign) for group, (_, types, sign) in parts.items()}
    sections = {
        group: section(title, sheet.rows(types, sign), sums[group], group)
        for group, (title, types, sign) in parts.items()
    }
    gross = sums["Income"] - sums["COGS"]
    operating = gross - sums["Expenses"]
    net = operating + sums["OtherIncome"] - sums["OtherExpenses"]
    rows = [sections["Income"], *_if_any(sections["COGS"]), _sum("Gross Profit", gross, "GrossProfit")]
    rows += [sections["Expenses"], _sum("Net Operating Income", operating, "NetOperatingIncome")]
    rows += [*_if_any(sections["OtherIncome"]), *_if_any(sections["OtherExpenses"])]
    rows.append(_sum("Net Income", net, "NetIncome"))
    return {"columns": columns(MONEY), "rows": rows if any(sums.values()) else []}


def balance_sheet(books: Books, _query: Query, _start: date, end: date, _parents: str) -> Row:
    sums = balances(books, None, end)
    sheet = _Sheet(books, sums)
    if not sheet.sums:
        return {"columns": columns(MONEY), "rows": []}
    earned = -sum((amount for account, amount in sums.items() if not _lasting(books, account)), ZERO)
    assets, liabilities = sheet.total(DEBIT_TYPES, 1), sheet.total(tuple(set(CREDIT_TYPES) - {"Equity"}), -1)
    equity = [*sheet.rows(("Equity",), -1), {"ColData": [{"value": "Net Income"}, money(earned)], "type": "Data"}]
    held = sheet.total(("Equity",), -1) + earned
    owing = section("Liabilities", _parts(sheet, LIABILITIES, -1), liabilities, "Liabilities")
    own = section("Equity", equity, held, "Equity")
    rows = [
        section("ASSETS", _parts(sheet, ASSETS, 1), assets, "TotalAssets"),
        section("LIABILITIES AND EQUITY", [owing, own], liabilities + held, "TotalLiabilitiesAndEquity"),
    ]
    return {"columns": columns(MONEY), "rows": rows}


def trial_balance(books: Books, _query: Query, start: date, end: date, _parents: str) -> Row:
    rows: list[Row] = []
    sides = [ZERO, ZERO]
    for account, amount in sorted(balances(books, None, end).items(), key=lambda each: int(each[0])):
        side = 0 if amount > 0 else 1
        sides[side] += abs(amount)
        if amount:
            name = books.must("Account", account)["Name"]
            told = [money(abs(amount)), {"value": ""}]
            rows.append({"ColData": [{"value": name, "id": account}, *(told if side == 0 else told[::-1])]})
    total: Row = {"ColData": [{"value": "TOTAL"}, *map(money, sides)]}
    titles = [("Account", "", "account"), ("Money", "Debit", "debit_amt"), ("Money", "Credit", "credit_amt")]
    rows += [{"Summary": total, "type": "Section", "group": "GrandTotal"}] if rows else []
    return {"columns": columns(titles), "rows": rows}


def _lasting(books: Books, id: str) -> bool:
    return books.must("Account", id)["AccountType"] in (*DEBIT_TYPES, *CREDIT_TYPES)


def _parts(sheet: _Sheet, groups: tuple[str, ...], sign: int) -> list[Row]:
    found = []
    for group in groups:
        title, types = SECTIONS[group]
        found += _if_any(section(title, sheet.rows(types, sign), sheet.total(types, sign), group))
    return found


def _if_any(part: Row) -> list[Row]:
    return [part] if part["Rows"] else []


def _sum(title: str, amount: Decimal, group: str) -> Row:
    return {"Summary": {"ColData": [{"value": title}, money(amount)]}, "type": "Section", "group": group}


def section(title: str, rows: list[Row], total: Decimal, group: str) -> Row:
    return {
        "Header": {"ColData": [{"value": title}, {"value": ""}]},
        "Rows": {"Row": rows} if rows else {},
        "Summary": {"ColData": [{"value": f"Total {title}"}, money(total)]},
        "type": "Section",
        "group": group,
    }


def columns(titles: list[tuple[str, str, str]]) -> list[Row]:
    return [
        {"ColTitle": title, "ColType": shows, "MetaData": [{"Name": "ColKey", "Value": key}]}
        for shows, title, key in titles
    ]


def money(amount: Decimal) -> Row:
    """As reports write it: two digits, and nothing where there is nothing."""
    return {"value": f"{amount:.2f}" if amount else ""}


Report = Callable[[Books, Query, date, date, str], dict[str, Any]]
REPORTS: dict[str, Report] = {
    "AgedReceivables": aged("Customer"),
    "AgedPayables": aged("Vendor"),
    "AgedReceivableDetail": aged_detail("Customer"),
    "AgedPayableDetail": aged_detail("Vendor"),
    "ProfitAndLoss": profit_and_loss,
    "BalanceSheet": balance_sheet,
    "TrialBalance": trial_balance,
}
