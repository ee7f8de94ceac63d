"""How QuickBooks writes and reads: exact amounts, clocks with the company's offset, faults in three spellings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

Row = dict[str, Any]
JSON_TYPE = {"Content-Type": "application/json;charset=UTF-8"}
XML_TYPE = {"Content-Type": "application/xml;charset=UTF-8"}
XMLNS = "http://schema.intuit.com/finance/v3"
ZERO = Decimal(0)


def written(body: Any) -> bytes:
    """JSON in which every amount has exactly its digits."""
    text = json.dumps(body, default=_marked, ensure_ascii=False, separators=(",", ":"))
    return re.sub('"\ue000([^\ue001]*)\ue001"', r"\1", text).encode()


def number(amount: Decimal) -> str:
    """0, 85.0, 362.07; and 1E+2 where somebody wrote it so."""
    if isinstance(exponent := amount.as_tuple().exponent, int) and exponent > 0:
        return str(amount)
    if not amount:
        return "0"
    text = format(amount, "f")
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}"


def _marked(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"\ue000{number(value)}\ue001"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is nothing that QuickBooks writes")


def read(content: bytes) -> Any:
    """JSON with exact numbers. Raises ValueError."""
    return json.loads(content, parse_float=Decimal)


def xml(body: Mapping[str, Any], stamp: str) -> bytes:
    """The same answer for those who did not ask for JSON."""
    inner = "".join(_element(name, value) for name, value in body.items() if name != "time")
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<IntuitResponse xmlns="{XMLNS}" time="{stamp}">{inner}</IntuitResponse>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(inside, each) for inside, each in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{name}>{escape(number(value) if isinstance(value, Decimal) else str(value))}</{name}>"


# Clocks


def stamp(at: datetime, zone: ZoneInfo) -> str:
    """2026-11-01T13:04:55-08:00: the second, with the company's offset of that day."""
    return at.astimezone(zone).replace(microsecond=0).isoformat()


def precise(at: datetime, zone: ZoneInfo) -> str:
    """The clock of an answer, which has milliseconds."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def instant(text: str, zone: ZoneInfo) -> datetime:
    """What a clock or a date in a request means; the company's own where no offset is told. Raises ValueError."""
    read_at = datetime.fromisoformat(text)
    return (read_at if read_at.tzinfo else read_at.replace(tzinfo=zone)).astimezone(UTC)


# Faults


@dataclass
class Refused(Exception):
    """A fault. `spelling`: "upper" as services write it, "lower" as the gateway does, "xml", or that of the status."""

    status: int
    code: str
    message: str
    detail: str = ""
    type: str = "ValidationFault"
    element: str | None = None
    spelling: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def upper(self, time: str) -> Row:
        error = {"Message": self.message, "Detail": self.detail or self.message, "code": self.code}
        if self.element is not None:
            error["element"] = self.element
        return {"Fault": {"Error": [error], "type": self.type}, "time": time}

    def lower(self, at: datetime) -> Row:
        error = {"message": self.message, "detail": self.detail, "code": self.code, "element": self.element}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.type},
            **dict.fromkeys(("report", "queryResponse")),
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(at.timestamp() * 1000),
            "status": None,
            "cdcresponse": [],
        }


def gateway(status: int, code: str, name: str, detail: str, type: str) -> Refused:
    """What is said before a request reaches the books. `code`: such as 003200, of which the fault tells 3200."""
    return Refused(status, code.lstrip("0"), f"message={name}; errorCode={code}; statusCode={status}", detail, type)


def not_found(what: str) -> Refused:
    detail = f"Object Not Found : Something you're trying to use has been made inactive. {what}"
    return Refused(400, "610", "Object Not Found", detail, element="")


def invalid(code: str, message: str, detail: str = "", element: str | None = None) -> Refused:
    return Refused(400, code, message, detail, element=element)
