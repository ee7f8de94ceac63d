"""`confluence` asks no more often than it must: the numbers of the vendor's file, with the options' defaults."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from .confluence_desk import opened_desk

PAGE, SPACES, FILES, COMMENTS = 250, 3, 4, 6
PAGES = 600  # of the first space; the others have one
BODIES, SUMMARIES = 50, 200  # that a Data Center gives at once


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield filled(made)


@pytest.fixture
def center(tmp_path):
    with opened_desk(tmp_path, cloud=False) as made:
        yield filled(made)


def filled(desk):
    desk.options["parallel"] = 1  # else it is chance who is met first
    long_ago = desk.fake.now - timedelta(days=PAGES)
    desk.pages = [desk.page(f"page {day}", at=long_ago + timedelta(days=day)) for day in range(PAGES)]
    for number in range(SPACES - 1):
        desk.page("elsewhere", space=desk.site.create_space(f"OPS{number}"))
    for number in range(COMMENTS):
        desk.site.comment(desk.pages[0], f"<p>comment {number}</p>")
    for number in range(FILES):
        desk.site.attach(desk.pages[1], f"{number}.txt", b"inside")
    desk.sync()
    desk.first = desk.calls()
    return desk


def test_full_sync(desk):
    """1 list of spaces + Σ ⌈n/250⌉ with the bodies; posts, trash, comments and files; each file and its redirect."""
    downloads = {path: count for path, count in desk.first.items() if "download" in path or "media" in path}

    assert {path: count for path, count in desk.first.items() if path not in downloads} == {
        "spaces": 1,
        "pages": 1 + math.ceil(PAGES / PAGE) + SPACES - 1,
        "blogposts": 1 + SPACES,
        "footer-comments": 1,
        "inline-comments": 1,
        "attachments": 1,
        "users-bulk": 1,
    }
    assert sum(downloads.values()) == 2 * FILES


def test_run_without_changes(desk):
    """One list of each kind for all spaces together, however large they are: 8 requests."""
    result = desk.later()

    assert (result.counts.created, result.counts.updated) == (0, 0)
    assert desk.calls() == {
        "spaces": 1,
        "pages": 2,  # what changed last, and the trash
        "blogposts": 2,
        "footer-comments": 1,
        "inline-comments": 1,
        "attachments": 1,
    }


def test_changed_pages_are_read_together(desk):
    for page in desk.pages[100:300]:
        desk.edit(page, "edited")
    assert desk.later().counts.updated == 200
    assert desk.calls()["pages"] == 2 + 1
    assert desk.calls()["users-bulk"] == 1


def test_new_page_with_its_files_and_comments_costs_only_them(desk):
    page = desk.page("new")
    quiet = desk.page("new, and nobody says a word")
    desk.site.comment(page, "<p>said</p>")
    file = desk.site.attach(page, "new.txt", b"inside")
    desk.later()
    calls = desk.calls()

    assert {page, quiet, file} <= set(desk.items())
    assert calls["pages"] == 2 + 1 and calls["attachments"] == 1
    assert not [path for path in calls if path.startswith(f"pages/{quiet}")]
    assert calls[f"pages/{page}/footer-comments"] == calls[f"pages/{page}/inline-comments"] == 1


def test_reconcile_lists_everything_and_reads_nothing_again(desk):
    desk.reconcile()  # which begins with what changed, as every run
    calls = desk.calls()

    assert calls["pages"] == 2 + math.ceil(PAGES / PAGE) + SPACES - 1
    assert calls["footer-comments"] == calls["inline-comments"] == calls["attachments"] == 2
    assert not [asked for asked in desk.asked("pages") if "body-format" in asked]


def test_labels_cost_one_search_for_each_space_and_option(desk):
    desk.options |= {"include_labels": ["public"], "exclude_labels": ["draft"]}
    desk.sync()
    desk.later()

    assert desk.calls()["content/search"] == 2 * SPACES


def test_one_named_space_is_asked_for_alone(desk):
    desk.options["spaces"] = ["ENG"]
    desk.sync()
    desk.later()

    assert desk.calls()["pages"] == 2
    assert [asked["keys"] for asked in desk.asked("spaces")] == ["ENG"]
    assert {asked["space-id"] for asked in desk.asked("pages")} == {desk.space}


def test_many_more_changes_than_a_page_holds_are_looked_through_twice(desk):
    for page in desk.pages:
        desk.edit(page, "edited")
    desk.later()

    walk, bodies, alone = math.ceil(PAGES / PAGE), math.ceil(PAGES / PAGE), SPACES - 1
    assert desk.calls()["pages"] == 2 + 2 * walk + bodies + alone
    items = desk.items()
    assert {items[page] for page in desk.pages[1:]} == {"edited"}


def test_full_sync_of_a_data_center(center):
    """Bodies come fifty at a time; a list of several pages is looked through once more, without them."""
    pages = math.ceil(PAGES / BODIES) + math.ceil(PAGES / SUMMARIES) + SPACES - 1
    downloads = sum(count for path, count in center.first.items() if "download" in path)

    assert (center.first["space"], downloads) == (1, FILES)
    assert center.first["content"] == pages + SPACES + 2 * SPACES  # posts, and the trash
    assert center.first["content/search"] == 2 * SPACES  # comments and files


def test_run_of_a_data_center_without_changes(center):
    """Five for each space: pages and posts, comments, files, and the trash of both kinds."""
    center.later()

    assert center.calls() == {"space": 1, "content": 2 * SPACES, "content/search": 3 * SPACES}
