"""The numbered cases of the vendor's file: what Notion does that others got wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aragora_sync.engine.result import Status

from ..fakes.notion import overloaded, rate_limited
from ..fakes.notion_lists import refusal
from ..fakes.notion_model import Span, block
from ..fakes.web import Answer, Asked
from .notion_desk import MARKDOWN, QUERY, opened_desk, problem

ALWAYS = 99
CREATED = "created_time"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def rewritten(desk: Any, change: Callable[[dict[str, Any]], None]) -> Callable[[Asked], Answer]:
    """What the fake answers, changed a little."""

    def answer(asked: Asked) -> Answer:
        honest = desk.fake.answer(asked)
        body = json.loads(json.dumps(honest.body))
        change(body)
        return Answer(honest.status, body, honest.headers)

    return answer


# Lists


def test_case_01_pages_of_a_list_are_followed_to_an_empty_one(desk):
    for number in range(250):
        desk.row(f"row {number}")
    desk.settle()

    def empty(body: dict[str, Any]) -> None:
        body.update(results=[], has_more=True, next_cursor=body["next_cursor"])

    desk.fake.order(rewritten(desk, empty), path=QUERY, skip=1)
    desk.fake.answers = []
    desk.sync()
    asked, answered = desk.bodies(QUERY), [each.body for at, each in desk.fake.answers if at.path.endswith(QUERY)]

    assert [each.get("start_cursor") for each in asked] == [None, *(each["next_cursor"] for each in answered[:-1])]
    assert answered[-1]["next_cursor"] is None
    assert len(desk.items()) == 150  # those of the emptied page were never told


def test_case_02_cap_of_a_list_is_passed_with_the_time_of_the_last_row(desk):
    desk.fake.result_limit = 5
    for number in range(13):
        desk.row(f"row {number}")
        desk.fake.tick(20)  # three in a minute
    desk.settle()
    result = desk.sync()
    asked = desk.bodies(QUERY)

    assert result.counts.created == len(desk.items()) == 13
    assert len(asked) > 2
    for each in asked[1:]:
        assert list(each["filter"][CREATED]) == ["on_or_after"]
        assert each["sorts"] == [{"timestamp": CREATED, "direction": "ascending"}]
    assert [each["filter"][CREATED]["on_or_after"] for each in asked[1:]] == sorted(
        {each["filter"][CREATED]["on_or_after"] for each in asked[1:]}
    )


def test_case_02_more_than_the_cap_within_one_minute_fails_loudly_and_deletes_nothing(desk):
    kept = desk.row("kept")
    desk.settle()
    desk.sync()
    desk.fake.result_limit = 5
    for number in range(7):
        desk.row(f"row {number}")
    desk.settle()
    _, message, hint = problem(desk.reconcile())

    assert "no more than 10,000 rows that were made within one minute" in message and hint
    assert kept in desk.items()


def test_case_02_mass_edit_beyond_the_cap_is_seen_whole(desk):
    rows = []
    for number in range(12):
        rows.append(desk.row(f"row {number}"))
        desk.fake.tick(30)
    desk.settle()
    desk.sync()
    for row in rows:
        desk.space.rename(row, "edited")
    desk.fake.result_limit = 5
    desk.sync()

    assert set(desk.titles()) == {"edited"}


def test_case_03_second_edit_in_the_same_minute_is_seen(desk):
    row = desk.row("row", "first")
    desk.settle()
    desk.sync()
    desk.space.write(row, "second")
    desk.sync()
    before = desk.space[row].minute
    desk.fake.tick(20)
    desk.space.write(row, "third")
    assert desk.space[row].minute == before

    assert desk.sync().counts.updated == 1
    assert desk.items()[row] == "third"


def test_case_04_lower_bounds_are_inclusive(desk):
    desk.row("row")
    desk.settle()
    desk.sync()
    desk.sync()

    assert desk.bodies(QUERY)
    for each in desk.bodies(QUERY):
        assert list(each["filter"]["last_edited_time"]) == ["on_or_after"]


# Limits


@pytest.mark.parametrize(
    ("pause", "seconds"),
    [
        (rate_limited(7), 7),
        (rate_limited(90, "workspace_rate_limit"), 90),
        (rate_limited(7, "new"), 7),
        (overloaded(), 5),
    ],
)
def test_case_05_and_06_pause_is_kept_and_the_same_asked_again(desk, pause, seconds):
    desk.row("row")
    desk.fake.order(pause, path=QUERY)
    assert desk.sync().counts.created == 1

    first, second = desk.bodies(QUERY)
    assert first == second
    assert seconds <= desk.time.waited < 2 * seconds


# Refusals


def test_case_07_refused_token_in_the_middle_keeps_what_was_read(desk):
    for number in range(250):
        desk.row(f"row {number:03}")
        desk.fake.tick(1)
    desk.settle()
    desk.options["parallel"] = 1
    desk.fake.order(refusal(401, "unauthorized", "API token is invalid."), path=QUERY, skip=2, times=ALWAYS)
    status, message, hint = problem(desk.sync())
    reached = desk.space[max(desk.items(), key=lambda row: desk.space[row].created)].created_minute

    assert (status, len(desk.items())) == (Status.NEEDS_LOGIN, 200)
    assert message == "Notion refused the token: API token is invalid."
    assert "ARAGORA_NOTION_TOKEN" in hint
    assert desk.cursor()["made"] == reached.strftime("%Y-%m-%dT%H:%M")

    desk.fake.forget()
    assert desk.sync().counts.created == 50
    assert len(desk.items()) == 250


def test_case_08_row_whose_text_is_not_found_has_failed_and_is_kept(desk):
    bad, fine = desk.row("bad", "text"), desk.row("fine", "text")
    desk.settle()
    desk.sync()
    desk.space.write(bad, "edited")
    desk.space.write(fine, "edited")
    desk.fake.failing[bad] = 404
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert desk.items() == {bad: "text", fine: "edited"}

    desk.fake.failing.clear()
    desk.hours += 1
    desk.sync()
    assert desk.items()[bad] == "edited"


def test_case_09_row_in_the_trash_is_deleted_and_comes_back(desk):
    row, other = desk.row("row", "text"), desk.row("other")
    desk.settle()
    desk.sync()
    desk.space.trash(row)
    assert desk.sync().counts.deleted == 1
    assert list(desk.items()) == [other]

    desk.space.restore(row)
    assert desk.sync().counts.created == 1
    assert desk.items()[row] == "text"


def test_case_09_trash_that_leaves_no_time_is_found_by_a_reconcile(desk):
    desk.space.trash_stamps = False
    row, other = desk.row("row"), desk.row("other")
    desk.settle()
    desk.sync()
    desk.settle()
    desk.space.trash(row)
    desk.sync()
    assert row in desk.items()

    desk.reconcile()
    assert list(desk.items()) == [other]


def test_case_09_deleted_for_ever_is_found_by_a_reconcile(desk):
    row, other = desk.row("row"), desk.row("other")
    desk.sync()
    desk.space.trash(row)
    desk.space.empty_trash()
    desk.reconcile()

    assert list(desk.items()) == [other]
    assert desk.fetch(row)[0].id == row


@pytest.mark.parametrize("options", ["databases", "root_pages", ""])
def test_case_10_when_nothing_is_shared_any_more_nothing_is_deleted(desk, options):
    wanted = {"databases": [desk.database], "root_pages": [desk.home]}
    desk.options = {options: wanted[options]} if options else {}
    for number in range(3):
        desk.row(f"row {number}")
    desk.sync()
    before = desk.items()
    assert len(before) >= 3
    desk.space.unshare(desk.home)
    for kind in (desk.sync, desk.reconcile):
        result = kind()
        status, message, hint = problem(result)

        assert status is Status.NEEDS_LOGIN
        assert "is not shared" in message or "nothing is shared" in message
        assert "share the page with the integration" in hint
        assert result.counts.deleted == result.counts.swept == 0
    assert desk.items() == before

    desk.space.share(desk.home)
    desk.space.write(desk.row("back"), "again")
    assert desk.sync().counts.created == 1


# Data sources


def test_case_11_every_data_source_of_a_database_is_read(desk):
    archive = desk.space.create_source(desk.database, "Archive")
    here, there = desk.row("here"), desk.space.create_row(archive, "there")
    desk.sync()
    entries = desk.entries()

    assert {entry.parent for entry in entries.values()} == {desk.database}
    assert {json.loads(entries[row].metadata)["data_source"] for row in (here, there)} == {desk.source, archive}


def test_case_12_older_version_of_the_api_is_told(desk):
    said = "Databases with multiple data sources are not supported in this API version."
    desk.fake.order(refusal(400, "validation_error", said), path="/v1/databases", times=ALWAYS)
    _, message, hint = problem(desk.sync())

    assert said in message
    assert "Notion-Version" in hint


def test_every_request_names_the_version(desk):
    desk.row("row", "text")
    desk.sync()

    assert {asked.headers["notion-version"] for asked in desk.fake.asked} == {"2026-03-11"}


def test_case_13_all_values_of_a_property_are_read(desk):
    others = [desk.row(f"other {number}") for number in range(60)]
    desk.space.add_property(desk.source, "Links", "relation")
    row = desk.row("row", Links=others)
    desk.sync()

    assert json.loads(desk.entries()[row].metadata)["properties"]["Links"] == others
    assert all(other in desk.items()[row] for other in others)
    assert sum("/properties/" in path for path in desk.fake.paths()) == 1


def test_case_17_row_that_moves_to_another_data_source_stays_one_item(desk):
    archive = desk.space.create_source(desk.database, "Archive")
    row, _ = desk.row("row", "text"), desk.row("other")
    desk.settle()
    desk.sync()
    desk.space.move(row, archive)
    for kind in (desk.sync, desk.reconcile):
        kind()
        assert json.loads(desk.entries()[row].metadata)["data_source"] == archive
        assert desk.items()[row] == "text"


def test_case_18_renamed_property_makes_every_row_anew_once(desk):
    desk.space.add_property(desk.source, "Note", "rich_text")
    rows = [desk.row(f"row {number}", Note="so") for number in range(3)]
    desk.settle()
    desk.sync()
    desk.settle()
    desk.sync()
    desk.space.rename_property(desk.source, "Note", "Remark")
    desk.row("new", Note="what tells of it") if False else desk.row("new")
    desk.sync()

    assert all(desk.items()[row] == "- **Remark**: so" for row in rows)
    desk.settle()
    desk.sync()
    assert desk.sync().counts.updated == 0


def test_case_18_without_any_edit_a_reconcile_finds_it(desk):
    desk.space.add_property(desk.source, "Note", "rich_text")
    row = desk.row("row", Note="so")
    desk.settle()
    desk.sync()
    desk.settle()
    desk.space.rename_property(desk.source, "Note", "Remark")
    desk.reconcile()

    assert desk.items()[row] == "- **Remark**: so"


def test_case_19_place_in_a_list_that_is_refused_is_asked_for_anew(desk):
    for number in range(250):
        desk.row(f"row {number}")
    desk.settle()
    said = "body failed validation: body.start_cursor is not a valid cursor."
    desk.fake.order(refusal(400, "validation_error", said), path=QUERY, skip=1)
    result = desk.sync()

    assert (result.status, len(desk.items())) == (Status.OK, 250)


# Pages


def test_case_14_text_that_was_left_out_is_asked_for_and_put_in_its_place(desk):
    hidden = block("toggle", "more", "inside", id="bbbbbbbb-0000-4000-8000-000000000001")
    row = desk.row("big", "before", hidden, "after")
    address = f"https://www.notion.so/{row.replace('-', '')}#bbbbbbbb"

    def cut(body: dict[str, Any]) -> None:
        body["markdown"] = f'before\n<unknown url="{address}" alt="toggle"/>\nafter\n'
        body.update(truncated=True, unknown_block_ids=[hidden.id])

    desk.fake.order(rewritten(desk, cut), path=f"{row}{MARKDOWN}")
    desk.sync()

    assert desk.read(hidden.id) == 1
    assert desk.items()[row].split("\n")[0] == "before"
    assert desk.items()[row].split("\n")[-1] == "after"
    assert "inside" in desk.items()[row]


def test_case_14_text_that_leaves_itself_out_ends(desk):
    row = desk.row("big", block("toggle", "more", "inside", id="bbbbbbbb-0000-4000-8000-000000000001"))

    def cut(body: dict[str, Any]) -> None:
        body["markdown"] = '<unknown url="https://n.so/x#bbbbbbbb" alt="toggle"/>'
        body.update(truncated=True, unknown_block_ids=["bbbbbbbb-0000-4000-8000-000000000001"])

    desk.fake.order(rewritten(desk, cut), path=MARKDOWN, times=ALWAYS)
    desk.sync()

    assert desk.calls()["/v1/pages/markdown"] == 2
    assert desk.items()[row] == "<!-- unsupported block: toggle -->"


def test_case_14_page_that_breaks_off_without_saying_where_is_read_by_blocks(desk):
    row = desk.row("big", "one", "two")
    desk.fake.order(
        rewritten(desk, lambda body: body.update(markdown="one", truncated=True, unknown_block_ids=[])), path=MARKDOWN
    )
    desk.sync()

    assert desk.items()[row] == "one\n\ntwo"


def test_case_15_row_that_is_only_named_is_asked_for(desk):
    whole, gone = desk.row("named only", "text"), desk.row("not shown")

    def partial(body: dict[str, Any]) -> None:
        body["results"] = [{"object": "page", "id": each["id"]} for each in body["results"]]

    desk.fake.order(rewritten(desk, partial), path=QUERY)
    desk.fake.order(refusal(404, "object_not_found", "Could not find it."), path=f"/v1/pages/{gone}")
    desk.sync()

    assert desk.items() == {whole: "text"}


def test_case_16_signature_that_changes_is_no_change(desk):
    file = block("file", "", type="file", name="plan.pdf")
    desk.space.add_property(desk.source, "Files", "files")
    row = desk.row("row", file, Files=["plan.pdf"])
    desk.settle()
    desk.sync()
    first = desk.items()[row]
    desk.settle()
    result = desk.sync(desk.FULL)

    assert (result.counts.updated, result.counts.created) == (0, 0)
    assert desk.read(row) == 1
    assert "Signature" not in first and "plan.pdf" in first


def test_case_20_unknown_blocks_and_properties_are_said_and_stop_nothing(desk):
    row = desk.row("row", block("unsupported", "", block_type="ai_block"), "text")
    strange = {"id": "x", "type": "hologram", "hologram": {"depth": 3}}
    desk.fake.order(
        rewritten(desk, lambda body: [each["properties"].update(Strange=strange) for each in body["results"]]),
        path=QUERY,
        times=ALWAYS,
    )
    assert desk.sync().status is Status.OK
    content = desk.items()[row]

    assert "- **Strange**: <!-- unsupported property: hologram -->" in content
    assert "<!-- unsupported block:" in content
    assert content.endswith("text")
    assert json.loads(desk.entries()[row].metadata)["properties"]["Strange"]["hologram"] == {"depth": 3}


def test_mention_of_a_person_is_by_name(desk):
    ann = desk.space.add_user("Ann")
    row = desk.row("row", block("paragraph", [Span("mention", ("user", ann))]))
    desk.sync()

    assert desk.items()[row] == "@Ann"
