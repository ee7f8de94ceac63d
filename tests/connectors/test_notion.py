"""What `notion` makes of pages, rows and databases: items, what is in, single ones again."""

from __future__ import annotations

import json
import re

import pytest

from aragora_sync.core.changes import Deleted, Failed, Item

from ..fakes.notion_model import block, table
from .notion_desk import opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


@pytest.fixture
def tree(desk):
    """The same, where `Home` is synced with all that hangs below it."""
    desk.options = {"root_pages": [desk.home]}
    return desk


# What an item looks like


def test_row_is_an_item_with_its_properties_before_its_text(desk):
    desk.space.add_property(desk.source, "Status", "status", options=("open", "done"))
    desk.space.add_property(desk.source, "Note", "rich_text")
    row = desk.row("Write it", block("heading_1", "Why"), "Because.", Status="open", Note="soon")
    desk.sync()
    (item,) = desk.entries().values()
    metadata = json.loads(item.metadata)

    assert (item.id, item.kind, item.title, item.author) == (row, "row", "Write it", "Ann Owner")
    assert item.content == "- **Note**: soon\n- **Status**: open\n\n# Why\n\nBecause."
    assert item.parent == desk.database
    assert item.url.endswith(row.replace("-", ""))
    assert item.created_at[:16] == item.updated_at[:16] == desk.fake.now.isoformat()[:16]
    assert metadata["properties"] == {"Note": "soon", "Status": "open"}
    assert metadata["data_source"] == desk.source
    assert item.acl is None


def test_page_that_is_published_may_be_read_by_all(tree):
    page = tree.page("Open")
    tree.space[page].public_url = "https://acme.notion.site/Open"
    tree.sync()

    assert {entry.title: json.loads(entry.acl or "null") for entry in tree.entries().values()} == {
        "Home": None,
        "Open": ["public"],
        "Tasks": None,
    }


def test_tree_is_a_root_with_pages_databases_and_rows(tree):
    page = tree.page("Page", "text")
    deep = tree.page("Deep", "more", parent=page)
    (toggle,) = tree.space.append(page, block("toggle", "within"))
    nested = tree.page("Nested", parent=toggle)
    row = tree.row("Row", "row text")
    below = tree.page("Below a row", parent=row)
    tree.sync()
    entries = tree.entries()

    assert {(entry.title, entry.kind, entry.parent) for entry in entries.values()} == {
        ("Home", "page", ""),
        ("Page", "page", tree.home),
        ("Deep", "page", page),
        ("Nested", "page", page),
        ("Tasks", "database", tree.home),
        ("Row", "row", tree.database),
        ("Below a row", "page", row),
    }
    assert {deep, nested, below} <= entries.keys()
    assert entries[tree.home].content.startswith("welcome\n\n[database](https://www.notion.so/")


def test_page_without_a_title_has_one(tree):
    page = tree.page("")
    tree.sync()

    assert tree.entries()[page].title == "Untitled"


def test_archived_page_is_read_and_marked(tree):
    page = tree.page("Old", "text")
    tree.space.archive(page)
    tree.sync()

    assert tree.items()[page] == "text"
    assert json.loads(tree.entries()[page].metadata)["is_archived"] is True


def test_items_are_the_same_however_they_are_read(tree):
    page, row = tree.page("Page", "text"), tree.row("Row", "text")
    tree.page("Child", parent=page)
    tree.sync()
    whole = tree.entries()
    tree.settle()
    tree.sync()
    tree.options |= {"include_database_items": True}
    fetched = {each.id: each for each in tree.fetch(page, row, tree.database, stream=f"page/{tree.home}")}
    tree.options = {}
    tree.sync()
    shared = tree.entries()

    for thing in (page, row, tree.database):
        one, other, single = whole[thing], shared[thing], fetched[thing]
        assert (one.title, one.content, one.metadata, one.parent, one.url) == (
            *(other.title, other.content, other.metadata, other.parent, other.url),
        )
        assert (single.title, single.content, single.parent, single.url) == (
            one.title,
            one.content,
            one.parent,
            one.url,
        )
        assert json.loads(one.metadata) == single.metadata


# What is in


def test_without_options_all_that_is_shared_is_in(desk):
    desk.options = {}
    private = desk.space.create_page(None, "Private")
    other = desk.space.create_page(None, "Other top")
    desk.space.share(other)
    desk.row("Row")
    desk.sync()

    assert desk.titles() == ["Home", "Other top", "Row", "Tasks"]
    assert private not in desk.items()


def test_databases_in_pages_may_stay_out(tree):
    tree.row("Row")
    tree.page("Page")
    tree.options["include_database_items"] = False
    tree.sync()
    assert tree.titles() == ["Home", "Page"]

    tree.options = {"include_database_items": False}
    tree.sync()
    assert tree.titles() == ["Home", "Page"]


def test_page_that_a_search_leaves_out_is_found_in_its_parent(desk):
    desk.options = {}
    page = desk.page("Page", "text")
    desk.space.hidden_from_search.add(page)
    desk.sync()
    assert page in desk.items()

    desk.space.write(page, "edited")
    desk.settle()
    desk.reconcile()
    assert desk.items()[page] == "edited"


