"""Plain requests to the fake of GitHub, as anybody could send them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ..fakes.github import FakeGitHub
from ..fakes.github_access import CLASSIC
from ..fakes.web import running

SENTINEL = """
query($org: String!, $after: String) {
  organization(login: $org) {
    repositories(first: 100, after: $after, orderBy: {field: NAME, direction: ASC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        databaseId nameWithOwner isArchived isDisabled visibility hasIssuesEnabled hasWikiEnabled hasDiscussionsEnabled
        pushedAt updatedAt defaultBranchRef { name target { oid ... on Commit { tree { oid } } } }
        issues(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount nodes { updatedAt } }
        pullRequests(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount nodes { updatedAt } }
        discussions(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount nodes { updatedAt } }
      }
    }
  }
  rateLimit { cost remaining resetAt }
}
"""


class Client:
    """With a token; `get` and `graphql` give the answer, `read` and `ask` what is in it."""

    def __init__(self, fake: FakeGitHub, token: str = CLASSIC) -> None:
        self.fake, self.token = fake, token
        self._http = httpx.Client(trust_env=False, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def get(
        self, path: str, /, accept: str = "", headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """A path below the API, or a whole address."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {"Accept": accept} if accept else {}
        url = path if path.startswith("http") else f"{self.fake.url}{self.fake.base}{path}"
        return self._http.get(url, params=query or None, headers={**sent, **(headers or {})})

    def read(self, path: str, /, accept: str = "", **query: Any) -> Any:
        answer = self.get(path, accept, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str, /, **query: Any) -> list[Any]:
        """All rows, by the links of the answers."""
        answer = self.get(path, **query)
        rows = answer.json()
        while "next" in answer.links:
            answer = self.get(answer.links["next"]["url"])
            rows += answer.json()
        return list(rows)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self._http.post(f"{self.fake.url}{path}", json=body, headers=sent)

    def graphql(self, query: str, **variables: Any) -> httpx.Response:
        return self.post(self.fake.graphql_path, {"query": query, "variables": variables})

    def ask(self, query: str, **variables: Any) -> Any:
        """What a query gives, where nothing is wrong with it."""
        answer = self.graphql(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def errors(self, query: str, **variables: Any) -> list[str]:
        """What kinds of errors a query gives, with status 200."""
        answer = self.graphql(query, **variables)
        assert answer.status_code == 200
        return [error.get("type", error["message"]) for error in answer.json()["errors"]]


@contextmanager
def opened(fake: FakeGitHub | None = None) -> Iterator[Client]:
    """A client of this service, or of one that begins and ends with it."""
    if fake is None:
        with running(FakeGitHub()) as made, opened(made) as client:
            yield client
        made.close()
        return
    client = Client(fake)
    try:
        yield client
    finally:
        client.close()
