"""The discussions of one repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .github_talk import Category, Discussion, DiscussionComment, Thing, User

if TYPE_CHECKING:
    from .github_repository import Author, Repository

ANSWERABLE = ("Q&A",)


class Discussions:
    """Acts on discussions; switches of `State` say which of them move the clock of the whole."""

    def __init__(self, repository: Repository) -> None:
        self.repository, self.state = repository, repository.state
        self.all: dict[int, Discussion] = {}
        self.categories: dict[str, Category] = {}

    def things(self) -> Iterator[Thing]:
        for discussion in self.all.values():
            yield discussion
            yield from discussion.comments

    def begin(self, title: str, body: str = "", *, category: str = "Q&A", author: Author = "mona") -> Discussion:
        number, now = self.state.number(), self.state.act()
        node_id = self.state.node_id("D", number)
        made = Discussion(
            *(number, node_id, self._user(author), body, now, now),
            number=self.repository.next_number(),
            title=title,
            home=self.repository,
            category=self.category(category),
        )
        made.keep_for(self.state.later(), new=True)
        self.all[made.number] = self.state.keep(made)
        return made

    def edit(self, thing: Discussion | DiscussionComment, body: str | None = None, *, title: str | None = None) -> None:
        """An edited comment moves no clock but its own."""
        self._moved(thing)
        thing.edited_at = thing.updated_at
        thing.body = thing.body if body is None else body
        if isinstance(thing, Discussion) and title is not None:
            thing.title = title

    def recategorize(self, discussion: Discussion, category: str) -> None:
        self._moved(discussion)
        discussion.category = self.category(category)

    def close(self, discussion: Discussion, reason: str = "RESOLVED") -> None:
        self._moved(discussion)
        discussion.closed_at, discussion.state_reason = discussion.updated_at, reason

    def reopen(self, discussion: Discussion) -> None:
        self._moved(discussion)
        discussion.closed_at, discussion.state_reason = None, "REOPENED"

    def lock(self, discussion: Discussion, locked: bool = True) -> None:
        self._moved(discussion)
        discussion.locked = locked

    def label(self, discussion: Discussion, *names: str) -> None:
        self._moved(discussion)
        discussion.labels = [*discussion.labels, *(self.repository.label_named(name) for name in names)]

    def comment(self, discussion: Discussion, body: str, *, author: Author = "ann") -> DiscussionComment:
        return self._say(discussion, body, author, None, moves=self.state.comments_move_discussions)

    def reply(self, comment: DiscussionComment, body: str, *, author: Author = "bob") -> DiscussionComment:
        """A reply to a reply hangs under the same comment."""
        top = comment.reply_to or comment
        return self._say(comment.discussion, body, author, top, moves=self.state.replies_move_discussions)

    def answer(self, comment: DiscussionComment, chosen: bool = True) -> None:
        """This comment is the answer, or no longer is."""
        discussion = comment.discussion
        self._moved(discussion)
        discussion.answer = comment if chosen else None
        discussion.answered_at = discussion.updated_at if chosen else None

    def delete_comment(self, comment: DiscussionComment) -> None:
        """With replies, its place is left; without, nothing. No clock of the whole moves."""
        now, discussion = self.state.act(), comment.discussion
        if discussion.answer is comment:
            discussion.answer = discussion.answered_at = None
        if discussion.replies(comment):
            comment.deleted_at, comment.body = now, ""
            return
        self._remove(comment)
        top = comment.reply_to
        if top is not None and top.deleted_at and not discussion.replies(top):
            self._remove(top)

    def delete(self, discussion: Discussion) -> None:
        self.state.act()
        del self.all[discussion.number]
        self.state.nodes.pop(discussion.node_id, None)

    def category(self, name: str) -> Category:
        if name not in self.categories:
            number = self.state.number()
            node_id = self.state.node_id("DIC", number)
            made = Category(number, node_id, name, name in ANSWERABLE, self.state.now)
            self.categories[name] = self.state.keep(made)
        return self.categories[name]

    # Helpers

    def _say(
        self, discussion: Discussion, body: str, author: Author, top: DiscussionComment | None, *, moves: bool
    ) -> DiscussionComment:
        now, number = self.state.act(), self.state.number()
        node_id = self.state.node_id("DC", number)
        user = self._user(author)
        made = DiscussionComment(number, node_id, user, body, now, now, discussion=discussion, reply_to=top)
        discussion.comments.append(self.state.keep(made))
        if moves:
            discussion.keep_for(self.state.later())
            discussion.updated_at = now
        return made

    def _remove(self, comment: DiscussionComment) -> None:
        comment.discussion.comments.remove(comment)
        self.state.nodes.pop(comment.node_id, None)

    def _moved(self, thing: Thing) -> None:
        now = self.state.act()
        thing.keep_for(self.state.later())
        thing.updated_at = now

    def _user(self, author: Author) -> User | None:
        return self.state.user(author) if isinstance(author, str) else author
