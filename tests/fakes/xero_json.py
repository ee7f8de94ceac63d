"""How Xero writes: exact amounts, dates between slashes, JSON where it is asked for, and XML elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.sax.saxutils import escape

from .web import Answer, Asked

Raw = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENT, FOURTH = Decimal("0.01"), Decimal("0.0001")
NOBODY = str(UUID(int=0))  # of what was never stored
MARK = "\ue000"  # before an amount, while it is text
AMOUNT = re.compile(r'"\\ue000(-?\d+(?:\.\d+)?)"')
MS_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")


class Refused(Exception):
    """Ends a request with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class Written(Answer):
    """JSON whose Decimals are written digit by digit, and whose dates have their slashes escaped."""

    @property
    def content(self) -> bytes:
        text = json.dumps(self.body, default=_marked)
        return MS_DATE.sub(lambda found: found[0].replace("/", r"\/"), AMOUNT.sub(r"\1", text)).encode()


def _marked(amount: Any) -> str:
    if not isinstance(amount, Decimal):
        raise TypeError(f"{amount!r} cannot be written")
    return f"{MARK}{amount:f}"


# Amounts


def cents(amount: Decimal | int | str) -> Decimal:
    """Rounded as Xero rounds: half away from zero."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def fourths(amount: Decimal | int | str) -> Decimal:
    return Decimal(amount).quantize(FOURTH, ROUND_HALF_UP)


# Dates


def ms_date(moment: date | datetime, offset: str = "+0000") -> str:
    """`offset` only tells: what counts is the number, in milliseconds since 1970 in UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({(moment - EPOCH) // timedelta(milliseconds=1)}{offset})/"


def day(given: date | str) -> date:
    """A calendar date, as somebody wrote it."""
    if not isinstance(given, str):
        return given
    if found := MS_DATE.fullmatch(given):
        return (EPOCH + timedelta(milliseconds=int(found[1]))).date()
    return date.fromisoformat(given[:10])


def plain(node: Any, offset: str = "+0000") -> Any:
    """What can be written as JSON: dates become text, amounts stay exact."""
    if isinstance(node, Mapping):
        return {name: plain(value, offset) for name, value in node.items()}
    if isinstance(node, list):
        return [plain(each, offset) for each in node]
    return ms_date(node, offset) if isinstance(node, date) else node


def new_id(*words: object) -> str:
    """A UUID that looks like chance, and is the same in every run."""
    return str(uuid5(NAMESPACE_URL, " ".join(map(str, words))))


# Errors


def denied(status: int, detail: str, instance: str, headers: dict[str, str] | None = None) -> Refused:
    """How the gateway in front of the API refuses."""
    title = {401: "Unauthorized", 403: "Forbidden"}[status]
    body = {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": instance, "Extensions": {}}
    return Refused(Answer(status, body, headers or {}))


def invalid(message: str, number: int = 10, kind: str = "ValidationException", elements: Any = None) -> Refused:
    """How the API refuses what was asked."""
    body = {"ErrorNumber": number, "Type": kind, "Message": message}
    return Refused(Written(400, body if elements is None else {**body, "Elements": elements}))


def unreadable(message: str) -> Refused:
    """A filter, an order or a number that is none."""
    return invalid(message, 16, "QueryParseException")


def not_found() -> Refused:
    text = b"The resource you're looking for cannot be found"
    return Refused(Answer(404, text, {"Content-Type": "text/html; charset=utf-8"}))


# Writing for whom


def wants_json(asked: Asked) -> bool:
    return "application/json" in asked.headers.get("accept", "")


def as_xml(answer: Answer) -> Answer:
    """The same in XML, which everybody gets who does not ask for JSON."""
    if isinstance(answer.body, bytes):
        return answer
    root = "Response" if answer.status < 400 else "ApiException"
    text = f'<?xml version="1.0" encoding="utf-8"?><{root}>{_elements(answer.body)}</{root}>'
    headers = {**answer.headers, "Content-Type": "text/xml; charset=utf-8"}
    return Answer(answer.status, text.encode(), headers, answer.cut)


def _elements(node: Any, name: str = "") -> str:
    if isinstance(node, Mapping):
        inner = "".join(_elements(value, key) for key, value in node.items())
    elif isinstance(node, list):
        inner = "".join(_elements(each, name.removesuffix("s") or "Item") for each in node)
    elif node is None:
        inner = ""
    else:
        inner = escape(str(node).lower() if isinstance(node, bool) else str(node))
    return f"<{name}>{inner}</{name}>" if name else inner
