"""What every store owes its readers: items, the change feed, search, backups. The engine's half is in `writer`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aragora_sync.core.changes import Deleted, Failed, Item, Seen, Skipped
from aragora_sync.core.errors import StoreError
from aragora_sync.store.base import Removal, Store, Totals

from ..clock import FakeClock
from .desk import Desk, entries, item, items
from .feed import FeedContract
from .search import SearchContract
from .writer import WriterContract


class StoreContract(FeedContract, SearchContract, WriterContract):
    """Subclasses say how a store is made; made again with the same folder it is the same store."""

    def make(self, folder: Path, clock: FakeClock) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def store(self, folder: Path, clock: FakeClock) -> Store:
        store = self.make(folder, clock)
        yield store
        store.close()

    # Items

    def test_readers_see_every_field(self, desk, clock):
        made, edited = datetime(1969, 7, 20, tzinfo=UTC), datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
        desk.say(
            Item("a", "page", "T", "C", "u", "who", "p", made, edited, "v1", {"b": [1.5, None], "a": "ü"}, ["user:x"])
        )

        entry = entries(desk.store)["a"]
        assert (entry.connector, entry.stream, entry.kind, entry.title, entry.content) == ("c", "s", "page", "T", "C")
        assert (entry.url, entry.author, entry.parent, entry.version) == ("u", "who", "p", "v1")
        assert (entry.created_at, entry.updated_at) == ("1969-07-20T00:00:00Z", "2026-02-03T04:05:06Z")
        assert (json.loads(entry.metadata), json.loads(entry.acl)) == ({"a": "ü", "b": [1.5, None]}, ["user:x"])
        assert entry.changed_at == f"{clock():%Y-%m-%dT%H:%M:%SZ}"

    def test_what_was_not_said_is_empty(self, desk):
        desk.say(item("a", ""))

        entry = entries(desk.store)["a"]
        assert (entry.content, entry.created_at, entry.updated_at, entry.metadata, entry.acl) == (
            "",
            None,
            None,
            "{}",
            None,
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"content": "other"},
            {"kind": "file"},
            {"title": "other"},
            {"url": "u"},
            {"author": "who"},
            {"parent": "p"},
            {"created_at": datetime(2026, 1, 1, tzinfo=UTC)},
            {"updated_at": datetime(2026, 1, 1, tzinfo=UTC)},
            {"metadata": {"a": 1}},
            {"acl": []},
            {"title": "title of atext", "content": ""},  # the same letters, cut elsewhere
        ],
        ids=str,
    )
    def test_each_field_but_the_version_decides_whether_it_changed(self, desk, change):
        desk.say(item("a"))
        before = entries(desk.store)["a"].seq
        outcome = desk.say(item("a", change.pop("content", "text"), **change))

        assert outcome.counts.updated == 1
        assert entries(desk.store)["a"].seq > before

    def test_the_same_again_moves_nothing_but_the_version(self, desk, clock):
        desk.say(item("a", metadata={"x": 1, "y": 2}, acl=["b", "a"]))
        before = entries(desk.store)["a"]
        clock.turn(hours=1)
        outcome = desk.say(item("a", metadata={"y": 2, "x": 1}, acl=["a", "b"], version="v2"))

        after = entries(desk.store)["a"]
        assert outcome.counts.unchanged == 1
        assert (after.seq, after.changed_at, after.version) == (before.seq, before.changed_at, "v2")

    def test_no_content_keeps_the_stored_one(self, desk):
        desk.say(item("a", "long text"))
        outcome = desk.say(item("a", None, title="renamed"))

        entry = entries(desk.store)["a"]
        assert (entry.title, entry.content, outcome.counts.updated) == ("renamed", "long text", 1)
        assert desk.say(item("a", "long text", title="renamed")).counts.unchanged == 1

    def test_no_content_and_nothing_new_is_unchanged(self, desk):
        desk.say(item("a"))

        assert desk.say(item("a", None)).counts.unchanged == 1

    def test_a_failed_item_keeps_its_old_text(self, desk):
        desk.say(item("a", "old"))
        desk.say(Failed("a", "no"))
        desk.say(item("a", None, title="renamed"))

        assert (entries(desk.store)["a"].content, entries(desk.store)["a"].title) == ("old", "title of a")

    def test_skipped_clears_the_text_and_leaves_the_readers_view(self, desk):
        desk.say(item("a", "secret text"))
        outcome = desk.say(Skipped("a", "too large"))

        assert (outcome.counts.skipped, entries(desk.store)) == (1, {})
        assert desk.store.totals("c") == Totals(items=0, skipped=1, failures=0)
        assert desk.say(item("a", None)).counts.failed == 1

    def test_a_skipped_item_that_can_be_read_is_created(self, desk):
        desk.say(Skipped("a", "too large"))

        assert desk.say(item("a")).counts.created == 1
        assert list(entries(desk.store)) == ["a"]

    def test_deleted_and_created_again(self, desk):
        desk.say(item("a", "old"))
        assert desk.say(Deleted("a")).counts.deleted == 1
        assert entries(desk.store) == {}

        assert desk.say(item("a", "old")).counts.created == 1
        assert entries(desk.store)["a"].content == "old"

    def test_a_deletion_that_changed_nothing_is_unchanged(self, desk):
        desk.say(item("a"))
        counts = desk.say(Deleted("a"), Deleted("a"), Deleted("never")).counts

        assert (counts.deleted, counts.unchanged) == (1, 2)

    def test_everything_named_is_counted_once(self, desk):
        desk.say(item("a"), item("b"), item("c"))
        counts = desk.say(
            item("a"),
            item("b", "new"),
            item("n"),
            Seen("c"),
            Seen("x"),
            Skipped("k", "big"),
            Deleted("c"),
            Failed("f", "no"),
        ).counts

        assert (counts.created, counts.updated, counts.unchanged) == (1, 1, 2)
        assert (counts.skipped, counts.deleted, counts.failed, counts.named) == (1, 1, 2, 8)

    def test_changed_items_are_told_when_wanted(self, desk):
        desk.say(item("a"))
        outcome = desk.say(item("a"), item("b"), Skipped("k", ""), want_items=True)

        assert [each.id for each in outcome.items] == ["b"]

    def test_any_text_comes_back_as_it_was(self, desk):
        text = "nul \x00, \r\n, \ufeff, \U0001f600, '\"\\, \u202e"
        desk.say(item("a", text, title=text, metadata={text: text}))

        entry = entries(desk.store)["a"]
        assert (entry.content, entry.title, json.loads(entry.metadata)) == (text, text, {text: text})

    # One id in several streams

    def test_of_one_id_in_two_streams_the_newest_edit_is_shown(self, desk):
        old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        desk.say(item("a", "new", updated_at=new), stream="one")
        desk.say(item("a", "old", updated_at=old), stream="two")
        desk.say(item("a", "undated"), stream="three")

        assert entries(desk.store)["a"].content == "new"
        assert desk.store.totals("c").items == 1

    def test_equally_new_the_one_stored_last_is_shown(self, desk):
        desk.say(item("a", "first"), stream="one")
        desk.say(item("a", "second"), stream="two")

        assert entries(desk.store)["a"].content == "second"

    def test_it_is_gone_only_when_all_are(self, desk):
        desk.say(item("a", "first"), stream="one")
        desk.say(item("a", "second"), stream="two")
        desk.say(Deleted("a"), stream="two")
        assert entries(desk.store)["a"].content == "first"

        desk.say(Deleted("a"), stream="one")
        assert entries(desk.store) == {}

    def test_the_same_id_of_another_connector_is_another_item(self, desk):
        desk.say(item("a", "mine"))
        Desk(desk.store, "other").say(item("a", "theirs"))

        assert len(list(desk.store.snapshot())) == 2
        assert entries(desk.store, "other")["a"].content == "theirs"

    # Runs and totals

    def test_a_run_is_remembered_with_counts_and_errors(self, desk, clock):
        desk.say(item("a"), item("b"), Failed("x", "no"))
        began = clock()
        clock.turn(minutes=5)
        desk.passed()
        desk.store.end_run(desk.run, "partial", ["one", "two"])

        (run,) = desk.store.runs("c", 10)
        assert (run.status, run.errors, run.started_at, run.ended_at) == ("partial", ["one", "two"], began, clock())
        assert (run.counts.created, run.counts.failed, run.counts.swept) == (2, 1, 2)

    def test_a_run_that_never_ended_was_interrupted(self, desk):
        desk.say(item("a"))
        other = Desk(desk.store, "other")
        Desk(desk.store)

        assert [run.status for run in desk.store.runs("c", 10)] == ["running", "interrupted"]
        assert [run.counts.created for run in desk.store.runs("c", 10)] == [0, 1]
        assert [run.status for run in other.store.runs("other", 10)] == ["running"]

    def test_the_latest_runs_come_first(self, desk):
        for _ in range(4):
            desk.next_run()

        assert [run.id for run in desk.store.runs("c", 2)] == [desk.run, desk.run - 1]

    def test_the_latest_run_of_an_outcome_is_told(self, desk):
        for status in ("ok", "partial", "failed", "part: ok"):
            desk.next_run(status)
        first = desk.run - 4
        desk.store.end_run(desk.run, "part: failed", [])

        assert [desk.store.last_run("c", each).id - first for each in ("ok", "partial", "part: ok")] == [0, 1, 3]
        assert desk.store.last_run("c").status == "failed"
        assert desk.store.last_run("c", "refused") is None
        assert desk.store.last_run("nobody") is None

    def test_dropped_items_count_as_swept(self, desk):
        desk.say(*items(3))
        desk.drop("s")

        assert desk.store.runs("c", 1)[0].counts.swept == 3

    def test_totals_count_items_skipped_and_failures(self, desk):
        desk.say(item("a"), item("b"), Skipped("k", ""), Failed("a", ""), Failed("n", ""))
        desk.say(Deleted("b"))

        assert desk.store.totals("c") == Totals(items=1, skipped=1, failures=2)
        assert desk.store.totals("nobody") == Totals()

    def test_connectors_are_told(self, desk):
        Desk(desk.store, "b").say(item("a"))

        assert list(desk.store.connectors()) == ["b", "c"]

    # Purge

    def test_purge_removes_items_failures_and_progress(self, desk):
        desk.passed(item("a"), Failed("x", "no"), stream="one", cursor=1)
        desk.passed(item("b"), stream="two")

        assert desk.store.purge("c", ["one"]) == Removal(1, ["one"])
        assert (list(entries(desk.store)), desk.failing(), list(desk.store.streams("c"))) == (["b"], [], ["two"])

    def test_purge_of_all_leaves_other_connectors(self, desk):
        desk.passed(item("a"), stream="one")
        desk.passed(item("b"), stream="two")
        Desk(desk.store, "other").say(item("z"))
        desk.store.purge("c")

        assert list(entries(desk.store)) == ["z"]

    def test_purge_of_an_unknown_stream_says_so(self, desk):
        with pytest.raises(StoreError, match="'nowhere'"):
            desk.store.purge("c", ["nowhere"])

    # All or nothing

    def test_one_wrong_change_stores_nothing_of_the_batch(self, desk):
        desk.passed(item("a"), cursor=1)
        broken = item("c", metadata={"x": object()})
        with pytest.raises(TypeError):
            desk.say(item("b"), broken, cursor=2)

        assert (desk.ids(), desk.store.stream("c", "s").cursor) == (["a"], 1)

    def test_a_cursor_that_is_no_json_stores_nothing_of_the_batch(self, desk):
        desk.passed(item("a"), cursor=1)
        with pytest.raises(TypeError):
            desk.say(item("b"), cursor=object())

        assert (desk.ids(), desk.store.stream("c", "s").cursor) == (["a"], 1)
        assert desk.store.runs("c", 1)[0].counts.created == 1

    @pytest.mark.parametrize("cursor", [0, "", False, [], {"a": [1, None, "ü"]}, 1.5, 10**30], ids=repr)
    def test_every_json_cursor_comes_back(self, desk, cursor):
        desk.passed(cursor=cursor)
        desk.begin()
        desk.say(cursor=cursor, in_pass=True)

        row = desk.store.stream("c", "s")
        assert (row.cursor, row.open_pass.cursor) == (cursor, cursor)

    def test_all_is_there_after_opening_again(self, desk, folder, clock):
        desk.passed(item("a", version="v1"), cursor=[1])
        desk.store.close()
        again = self.make(folder, clock)

        assert entries(again)["a"].content == "text"
        assert again.stream("c", "s").cursor == [1]
        again.close()

    # Backup

    def test_a_backup_is_taken_while_all_is_open_and_put_back(self, desk, tmp_path):
        desk.passed(item("a", "then"), cursor=1)
        backup = tmp_path / "backup"
        desk.store.backup(backup)
        desk.passed(item("a", "now"), item("b"), cursor=2)
        desk.store.restore(backup)

        assert {entry.id: entry.content for entry in desk.store.snapshot()} == {"a": "then"}
        assert desk.store.stream("c", "s").cursor == 1
        assert desk.say(item("a", "later")).counts.updated == 1

    def test_a_backup_that_is_missing_or_broken_changes_nothing(self, desk, tmp_path):
        desk.passed(item("a"))
        broken = tmp_path / "broken"
        broken.write_bytes(b"garbage" * 1000)

        for source in (tmp_path / "missing", broken):
            with pytest.raises(StoreError):
                desk.store.restore(source)
        assert list(entries(desk.store)) == ["a"]

    def test_a_backup_that_cannot_be_written_leaves_nothing_behind(self, desk, tmp_path):
        with pytest.raises(StoreError, match="nowhere"):
            desk.store.backup(tmp_path / "nowhere" / "backup")
