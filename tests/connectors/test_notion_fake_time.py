"""The fake of Notion, asked plainly: trash, moves, times, limits, faults."""

from __future__ import annotations

import pytest

from ..fakes.notion import overloaded, prepare, rate_limited, unavailable
from ..fakes.notion_model import block

# Trash, moves, time


def test_what_is_in_the_trash_says_so(notion, space, tasks):
    row = space.create_row(tasks, "row")
    space.trash(row)

    assert notion.get(f"pages/{row}")["in_trash"] is True
    space.restore(row)
    assert notion.get(f"pages/{row}")["in_trash"] is False


def test_the_trash_is_emptied_by_itself(notion, space, top):
    page = space.create_page(top, "old")
    space.trash(page)
    notion.fake.tick(29 * 86_400)
    assert notion.get(f"pages/{page}")["in_trash"] is True
    notion.fake.tick(86_400)

    assert notion.refused("GET", f"pages/{page}") == (404, "object_not_found")


def test_what_is_deleted_for_ever_is_gone_with_all_below(notion, space, top, tasks):
    row = space.create_row(tasks, "row")
    space.delete_for_ever(space[tasks].database.id)

    assert notion.refused("GET", f"pages/{row}") == (404, "object_not_found")
    assert notion.get(f"blocks/{top}/children")["results"] == []


def test_a_move_keeps_the_id_and_changes_the_parent(notion, space, top, tasks):
    other = space.create_source(space[tasks].database.id, "Archive")
    for source in (tasks, other):
        space.add_property(source, "Status", "select")
    row = space.create_row(tasks, "row", Status="open")
    space.move(row, other)

    page = notion.get(f"pages/{row}")

    assert page["parent"]["data_source_id"] == other
    assert page["properties"]["Status"]["select"]["name"] == "open"
    assert (notion.rows(tasks), notion.rows(other)) == ([], [row])


def test_a_block_that_becomes_a_page_keeps_its_id(notion, space, top):
    toggle = space.append(top, block("toggle", "Plan", "step"))[0]
    space.turn_into(toggle, "child_page")

    assert notion.get(f"pages/{toggle}")["properties"]["title"]["title"][0]["plain_text"] == "Plan"
    assert notion.text(toggle) == "step"


def test_a_page_that_becomes_a_wiki_has_its_pages_as_rows(notion, space, top):
    page = space.create_page(top, "Team")
    below = space.create_page(page, "in it")
    source = space.turn_into_wiki(page)

    assert notion.get(f"databases/{page}")["data_sources"] == [{"id": source, "name": "Team"}]
    assert notion.rows(source) == [below]


def test_times_are_rounded_down_to_the_minute(notion, space, top):
    notion.fake.tick(119)
    page = space.create_page(top, "late")

    found = notion.get(f"pages/{page}")

    assert (found["created_time"], found["last_edited_time"]) == ("2026-11-02T09:01:00.000Z",) * 2
    assert space[page].minute == space[page].created_minute == notion.fake.now.replace(second=0)


def test_an_edit_of_a_block_is_one_of_its_page_but_not_of_the_page_above(notion, space, top):
    page = space.create_page(top, "in", block("toggle", "t", "inner"))
    inner = space[page].children[0].children[0].id
    notion.fake.tick(600)
    space.edit_block(inner, "other words")

    times = [
        notion.get(path)["last_edited_time"][11:16] for path in (f"blocks/{inner}", f"pages/{page}", f"pages/{top}")
    ]

    assert times == ["09:10", "09:10", "09:00"]


@pytest.mark.parametrize("edit", ["rename_property", "rename_option", "rename_relation", "edit_original"])
def test_what_shows_elsewhere_does_not_change_the_page(notion, space, top, tasks, edit):
    space.add_property(tasks, "Status", "select")
    space.add_property(tasks, "Next", "relation", to=tasks)
    other = space.create_row(tasks, "other")
    original = space.append(other, block("synced_block", "", "words"))[0]
    row = space.create_row(tasks, "row", block("synced_block", synced_from=original), Status="open", Next=[other])
    notion.fake.tick(600)
    edits = {
        "rename_property": lambda: space.rename_property(tasks, "Status", "State"),
        "rename_option": lambda: space.rename_option(tasks, "Status", "open", "to do"),
        "rename_relation": lambda: space.rename(other, "another"),
        "edit_original": lambda: space.append(original, "more"),
    }
    edits[edit]()

    assert notion.get(f"pages/{row}")["last_edited_time"].endswith("09:00:00.000Z")


