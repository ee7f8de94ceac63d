"""What a connector may ask: the committed rows of its own stream."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aragora_sync.core.changes import Deleted, Failed, Seen, Skipped
from aragora_sync.core.errors import SourceError
from aragora_sync.core.source import Stream

from .desk import Desk, item, items

EDITED = datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)
HOSTILE_IDS = [
    "../../x",
    "'; DROP TABLE entry; --",
    'a"b',
    "a\\b",
    "a\nb",
    "\x01",
    "\ufffd",
    "%",
    "_",
    "null",
    " ",
    "[]",
]


class KnownContract:
    """Needs the fixture `desk`."""

    def test_an_item_is_known_with_all_that_decides_whether_to_read_it(self, desk: Desk):
        desk.say(item("a", kind="file", parent="p", version="v1", updated_at=EDITED))

        known = desk.store.known("c", "s").get(["a", "b"])
        assert list(known) == ["a"]
        one = known["a"]
        assert (one.id, one.kind, one.parent, one.version, one.updated_at) == ("a", "file", "p", "v1", EDITED)
        assert (one.title, one.metadata) == ("", None)

    def test_details_are_told_when_asked_for(self, desk):
        desk.say(item("a", title="A", metadata={"size": 3}), item("b"), Skipped("c", "big"))

        known = desk.store.known("c", "s").get(["a", "b", "c"], details=True)
        assert (known["a"].title, known["a"].metadata) == ("A", {"size": 3})
        assert known["b"].metadata == {}
        assert known["c"].title == ""

    def test_order_is_that_of_the_bytes(self, desk):
        ids = ["a", "B", "a/b", "a-b", "é", "e\u0301", "z", "\uffee", "\U0001f600", "aa", "a b", "Z", "10", "9"]
        desk.say(*[item(each) for each in ids])

        assert desk.ids() == sorted(ids, key=str.encode)

    def test_pages_join_without_a_seam(self, desk):
        desk.say(*items(1000))
        desk.say(*items(1500, first=1000))
        known = desk.store.known("c", "s")

        assert [each.id for each in known.items()] == [each.id for each in items(2500)]
        assert [each.id for each in known.items(after="i2497")] == ["i2498", "i2499"]
        assert len(known.get([each.id for each in items(1000)])) == 1000

    def test_kind_and_parent_choose(self, desk):
        desk.say(item("d", kind="folder"), item("f", parent="d"), item("g", parent="d"), item("h", parent="f"))
        known = desk.store.known("c", "s")

        assert [each.id for each in known.items(kind="folder")] == ["d"]
        assert [each.id for each in known.children("d")] == ["f", "g"]
        assert list(known.children("")) == []
        assert list(known.children("nobody")) == []

    def test_children_are_paged_too(self, desk):
        desk.say(*[item(f"i{number:04}", parent="d") for number in range(1001)])

        assert len(list(desk.store.known("c", "s").children("d"))) == 1001

    def test_tombstones_are_hidden(self, desk):
        desk.say(item("a", parent="p"), item("b"))
        desk.say(Deleted("a"))
        known = desk.store.known("c", "s")

        assert [each.id for each in known.items()] == ["b"]
        assert (known.get(["a"]), list(known.children("p"))) == ({}, [])

    def test_what_was_skipped_is_known_with_its_version(self, desk):
        desk.say(Skipped("a", "binary", "v1"))

        assert desk.versions() == {"a": "v1"}

    def test_a_failing_item_is_shown_without_version(self, desk):
        desk.say(item("a", version="v1", parent="p"), item("b", version="v1"))
        desk.say(Failed("a", "no"))
        known = desk.store.known("c", "s")

        assert desk.versions() == {"a": "", "b": "v1"}
        assert known.get(["a"])["a"].version == ""
        assert [each.version for each in known.children("p")] == [""]

    def test_a_failure_of_something_not_held_is_not_known(self, desk):
        desk.say(Failed("a", "no"))

        assert desk.ids() == []

    def test_a_full_pass_sees_every_item_and_no_version(self, desk):
        desk.say(item("a", version="v1", parent="p"), Skipped("b", "big", "v1"))
        known = desk.store.known("c", "s", hide_versions=True)

        assert desk.versions(hide=True) == {"a": "", "b": ""}
        assert known.get(["a"])["a"].version == ""
        assert [each.version for each in known.children("p")] == [""]

    def test_no_stream_sees_another(self, desk):
        desk.say(item("a", version="v1"), stream="one")
        desk.say(item("a", version="v2"), stream="two")
        Desk(desk.store, "other").say(item("b"), stream="one")

        assert desk.versions("one") == {"a": "v1"}
        assert desk.store.known("c", "three").get(["a"]) == {}

    def test_it_says_what_was_last_committed_while_it_is_read(self, desk):
        desk.say(item("a"), item("b"))
        known = desk.store.known("c", "s")
        reading = known.items()
        next(reading)
        desk.say(item("c"))

        assert [each.id for each in known.items()] == ["a", "b", "c"]
        reading.close()

    # Versions

    @pytest.mark.parametrize(
        ("said", "version"),
        [
            (Seen("a"), "v1"),
            (Seen("a", "v2"), "v2"),
            (Seen("a", ""), ""),
            (item("a", version="v2"), "v2"),
            (item("a", "new", version="v2"), "v2"),
            (item("a", None, version="v2"), "v2"),
            (Skipped("a", "big", "v2"), "v2"),
        ],
        ids=str,
    )
    def test_a_version_that_is_said_is_written(self, desk, said, version):
        desk.say(item("a", version="v1"))
        desk.say(said)

        assert desk.versions() == {"a": version}

    def test_skipped_again_with_another_version_is_remembered(self, desk):
        desk.say(Skipped("a", "big", "v1"))
        desk.say(Skipped("a", "big", "v2"))

        assert desk.versions() == {"a": "v2"}

    def test_a_failure_leaves_the_version_for_when_it_ends(self, desk):
        desk.say(item("a", version="v1"))
        desk.say(Failed("a", "no"))
        desk.say(Seen("a"))
        desk.say(item("a", version="v1"))

        assert desk.versions() == {"a": "v1"}

    def test_hostile_ids_are_only_ids(self, desk):
        desk.say(*[item(each) for each in HOSTILE_IDS])

        assert desk.ids() == sorted(HOSTILE_IDS, key=str.encode)
        assert set(desk.store.known("c", "s").get(HOSTILE_IDS)) == set(HOSTILE_IDS)

    @pytest.mark.parametrize("wrong", ["", "nul\x00", "\ud800"], ids=ascii)
    @pytest.mark.parametrize(
        "make", [item, Seen, Deleted, lambda each: Skipped(each, ""), lambda each: Failed(each, "")]
    )
    def test_an_id_that_no_store_takes_is_refused(self, desk, make, wrong):
        with pytest.raises(SourceError, match="percent-encode"):
            desk.say(item("a"), make(wrong))

        assert desk.ids() == []

    def test_a_ref_that_no_store_takes_is_refused(self, desk):
        with pytest.raises(SourceError, match="percent-encode"):
            desk.say(Failed("a", "no", ref="\udc80"))

    def test_asking_for_such_an_id_finds_nothing(self, desk):
        desk.say(item("a"))

        assert desk.store.known("c", "s").get(["", "\ud800", "\x00"]) == {}

    def test_lone_surrogates_in_texts_are_replaced(self, desk):
        broken = "x\ud800"
        desk.say(item("a", broken, title=broken, metadata={"k": broken}, version=broken), Skipped("b", broken, broken))
        desk.say(item("c"), Failed("d", broken))
        desk.say(Seen("c", broken))

        assert desk.versions() == {"a": "x\ufffd", "b": "x\ufffd", "c": "x\ufffd"}
        assert [failure.error for failure in desk.store.failures("c")] == ["x\ufffd"]

    def test_lone_surrogates_in_messages_are_replaced(self, desk):
        desk.store.note_access("c", Stream("s"), "no way to x\ud800")
        desk.store.end_run(desk.run, "failed", ["cannot read x\ud800"])

        assert desk.store.stream("c", "s").lost == "no way to x\ufffd"
