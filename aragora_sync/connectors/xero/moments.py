"""Times as Xero writes them: /Date(…)/ holds milliseconds in UTC, for moments and for days alike."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from ...core.clock import from_micros

_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_FRACTION = re.compile(r"(\.\d{1,6})\d*")
_MILLISECOND = 1000  # in microseconds


def is_xero_date(text: object) -> bool:
    return isinstance(text, str) and _DATE.fullmatch(text) is not None


def from_xero_date(text: str) -> datetime:
    """The moment, in UTC. The offset that may stand behind the milliseconds is only informative."""
    if found := _DATE.fullmatch(text):
        return from_micros(int(found[1]) * _MILLISECOND)
    moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def day_of(text: str) -> date:
    """A day of the calendar, which Xero writes as its midnight in UTC, wherever the organisation is."""
    return from_xero_date(text).date()


def moment_text(moment: datetime) -> str:
    """2026-11-22T09:58:00.123Z; such texts sort like the moments."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // _MILLISECOND:03d}Z"


def header_text(moment: datetime) -> str:
    """As If-Modified-Since takes it: UTC, and to the second, which is cut off."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def whole_second(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond)