@pytest.mark.parametrize("switch", ["edits_stamp", "move_stamps", "trash_stamps"])
def test_what_changes_the_time_is_a_switch(notion, space, top, switch):
    page, other = space.create_page(top, "page"), space.create_page(top, "other")
    acts = {"edits_stamp": lambda: space.append(page, "words"), "move_stamps": lambda: space.move(page, other)}
    act = acts.get(switch, lambda: space.trash(page))
    setattr(space, switch, False)
    notion.fake.tick(600)
    act()

    assert notion.get(f"pages/{page}")["last_edited_time"].endswith("09:00:00.000Z")


def test_what_lies_in_the_trash_may_not_say_so(notion, space, top):
    page = space.create_page(space.create_page(top, "in"), "deep")
    space.trash(space[page].parent.id)

    assert notion.get(f"pages/{page}")["in_trash"] is True
    space.trash_reaches_down = False
    assert notion.get(f"pages/{page}")["in_trash"] is False
    assert page not in notion.found()


def test_pages_are_archived_locked_and_decorated(notion, space, top):
    space.archive(top)
    space.lock(top)
    space.decorate(top, icon="\N{ROCKET}", cover="sky.png", public_url="https://acme.notion.site/top")

    page = notion.get(f"pages/{top}")

    assert (page["is_archived"], page["is_locked"], page["in_trash"]) == (True, True, False)
    assert page["icon"] == {"type": "emoji", "emoji": "\N{ROCKET}"}
    assert (page["cover"]["type"], page["public_url"]) == ("file", "https://acme.notion.site/top")


def test_a_whole_body_is_written_anew_around_its_pages(notion, space, top):
    page = space.create_page(top, "in")
    old = space.append(top, "old")[0]
    space.write(top, "new")

    assert [each["type"] for each in notion.get(f"blocks/{top}/children")["results"]] == ["paragraph", "child_page"]
    assert notion.refused("GET", f"blocks/{old}") == (404, "object_not_found")
    assert notion.get(f"pages/{page}")["id"] == page


def test_a_prepared_workspace_is_there_to_be_measured(notion):
    prepare(notion.fake, rows=3, pages=2)

    assert len(notion.found()) == 1 + 1 + 3 + 2


# Limits and faults


def test_the_budget_is_of_a_minute(notion):
    notion.fake.limited, notion.fake.budget = True, 3
    for _ in range(3):
        notion.get("users/me")
    notion.fake.tick(20)

    answer = notion.send("GET", "users/me")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert answer.json()["additional_data"] == {"rate_limit_reason": "connection_rate_limit"}
    notion.fake.tick(40)
    notion.get("users/me")


def test_all_connections_share_the_budget_of_the_workspace(notion, space):
    notion.fake.workspace_budget = 2
    space.connect("ntn_2222-of-another")
    other = {**notion.headers, "Authorization": "Bearer ntn_2222-of-another"}
    notion.get("users/me")
    notion.send("GET", "users/me", headers=other)
    notion.fake.tick(10)

    assert notion.send("GET", "users/me", headers=other).headers["Retry-After"] == "110"


def test_the_workspace_may_have_to_wait_longer(notion):
    notion.fake.workspace_wait = 90

    assert notion.send("GET", "users/me").headers["Retry-After"] == "90"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (rate_limited(7), 429, "rate_limited"),
        (overloaded(5), 529, "service_overload"),
        (unavailable(), 503, "service_unavailable"),
    ],
)
def test_faults_are_said_as_notion_says_them(notion, fault, status, code):
    notion.fake.order(fault)

    assert notion.refused("GET", "users/me") == (status, code)
    notion.get("users/me")


def test_a_body_may_be_unreadable_though_it_is_listed(notion, space, tasks):
    row = space.create_row(tasks, "row")
    notion.fake.failing[row] = 404

    assert notion.rows(tasks) == [row]
    assert notion.refused("GET", f"pages/{row}/markdown") == (404, "object_not_found")
