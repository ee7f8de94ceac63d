"""What a GitHub holds: repositories with their issues, pull requests, discussions and files, as tests edit them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Tick: TypeAlias = Callable[[], datetime]
FILE, EXECUTABLE, LINK, SUBMODULE, TREE = "100644", "100755", "120000", "160000", "40000"


@dataclass
class Comment:
    """Something said. `parent` is the comment that a reply answers."""

    id: int
    author: str | None
    body: str
    created: datetime
    updated: datetime
    replies: list[Comment] = field(default_factory=list)  # in discussions
    deleted: datetime | None = None  # in discussions, while there are replies
    is_answer: bool = False


@dataclass
class Review:
    id: int
    author: str | None
    body: str
    state: str
    submitted: datetime | None


@dataclass
class Thread:
    """Comments on a line of a change."""

    id: int
    path: str
    line: int | None
    comments: list[Comment] = field(default_factory=list)
    resolved: bool = False


@dataclass
class Pull:
    """What a pull request has beyond an issue, with the clock of its own record."""

    updated: datetime
    draft: bool = False
    merged: datetime | None = None
    reviews: list[Review] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)


@dataclass
class Issue:
    id: int
    number: int
    author: str | None
    title: str
    body: str | None
    created: datetime
    updated: datetime
    closed: datetime | None = None
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    milestone: str | None = None
    comments: list[Comment] = field(default_factory=list)
    pull: Pull | None = None


@dataclass
class Discussion:
    id: int
    number: int
    author: str | None
    title: str
    body: str
    created: datetime
    updated: datetime
    category: str = "General"
    closed: bool = False
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Repository:
    """`gone` holds what became of numbers: the repository and number they were transferred to, or None."""

    id: int
    owner: str
    name: str
    visibility: str = "private"
    has_issues: bool = True
    has_pulls: bool = True
    has_discussions: bool = True
    has_wiki: bool = True
    branch: str = "main"
    readable: bool = True
    issues: dict[int, Issue] = field(default_factory=dict)
    discussions: dict[int, Discussion] = field(default_factory=dict)
    gone: dict[int, tuple[int, int] | None] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # path: mode, content
    committed: bool = False
    commit: str = ""
    hidden: set[str] = field(default_factory=set)  # fields that the token may not see
    last: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def pulls(self) -> list[Issue]:
        return [issue for issue in self.issues.values() if issue.pull is not None]


def git_hash(kind: str, content: bytes) -> str:
    """The name that git gives to an object."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One line of a tree."""

    path: str  # from the root
    mode: str
    sha: str
    size: int | None


class Objects:
    """The trees and blobs of a state of files, with the names that git gives them."""

    def __init__(self, files: Mapping[str, tuple[str, bytes]]) -> None:
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, list[Entry]] = {}  # the lines of each tree, below it alone
        self.root = self._tree("", files)

    def walk(self, tree: str) -> Iterator[Entry]:
        """All lines below a tree, folders before what they hold."""
        for entry in self.trees[tree]:
            yield entry
            if entry.mode == TREE:
                yield from self.walk(entry.sha)

    def _tree(self, folder: str, files: Mapping[str, tuple[str, bytes]]) -> str:
        entries: dict[str, Entry] = {}
        for path, (mode, content) in files.items():
            if not path.startswith(folder):
                continue
            name, slash, _ = path[len(folder) :].partition("/")
            if slash and name not in entries:
                below = f"{folder}{name}/"
                entries[name] = Entry(below[:-1], TREE, self._tree(below, files), None)
            elif not slash:
                entries[name] = self._entry(path, mode, content)
        ordered = sorted(entries.items(), key=lambda one: one[0] + "/" * (one[1].mode == TREE))
        lines = [f"{entry.mode} {name}\0".encode() + bytes.fromhex(entry.sha) for name, entry in ordered]
        sha = git_hash("tree", b"".join(lines))
        self.trees[sha] = [entry for _, entry in ordered]
        return sha

    def _entry(self, path: str, mode: str, content: bytes) -> Entry:
        if mode == SUBMODULE:
            return Entry(path, mode, content.decode(), None)
        sha = git_hash("blob", content)
        self.blobs[sha] = content
        return Entry(path, mode, sha, len(content))


