"""`confluence` reads spaces of a site: pages, posts, comments and files; in the cloud and on a Data Center alike."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from aragora_sync.core.changes import Deleted, Failed, Item, Skipped
from aragora_sync.store.base import PassKind

from ..fakes.confluence_site import ANN
from .confluence_desk import opened_desk


@pytest.fixture(params=["cloud", "data center"])
def desk(tmp_path, request):
    with opened_desk(tmp_path, cloud=request.param == "cloud") as made:
        yield made


def facts(entry):
    return json.loads(entry.metadata)


def counted(result):
    assert not result.stream_errors and not result.errors
    counts = result.counts
    return counts.created, counts.updated, counts.deleted, counts.swept


def test_page_becomes_an_item(desk):
    parent, now = desk.page("above"), desk.fake.now.replace(microsecond=0)
    page = desk.page("words", title="Runbook", parent=parent, at=now)
    desk.site.edit(page, "<p>better words</p>", at=now + timedelta(minutes=1))
    desk.sync()
    entry = desk.entries()[page]

    assert (entry.kind, entry.title, entry.content) == ("page", "Runbook", "better words")
    assert (entry.parent, entry.author) == (parent, "Ann")
    assert entry.url.startswith(f"{desk.fake.base}/") and "ENG" in entry.url and "Runbook" in entry.url
    assert facts(entry) == {"spaceKey": "ENG", "status": "current", "version": 2, "editor": "Bob"}
    assert (entry.created_at, entry.updated_at) == (f"{now:%FT%TZ}", f"{now + timedelta(minutes=1):%FT%TZ}")


def test_posts_comments_and_files_are_read(desk):
    page, post = desk.page("words"), desk.site.blog(desk.space, "News", "<p>said</p>")
    first = desk.site.comment(page, "<p>first</p>", by=ANN)
    desk.site.reply(first, "<p>answer</p>")
    desk.site.comment(page, "<p>why?</p>", on="words")
    desk.site.comment(post, "<p>good</p>")
    text = desk.site.attach(page, "notes.txt", b"inside")
    picture = desk.site.attach(post, "face.png", b"\x89PNG", "image/png")
    desk.sync()
    entries, items = desk.entries(), desk.items()

    assert (entries[post].kind, items[post].splitlines()[0], "good" in items[post]) == ("blogpost", "said", True)
    assert [line for line in items[page].splitlines() if line and "2026" not in line] == [
        *("words", "## Comments", "first", ">", "> answer", "why?")
    ]
    assert "**Ann**, 2026-11-02 09:00:" in items[page] and "at “words” (open)" in items[page]
    assert (entries[text].kind, entries[text].title, items[text]) == ("attachment", "notes.txt", "inside")
    assert entries[text].parent == page and picture not in items


def test_nothing_changed_is_nothing_new(desk):
    page = desk.page("words")
    desk.site.comment(page, "<p>first</p>")
    desk.site.attach(page, "notes.txt", b"inside")
    desk.sync()

    for kind in (None, PassKind.RECONCILE, None, PassKind.FULL, None):
        assert counted(desk.later(kind)) == (0, 0, 0, 0), kind


def test_each_change_is_found_by_the_next_run(desk):
    site, kept = desk.site, desk.page("kept")
    page, gone = desk.page("words"), desk.page("gone")
    comment = site.comment(page, "<p>first</p>")
    file = site.attach(page, "notes.txt", b"inside")
    desk.sync()
    acts = [
        (lambda: desk.edit(page, "other words"), (0, 1, 0, 0)),
        (lambda: site.rename(page, "Other title"), (0, 1, 0, 0)),
        (lambda: desk.page("new"), (1, 0, 0, 0)),
        (lambda: site.comment(page, "<p>second</p>"), (0, 1, 0, 0)),
        (lambda: site.reply(comment, "<p>late answer</p>"), (0, 1, 0, 0)),
        (lambda: site.edit_comment(comment, "<p>first, edited</p>"), (0, 1, 0, 0)),
        (lambda: site.replace(file, b"inside, again"), (0, 1, 0, 0)),
        (lambda: site.attach(kept, "more.txt", b"more"), (1, 0, 0, 0)),
        (lambda: site.trash(gone), (0, 0, 1, 0)),
        (lambda: site.restore(gone), (1, 0, 0, 0)),
    ]
    for number, (act, expected) in enumerate(acts):
        desk.fake.tick(3600)
        act()
        assert counted(desk.later()) == expected, number

    assert "first, edited" in desk.items()[page] and "late answer" in desk.items()[page]
    assert desk.items()[file] == "inside, again"
    assert counted(desk.reconcile()) == (0, 0, 0, 0)


def test_what_leaves_no_trace_a_reconcile_finds(desk):
    site, top = desk.site, desk.page("top")
    page = desk.page("words")
    comment = site.comment(page, "<p>first</p>")
    file = site.attach(page, "notes.txt", b"inside")
    desk.sync()
    site.move(page, parent=top)
    assert counted(desk.reconcile()) == (0, 1, 0, 0)
    assert desk.entries()[page].parent == top and "words" in desk.items()[page]

    site.delete_comment(comment)
    assert counted(desk.reconcile()) == (0, 1, 0, 0)
    assert desk.items()[page] == "words"

    site.purge(file)
    assert counted(desk.reconcile())[2:] in ((1, 0), (0, 1))
    assert file not in desk.items()


def test_full_incremental_and_fetch_say_the_same(desk):
    site = desk.site
    page, post = desk.page("words"), site.blog(desk.space, "News", "<p>said</p>")
    mention = f'<p>see <ac:link><ri:user ri:account-id="{ANN}" ri:userkey="{site.users[ANN].key}"/></ac:link></p>'
    first = site.comment(page, mention)
    desk.sync()
    site.edit(page, mention)
    site.reply(first, "<p>answer</p>")
    site.comment(page, "<p>why?</p>", on="words")
    site.comment(post, "<p>good</p>")
    file = site.attach(page, "notes.txt", b"inside")
    desk.later()
    incremental = desk.entries()
    assert set(incremental) == {page, post, file}
    assert counted(desk.later(PassKind.FULL)) == (0, 0, 0, 0), "read again, something looked different"

    fetched = {change.id: change for change in desk.fetch(page, post, file)}
    for item_id, entry in incremental.items():
        told = fetched[item_id]
        assert isinstance(told, Item)
        assert told.metadata == facts(entry)
        for name in ("kind", "title", "content", "url", "author", "parent"):
            assert getattr(told, name) == getattr(entry, name), (item_id, name)


def test_fetch_answers_every_ref(desk):
    kept, gone, restricted = desk.page("kept"), desk.page("gone"), desk.page("restricted")
    file, other = desk.site.attach(kept, "a.txt", b"a"), desk.site.attach(kept, "b.txt", b"b")
    picture = desk.site.attach(kept, "c.png", b"c", "image/png")
    desk.sync()
    desk.site.trash(gone)
    desk.site.restrict(restricted)
    desk.site.purge(other)
    answers = desk.fetch(kept, gone, restricted, file, other, picture, "nonsense")

    assert {each.id: type(each) for each in answers} == {
        kept: Item,
        gone: Deleted,
        restricted: Failed,
        file: Item,
        other: Deleted,
        picture: Skipped,
        "nonsense": Deleted,
    }
    assert len(answers) == 7


def test_a_post_that_only_a_hint_names_is_fetched(desk):
    desk.page("words")
    desk.sync()
    post = desk.site.blog(desk.space, "News", "<p>said</p>")
    (item,) = desk.fetch(post)

    assert (item.id, item.kind, item.content) == (post, "blogpost", "said")


# Spaces


def test_spaces_are_streams_by_their_ids(desk):
    other = desk.site.create_space("OPS")
    desk.page("here"), desk.page("there", space=other)
    desk.sync()
    with desk.store() as store:
        assert set(store.streams("confluence")) == {desk.space, other}

    desk.options["spaces"] = ["OPS"]
    desk.sync()
    assert list(desk.items().values()) == ["there"]


def test_renamed_space_is_the_same_space(desk):
    page = desk.page("words")
    desk.sync()
    desk.site.rename_space(desk.space, "Engineers")

    assert counted(desk.later()) == (0, 0, 0, 0)
    assert list(desk.items()) == [page]


def test_archived_spaces_are_read_only_where_they_are_wanted(desk):
    old = desk.site.create_space("OLD")
    desk.page("new"), desk.page("old", space=old)
    desk.site.archive_space(old)
    desk.sync()
    assert sorted(desk.items().values()) == ["new"]

    desk.options["include_archived"] = True
    desk.sync()
    assert sorted(desk.items().values()) == ["new", "old"]

    desk.options |= {"include_archived": False, "spaces": ["OLD"]}
    desk.sync()
    assert list(desk.items().values()) == ["old"]


def test_archived_spaces_are_read_with_all_that_is_in_them(desk):
    desk.options |= {"include_archived": True, "exclude_labels": ["draft"]}
    page, draft = desk.page("words"), desk.page("not yet")
    desk.site.label(draft, "draft")
    desk.site.archive_space(desk.space)
    comment = desk.site.comment(page, "<p>first</p>")
    file = desk.site.attach(page, "notes.txt", b"inside")
    desk.sync()
    assert set(desk.items()) == {page, file} and "first" in desk.items()[page]

    desk.fake.tick(3600)
    desk.site.edit_comment(comment, "<p>edited</p>")
    desk.site.replace(file, b"inside, again")
    desk.later()
    assert "edited" in desk.items()[page] and desk.items()[file] == "inside, again"


def test_space_that_is_archived_later_goes_and_is_no_lost_one(desk):
    old = desk.site.create_space("OLD")
    desk.page("new"), desk.page("old", space=old)
    desk.sync()
    desk.site.archive_space(old)
    result = desk.later()

    assert not result.stream_errors and list(desk.items().values()) == ["new"]


def test_space_that_was_read_before_and_is_not_seen_any_more_is_kept(desk):
    other = desk.site.create_space("OPS")
    desk.page("here"), desk.page("there", space=other)
    desk.sync()
    desk.site.take_away(other)
    result = desk.reconcile()
    (error,) = result.stream_errors

    assert error.stream == other and "can no longer be seen" in error.message
    assert sorted(desk.items().values()) == ["here", "there"]

    desk.site.give_back(other)
    assert counted(desk.reconcile()) == (0, 0, 0, 0)


def test_space_that_is_lost_while_it_is_read_loses_nothing(desk):
    pages = [desk.page(f"page {number}") for number in range(5)]
    desk.sync()
    taken = []

    def take_away(asked):
        if not taken and asked.query.get("status") == "current":
            taken.append(asked)
            desk.site.take_away(desk.space)

    desk.fake.tick(3600)
    desk.fake.before = take_away
    result = desk.sync(PassKind.RECONCILE)

    assert taken and sorted(desk.items()) == sorted(pages)
    assert "can no longer be seen" in result.stream_errors[0].message


def test_named_space_that_nobody_sees_is_said_and_the_others_are_read(desk):
    desk.page("words")
    desk.options["spaces"] = ["ENG", "NOPE"]
    (error,) = desk.sync().stream_errors

    assert error.message == "no space NOPE can be seen with this token; what was read before is kept."
    assert list(desk.items().values()) == ["words"]


def test_space_that_is_only_not_named_any_more_is_not_called_lost(desk):
    other = desk.site.create_space("OPS")
    desk.page("here"), desk.page("there", space=other)
    desk.sync()
    desk.options["spaces"] = ["OPS", "NOPE"]
    (error,) = desk.sync().stream_errors
    assert error.stream == "#NOPE" and list(desk.items().values()) == ["there"]

    desk.site.take_away(other)
    assert {error.stream for error in desk.sync().stream_errors} == {other, "#NOPE", "#OPS"}
    assert list(desk.items().values()) == ["there"]


def test_a_token_that_sees_nothing_is_told(desk):
    desk.site.take_away(desk.space)
    (error,) = desk.sync().stream_errors

    assert error.message == "the token sees no space at all."


# Options


def test_archived_pages_are_in_only_where_they_are_wanted(tmp_path):
    with opened_desk(tmp_path) as desk:
        old, new = desk.page("old"), desk.page("new")
        desk.sync()
        desk.site.archive(old)
        assert counted(desk.later()) == (0, 0, 1, 0)

        desk.site.unarchive(old)
        assert counted(desk.later()) == (1, 0, 0, 0)

        desk.site.archive(old)
        desk.options["include_archived"] = True
        desk.later()
        assert facts(desk.entries()[old])["status"] == "archived"
        assert set(desk.items()) == {old, new}
        assert counted(desk.reconcile()) == (0, 0, 0, 0)


def test_without_attachments_none_is_asked_for(desk):
    page = desk.page("words")
    desk.site.attach(page, "notes.txt", b"inside")
    desk.options["include_attachments"] = False
    desk.sync()
    desk.later()
    desk.reconcile()

    assert list(desk.items()) == [page]
    assert not [path for path in desk.fake.paths() if "attachment" in path]


def test_labels_say_what_is_in(desk):
    site = desk.site
    marked, draft, bare = desk.page("marked"), desk.page("draft"), desk.page("bare")
    post = site.blog(desk.space, "News", "<p>said</p>")
    file = site.attach(draft, "notes.txt", b"inside")
    site.label(marked, "documentation")
    site.label(draft, "public", "draft")
    site.label(post, "public")
    desk.options |= {"include_labels": ["documentation", "public"], "exclude_labels": ["draft", "internal"]}
    desk.sync()
    assert set(desk.items()) == {marked, post}

    site.unlabel(draft, "draft")
    site.label(bare, "public")
    assert counted(desk.later()) == (3, 0, 0, 0)
    assert set(desk.items()) == {marked, post, draft, bare, file}

    site.label(draft, "internal")
    site.unlabel(post, "public")
    assert counted(desk.later()) == (0, 0, 3, 0)
    assert counted(desk.reconcile()) == (0, 0, 0, 0)


def test_drafts_are_nobodys_business(desk):
    page = desk.site.draft(desk.space, "Draft", "<p>not yet</p>")
    desk.sync()
    assert desk.items() == {}

    desk.site.publish(page)
    assert counted(desk.later()) == (1, 0, 0, 0)


def test_minor_edits_count(desk):
    page = desk.page("words")
    desk.sync()
    desk.site.edit(page, "<p>words!</p>", minor=True)

    assert counted(desk.later()) == (0, 1, 0, 0)


def test_what_hangs_under_a_folder_names_it(tmp_path):
    with opened_desk(tmp_path) as desk:
        folder = desk.site.create(desk.space, "Folder", kind="folder")
        page = desk.page("words", parent=folder)
        desk.sync()
        entry = desk.entries()[page]

        assert (entry.parent, facts(entry)["parentType"]) == (folder, "folder")
        assert set(desk.items()) == {page}


def test_live_docs_are_read_again_when_their_session_moved(tmp_path):
    with opened_desk(tmp_path) as desk:
        page = desk.page("words", subtype="live")
        desk.sync()
        desk.site.write_live(page, "<p>more words</p>")

        assert counted(desk.reconcile()) == (0, 1, 0, 0)
        assert desk.items()[page] == "more words"
