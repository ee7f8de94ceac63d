"""The fake of Notion, asked plainly: what is listed and found, of the trash, of what is not shared, and how late."""

from __future__ import annotations

import pytest

from ..fakes.notion_model import block
from .notion_calls import by, five_rows, since


@pytest.fixture
def rows(notion, tasks):
    return five_rows(notion, tasks)


# Trash and permission in listings


def test_a_row_in_the_trash_is_listed_there_alone(notion, space, tasks, rows):
    notion.fake.tick(600)
    space.trash(rows[1])

    assert rows[1] not in notion.rows(tasks)
    assert notion.rows(tasks, in_trash=True, filter=since("09:15:00")) == [rows[1]]
    space.restore(rows[1])
    assert notion.rows(tasks, in_trash=True) == []


def test_a_query_of_the_trash_may_tell_of_all(notion, space, tasks, rows):
    notion.fake.trash_query_all = True
    space.trash(rows[0])

    assert sorted(notion.rows(tasks, in_trash=True)) == sorted(rows)


def test_trashing_may_leave_the_time_alone(notion, space, tasks, rows):
    space.trash_stamps = False
    notion.fake.tick(600)
    space.trash(rows[1])

    assert notion.rows(tasks, in_trash=True, filter=since("09:15:00")) == []


def test_rows_of_a_trashed_database_vanish(notion, space, tasks, rows):
    database = space[tasks].database.id
    space.trash(database)

    assert notion.get(f"databases/{database}")["in_trash"] is True
    assert notion.rows(tasks) == []


def test_a_row_that_is_not_shared_is_not_listed_or_only_in_part(notion, space, tasks, rows):
    space.unshare(rows[0])

    assert rows[0] not in notion.rows(tasks)
    notion.fake.hidden_rows_partial = True
    assert {"object": "page", "id": rows[0]} in notion.query(tasks)["results"]


def test_a_row_may_be_listed_in_part_though_it_can_be_read(notion, space, tasks, rows):
    space[rows[0]].listed_partially = True

    assert {"object": "page", "id": rows[0]} in notion.query(tasks)["results"]
    assert notion.get(f"pages/{rows[0]}")["properties"]


# Search and delays


def test_search_finds_pages_and_sources_that_are_shared(notion, space, top, tasks, rows):
    space.create_page(None, "secret")

    assert sorted(notion.found()) == sorted([top, tasks, *rows])
    assert notion.found(filter={"property": "object", "value": "data_source"}) == [tasks]
    assert notion.found(query="ROW 3") == [rows[3]]
    assert notion.found(page_size=2) == rows[:2:-1]
    assert notion.found(sort=by("last_edited_time")[0])[-1] == rows[4]


def test_search_looks_into_the_trash_on_demand(notion, space, rows):
    space.trash(rows[0])

    assert rows[0] not in notion.found()
    assert notion.found(filter={"in_trash": True}) == [rows[0]]


def test_search_may_never_know_a_page(notion, space, rows):
    space.hidden_from_search.add(rows[0])

    assert rows[0] not in notion.found()


@pytest.mark.parametrize(
    "body", [{"filter": {"property": "object", "value": "row"}}, {"sort": {"timestamp": "created_time"}}]
)
def test_what_a_search_does_not_know_is_refused(notion, body):
    assert notion.refused("POST", "search", json=body) == (400, "validation_error")


def test_search_knows_of_edits_later(notion, space, top):
    notion.fake.search_delay = 120
    notion.fake.tick(600)
    page = space.create_page(top, "new")
    space.rename(top, "Renamed")
    notion.fake.tick(60)

    assert (notion.found(query="new"), notion.found(query="Top")) == ([], [top])
    notion.fake.tick(60)
    assert (notion.found(query="new"), notion.found(query="renamed")) == ([page], [top])


def test_a_query_may_lag_behind_too(notion, space, tasks, rows):
    notion.fake.query_delay = 60
    notion.fake.tick(600)
    space.delete_for_ever(rows[0])
    space.trash(rows[1])
    space.append(rows[2], block("paragraph", "edited"))

    assert sorted(notion.rows(tasks)) == sorted(rows)
    assert notion.rows(tasks, filter=since("09:15:00")) == []
    notion.fake.tick(60)
    assert sorted(notion.rows(tasks)) == sorted(rows[2:])
    assert notion.rows(tasks, filter=since("09:15:00")) == [rows[2]]
