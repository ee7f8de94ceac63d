"""What came back, and what its headers tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from ..core.clock import from_micros

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*\w+\s*=\s*(?:"[^"]*"|[^",;\s]*))*)')
_REL = re.compile(r'rel\s*=\s*"?([^";]*)"?')
_FIRST_EPOCH = 1_000_000_000  # a reset above is a moment, below a number of seconds


@dataclass(frozen=True)
class Answer:
    """One answer. `body` is its JSON; None where there was none, or raw bytes were asked for."""

    method: str
    url: str  # after redirects
    status: int
    headers: Mapping[str, str]  # names in small letters
    content: bytes = b""
    body: Any = None

    @property
    def unchanged(self) -> bool:
        """What the ETag stood for is still so (304)."""
        return self.status == 304  # noqa: PLR2004

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @cached_property
    def at(self) -> datetime | None:
        """The server's clock when it answered."""
        return _http_date(self.headers.get("date", ""))

    @property
    def links(self) -> dict[str, str]:
        """The addresses of its Link header, by relation (RFC 8288)."""
        found = {}
        for address, parameters in _LINK.findall(self.headers.get("link", "")):
            if relation := _REL.search(parameters):
                found.update(dict.fromkeys(relation[1].split(), address))
        return found

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def retry_after(self, now: datetime) -> float | None:
        """The seconds it asks to wait, told as such or as a date; None where it does not ask."""
        told = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", told):
            return float(told)
        moment = _http_date(told)
        return None if moment is None else self._until(moment, now)

    def until_reset(self, now: datetime) -> float | None:
        """The seconds until its limit begins anew; None where nothing is said, or something is left of it."""
        if self.headers.get("x-ratelimit-remaining", "").strip() != "0":
            return None
        told = self.headers.get("x-ratelimit-reset", "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", told):
            seconds = float(told)
            return seconds if seconds < _FIRST_EPOCH else self._until(from_micros(round(seconds * 1e6)), now) + 1
        try:
            return self._until(_aware(datetime.fromisoformat(told)), now)
        except ValueError:
            return None

    def _until(self, moment: datetime, now: datetime) -> float:
        """Seconds from its own time, or from `now` where it told none."""
        return max(0.0, (moment - (self.at or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    """A moment whose zone was not told is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
