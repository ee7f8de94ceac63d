"""The report of Xero on what one contact owes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .web import Answer
from .xero_documents import ZERO
from .xero_json import Raw, invalid, ms_date, not_found

if TYPE_CHECKING:
    from .xero import Call, FakeXero

COLUMNS = ("Date", "Number", "Due Date", "", "Total", "Paid", "Credited", "Due")
NAME = "Aged Receivables By Contact"


def aged(fake: FakeXero, call: Call) -> Answer:
    """Open sales invoices of one contact. There is none for all contacts."""
    query = call.asked.query
    contact = query.get("contactId", "")
    if not contact:
        raise invalid("contactId is required")
    record = call.books.records.get(contact)
    if record is None or record.kind != "Contacts":
        raise not_found()
    today = fake.now.date()
    as_of = date.fromisoformat(query["date"]) if "date" in query else today
    first = date.fromisoformat(query["fromDate"]) if "fromDate" in query else date.min
    last = date.fromisoformat(query["toDate"]) if "toDate" in query else as_of
    owed = [
        one.fields
        for one in call.books.of_kind("Invoices")
        if one.fields["Type"] == "ACCREC"
        and one.fields["Contact"]["ContactID"] == contact
        and one.fields["Status"] == "AUTHORISED"
        and first <= one.fields["Date"] <= last
    ]
    report: Raw = {"ReportName": NAME, "ReportType": "AgedReceivablesByContact", "Fields": []}
    report |= {"ReportTitles": ["Invoices", record.fields["Name"], f"Showing payments to {as_of:%d %B %Y}"]}
    report |= {"ReportDate": f"{today:%d %B %Y}", "UpdatedDateUTC": ms_date(fake.now, "")}
    report["Rows"] = [
        {"RowType": "Header", "Cells": [{"Value": name} for name in COLUMNS]},
        {"RowType": "Section", "Title": "", "Rows": [*(_row(one, as_of) for one in owed), _sum("Total", owed)]},
        {"RowType": "Section", "Title": "", "Rows": [_sum("Closing Balance", owed)]},
    ]
    return fake.written(call, "Reports", [report])


def _row(one: Raw, as_of: date) -> Raw:
    late = (as_of - one["DueDate"]) // timedelta(days=1)
    told = f"{late} days overdue" if late > 0 else ""
    values: list[Any] = [f"{one['Date']}T00:00:00", one["InvoiceNumber"], f"{one['DueDate']}T00:00:00", told]
    values += [str(one[name]) for name in ("Total", "AmountPaid", "AmountCredited", "AmountDue")]
    which = [{"Value": one["InvoiceID"], "Id": "invoiceID"}]
    return {"RowType": "Row", "Cells": [{"Value": value, "Attributes": which} for value in values]}


def _sum(title: str, owed: list[Raw]) -> Raw:
    sums: list[Decimal] = [
        sum((one[name] for one in owed), ZERO) for name in ("Total", "AmountPaid", "AmountCredited", "AmountDue")
    ]
    cells = [title, "", "", "", *map(str, sums)]
    return {"RowType": "SummaryRow", "Cells": [{"Value": value} for value in cells]}
