"""How many requests `github` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math

import pytest

from .github_desk import GRAPHQL, opened_desk

ISSUES, PULLS, DISCUSSIONS, FILES = 240, 60, 70, 130
OTHERS = 101  # repositories with nothing in them
RENEWED = 100  # rows of a page but those of its last moment, which the next question shows again


@pytest.fixture
def desk(tmp_path):
    """One repository with much in it, in which nothing happened lately, and many others."""
    with opened_desk(tmp_path) as made:
        state = made.state
        for number in range(ISSUES):
            issue = made.app.open_issue(f"Issue {number}")
            if number % 4 == 0:
                made.app.comment(issue, "yes")
        for number in range(PULLS):
            made.app.comment_on_line(made.app.open_pull(f"Pull {number}"), "why")
        for number in range(DISCUSSIONS):
            made.app.discussions.comment(made.app.discussions.begin(f"Talk {number}"), "hm")
        made.app.code.commit({f"{number}.txt": f"text {number}" for number in range(FILES)})
        for number in range(OTHERS):
            state.create_repository(f"acme/other-{number}", has_wiki=False)
        made.later()
        yield made


def test_first_run(desk):
    """⌈R/100⌉ + ⌈(I+P)/100⌉ and once more at the end + what was said, by 50 + ⌈D/50⌉ + 1 tree + ⌈F/100⌉; and whether a
    repository without files is really empty, one each.
    """
    desk.sync()
    pages = math.ceil((ISSUES + PULLS) / (RENEWED - 1))
    spoken = [sum(number % 4 == 0 for number in range(first, first + 100)) for first in range(0, ISSUES, 100)]
    said = (
        desk.counted()[GRAPHQL] - math.ceil((OTHERS + 1) / 100) - math.ceil(DISCUSSIONS / 50) - math.ceil(FILES / 100)
    )

    assert desk.counted()["issues"] == pages + 1
    tree = f"git/trees/{desk.app.code.commits[desk.app.code.head].tree}"
    assert desk.counted()[tree] == 1
    assert desk.counted()["git/trees/HEAD"] == OTHERS
    assert set(desk.counted()) == {GRAPHQL, "issues", tree, "git/trees/HEAD"}
    assert said <= math.ceil((sum(spoken) + PULLS) / 50) + pages + 1


def test_run_without_changes(desk):
    """⌈R/100⌉ + 2R, of which GitHub does not count the 2R once it has answered them."""
    desk.sync()
    desk.sync()
    desk.fake.answers = []
    result = desk.sync()
    repositories = OTHERS + 1

    assert desk.counted() == {
        GRAPHQL: math.ceil(repositories / 100),
        "issues/comments": repositories,
        "pulls/comments": repositories,
    }
    assert {answer.status for asked, answer in desk.fake.answers if asked.method == "GET"} == {304}
    assert (result.counts.named, result.counts.failed) == (0, 0)


def test_comment_costs_one_page_of_each_list_and_one_query(desk):
    desk.sync()
    desk.sync()
    desk.app.comment(desk.app.issues[1], "late")
    desk.sync()

    assert desk.counted()["issues"] == 1
    assert desk.counted()[GRAPHQL] == math.ceil((OTHERS + 1) / 100) + 2  # pull requests by their clock; what was said


def test_only_one_list_is_asked_where_pull_requests_are_not_wanted(desk):
    desk.options["sync_prs"] = False
    desk.sync()
    desk.sync()

    assert "pulls/comments" not in desk.counted()
