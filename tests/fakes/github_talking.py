"""What people wrote, in the words of GraphQL's schema at GitHub."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import github_talk as talk
from .github_connection import Connection, Key
from .github_json import iso

if TYPE_CHECKING:
    from .github_roots import Asking


class User:
    def __init__(self, asking: Asking, user: talk.User) -> None:
        self._asking = asking
        self.login, self.database_id, self.id = user.login, user.id, user.node_id
        self.url, self.resource_path = f"{asking.fake.bodies.web}/{user.login}", f"/{user.login}"
        self.name, self.email = user.login.title(), ""

    def avatar_url(self, size: int | None = None) -> str:
        return f"{self.url}.png"


class Bot(User):
    pass


class Mannequin(User):
    pass


def actor(asking: Asking, user: talk.User | None) -> User | None:
    """Nobody where the account was deleted. Bots are called without the [bot] of the REST API."""
    return None if user is None else {"Bot": Bot, "Mannequin": Mannequin}.get(user.kind, User)(asking, user)


class Label:
    def __init__(self, label: talk.Label) -> None:
        self.id, self.name, self.color, self.description, self.is_default = (
            label.node_id,
            label.name,
            label.color,
            "",
            False,
        )


def labels_of(labels: list[talk.Label], given: dict[str, Any]) -> Connection:
    """In the order in which they were made, not set, unless names are to decide."""
    order = given.get("order_by") or {"field": "CREATED_AT", "direction": "ASC"}
    keys: dict[str, Key] = {"CREATED_AT": lambda label: (label.id,), "NAME": lambda label: (label.name, label.id)}
    down, field = order["direction"] == "DESC", order["field"]
    return Connection("labels", labels, Label, given, key=keys[field], descending=down, order=field)


class Milestone:
    def __init__(self, asking: Asking, made: talk.Milestone) -> None:
        self.id, self.number, self.title, self.description = made.node_id, made.number, made.title, None
        self.closed, self.state = made.closed_at is not None, "CLOSED" if made.closed_at else "OPEN"
        self.closed_at, self.created_at, self.updated_at = (
            iso(made.closed_at),
            iso(made.created_at),
            iso(made.created_at),
        )
        self.due_on = None


class Written:
    """What all that somebody wrote has in common."""

    def __init__(self, asking: Asking, model: Any) -> None:
        self._asking, self.model = asking, model
        self.id, self.database_id, self.full_database_id = model.node_id, model.id, str(model.id)
        self.body = self.body_text = model.body or ""
        self.author, self.author_association = actor(asking, model.author), model.association
        self.created_at, self.updated_at = iso(model.created_at), iso(model.updated_at)
        self.published_at, self.last_edited_at = self.created_at, iso(model.edited_at)
        self.includes_created_edit, self.created_via_email = model.edited_at is not None, False
        self.is_minimized = bool(model.minimized)
        self.minimized_reason = model.minimized.lower().replace("_", "-") or None

    def reactions(self, **given: Any) -> Connection:
        return self._page("reactions", [], given)

    def _page(self, name: str, rows: list[Any], given: dict[str, Any], wrap: Any = None) -> Connection:
        return Connection(name, rows, wrap or (lambda one: wrapped(self._asking, one)), given)

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def resource_path(self) -> str:
        return self.url.removeprefix(self._asking.fake.bodies.web)

    def _address(self, home: Any, kind: str, number: int, place: str = "") -> str:
        return f"{self._asking.fake.bodies.web}/{home.full_name}/{kind}/{number}{place}"


class Issue(Written):
    """And what a pull request has in common with it."""

    def __init__(self, asking: Asking, model: talk.Issue) -> None:
        super().__init__(asking, model)
        self.number, self.title, self.state = model.number, model.title, model.state.upper()
        self.closed, self.closed_at = model.state == "closed", iso(model.closed_at)
        self.locked, self.active_lock_reason = model.locked, None
        self.milestone = Milestone(asking, model.milestone) if model.milestone else None

    def state_reason(self, enable_duplicate: bool = False) -> str | None:
        return self.model.state_reason.upper() if self.model.state_reason else None

    @property
    def url(self) -> str:
        return self._address(self.model.home, "pull" if self.model.pull else "issues", self.number)

    @property
    def repository(self) -> Any:
        return self._asking.see(self.model.home, "gone")

    def labels(self, **given: Any) -> Connection:
        return labels_of(self.model.labels, given)

    def assignees(self, **given: Any) -> Connection:
        return self._page("assignees", self.model.assignees, given, lambda user: actor(self._asking, user))

    def comments(self, **given: Any) -> Connection:
        return self._page("comments", self._asking.fake.state.shown(self.model.comments), given)


class PullRequest(Issue):
    def __init__(self, asking: Asking, model: talk.Issue) -> None:
        super().__init__(asking, model)
        assert model.pull is not None
        pull = next(iter(asking.fake.state.shown([model.pull])), model.pull)
        self.pull = pull
        self.database_id, self.full_database_id = pull.id, str(pull.id)
        self.state = "MERGED" if pull.merged_at else self.state
        self.updated_at = iso(self.moved_at)
        self.is_draft, self.merged, self.merged_at = pull.draft, pull.merged_at is not None, iso(pull.merged_at)
        self.merged_by = actor(asking, pull.merged_by)
        self.head_ref_name, self.base_ref_name = pull.head, pull.base
        self.head_ref_oid, self.base_ref_oid = pull.head_sha, pull.base_sha
        self.additions, self.deletions, self.changed_files, self.is_cross_repository = 3, 1, 1, False
        self.total_comments_count = len(model.comments) + len(pull.comments)
        self.review_decision, self.mergeable = None, "MERGEABLE"

    @property
    def moved_at(self) -> datetime:
        """Which of the two clocks this API shows is a switch of the fake."""
        both = self.pull.updated_at, self.model.updated_at
        return self.pull.updated_at if self._asking.fake.pull_clock == "pull" else max(both)

    def reviews(self, **given: Any) -> Connection:
        """Those that were submitted, and one's own."""
        login = self._asking.token.login
        rows = [one for one in self.pull.reviews if one.submitted_at or (one.author and one.author.login == login)]
        if given.get("states"):
            rows = [one for one in rows if one.state in given["states"]]
        return self._page("reviews", rows, given)

    def review_threads(self, **given: Any) -> Connection:
        firsts = [one for one in self.pull.comments if one.first is one and one.review.submitted_at]
        return self._page("reviewThreads", firsts, given, lambda one: PullRequestReviewThread(self._asking, one))


