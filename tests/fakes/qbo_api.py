"""The data API of one company in QuickBooks: queries, single things, change data, reports, writes, batches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import qbo_query
from .qbo_books import Books
from .qbo_forms import currency
from .qbo_json import Refused, Row, instant, invalid, not_found, precise, read
from .qbo_kinds import KINDS, SINGLE, by_name
from .qbo_reports import REPORTS, report
from .web import Asked

if TYPE_CHECKING:
    from .qbo import FakeQuickBooks

BATCH_ITEMS = 30
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Api:
    """Answers requests that were let in, below /v3/company/{realm}."""

    def __init__(self, fake: FakeQuickBooks) -> None:
        self._fake = fake

    def answer(self, asked: Asked, books: Books, path: str) -> Row:
        time = precise(self._fake.now, books.zone)
        match = path.strip("/").split("/")
        if match == ["query"] and asked.method in ("GET", "POST"):
            text = asked.query.get("query", "") if asked.method == "GET" else _statement(asked)
            return {"QueryResponse": self._queried(books, text), "time": time}
        if match == ["cdc"] and asked.method == "GET":
            return {"CDCResponse": [{"QueryResponse": self._changed(books, asked)}], "time": time}
        if match == ["batch"] and asked.method == "POST":
            return {"BatchItemResponse": self._batch(books, asked), "time": time}
        if match[0] == "reports" and len(match) == 2 and asked.method == "GET":
            if match[1] not in REPORTS:
                raise invalid("5020", "Permission Denied Error", f"Permission Denied Error : Report {match[1]}")
            return report(books, match[1], asked.query, self._fake)
        kind = next((kind for kind in (*KINDS, *SINGLE) if kind.lower() == match[0]), None)
        if kind is None or len(match) > 2:
            raise invalid("500", "Unsupported Operation", f"Operation {asked.path} is not supported.")
        self._permit(books, kind)
        if asked.method == "GET":
            return {kind: self._single(books, kind, match[1:]), "time": time}
        if asked.method == "POST" and len(match) == 1 and kind not in SINGLE:
            return {kind: self._fake.writes[books.realm_id].write(kind, _object(asked), asked.query), "time": time}
        raise invalid("500", "Unsupported Operation", f"Operation {asked.method} is not supported.")

    def _queried(self, books: Books, text: str) -> Row:
        query = qbo_query.parse(text, second_key=self._fake.second_key)
        self._permit(books, query.kind)
        if query.kind in SINGLE:
            return {query.kind: [self._single(books, query.kind, [])], "startPosition": 1, "maxResults": 1}
        return qbo_query.answer(query, books)

    def _single(self, books: Books, kind: str, rest: list[str]) -> Row:
        if kind == "CompanyInfo":
            return company_info(books) if rest in ([], [books.realm_id], ["1"]) else _raise(not_found(str(rest)))
        if kind == "Preferences":
            return preferences(books)
        row = books.row(kind, rest[0]) if rest else None
        return books.shown(kind, row) if row is not None else _raise(not_found(f"{kind} {rest}"))

    def _permit(self, books: Books, kind: str) -> None:
        if kind in books.denied:
            told = f"Authorization Failure: no permission to view {kind}"
            raise Refused(403, "120", "Authorization Failure", told, "AuthorizationFault")

    def _changed(self, books: Books, asked: Asked) -> list[Row]:
        """One element for each kind that was asked for; cut off without a word where it is too much."""
        try:
            since = instant(asked.query["changedSince"], books.zone)
        except (KeyError, ValueError):
            raise invalid("2170", "Invalid Date", "Invalid changedSince", "changedSince") from None
        if since < self._fake.now - timedelta(days=self._fake.cdc_days):
            raise invalid(
                "4000", "Invalid changedSince", f"changedSince lies more than {self._fake.cdc_days} days back"
            )
        names = [name.strip() for name in asked.query.get("entities", "").split(",")]
        left, answers = self._fake.cdc_objects, []
        for name in names:
            kind = by_name(name)
            if kind is None or kind in self._fake.cdc_excluded or kind in SINGLE:
                raise invalid("4001", "Invalid query", f"{name} is not supported by change data capture", "entities")
            self._permit(books, kind)
            rows = _changes(books, kind, since.replace(microsecond=0))[:left]
            left -= len(rows)
            answers.append({kind: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
        return answers

    def _batch(self, books: Books, asked: Asked) -> list[Row]:
        items = _object(asked).get("BatchItemRequest", [])
        if len(items) > BATCH_ITEMS:
            raise invalid("4000", "Batch has too many items", f"at most {BATCH_ITEMS} operations")
        return [{**self._batched(books, item), "bId": item.get("bId", "")} for item in items]

    def _batched(self, books: Books, item: Row) -> Row:
        try:
            if "Query" in item:
                return {"QueryResponse": self._queried(books, item["Query"])}
            kind = next(kind for kind in KINDS if kind in item)
            operation = "" if item.get("operation") in (None, "create") else item["operation"]
            asked = {"operation": operation, "include": item.get("optionsData", "")}
            return {kind: self._fake.writes[books.realm_id].write(kind, item[kind], asked)}
        except Refused as refused:
            return {"Fault": refused.upper("")["Fault"]}


def company_info(books: Books) -> Row:
    long = {"US": "USA", "GB": "GBR", "CA": "CAN"}.get(books.country, books.country)
    stamped = books.told(books.began_at)
    return {
        "CompanyName": books.name,
        "LegalName": books.name,
        "CompanyAddr": {"Id": "1", "Line1": "123 Sierra Way", "City": "San Pablo", "Country": long},
        "CompanyStartDate": books.began_at.astimezone(books.zone).date().isoformat(),
        "FiscalYearStartMonth": MONTHS[books.fiscal_start - 1],
        "Country": books.country,
        "SupportedLanguages": "en",
        "DefaultTimeZone": str(books.zone),
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "4",
        "MetaData": {"CreateTime": stamped, "LastUpdatedTime": stamped},
    }


def preferences(books: Books) -> Row:
    stamped = books.told(books.began_at)
    return {
        "AccountingInfoPrefs": {"FirstMonthOfFiscalYear": MONTHS[books.fiscal_start - 1], "UseAccountNumbers": False},
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": books.multicurrency,
            "HomeCurrency": {"value": currency(books.currency)["value"]},
        },
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "2",
        "MetaData": {"CreateTime": stamped, "LastUpdatedTime": stamped},
    }


def _changes(books: Books, kind: str, since: datetime) -> list[Row]:
    """What changed since then, the gone only by Id and clock; oldest change first."""
    found = [
        (version.stamped, books.shown(kind, version.row))
        for version in books.seen(kind)
        if version.row is not None and version.stamped.replace(microsecond=0) >= since
    ]
    for gone_id, version in books.deleted(kind):
        if version.stamped.replace(microsecond=0) >= since:
            gone = {"domain": "QBO", "status": "Deleted", "Id": gone_id}
            found.append((version.stamped, {**gone, "MetaData": {"LastUpdatedTime": books.told(version.stamped)}}))
    return [row for _, row in sorted(found, key=lambda each: (each[0], int(each[1]["Id"])))]


def _statement(asked: Asked) -> str:
    if not asked.headers.get("content-type", "").startswith("application/text"):
        raise Refused(415, "4000", "Unsupported Media Type", "Content-Type of a query is application/text")
    return asked.body.decode()


def _object(asked: Asked) -> Row:
    if "application/json" not in asked.headers.get("content-type", ""):
        raise Refused(415, "4000", "Unsupported Media Type", "Content-Type is application/json")
    try:
        sent: Row = read(asked.body)
    except ValueError:
        raise invalid("2010", "Request has invalid or unsupported property", "the JSON cannot be read") from None
    return sent


def _raise(error: Exception) -> Any:
    raise error
