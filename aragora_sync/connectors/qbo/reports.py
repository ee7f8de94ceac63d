"""Reports, which QuickBooks works out anew each time: trees of rows under named columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ...core.aging import AgingReport, AgingRow
from ...core.errors import SourceError
from .values import amount, day, moment

if TYPE_CHECKING:
    from .company import Company, Raw

AGING = "AgedReceivables"
TITLES = ("current", "1-30", "31-60", "61-90", "91andover")  # as columns are called, without blanks
PERIODS = {"aging_period": "30", "num_periods": "4", "aging_method": "Report_Date"}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of a statement. `group` are the headings above it; `is_sum`: it adds up those before it."""

    name: str
    account_id: str
    group: tuple[str, ...]
    amount: Decimal
    is_sum: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A profit and loss statement, or a balance sheet."""

    name: str
    start: date | None
    end: date | None
    currency: str
    basis: str
    lines: tuple[StatementLine, ...]
    source_time: datetime | None

    @classmethod
    def read(cls, raw: Raw, currency: str) -> Statement:
        header, table = raw.get("Header") or {}, Table(raw)
        at = header.get("Time")
        return cls(
            str(header.get("ReportName") or ""),
            day(header.get("StartPeriod")),
            day(header.get("EndPeriod")),
            currency,
            str(header.get("ReportBasis") or ""),
            tuple(table.lines()),
            moment(at) if at else None,
        )

    def total(self, name: str) -> Decimal | None:
        """The sum of this name, such as `Net Income`; None where the statement has none."""
        return next((line.amount for line in self.lines if line.is_sum and line.name.lower() == name.lower()), None)


class Table:
    """The rows of a report. Columns are found by their titles, for their order may change."""

    def __init__(self, raw: Raw) -> None:
        columns = (raw.get("Columns") or {}).get("Column") or []
        self._titles = [_plain(str(column.get("ColTitle") or "")) for column in columns]
        self._rows: Sequence[Mapping[str, Any]] = (raw.get("Rows") or {}).get("Row") or []

    def column(self, title: str) -> int:
        """Its place; SourceError where the report has none of this title."""
        if title not in self._titles:
            if not self._rows:
                return 0
            raise SourceError(
                f"a report of QuickBooks has no column {title!r}; it has {', '.join(filter(None, self._titles))}.",
                hint="update aragora-sync",
            )
        return self._titles.index(title)

    def leaves(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The cells of each row that is no sum; a heading with an amount of its own is such a row, too."""
        yield from _leaves(self._rows)

    def grand_total(self, place: int) -> Decimal | None:
        """The sum at the end; None where there is none."""
        for row in reversed(self._rows):
            if row.get("group") == "GrandTotal":
                return amount(row["Summary"]["ColData"][place].get("value"))
        return None

    def lines(self) -> Iterator[StatementLine]:
        """All rows in their order, the amount being that of the last column."""
        yield from _lines(self._rows, ())


def _leaves(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for row in rows:
        if "ColData" in row:
            yield row["ColData"]
        head = (row.get("Header") or {}).get("ColData") or []
        if any(cell.get("value") for cell in head[1:]):
            yield head
        yield from _leaves((row.get("Rows") or {}).get("Row") or [])


def _lines(rows: Sequence[Mapping[str, Any]], group: tuple[str, ...]) -> Iterator[StatementLine]:
    for row in rows:
        if "ColData" in row:
            yield _line(row["ColData"], group, is_sum=False)
        head = (row.get("Header") or {}).get("ColData") or []
        if any(cell.get("value") for cell in head[1:]):
            yield _line(head, group, is_sum=False)
        name = str(head[0].get("value") or "") if head else ""
        yield from _lines((row.get("Rows") or {}).get("Row") or [], (*group, name) if name else group)
        if summary := (row.get("Summary") or {}).get("ColData"):
            yield _line(summary, group, is_sum=True)


def _line(cells: Sequence[Mapping[str, Any]], group: tuple[str, ...], *, is_sum: bool) -> StatementLine:
    first = cells[0]
    name = str(first.get("value") or "")
    return StatementLine(name, str(first.get("id") or ""), group, amount(cells[-1].get("value")), is_sum)


def _as_of(header: Mapping[str, Any]) -> date:
    told = header.get("EndPeriod") or next(
        (each.get("Value") for each in header.get("Option") or [] if each.get("Name") == "report_date"), None
    )
    found = day(told or header.get("Time"))
    if found is None:
        raise SourceError("a report of QuickBooks does not say of which day it is.", hint="update aragora-sync")
    return found


def _plain(title: str) -> str:
    return "".join(title.lower().split())


def aging(company: Company, as_of: date | None) -> AgingReport:
    """What customers owe on a day; by default on the company's own today."""
    asked = {"report_date": as_of.isoformat()} if as_of else {}
    raw = company.report(AGING, **asked, **PERIODS)
    return aging_of(raw, _currency(raw, company))


def aging_of(raw: Raw, currency: str) -> AgingReport:
    """Raises SourceError where the rows do not add up to what the report itself says they do."""
    header, table = raw.get("Header") or {}, Table(raw)
    places, last = [table.column(title) for title in TITLES], table.column("total")
    rows = [
        AgingRow(
            str(cells[0].get("id") or ""),
            str(cells[0].get("value") or ""),
            tuple(amount(cells[place].get("value")) for place in places),
            amount(cells[last].get("value")),
        )
        for cells in table.leaves()
    ]
    at = header.get("Time")
    found = AgingReport.of_rows("qbo", _as_of(header), currency, rows, moment(at) if at else None)
    told = table.grand_total(last)
    if told is not None and told != found.total:
        raise SourceError(
            f"the report {AGING} of QuickBooks does not add up: its rows are {found.total}, its total is {told}.",
            hint="try again; if it stays so, look at the report in QuickBooks",
        )
    return found


def statement(company: Company, name: str, start: date | None, end: date | None) -> Statement:
    """A statement over a time, or of a day; by default of the company's own today."""
    days = {"start_date": start, "end_date": end} if end else {}
    told = {word: day.isoformat() for word, day in days.items() if day}
    raw = company.report(name, **told or {"date_macro": "Today"})
    return Statement.read(raw, _currency(raw, company))


def _currency(raw: Raw, company: Company) -> str:
    return str((raw.get("Header") or {}).get("Currency") or company.home_currency())