class IssueComment(Written):
    @property
    def url(self) -> str:
        issue = self.model.issue
        kind = "pull" if issue.pull else "issues"
        return self._address(issue.home, kind, issue.number, f"#issuecomment-{self.database_id}")

    @property
    def issue(self) -> Issue:
        return Issue(self._asking, self.model.issue)

    @property
    def pull_request(self) -> PullRequest | None:
        return PullRequest(self._asking, self.model.issue) if self.model.issue.pull else None


class PullRequestReview(Written):
    def __init__(self, asking: Asking, model: talk.Review) -> None:
        super().__init__(asking, model)
        self.state, self.submitted_at = model.state, iso(model.submitted_at)

    @property
    def url(self) -> str:
        issue = self.model.issue
        return self._address(issue.home, "pull", issue.number, f"#pullrequestreview-{self.database_id}")

    @property
    def pull_request(self) -> PullRequest:
        return PullRequest(self._asking, self.model.issue)

    def comments(self, **given: Any) -> Connection:
        rows = [one for one in self.model.issue.pull.comments if one.review is self.model]
        return self._page("comments", self._asking.fake.state.shown(rows), given)


class PullRequestReviewThread:
    """All that follows one comment on a line."""

    def __init__(self, asking: Asking, first: talk.ReviewComment) -> None:
        self._asking, self._first = asking, first
        self.id, self.path, self.line, self.original_line = f"PRRT_{first.node_id}", first.path, first.line, first.line
        self.is_resolved, self.is_outdated, self.is_collapsed = first.resolved, False, first.resolved
        self.start_line = self.original_start_line = self.start_diff_side = None
        self.diff_side, self.subject_type = "RIGHT", "FILE" if first.line is None else "LINE"

    def comments(self, **given: Any) -> Connection:
        pull = self._first.issue.pull
        assert pull is not None
        rows = [one for one in pull.comments if one.first is self._first and one.review.submitted_at]
        shown = self._asking.fake.state.shown(rows)
        return Connection("comments", shown, lambda one: wrapped(self._asking, one), given)


