"""What may be read from the books at Xero: lists by page and by time, and things one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .web import Answer, Asked
from .xero_books import Books
from .xero_documents import Kind
from .xero_json import Raw, Written, invalid, not_found, plain, unreadable
from .xero_rows import HIDDEN_IN_SUMMARY, Rows, View, visible
from .xero_where import Where, ordered, value_of

if TYPE_CHECKING:
    from .xero import Call, FakeXero

USUAL_PAGE, LARGEST_PAGE, HEAVY = 100, 1000, 100_000
HIDDEN_CONTACTS = ("ARCHIVED", "GDPRREQUEST")
LIGHT = {"UpdatedDateUTC", "CreatedDateUTC", "Date", "DueDate", "Status", "Type", "ContactStatus", "Name"}
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?")
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?)?")
LISTED = {"IDs": "", "InvoiceNumbers": "InvoiceNumber", "ContactIDs": "Contact.ContactID", "Statuses": "Status"}
SEARCHED = ("InvoiceNumber", "Reference", "Name", "EmailAddress", "FirstName", "LastName", "CompanyNumber")


class Lists:
    """Switches: `since` is "after", "from" or "second": whether a record of that very moment counts as modified, or
    only from the next second on. `unmodified` names kinds that answer 304 where nothing changed. `offset` stands behind
    the milliseconds of dates. `heavy` is the number of records from which slow filters are refused. `page_size`: pages
    are no larger, whatever is asked for.
    `journals_forget_since`: manual journals with `order` come all, whatever the header says.
    """

    def __init__(self, fake: FakeXero) -> None:
        self._fake = fake
        self.since = "after"
        self.unmodified: set[str] = set()
        self.offset = "+0000"
        self.heavy = HEAVY
        self.page_size = LARGEST_PAGE
        self.journals_forget_since = True

    def list(self, call: Call, kind: Kind) -> Answer:
        query = call.asked.query
        view = self.view(call.asked, kind)
        found = visible(call.books.of_kind(kind.name), self._fake.now)
        asked_since = call.asked.headers.get("if-modified-since", "")
        if not (kind.name == "ManualJournals" and "order" in query and self.journals_forget_since):
            found = self._modified(found, asked_since, kind)
        found = self._filtered(found, kind, query, view)
        found = self._in_order(found, kind, query)
        if asked_since and not found and kind.name in self.unmodified:
            return Answer(304, b"")
        page, pagination = self._page(found, kind, query)
        rows = Rows(call.books, view)
        return self._fake.written(call, kind.name, [rows.shown(kind, one) for one in page], pagination)

    def view(self, asked: Asked, kind: Kind, *, alone: bool = False) -> View:
        places = asked.query.get("unitdp", "2")
        if places not in ("2", "4"):
            raise invalid("unitdp must be 2 or 4")
        summary = asked.query.get("summaryOnly", "").lower() == "true"
        paged = alone or ("page" in asked.query and kind.paged)
        return View(paged and not summary, int(places), summary, alone, self.offset)

    def get(self, call: Call, kind: Kind, key: str) -> Answer:
        """One by its id, or by its number; in full."""
        for fields in visible(call.books.of_kind(kind.name), self._fake.now):
            if key.lower() == fields[kind.key] or (kind.number and key == fields.get(kind.number)):
                rows = Rows(call.books, self.view(call.asked, kind, alone=True))
                return self._fake.written(call, kind.name, [rows.shown(kind, fields)])
        raise not_found()

    # Which records

    def _modified(self, found: list[Raw], header: str, kind: Kind) -> list[Raw]:
        moment = read_moment(header)
        if moment is None:
            return found
        if self.since == "from":
            return [one for one in found if one[kind.since] >= moment]
        if self.since == "second":
            return [one for one in found if one[kind.since].replace(microsecond=0) > moment]
        return [one for one in found if one[kind.since] > moment]

    def _filtered(self, found: list[Raw], kind: Kind, query: dict[str, str], view: View) -> list[Raw]:
        if kind.name == "Contacts" and not _yes(query, "includeArchived"):
            found = [one for one in found if one["ContactStatus"] not in HIDDEN_CONTACTS]
        if kind.name == "BankTransfers" and not _yes(query, "includeDeleted"):
            found = [one for one in found if one["Status"] != "DELETED"]
        for name, path in LISTED.items():
            if name in query and kind.name in ("Invoices", "Contacts"):
                wanted = {each.strip().lower() for each in query[name].split(",")}
                found = [one for one in found if str(value_of(one, path or kind.key)).lower() in wanted]
        if _yes(query, "createdByMyApp"):
            found = [one for one in found if one[kind.key] in self._fake.writes.written]
        if term := query.get("searchTerm", "").lower():
            found = [one for one in found if any(term in str(one.get(name, "")).lower() for name in SEARCHED)]
        if "where" in query:
            where = Where(query["where"])
            if view.summary and where.names & set(HIDDEN_IN_SUMMARY):
                raise unreadable("This filter cannot be used with summaryOnly")
            self._not_too_heavy(found, where.names, kind)
            found = [one for one in found if where.matches(one)]
        return found

    def _in_order(self, found: list[Raw], kind: Kind, query: dict[str, str]) -> list[Raw]:
        """The oldest change first, where nothing else is asked for."""
        found = sorted(found, key=lambda one: (one[kind.since], one[kind.key]))
        if "order" not in query or not found:
            return found
        self._not_too_heavy(found, {part.split()[0] for part in query["order"].split(",") if part.split()}, kind)
        known = {kind.key, kind.since, *LIGHT, *(name for one in found[:50] for name in one)}
        return ordered(found, query["order"], known)

    def _not_too_heavy(self, found: list[Raw], names: set[str], kind: Kind) -> None:
        if len(found) > self.heavy and not names <= LIGHT | {kind.key, "Contact.ContactID"}:
            raise invalid(f"Your request touches more than {self.heavy} records; use an optimised filter or order")

    def _page(self, found: list[Raw], kind: Kind, query: dict[str, str]) -> tuple[list[Raw], Raw | None]:
        """Without `page` everything, but without lines."""
        if not kind.paged or "page" not in query:
            return found, None
        page = _whole(query, "page", 1, 10**9, 1)
        size = min(_whole(query, "pageSize", 1, LARGEST_PAGE, USUAL_PAGE), self.page_size)
        count = -(-len(found) // size)
        pagination = {"page": page, "pageSize": size, "pageCount": count, "itemCount": len(found)}
        return found[(page - 1) * size : page * size], pagination

    # What is seldom asked for

    def small(self, call: Call, part: str) -> Written:
        """Short lists that are told whole, whatever the header says."""
        books = call.books
        rates = [{**one, "DisplayTaxRate": 0, "EffectiveRate": 0} for one in books.tax_rates()]
        rows: dict[str, list[Raw]] = {
            "Organisation": [books.organisation()],
            "Currencies": [{"Code": books.currency, "Description": books.currency}],
            "TaxRates": rates,
            "TrackingCategories": tracking_of(books),
        }
        name = "Organisations" if part == "Organisation" else part
        return self._fake.written(call, name, plain(rows[part], self.offset))


def tracking_of(books: Books) -> list[Raw]:
    found: list[Raw] = []
    for name, options in books.tracking.items():
        known = [{"TrackingOptionID": f"{name}-{option}", "Name": option, "Status": "ACTIVE"} for option in options]
        found.append({"TrackingCategoryID": name, "Name": name, "Status": "ACTIVE", "Options": known})
    return found


def read_moment(header: str) -> datetime | None:
    """As Xero reads the header, to the second: what is no ISO 8601 and no date of HTTP is misread, and nobody says so.

    A zone behind an ISO date is not looked at: it is UTC. A date with slashes counts as month/day/year; where that is
    none, everything is listed.
    """
    try:
        if found := ISO.match(header.strip()):
            return datetime(*(int(each or 0) for each in found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]
        if found := SLASHED.match(header.strip()):
            month, date, year, *time = (int(each or 0) for each in found.groups())
            return datetime(year, month, date, *time, tzinfo=UTC)
        return parsedate_to_datetime(header).astimezone(UTC) if header else None
    except ValueError:
        return None


def _yes(query: dict[str, str], name: str) -> bool:
    return query.get(name, "").lower() == "true"


def _whole(query: dict[str, str], name: str, least: int, most: int, usual: int) -> int:
    text = query.get(name, str(usual))
    if not re.fullmatch(r"-?\d{1,10}", text) or not least <= int(text) <= most:
        raise invalid(f"{name} must be a number from {least} to {most}")
    return int(text)
