"""What may be written into books at Xero: invoices, manual journals and contacts; each once, by its idempotency key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from .web import Answer
from .xero_checks import check_contact, check_invoice, check_journal
from .xero_documents import ZERO, Kind, journal_line, line_of, totals
from .xero_json import NOBODY, Raw, Refused, day, invalid, not_found
from .xero_rows import Rows, View

if TYPE_CHECKING:
    from .xero import Call, FakeXero

LONGEST_KEY = 128
KEYS_LAST = timedelta(minutes=6)
COPIED = ("Status", "Reference", "Url", "CurrencyCode", "SentToContact", "BrandingThemeID", "InvoiceNumber")


class Writes:
    """`break_next`: so many writes fail inside, before anything is written; with a key that stays so for six minutes.

    `partial`: of a batch of which some cannot be written, the others are.
    """

    def __init__(self, fake: FakeXero) -> None:
        self._fake = fake
        self.break_next = 0
        self.partial = False
        self.written: set[str] = set()  # ids of what came over the API
        self._kept: dict[tuple[str, str, str], tuple[datetime, str, Answer]] = {}

    def answer(self, call: Call, kind: Kind, id: str) -> Answer:
        """What was answered to this key before; else what comes of it now."""
        key = call.asked.headers.get("idempotency-key", "")
        if not key:
            return self._outcome(call, kind, id)
        if len(key) > LONGEST_KEY:
            raise invalid(f"The Idempotency-Key is longer than {LONGEST_KEY} characters")
        place = (call.access.grant.app.client_id, call.books.tenant_id, key)
        asked = _print_of(call)
        known = self._kept.get(place)
        if known is not None and self._fake.now - known[0] < KEYS_LAST:
            if known[1] != asked:
                raise invalid(f"The Idempotency-Key {key} is used with a different request")
            return known[2]
        answer = self._outcome(call, kind, id)
        self._kept[place] = (self._fake.now, asked, answer)
        return answer

    def _outcome(self, call: Call, kind: Kind, id: str) -> Answer:
        if self.break_next:
            self.break_next -= 1
            return Answer(500, b"An error occurred in Xero", {"Content-Type": "text/html; charset=utf-8"})
        try:
            return self._write(call, kind, id)
        except Refused as error:
            return error.answer

    def _write(self, call: Call, kind: Kind, id: str) -> Answer:
        keepers: dict[str, Callable[..., str]] = {
            "Invoices": self._keep_invoice,
            "ManualJournals": self._keep_journal,
            "Contacts": self._keep_contact,
        }
        if kind.name not in keepers or call.asked.method not in ("PUT", "POST") or (id and call.asked.method == "PUT"):
            raise not_found()
        if id and id not in call.books.records:
            raise not_found()
        given = self._given(call, kind, id)
        checked = [(one, self._wrong(call, kind, one)) for one in given]
        bad = [_with_errors(one, wrong, kind) for one, wrong in checked if wrong]
        alone = call.asked.query.get("summarizeErrors", "true").lower() == "false"
        if bad and not alone and not self.partial:
            raise invalid("A validation exception occurred", elements=bad)
        rows = []
        for one, wrong in checked:
            if wrong:
                rows.append(_with_errors(one, wrong, kind))
                continue
            old = self._old(call, kind, one)
            kept = keepers[kind.name](call, one, old)
            self.written |= set() if old else {kept}
            rows.append(self._shown(call, kind, kept))
        if bad and not alone:
            raise invalid("A validation exception occurred", elements=bad)
        return self._fake.written(call, kind.name, rows)

    def _given(self, call: Call, kind: Kind, id: str) -> list[Raw]:
        """What is sent: one thing, or several under their name. Amounts are read digit by digit."""
        try:
            body = json.loads(call.asked.body, parse_float=Decimal)
        except ValueError:
            raise invalid("Invalid JSON", 14, "PostDataInvalidException") from None
        found = body.get(kind.name, [body]) if isinstance(body, dict) else body
        if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
            raise invalid("No JSON objects were sent", 14, "PostDataInvalidException")
        return [{**one, kind.key: id} for one in found] if id else found

    def _old(self, call: Call, kind: Kind, one: Raw) -> str:
        """The id of what is changed by this; nothing where it is new. A PUT only makes new things."""
        if call.asked.method == "PUT":
            return ""
        if one.get(kind.key) in call.books.records:
            return str(one[kind.key])
        for record in call.books.of_kind(kind.name):
            number = one.get(kind.number) if kind.number else None
            if number and record.fields.get(kind.number) == number and record.fields.get("Type") != "ACCPAY":
                return record.id
        return ""

    def _wrong(self, call: Call, kind: Kind, one: Raw) -> list[str]:
        checks = {"Invoices": check_invoice, "ManualJournals": check_journal, "Contacts": check_contact}
        old = self._old(call, kind, one)
        return checks[kind.name](call.books, one, call.books.fields(old) if old else None)

    def _shown(self, call: Call, kind: Kind, id: str) -> Raw:
        places = int(call.asked.query.get("unitdp", "2"))
        row = Rows(call.books, View(places=places, alone=True)).shown(kind, call.books.fields(id))
        return {**row, "StatusAttributeString": "OK", "HasErrors": False, "ValidationErrors": []}

    # Keeping what is right

    def _keep_invoice(self, call: Call, one: Raw, old: str) -> str:
        books, before = call.books, call.books.fields(old) if old else {}
        places = int(call.asked.query.get("unitdp", "2"))
        contact = self._contact_of(call, one["Contact"]) if one.get("Contact") else before["Contact"]["ContactID"]
        types = one.get("LineAmountTypes", before.get("LineAmountTypes", "Exclusive"))
        tax = {"NoTax": "NONE"}.get(types, "OUTPUT2" if one.get("Type", before.get("Type")) == "ACCREC" else "INPUT2")
        fields = {name: one[name] for name in COPIED if one.get(name) is not None}
        fields |= {"CurrencyRate": Decimal(str(one["CurrencyRate"]))} if "CurrencyRate" in one else {}
        dates = {name: one[name] and day(one[name]) for name in ("Date", "DueDate") if name in one}
        made = old
        if old:
            ended = {"AmountDue": ZERO} if one.get("Status") in ("VOIDED", "DELETED") else {}
            books.change(old, **fields, **dates, **ended)
        else:
            number = {"InvoiceNumber": ""} if one["Type"] == "ACCPAY" else {}
            dates["due"] = dates.pop("DueDate", None)
            fields = {**number, "Status": "DRAFT", **fields, **dates}
            made = books.create_invoice(contact, type=one["Type"], tax=types, **fields)
        if "LineItems" in one:
            lines = [line_of(_exact(line), types, books.new_id, places, tax) for line in one["LineItems"]]
            sums = totals(lines, types)
            paid = books.fields(made)["AmountPaid"] + books.fields(made)["AmountCredited"]
            books.records[made].fields.update(LineItems=lines, **sums, AmountDue=sums["Total"] - paid)
        return made

    def _contact_of(self, call: Call, given: Raw) -> str:
        """Whoever sends more than an id changes the contact: persons that are left out are gone."""
        books = call.books
        found = given.get("ContactID") or next(
            (one.id for one in books.of_kind("Contacts") if one.fields["Name"] == given.get("Name")), ""
        )
        more = {name: value for name, value in given.items() if name != "ContactID"}
        if not found:
            return books.add_contact(**{"name": more.pop("Name"), **more})
        if more and given.get("ContactID"):
            books.change(found, **{"ContactPersons": [], **more})
        return str(found)

    def _keep_journal(self, call: Call, one: Raw, old: str) -> str:
        books = call.books
        fields = {name: one[name] for name in ("Narration", "Status", "Url", "LineAmountTypes") if name in one}
        fields |= {"Date": day(one["Date"])} if "Date" in one else {}
        if "JournalLines" in one:
            lines = [journal_line(_exact(line)) for line in one["JournalLines"]]
            ids = {line["AccountCode"]: books.account(line["AccountCode"])["AccountID"] for line in lines}
            fields["JournalLines"] = [{**line, "AccountID": ids[line["AccountCode"]]} for line in lines]
        if old:
            books.change(old, **fields)
            return old
        usual = {"Status": "DRAFT", "LineAmountTypes": "NoTax", "Date": books.now().date(), "HasAttachments": False}
        return books.keep("ManualJournals", {**usual, "ShowOnCashBasisReports": True, **fields})

    def _keep_contact(self, call: Call, one: Raw, old: str) -> str:
        fields = {name: value for name, value in one.items() if name != "ContactID"}
        if old:
            call.books.change(old, **fields)
            return old
        return call.books.add_contact(fields.pop("Name"), **fields)


def _exact(line: Raw) -> Raw:
    """Numbers may be sent as text."""
    numbers = ("Quantity", "UnitAmount", "LineAmount", "DiscountRate")
    return {name: Decimal(str(value)) if name in numbers else value for name, value in line.items()}


def _with_errors(one: Raw, wrong: list[str], kind: Kind) -> Raw:
    told = {"HasErrors": True, "StatusAttributeString": "ERROR"}
    return {kind.key: NOBODY, **one, **told, "ValidationErrors": [{"Message": each} for each in wrong]}


def _print_of(call: Call) -> str:
    """Stands for a request: where the same comes again, it is the same."""
    asked = call.asked
    text = json.dumps([asked.method, asked.path, sorted(asked.query.items())])
    return hashlib.sha256(text.encode() + asked.body).hexdigest()
