"""What changed by its timestamp, where the server tells nothing of itself: from which one on documents are read again.

The server compares only values of one type with each other, so that each type that timestamps have is asked for by
itself, and so are numbers of seconds and of milliseconds; and documents whose timestamp is of another kind, a text
that is no date, or that have none, are read each time.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ...core.clock import to_micros
from .documents import LATEST_SECONDS, found_at

TYPES = ("date", "string", "number", "timestamp")
DATED = r"^\d{4}-\d\d-\d\d"  # texts that sort by time
KINDS: Mapping[str, Mapping[str, Any]] = {
    "date": {"$type": "date"},
    "string": {"$type": "string", "$regex": DATED},
    "seconds": {"$type": "number", "$lt": LATEST_SECONDS},
    "number": {"$type": "number", "$gte": LATEST_SECONDS},  # of milliseconds
    "timestamp": {"$type": "timestamp"},
}
LATE = timedelta(minutes=10)  # clocks of applications differ, and a transaction shows its documents when it ends
WIDEST_ZONE = timedelta(hours=14)  # a date of text may be written at any place of the world
SECONDS_LENGTH = len("2026-01-01T00:00:00")


def lows_of(documents: Any, field: str, now: datetime) -> dict[str, Any]:
    """From which timestamp on everything is to be read the next time, for each kind that there is."""
    found: dict[str, Any] = {}
    for kind, condition in KINDS.items():
        latest = documents.find_one({field: condition}, {field: 1}, sort=[(field, -1)])
        if latest is not None and (values := of_kind(latest, field, kind)):
            found[kind] = low_of(values[0] if len(values) == 1 else max(values, key=_plain), now)
    return found


def lacks(documents: Any, field: str) -> bool:
    """Whether there are documents, and none has the field."""
    return documents.find_one({field: {"$exists": True}}, {"_id": 1}) is None and bool(
        documents.find_one({}, {"_id": 1})
    )


def of_kind(document: Any, field: str, kind: str) -> list[Any]:
    """The timestamps of a document that are of this kind; a list may hold several."""
    found = found_at(document, field)
    values = [member for value in found for member in (value if isinstance(value, list) else [value])]
    values = [value for value in values if type(value) in _types()[kind]]
    if kind in ("seconds", "number"):
        return [value for value in values if (_plain(value) >= LATEST_SECONDS) == (kind == "number")]
    return [value for value in values if re.match(DATED, value)] if kind == "string" else values


def low_of(value: Any, now: datetime) -> Any:
    """From which timestamp on everything is to be read, where `value` is the latest one of its type.

    One that lies in the future counts as now: otherwise nothing would be found until that day.
    """
    from bson import Timestamp
    from bson.datetime_ms import DatetimeMS

    value = _plain(value)
    if isinstance(value, DatetimeMS):  # beyond all years that Python knows
        return now - LATE if int(value) > 0 else value
    if isinstance(value, datetime):
        return min(value, now) - LATE
    if isinstance(value, str):
        return _low_of_text(value, now)
    if isinstance(value, Timestamp):
        return Timestamp(max(0, min(value.time, int(now.timestamp())) - int(LATE.total_seconds())), 0)
    if isinstance(value, int | float):
        unit = 1000 if abs(value) > LATEST_SECONDS else 1
        return min(value, to_micros(now) * unit / 1_000_000) - LATE.total_seconds() * unit
    raise TypeError(type(value).__name__)


def conditions(field: str, lows: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What to ask for, and of which kind that is; the last one is for all that has no timestamp of these kinds."""
    for kind in KINDS:
        if kind in lows:
            below = {"$lt": LATEST_SECONDS} if kind == "seconds" else {}
            yield kind, {field: {"$gte": lows[kind], **below}}
    unknown: list[dict[str, Any]] = [{field: condition} for kind, condition in KINDS.items() if kind not in lows]
    undated = {field: {"$type": "string", "$not": {"$regex": DATED}}}
    without = {"$nor": [{field: {"$type": list(TYPES)}}]}
    yield "", {"$or": [*unknown, undated, {field: math.nan}, without]}


def _low_of_text(value: str, now: datetime) -> str:
    """A text that sorts before all of the last minutes, written in the same manner."""
    try:
        moment = datetime.fromisoformat(value[:SECONDS_LENGTH])
    except ValueError:  # a day that no calendar has, or of no time
        return min(value, now.date().isoformat())
    if moment.tzinfo is not None or len(value) < SECONDS_LENGTH:
        return min(value, now.date().isoformat())
    latest = (now + WIDEST_ZONE).replace(tzinfo=None, microsecond=0)
    return (min(moment, latest) - LATE).isoformat(sep=value[10], timespec="seconds")


def _plain(value: Any) -> Any:
    """Numbers as those that compare with all others."""
    from bson import Decimal128

    return float(value.to_decimal()) if isinstance(value, Decimal128) else value


@functools.cache
def _types() -> Mapping[str, tuple[type, ...]]:
    from bson import Decimal128, Int64, Timestamp
    from bson.datetime_ms import DatetimeMS

    return {
        "date": (datetime, DatetimeMS),
        "string": (str,),
        "seconds": (int, float, Int64, Decimal128),
        "number": (int, float, Int64, Decimal128),
        "timestamp": (Timestamp,),
    }
