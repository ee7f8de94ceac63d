"""The fake GitHub, a store, and the connector between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aragora_sync.connectors.github import GitHubEnterpriseConnector

from ..fakes.github import FakeGitHub
from ..fakes.github_access import CLASSIC
from ..fakes.web import Answer, Asked, running
from ..net.clock import PatientClock, patient
from .service_desk import ServiceDesk, changes, problem

__all__ = ["GRAPHQL", "GitHubDesk", "changes", "opened_desk", "problem"]

GRAPHQL, REST = "/api/graphql", "/api/v3"
BROKEN = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a bug."


class GitHubDesk(ServiceDesk):
    """An organization `acme` with one repository, `app`."""

    make = GitHubEnterpriseConnector

    def __init__(self, folder: Path, fake: FakeGitHub, time: PatientClock) -> None:
        super().__init__(folder)
        self.fake, self.time = fake, time
        self.begin_anew()
        self.app = self.state.create_repository("acme/app")

    def begin_anew(self) -> None:
        """A server of one's own, with nothing in it."""
        self.fake.begin_anew()
        self.fake.serve_enterprise()
        self.state = self.fake.state

    def usual(self) -> Mapping[str, Any]:
        return {"organization": "acme", "base_url": self.fake.url, "credentials": {"GITHUB_TOKEN": CLASSIC}}

    def id_of(self, number: int, kind: str = "issues") -> str:
        return f"{self.app.id}/{kind}/{number}"

    def text(self, number: int, kind: str = "issues") -> str:
        """What is stored of an issue, a pull request, a discussion."""
        return self.items()[self.id_of(number, kind)]

    def file(self, path: str) -> str:
        return self.items()[f"{self.app.id}/code/{path}"]

    def cursor(self, part: str = "issues") -> Any:
        return self.cursor_of(f"{self.app.id}/{part}")

    def later(self, seconds: float = 3600) -> None:
        """Nothing happens for so long, so that nothing counts as recent any more."""
        self.fake.tick(seconds)
        self.time.waited += seconds

    def counted(self) -> dict[str, int]:
        """How many requests went to GraphQL, and to each part of REST, whichever repository it was."""
        found: Counter[str] = Counter()
        for asked in self.fake.asked:
            path = asked.path.removeprefix(REST)
            parts = path.split("/")
            found[GRAPHQL if asked.path == GRAPHQL else "/".join(parts[3 if parts[1] == "repositories" else 4 :])] += 1
        return dict(found)


def break_on(fake: FakeGitHub, *numbers: int) -> None:
    """Queries that are to tell of these issues or discussions break, until faults are forgotten."""

    def broken(asked: Asked) -> Answer | None:
        told = [f"(number:{number})".encode() in asked.body for number in numbers]
        honest = fake.answer(asked)
        told += [f'"number": {number}, "title"'.encode() in honest.content for number in numbers]
        return Answer(200, {"data": None, "errors": [{"message": BROKEN}]}) if any(told) else honest

    fake.order(broken, path=GRAPHQL, times=10**6)


@contextmanager
def opened_desk(folder: Path) -> Iterator[GitHubDesk]:
    """A desk in this folder. Nobody waits for real at it."""
    with running(FakeGitHub()) as fake, patient(fake) as time:
        yield GitHubDesk(folder, fake, time)
