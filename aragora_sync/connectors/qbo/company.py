"""One company's books, asked over the API."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from ...core.clock import utc_now
from ...core.errors import AragoraSyncError, CredentialError, ReadAgain, SourceError, TransientError
from ...net.answer import Answer
from .entities import Entity
from .errors import Gone, QuotaSpent, Shut, explain
from .values import changed_at, moment, moment_text, version_of

if TYPE_CHECKING:
    from . import QuickBooksConnector

logger = logging.getLogger(__name__)

Raw = dict[str, Any]

MINOR_VERSION = 75
PAGE_SIZE = 1000
PAUSE_SECONDS = 60.0  # where a limit is reached and nothing says for how long
MOST_PAUSES = timedelta(minutes=3)  # a limit of the minute is over by then
WIDTH = 8  # of ten requests at once that are allowed
LIMITS = {"production": (480, 60), "sandbox": (9, 1)}  # requests in so many seconds, a little below what is allowed
MOST_RESTARTS = 5  # of one second whose rows move while they are read


class Company:
    """What is asked of QuickBooks, in one run. Safe among threads."""

    def __init__(self, connector: QuickBooksConnector, realm_id: str) -> None:
        self.realm_id = realm_id
        self.web = connector.web_url
        self._audit = connector.audit
        self._login = connector.login_command
        self._throttled_since: datetime | None = None
        self._quota_spent: QuotaSpent | None = None
        self._asking = threading.Lock()
        self._began_at: datetime | None = None
        self._home_currency: str | None = None
        self._http = connector.http(
            connector.api_url,
            connector.access,
            place="QuickBooks",
            explain=self._explain,
            width=WIDTH,
            exact=True,
            witness=self._witness,
        )
        self._http.pace().at_most(*LIMITS[connector.environment])

    # What is asked

    def info(self) -> Raw:
        """Name, country and fiscal year of the company."""
        return self._get(f"companyinfo/{self.realm_id}", "CompanyInfo")

    def home_currency(self) -> str:
        """The currency in which the books are kept; asked for when it is first needed."""
        with self._asking:
            if self._home_currency is None:
                told = self._get("preferences", "Preferences").get("CurrencyPrefs") or {}
                self._home_currency = str((told.get("HomeCurrency") or {}).get("value") or "")
            return self._home_currency

    def remember_home_currency(self, currency: str) -> None:
        """What an earlier run was told."""
        self._home_currency = self._home_currency or currency or None

    @property
    def known_home_currency(self) -> str:
        """The same without asking; empty where nobody needed it yet."""
        return self._home_currency or ""

    def get_one(self, entity: Entity, entity_id: str) -> Raw:
        """One thing as it is now. Raises Gone where it is no more."""
        found = self._get(f"{entity.path}/{quote(entity_id, safe='')}", entity.name)
        if found.get("status") == "Deleted":
            raise Gone(f"{entity.words} {entity_id} was deleted.")
        return found

    def report(self, name: str, **asked: str) -> Raw:
        """A report as QuickBooks works it out now."""
        found: Raw = self._ask(f"reports/{name}", "Header", asked).body
        return found

    def changes(self, entities: Sequence[Entity], since: datetime) -> Answer:
        """All changes since then of all these in one answer, which holds 1,000 things at most."""
        asked = {"entities": ",".join(entity.name for entity in entities), "changedSince": moment_text(since)}
        return self._ask("cdc", "CDCResponse", asked)

    def create(self, entity: Entity, told: Mapping[str, Any], request_id: str) -> Raw:
        """A new thing, made once however often the same request is sent."""
        with self._trouble():
            answer = self._http.post(self._target(entity.path, {"requestid": request_id}), json=told)
        found: Raw = answer.body[entity.name]
        return found

    def began_at(self) -> datetime:
        """The server's clock at the first answer of this run; there was one."""
        assert self._began_at is not None
        return self._began_at

    # Queries

    def pages(
        self, entity: Entity, since: datetime | None = None, conditions: Sequence[str] = ()
    ) -> Iterator[list[Raw]]:
        """Page by page, what was changed first coming first; a page holds nothing that the one before held.

        Each page begins anew at the last moment of the one before: offsets alone would skip a row whenever one that
        was read moves to the end, or is deleted. Only where one second fills a page are they used, and looked after.
        """
        start, last, told, restarts = 1, "", set[tuple[str, str]](), 0
        while True:
            rows = self._select(entity, since, start, conditions)
            if start > 1 and (not rows or rows[0]["Id"] != last):
                start, restarts = 1, restarts + 1
                if restarts > MOST_RESTARTS:
                    raise ReadAgain(f"{entity.words}: rows move faster than they can be read.")
                continue
            keys = [(str(row["Id"]), version_of(row)) for row in rows]
            yield [row for row, key in zip(rows, keys, strict=True) if key not in told]
            if len(rows) < PAGE_SIZE:
                return
            reached, last = _second(rows[-1]), rows[-1]["Id"]
            if reached == _second(rows[0]):
                start += PAGE_SIZE - 1  # the next page begins with the last row of this one, or rows have moved
                told.update(keys)
            else:
                start, restarts, told = 1, 0, set(keys)
            since = reached

    def _select(self, entity: Entity, since: datetime | None, start: int, conditions: Sequence[str]) -> list[Raw]:
        terms = ["Active IN (true,false)"] if entity.is_list else []
        terms += conditions
        if since is not None:
            terms.append(f"MetaData.LastUpdatedTime >= '{moment_text(since)}'")
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        order = f"ORDERBY MetaData.LastUpdatedTime STARTPOSITION {start} MAXRESULTS {PAGE_SIZE}"
        told = self._get("query", "QueryResponse", {"query": f"SELECT * FROM {entity.name}{where} {order}"})
        found: list[Raw] = told.get(entity.name, [])
        return found

    # Asking

    def _get(self, path: str, member: str, asked: Mapping[str, str] | None = None) -> Raw:
        found: Raw = self._ask(path, member, asked).body[member]
        return found

    def _ask(self, path: str, member: str, asked: Mapping[str, str] | None = None) -> Answer:
        """The answer, which has this member."""
        if self._quota_spent is not None:
            raise self._quota_spent
        with self._trouble():
            answer = self._http.get(self._target(path, asked or {}))
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get(member), dict | list):
            raise SourceError("what answered is not the API of QuickBooks.", hint="look at base_url")
        self._began_at = self._began_at or time_of(answer)
        return answer

    def _target(self, path: str, asked: Mapping[str, str]) -> str:
        """The parameters are a part of the address, so that the audit trail holds them."""
        query = urlencode({**asked, "minorversion": str(MINOR_VERSION)}, quote_via=quote)
        return f"v3/company/{self.realm_id}/{path}?{query}"

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except Shut as error:
            raise CredentialError(error.message, hint=error.hint) from error
        except QuotaSpent as error:
            self._quota_spent = error
            raise

    def _explain(self, answer: Answer) -> AragoraSyncError | None:
        if answer.status == 429:  # noqa: PLR2004
            return self._limited(answer)
        self._throttled_since = None
        logger.debug("QuickBooks' support knows this answer as %s", answer.headers.get("intuit_tid", "nothing"))
        return explain(answer, self._login)

    def _limited(self, answer: Answer) -> TransientError:
        """A limit of requests; where it holds on for minutes, it is that of the month."""
        now = answer.at or utc_now()
        if self._throttled_since is None:
            self._throttled_since = now
        if now - self._throttled_since >= MOST_PAUSES:
            return QuotaSpent(
                "QuickBooks takes no more requests of this application; its quota of this month may be spent.",
                hint="run again next month, or look at the application's plan at developer.intuit.com",
            )
        wait = answer.retry_after(utc_now())
        return TransientError(
            "QuickBooks' limit of requests is reached.", retry_after=PAUSE_SECONDS if wait is None else wait
        )

    def _witness(self, method: str, url: str, status: int) -> None:
        """Every request is a line in the audit trail: what was asked for, never what was answered."""
        parts = urlsplit(url)
        what = unquote(parts.path + (f"?{parts.query}" if parts.query else ""))
        self._audit.add("read" if method == "GET" else "write", what, status=status)


def time_of(answer: Answer) -> datetime:
    """The server's clock when it answered."""
    if answer.at is not None:
        return answer.at
    told = answer.body.get("time")
    if not isinstance(told, str):
        raise SourceError("QuickBooks did not say what time it is.", hint="look at base_url, and at the proxy between")
    return moment(told)


def _second(raw: Mapping[str, Any]) -> datetime:
    """The whole second in which this was changed: queries know no finer."""
    return changed_at(raw).replace(microsecond=0)
