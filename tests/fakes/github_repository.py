"""One repository, and what people do in it: issues, pull requests, and all that is said there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .github_code import Code
from .github_discussions import Discussions
from .github_talk import (
    FOREVER_AGO,
    Comment,
    DiscussionComment,
    Issue,
    Label,
    Milestone,
    Pull,
    Review,
    ReviewComment,
    Thing,
    User,
)
from .github_wiki import Wiki

if TYPE_CHECKING:
    from .github_state import Owner, State

Author = User | str | None


class Repository:
    """`discussions`, `code` and `wiki` have acts of their own. Attributes may be set at any time."""

    def __init__(self, state: State, number: int, node_id: str, owner: Owner, name: str, **more: Any) -> None:
        self.state = state
        self.id, self.node_id, self.owner, self.name = number, node_id, owner, name
        self.visibility = "private"
        self.accessible = True
        self.archived = self.disabled = self.fork = False
        self.has_issues = self.has_wiki = self.has_discussions = self.has_pull_requests = True
        self.blocked = ""  # a reason, such as dmca
        self.description: str | None = None
        self.created_at = self.updated_at = state.act()
        self.pushed_at: datetime | None = self.created_at
        self.issues: dict[int, Issue] = {}
        self.deleted: set[int] = set()  # numbers of issues that are gone
        self.transferred: dict[int, tuple[Repository, Issue]] = {}
        self.labels: dict[str, Label] = {}
        self.milestones: dict[str, Milestone] = {}
        self.collaborators: dict[str, str] = {}  # what each may: read, triage, write, maintain, admin
        self.teams: dict[str, str] = {}
        self._latest = 0
        for attribute, value in more.items():
            if not hasattr(self, attribute):
                raise AttributeError(attribute)
            setattr(self, attribute, value)
        self.discussions = Discussions(self)
        self.code = Code(self)
        self.wiki = Wiki(self)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def private(self) -> bool:
        return self.visibility != "public"

    def next_number(self) -> int:
        """Issues, pull requests and discussions are numbered together."""
        self._latest += 1
        return self._latest

    def things(self) -> Iterator[Thing]:
        """Everything that somebody wrote here."""
        for issue in self.issues.values():
            yield issue
            yield from issue.comments
            if issue.pull:
                yield from issue.pull.reviews
                yield from issue.pull.comments
        yield from self.discussions.things()

    # Issues; what is said of them holds for pull requests, too

    def open_issue(
        self, title: str, body: str | None = "", *, author: Author = "mona", labels: Sequence[str] = ()
    ) -> Issue:
        number, now = self.state.number(), self.state.act()
        node_id = self.state.node_id("I", number)
        place, user = self.next_number(), self._user(author)
        issue = Issue(number, node_id, user, body, now, now, number=place, title=title, home=self)
        issue.labels = [self.label_named(name) for name in labels]
        issue.keep_for(self.state.later(), new=True)
        self.issues[issue.number] = self.state.keep(issue)
        return issue

    def edit(self, thing: Thing, body: str | None = None, *, title: str | None = None) -> None:
        """Of an issue, a pull request, a comment, a review. An edited comment moves no clock but its own."""
        now = self._moved(thing)
        thing.edited_at = now
        if body is not None:
            thing.body = body
        if isinstance(thing, Issue):
            thing.title = thing.title if title is None else title
            self._pull_moved(thing)

    def close(self, issue: Issue, reason: str = "completed", by: Author = "bob") -> None:
        issue.closed_at = self._moved(issue)
        issue.state, issue.state_reason, issue.closed_by = "closed", None if issue.pull else reason, self._user(by)
        self._pull_moved(issue)

    def reopen(self, issue: Issue) -> None:
        self._moved(issue)
        issue.state, issue.closed_at, issue.closed_by = "open", None, None
        issue.state_reason = None if issue.pull else "reopened"
        self._pull_moved(issue)

    def label(self, issue: Issue, *names: str) -> None:
        """Moves the record of the issue alone, also where it is a pull request."""
        self._moved(issue)
        issue.labels = [*issue.labels, *(self.label_named(name) for name in names)]

    def unlabel(self, issue: Issue, name: str) -> None:
        self._moved(issue)
        issue.labels = [label for label in issue.labels if label.name != name]

    def rename_label(self, name: str, new: str) -> None:
        """Moves no clock."""
        label = self.labels.pop(name)
        label.name, self.labels[new] = new, label

    def assign(self, issue: Issue, *logins: str) -> None:
        """To these and nobody else."""
        self._moved(issue)
        issue.assignees = [self.state.user(login) for login in logins]

    def set_milestone(self, issue: Issue, title: str | None) -> None:
        self._moved(issue)
        issue.milestone = self._milestone(title) if title else None

    def rename_milestone(self, title: str, new: str) -> None:
        """Moves no clock."""
        milestone = self.milestones.pop(title)
        milestone.title, self.milestones[new] = new, milestone

    def set_type(self, issue: Issue, name: str) -> None:
        self._moved(issue)
        issue.type = name

    def lock(self, issue: Issue, locked: bool = True) -> None:
        self._moved(issue)
        issue.locked = locked

    def delete_issue(self, issue: Issue) -> None:
        self.state.act()
        self.forget_issue(issue)
        self.deleted.add(issue.number)

    def forget_issue(self, issue: Issue) -> None:
        """Nothing leads to it any more."""
        del self.issues[issue.number]
        self.state.nodes.pop(issue.node_id, None)

    def comment(self, issue: Issue, body: str | None, *, author: Author = "ann") -> Comment:
        """Moves the record of the issue."""
        now = self._moved(issue)
        number = self.state.number()
        node_id = self.state.node_id("IC", number)
        comment = Comment(number, node_id, self._user(author), body, now, now, issue=issue)
        comment.keep_for(self.state.later(), new=True)
        issue.comments.append(self.state.keep(comment))
        return comment

    def delete(self, thing: Comment | Review | ReviewComment) -> None:
        """A comment or a review is gone. No clock moves, and nothing is left that tells of it."""
        self.state.act()
        self.state.nodes.pop(thing.node_id, None)
        if isinstance(thing, Comment):
            thing.issue.comments.remove(thing)
            return
        pull = thing.issue.pull
        assert pull is not None
        if isinstance(thing, Review):
            pull.reviews.remove(thing)
            return
        pull.comments.remove(thing)
        for reply in pull.comments:
            reply.reply_to = None if reply.reply_to is thing else reply.reply_to

    def minimize(self, thing: Comment | Review | ReviewComment | DiscussionComment, reason: str = "SPAM") -> None:
        """Hidden from view, or shown again by an empty reason. Moves no clock."""
        self.state.act()
        thing.minimized = reason

    # Pull requests

    def open_pull(
        self, title: str, body: str | None = "", *, head: str = "feature", base: str = "", author: Author = "mona"
    ) -> Issue:
        issue = self.open_issue(title, body, author=author)
        number = self.state.number()
        del self.state.nodes[issue.node_id]
        issue.node_id = self.state.node_id("PR", number)
        self.state.keep(issue)
        base = base or self.code.default_branch
        base_sha = self.code.heads.get(base, "0" * 40)
        issue.pull = Pull(number, issue.updated_at, head, base, f"{number:040x}", base_sha)
        issue.pull.keep_for(self.state.later(), new=True)
        return issue

    def push(self, issue: Issue) -> None:
        """A new commit: moves the record of the pull request alone."""
        self.state.act()
        self._pull_moved(issue)
        assert issue.pull is not None
        issue.pull.head_sha = f"{self.state.number():040x}"

    def merge(self, issue: Issue, by: Author = "bob") -> None:
        assert issue.pull is not None
        self.close(issue, by=by)
        issue.pull.merged_at, issue.pull.merged_by = issue.closed_at, self._user(by)

    def mark_ready(self, issue: Issue, draft: bool = False) -> None:
        assert issue.pull is not None
        self._moved(issue)
        self._pull_moved(issue)
        issue.pull.draft = draft

    def review(self, issue: Issue, state: str = "APPROVED", body: str | None = "", *, author: Author = "bob") -> Review:
        """Moves the record of the pull request alone; PENDING ones move nothing, and only their author sees them."""
        now = self.state.act()
        number = self.state.number()
        assert issue.pull is not None
        submitted = None if state == "PENDING" else now
        node_id = self.state.node_id("PRR", number)
        review = Review(
            *(number, node_id, self._user(author), body, now, now),
            issue=issue,
            state=state,
            commit=issue.pull.head_sha,
            submitted_at=submitted,
        )
        issue.pull.reviews.append(self.state.keep(review))
        if submitted:
            self._pull_moved(issue)
        return review

    def submit(self, review: Review, state: str = "COMMENTED") -> None:
        """A pending review."""
        review.submitted_at = self._moved(review)
        review.state = state
        self._pull_moved(review.issue)

    def dismiss(self, review: Review) -> None:
        self._moved(review)
        review.state = "DISMISSED"
        self._pull_moved(review.issue)

    def comment_on_line(
        self,
        issue: Issue,
        body: str | None,
        *,
        path: str = "README.md",
        line: int | None = 2,
        review: Review | None = None,
        reply_to: ReviewComment | None = None,
        author: Author = "bob",
    ) -> ReviewComment:
        """On a file where `line` is None. Moves no clock but its own; see `review_comments_move_pulls`."""
        assert issue.pull is not None
        review = review or self._silent_review(issue, author)
        now, number = self.state.act(), self.state.number()
        node_id = self.state.node_id("PRRC", number)
        made = ReviewComment(
            *(number, node_id, self._user(author), body, now, now),
            issue=issue,
            review=review,
            path=reply_to.path if reply_to else path,
            line=reply_to.line if reply_to else line,
            commit=issue.pull.head_sha,
            reply_to=reply_to.first if reply_to else None,
        )
        made.keep_for(self.state.later(), new=True)
        issue.pull.comments.append(self.state.keep(made))
        if self.state.review_comments_move_pulls:
            self._pull_moved(issue)
        return made

    def resolve(self, comment: ReviewComment, resolved: bool = True) -> None:
        """The thread of this comment. Moves no clock."""
        self.state.act()
        comment.first.resolved = resolved

    # Helpers

    def _silent_review(self, issue: Issue, author: Author) -> Review:
        """Each comment on a line belongs to a review, and be it one without words."""
        before = issue.pull.updated_at if issue.pull else self.state.now
        review = self.review(issue, "COMMENTED", "", author=author)
        if issue.pull and not self.state.review_comments_move_pulls:
            issue.pull.updated_at, issue.pull.before = before, None
            issue.pull.shown_at = FOREVER_AGO
        return review

    def _moved(self, thing: Thing) -> datetime:
        """The moment of an act that changes this thing's record."""
        now = self.state.act()
        thing.keep_for(self.state.later())
        thing.updated_at = now
        return now

    def _pull_moved(self, issue: Issue) -> None:
        if issue.pull:
            issue.pull.keep_for(self.state.later())
            issue.pull.updated_at = self.state.now

    def _user(self, author: Author) -> User | None:
        return self.state.user(author) if isinstance(author, str) else author

    def label_named(self, name: str) -> Label:
        if name not in self.labels:
            number = self.state.number()
            self.labels[name] = self.state.keep(Label(number, self.state.node_id("LA", number), name))
        return self.labels[name]

    def _milestone(self, title: str) -> Milestone:
        if title not in self.milestones:
            number, place = self.state.number(), len(self.milestones) + 1
            node_id = self.state.node_id("MI", number)
            made = Milestone(number, node_id, place, title, self.state.now)
            self.milestones[title] = self.state.keep(made)
        return self.milestones[title]
