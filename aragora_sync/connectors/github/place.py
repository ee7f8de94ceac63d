"""Where we are in the issues of a repository, and the lists of comments that tell which of them were spoken about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ...core.changes import Cursor
from ...core.errors import NotFound
from .api import Api
from .moments import earlier

PAGE = 100
OVERLAP = timedelta(seconds=120)  # what is written now may be shown a little later


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of comments of the repository, by time of edit.

    What was edited since `since` is asked for; `etag` stands for that answer, and `seen` holds what was in it, as
    id@moment. Both stay while nothing is new, so that GitHub answers for nothing.
    """

    since: str
    etag: str = ""
    seen: frozenset[str] = frozenset()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Feed:
        return cls(raw["since"], raw["etag"], frozenset(raw["seen"]))

    def next(self, api: Api, path: str, parent: str) -> tuple[Feed, set[int]]:
        """Where the list is now, and the numbers of what was spoken about. `parent` is the field that names those."""
        asked = {"sort": "updated", "direction": "asc", "per_page": PAGE, "since": self.since}
        try:
            answer = api.get(path, asked, etag=self.etag)
        except NotFound:
            return self, set()  # issues or pull requests are switched off; the repository itself was just shown
        if answer.unchanged:
            return self, set()
        etag, rows = answer.etag, list(answer.body)
        while "next" in answer.links:
            answer, etag = api.get(answer.links["next"]), ""
            rows += answer.body
        told = {f"{row['id']}@{row['updated_at']}": row for row in rows}
        last = max((row["updated_at"] for row in rows), default=self.since)
        since = max(self.since, earlier(last, OVERLAP))
        seen = frozenset(name for name, row in told.items() if row["updated_at"] >= since)
        fresh = {int(row[parent].rpartition("/")[2]) for name, row in told.items() if name not in self.seen}
        return Feed(since, etag if since == self.since else "", seen), fresh


@dataclass(frozen=True, slots=True)
class Place:
    """All that was updated before `at`, less the overlap, was read from the lists; moments are by GitHub's clock.

    `begun` says when a whole read began that has not ended. `mark` is that of the repository.
    """

    at: str
    mark: str
    comments: Feed
    reviews: Feed
    begun: str = ""

    @classmethod
    def read(cls, raw: Any) -> Place:
        return cls(raw["at"], raw["mark"], Feed.read(raw["comments"]), Feed.read(raw["reviews"]), raw["begun"])

    @classmethod
    def beginning(cls, now: str, mark: str) -> Place:
        """Of a whole read. What is said while it goes on is read by the next run."""
        feed = Feed(earlier(now, OVERLAP))
        return cls("", mark, feed, feed, now)

    def cursor(self) -> Cursor:
        told: dict[str, Any] = asdict(self)
        for name in ("comments", "reviews"):
            told[name]["seen"] = sorted(told[name]["seen"])
        return told
