"""The stream of issues and pull requests of one repository.

Issues and pull requests have clocks of their own, comments have another, and one that is deleted moves none. So an
ordinary read asks the lists of comments for what is new, looks at both clocks, and reads anew every issue that one of
them names. A whole read goes through the list by time of update, from which it can go on after an interruption, and
reads what was said in each.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named, Seen
from ...core.errors import CursorExpired, SourceError
from ...core.source import KnownItems
from ...net.prefetch import ahead
from .api import Api
from .moments import earlier, text_of_moment
from .place import OVERLAP, PAGE, Place
from .repositories import Repository
from .threads import Ticket, id_of, read_tickets

NEWEST_FIRST = "field:UPDATED_AT,direction:DESC"
OLDEST_FIRST = "field:CREATED_AT,direction:ASC"


class Issues:
    """Reads the stream; `with_issues` and `with_pulls` say what is in it."""

    def __init__(self, api: Api, repository: Repository, *, with_issues: bool, with_pulls: bool) -> None:
        self._api = api
        self._repository = repository
        self._with_issues = with_issues
        self._with_pulls = with_pulls
        self._lists_issues = with_issues and repository.has_issues  # a list that has the pull requests in it
        self._path = f"repos/{repository.full_name}"
        repository.must_show(*["issues"] * with_issues, *["pullRequests"] * with_pulls)

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything where it is None."""
        now, mark = text_of_moment(self._repository.seen_at), self._repository.mark
        place = Place.beginning(now, mark) if cursor is None else Place.read(cursor)
        if place.mark != mark:
            raise CursorExpired(f"{self._repository.full_name} has another name, or other readers, than before")
        yield from self._everything(place, known) if place.begun else self._changes(place, now, known)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        """These issues and pull requests as they are now."""
        wanted = {int(last) for ref in refs if (last := ref.rpartition("/")[2]).isdecimal()}
        found = dict(read_tickets(self._api, self._repository, sorted(wanted)))
        for ref in refs:
            last = ref.rpartition("/")[2]
            ticket = found.get(int(last)) if last.isdecimal() else None
            if isinstance(ticket, SourceError):
                yield Failed(ref, ticket.message)
            elif ticket is not None and self._wants(ticket) and self._id(ticket) == ref:
                yield ticket.item(self._repository)
            else:
                yield Deleted(ref)

    # A whole read

    def _everything(self, place: Place, known: KnownItems) -> Iterator[Change]:
        pulls = self._repository.pulls.count
        if self._lists_issues and self._repository.issues.count + pulls:
            place = yield from self._rows(place.at, place, place.begun, again=bool(place.at))
        elif self._with_pulls and pulls:
            for numbers in self._list_pulls(OLDEST_FIRST):
                yield from self._read_anew(numbers, known)
        yield from self._hidden(known)
        yield Checkpoint(replace(place, at=place.begun, begun="").cursor(), complete=True)

    def _hidden(self, known: KnownItems) -> Iterator[Seen]:
        """What was read before it was switched off in the settings of the repository is kept."""
        if self._with_issues and not self._repository.has_issues:
            yield from (Seen(each.id) for each in known.items(kind="issue"))
        if self._with_pulls and not self._repository.pulls.count:  # nobody can delete the last pull request
            yield from (Seen(each.id) for each in known.items(kind="pull_request"))

    # What changed

    def _changes(self, place: Place, now: str, known: KnownItems) -> Iterator[Change]:
        """The lists are read again from where they were read last, however long ago: a label on a pull request moves
        no clock that one query tells of.
        """
        since = earlier(place.at, OVERLAP)
        moved = max(self._repository.issues.updated_at, self._repository.pulls.updated_at) >= since
        comments, spoken = place.comments.next(self._api, f"{self._path}/issues/comments", "issue_url")
        reviews = place.reviews
        if self._with_pulls:
            reviews, reviewed = reviews.next(self._api, f"{self._path}/pulls/comments", "pull_request_url")
            spoken |= reviewed
            if moved:
                spoken.update(number for numbers in self._list_pulls(NEWEST_FIRST, since) for number in numbers)
        yield from self._read_anew(sorted(spoken), known)
        place = replace(place, comments=comments, reviews=reviews)
        if moved and self._lists_issues:
            place = yield from self._rows(since, place, now, spoken=spoken)
        yield Checkpoint(replace(place, at=now if moved else place.at).cursor(), complete=True)

    # The list of issues, which has the pull requests in it

    def _rows(
        self, since: str, place: Place, until: str, *, spoken: Collection[int] = (), again: bool = False
    ) -> Generator[Change, None, Place]:
        """What the list tells since a moment, page by page, but for what was `spoken` of before. What came late to
        pages that were already read is read at the end, always so where `again`.
        """
        told: dict[int, str] = {}
        with closing(ahead(self._list(since))) as listed:
            for pages, rows in enumerate(listed, 1):
                yield from self._told(row for row in rows if row["number"] not in spoken)
                if rows:
                    place = replace(place, at=max(place.at, min(rows[-1]["updated_at"], until)))
                    yield Checkpoint(place.cursor())
                    recent = earlier(place.at, OVERLAP)
                    told = {number: at for number, at in told.items() if at >= recent} | _moments(rows)
                again = again or pages > 1
        if again:
            for rows in self._list(earlier(place.at, OVERLAP)):
                late = [row for row in rows if told.get(row["number"]) != row["updated_at"]]
                yield from self._told(row for row in late if row["number"] not in spoken)
        return place

    def _list(self, since: str) -> Iterator[list[dict[str, Any]]]:
        """Pages of rows by time of update. Each full page is followed by a new question from its last moment on, so
        that nothing can shift between two pages; only within one moment GitHub's own pages are followed.
        """
        asked = {"state": "all", "sort": "updated", "direction": "asc", "per_page": PAGE}
        path = f"{self._path}/issues"
        target, params = path, {**asked, "since": since or None}
        read: set[tuple[int, str]] = set()
        while True:
            answer = self._api.get(target, params)
            rows = answer.body
            yield [row for row in rows if (row["number"], row["updated_at"]) not in read]
            if len(rows) < PAGE:
                return
            last = rows[-1]["updated_at"]
            ends = {(row["number"], last) for row in rows if row["updated_at"] == last}
            read = read | ends if last == since else ends
            if last != since:
                since, target, params = last, path, {**asked, "since": last}
            elif "next" in answer.links:
                target, params = answer.links["next"], {}
            else:
                return

    def _told(self, rows: Iterable[dict[str, Any]]) -> Iterator[Named]:
        """Rows tell all of an issue that nobody spoke about; the others are read with what was said."""
        tickets = [ticket for ticket in map(Ticket.from_row, rows) if self._wants(ticket)]
        spoken = [ticket.number for ticket in tickets if ticket.is_pull or ticket.comments]
        whole = dict(read_tickets(self._api, self._repository, spoken))
        for ticket in tickets:
            now = whole.get(ticket.number, ticket)
            if isinstance(now, SourceError):
                yield Failed(self._id(ticket), now.message)
            elif now is not None:  # else it vanished after it was listed
                yield now.item(self._repository)

    def _list_pulls(self, order: str, since: str = "") -> Iterator[list[int]]:
        """Pages of numbers; the newest first, only as far as `since`."""
        connection, selection = "pullRequests", "number updatedAt"
        for nodes in self._api.pages(self._repository, connection, selection, order=order, size=PAGE):
            yield [node["number"] for node in nodes if node["updatedAt"] >= since]
            if nodes and nodes[-1]["updatedAt"] < since:
                return

    def _read_anew(self, numbers: Sequence[int], known: KnownItems) -> Iterator[Named]:
        for number, ticket in read_tickets(self._api, self._repository, numbers):
            if ticket is None or isinstance(ticket, SourceError):
                both = known.get([id_of(self._repository, number, is_pull=is_pull) for is_pull in (False, True)])
                if ticket is not None and not both:
                    raise ticket
                yield from (Deleted(each) if ticket is None else Failed(each, ticket.message) for each in both)
            elif self._wants(ticket):
                yield ticket.item(self._repository)

    def _wants(self, ticket: Ticket) -> bool:
        return self._with_pulls if ticket.is_pull else self._with_issues

    def _id(self, ticket: Ticket) -> str:
        return id_of(self._repository, ticket.number, is_pull=ticket.is_pull)


def _moments(rows: Iterable[dict[str, Any]]) -> dict[int, str]:
    return {row["number"]: row["updated_at"] for row in rows}
