"""What Xero does not take into the books, in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .xero_books import Books
from .xero_documents import TAX_PERCENT, ZERO
from .xero_json import Raw, cents, day

LOCKED = "The document date cannot be before the end of year lock date"
SYSTEM = ("DEBTORS", "CREDITORS")
MOST_CATEGORIES = 2  # of tracking, per line


def check_invoice(books: Books, one: Raw, before: Raw | None) -> list[str]:
    return list(_invoice(books, one, before))


def _invoice(books: Books, one: Raw, before: Raw | None) -> Iterator[str]:
    if before is None:
        if one.get("Type") not in ("ACCREC", "ACCPAY"):
            yield "Invoice Type is not valid"
        if one.get("Status", "DRAFT") not in ("DRAFT", "SUBMITTED", "AUTHORISED"):
            yield "Invoice not of valid status for creation"
    elif before["Status"] in ("PAID", "VOIDED", "DELETED"):
        yield "Invoice not of valid status for modification"
    yield from _contact(books, one.get("Contact"), before)
    yield from _number(books, one, before)
    yield from _dated(books, one)
    ready = one.get("Status") in ("SUBMITTED", "AUTHORISED")
    lines = one.get("LineItems", before["LineItems"] if before else [])
    if ready and not lines:
        yield "One or more line items must be specified"
    if ready and not (one.get("DueDate") or (before or {}).get("DueDate")):
        yield "A due date must be specified"
    for line in one.get("LineItems", []):
        yield from _line(books, line, ready)


def _contact(books: Books, given: Any, before: Raw | None) -> Iterator[str]:
    if not given:
        if before is None:
            yield "A Contact must be specified for this type of transaction"
        return
    record = books.records.get(given.get("ContactID", ""))
    if "ContactID" in given and (record is None or record.kind != "Contacts"):
        yield "The contact with the specified contact details could not be found"
    elif record is not None and record.fields["ContactStatus"] != "ACTIVE":
        yield (
            "The contact with the specified contact details has been archived. "
            "The contact must be un-archived before creating new invoices or credit notes."
        )
    elif record is None and not given.get("Name"):
        yield "A Contact must be specified for this type of transaction"


def _number(books: Books, one: Raw, before: Raw | None) -> Iterator[str]:
    """Numbers of sales are unique, those of bills are not."""
    number = one.get("InvoiceNumber")
    if not number or one.get("Type") == "ACCPAY":
        return
    for record in books.of_kind("Invoices"):
        other = record.fields
        mine = before is not None and before["InvoiceID"] == record.id
        if other["InvoiceNumber"] == number and other["Type"] == "ACCREC" and not mine and other["Status"] != "DELETED":
            yield "Invoice # must be unique."


def _dated(books: Books, one: Raw) -> Iterator[str]:
    for name in ("Date", "DueDate"):
        if one.get(name):
            try:
                made = day(str(one[name]))
            except ValueError:
                yield f"{name} is not a valid date"
                continue
            if name == "Date" and _locked(books, made):
                yield LOCKED


def _locked(books: Books, made: date) -> bool:
    return books.lock_date is not None and made <= books.lock_date


def _line(books: Books, line: Raw, ready: bool) -> Iterator[str]:
    if not line.get("Description"):
        yield "Description must be specified"
    code = line.get("AccountCode", "")
    if code and not _usable(books, code):
        yield f"Account code '{code}' is not a valid code for this document."
    elif ready and not code:
        yield "Account code must be specified"
    if line.get("TaxType") and line["TaxType"] not in TAX_PERCENT:
        yield f"The TaxType code '{line['TaxType']}' does not exist or cannot be used for this type of transaction."
    if len(line.get("Tracking", ())) > MOST_CATEGORIES:
        yield "A maximum of 2 tracking categories can be specified per line"
    numbers = {name: _number_of(line.get(name, 1)) for name in ("Quantity", "UnitAmount")}
    if None in numbers.values():
        yield "Quantity and UnitAmount must be numbers"
    elif "LineAmount" in line:
        expected = cents(Decimal(str(line.get("Quantity", 1))) * Decimal(str(line.get("UnitAmount", 0))))
        if cents(str(line["LineAmount"])) != expected and "DiscountRate" not in line:
            yield f"The line total {line['LineAmount']} does not match the expected line total {expected}"


def _usable(books: Books, code: str) -> bool:
    for record in books.of_kind("Accounts"):
        one = record.fields
        if one["Code"] == code and one["Status"] == "ACTIVE":
            return one["Type"] != "BANK" and one.get("SystemAccount", "") not in SYSTEM
    return False


def _number_of(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def check_journal(books: Books, one: Raw, before: Raw | None) -> list[str]:
    return list(_journal(books, one, before))


def _journal(books: Books, one: Raw, before: Raw | None) -> Iterator[str]:
    if not (one.get("Narration") or before):
        yield "Narration must be specified"
    if one.get("Status", "DRAFT") not in ("DRAFT", "POSTED") and before is None:
        yield "Manual journal not of valid status for creation"
    if before and before["Status"] in ("VOIDED", "DELETED", "ARCHIVED"):
        yield "Manual journal not of valid status for modification"
    yield from _dated(books, one)
    if before is None or "JournalLines" in one:
        yield from _journal_lines(books, one.get("JournalLines", []))


def _journal_lines(books: Books, lines: list[Raw]) -> Iterator[str]:
    if len(lines) < 2:
        yield "A manual journal must have at least two lines"
    yield from _balance([_number_of(line.get("LineAmount")) for line in lines])
    for line in lines:
        if not _usable(books, line.get("AccountCode", "")):
            yield f"Account code '{line.get('AccountCode', '')}' is not a valid code for this document."
        if len(line.get("Tracking", ())) > MOST_CATEGORIES:
            yield "A maximum of 2 tracking categories can be specified per line"


def _balance(amounts: list[Decimal | None]) -> Iterator[str]:
    """Debits are positive, credits negative."""
    if None in amounts:
        yield "LineAmount must be a number"
        return
    known = [cents(each) for each in amounts if each is not None]
    debit, credit = sum((each for each in known if each > 0), ZERO), sum((each for each in known if each < 0), ZERO)
    if debit + credit:
        yield f"The total debits ({debit}) must equal total credits ({credit})"


def check_contact(books: Books, one: Raw, before: Raw | None) -> list[str]:
    """A name is needed, and it is nobody else's."""
    name = one.get("Name", (before or {}).get("Name"))
    if not name:
        return ["The contact name cannot be empty."]
    mine = (before or {}).get("ContactID")
    taken = [
        record
        for record in books.of_kind("Contacts")
        if record.fields["Name"] == name and record.id != mine and record.fields["ContactStatus"] == "ACTIVE"
    ]
    return [f"The contact name {name} is already assigned to another contact."] if taken else []