class State:
    """Everything there is. Each method is something that people do; `tick` says when."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick
        self.repositories: dict[int, Repository] = {}
        self.redirects: dict[str, int] = {}  # former names
        self._last = 1000

    def id(self) -> int:
        self._last += 1
        return self._last

    # Repositories

    def create(self, name: str, owner: str = "acme", **more: object) -> Repository:
        made = Repository(self.id(), owner, name)
        vars(made).update(more)
        self.repositories[made.id] = made
        self.redirects.pop(made.full_name, None)
        return made

    def rename(self, repository: Repository, name: str, owner: str = "") -> None:
        self.redirects[repository.full_name] = repository.id
        repository.name, repository.owner = name, owner or repository.owner

    def delete(self, repository: Repository) -> None:
        del self.repositories[repository.id]

    # Issues and pull requests

    def open(self, repository: Repository, title: str, body: str | None = "", author: str | None = "mona") -> Issue:
        now = self.tick()
        repository.last += 1
        issue = Issue(self.id(), repository.last, author, title, body, now, now)
        repository.issues[issue.number] = issue
        return issue

    def propose(self, repository: Repository, title: str, body: str = "") -> Issue:
        issue = self.open(repository, title, body)
        issue.pull = Pull(issue.updated)
        return issue

    def edit(self, issue: Issue, **changes: object) -> None:
        """Its title, body and so on; both clocks move."""
        vars(issue).update(changes)
        issue.updated = self.tick()
        if issue.pull is not None:
            issue.pull.updated = issue.updated

    def label(self, issue: Issue, *labels: str) -> None:
        """Moves the clock of the issue alone, also where it is a pull request."""
        issue.labels = list(labels)
        issue.updated = self.tick()

    def comment(self, issue: Issue, body: str, author: str | None = "hubot") -> Comment:
        now = self.tick()
        made = Comment(self.id(), author, body, now, now)
        issue.comments.append(made)
        issue.updated = now
        if issue.pull is not None:
            issue.pull.updated = now
        return made

    def edit_comment(self, comment: Comment, body: str) -> None:
        """Moves the clock of the comment alone."""
        comment.body, comment.updated = body, self.tick()

    def delete_comment(self, issue: Issue, comment: Comment) -> None:
        """Moves no clock."""
        self.tick()
        issue.comments.remove(comment)

    def review(self, issue: Issue, state: str, body: str = "", author: str | None = "hubot") -> Review:
        assert issue.pull is not None
        now = self.tick()
        made = Review(self.id(), author, body, state, None if state == "PENDING" else now)
        issue.pull.reviews.append(made)
        issue.pull.updated = now
        return made

    def discuss_line(self, issue: Issue, body: str, path: str = "app.py", line: int | None = 3) -> Comment:
        """A comment on a line of the change: it moves neither clock."""
        assert issue.pull is not None
        now = self.tick()
        made = Comment(self.id(), "hubot", body, now, now)
        issue.pull.threads.append(Thread(self.id(), path, line, [made]))
        return made

    def delete_line_comment(self, issue: Issue, comment: Comment) -> None:
        assert issue.pull is not None
        self.tick()
        for thread in list(issue.pull.threads):
            if comment in thread.comments:
                thread.comments.remove(comment)
            if not thread.comments:
                issue.pull.threads.remove(thread)

    def delete_issue(self, repository: Repository, issue: Issue) -> None:
        self.tick()
        del repository.issues[issue.number]
        repository.gone[issue.number] = None

    def transfer_issue(self, repository: Repository, issue: Issue, to: Repository) -> Issue:
        made = self.open(to, issue.title, issue.body, issue.author)
        made.comments = issue.comments
        del repository.issues[issue.number]
        repository.gone[issue.number] = (to.id, made.number)
        return made

    # Discussions

    def start(self, repository: Repository, title: str, body: str = "") -> Discussion:
        now = self.tick()
        repository.last += 1
        made = Discussion(self.id(), repository.last, "mona", title, body, now, now)
        repository.discussions[made.number] = made
        return made

    def edit_discussion(self, discussion: Discussion, **changes: object) -> None:
        vars(discussion).update(changes)
        discussion.updated = self.tick()

    def say(self, discussion: Discussion, body: str) -> Comment:
        now = self.tick()
        made = Comment(self.id(), "hubot", body, now, now)
        discussion.comments.append(made)
        discussion.updated = now
        return made

    def reply(self, comment: Comment, body: str) -> Comment:
        """Moves no clock of the discussion."""
        now = self.tick()
        made = Comment(self.id(), "mona", body, now, now)
        comment.replies.append(made)
        return made

    def unsay(self, discussion: Discussion, comment: Comment) -> None:
        """One with replies leaves its place, another vanishes; no clock moves."""
        now = self.tick()
        if comment.replies:
            comment.deleted = now
        else:
            discussion.comments.remove(comment)

    # Files

    def commit(self, repository: Repository, changes: Mapping[str, bytes | str | None], mode: str = FILE) -> None:
        """A commit on the default branch. None deletes a file. Nothing tells how it came about, so that it stands for
        a force-push as well.
        """
        now = self.tick()
        for path, content in changes.items():
            if content is None:
                repository.files.pop(path, None)
            else:
                made = content.encode() if isinstance(content, str) else content
                repository.files[path] = (mode, made)
        repository.committed = True
        repository.commit = git_hash("commit", f"{self.id()} {now}".encode())
