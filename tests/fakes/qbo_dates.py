"""Which days a report of QuickBooks is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from .qbo_json import invalid

ONE_DAY = timedelta(days=1)
TO_DATE = "-to-date"


def period(today: date, fiscal_start: int, query: Mapping[str, str], *, of_day: bool) -> tuple[date, date]:
    """First and last day: as asked for, or the fiscal year until today. `of_day`: only the last one counts."""
    if macro := query.get("date_macro"):
        return macro_period(today, fiscal_start, macro)
    try:
        if of_day:
            end = date.fromisoformat(query["report_date"]) if "report_date" in query else today
            return end, end
        end = date.fromisoformat(query["end_date"]) if "end_date" in query else today
        begin = _year(end, fiscal_start)
        return (date.fromisoformat(query["start_date"]) if "start_date" in query else begin), end
    except ValueError as error:
        raise invalid("2170", "Invalid Date", f"Invalid date: {error}") from error


def macro_period(today: date, fiscal_start: int, macro: str) -> tuple[date, date]:
    """Days that have a name, of which this knows some."""
    name = macro.lower()
    days = {"today": today, "yesterday": today - ONE_DAY}
    if name in days:
        return days[name], days[name]
    which, _, what = name.removesuffix(TO_DATE).partition(" ")
    starts = {
        "month": today.replace(day=1),
        "fiscal year": _year(today, fiscal_start),
        "calendar year": _year(today, 1),
    }
    if what not in starts or which not in ("this", "last"):
        raise invalid("2170", "Invalid Enumeration", f"Invalid date_macro {macro}")
    this = starts[what]
    start = this if which == "this" else _before(this, what)
    if name.endswith(TO_DATE):
        return start, today if which == "this" else start + (today - this)
    return start, (_after(this, what) if which == "this" else this) - ONE_DAY


def _year(day: date, month: int) -> date:
    return date(day.year - (day.month < month), month, 1)


def _before(start: date, what: str) -> date:
    if what == "month":
        return (start - ONE_DAY).replace(day=1)
    return start.replace(year=start.year - 1)


def _after(start: date, what: str) -> date:
    if what == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start.replace(year=start.year + 1)
