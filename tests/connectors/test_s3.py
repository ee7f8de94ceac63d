"""`s3`: what becomes an item, what is asked for, what is left alone. Numbers are those of the vendor's edge cases."""

from __future__ import annotations

import json

import pytest

from aragora_sync.core.changes import Deleted, Item, Skipped
from aragora_sync.engine.result import Status

from ..fakes.s3 import Answer

ODD_KEYS = (
    *("a b+c%20d.txt", "emoji-😀.md", "//double//slash", "../../etc/passwd", "line\nbreak\x01.txt", "café.md"),
    *(
        "cafe\u0301.md",
        "k" * 1024,
        "Engineering/plan.md",
        "engineering/plan.md",
        "nul\0byte",
        "nul%00byte",
        "nul%2500byte",
    ),
    *("?query&x=1", "per%cent", "tab\t", "quote'\"<&>", "~tilde", "#hash", ";semi:colon@", "..", "a/./b"),
)


# Requests


def test_first_sync_lists_each_page_and_gets_each_object_once(desk, fake):
    for number in range(1005):
        fake.put(f"note-{number}.md", f"text {number}")

    assert desk.sync().counts.created == 1005
    assert dict(fake.counts) == {"LIST": 2, "GET": 1005}
    assert desk.sync().counts.unchanged == 1005
    assert dict(fake.counts) == {"LIST": 2}


def test_only_what_changed_is_got(desk, fake):
    for number in range(50):
        fake.put(f"note-{number}.md", f"text {number}")
    desk.sync()
    fake.put("note-7.md", "edited")
    fake.put("new.md", "new")

    assert desk.sync().items_synced == 2
    assert sorted(fake.keys_got()) == ["new.md", "note-7.md"]


# 1, 23: pages, order


def test_01_pages_of_any_length_even_empty_ones_are_followed(desk, fake):
    for number in range(2500):
        fake.put(f"note-{number:04}.png", "no need to get it")
    fake.page_sizes = [1000, 0, 700]

    assert desk.sync().counts.skipped == 2500
    assert fake.counts["LIST"] == 4


def test_23_listing_that_is_not_sorted_is_read_all_the_same(desk, fake):
    for number in range(250):
        fake.put(f"note-{number:04}.md", f"text {number}")
    fake.order_keys = lambda keys: keys[::2] + keys[1::2]
    fake.page_sizes = [100] * 9
    assert desk.sync().counts.created == 250
    fake.delete("note-0007.md")
    fake.put("note-0008.md", "edited")
    counts = desk.sync().counts

    assert (counts.updated, counts.unchanged, counts.swept) == (1, 248, 1)
    assert fake.keys_got() == ["note-0008.md"]


# 2, 3, 4: times, deletions


def test_02_object_of_the_same_second_is_found_by_the_next_run(desk, fake):
    fake.put("a.md", "first", modified=1_780_000_000)
    desk.sync()
    fake.put("b.md", "second", modified=1_780_000_000)
    desk.sync()

    assert desk.items() == {"a.md": "first", "b.md": "second"}


def test_03_object_that_arrives_with_an_old_time_is_found(desk, fake):
    fake.put("a.md", "first", modified=1_780_000_000)
    desk.sync()
    fake.put("late.md", "upload that took a week", modified=1_700_000_000)
    fake.put("a.md", "replaced by an older copy", modified=1_600_000_000)
    desk.sync()

    assert desk.items() == {"a.md": "replaced by an older copy", "late.md": "upload that took a week"}


def test_04_deleted_object_goes_alone(desk, fake):
    for name in "abc":
        fake.put(f"{name}.md", name)
    desk.sync()
    fake.delete("b.md")

    assert desk.sync().counts.swept == 1
    assert sorted(desk.items()) == ["a.md", "c.md"]


