"""One organisation at Xero: its lists, page by page, and its single records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...core.errors import AccessError, NotFound, SourceError
from ...net.answer import Answer
from ...net.http import Http
from .endpoints import Endpoint
from .moments import header_text

logger = logging.getLogger(__name__)

API = "api.xro/2.0"
PAGE = 1000
MOST_IDS = 40  # in one address; more than about fifty make it too long
CONCURRENT = 5  # requests at once that Xero allows per organisation
FEW_THIS_MINUTE, REST_SECONDS = 3, 20.0
FEW_TODAY = 100

Raw = dict[str, Any]


class Ledger:
    """The records of one organisation. Safe among threads. `organisation` is its id at Xero, found when it must be."""

    def __init__(self, http: Http, organisation: Callable[[], str]) -> None:
        self.http = http
        self._organisation = organisation
        self._warned = False

    @property
    def organisation(self) -> str:
        return self._organisation()

    def page(self, endpoint: Endpoint, since: datetime | None, number: int) -> Answer:
        """A page of the records that were updated since, the earliest update first where that can be asked for."""
        asked: dict[str, Any] = dict(endpoint.asked)
        if endpoint.paged:  # without a page, documents have no lines
            asked |= {"page": number, "pageSize": PAGE}
        if endpoint.ordered:
            asked["order"] = "UpdatedDateUTC ASC"
        headers = {} if since is None else {"If-Modified-Since": header_text(since)}
        return self._get(endpoint.path, asked, headers)

    def some(self, endpoint: Endpoint, ids: Sequence[str]) -> Iterator[tuple[str, Raw | SourceError | None]]:
        """The records of these ids; None where Xero has none, the error where it cannot tell this one alone."""
        if not endpoint.by_ids:
            for each in ids:
                yield each, self._one(endpoint, each)
            return
        for first in range(0, len(ids), MOST_IDS):
            wanted = ids[first : first + MOST_IDS]
            asked = {**endpoint.asked, "IDs": ",".join(wanted), "page": 1, "pageSize": PAGE}
            rows = rows_of(self._get(endpoint.path, asked), endpoint)
            found = {row[endpoint.id]: row for row in rows}
            for each in wanted:
                yield each, found.get(each)

    def _one(self, endpoint: Endpoint, record_id: str) -> Raw | SourceError | None:
        asked = {name: value for name, value in endpoint.asked.items() if name == "unitdp"}
        try:
            rows = rows_of(self._get(f"{endpoint.path}/{record_id}", asked), endpoint)
        except NotFound:
            return None
        except SourceError as error:
            if isinstance(error, AccessError) or getattr(error, "retry_after", None) is not None:
                raise  # the others would be told no better
            return error
        return rows[0] if rows else None

    def numbered(self, endpoint: Endpoint, number: str) -> list[Raw]:
        """The documents of this number."""
        asked = {**endpoint.asked, "InvoiceNumbers": number, "page": 1, "pageSize": PAGE}
        return rows_of(self._get(endpoint.path, asked), endpoint)

    def put(self, path: str, records: Sequence[Raw], key: str) -> Answer:
        """Makes new records. `key` stands for this act: sent again within minutes, it is done once."""
        asked = {"summarizeErrors": False} | ({"unitdp": 4} if path == "Invoices" else {})
        headers = {"Idempotency-Key": key, **self._headers()}
        return self.http.ask("PUT", f"{API}/{path}", asked, json={path: records}, headers=headers)

    def _get(self, path: str, asked: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        answer = self.http.get(f"{API}/{path}", asked, headers={**self._headers(), **(headers or {})})
        self._look_at_limits(answer)
        return answer

    def _headers(self) -> dict[str, str]:
        return {"xero-tenant-id": self.organisation}

    def _look_at_limits(self, answer: Answer) -> None:
        """Slows down before Xero refuses, and says so before a day's requests are used up."""
        if _left(answer, "x-minlimit-remaining", FEW_THIS_MINUTE) < FEW_THIS_MINUTE:
            self.http.pace().rest(REST_SECONDS, "few of Xero's requests of this minute are left")
        left = _left(answer, "x-daylimit-remaining", FEW_TODAY)
        if left < FEW_TODAY and not self._warned:
            self._warned = True
            logger.warning("Xero answers only %d more requests for this organisation today", left)


def rows_of(answer: Answer, endpoint: Endpoint) -> list[Raw]:
    """The records in an answer. None where nothing changed."""
    if answer.unchanged:
        return []
    rows = answer.body.get(endpoint.path) if isinstance(answer.body, dict) else None
    if not isinstance(rows, list):
        raise SourceError("what answered is not Xero's API.", hint="look at base_url")
    return rows


def is_last(answer: Answer, endpoint: Endpoint, number: int, rows: Sequence[Raw]) -> bool:
    """Whether no page comes after this one."""
    if not endpoint.paged or len(rows) == 0:
        return True
    told = answer.body.get("pagination") or {}
    return number >= told["pageCount"] if "pageCount" in told else len(rows) < PAGE


def _left(answer: Answer, name: str, default: int) -> int:
    told = answer.headers.get(name, "").strip()
    return int(told) if told.isdecimal() else default
