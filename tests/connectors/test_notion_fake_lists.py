"""The fake of Notion, asked plainly: pages of lists, cursors, the cut at 10,000, filters, sorts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from .notion_calls import by, five_rows, since

UUID = "aaaaaaaa-0000-4000-8000-00000000000a"


@pytest.fixture
def rows(notion, tasks):
    return five_rows(notion, tasks)


@pytest.fixture
def ask(notion, tasks):
    """The ids of one page of a query."""
    return lambda **body: notion.rows(tasks, **body)


# Pages


def test_pages_go_on_where_they_ended(notion, tasks, rows):
    pages = notion.every(f"data_sources/{tasks}/query", page_size=2, sorts=by("created_time"))

    assert [[each["id"] for each in page["results"]] for page in pages] == [rows[:2], rows[2:4], rows[4:]]
    assert [page["next_cursor"] is None for page in pages] == [False, False, True]
    assert {page["request_status"]["type"] for page in pages} == {"complete"}


@pytest.mark.parametrize("size", [0, 101, "many"])
def test_pages_of_another_size_are_refused(notion, tasks, size):
    path = f"data_sources/{tasks}/query"

    assert notion.refused("POST", path, json={"page_size": size}) == (400, "validation_error")


def test_short_and_empty_pages_lose_nothing(notion, tasks, rows):
    notion.fake.lists.short_pages = True
    pages = notion.every(f"data_sources/{tasks}/query", page_size=4, sorts=by("created_time"))

    assert [len(page["results"]) for page in pages] == [0, 2, 2, 1]
    assert [each["id"] for page in pages for each in page["results"]] == rows


@pytest.mark.parametrize("cursor", ["x", UUID])
def test_a_cursor_that_nobody_gave_is_refused(notion, tasks, cursor):
    answer = notion.send("POST", f"data_sources/{tasks}/query", json={"start_cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert "start_cursor" in answer.json()["message"]


def test_a_cursor_holds_for_its_own_question(notion, tasks, rows):
    path, question = f"data_sources/{tasks}/query", {"sorts": by("created_time")}
    cursor = notion.post(path, page_size=1, **question)["next_cursor"]

    assert notion.refused("POST", path, json={"start_cursor": cursor}) == (400, "validation_error")
    notion.post(path, start_cursor=cursor, page_size=3, **question)


def test_expired_cursors_are_refused(notion, tasks, rows):
    cursor = notion.query(tasks, page_size=1)["next_cursor"]
    notion.fake.lists.expire()

    assert notion.refused("POST", f"data_sources/{tasks}/query", json={"start_cursor": cursor})[0] == 400


def test_cursors_may_last_for_a_while_only(notion, tasks, rows):
    notion.fake.lists.cursors_last = timedelta(seconds=60)
    cursor = notion.query(tasks, page_size=1)["next_cursor"]
    notion.fake.tick(60)
    notion.query(tasks, page_size=1, start_cursor=cursor)
    notion.fake.tick(1)

    assert notion.refused("POST", f"data_sources/{tasks}/query", json={"start_cursor": cursor})[0] == 400


def test_a_cursor_in_the_address_of_a_query_is_refused(notion, tasks):
    path = f"data_sources/{tasks}/query?start_cursor={UUID}"

    assert notion.refused("POST", path, json={}) == (400, "validation_error")


def test_a_row_that_is_edited_during_the_walk_is_seen_again(notion, space, tasks, rows, ask):
    question = {"sorts": by("last_edited_time"), "page_size": 2}
    first = notion.query(tasks, **question)
    notion.fake.tick(60)
    space.rename(rows[0], "again")
    space.rename(rows[2], "later")  # it was next

    later = ask(**{**question, "page_size": 100}, start_cursor=first["next_cursor"])

    assert later[:2] == rows[3:]
    assert set(later[2:]) == {rows[0], rows[2]}


def test_a_cursor_may_die_with_its_row(notion, space, tasks, rows):
    question = {"sorts": by("created_time"), "page_size": 2}
    cursor = notion.query(tasks, **question)["next_cursor"]
    space.delete_for_ever(rows[2])

    assert notion.rows(tasks, **question, start_cursor=cursor) == rows[3:]
    notion.fake.lists.cursors_die_with_row = True
    assert notion.refused("POST", f"data_sources/{tasks}/query", json={**question, "start_cursor": cursor})[0] == 400


def test_blocks_are_listed_in_pages(notion, space, top):
    made = space.append(top, *map(str, range(150)))
    first = notion.get(f"blocks/{top}/children")
    rest = notion.get(f"blocks/{top}/children", start_cursor=first["next_cursor"], page_size=100)

    assert [each["id"] for each in first["results"] + rest["results"]] == made


# The cut


def test_a_query_ends_at_its_limit_and_says_so(notion, tasks, rows):
    notion.fake.result_limit = 3
    pages = notion.every(f"data_sources/{tasks}/query", page_size=2, sorts=by("created_time"))

    assert [each["id"] for page in pages for each in page["results"]] == rows[:3]
    cut = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    assert [page["request_status"] for page in pages] == [{"type": "complete"}, cut]


def test_the_cut_may_be_told_on_every_page(notion, tasks, rows):
    notion.fake.result_limit, notion.fake.lists.tells_early = 3, True
    pages = notion.every(f"data_sources/{tasks}/query", page_size=2)

    assert [page["request_status"]["type"] for page in pages] == ["incomplete", "incomplete"]


def test_a_query_that_just_fits_is_complete(notion, tasks, rows):
    notion.fake.result_limit = 5

    assert notion.query(tasks)["request_status"] == {"type": "complete"}


def test_windows_by_creation_reach_every_row(notion, tasks, rows):
    notion.fake.result_limit, found, bound = 3, [], "00:00:00"
    while True:
        page = notion.query(tasks, sorts=by("created_time"), filter=since(bound, "created_time"))
        found += [each["id"] for each in page["results"] if each["id"] not in found]
        if page["request_status"]["type"] == "complete":
            break
        bound = page["results"][-1]["created_time"][11:19]

    assert found == rows


def test_one_minute_with_more_than_the_limit_cannot_be_passed(notion, space, tasks):
    for number in range(4):
        space.create_row(tasks, f"row {number}")
    notion.fake.result_limit = 3

    page = notion.query(tasks, sorts=by("created_time"), filter=since("09:00:00", "created_time"))

    assert (len(page["results"]), page["request_status"]["type"]) == (3, "incomplete")


# Filters


def test_bounds_compare_with_the_rounded_minute(notion, space, tasks, ask):
    notion.fake.tick(80)
    row = space.create_row(tasks, "at 09:01:20")

    assert ask(filter=since("09:01:00")) == [row]
    assert ask(filter=since("09:01:00", way="after")) == []
    assert ask(filter=since("09:01:10")) == []
    assert ask(filter=since("09:01:00", way="equals")) == [row]
    assert ask(filter=since("09:01:00", way="before")) == []
    assert ask(filter=since("09:01:00", way="on_or_before")) == [row]


def test_days_compare_with_days(ask, rows):
    day = {"timestamp": "created_time", "created_time": {"on_or_before": "2026-11-02"}}

    assert sorted(ask(filter=day)) == sorted(rows)
    assert ask(filter={**day, "created_time": {"past_week": {}}}, page_size=1, sorts=by("created_time")) == rows[:1]
    assert ask(filter={**day, "created_time": {"before": "yesterday"}}) == []


VALUES = {
    "Status": ("select", "open", {"equals": "open"}, {"does_not_equal": ["open"]}),
    "Tags": ("multi_select", ["a", "b"], {"contains": "b"}, {"does_not_contain": "a"}),
    "Sum": ("number", 5, {"greater_than": 4}, {"less_than_or_equal_to": 4}),
    "Note": ("rich_text", "Some words", {"starts_with": "some"}, {"is_empty": True}),
    "Done": ("checkbox", True, {"equals": True}, {"equals": False}),
    "Due": ("date", "2026-11-20", {"on_or_after": "2026-11-20"}, {"after": "2026-11-20"}),
    "Mail": ("email", "a@b.example", {"ends_with": ".example"}, {"contains": "c@"}),
    "Files": ("files", ["plan.pdf"], {"is_not_empty": True}, {"is_empty": True}),
}


@pytest.mark.parametrize("name", VALUES)
def test_rows_are_found_by_what_they_hold(notion, space, tasks, ask, name):
    kind, value, right, wrong = VALUES[name]
    space.add_property(tasks, name, kind)
    row = space.create_row(tasks, "row")
    space.set_value(row, name, value)

    assert ask(filter={"property": name, kind: right}) == [row]
    assert ask(filter={"property": name, kind: wrong}) == []


def test_rows_are_found_by_formulas_and_rollups(space, tasks, rows, ask):
    space.add_property(tasks, "Twice", "formula", formula=lambda row: row.number * 2)
    space.add_property(tasks, "Links", "relation", to=tasks)
    space.add_property(tasks, "Names", "rollup", relation="Links", of="Name")
    space.add_property(tasks, "Count", "rollup", relation="Links", of="Name", function="count")
    space.set_value(rows[0], "Links", rows[1:3])

    def by_names(way, end):
        return ask(filter={"property": "Names", "rollup": {way: {"rich_text": {"ends_with": end}}}})

    assert ask(filter={"property": "Twice", "formula": {"number": {"greater_than": 8}}}) == [rows[4]]
    assert ask(filter={"property": "Count", "rollup": {"number": {"equals": 2}}}) == [rows[0]]
    assert by_names("any", "2") == [rows[0]]
    assert rows[0] not in by_names("every", "2")
    assert rows[0] not in by_names("none", "2")


def test_numbers_of_rows_make_windows(notion, space, tasks, rows, ask):
    space.add_property(tasks, "Id", "unique_id", prefix="T")

    assert sorted(ask(filter={"property": "Id", "unique_id": {"greater_than": 3}})) == sorted(rows[3:])


def test_filters_are_joined(ask, rows):
    early, late = since("09:02:00", way="on_or_before"), since("09:05:00")
    title = {"property": "title", "title": {"contains": "4"}}

    assert sorted(ask(filter={"or": [early, late]})) == sorted([*rows[:2], rows[4]])
    assert ask(filter={"and": [title, {"or": [early, late]}]}) == [rows[4]]


@pytest.mark.parametrize(
    "asked",
    [
        {"and": [{"or": [{"and": [since("09:00:00")]}]}]},
        {"timestamp": "edited", "edited": {"after": "2026-11-02"}},
        {"timestamp": "created_time", "last_edited_time": {"after": "2026-11-02"}},
        {"timestamp": "created_time", "created_time": {"newer_than": "2026-11-02"}},
        {"timestamp": "created_time", "created_time": {"after": "soon"}},
        {"property": "Absent", "number": {"equals": 1}},
        {"property": "Name", "number": {"equals": 1}},
        {"property": "Name", "title": {"greater_than": "a"}},
        {"newer": True},
    ],
)
def test_what_is_no_filter_is_refused(notion, tasks, asked):
    assert notion.refused("POST", f"data_sources/{tasks}/query", json={"filter": asked}) == (400, "validation_error")


@pytest.mark.parametrize(
    "body",
    [
        {"sorts": [{"timestamp": "edited", "direction": "ascending"}]},
        {"sorts": [{"timestamp": "created_time", "direction": "up"}]},
        {"sorts": [{"property": "Absent", "direction": "ascending"}]},
        {"result_type": "row"},
        {"limit": 5},
    ],
)
def test_what_a_query_does_not_know_is_refused(notion, tasks, body):
    assert notion.refused("POST", f"data_sources/{tasks}/query", json=body) == (400, "validation_error")


# Sorts, properties, kinds


def test_rows_are_sorted_by_time_and_value(space, tasks, rows, ask):
    space.add_property(tasks, "Sum", "number")
    for row, number in zip(rows, (1, 2, 1, None, 2), strict=True):
        space.set_value(row, "Sum", number)

    by_sum = [{"property": "Sum", "direction": "ascending"}, *by("created_time", "descending")]

    assert ask(sorts=by("created_time", "descending")) == rows[::-1]
    assert ask(sorts=by_sum) == [rows[2], rows[0], rows[4], rows[1], rows[3]]


def test_only_the_named_properties_are_given(notion, space, tasks):
    space.add_property(tasks, "Sum", "number", id="a:b")
    space.add_property(tasks, "Note", "rich_text")
    space.create_row(tasks, "row")

    page = notion.post(f"data_sources/{tasks}/query?filter_properties=title&filter_properties=a%3Ab")["results"][0]

    assert set(page["properties"]) == {"Name", "Sum"}
    path = f"data_sources/{tasks}/query?filter_properties=absent"
    assert notion.refused("POST", path, json={}) == (400, "validation_error")


def test_a_wiki_lists_sources_among_its_rows(notion, space, tasks):
    row, inner = space.create_row(tasks, "row"), space.create_source(tasks, "inner")

    assert sorted(notion.rows(tasks)) == sorted([row, inner])
    assert notion.rows(tasks, result_type="page") == [row]
    assert notion.rows(tasks, result_type="data_source") == [inner]
    assert notion.get(f"data_sources/{inner}")["parent"]["data_source_id"] == tasks
