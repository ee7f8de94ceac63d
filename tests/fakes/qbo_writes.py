"""What QuickBooks checks before it writes, and how it keeps a request that comes twice from writing twice."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .qbo_books import OWN, Books
from .qbo_json import ZERO, Refused, Row, invalid, not_found
from .qbo_kinds import LISTS, NAMES, NUMBERED, VOIDABLE, name_field
from .qbo_ledger import PAYABLE, RECEIVABLE, reference

MOST_REQUEST_ID = 50
MOST_DOC_NUMBER = 21
REFERENCES = {
    "CustomerRef": "Customer",
    "VendorRef": "Vendor",
    "AccountRef": "Account",
    "ItemRef": "Item",
    "DepositToAccountRef": "Account",
    "FromAccountRef": "Account",
    "ToAccountRef": "Account",
}
STALE = (
    "Stale Object Error : You and root were working on this at the same time. "
    "root finished before you did, so your work was not saved."
)


class Writes:
    """Creates, updates, voids and deletes. `done`: what was answered to each request id of this company."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.done: dict[str, tuple[str, Row]] = {}

    def write(self, kind: str, given: Any, query: Mapping[str, str]) -> Row:
        """The object as it is afterwards."""
        request = query.get("requestid", "")
        if len(request) > MOST_REQUEST_ID:
            raise invalid("4000", "Invalid requestid", "requestid is longer than 50 characters")
        operation = f"{kind} {query.get('operation', '')} {query.get('include', '')}"
        if request in self.done:
            before, answered = self.done[request]
            if before != operation:
                raise invalid("600", "Duplicate Request Id", f"requestid {request} was used for another request")
            return answered
        if not isinstance(given, dict):
            raise invalid("2010", "Request has invalid or unsupported property", "no object was sent")
        made = self._written(kind, given, query)
        if request:
            self.done[request] = operation, made
        return made

    def _written(self, kind: str, given: Row, query: Mapping[str, str]) -> Row:
        operation = query.get("operation", "")
        if operation == "delete":
            return self._deleted(kind, given)
        if operation == "void" or (operation == "update" and query.get("include") == "void"):
            self._current(kind, given)
            if kind not in VOIDABLE or (kind == "Payment") != (operation == "update"):
                raise invalid("500", "Unsupported Operation", f"Operation void is not supported for {kind}")
            return self.books.void(kind, given["Id"])
        if operation not in ("", "update", "create"):
            raise invalid("500", "Unsupported Operation", f"Operation {operation} is not supported.")
        if "Id" not in given:
            entered = {name: value for name, value in given.items() if name not in OWN}
            self._check(kind, entered, "")
            return self.books.must(kind, self.books.create(kind, **entered))
        old = self._current(kind, given)
        changed = {name: value for name, value in given.items() if name not in OWN}
        entered = {**old, **changed} if given.get("sparse") is True else changed
        self._check(kind, entered, given["Id"])
        return self.books.put(kind, given["Id"], entered)

    def _deleted(self, kind: str, given: Row) -> Row:
        if kind in LISTS:
            raise invalid("500", "Unsupported Operation", "Operation delete is not supported. Set Active to false.")
        self._current(kind, given)
        self.books.delete(kind, given["Id"])
        return {"status": "Deleted", "domain": "QBO", "Id": given["Id"]}

    def _current(self, kind: str, given: Row) -> Row:
        """What is to be changed, if the writer has seen its latest."""
        old = self.books.row(kind, str(given.get("Id", "")))
        if old is None:
            raise not_found(f"{kind} {given.get('Id')}")
        if "SyncToken" not in given:
            raise invalid("2020", "Required param missing, need to supply the required value for the API", "SyncToken")
        if given["SyncToken"] != old["SyncToken"]:
            raise invalid("5010", "Stale Object Error", STALE, "")
        if kind not in LISTS:
            self._open_period(old)
        if kind == "Payment" and old["Id"] in self._deposited():
            told = "Deposited Transaction cannot be changed"
            raise invalid("6540", told, f"{told} : this payment is part of a deposit", "")
        return old

    def _deposited(self) -> set[str]:
        """Payments that were brought to the bank."""
        lines = [line for row in self.books.rows("Deposit") for line in row.get("Line", [])]
        linked = [each for line in lines for each in line.get("LinkedTxn", [])]
        return {each["TxnId"] for each in linked if each["TxnType"] == "Payment"}

    # Checks

    def _check(self, kind: str, row: Row, id: str) -> None:
        self._references(row)
        if kind in LISTS:
            self._unique_name(kind, row, id)
            return
        self._open_period(row)
        self._document_number(kind, row, id)
        if kind == "JournalEntry":
            self._balanced(row)
        elif kind in ("Invoice", "CreditMemo", "Estimate") and not reference(row, "CustomerRef"):
            raise _required("CustomerRef")
        elif kind in ("Bill", "VendorCredit", "BillPayment") and not reference(row, "VendorRef"):
            raise _required("VendorRef")

    def _references(self, value: Any) -> None:
        """Every thing that is pointed to is there."""
        if isinstance(value, list):
            for each in value:
                self._references(each)
        elif isinstance(value, dict):
            for name, inside in value.items():
                kind = REFERENCES.get(name)
                if kind and isinstance(inside, dict):
                    self._reference(name, kind, str(inside.get("value", "")))
                self._references(inside)

    def _reference(self, name: str, kind: str, id: str) -> None:
        row = self.books.row(kind, id)
        if row is None:
            detail = f"Invalid Reference Id : {kind}s element id {id} not found"
            raise invalid("2500", "Invalid Reference Id", detail, name)
        if not row["Active"]:
            raise not_found(f"{kind} {id}")

    def _unique_name(self, kind: str, row: Row, id: str) -> None:
        name = row.get(name_field(kind))
        if not name:
            raise _required(name_field(kind))
        for other in NAMES if kind in NAMES else (kind,):
            for each in self.books.rows(other):
                if each.get(name_field(other)) == name and (other, each["Id"]) != (kind, id):
                    detail = f"The name supplied already exists. : Id={each['Id']}"
                    raise invalid("6240", "Duplicate Name Exists Error", detail, "")

    def _open_period(self, row: Row) -> None:
        if self.books.closed_until and row.get("TxnDate", "9999") <= self.books.closed_until:
            told = "Account Period Closed, Cannot Update Through Services API"
            detail = f"The account period has closed and the account books cannot be updated. {row['TxnDate']}"
            raise invalid("6210", told, detail, "")

    def _document_number(self, kind: str, row: Row, id: str) -> None:
        number = row.get("DocNumber", "")
        if len(number) > MOST_DOC_NUMBER:
            detail = f"Request has invalid or unsupported property : DocNumber is longer than {MOST_DOC_NUMBER}"
            raise invalid("2050", "Property Value Length Exceeded", detail, "DocNumber")
        if number and kind in NUMBERED:
            for each in self.books.rows(kind):
                if each.get("DocNumber") == number and each["Id"] != id:
                    detail = (
                        f"You must specify a different number. DocNumber={number} is assigned to TxnId={each['Id']}"
                    )
                    raise invalid("6140", "Duplicate Document Number Error", detail, "")

    def _balanced(self, row: Row) -> None:
        sums = {"Debit": ZERO, "Credit": ZERO}
        owed_lines = 0
        for line in row.get("Line", []):
            inside = line.get("JournalEntryLineDetail", {})
            posting = inside.get("PostingType")
            if posting not in sums:
                raise invalid("2170", "Invalid Enumeration", f"Invalid Enumeration : {posting}", "PostingType")
            amount = line.get("Amount", ZERO)
            if not isinstance(amount, int | Decimal) or amount < 0:
                raise _rule("The amount of a journal line must be positive")
            sums[posting] += amount
            owed_lines += self._is_owed(inside)
        if owed_lines > 1:
            raise _rule("You can only have one A/R or A/P account per journal entry")
        if len(row.get("Line", [])) < 2:
            raise _rule("You must fill out at least two detail lines")
        if sums["Debit"] != sums["Credit"]:
            raise _rule("Transaction is not in balance. Make sure the total debits match the total credits")

    def _is_owed(self, inside: Row) -> bool:
        account = self.books.row("Account", reference(inside, "AccountRef"))
        sort = account["AccountType"] if account else ""
        whose = {RECEIVABLE: "Customer", PAYABLE: "Vendor"}.get(sort)
        if whose is None:
            return False
        entity = inside.get("Entity", {})
        if entity.get("Type") != whose or self.books.row(whose, reference(entity, "EntityRef")) is None:
            raise _rule(f"When you use {sort}, you must choose a {whose.lower()} in the Name field")
        return True


def _rule(detail: str) -> Refused:
    told = "A business validation error has occurred while processing your request"
    return invalid("6000", told, f"Business Validation Error: {detail}.", "")


def _required(name: str) -> Refused:
    told = "Required param missing, need to supply the required value for the API"
    return invalid("2020", told, f"Required parameter {name} is missing in the request", name)
