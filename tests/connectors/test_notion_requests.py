"""How many requests `notion` needs: the minimum that the API allows, for a first run and for one without changes.

N rows in D data sources of one database, U people. Rows carry their properties, so that no schema is asked for.
"""

from __future__ import annotations

import math

import pytest

from .notion_desk import opened_desk

PAGE = 100
ROWS, MORE_ROWS, PEOPLE = 250, 30, 120
QUERY, BODY, PEOPLE_LIST = "/v1/data_sources/query", "/v1/pages/markdown", "/v1/users"


@pytest.fixture
def desk(tmp_path):
    """A database with two data sources."""
    with opened_desk(tmp_path) as made:
        archive = made.space.create_source(made.database, "Archive")
        for number in range(ROWS):
            made.row(f"row {number}", "text")
        for number in range(MORE_ROWS):
            made.space.create_row(archive, f"old row {number}", "text")
        while len(made.space.users) < PEOPLE:
            made.space.add_user("Someone")
        made.settle()
        yield made


def test_first_run(desk):
    """1 database + Σ⌈n/100⌉ pages of rows + N bodies + ⌈U/100⌉ pages of people."""
    desk.sync()

    assert len(desk.items()) == ROWS + MORE_ROWS
    assert desk.calls() == {
        "/v1/databases": 1,
        QUERY: math.ceil(ROWS / PAGE) + math.ceil(MORE_ROWS / PAGE),
        BODY: ROWS + MORE_ROWS,
        PEOPLE_LIST: math.ceil(PEOPLE / PAGE),
    }


def test_run_without_changes(desk):
    """1 database + D queries for edits + D for what went to the trash, which no edit tells of."""
    desk.sync()
    desk.settle()
    result = desk.sync()

    assert desk.calls() == {"/v1/databases": 1, QUERY: 2 * 2}
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_changed_rows_cost_one_request_each(desk):
    desk.sync()
    for row in sorted(desk.items())[:7]:
        desk.space.write(row, "other text")
    desk.settle()
    assert desk.sync().counts.updated == 7

    assert desk.calls() == {"/v1/databases": 1, QUERY: 2 * 2, BODY: 7, PEOPLE_LIST: math.ceil(PEOPLE / PAGE)}


def test_reconcile_lists_all_rows_and_reads_none_of_them(desk):
    desk.sync()
    desk.settle()
    desk.reconcile()  # which begins with what changed, as every run

    pages = math.ceil(ROWS / PAGE) + math.ceil(MORE_ROWS / PAGE)
    assert desk.calls() == {"/v1/databases": 1, QUERY: 2 * 2 + pages}


def test_data_source_that_is_named_itself_costs_two_requests_to_find(desk):
    desk.options["databases"] = [desk.source]
    desk.sync()
    desk.settle()
    desk.sync()

    assert desk.calls() == {"/v1/databases": 1, "/v1/data_sources": 1, QUERY: 2}


def tree(desk) -> int:
    """Pages below `Home`, five levels deep; how many."""
    above = desk.home
    for level in range(5):
        above = [desk.page(f"page {level}.{number}", "text", parent=above) for number in range(3)][-1]
    desk.settle()
    return 15


def test_tree_of_pages(desk):
    """P pages: each asked for once, and its body; the root is asked for before. Rows as above."""
    desk.options = {"root_pages": [desk.home]}
    pages = tree(desk)
    desk.sync()
    queries = math.ceil(ROWS / PAGE) + math.ceil(MORE_ROWS / PAGE)

    assert desk.calls() == {
        "/v1/pages": 1 + pages,
        BODY: 1 + pages + ROWS + MORE_ROWS,
        "/v1/databases": 1,
        QUERY: queries,
        PEOPLE_LIST: math.ceil(PEOPLE / PAGE),
    }


def test_trees_without_changes_share_two_searches(desk):
    tree(desk)
    desk.options = {"root_pages": [desk.home, desk.page("also a root", parent=desk.home)], "parallel": 1}
    desk.settle()
    desk.sync()
    desk.settle()
    result = desk.sync()

    assert desk.calls() == {"/v1/pages": 2, "/v1/search": 2, QUERY: 2 * 2}
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_all_that_is_shared(desk):
    """⌈(P+N+D)/100⌉ searches; pages need no request but for their bodies."""
    desk.options = {}
    pages = 1 + tree(desk)
    desk.sync()
    shared = pages + ROWS + MORE_ROWS + 2

    assert desk.calls() == {
        "/v1/search": math.ceil(shared / PAGE),
        "/v1/databases": 1,
        QUERY: math.ceil(ROWS / PAGE) + math.ceil(MORE_ROWS / PAGE),
        BODY: pages + ROWS + MORE_ROWS,
        PEOPLE_LIST: math.ceil(PEOPLE / PAGE),
    }
    desk.settle()
    desk.sync()
    assert desk.calls() == {"/v1/search": 2, QUERY: 2 * 2}
