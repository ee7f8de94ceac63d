"""The change feed: who follows it holds what the store holds, or is told to start from a snapshot."""

from __future__ import annotations

import pytest

from aragora_sync.core.changes import Deleted, Seen, Skipped
from aragora_sync.core.errors import PositionLost
from aragora_sync.store.base import Gone

from .desk import Desk, ids_told, item, items, told


class FeedContract:
    """Needs the fixtures `desk`, `folder`, `clock` and the method `make`."""

    def test_a_snapshot_gives_the_position_to_go_on_from(self, desk):
        desk.say(item("a"), item("b"))
        changes, position = told(desk.store.snapshot())

        assert ids_told(changes) == ["a", "b"]
        assert told(desk.store.feed(position)) == ([], position)

    def test_of_an_empty_store_too(self, desk):
        _, position = told(desk.store.snapshot())
        desk.say(item("a"))

        assert ids_told(told(desk.store.feed(position))[0]) == ["a"]

    def test_it_tells_creates_updates_deletions_and_revivals_in_order_of_change(self, desk):
        desk.say(item("a"), item("b"), item("c"), item("d"))
        _, position = told(desk.store.snapshot())
        desk.say(Deleted("b"), item("a", "new"), item("e"), Seen("d"))
        changes, position = told(desk.store.feed(position))
        assert ids_told(changes) == ["-b", "a", "e"]

        desk.say(item("b"))
        assert ids_told(told(desk.store.feed(position))[0]) == ["b"]

    def test_each_id_is_told_once_as_it_is_now(self, desk):
        _, position = told(desk.store.snapshot())
        desk.say(item("a", "1"), item("b"))
        desk.say(item("a", "2"))
        changes, _ = told(desk.store.feed(position))

        assert ids_told(changes) == ["b", "a"]
        assert changes[1].content == "2"

    def test_what_was_skipped_is_gone_for_readers(self, desk):
        desk.say(item("a"))
        _, position = told(desk.store.snapshot())
        desk.say(Skipped("a", "too large"), Skipped("b", "binary"))

        assert ids_told(told(desk.store.feed(position))[0]) == ["-a"]

    def test_swept_and_dropped_items_are_told(self, desk):
        desk.passed(item("a"), item("b"), stream="one")
        desk.passed(item("c"), stream="two")
        _, position = told(desk.store.snapshot())
        desk.passed(item("a"), stream="one")
        desk.drop("two")

        assert ids_told(told(desk.store.feed(position))[0]) == ["-b", "-c"]

    def test_a_refused_sweep_is_not_told(self, desk):
        desk.passed(*items(20))
        _, position = told(desk.store.snapshot())
        desk.passed()

        assert told(desk.store.feed(position))[0] == []

    def test_an_id_that_another_stream_still_holds_is_told_as_it_is_there(self, desk):
        desk.say(item("a", "one"), stream="one")
        desk.say(item("a", "two"), stream="two")
        _, position = told(desk.store.snapshot())
        desk.say(Deleted("a"), stream="two")
        changes, position = told(desk.store.feed(position))
        assert [(change.id, change.content) for change in changes] == [("a", "one")]

        desk.say(Deleted("a"), stream="one")
        changes, _ = told(desk.store.feed(position))
        assert [type(change) for change in changes] == [Gone]

    def test_one_connector_can_be_followed_alone(self, desk):
        _, position = told(desk.store.snapshot())
        desk.say(item("a"))
        Desk(desk.store, "other").say(item("b"), Deleted("b"), item("c"))

        assert ids_told(told(desk.store.feed(position, "c"))[0]) == ["a"]
        assert ids_told(told(desk.store.feed(position, "other"))[0]) == ["-b", "c"]

    def test_places_in_the_feed_only_rise(self, desk):
        places = []
        for content in ("1", "2", "3"):
            desk.say(item("a", content), item("b", content))
            places += [entry.seq for entry in desk.store.snapshot()]

        assert places == sorted(set(places))

    def test_a_reader_sees_one_moment_while_others_write(self, desk):
        desk.say(item("a"), item("b"))
        snapshot = desk.store.snapshot()
        reading = iter(snapshot)
        first = next(reading)
        desk.say(item("b", "new"), item("c"))

        assert [first.id, *(entry.id for entry in reading)] == ["a", "b"]
        assert ids_told(told(desk.store.feed(snapshot.position))[0]) == ["b", "c"]

    def test_a_position_outlives_the_program_that_gave_it(self, desk, folder, clock):
        desk.say(item("a"))
        _, position = told(desk.store.snapshot())
        desk.store.close()
        again = self.make(folder, clock)
        Desk(again).say(item("b"))

        assert ids_told(told(again.feed(position))[0]) == ["b"]
        again.close()

    # Positions that are worth nothing

    @pytest.mark.parametrize("position", ["", "nonsense", "a:b", "abc:5", "abc:-1", ":", "start:1", "٣:٣"])
    def test_nonsense_is_lost_with_the_next_step(self, desk, position):
        with pytest.raises(PositionLost) as caught:
            desk.store.feed(position)

        assert "export" in caught.value.hint

    def test_a_position_of_another_store_is_lost(self, desk, tmp_path, clock):
        desk.say(item("a"))
        other = Desk(self.make(tmp_path / "elsewhere", clock))
        other.say(item("a"))
        _, position = told(other.store.snapshot())
        other.store.close()

        with pytest.raises(PositionLost):
            desk.store.feed(position)

    def test_a_position_after_the_backup_is_lost_when_it_is_put_back(self, desk, tmp_path):
        desk.say(item("a"))
        _, early = told(desk.store.snapshot())
        desk.store.backup(tmp_path / "backup")
        desk.say(item("b"), item("c"))
        _, late = told(desk.store.snapshot())
        desk.store.restore(tmp_path / "backup")
        with pytest.raises(PositionLost):
            desk.store.feed(late)

        desk.say(item("d"), item("e"), item("f"))
        with pytest.raises(PositionLost):
            desk.store.feed(late)
        assert ids_told(told(desk.store.feed(early))[0]) == ["d", "e", "f"]

    def test_also_when_another_program_writes_on_after_the_restore(self, desk, tmp_path, folder, clock):
        other = Desk(self.make(folder, clock), "other")
        other.say(item("x"))
        desk.store.backup(tmp_path / "backup")
        other.say(item("y"), item("z"))
        _, late = told(other.store.snapshot())
        desk.store.restore(tmp_path / "backup")
        _, restored = told(other.store.snapshot())
        other = Desk(other.store, "other")
        other.say(item("p"), item("q"), item("r"))

        with pytest.raises(PositionLost):
            desk.store.feed(late)
        assert ids_told(told(desk.store.feed(restored))[0]) == ["p", "q", "r"]
        other.store.close()

    def test_a_position_from_between_is_not_taken_for_a_later_one(self, desk, tmp_path, folder, clock):
        """Put back twice, the same numbers were given three times; each belongs to its own history."""
        desk.say(item("a"))
        desk.store.backup(tmp_path / "backup")
        positions = []
        for _ in range(3):
            desk.say(item("b", f"text {len(positions)}"), item("c"))
            positions.append(told(desk.store.snapshot())[1])
            desk.store.restore(tmp_path / "backup")
        desk.say(item("d"), item("e"), item("f"))

        for position in positions:
            with pytest.raises(PositionLost):
                desk.store.feed(position)

    def test_a_position_before_forgotten_deletions_is_lost(self, desk, clock):
        desk.say(item("a"), item("b"))
        _, early = told(desk.store.snapshot())
        desk.say(Deleted("a"))
        _, late = told(desk.store.snapshot())
        clock.turn(days=40)
        assert desk.store.purge_tombstones(clock()) == 1

        with pytest.raises(PositionLost):
            desk.store.feed(early)
        assert told(desk.store.feed(late))[0] == []

    def test_deletions_are_remembered_for_thirty_days(self, desk, clock):
        desk.say(item("a"))
        _, position = told(desk.store.snapshot())
        desk.say(Deleted("a"))
        clock.turn(days=29)
        desk.next_run()
        assert ids_told(told(desk.store.feed(position))[0]) == ["-a"]

        clock.turn(days=2)
        desk.next_run()
        with pytest.raises(PositionLost):
            desk.store.feed(position)

    def test_who_holds_nothing_needs_no_forgotten_deletion(self, desk, clock):
        _, nothing = told(desk.store.snapshot())
        desk.say(item("a"), item("b"))
        desk.say(Deleted("a"))
        clock.turn(days=40)
        desk.store.purge_tombstones(clock())

        assert ids_told(told(desk.store.feed(nothing))[0]) == ["b"]

    def test_a_position_is_checked_when_the_reading_begins_too(self, desk, tmp_path):
        desk.say(item("a"))
        desk.store.backup(tmp_path / "backup")
        desk.say(item("b"))
        feed = desk.store.feed(told(desk.store.snapshot())[1])
        desk.store.restore(tmp_path / "backup")

        with pytest.raises(PositionLost):
            list(feed)
