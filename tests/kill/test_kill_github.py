"""The real program on repositories, killed at random moments: afterwards a reconcile makes both equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..fakes.github import FakeGitHub
from ..fakes.github_access import CLASSIC
from ..fakes.github_repository import Repository
from ..fakes.github_talk import Comment, Issue
from ..fakes.web import running
from .desk import FEW, SHARES, KillDesk, share_of, soak_size

REPOSITORIES, ISSUES, FILES = 3, 150, 30
SPAN = {"earliest": 0.5, "latest": 1.6}  # seconds


class HubDesk(KillDesk):
    """Repositories that are edited in every way."""

    reports_deletes = False

    def __init__(self, folder: Path, seed: int, fake: FakeGitHub) -> None:
        super().__init__(folder, seed)
        self.fake = fake
        fake.serve_enterprise()
        self.repositories = [
            fake.state.create_repository(f"acme/repository-{number}") for number in range(REPOSITORIES)
        ]
        for of in self.repositories:
            for _ in range(self.some(ISSUES)):
                self.add(of)
            of.code.commit({f"{number}.txt": self.words() for number in range(self.some(FILES))})
        fake.tick(3600)

    def connector(self) -> dict[str, Any]:
        where = {"organization": "acme", "base_url": self.fake.url}
        return {"type": "github", **where, "credentials": {"GITHUB_TOKEN": CLASSIC}}

    def words(self) -> str:
        return f"text {self.random.random()}"

    def add(self, of: Repository) -> None:
        make = self.random.choice([of.open_issue, of.open_issue, of.open_pull])
        issue = make("A title", self.words())
        for _ in range(self.random.choice([0, 0, 0, 1])):
            of.comment(issue, self.words())

    def edit(self) -> None:
        self.fake.tick(600)
        for of in self.repositories:
            for issue in self.random.sample(sorted(of.issues.values(), key=lambda each: each.number), 12):
                self.edit_issue(of, issue)
            paths = self.random.sample(sorted(of.code.files()), 4)
            of.code.commit({paths[0]: None, paths[1]: self.words(), f"{self.random.random()}.txt": self.words()})
        self.fake.tick(600)

    def edit_issue(self, of: Repository, issue: Issue) -> None:
        act = self.random.randrange(5)
        if act == 0:
            of.edit(issue, self.words())
        elif act == 1:
            of.comment(issue, self.words())
        elif act == 2 and issue.comments:
            of.edit(issue.comments[0], self.words())
        elif act == 3 and issue.pull is None:
            of.delete_issue(issue)
        else:
            self.add(of)

    def check(self) -> None:
        """What was said while a killed run read is read again by the one after it; the next one names all once."""
        self.run()
        super().check()

    def source(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for of in self.repositories:
            for issue in of.issues.values():
                kind = "pulls" if issue.pull else "issues"
                parts = [issue.body or "", *(self._said(comment) for comment in issue.comments)]
                found[f"{of.id}/{kind}/{issue.number}"] = "\n\n".join(parts)
            found |= {f"{of.id}/code/{path}": of.code.read(path).decode() for path in of.code.files()}
        return found

    def _said(self, comment: Comment) -> str:
        return f"**{comment.author.login}**, {comment.created_at:%Y-%m-%d %H:%M}:\n\n{comment.body}"


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with running(FakeGitHub()) as hub:
        yield hub


@pytest.mark.parametrize("seed", range(FEW))
def test_killed_runs_lose_and_double_nothing(tmp_path, fake, seed):
    HubDesk(tmp_path, seed, fake).kill_and_compare(1, **SPAN)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(100, 100 + SHARES))
def test_runs_killed_by_the_hundred_lose_and_double_nothing(tmp_path, fake, seed):
    HubDesk(tmp_path, seed, fake).kill_and_compare(share_of(soak_size(12, 200)), **SPAN)
