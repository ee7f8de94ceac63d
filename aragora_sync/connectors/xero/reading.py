"""One list of an organisation as changes: what was updated since, whatever moves meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named
from ...core.clock import utc_now
from ...core.errors import CursorExpired, ReadAgain, SourceError
from .endpoints import Endpoint
from .items import id_of, item_of
from .ledger import Ledger, Raw, is_last, rows_of
from .moments import from_xero_date, moment_text, whole_second

OVERLAP = timedelta(seconds=5)
LATE = timedelta(seconds=30)  # what is written now may be shown a little later
SETTLED = timedelta(minutes=10)  # what is so old is shown for certain
SECOND = timedelta(seconds=1)
UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)


class Walk:
    """The records of a list that were updated since a moment, each state of each once.

    Every full page of an ordered list is followed by a new question from its last second on, so that nothing can shift
    between two pages. Only within one second, or where the order is not as asked, pages are taken by their number.
    """

    def __init__(self, ledger: Ledger, endpoint: Endpoint) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self._told: dict[str, str] = {}  # the latest states, by id
        self._numbered: dict[str, str] = {}  # those of pages that were followed by their number
        self.pages_read = 0
        self.began: datetime | None = None  # by Xero's clock
        self.newest: datetime | None = None

    @property
    def by_number(self) -> bool:
        """Whether a page may have lost a record to the one before it, which the end of the walk shows."""
        return bool(self._numbered)

    def pages(self, since: datetime | None) -> Iterator[list[Raw]]:
        number = 1
        while True:
            answer = self._ledger.page(self._endpoint, since, number)
            self.pages_read += 1
            self.began = self.began or answer.at or utc_now()
            rows = rows_of(answer, self._endpoint)
            yield self._fresh(rows)
            if is_last(answer, self._endpoint, number, rows):
                return
            following = self._following(rows)
            if following is not None and (since is None or following > since):
                self._forget_before(following)
                since, number = following, 1
            else:
                self._numbered |= self._states(rows)
                number += 1

    def late(self) -> Iterator[list[Raw]]:
        """What was updated while the pages were read, and was not among them."""
        assert self.began is not None
        yield from self.pages(self.began - LATE - OVERLAP)

    def reached(self, since: datetime | None) -> datetime:
        """Everything that was updated before, less the overlap, was told."""
        assert self.began is not None
        newest = self.began - LATE if self.newest is None else min(self.newest, self.began - LATE)
        reached = max(newest, self.began - SETTLED)
        return reached if since is None else max(since, reached)

    def reached_so_far(self) -> datetime | None:
        """The same, before the end."""
        assert self.began is not None
        return None if self.newest is None else min(self.newest, self.began - LATE)

    def _fresh(self, rows: Sequence[Raw]) -> list[Raw]:
        states = self._states(rows)
        for record_id, state in states.items():
            if self._numbered.get(record_id, state) != state:
                raise ReadAgain("a record was edited while the pages around it were read.")
        fresh = [row for row in rows if self._told.get(row[self._endpoint.id]) != _state(row)]
        self._told |= states
        moments = [moment for row in rows if (moment := _moment(row)) is not None]
        self.newest = max([*moments, *([self.newest] if self.newest else [])], default=None)
        return fresh

    def _following(self, rows: Sequence[Raw]) -> datetime | None:
        """From when on the next page tells; None where these are not in order of update.

        A second earlier than the last update, as nobody promises whether that second itself is told.
        """
        moments = [_moment(row) for row in rows]
        known = [moment for moment in moments if moment is not None]
        if len(known) < len(moments) or known != sorted(known):
            return None
        return whole_second(known[-1]) - SECOND

    def _forget_before(self, following: datetime) -> None:
        """What no later page can show again."""
        assert self.began is not None
        oldest = moment_text(min(following, self.began - LATE - OVERLAP))
        self._told = {record_id: state for record_id, state in self._told.items() if state >= oldest}

    def _states(self, rows: Sequence[Raw]) -> dict[str, str]:
        return {row[self._endpoint.id]: _state(row) for row in rows}


class Reading:
    """A stream: one list of one organisation."""

    def __init__(self, ledger: Ledger, endpoint: Endpoint) -> None:
        self._ledger = ledger
        self._endpoint = endpoint

    def rows(self, since: datetime | None) -> Iterator[Raw]:
        """Each record that was updated since, in its latest state, for programs."""
        walk = Walk(self._ledger, self._endpoint)
        latest: dict[str, Raw] = {}
        for rows in walk.pages(since):
            latest |= {row[self._endpoint.id]: row for row in rows}
        if walk.pages_read > 1:
            for rows in walk.late():
                latest |= {row[self._endpoint.id]: row for row in rows}
        return iter(latest.values())

    def read(self, cursor: Cursor) -> Iterator[Change]:
        """Records by time of update. What was told on several pages is looked through once more at its end."""
        since = _since(cursor)
        walk = Walk(self._ledger, self._endpoint)
        for rows in walk.pages(None if since is None else since - OVERLAP):
            yield from map(self._told, rows)
            reached = walk.reached_so_far()
            if self._endpoint.ordered and not walk.by_number and reached and (since is None or reached > since):
                yield Checkpoint({"since": moment_text(reached)})
        if walk.pages_read > 1:
            for rows in walk.late():
                yield from map(self._told, rows)
        yield Checkpoint({"since": moment_text(walk.reached(since))}, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        """The records of these ids now."""
        wanted = {ref.rpartition("/")[2]: ref for ref in refs}
        for record_id, row in self._ledger.some(self._endpoint, list(wanted)):
            if row is None:
                yield Deleted(wanted[record_id])
            elif isinstance(row, SourceError):
                yield Failed(wanted[record_id], row.message)
            else:
                yield self._told(row)

    def _told(self, row: Raw) -> Named:
        endpoint = self._endpoint
        item_id = id_of(endpoint, row[endpoint.id])
        if row.get(endpoint.status) in endpoint.gone:
            return Deleted(item_id)
        try:
            return item_of(endpoint, row)
        except UNREADABLE as error:
            return Failed(item_id, f"Xero tells it in a way that is not understood ({type(error).__name__}: {error}).")


def _since(cursor: Cursor) -> datetime | None:
    if cursor is None:
        return None
    told: Any = cursor
    try:
        return datetime.fromisoformat(told["since"])
    except (KeyError, TypeError, ValueError) as error:
        raise CursorExpired("the cursor is of another version of this program.") from error


def _moment(row: Raw) -> datetime | None:
    return from_xero_date(row["UpdatedDateUTC"]) if row.get("UpdatedDateUTC") else None


def _state(row: Raw) -> str:
    moment = _moment(row)
    return "" if moment is None else moment_text(moment)
