"""Notion's official description judges what `notion` asks and what the fake answers; it is of 2025-09-03."""

from __future__ import annotations

from collections import Counter

import pytest

from ..fakes.notion import rate_limited
from ..fakes.notion_lists import refusal
from ..fakes.notion_model import block
from ..specs import description
from .notion_desk import QUERY, opened_desk

pytestmark = pytest.mark.contract

# What the vendor's file says otherwise, or what came after that version: a part of the complaint, and why it is none.
NEWER = {"body sorts/0: 'property' is a required property": "rows may be sorted by a timestamp instead"}


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.fake.answers = []
        yield made


def complaints(desk) -> Counter[str]:
    judge = description("notion/notion-openapi.json")
    assert desk.fake.answers
    found = [problem for asked, answer in desk.fake.answers for problem in judge.problems(asked, answer)]
    return Counter(problem for problem in found if not any(known in problem for known in NEWER))


def furnish(desk) -> tuple[str, str, str]:
    """Something of everything; a page, a row, and a row that will go."""
    page = desk.page("Page", block("toggle", "more", "inside"), block("bookmark", url="https://example.com"))
    (toggle,) = desk.space.append(page, block("toggle", "pages"))
    desk.page("Nested", parent=toggle)
    desk.space.create_linked_view(page, "View")
    desk.space.add_property(desk.source, "Links", "relation", to=desk.source)
    others = [desk.row(f"row {number}", "text") for number in range(60)]
    row = desk.row("row with many", "text", Links=others)
    desk.fake.record_limit = 20
    desk.space.write(others[0], *[f"line {number}" for number in range(22)])
    return page, row, others[1]


def test_whatever_is_asked_and_answered_is_described(desk):
    page, row, going = furnish(desk)
    every = ({"databases": [desk.database, desk.source]}, {"root_pages": [desk.home]}, {}, {"read_blocks": True})
    for options in every:
        desk.options = options
        desk.sync()
    desk.settle()
    desk.sync()  # no change
    desk.space.write(row, "edited")
    desk.space.rename(page, "Renamed")
    desk.space.trash(going)
    desk.fake.order(rate_limited(2), path="/v1/search")
    desk.sync()
    desk.reconcile()
    desk.options = {"databases": [desk.database, "2f26ee68-df30-4251-aad4-8ddc420cba3d"], "root_pages": [desk.home]}
    desk.fake.order(refusal(403, "restricted_resource", "no"), path=QUERY)
    desk.sync()
    list(desk.connector().check())
    desk.fetch(row, going)
    asked = {str(each).partition(" ")[0] + " " + each.path.rpartition("/")[2] for each, _ in desk.fake.answers}

    assert complaints(desk) == {}
    assert {"GET markdown", "GET children", "POST query", "POST search", "GET users", "GET me"} <= asked
    assert any("/properties/" in each.path for each, _ in desk.fake.answers)
