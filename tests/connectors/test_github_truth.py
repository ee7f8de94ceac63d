"""GitHub's official descriptions judge what `github` asks and what the fake answers."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from graphql import parse, validate

from ..fakes.github_graphql import schema
from ..fakes.github_state import LINK
from ..specs import description
from .github_desk import GRAPHQL, opened_desk

pytestmark = pytest.mark.contract

# A part of the complaint, and why it is none.
UNDESCRIBED = {
    "unknown parameter 'after'": "how GitHub's own links lead on; docs tell of it, the description does not",
    "GET /api/v3/repositories/": "where GitHub's own redirects and links lead; the description has names only",
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
        issue = state.open(desk.app, f"Issue {number}")
        issue.created = issue.updated = desk.fake.now
    state.edit(issue, labels=["bug"], assignees=["mona"], milestone="v1", closed=desk.fake.now)
    pull = state.propose(desk.app, "Fix", "fixes")
    state.comment(issue, "said", author=None)
    state.comment(pull, "said", author="dependabot[bot]")
    state.discuss_line(pull, "why")
    state.review(pull, "APPROVED", "go")
    talk = state.start(desk.app, "Talk", "so")
    state.reply(state.say(talk, "well"), "no")
    state.commit(desk.app, {"a/b.txt": "text", "latin.txt": b"caf\xe9 caf\xe9 caf\xe9"})
    state.commit(desk.app, {"link": "a/b.txt"}, mode=LINK)
    desk.sync()
    desk.sync()
    gone = state.create("gone")
    desk.sync()
    state.rename(gone, "gone", owner="somebody")
    state.comment(pull, "late")
    state.commit(desk.app, {"a/b.txt": None})
    desk.sync()
    desk.reconcile()
    desk.options["repositories"] = ["app"]
    desk.sync()
    list(desk.connector().check())
    return desk


def test_every_request_and_answer_of_rest_is_described(lived):
    judge = description("github/ghes-3.19.json.gz", "/api/v3")
    rest = [each for each in lived.fake.answers if each[0].path != GRAPHQL]
    found = Counter(problem for asked, answer in rest for problem in judge.problems(asked, answer))

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
