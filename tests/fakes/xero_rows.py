"""How Xero shows what is in the books: as a row of a list, or one thing alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .xero_books import Books
from .xero_documents import KINDS, ZERO, Kind, Record
from .xero_json import Raw, cents, ms_date, plain

HIDDEN_IN_SUMMARY = ("LineItems", "Payments", "CreditNotes", "Prepayments", "Overpayments", "HasAttachments")
WITH_TEXT_OF_CLOCK = ("CreditNotes", "Overpayments", "Prepayments", "Payments")


@dataclass(frozen=True)
class View:
    """In what detail something is shown. `with_lines`: by page or alone; `places` of unit amounts; `alone`."""

    with_lines: bool = True
    places: int = 2
    summary: bool = False
    alone: bool = False
    offset: str = "+0000"  # behind the milliseconds of dates


class Rows:
    """Rows of one organisation at one moment. Balances are counted once, where they are wanted."""

    def __init__(self, books: Books, view: View) -> None:
        self.books, self.view = books, view
        self._owed: dict[str, dict[str, Decimal]] | None = None

    def shown(self, kind: Kind, fields: Raw) -> Raw:
        """One thing, as JSON; what is empty is left out."""
        made = {name: value for name, value in fields.items() if value is not None}
        if kind.name == "Contacts":
            made = self._contact(made)
        elif "Contact" in made:
            made["Contact"] = self.contact(made["Contact"]["ContactID"])
        if kind.lines:
            made[kind.lines] = [self._line(line) for line in made.get(kind.lines, [])] if self.view.with_lines else []
        if kind.name == "Payments":
            made |= self._paid(made)
        if "Allocations" in made:
            made["Allocations"] = [self._allocation(each) for each in made["Allocations"]]
        if self.view.summary:
            made = {name: value for name, value in made.items() if name not in HIDDEN_IN_SUMMARY}
        return {**self._texts(kind, made), **plain(made, self.view.offset)}

    def _texts(self, kind: Kind, made: Mapping[str, Any]) -> Raw:
        """Dates that are told twice."""
        told = {f"{name}String": _text(made[name]) for name in kind.twins if name in made}
        if kind.name in WITH_TEXT_OF_CLOCK:
            told["UpdatedDateUTCString"] = f"{_text(made['UpdatedDateUTC'])}+00:00"
        return told

    def _line(self, line: Raw) -> Raw:
        if "UnitAmount" not in line:
            return line
        return {**line, "UnitAmount": line["UnitAmount"] if self.view.places == 4 else cents(line["UnitAmount"])}

    # Contacts

    def contact(self, contact_id: str) -> Raw:
        """The contact of a document, by the name it has now; in full where the document stands alone."""
        fields = self.books.fields(contact_id)
        empty: Raw = {"Addresses": [], "Phones": [], "ContactGroups": [], "ContactPersons": []}
        if self.view.alone:
            return self._contact(fields)
        return {"ContactID": contact_id, "Name": fields["Name"], **empty, "HasValidationErrors": False}

    def _contact(self, fields: Raw) -> Raw:
        owed = self._balances().get(fields["ContactID"])
        made = {**fields, "IsSupplier": False, "IsCustomer": False}
        if not self.view.with_lines:
            made.pop("MergedToContactID", None)
        if owed is None:
            return made
        made |= {"IsCustomer": "ACCREC" in owed, "IsSupplier": "ACCPAY" in owed}
        sides = {"AccountsReceivable": "ACCREC", "AccountsPayable": "ACCPAY"}
        balances = {
            side: {"Outstanding": owed.get(name, ZERO), "Overdue": owed.get(f"{name} overdue", ZERO)}
            for side, name in sides.items()
        }
        return made | {"Balances": balances}

    def _balances(self) -> dict[str, dict[str, Decimal]]:
        """What each contact owes and is owed, by the type of invoice."""
        if self._owed is None:
            self._owed, today = {}, self.books.now().date()
            for record in self.books.of_kind("Invoices"):
                one = record.fields
                if one["Status"] in ("AUTHORISED", "PAID"):
                    owed = self._owed.setdefault(one["Contact"]["ContactID"], {})
                    owed[one["Type"]] = owed.get(one["Type"], ZERO) + one["AmountDue"]
                    if one["DueDate"] and one["DueDate"] < today:
                        late = f"{one['Type']} overdue"
                        owed[late] = owed.get(late, ZERO) + one["AmountDue"]
        return self._owed

    # What points to other documents

    def _paid(self, payment: Raw) -> Raw:
        """The document that was paid, in short. That of a credit note is called an invoice, too."""
        names = {"Invoice": "Invoices", "CreditNote": "CreditNotes"}
        names |= {"Overpayment": "Overpayments", "Prepayment": "Prepayments"}
        name = next(each for each in names if each in payment)
        key = KINDS[names[name]].key
        of = self.books.fields(payment[name][key])
        told = {"Type": of["Type"], "Contact": self.contact(of["Contact"]["ContactID"]), "LineItems": []}
        told |= {"CurrencyCode": of["CurrencyCode"], "HasErrors": False, "IsDiscounted": False}
        told |= {each: [] for each in ("Payments", "CreditNotes", "Prepayments", "Overpayments")}
        if name == "CreditNote":
            told |= {"InvoiceID": of[key], "InvoiceNumber": of["CreditNoteNumber"]}
            return {"Invoice": told, "CreditNote": {key: of[key], "CreditNoteNumber": of["CreditNoteNumber"]}}
        number = {"InvoiceNumber": of["InvoiceNumber"]} if "InvoiceNumber" in of else {}
        return {name: {key: of[key], **number, **told}}

    def _allocation(self, one: Raw) -> Raw:
        invoice = self.books.fields(one["Invoice"]["InvoiceID"])
        told = {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"], "LineItems": []}
        return {**one, "Invoice": told}


def visible(records: Iterable[Record], now: datetime) -> list[Raw]:
    """What can be seen of these now, as it can be seen."""
    found = (record.shown(now) for record in records)
    return [fields for fields in found if fields is not None]


def _text(moment: date | datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}T00:00:00"


def envelope(provider: str, id: str, now: datetime, name: str, rows: list[Any], pagination: Raw | None = None) -> Raw:
    """What stands around all rows."""
    body: Raw = {"Id": id, "Status": "OK", "ProviderName": provider, "DateTimeUTC": ms_date(now, "")}
    if pagination is not None:
        body["pagination"] = pagination
    return body | {name: rows}