class PullRequestReviewComment(Written):
    def __init__(self, asking: Asking, model: talk.ReviewComment) -> None:
        super().__init__(asking, model)
        self.path, self.line, self.original_line, self.position = model.path, model.line, model.line, model.line
        self.start_line = self.original_start_line = None
        self.diff_hunk, self.outdated, self.original_position = model.diff_hunk, False, model.line or 1
        self.state = "SUBMITTED" if model.review.submitted_at else "PENDING"
        self.subject_type, self.drafted_at = "FILE" if model.line is None else "LINE", self.created_at

    @property
    def url(self) -> str:
        issue = self.model.issue
        return self._address(issue.home, "pull", issue.number, f"#discussion_r{self.database_id}")

    @property
    def reply_to(self) -> PullRequestReviewComment | None:
        return PullRequestReviewComment(self._asking, self.model.reply_to) if self.model.reply_to else None

    @property
    def pull_request_review(self) -> PullRequestReview:
        return PullRequestReview(self._asking, self.model.review)

    @property
    def pull_request(self) -> PullRequest:
        return PullRequest(self._asking, self.model.issue)


class DiscussionCategory:
    def __init__(self, made: talk.Category) -> None:
        self.id, self.name, self.is_answerable, self.emoji = (
            made.node_id,
            made.name,
            made.answerable,
            ":speech_balloon:",
        )
        self.slug, self.description = made.name.lower().replace("&", "-").replace(" ", "-"), None
        self.created_at = self.updated_at = iso(made.created_at)


class Discussion(Written):
    def __init__(self, asking: Asking, model: talk.Discussion) -> None:
        super().__init__(asking, model)
        self.number, self.title, self.locked, self.active_lock_reason = model.number, model.title, model.locked, None
        self.closed, self.closed_at = model.closed_at is not None, iso(model.closed_at)
        self.state_reason, self.category = model.state_reason, DiscussionCategory(model.category)
        self.is_answered = model.answer is not None if model.category.answerable else None
        self.answer_chosen_at, self.upvote_count = iso(model.answered_at), 1

    @property
    def url(self) -> str:
        return self._address(self.model.home, "discussions", self.number)

    @property
    def repository(self) -> Any:
        return self._asking.see(self.model.home, "gone")

    @property
    def answer(self) -> DiscussionComment | None:
        return DiscussionComment(self._asking, self.model.answer) if self.model.answer else None

    def labels(self, **given: Any) -> Connection:
        return labels_of(self.model.labels, given)

    def comments(self, **given: Any) -> Connection:
        """Those at the top level; replies hang below them."""
        return self._page("comments", self.model.top(), given)


class DiscussionComment(Written):
    def __init__(self, asking: Asking, model: talk.DiscussionComment) -> None:
        super().__init__(asking, model)
        self.deleted_at, self.upvote_count = iso(model.deleted_at), 1
        self.is_answer = model.discussion.answer is model
        if model.deleted_at:
            self.author = None

    @property
    def url(self) -> str:
        discussion = self.model.discussion
        place = f"#discussioncomment-{self.database_id}"
        return self._address(discussion.home, "discussions", discussion.number, place)

    @property
    def discussion(self) -> Discussion:
        return Discussion(self._asking, self.model.discussion)

    @property
    def reply_to(self) -> DiscussionComment | None:
        return DiscussionComment(self._asking, self.model.reply_to) if self.model.reply_to else None

    def replies(self, **given: Any) -> Connection:
        return self._page("replies", self.model.discussion.replies(self.model), given)


def wrapped(asking: Asking, model: Any) -> Any:
    """A thing, as the schema calls it."""
    if isinstance(model, talk.Issue) and model.pull:
        return PullRequest(asking, model)
    kinds: dict[type[Any], type[Any]] = {
        talk.Issue: Issue,
        talk.Comment: IssueComment,
        talk.Review: PullRequestReview,
        talk.ReviewComment: PullRequestReviewComment,
        talk.Discussion: Discussion,
        talk.DiscussionComment: DiscussionComment,
    }
    return kinds[type(model)](asking, model)
