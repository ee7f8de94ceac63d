"""The numbered cases of the vendor's file that are about data sources and pages; `test_notion_cases` has the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aragora_sync.engine.result import Status

from ..fakes.notion_lists import refusal
from ..fakes.notion_model import Span, block
from .notion_desk import MARKDOWN, QUERY, opened_desk, problem, rewritten

ALWAYS = 99


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


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
    desk.row("new")
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


def test_case_14_page_that_leaves_out_too_much_is_read_by_blocks(desk):
    lines = [f"line {number}" for number in range(250)]
    row = desk.row("huge", *lines)
    desk.fake.record_limit = 20
    desk.sync()

    assert desk.items()[row] == "\n\n".join(lines)
    assert desk.calls()["/v1/pages/markdown"] == 1
    assert desk.calls()["/v1/blocks/children"] == 3


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
