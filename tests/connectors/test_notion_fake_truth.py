"""Notion's official description judges the fake; it is of the version before, and leaves answers that succeed open.

What it leaves open is held here: the fields of each object as Notion's own client (5.26.0) types them.
"""

from __future__ import annotations

import re

import pytest

from ..fakes.notion_model import block
from ..specs import description
from .notion_calls import by, since

# What came after, or what the vendor's file says otherwise: a part of the complaint, and why it is none.
NEWER = {"'property' is a required property": "sorts may name a timestamp"}
TIMES = {"created_time", "last_edited_time"}
PEOPLE = {"created_by", "last_edited_by"}
LOOKS = {"icon", "cover", "url", "public_url"}
ENVELOPE = {"object", "results", "next_cursor", "has_more", "type", "request_id"}
FIELDS = {
    "page": {"object", "id", "in_trash", "is_archived", "is_locked", "parent", "properties", *TIMES, *PEOPLE, *LOOKS},
    "database": {"object", "id", "title", "description", "parent", "is_inline", "in_trash", "is_locked", "data_sources"}
    | TIMES
    | LOOKS,
    "data_source": {"object", "id", "title", "description", "parent", "database_parent", "is_inline", "in_trash"}
    | {"properties", *TIMES, *PEOPLE, *LOOKS},
    "block": {"object", "id", "parent", "has_children", "in_trash", "type", "paragraph", *TIMES, *PEOPLE},
    "comment": {"object", "id", "parent", "discussion_id", "rich_text", "display_name", "created_by", *TIMES},
    "user": {"object", "id", "name", "avatar_url", "type", "person"},
    "page_markdown": {"object", "id", "markdown", "truncated", "unknown_block_ids"},
}


@pytest.fixture
def things(notion, space, top, tasks):
    """One of each kind, as an answer gives it."""
    words = space.append(top, "words")[0]
    space.comment(top, "hm")
    database = space[tasks].database.id
    return {
        "page": notion.get(f"pages/{space.create_row(tasks, 'row')}"),
        "database": notion.get(f"databases/{database}"),
        "data_source": notion.get(f"data_sources/{tasks}"),
        "block": notion.get(f"blocks/{words}"),
        "comment": notion.get("comments", block_id=top)["results"][0],
        "user": notion.get(f"users/{space.owner}"),
        "page_markdown": notion.get(f"pages/{top}/markdown"),
    }


@pytest.mark.parametrize("kind", FIELDS)
def test_each_kind_has_exactly_its_fields(things, kind):
    assert things[kind]["object"] == kind
    assert set(things[kind]) - {"request_id"} == FIELDS[kind]


@pytest.mark.parametrize(
    ("path", "kind"), [("users", "user"), ("blocks/{}/children", "block"), ("comments?block_id={}", "comment")]
)
def test_lists_are_told_apart(notion, top, path, kind):
    listed = notion.get(path.format(top)) if "?" not in path else notion.get("comments", block_id=top)

    assert set(listed) == {*ENVELOPE, kind}
    assert (listed["object"], listed["type"], listed[kind]) == ("list", kind, {})


def test_queries_and_searches_tell_whether_they_are_complete(notion, tasks):
    fields = {*ENVELOPE, "page_or_data_source", "request_status"}

    assert set(notion.query(tasks)) == set(notion.post("search")) == fields


@pytest.mark.contract
def test_whatever_is_asked_and_answered_is_described(notion, space, top, tasks):
    judge, notion.fake.answers = description("notion/notion-openapi.json"), []
    space.add_property(tasks, "Links", "relation", id="x", to=tasks)
    row = space.create_row(tasks, "row", block("toggle", "t", "inner"))
    space.comment(row, "hm")
    _ask_everything(notion, space, row, tasks)
    for path in (
        f"pages/{tasks}",
        "pages/x",
        f"databases/{row}",
        f"data_sources/{row}",
        f"pages/{row}/properties/absent",
    ):
        notion.refused("GET", path)
    notion.refused("POST", f"data_sources/{tasks}/query", json={"page_size": 101})
    space.unshare_all()
    notion.refused("GET", f"pages/{row}/markdown")

    found = [problem for asked, answer in notion.fake.answers for problem in judge.problems(asked, answer)]
    assert [problem for problem in found if not any(known in problem for known in NEWER)] == []


def _ask_everything(notion, space, row, tasks):
    for path in ("users", "users/me", f"users/{space.owner}", f"pages/{row}", f"databases/{space[tasks].database.id}"):
        notion.get(path)
    for path in (f"data_sources/{tasks}", f"blocks/{row}", f"blocks/{row}/children", f"pages/{row}/markdown"):
        notion.get(path)
    notion.get(f"pages/{row}/markdown", include_transcript="true")
    notion.get(f"pages/{row}/properties/x", page_size=100)
    notion.get("comments", block_id=row)
    notion.query(tasks, filter=since("09:00:00"), sorts=by("last_edited_time"), in_trash=False, page_size=100)
    notion.post(f"data_sources/{tasks}/query?filter_properties=title")
    notion.post("search", filter={"property": "object", "value": "page"}, sort=by("last_edited_time")[0])


@pytest.mark.contract
def test_every_endpoint_of_the_description_that_reads_is_answered(notion):
    """But for the templates of a data source, which nobody here asks for."""
    paths = description("notion/notion-openapi.json").document["paths"]
    reads = [("GET", path) for path in paths if "get" in paths[path] and not path.endswith("/templates")]
    reads += [("POST", path) for path in paths if path.endswith(("/query", "/search"))]

    unknown = [
        (method, path)
        for method, path in reads
        if "Invalid request URL" in notion.send(method, re.sub(r"{[^}]+}", "x", path.removeprefix("/v1/"))).text
    ]

    assert unknown == []
