"""After whatever people do at random, the APIs of the fake of GitHub tell the same story, each in its words."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from ..specs import description
from .github_client import opened

pytestmark = pytest.mark.contract

ROUNDS = 30 if os.environ.get("SOAK") == "full" else 8
TOLD = """
query($after: String) { repository(owner: "acme", name: "app") {
  issues(first: 100, after: $after) { nodes { number title body updatedAt state comments(first: 100) { nodes {
    databaseId body updatedAt isMinimized } } } }
  pullRequests(first: 50) { nodes { number title body state comments(first: 50) { nodes {
    databaseId body updatedAt isMinimized } }
    reviews(first: 30) { nodes { comments(first: 30) { nodes { databaseId body updatedAt } } } }
    reviewThreads(first: 30) { nodes { comments(first: 30) { nodes { databaseId body updatedAt } } } } } }
} }
"""


@pytest.fixture
def client():
    with opened() as made:
        made.fake.answers = []
        yield made


class People:
    """Acts of every kind, in one repository and another that issues are moved to."""

    def __init__(self, fake: Any, chance: random.Random) -> None:
        self.state, self.chance = fake.state, chance
        self.app, self.other = (fake.state.create_repository(f"acme/{name}") for name in ("app", "other"))
        for _ in range(3):
            self.app.open_issue("begun")
            self.app.open_pull("begun")

    def act(self) -> None:
        app, text = self.app, f"text {self.chance.random()}"
        issue = self.chance.choice([app.issues[number] for number in sorted(app.issues)])
        acts: list[Any] = [lambda: app.open_issue(text, text), lambda: app.open_pull(text, text)]
        acts += [lambda: app.comment(issue, text), lambda: app.edit(issue, text, title=text), lambda: app.close(issue)]
        acts += [lambda: app.label(issue, text), lambda: app.reopen(issue), lambda: app.assign(issue, "ann")]
        if issue.comments:
            comment = self.chance.choice(issue.comments)
            acts += [lambda: app.edit(comment, text), lambda: app.delete(comment), lambda: app.minimize(comment)]
        if issue.pull:
            acts += self._of_pull(issue, text)
        elif len(app.issues) > 5:
            acts += [lambda: app.delete_issue(issue), lambda: self.state.convert_issue(issue, app)]
            acts += [lambda: self.state.transfer_issue(issue, app, self.other)]
        self.chance.choice(acts)()

    def _of_pull(self, pull: Any, text: str) -> list[Any]:
        app = self.app
        acts: list[Any] = [lambda: app.push(pull), lambda: app.review(pull, "APPROVED", text), lambda: app.merge(pull)]
        acts += [lambda: app.comment_on_line(pull, text)]
        if pull.pull.comments:
            comment = self.chance.choice(pull.pull.comments)
            acts += [lambda: app.comment_on_line(pull, text, reply_to=comment), lambda: app.edit(comment, text)]
            acts += [lambda: app.delete(comment), lambda: app.resolve(comment)]
        return acts


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_rest_and_graphql_tell_the_same(client, seed):
    people = People(client.fake, random.Random(seed))
    for _ in range(120):
        people.act()
    issues = client.pages("/repos/acme/app/issues", state="all", sort="updated", direction="asc", per_page=7)
    comments = client.pages("/repos/acme/app/issues/comments", per_page=100)
    inline = client.pages("/repos/acme/app/pulls/comments", per_page=100)
    told = client.ask(TOLD)["repository"]
    rows = told["issues"]["nodes"] + told["pullRequests"]["nodes"]

    by_number = {row["number"]: row for row in rows}
    assert {(row["number"], row["title"], row["body"] or "") for row in issues} == {
        (row["number"], row["title"], row["body"]) for row in rows
    }
    assert [row["updated_at"] for row in issues] == sorted(row["updated_at"] for row in issues)
    for row in issues:
        assert row["comments"] == len(by_number[row["number"]]["comments"]["nodes"])
        assert "pull_request" in row or row["updated_at"] == by_number[row["number"]]["updatedAt"]
    hidden = {row["id"]: row["minimized"] is not None for row in comments}
    nodes = [node for row in rows for node in row["comments"]["nodes"]]
    assert hidden == {node["databaseId"]: node["isMinimized"] for node in nodes}
    for way in ("reviews", "reviewThreads"):
        pulls = [part for row in told["pullRequests"]["nodes"] for part in row[way]["nodes"]]
        nodes = [node for part in pulls for node in part["comments"]["nodes"]]
        assert {(row["id"], row["body"], row["updated_at"]) for row in inline} == {
            (node["databaseId"], node["body"], node["updatedAt"]) for node in nodes
        }


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_who_reads_on_from_a_moment_misses_no_edit(client, seed):
    """What moved since then, in the order of time, is all that differs from what was read before."""
    people = People(client.fake, random.Random(seed))
    path, order = "/repos/acme/app/issues", {"state": "all", "sort": "updated", "direction": "asc", "per_page": 100}
    known = {row["number"]: row for row in client.pages(path, **order)}
    for _ in range(10):
        for _ in range(12):
            people.act()
        since = max(row["updated_at"] for row in known.values())
        known |= {row["number"]: row for row in client.pages(path, **order, since=since)}
        now = {row["number"]: row for row in client.pages(path, **order)}
        differ = [number for number in now if now[number] != known[number] | {"comments": now[number]["comments"]}]
        assert differ == []
        known = now


def test_all_of_that_is_described(client):
    people = People(client.fake, random.Random(1))
    judge = description("github/api.github.com.json.gz")
    for _ in range(60):
        people.act()
    for path in ("issues?state=all", "pulls?state=all", "issues/comments", "pulls/comments"):
        client.read(f"/repos/acme/app/{path}")
    for number in range(1, 40):
        client.get(f"/repos/acme/app/issues/{number}")

    found = [problem for asked, answer in client.fake.answers for problem in judge.problems(asked, answer)]
    assert found == []
