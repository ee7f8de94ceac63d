"""A GitHub that is synced, as the tests of `github` edit it: by hand, or at random."""

from __future__ import annotations

import random
from typing import Any

from ..fakes.github import FakeGitHub
from ..fakes.github_state import Comment, Discussion, Issue, Repository

SINCE = 24 * 3600


class GitHubWorld:
    """One repository of the fake, as the contract suite edits it: each thing is an issue, a pull request, a file or a
    discussion there.
    """

    def __init__(self, fake: FakeGitHub, kind: str) -> None:
        self.fake, self.kind = fake, kind
        fake.begin_anew()
        self.state = fake.state
        self.app = self.state.create("app")

    def add(self, name: str, text: str) -> str:
        if self.kind == "code":
            self.state.commit(self.app, {f"folder/{name}.txt": text})
            return f"{self.app.id}/code/folder/{name}.txt"
        if self.kind == "discussions":
            number = self.state.start(self.app, name, text).number
        elif self.kind == "pulls":
            number = self._with_comments(self.state.propose(self.app, name, text)).number
        else:
            number = self.state.open(self.app, name, text).number
        return f"{self.app.id}/{self.kind}/{number}"

    def _with_comments(self, pull: Issue) -> Issue:
        self.state.comment(pull, "well")
        self.state.discuss_line(pull, "why")
        return pull

    def edit(self, item_id: str, text: str) -> None:
        if self.kind == "code":
            self.state.commit(self.app, {item_id.partition("/code/")[2]: text})
        elif self.kind == "discussions":
            self.state.edit_discussion(self.app.discussions[self._number(item_id)], body=text)
        else:
            self.state.edit(self.app.issues[self._number(item_id)], body=text)

    def remove(self, item_id: str) -> None:
        if self.kind == "code":
            self.state.commit(self.app, {item_id.partition("/code/")[2]: None})
        elif self.kind == "discussions":
            del self.app.discussions[self._number(item_id)]
        else:
            self.state.delete_issue(self.app, self.app.issues[self._number(item_id)])

    def _number(self, item_id: str) -> int:
        return int(item_id.rpartition("/")[2])


