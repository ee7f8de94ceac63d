"""Issues and pull requests, with everything that was said in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...core.changes import JSON, Item
from ...core.errors import SourceError
from .api import PAGE_INFO, Api
from .repositories import Repository

BATCH = 50  # issues in one query
COMMENT = "author{login} body createdAt"
REVIEW = "author{login} body state submittedAt"
THREAD = f"id path line isResolved comments(first:30){{{PAGE_INFO} nodes{{{COMMENT}}}}}"
COMMON = f"""id number title body url createdAt updatedAt closedAt locked author{{login}} repository{{databaseId}}
  labels(first:100){{nodes{{name}}}} assignees(first:20){{nodes{{login}}}} milestone{{title}}
  comments(first:50){{totalCount {PAGE_INFO} nodes{{{COMMENT}}}}}"""
FRAGMENTS = f"""
fragment I on Issue {{ {COMMON} issueState:state }}
fragment P on PullRequest {{ {COMMON} state isDraft mergedAt baseRefName headRefName
  reviews(first:30){{{PAGE_INFO} nodes{{{REVIEW}}}}} reviewThreads(first:30){{{PAGE_INFO} nodes{{{THREAD}}}}} }}"""
GHOST = "ghost"  # who wrote what a deleted account wrote
NO_NUL = str.maketrans({"\0": "\N{REPLACEMENT CHARACTER}"})


@dataclass(frozen=True, slots=True)
class Said:
    """A comment, or a review's own text. `what` says which, such as `approved`."""

    author: str
    at: str
    body: str
    what: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Any], what: str = "") -> Said:
        return cls(login_of(raw["author"]), raw["createdAt"], raw["body"] or "", what)

    @property
    def text(self) -> str:
        """Who said it and when, then what was said."""
        heading = f"**{self.author}**{self.what and f' {self.what}'}, {self.at[:10]} {self.at[11:16]}:"
        return f"{heading}\n\n{self.body}" if self.body else heading


@dataclass(slots=True)
class Ticket:
    """An issue or a pull request, as the list of REST or a query of GraphQL tells it: alike in both."""

    number: int
    is_pull: bool
    title: str
    body: str
    state: str
    url: str
    author: str
    created_at: str
    updated_at: str
    closed_at: str | None
    locked: bool
    labels: list[str]
    assignees: list[str]
    milestone: str | None
    comments: int
    said: Sequence[Said] = ()
    more: Mapping[str, JSON] = field(default_factory=dict)

    @classmethod
    def from_row(cls, raw: Mapping[str, Any]) -> Ticket:
        """From the list of REST, which has no comments in it."""
        return cls(
            number=raw["number"],
            is_pull="pull_request" in raw,
            title=raw["title"],
            body=raw["body"] or "",
            state=raw["state"],
            url=raw["html_url"],
            author=login_of(raw["user"]),
            created_at=raw["created_at"],
            updated_at=raw["updated_at"],
            closed_at=raw["closed_at"],
            locked=raw["locked"],
            labels=[label["name"] if isinstance(label, dict) else label for label in raw["labels"]],
            assignees=[login_of(each) for each in raw["assignees"]],
            milestone=(raw["milestone"] or {}).get("title"),
            comments=raw["comments"],
        )

    @classmethod
    def from_node(cls, api: Api, raw: Mapping[str, Any]) -> Ticket:
        """From GraphQL, with everything that was said."""
        kind = raw["__typename"]
        ticket = cls(
            number=raw["number"],
            is_pull=kind == "PullRequest",
            title=raw["title"],
            body=raw["body"] or "",
            state=str(raw["state"] if kind == "PullRequest" else raw["issueState"]).lower(),
            url=raw["url"],
            author=login_of(raw["author"]),
            created_at=raw["createdAt"],
            updated_at=raw["updatedAt"],
            closed_at=raw["closedAt"],
            locked=raw["locked"],
            labels=[label["name"] for label in (raw["labels"] or NOTHING)["nodes"]],
            assignees=[login_of(each) for each in raw["assignees"]["nodes"]],
            milestone=(raw["milestone"] or {}).get("title"),
            comments=raw["comments"]["totalCount"],
        )
        said = [Said.read(each) for each in api.rest_of(raw["id"], kind, "comments", COMMENT, raw["comments"])]
        if ticket.is_pull:
            said += _reviews(api, raw)
            ticket.more = {
                "draft": raw["isDraft"],
                "merged_at": raw["mergedAt"],
                "base": raw["baseRefName"],
                "head": raw["headRefName"],
            }
        ticket.said = sorted(said, key=lambda each: each.at)
        return ticket

    def item(self, repository: Repository) -> Item:
        """What is stored of it."""
        metadata: dict[str, JSON] = {
            "repository": repository.full_name,
            "number": self.number,
            "state": self.state,
            "labels": [*sorted(self.labels)],
            "assignees": [*sorted(self.assignees)],
            "milestone": self.milestone,
            "comments": self.comments,
            "closed_at": self.closed_at,
            "locked": self.locked,
            **self.more,
        }
        return Item(
            id=id_of(repository, self.number, is_pull=self.is_pull),
            kind="pull_request" if self.is_pull else "issue",
            title=f"{self.title} (#{self.number})".translate(NO_NUL),
            content=text_of(self.body, self.said),
            url=self.url,
            author=self.author,
            created_at=datetime.fromisoformat(self.created_at),
            updated_at=datetime.fromisoformat(self.updated_at),
            version=f"{self.updated_at}/{self.comments}",
            metadata=metadata,
            acl=repository.acl,
        )