def test_04_object_deleted_and_made_again_is_no_deletion(desk, fake):
    desk.options["sync_metadata"] = False
    fake.put("a.md", "same bytes")
    desk.sync()
    before = desk.entry("a.md").seq
    fake.delete("a.md")
    fake.put("a.md", "same bytes")
    counts = desk.sync().counts

    assert (counts.unchanged, counts.swept, fake.counts["GET"]) == (1, 0, 0)
    assert desk.entry("a.md").seq == before


# 8, 9: changes between listing and getting


def test_08_object_that_changed_since_the_listing_is_stored_as_it_is_and_not_read_again(desk, fake):
    fake.put("a.md", "as listed")
    fake.order("GET", lambda asked: fake.put("a.md", "as got", headers={"Content-Type": "text/plain"}))
    desk.sync()
    assert desk.items() == {"a.md": "as got"}

    assert desk.sync().counts.unchanged == 1
    assert fake.counts["GET"] == 0


@pytest.mark.parametrize("with_metadata", [True, False])
def test_08_store_that_ignores_conditions_converges_too(desk, fake, with_metadata):
    desk.options["sync_metadata"] = with_metadata
    fake.ignores_if_match = True
    fake.put("a.md", "as listed")
    fake.order("GET", lambda asked: fake.put("a.md", "as got"))
    desk.sync()

    assert (desk.items(), desk.sync().counts.unchanged, fake.counts["GET"]) == ({"a.md": "as got"}, 1, 0)


def test_08_object_that_never_holds_still_has_failed(desk, fake):
    fake.put("a.md", "a text that changes")

    def change_and_cut(asked):
        blob = fake.shelf.get("a.md")
        fake.put("a.md", f"a text that changed {len(fake.asked)} times")
        return Answer(200, blob.body, {"ETag": f'"{blob.etag}"'}, cut=3) if "range" not in asked.headers else None

    fake.order("GET", change_and_cut, times=99)

    assert desk.named("a.md").error == "it changed while it was read, 3 times in a row"


def test_09_object_that_vanished_since_the_listing_is_no_error(desk, fake):
    fake.put("a.md", "stays")
    fake.put("b.md", "goes")
    desk.sync()
    fake.put("b.md", "changes, and goes")
    fake.order("GET", lambda asked: fake.delete("b.md"))

    assert desk.sync().status is Status.OK
    assert desk.items() == {"a.md": "stays"}


# 12, 13: keys


def test_12_every_key_has_an_id_of_its_own_and_comes_back(desk, fake):
    for key in ODD_KEYS:
        fake.put(key, f"text of {key!r}")
    fake.put("folder/", "")
    desk.sync()

    assert sorted(desk.items().values()) == sorted(f"text of {key!r}" for key in ODD_KEYS)
    assert desk.sync().counts.unchanged == len(ODD_KEYS)
    answers = desk.fetch(*desk.items())
    assert {answer.id: answer.content for answer in answers} == desk.items()


def test_12_markers_of_folders_are_no_items_but_an_object_with_such_a_key_is(desk, fake):
    fake.put("folder/", "")
    fake.put("other/", "holds text all the same")
    desk.sync()

    assert desk.items() == {"other/": "holds text all the same"}
    assert [type(answer) for answer in desk.fetch("folder/", "other/")] == [Deleted, Item]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("eng", ["eng/a.md"]), ("eng/", ["eng/a.md"]), ("eng*", ["eng/a.md", "engineering-old/b.md"]), ("", ["x.md"])],
)
def test_13_prefix_is_a_folder_unless_a_star_ends_it(desk, fake, prefix, found):
    for key in ("eng/a.md", "engineering-old/b.md", "x.md"):
        fake.put(key, key)
    desk.options["prefix"] = prefix
    desk.sync()

    assert sorted(desk.items()) == (found if prefix else sorted(["eng/a.md", "engineering-old/b.md", "x.md"]))


