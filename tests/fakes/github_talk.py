"""What people write at GitHub: issues, pull requests, reviews, discussions, and comments on all of them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

GHOST_ID = 10137
FOREVER_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class User:
    """Somebody with an account. `kind`: User, Bot, Mannequin."""

    id: int
    node_id: str
    login: str
    kind: str = "User"


@dataclass(eq=False)
class Label:
    id: int
    node_id: str
    name: str
    color: str = "d73a4a"


@dataclass(eq=False)
class Milestone:
    id: int
    node_id: str
    number: int
    title: str
    created_at: datetime
    closed_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Listed:
    """What lists may show late."""

    shown_at: datetime = FOREVER_AGO  # until then, they show what was before
    before: Any = None

    def keep_for(self, shown_at: datetime, *, new: bool = False) -> None:
        """Lists show this as it is now until then; nothing, if it is new."""
        self.before = None if new or shown_at == FOREVER_AGO else copy(self)
        self.shown_at = shown_at


@dataclass(eq=False)
class Thing(Listed):
    """What somebody wrote. `author`: None where the account was deleted."""

    id: int
    node_id: str
    author: User | None
    body: str | None
    created_at: datetime
    updated_at: datetime
    edited_at: datetime | None = None
    minimized: str = ""  # the reason, in capitals
    association: str = "MEMBER"


@dataclass(eq=False, kw_only=True)
class Comment(Thing):
    """On an issue or a pull request."""

    issue: Issue


@dataclass(eq=False, kw_only=True)
class Review(Thing):
    """`state`: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING."""

    issue: Issue
    state: str
    commit: str
    submitted_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class ReviewComment(Thing):
    """On a line of a file (or on the file, where there is no line)."""

    issue: Issue
    review: Review
    path: str
    line: int | None
    commit: str
    reply_to: ReviewComment | None = None
    diff_hunk: str = "@@ -1,2 +1,3 @@\n one\n+two\n three"
    resolved: bool = False  # of the first in a thread

    @property
    def first(self) -> ReviewComment:
        """What the thread began with."""
        return self.reply_to.first if self.reply_to else self


@dataclass(eq=False)
class Pull(Listed):
    """What a pull request has beside its issue: a clock of its own, too."""

    id: int
    updated_at: datetime
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    reviews: list[Review] = field(default_factory=list)
    comments: list[ReviewComment] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Issue(Thing):
    """An issue, or the issue that each pull request is, too."""

    number: int
    title: str
    home: Any = None  # the repository
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: User | None = None
    locked: bool = False
    type: str = ""
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    milestone: Milestone | None = None
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None


@dataclass(eq=False)
class Category:
    """`answerable`: one comment may be marked as the answer."""

    id: int
    node_id: str
    name: str
    answerable: bool
    created_at: datetime


@dataclass(eq=False, kw_only=True)
class DiscussionComment(Thing):
    """At the top level, or a reply. `deleted_at`: only its place is left, because there are replies."""

    discussion: Discussion
    reply_to: DiscussionComment | None = None
    deleted_at: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Discussion(Thing):
    number: int
    title: str
    home: Any  # the repository
    category: Category
    state_reason: str | None = None
    closed_at: datetime | None = None
    locked: bool = False
    labels: list[Label] = field(default_factory=list)
    answer: DiscussionComment | None = None
    answered_at: datetime | None = None
    comments: list[DiscussionComment] = field(default_factory=list)  # replies too

    def top(self) -> list[DiscussionComment]:
        return [comment for comment in self.comments if comment.reply_to is None]

    def replies(self, comment: DiscussionComment) -> list[DiscussionComment]:
        return [one for one in self.comments if one.reply_to is comment]
