"""The stream of issues and pull requests of one repository.

Issues and pull requests have clocks of their own, comments have another, and one that is deleted moves none. So an
ordinary read asks the list of issues, that of comments and that of comments in reviews for what is new, and reads every
issue anew that one of them names. A whole read goes through the list by time of update, from which it can go on after
an interruption, and reads what was said in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Seen
from ...core.errors import CursorExpired, NotFound
from ...core.source import KnownItems
from .api import Api
from .repositories import Repository
from .threads import Ticket, id_of, read_tickets

PAGE = 100
OVERLAP = timedelta(seconds=60)  # what is written now may be shown a little later
PULLS_OVERLAP = timedelta(seconds=120)
GONE = 410
PULLS = (
    "query($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){pullRequests(first:100,"
    "after:$after,orderBy:{field:%s}){pageInfo{hasNextPage endCursor} nodes{number updatedAt}}}}"
)
NEWEST_FIRST = PULLS % "UPDATED_AT,direction:DESC"
OLDEST_FIRST = PULLS % "CREATED_AT,direction:ASC"


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of comments of the repository: those since a moment; what is said of them while nothing is new."""

    since: str
    etag: str = ""
    seen: tuple[str, ...] = ()  # those of the overlap, as id@time


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are. All that was updated before `at`, less the overlap, was read.

    `begun` stands in a whole read that is under way: when it began. Times are the server's.
    """

    at: str
    visibility: str
    begun: str = ""
    comments: Feed = field(default_factory=lambda: Feed(""))
    reviews: Feed = field(default_factory=lambda: Feed(""))

    @classmethod
    def read(cls, raw: Any) -> Place:
        feeds = {name: Feed(**{**raw[name], "seen": tuple(raw[name]["seen"])}) for name in ("comments", "reviews")}
        return cls(raw["at"], raw["visibility"], raw["begun"], **feeds)

    def cursor(self) -> Cursor:
        told = asdict(self)
        for name in ("comments", "reviews"):
            told[name]["seen"] = list(told[name]["seen"])
        return told


class Issues:
    """Reads the stream; `wants_issues` and `wants_pulls` say what is in it."""

    def __init__(self, api: Api, repository: Repository, *, wants_issues: bool, wants_pulls: bool) -> None:
        self._api = api
        self._repository = repository
        self._wants_issues = wants_issues and repository.has_issues
        self._wants_pulls = wants_pulls
        self._path = f"/repos/{repository.full_name}"

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything."""
        now = time_of(self._repository.seen_at)
        if cursor is None:
            yield from self._all(Place("", self._repository.visibility, begun=now), known)
            return
        place = Place.read(cursor)
        if place.visibility != self._repository.visibility:
            raise CursorExpired(f"{self._repository.full_name} is {self._repository.visibility} now")
        if place.begun:
            yield from self._all(place, known)
        else:
            yield from self._changes(place, now, known)

    def fetch(self, refs: Sequence[str]) -> Iterator[Change]:
        """These issues and pull requests now."""
        numbers = {int(ref.rpartition("/")[2]): ref for ref in refs}
        for number, ticket in read_tickets(self._api, self._repository, list(numbers)):
            if ticket is None or not self._wants(ticket.pull) or self._id(ticket) != numbers[number]:
                yield Deleted(numbers[number])
            else:
                yield ticket.item(self._repository)

    # A whole read

    def _all(self, place: Place, known: KnownItems) -> Iterator[Change]:
        if self._wants_issues:
            pages = 0
            for rows in self._list(place.at):
                yield from self._tell(rows, known)
                pages += 1
                if rows:
                    place = replace(place, at=min(rows[-1]["updated_at"], place.begun))
                    yield Checkpoint(place.cursor())
            if pages > 1:  # what was late
                for rows in self._list(earlier(place.at, OVERLAP)):
                    yield from self._tell(rows, known)
        else:
            for numbers in self._list_pulls(OLDEST_FIRST, ""):
                yield from self._read_anew(numbers, known)
        since = earlier(place.begun, OVERLAP)
        done = Place(place.begun, place.visibility, comments=Feed(since), reviews=Feed(since))
        yield Checkpoint(done.cursor(), complete=True)

    def _list(self, since: str) -> Iterator[list[dict[str, Any]]]:
        """Pages of rows by time of update. Each full page is followed by a new question from its last moment on, so
        that nothing can shift between two pages; only within one moment the pages of the server are followed.
        """
        asked = {"state": "all", "sort": "updated", "direction": "asc", "per_page": PAGE, "since": since or None}
        target, params = f"{self._path}/issues", asked
        seen: set[tuple[int, str]] = set()
        while True:
            answer = self._api.get(target, params)
            rows = answer.body
            yield [row for row in rows if (row["number"], row["updated_at"]) not in seen]
            if len(rows) < PAGE:
                return
            last = rows[-1]["updated_at"]
            ended = {(row["number"], last) for row in rows if row["updated_at"] == last}
            seen = seen | ended if last == since else ended
            if last != since:
                since, target, params = last, f"{self._path}/issues", {**asked, "since": last}
            elif "next" in answer.links:
                target, params = answer.links["next"], {}
            else:
                return

    def _tell(self, rows: Sequence[dict[str, Any]], known: KnownItems) -> Iterator[Change]:
        tickets = [ticket for ticket in map(Ticket.from_row, rows) if self._wants(ticket.pull)]
        before = known.get([self._id(ticket) for ticket in tickets])
        spoken = [ticket.number for ticket in tickets if ticket.pull or ticket.comments]
        whole = dict(read_tickets(self._api, self._repository, spoken))
        for ticket in tickets:
            item_id = self._id(ticket)
            now = whole.get(ticket.number, ticket)
            if now is None:
                continue  # it vanished after it was listed
            if now is ticket and item_id in before and before[item_id].version == ticket.version:
                yield Seen(item_id)
            else:
                yield now.item(self._repository)

    # What changed

    def _changes(self, place: Place, now: str, known: KnownItems) -> Iterator[Change]:
        since = earlier(place.at, OVERLAP)
        comments, named = self._news(f"{self._path}/issues/comments", place.comments, "issue_url")
        reviews = place.reviews
        if self._wants_pulls:
            reviews, in_reviews = self._news(f"{self._path}/pulls/comments", place.reviews, "pull_request_url")
            named |= in_reviews
            if self._repository.pulls.updated_at >= since:
                named |= self._moved_pulls(earlier(place.at, PULLS_OVERLAP))
        newest = max(self._repository.issues.updated_at, self._repository.pulls.updated_at)
        if self._repository.has_issues and newest >= since:
            for rows in self._list(since):
                yield from self._tell(rows, known)
                named -= {row["number"] for row in rows}
        yield from self._read_anew(sorted(named), known)
        yield Checkpoint(Place(now, place.visibility, comments=comments, reviews=reviews).cursor(), complete=True)

    def _news(self, path: str, feed: Feed, parent: str) -> tuple[Feed, set[int]]:
        """Where the list of comments is now, and the numbers of what they belong to."""
        asked = {"sort": "updated", "direction": "asc", "per_page": PAGE, "since": feed.since}
        try:
            answer = self._api.get(path, asked, etag=feed.etag)
        except NotFound as error:
            if error.status == GONE:
                return feed, set()  # issues, or pull requests, are switched off
            raise
        if answer.unchanged:
            return feed, set()
        etag, rows = answer.etag, list(answer.body)
        while "next" in answer.links:
            answer, etag = self._api.get(answer.links["next"]), ""
            rows += answer.body
        last = max((row["updated_at"] for row in rows), default=feed.since)
        since = max(feed.since, earlier(last, OVERLAP))
        told = {f"{row['id']}@{row['updated_at']}": row for row in rows}
        kept = tuple(name for name, row in told.items() if row["updated_at"] >= since)
        fresh = {int(row[parent].rpartition("/")[2]) for name, row in told.items() if name not in feed.seen}
        return Feed(since, etag if since == feed.since else "", kept), fresh

    def _moved_pulls(self, since: str) -> set[int]:
        """Pull requests whose own clock moved; the list of issues knows another."""
        return {number for numbers in self._list_pulls(NEWEST_FIRST, since) for number in numbers}

    def _list_pulls(self, query: str, since: str) -> Iterator[list[int]]:
        after = None
        repository = self._repository
        while True:
            asked = {"owner": repository.owner, "name": repository.name, "after": after}
            found = self._api.query(query, asked)["repository"]
            if found is None:
                raise NotFound(f"GitHub no longer shows the repository {repository.full_name}.")
            page = found["pullRequests"]
            yield [node["number"] for node in page["nodes"] if node["updatedAt"] >= since]
            old = any(node["updatedAt"] < since for node in page["nodes"])
            if old or not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _read_anew(self, numbers: Sequence[int], known: KnownItems) -> Iterator[Change]:
        for number, ticket in read_tickets(self._api, self._repository, numbers):
            if ticket is None:
                both = [id_of(self._repository, number, pull=pull) for pull in (False, True)]
                yield from (Deleted(each) for each in known.get(both))
            elif self._wants(ticket.pull):
                yield ticket.item(self._repository)

    def _wants(self, pull: bool) -> bool:
        return self._wants_pulls if pull else self._wants_issues

    def _id(self, ticket: Ticket) -> str:
        return id_of(self._repository, ticket.number, pull=ticket.pull)


def time_of(moment: datetime | None) -> str:
    """As GitHub writes it; these texts sort like the moments."""
    assert moment is not None, "GitHub's answers carry a date"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def earlier(text: str, by: timedelta) -> str:
    """A moment before this one."""
    return time_of(datetime.fromisoformat(text) - by)
