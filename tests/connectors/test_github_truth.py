"""GitHub's official descriptions judge what `github` asks and what the fake answers."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from graphql import parse, validate

from ..fakes.github_code import Link
from ..fakes.github_graphql import schema
from ..specs import description
from .github_desk import GRAPHQL, opened_desk

pytestmark = pytest.mark.contract

# A part of the complaint, and why it is none.
UNDESCRIBED = {
    "unknown parameter 'after'": "how GitHub's own links lead on; docs tell of it, the description does not",
}


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.fake.answers = []
        yield made


@pytest.fixture
def lived(desk):
    """Every kind of thing was read for the first time, unchanged, edited, deleted, and anew."""
    state = desk.state
    for number in range(102):
        issue = desk.app.open_issue(f"Issue {number}")
        issue.created_at = issue.updated_at = desk.fake.now
    desk.app.label(issue, "bug")
    desk.app.assign(issue, "mona")
    desk.app.set_milestone(issue, "v1")
    desk.app.close(issue)
    pull = desk.app.open_pull("Fix", "fixes")
    desk.app.comment(issue, "said", author=None)
    desk.app.comment(pull, "said", author=state.add_user("dependabot", "Bot"))
    desk.app.comment_on_line(pull, "why")
    desk.app.review(pull, "APPROVED", "go")
    talk = desk.app.discussions.begin("Talk", "so")
    desk.app.discussions.reply(desk.app.discussions.comment(talk, "well"), "no")
    desk.app.code.commit({"a/b.txt": "text", "latin.txt": b"caf\xe9 caf\xe9 caf\xe9"})
    desk.app.code.commit({"link": Link("a/b.txt")})
    desk.sync()
    desk.sync()
    gone = state.create_repository("acme/gone")
    desk.sync()
    state.transfer_repository(gone, "somebody")
    desk.app.comment(pull, "late")
    desk.app.code.commit({"a/b.txt": None})
    desk.sync()
    desk.reconcile()
    desk.options["repositories"] = ["app"]
    desk.sync()
    list(desk.connector().check())
    return desk


def test_every_request_and_answer_of_rest_is_described(lived):
    judge = description("github/ghes-3.19.json.gz", "/api/v3")
    rest = [each for each in lived.fake.answers if each[0].path != GRAPHQL]
    named = [(lived.fake.rest.named(asked), answer) for asked, answer in rest]
    found = Counter(problem for exchange in named for problem in judge.problems(*exchange))

    assert len(rest) > 10
    assert [problem for problem in found if not any(known in problem for known in UNDESCRIBED)] == []


def test_every_query_is_valid_by_all_rules_of_the_schema(lived):
    queries = {asked.json["query"] for asked, _ in lived.fake.answers if asked.path == GRAPHQL}
    wrong = {error.message for query in queries for error in validate(schema(), parse(query))}

    assert len(queries) > 6
    assert wrong == set()


def test_no_query_was_answered_with_an_error(lived):
    bodies = [json.loads(answer.content) for asked, answer in lived.fake.answers if asked.path == GRAPHQL]

    assert all("errors" not in body for body in bodies)