NOTHING: Mapping[str, Any] = {"nodes": []}


def id_of(repository: Repository, number: int, *, is_pull: bool) -> str:
    """The id of an issue or a pull request; they share their numbers."""
    return ticket_id(repository.id, number, is_pull=is_pull)


def ticket_id(repository_id: str, number: int, *, is_pull: bool) -> str:
    """The same, where of the repository only its id is known."""
    return f"{repository_id}/{'pulls' if is_pull else 'issues'}/{number}"


def read_tickets(
    api: Api, repository: Repository, numbers: Sequence[int]
) -> Iterator[tuple[int, Ticket | SourceError | None]]:
    """Each of these issues and pull requests with everything that was said; None where it is not there any more, an
    error where GitHub cannot tell it.
    """
    for first in range(0, len(numbers), BATCH):
        some = numbers[first : first + BATCH]
        selections = [f"issueOrPullRequest(number:{number}){{__typename ...I ...P}}" for number in some]
        for number, raw in zip(some, api.in_repository(repository, selections, FRAGMENTS), strict=True):
            if isinstance(raw, SourceError):
                yield number, raw
            else:
                moved = raw is not None and str(raw["repository"]["databaseId"]) != repository.id
                yield number, None if raw is None or moved else Ticket.from_node(api, raw)


def text_of(body: str | None, said: Sequence[Said]) -> str:
    """A text, and what was said to it."""
    return "\n\n".join(filter(None, [body, *(each.text for each in said)])).translate(NO_NUL)


def login_of(raw: Mapping[str, Any] | None) -> str:
    """Who it is. REST marks the names of apps, GraphQL does not."""
    return str(raw["login"]).removesuffix("[bot]") if raw else GHOST


def _reviews(api: Api, raw: Mapping[str, Any]) -> Iterator[Said]:
    for review in api.rest_of(raw["id"], "PullRequest", "reviews", REVIEW, raw["reviews"]):
        if review["submittedAt"] and (review["body"] or review["state"] != "COMMENTED"):
            what = "reviewed" if review["state"] == "COMMENTED" else review["state"].replace("_", " ").lower()
            yield Said(login_of(review["author"]), review["submittedAt"], review["body"] or "", what)
    for thread in api.rest_of(raw["id"], "PullRequest", "reviewThreads", THREAD, raw["reviewThreads"]):
        line = f":{thread['line']}" if thread["line"] else ""
        what = f"on `{thread['path']}{line}`{' (resolved)' if thread['isResolved'] else ''}"
        for each in api.rest_of(thread["id"], "PullRequestReviewThread", "comments", COMMENT, thread["comments"]):
            yield Said.read(each, what)