def test_search_that_shows_a_part_is_read_from_both_ends_and_said(desk, caplog):
    desk.options = {}
    tops = []
    for number in range(8):
        tops.append(desk.space.create_page(None, f"Top {number}"))
        desk.space.share(tops[-1])
        desk.fake.tick(60)
    desk.fake.result_limit = 6
    desk.sync()

    assert set(tops) <= desk.items().keys()
    assert "shows only a part" in caplog.text


def test_named_database_is_that_of_its_link(desk):
    desk.options["databases"] = [f"https://www.notion.so/acme/{desk.database.replace('-', '')}?v={'0' * 32}"]
    row = desk.row("Row")
    desk.sync()

    assert list(desk.items()) == [row]


def test_named_data_source_is_read_alone(desk):
    archive = desk.space.create_source(desk.database, "Archive")
    row = desk.space.create_row(archive, "Old")
    desk.row("New")
    desk.options["databases"] = [archive]
    desk.sync()

    assert list(desk.items()) == [row]


def test_view_of_a_database_that_lies_elsewhere_is_skipped(tree):
    for status in (404, 400):
        tree.space.create_linked_view(tree.home, f"View {status}", status=status)
    result = tree.sync()

    assert (result.counts.skipped, result.stream_errors) == (2, [])
    assert tree.titles() == ["Home", "Tasks"]


def test_linked_page_is_no_child(tree):
    outside = tree.space.create_page(None, "Outside")
    tree.space.share(outside)
    tree.space.append(tree.home, block("link_to_page", "", page_id=outside))
    tree.sync()

    assert outside not in tree.items()


def test_database_in_the_trash_takes_its_rows_along(desk):
    desk.row("Row")
    desk.sync()
    desk.space.trash(desk.database)
    desk.sync()

    assert desk.items() == {}


def test_pages_within_wikis_are_in(tree):
    wiki = tree.page("Wiki")
    inside = tree.page("Inside", "text", parent=wiki)
    source = tree.space.turn_into_wiki(wiki)
    nested = tree.space.create_row(tree.space.create_source(source, "Nested"), "Nested row")
    tree.sync()

    assert {inside, nested} <= tree.items().keys()


# Blocks that Notion's Markdown does not show


def test_bookmark_is_read_by_itself(desk):
    row = desk.row("Row", "before", block("bookmark", url="https://example.com/a", caption="see"), "after")
    desk.sync()

    assert desk.items()[row] == "before\n\n[see](https://example.com/a)\n\nafter"


def test_pages_may_be_read_block_by_block(desk):
    row = desk.row("Row", block("toggle", "more", "inside"), block("divider"), "after")
    desk.options["read_blocks"] = True
    desk.sync()

    assert desk.items()[row] == "<details>\n<summary>more</summary>\n\ninside\n\n</details>\n\n---\n\nafter"
    assert desk.read(row) == 0


def test_both_ways_of_reading_tell_the_same_words(desk):
    row = desk.row(
        "Row",
        block("heading_2", "head"),
        block("bulleted_list_item", "one", block("bulleted_list_item", "two")),
        block("column_list", "", block("column", "", "left"), block("column", "", "right")),
        block("callout", "look", icon="💡"),
        block("quote", "said"),
        table(("a", "b"), ("1", "2")),
        block("code", "x = {1}", language="python"),
        block("meeting_notes", "standup", block("paragraph", "", "summary"), block("paragraph", "", "notes")),
        block("equation", "", expression="x^2"),
    )
    told = []
    for option in (False, True):
        desk.options["read_blocks"] = option
        desk.sync()
        told.append(re.findall(r"\w+", desk.items()[row]))

    assert told[0] == told[1]
    assert {"two", "right", "look", "notes", "2"} <= set(told[0])


def test_where_notions_markdown_is_not_known_blocks_are_read(desk):
    rows = [desk.row("Row", "one"), desk.row("Row", "two")]
    desk.fake.without_markdown = True
    desk.sync()

    assert [desk.items()[row] for row in rows] == ["one", "two"]


# Single ones again


def test_single_rows_are_as_they_are_now(desk):
    row, gone, moved = (desk.row(name, "text") for name in ("row", "gone", "moved"))
    desk.sync()
    desk.space.write(row, "edited")
    desk.space.trash(gone)
    desk.space.move(moved, desk.home)
    found = desk.fetch(row, gone, moved)

    assert isinstance(found[0], Item) and found[0].content == "edited"
    assert found[1:] == [Deleted(gone), Deleted(moved)]


def test_single_page_of_a_tree(tree):
    page, gone = tree.page("Page", "text"), tree.page("Gone")
    outside = tree.space.create_page(None, "Outside")
    tree.space.share(outside)
    tree.sync()
    tree.fake.failing[page] = 500
    tree.space.delete_for_ever(gone)
    found = tree.fetch(page, gone, outside, tree.database, stream=f"page/{tree.home}")

    assert isinstance(found[0], Failed)
    assert found[1:3] == [Deleted(gone), Deleted(outside)]
    assert isinstance(found[3], Item) and found[3].title == "Tasks"