class Editor:
    """Random acts of every kind. Each text holds a word of its own, by which it is found, or found to be gone.

    `quiet` are words of which GitHub tells nobody that they came or went: it moves no clock for what is deleted, nor
    for a reply in a discussion.
    """

    def __init__(self, fake: FakeGitHub, chance: random.Random) -> None:
        self.fake, self.chance, self.state = fake, chance, fake.state
        self.gone: set[str] = set()
        self.quiet: set[str] = set()
        self.number = 0
        for name in ("app", "web", "docs"):
            self.state.create(name, visibility=chance.choice(["public", "private"]))
        for _ in range(40):
            self.act()

    def act(self) -> None:
        """One act."""
        acts: list[Any] = [self.open, self.open, self.propose, self.comment, self.comment, self.edit, self.close]
        acts += [self.edit_comment, self.delete_comment, self.delete_issue, self.transfer, self.review, self.line]
        acts += [self.edit_line, self.delete_line, self.start, self.say, self.reply, self.unsay, self.edit_discussion]
        acts += [self.commit, self.commit, self.delete_file, self.move_file, self.rename, self.publish, self.rest]
        self.chance.choice(acts)(self.chance.choice(list(self.state.repositories.values())))

    def expected(self) -> dict[str, list[str]]:
        """For each item the words that it must hold."""
        found: dict[str, list[str]] = {}
        for of in self.state.repositories.values():
            for issue in of.issues.values():
                kind = "pulls" if issue.pull else "issues"
                found[f"{of.id}/{kind}/{issue.number}"] = [issue.body or "", *(each.body for each in self._said(issue))]
            for talk in of.discussions.values():
                words = [talk.body, *(each.body for each in talk.comments if not each.deleted)]
                words += [each.body for comment in talk.comments for each in comment.replies]
                found[f"{of.id}/discussions/{talk.number}"] = words
            for path, (_, content) in of.files.items():
                found[f"{of.id}/code/{path}"] = [content.decode()]
        return found

    def settle(self) -> None:
        """Everything may be read again, and nobody has done anything for a while."""
        for of in self.state.repositories.values():
            of.readable, of.hidden = True, set()
        self.fake.tick(SINCE)

    # Issues and pull requests

    def open(self, of: Repository) -> None:
        self.state.open(of, "An issue", self._word())

    def propose(self, of: Repository) -> None:
        self.state.propose(of, "A change", self._word())

    def comment(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            self.state.comment(issue, self._word())

    def edit(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            self.gone.add(issue.body)
            self.state.edit(issue, body=self._word())

    def close(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            self.state.edit(issue, closed=None if issue.closed else self.fake.now)

    def edit_comment(self, of: Repository) -> None:
        if (issue := self._any(of.issues.values())) and (comment := self._any(issue.comments)):
            self.gone.add(comment.body)
            self.state.edit_comment(comment, self._word())

    def delete_comment(self, of: Repository) -> None:
        if (issue := self._any(of.issues.values())) and (comment := self._any(issue.comments)):
            self._lose(comment.body)
            self.state.delete_comment(issue, comment)

    def delete_issue(self, of: Repository) -> None:
        issue = self._any(each for each in of.issues.values() if each.pull is None)
        if issue and len(of.issues) > 6:
            self._lose(issue.body, *(comment.body for comment in issue.comments))
            self.state.delete_issue(of, issue)

    def transfer(self, of: Repository) -> None:
        other = self.chance.choice(list(self.state.repositories.values()))
        issue = self._any(each for each in of.issues.values() if each.pull is None)
        if issue and other is not of and len(of.issues) > 6:
            self.quiet |= {issue.body, *(comment.body for comment in issue.comments)}  # twice until a reconcile
            self.state.transfer_issue(of, issue, other)

    def review(self, of: Repository) -> None:
        if pull := self._any(of.pulls()):
            self.state.review(pull, self.chance.choice(["APPROVED", "COMMENTED", "CHANGES_REQUESTED"]), self._word())

    def line(self, of: Repository) -> None:
        if pull := self._any(of.pulls()):
            self.state.discuss_line(pull, self._word())

    def edit_line(self, of: Repository) -> None:
        if comment := self._any(self._lines(of)):
            self.gone.add(comment.body)
            self.state.edit_comment(comment, self._word())

    def delete_line(self, of: Repository) -> None:
        if (pull := self._any(of.pulls())) and pull.pull.threads:
            comment = pull.pull.threads[0].comments[0]
            self._lose(comment.body)
            self.state.delete_line_comment(pull, comment)

    # Discussions

    def start(self, of: Repository) -> None:
        self.state.start(of, "A talk", self._word())

    def edit_discussion(self, of: Repository) -> None:
        if talk := self._any(of.discussions.values()):
            self.gone.add(talk.body)
            self.state.edit_discussion(talk, body=self._word())

    def say(self, of: Repository) -> None:
        if talk := self._any(of.discussions.values()):
            self.state.say(talk, self._word())

    def reply(self, of: Repository) -> None:
        if comment := self._spoken(of)[1]:
            word = self._word()
            self.quiet.add(word)
            self.state.reply(comment, word)

    def unsay(self, of: Repository) -> None:
        talk, comment = self._spoken(of)
        if talk and comment:
            self._lose(comment.body)
            self.state.unsay(talk, comment)

    # Files and repositories

    def commit(self, of: Repository) -> None:
        path = f"f{self.chance.randrange(4)}/{self.chance.randrange(4)}.txt"
        if path in of.files:
            self.gone.add(of.files[path][1].decode())
        self.state.commit(of, {path: self._word()})

    def delete_file(self, of: Repository) -> None:
        if path := self._any(of.files):
            self.gone.add(of.files[path][1].decode())
            self.state.commit(of, {path: None})

    def move_file(self, of: Repository) -> None:
        if path := self._any(of.files):
            self.state.commit(of, {path: None, f"moved/{self.number}.txt": of.files[path][1]})

    def rename(self, of: Repository) -> None:
        self.state.rename(of, f"renamed-{self.chance.randrange(10**9)}")

    def publish(self, of: Repository) -> None:
        of.visibility = self.chance.choice(["public", "private", "internal"])

    def rest(self, of: Repository) -> None:
        self.fake.tick(self.chance.choice([30, 3600]))

    # Helpers

    def _said(self, issue: Issue) -> list[Any]:
        pull = issue.pull
        lines = [comment for thread in pull.threads for comment in thread.comments] if pull else []
        return [*issue.comments, *lines, *(pull.reviews if pull else [])]

    def _lines(self, of: Repository) -> list[Comment]:
        return [comment for pull in of.pulls() for thread in pull.pull.threads for comment in thread.comments]

    def _spoken(self, of: Repository) -> tuple[Discussion | None, Comment | None]:
        talk = self._any(of.discussions.values())
        return talk, self._any(each for each in talk.comments if not each.deleted) if talk else None

    def _lose(self, *words: str) -> None:
        self.gone |= {*words}
        self.quiet |= {*words}

    def _any(self, those: Any) -> Any:
        listed = list(those)
        return self.chance.choice(listed) if listed else None

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"
