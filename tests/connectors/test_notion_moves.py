"""What `notion` makes of pages that move, go and come back."""

from __future__ import annotations

import pytest

from ..fakes.notion_model import block
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


def test_renamed_page_leaves_the_one_above_as_it_is(tree):
    page = tree.page("Page", "text")
    tree.sync()
    tree.settle()
    tree.space.rename(page, "Renamed")
    tree.sync()
    incremental = tree.items()
    tree.sync(tree.FULL)

    assert tree.items() == incremental


def test_page_that_moves_within_the_tree_has_another_parent(tree):
    first, second = tree.page("First"), tree.page("Second")
    page = tree.page("Page", "text", parent=first)
    tree.sync()
    tree.settle()
    tree.space.move(page, second)
    result = tree.sync()

    assert tree.entries()[page].parent == second
    assert (result.counts.deleted, result.counts.created) == (0, 0)


def test_page_that_moves_out_goes_with_all_below_and_comes_back(tree):
    outside = tree.space.create_page(None, "Outside")
    tree.space.share(outside)
    page = tree.page("Page", "text")
    tree.page("Below", parent=page)
    tree.sync()
    tree.settle()
    tree.space.move(page, outside)
    assert tree.sync().counts.deleted == 2
    assert tree.titles() == ["Home", "Tasks"]

    tree.settle()
    tree.space.move(page, tree.home)
    tree.sync()
    assert tree.titles() == ["Below", "Home", "Page", "Tasks"]


def test_page_that_becomes_a_row_is_the_same_item(tree):
    page = tree.page("Page", "text")
    tree.sync()
    tree.settle()
    tree.space.move(page, tree.source)
    tree.sync()

    assert (tree.entries()[page].kind, tree.entries()[page].parent) == ("row", tree.database)


def test_page_that_moves_from_one_root_to_another_stays_one_item(desk):
    roots = [desk.space.create_page(None, name) for name in ("One", "Two")]
    for root in roots:
        desk.space.share(root)
    page = desk.page("Page", "text", parent=roots[0])
    desk.options = {"root_pages": roots}
    desk.sync()
    desk.settle()
    desk.space.move(page, roots[1])
    for run in (desk.sync, desk.reconcile):
        run()
        assert desk.titles() == ["One", "Page", "Two"]
        assert desk.entries()[page].parent == roots[1]


def test_trashed_page_goes_with_all_below_and_comes_back(tree):
    page = tree.page("Page", "text")
    tree.page("Below", parent=page)
    tree.sync()
    tree.settle()
    tree.space.trash(page)
    assert tree.sync().counts.deleted == 2

    tree.settle()
    tree.space.restore(page)
    tree.sync()
    assert tree.titles() == ["Below", "Home", "Page", "Tasks"]


def test_database_that_goes_from_a_tree_takes_its_rows_along(tree):
    tree.row("Row")
    tree.sync()
    tree.settle()
    tree.space.trash(tree.database)
    tree.sync()

    assert tree.titles() == ["Home"]


def test_block_that_becomes_a_page_is_one(tree):
    (line,) = tree.space.append(tree.home, block("paragraph", "A thought"))
    tree.sync()
    tree.settle()
    tree.space.turn_into(line, "child_page")
    tree.sync()

    assert tree.entries()[line].title == "A thought"