def test_patterns_are_relative_to_the_folder(desk, fake):
    for key in ("docs/plan.md", "docs/archive/old.md", "docs/deep/plan.md", "docs/note.tmp"):
        fake.put(key, key)
    desk.options |= {"prefix": "docs", "include_patterns": ["*.md"], "exclude_patterns": ["/archive/**"]}
    desk.sync()

    assert sorted(desk.items()) == ["docs/deep/plan.md", "docs/plan.md"]


# 14: ETags


def test_14_other_etag_of_the_same_bytes_costs_one_get_and_changes_nothing(desk, fake):
    fake.put("big.md", "nine parts", etag="0" * 32 + "-9", modified=1_780_000_000)
    desk.sync()
    before = desk.entry("big.md").seq
    fake.put("big.md", "nine parts", etag="1" * 32 + "-5", modified=1_780_000_000)
    counts = desk.sync().counts

    assert (counts.unchanged, counts.updated, fake.counts["GET"]) == (1, 0, 1)
    assert desk.entry("big.md").seq == before
    desk.sync()
    assert fake.counts["GET"] == 0


def test_changed_metadata_are_seen_by_their_time(desk, fake):
    fake.put("a.md", "same", headers={"x-amz-meta-owner": "ann"})
    desk.sync()
    fake.put("a.md", "same", headers={"x-amz-meta-owner": "=?utf-8?q?Zo=C3=AB?="})
    desk.sync()

    assert json.loads(desk.entry("a.md").metadata)["metadata"] == {"owner": "Zoë"}


def test_item_tells_where_it_is_and_what_the_store_told(desk, fake):
    fake.put("docs/my plan.md", "text", modified=1_780_000_000, headers={"x-amz-version-id": "v1", "x-amz-meta-a": "b"})
    item = desk.named("docs/my plan.md")

    assert (item.kind, item.title, item.parent) == ("file", "my plan.md", "docs")
    assert item.url == "s3://docs/docs/my%20plan.md"
    assert item.updated_at.isoformat() == "2026-05-28T20:26:40+00:00"
    assert item.metadata["version_id"] == "v1"
    assert item.metadata["metadata"] == {"a": "b"}


# 21, 22: sweeps


def test_21_excluded_objects_go_and_come_back(desk, fake):
    for number in range(10):
        fake.put(f"a-{number}.md", "text")
        fake.put(f"b-{number}.md", "text")
    desk.sync()
    desk.options["exclude_patterns"] = ["a-*"]
    assert desk.sync().counts.swept == 10
    desk.options["exclude_patterns"] = []

    assert desk.sync().counts.created == 10
    assert len(desk.items()) == 20


def test_22_emptied_bucket_is_not_taken_at_its_word(desk, fake):
    for number in range(20):
        fake.put(f"a-{number}.md", "text")
    desk.sync()
    for number in range(20):
        fake.delete(f"a-{number}.md")

    assert desk.sync().status is Status.REFUSED
    assert len(desk.items()) == 20


# fetch


def test_fetch_keeps_the_filters_of_read(desk, fake):
    fake.put("docs/a.md", "in")
    fake.put("docs/b.tmp", "excluded")
    fake.put("c.md", "beyond the prefix")
    fake.put("docs/p.pdf", b"%PDF")
    desk.options |= {"prefix": "docs", "exclude_patterns": ["*.tmp"]}
    answers = desk.fetch("docs/a.md", "docs/b.tmp", "c.md", "docs/gone.md", "docs/p.pdf", "docs/gone.pdf")

    assert [type(answer) for answer in answers] == [Item, Deleted, Deleted, Deleted, Skipped, Deleted]
    assert fake.counts["LIST"] == 0


def test_fetched_object_is_not_read_again(desk, fake):
    fake.put("a.md", "text")
    desk.sync()
    fake.put("a.md", "unreadable", failing=True)
    assert desk.sync().failures_waiting == 1
    fake.shelf.get("a.md").failing = False
    (item,) = desk.fetch("a.md")
    listed = desk.named("a.md")

    assert item == listed
