"""Issues and pull requests, with everything that was said in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...core.changes import JSON, Item
from .api import Api
from .repositories import Repository

BATCH = 50  # issues in one query
PAGE = "pageInfo{hasNextPage endCursor}"
COMMENT = "author{login} body createdAt"
REVIEW = "author{login} body state submittedAt"
THREAD = f"id path line isResolved comments(first:30){{{PAGE} nodes{{{COMMENT}}}}}"
COMMON = f"""id number title body url createdAt updatedAt closedAt locked author{{login}} labels(first:100){{nodes{{name}}}}
  assignees(first:20){{nodes{{login}}}} milestone{{title}} comments(first:50){{totalCount {PAGE} nodes{{{COMMENT}}}}}"""
FRAGMENTS = f"""
fragment I on Issue {{ {COMMON} issueState:state }}
fragment P on PullRequest {{ {COMMON} state isDraft mergedAt baseRefName headRefName
  reviews(first:30){{{PAGE} nodes{{{REVIEW}}}}}
  reviewThreads(first:30){{{PAGE} nodes{{{THREAD}}}}} }}"""
GHOST = "ghost"
NUL = str.maketrans({"\0": "�"})


@dataclass(slots=True)
class Said:
    """A comment, or a review's own text."""

    author: str
    at: str
    body: str
    what: str = ""  # such as: approved

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Said:
        return cls(login_of(raw["author"]), raw["createdAt"] or "", raw["body"] or "")


@dataclass(slots=True)
class Ticket:
    """An issue or a pull request, as the list of REST or a query of GraphQL tells it: alike in both."""

    number: int
    pull: bool
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
    said: list[Said] = field(default_factory=list)
    more: dict[str, JSON] = field(default_factory=dict)

    @classmethod
    def from_row(cls, raw: dict[str, Any]) -> Ticket:
        """From the list of REST, which has no comments in it."""
        return cls(
            raw["number"],
            "pull_request" in raw,
            raw["title"],
            raw["body"] or "",
            raw["state"],
            raw["html_url"],
            login_of(raw["user"]),
            raw["created_at"],
            raw["updated_at"],
            raw["closed_at"],
            raw["locked"],
            [label["name"] if isinstance(label, dict) else label for label in raw["labels"]],
            [login_of(each) for each in raw["assignees"]],
            (raw["milestone"] or {}).get("title"),
            raw["comments"],
        )

    @classmethod
    def from_node(cls, api: Api, raw: dict[str, Any]) -> Ticket:
        """From GraphQL, with everything that was said."""
        pull = raw["__typename"] == "PullRequest"
        ticket = cls(
            raw["number"],
            pull,
            raw["title"],
            raw["body"] or "",
            str(raw["state"] if pull else raw["issueState"]).lower(),
            raw["url"],
            login_of(raw["author"]),
            raw["createdAt"],
            raw["updatedAt"],
            raw["closedAt"],
            raw["locked"],
            [label["name"] for label in raw["labels"]["nodes"]],
            [each["login"] for each in raw["assignees"]["nodes"]],
            (raw["milestone"] or {}).get("title"),
            raw["comments"]["totalCount"],
        )
        kind = raw["__typename"]
        comments = list(api.rest_of(raw["id"], kind, "comments", COMMENT, raw["comments"]))
        ticket.said = [Said.read(each) for each in comments if each]
        if pull:
            ticket.said += _reviews(api, raw)
            ticket.said.sort(key=lambda said: said.at)
            ticket.more = {
                "draft": raw["isDraft"],
                "merged_at": raw["mergedAt"],
                "base": raw["baseRefName"],
                "head": raw["headRefName"],
            }
        return ticket

    @property
    def version(self) -> str:
        """Tells states apart that a list shows: it covers the number of comments, which moves no clock when it falls."""
        return f"{self.updated_at}/{self.comments}"

    def item(self, repository: Repository) -> Item:
        """What is stored of it."""
        parts = [self.body, *(heading(said) + said.body for said in self.said)]
        metadata: dict[str, JSON] = {
            "repository": repository.id,
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
            id=id_of(repository, self.number, pull=self.pull),
            kind="pull_request" if self.pull else "issue",
            title=f"{self.title} (#{self.number})",
            content="\n\n".join(part for part in parts if part).translate(NUL),
            url=self.url,
            author=self.author,
            created_at=datetime.fromisoformat(self.created_at),
            updated_at=datetime.fromisoformat(self.updated_at),
            version=self.version,
            metadata=metadata,
            acl=repository.acl,
        )


def id_of(repository: Repository, number: int, *, pull: bool) -> str:
    """The id of an issue or a pull request."""
    return f"{repository.id}/{'pulls' if pull else 'issues'}/{number}"


def read_tickets(api: Api, repository: Repository, numbers: Sequence[int]) -> Iterator[tuple[int, Ticket | None]]:
    """Each of these issues and pull requests with everything that was said; None where there is none."""
    for first in range(0, len(numbers), BATCH):
        some = numbers[first : first + BATCH]
        selections = [f"issueOrPullRequest(number:{number}){{__typename ...I ...P}}" for number in some]
        found = api.by_alias(repository.owner, repository.name, selections, FRAGMENTS)
        for number, raw in zip(some, found, strict=True):
            yield number, None if raw is None else Ticket.from_node(api, raw)


def heading(said: Said) -> str:
    """Who said it and when, before what was said."""
    what = f" {said.what}" if said.what else ""
    return f"**{said.author}**{what}, {said.at[:10]} {said.at[11:16]}:\n\n"


def login_of(raw: dict[str, Any] | None) -> str:
    """Who it is; accounts that were deleted are called ghost."""
    return str(raw["login"]) if raw else GHOST


def _reviews(api: Api, raw: dict[str, Any]) -> Iterator[Said]:
    for review in api.rest_of(raw["id"], "PullRequest", "reviews", REVIEW, raw["reviews"]):
        if review and review["submittedAt"] and (review["body"] or review["state"] != "COMMENTED"):
            state = review["state"].replace("_", " ").lower()
            yield Said(login_of(review["author"]), review["submittedAt"], review["body"] or "", state)
    for thread in api.rest_of(raw["id"], "PullRequest", "reviewThreads", THREAD, raw["reviewThreads"]):
        line = f":{thread['line']}" if thread["line"] else ""
        where = f"on `{thread['path']}{line}`{' (resolved)' if thread['isResolved'] else ''}"
        for each in api.rest_of(thread["id"], "PullRequestReviewThread", "comments", COMMENT, thread["comments"]):
            yield Said(login_of(each["author"]), each["createdAt"], each["body"] or "", where)
