"""A GitHub that is synced, as the tests of `github` edit it: by hand, or at random."""

from __future__ import annotations

import random
from typing import Any

from ..fakes.github import FakeGitHub
from ..fakes.github_repository import Repository
from ..fakes.github_talk import Discussion, DiscussionComment, Issue, ReviewComment
from .github_desk import break_on

SINCE = 24 * 3600


class GitHubWorld:
    """One repository of the fake, as the contract suite edits it: each thing is an issue, a pull request, a file or a
    discussion there.
    """

    def __init__(self, fake: FakeGitHub, kind: str) -> None:
        self.fake, self.kind = fake, kind
        fake.begin_anew()
        fake.serve_enterprise()
        self.app = fake.state.create_repository("acme/app")

    def add(self, name: str, text: str) -> str:
        if self.kind == "code":
            self.app.code.commit({f"folder/{name}.txt": text})
            return f"{self.app.id}/code/folder/{name}.txt"
        if self.kind == "discussions":
            number = self.app.discussions.begin(name, text).number
        elif self.kind == "pulls":
            number = self._with_comments(self.app.open_pull(name, text)).number
        else:
            number = self.app.open_issue(name, text).number
        return f"{self.app.id}/{self.kind}/{number}"

    def _with_comments(self, pull: Issue) -> Issue:
        self.app.comment(pull, "well")
        self.app.comment_on_line(pull, "why")
        return pull

    def edit(self, item_id: str, text: str) -> None:
        if self.kind == "code":
            self.app.code.commit({item_id.partition("/code/")[2]: text})
        elif self.kind == "discussions":
            self.app.discussions.edit(self.app.discussions.all[self._number(item_id)], text)
        else:
            self.app.edit(self.app.issues[self._number(item_id)], text)

    def remove(self, item_id: str) -> None:
        if self.kind == "code":
            self.app.code.commit({item_id.partition("/code/")[2]: None})
        elif self.kind == "discussions":
            self.app.discussions.delete(self.app.discussions.all[self._number(item_id)])
        else:
            self.app.delete_issue(self.app.issues[self._number(item_id)])

    def fail(self, item_id: str) -> None:
        if self.kind != "code":
            break_on(self.fake, self._number(item_id))

    def mend(self, item_id: str) -> None:
        self.fake.forget()

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
            self.state.create_repository(f"acme/{name}", visibility=chance.choice(["public", "private"]))
        for _ in range(40):
            self.act()

    def act(self) -> None:
        """One act."""
        acts: list[Any] = [self.open, self.open, self.propose, self.comment, self.comment, self.edit, self.close]
        acts += [self.edit_comment, self.delete_comment, self.delete_issue, self.transfer, self.review, self.line]
        acts += [self.edit_line, self.delete_line, self.start, self.say, self.reply, self.unsay, self.edit_discussion]
        acts += [
            self.commit,
            self.commit,
            self.delete_file,
            self.move_file,
            self.rename,
            self.rename_label,
            self.publish,
            self.rest,
        ]
        self.chance.choice(acts)(self.chance.choice(list(self.state.repositories.values())))

    def expected(self) -> dict[str, list[str]]:
        """For each item the words that it must hold."""
        found: dict[str, list[str]] = {}
        for of in self.state.repositories.values():
            for issue in of.issues.values():
                kind = "pulls" if issue.pull else "issues"
                found[f"{of.id}/{kind}/{issue.number}"] = [
                    issue.body or "",
                    *(each.body or "" for each in self._said(issue)),
                ]
            for talk in of.discussions.all.values():
                words = [talk.body or "", *(each.body or "" for each in talk.comments if not each.deleted_at)]
                found[f"{of.id}/discussions/{talk.number}"] = words
            for path in of.code.files():
                found[f"{of.id}/code/{path}"] = [of.code.read(path).decode()]
        return found

    def settle(self) -> None:
        """Everything may be read again, and nobody has done anything for a while."""
        for of in self.state.repositories.values():
            of.accessible = True
        self.fake.tick(SINCE)

    # Issues and pull requests

    def open(self, of: Repository) -> None:
        of.open_issue("An issue", self._word())

    def propose(self, of: Repository) -> None:
        of.open_pull("A change", self._word())

    def comment(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            of.comment(issue, self._word())

    def edit(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            self.gone.add(issue.body)
            of.edit(issue, self._word())

    def close(self, of: Repository) -> None:
        if issue := self._any(of.issues.values()):
            (of.reopen if issue.closed_at else of.close)(issue)

    def edit_comment(self, of: Repository) -> None:
        if (issue := self._any(of.issues.values())) and (comment := self._any(issue.comments)):
            self.gone.add(comment.body)
            of.edit(comment, self._word())

    def delete_comment(self, of: Repository) -> None:
        if (issue := self._any(of.issues.values())) and (comment := self._any(issue.comments)):
            self._lose(comment.body)
            of.delete(comment)

    def delete_issue(self, of: Repository) -> None:
        issue = self._any(each for each in of.issues.values() if each.pull is None)
        if issue and len(of.issues) > 6:
            self._lose(issue.body, *(comment.body for comment in issue.comments))
            of.delete_issue(issue)

    def transfer(self, of: Repository) -> None:
        other = self.chance.choice(list(self.state.repositories.values()))
        issue = self._any(each for each in of.issues.values() if each.pull is None)
        if issue and other is not of and len(of.issues) > 6:
            self.quiet |= {issue.body, *(comment.body for comment in issue.comments)}  # twice until a reconcile
            self.state.transfer_issue(issue, of, other)

    def review(self, of: Repository) -> None:
        if pull := self._any(self._pulls(of)):
            of.review(pull, self.chance.choice(["APPROVED", "COMMENTED", "CHANGES_REQUESTED"]), self._word())

    def line(self, of: Repository) -> None:
        if pull := self._any(self._pulls(of)):
            of.comment_on_line(pull, self._word())

    def edit_line(self, of: Repository) -> None:
        if comment := self._any(self._lines(of)):
            self.gone.add(comment.body)
            of.edit(comment, self._word())

    def delete_line(self, of: Repository) -> None:
        if comment := self._any(self._lines(of)):
            self._lose(comment.body)
            of.delete(comment)

    # Discussions

    def start(self, of: Repository) -> None:
        of.discussions.begin("A talk", self._word())

    def edit_discussion(self, of: Repository) -> None:
        if talk := self._any(of.discussions.all.values()):
            self.gone.add(talk.body)
            of.discussions.edit(talk, self._word())

    def say(self, of: Repository) -> None:
        if talk := self._any(of.discussions.all.values()):
            of.discussions.comment(talk, self._word())

    def reply(self, of: Repository) -> None:
        if comment := self._spoken(of)[1]:
            word = self._word()
            self.quiet.add(word)
            of.discussions.reply(comment, word)

    def unsay(self, of: Repository) -> None:
        talk, comment = self._spoken(of)
        if talk and comment:
            self._lose(comment.body)
            of.discussions.delete_comment(comment)

    # Files and repositories

    def commit(self, of: Repository) -> None:
        path = f"f{self.chance.randrange(4)}/{self.chance.randrange(4)}.txt"
        if path in of.code.files():
            self.gone.add(of.code.read(path).decode())
        of.code.commit({path: self._word()})

    def delete_file(self, of: Repository) -> None:
        if path := self._any(of.code.files()):
            self.gone.add(of.code.read(path).decode())
            of.code.commit({path: None})

    def move_file(self, of: Repository) -> None:
        if path := self._any(of.code.files()):
            of.code.rename(path, f"moved/{self.number}-{self.chance.randrange(10**9)}.txt")

    def rename_label(self, of: Repository) -> None:
        """Tells no words, and nobody hears of it before a reconcile."""
        if issue := self._any(of.issues.values()):
            of.label(issue, f"label-{self.number}")
            of.rename_label(f"label-{self.number}", f"new-{self.number}-{self.chance.randrange(10**9)}")

    def rename(self, of: Repository) -> None:
        self.state.rename_repository(of, f"renamed-{self.chance.randrange(10**9)}")

    def publish(self, of: Repository) -> None:
        self.state.set_visibility(of, self.chance.choice(["public", "private", "internal"]))

    def rest(self, of: Repository) -> None:
        self.fake.tick(self.chance.choice([30, 3600]))

    # Helpers

    def _said(self, issue: Issue) -> list[Any]:
        pull = issue.pull
        return [*issue.comments, *(pull.comments if pull else []), *(pull.reviews if pull else [])]

    def _pulls(self, of: Repository) -> list[Issue]:
        return [issue for issue in of.issues.values() if issue.pull is not None]

    def _lines(self, of: Repository) -> list[ReviewComment]:
        return [comment for issue in of.issues.values() if issue.pull for comment in issue.pull.comments]

    def _spoken(self, of: Repository) -> tuple[Discussion | None, DiscussionComment | None]:
        talk = self._any(of.discussions.all.values())
        return talk, self._any(each for each in talk.comments if not each.deleted_at) if talk else None

    def _lose(self, *words: str) -> None:
        self.gone |= {*words}
        self.quiet |= {*words}

    def _any(self, those: Any) -> Any:
        listed = list(those)
        return self.chance.choice(listed) if listed else None

    def _word(self) -> str:
        self.number += 1
        return f"word{self.number}x"
