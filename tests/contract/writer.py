"""What every writer owes the engine: progress, passes, sweeps, runs. `Overlay` owes it too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aragora_sync.core.changes import Deleted, Failed, Seen, Skipped
from aragora_sync.core.source import Stream
from aragora_sync.store.base import PassKind, Refusal, Writer

from ..clock import FakeClock
from .desk import Desk, item, items
from .known import KnownContract


class WriterContract(KnownContract):
    """Subclasses say how a writer is made."""

    def make(self, folder: Path, clock: FakeClock) -> Writer:
        raise NotImplementedError

    @pytest.fixture
    def store(self, folder: Path, clock: FakeClock) -> Writer:
        return self.make(folder, clock)

    @pytest.fixture
    def desk(self, store: Writer) -> Desk:
        return Desk(store)

    # Passes

    def test_a_stream_that_was_never_met_is_not_there(self, desk):
        assert desk.store.stream("c", "s") is None
        assert desk.store.streams("c") == {}
        assert desk.ids() == []

    def test_a_begun_pass_has_kind_fingerprint_time_and_no_cursor(self, desk, clock):
        desk.begin(kind=PassKind.FULL, fingerprint="abc")

        row = desk.store.stream("c", "s")
        assert (row.generation, row.title, row.cursor, row.fingerprint) == (1, "title of s", None, None)
        assert (row.open_pass.kind, row.open_pass.fingerprint) == (PassKind.FULL, "abc")
        assert (row.open_pass.began_at, row.open_pass.cursor) == (clock(), None)
        assert desk.store.streams("c") == {"s": row}

    def test_cursor_of_a_pass_and_of_the_changes_are_kept_apart(self, desk):
        desk.passed(item("a"), cursor={"since": 1})
        desk.begin()
        desk.say(item("a"), cursor={"page": "x"}, in_pass=True)
        desk.say(item("b"), cursor={"since": 2})

        row = desk.store.stream("c", "s")
        assert (row.cursor, row.open_pass.cursor) == ({"since": 2}, {"page": "x"})

    def test_a_batch_without_cursor_leaves_both(self, desk):
        desk.passed(item("a"), cursor=1)
        desk.begin()
        desk.say(item("a"), cursor=2, in_pass=True)
        desk.say(item("b"), in_pass=True)
        desk.say(item("b"))

        row = desk.store.stream("c", "s")
        assert (row.cursor, row.open_pass.cursor) == (1, 2)

    def test_a_finished_pass_gives_cursor_options_and_the_time_of_its_begin(self, desk, clock):
        desk.begin(fingerprint="new")
        began = clock()
        clock.turn(hours=3)
        desk.end(cursor=["x", 1])

        row = desk.store.stream("c", "s")
        assert (row.cursor, row.fingerprint, row.reconciled_at, row.open_pass) == (["x", 1], "new", began, None)

    def test_a_new_pass_replaces_the_open_one_in_a_new_generation(self, desk):
        desk.passed(cursor="c0")
        desk.begin()
        desk.say(item("a"), cursor="c1", in_pass=True)
        desk.begin(kind=PassKind.FULL)

        row = desk.store.stream("c", "s")
        assert (row.generation, row.open_pass.kind, row.open_pass.cursor) == (3, PassKind.FULL, None)
        assert row.cursor == "c0"

    def test_an_expired_cursor_is_dropped_with_the_begin_of_the_pass(self, desk):
        desk.passed(cursor="c0")
        desk.begin(expired=True)

        assert desk.store.stream("c", "s").cursor is None

    def test_forget_clears_cursors_and_passes_and_asks_for_a_full_pass(self, desk):
        for name in ("one", "two"):
            desk.passed(stream=name, cursor="c0")
            desk.begin(name)
        desk.store.forget("c")

        for row in desk.store.streams("c").values():
            assert (row.cursor, row.open_pass, row.due) == (None, None, PassKind.FULL)

    def test_forget_of_one_stream_leaves_the_others_and_other_connectors(self, desk):
        for name in ("one", "two"):
            desk.passed(stream=name, cursor="c0")
        other = Desk(desk.store, "other")
        other.passed(stream="one", cursor="c9")
        desk.store.forget("c", ["one"])

        assert [row.due for row in desk.store.streams("c").values()] == [PassKind.FULL, None]
        assert desk.store.stream("other", "one").cursor == "c9"

    def test_what_was_asked_for_is_no_longer_due_when_it_begins(self, desk):
        desk.passed(cursor="c0")
        desk.store.forget("c")
        desk.begin(kind=PassKind.FULL)

        assert desk.store.stream("c", "s").due is None

    def test_lost_access_is_remembered_until_it_returns(self, desk):
        desk.store.note_access("c", Stream("s", "Sales"), "no share")
        assert desk.store.stream("c", "s").lost == "no share"
        assert desk.store.stream("c", "s").generation == 0

        desk.store.note_access("c", Stream("s", "Sales"), "")
        assert desk.store.stream("c", "s").lost == ""

    def test_a_finished_pass_proves_access(self, desk):
        desk.store.note_access("c", Stream("s"), "no share")
        desk.passed()

        assert desk.store.stream("c", "s").lost == ""

    # Sweeps

    def test_a_sweep_removes_what_the_pass_did_not_name(self, desk):
        desk.passed(item("a"), item("b"), Skipped("c", "binary"))
        swept = desk.passed(item("a"))

        assert (swept.removed, swept.refusal) == (2, None)
        assert desk.ids() == ["a"]

    @pytest.mark.parametrize(
        "named",
        [item("a"), item("a", "new"), Seen("a"), Seen("a", "v2"), Failed("a", "no"), Skipped("a", "big")],
        ids=str,
    )
    def test_naming_in_any_way_keeps_an_item(self, desk, named):
        desk.passed(item("a"))

        assert desk.passed(named).removed == 0
        assert desk.ids() == ["a"]

    def test_what_an_incremental_read_names_during_a_pass_is_kept(self, desk):
        desk.passed(item("a"), item("b"))
        desk.begin()
        desk.say(Seen("a"), cursor="inc")
        desk.say(item("c"))

        assert desk.end().removed == 1
        assert desk.ids() == ["a", "c"]

    def test_a_sweep_touches_no_other_stream(self, desk):
        desk.passed(item("a"), stream="one")
        desk.passed(item("a"), stream="two")
        desk.passed(stream="one")

        assert (desk.ids("one"), desk.ids("two")) == ([], ["a"])

    def test_a_sweep_ends_failures_that_were_not_named_again(self, desk):
        desk.passed(Failed("x", "no"), Failed("y", "no"))
        desk.passed(Failed("y", "no"))

        assert desk.failing() == ["y"]

    def test_a_failure_below_an_item_that_was_seen_is_kept(self, desk):
        desk.passed(item("a"))
        desk.say(Failed("a", "no"))
        desk.passed(Seen("a"))

        assert desk.failing() == ["a"]

    @pytest.mark.parametrize(
        ("held", "gone", "refused"), [(19, 19, False), (20, 10, False), (20, 11, True), (20, 20, True), (21, 11, True)]
    )
    def test_guard_refuses_more_than_half_of_twenty_or_more(self, desk, held, gone, refused):
        everything = items(held)
        desk.passed(*everything)
        swept = desk.passed(*everything[gone:], cursor="on")

        assert swept.refusal == (Refusal(gone, held) if refused else None)
        assert swept.removed == (0 if refused else gone)
        assert len(desk.ids()) == (held if refused else held - gone)

    def test_cursor_goes_on_and_the_refusal_is_remembered(self, desk):
        desk.passed(*items(20))
        desk.passed(cursor="on")

        row = desk.store.stream("c", "s")
        assert (row.cursor, row.open_pass, row.refusal) == ("on", None, Refusal(20, 20))

    def test_a_refused_sweep_removes_no_failure_either(self, desk):
        desk.passed(*items(20), Failed("x", "no"))
        desk.passed()

        assert desk.failing() == ["x"]

    def test_the_next_pass_that_sweeps_ends_the_refusal(self, desk):
        desk.passed(*items(20))
        desk.passed()
        desk.passed(*items(15))

        assert desk.store.stream("c", "s").refusal is None
        assert len(desk.ids()) == 15

    def test_without_guard_everything_may_go(self, desk):
        desk.passed(*items(40))

        assert desk.passed(guard=False).removed == 40
        assert desk.ids() == []

    def test_tombstones_do_not_count_for_the_guard(self, desk):
        desk.passed(*items(20))
        desk.say(*[Deleted(each.id) for each in items(5)])

        assert desk.passed(*items(5, first=15)).refusal is None

    # Streams that are gone

    def test_a_dropped_stream_leaves_with_everything(self, desk):
        desk.passed(item("a"), Failed("x", "no"), stream="one", cursor="c1")
        desk.begin("one")

        assert desk.drop("one").removed == 1
        assert desk.store.streams("c") == {}
        assert desk.store.stream("c", "one") is None
        assert (desk.ids("one"), desk.failing()) == ([], [])

    def test_a_stream_that_returns_begins_in_a_higher_generation(self, desk):
        desk.passed(item("a"), cursor="c1")
        desk.drop("s")
        desk.begin()

        row = desk.store.stream("c", "s")
        assert (row.generation, row.cursor, row.fingerprint, row.reconciled_at) == (2, None, None, None)
        assert desk.say(item("a")).counts.created == 1

    @pytest.mark.parametrize(("gone", "refused"), [(10, False), (11, True)])
    def test_guard_of_a_drop_counts_the_whole_connector(self, desk, gone, refused):
        desk.passed(*items(gone), stream="gone")
        desk.passed(*items(20 - gone), stream="here")
        Desk(desk.store, "other").passed(*items(100))
        swept = desk.drop("gone")

        assert swept.refusal == (Refusal(11, 20) if refused else None)
        assert set(desk.store.streams("c")) == ({"gone", "here"} if refused else {"here"})

    def test_a_refused_drop_is_remembered_and_unguarded_goes_through(self, desk):
        desk.passed(*items(20), stream="gone")
        desk.drop("gone")
        assert desk.store.stream("c", "gone").refusal == Refusal(20, 20)

        assert desk.drop("gone", guard=False).removed == 20

    def test_several_streams_are_dropped_together_or_not_at_all(self, desk):
        desk.passed(*items(8), stream="one")
        desk.passed(*items(8), stream="two")
        desk.passed(*items(8), stream="here")

        assert desk.drop("one", "two").refusal == Refusal(16, 24)
        assert len(desk.ids("one")) == len(desk.ids("two")) == 8

    # Failures

    def test_a_failure_is_remembered_with_error_ref_and_time(self, desk, clock):
        desk.say(Failed("a", "403", ref="R"), Failed("b", "500"))

        first, second = desk.store.failures("c")
        assert (first.stream, first.id, first.ref, first.error, first.attempts) == ("s", "a", "R", "403", 1)
        assert (second.ref, second.next_at) == ("b", clock() + timedelta(minutes=1))

    def test_attempts_count_runs_and_the_rest_doubles_up_to_a_day(self, desk, clock):
        rests = []
        for _ in range(14):
            desk.say(Failed("a", "no"), Failed("a", "no"))
            desk.say(Failed("a", "no"))
            (failure,) = desk.store.failures("c")
            rests.append((failure.attempts, failure.next_at - clock()))
            desk.next_run()

        assert rests[:3] == [(1, timedelta(minutes=1)), (2, timedelta(minutes=2)), (3, timedelta(minutes=4))]
        assert rests[-1] == (14, timedelta(days=1))

    def test_only_failures_whose_rest_is_over_are_due(self, desk, clock):
        desk.say(Failed("a", "no"), stream="one")
        desk.say(Failed("b", "no"), stream="two")
        assert list(desk.store.failures("c", due_at=clock())) == []

        clock.turn(minutes=1)
        assert [failure.id for failure in desk.store.failures("c", due_at=clock())] == ["a", "b"]
        assert [failure.id for failure in desk.store.failures("c", "two", clock())] == ["b"]

    @pytest.mark.parametrize("answer", [item("a"), item("a", "new"), Skipped("a", "big"), Deleted("a")], ids=str)
    def test_item_skipped_and_deleted_end_a_failure(self, desk, answer):
        desk.say(item("a"))
        desk.say(Failed("a", "no"))
        desk.say(answer)

        assert desk.failing() == []

    def test_seen_ends_no_failure_and_keeps_its_ref(self, desk):
        desk.say(item("a"))
        desk.say(Failed("a", "no", ref="R"))
        desk.say(Seen("a", "v2"))

        (failure,) = desk.store.failures("c")
        assert (failure.error, failure.ref) == ("no", "R")
        assert desk.versions() == {"a": ""}

    def test_a_failure_that_was_never_an_item_keeps_its_ref_when_seen(self, desk):
        desk.say(Failed("a", "403", ref="R"))
        desk.say(Seen("a"))

        (failure,) = desk.store.failures("c")
        assert (failure.error, failure.ref) == ("403", "R")

    def test_seen_of_something_not_held_becomes_a_failure(self, desk):
        desk.say(item("a"))
        desk.say(Deleted("a"))
        outcome = desk.say(Seen("a"), Seen("never"))

        assert outcome.counts.failed == 2
        assert desk.failing() == ["a", "never"]

    def test_an_item_without_content_of_which_nothing_is_held_becomes_a_failure(self, desk):
        desk.say(Skipped("skipped", "big"), item("deleted"), item("failing"))
        desk.say(Deleted("deleted"), Failed("failing", "no"))
        outcome = desk.say(*[item(each, None) for each in ("new", "skipped", "deleted", "failing")])

        assert outcome.counts.failed == 4
        assert desk.failing() == ["deleted", "failing", "new", "skipped"]

    # A failure that nobody can fetch

    def test_such_a_failure_holds_the_cursor_back_for_three_runs(self, desk):
        desk.passed(cursor=0)
        held = []
        for cursor in range(1, 5):
            held.append(desk.say(Failed("a", "no"), cursor=cursor, hold=True).held)
            desk.next_run()

        assert held == [True, True, True, False]
        assert desk.store.stream("c", "s").cursor == 4

    def test_a_failure_that_is_only_seen_again_holds_no_longer(self, desk):
        desk.passed(item("a"), cursor=0)
        desk.say(Failed("a", "no"), cursor=1, hold=True)
        held = []
        for cursor in range(2, 5):
            desk.next_run()
            held.append(desk.say(Seen("a"), cursor=cursor, hold=True).held)

        assert held == [True, True, False]

    def test_an_old_failure_that_ended_holds_nothing(self, desk):
        desk.passed(cursor=0)
        desk.say(Failed("a", "no"), cursor=1, hold=True)

        assert not desk.say(item("a"), cursor=1, hold=True).held
        assert desk.store.stream("c", "s").cursor == 1

    # Several batches in one transaction

    def test_streams_holding_finds_items_failures_and_refs(self, desk):
        desk.say(item("a"), stream="one")
        desk.say(Failed("a", "no"), Failed("b", "no", ref="R"), stream="two")
        desk.say(item("a"), stream="three")
        desk.say(Deleted("a"), stream="three")

        assert list(desk.store.streams_holding("c", "a")) == ["one", "two"]
        assert list(desk.store.streams_holding("c", "R")) == ["two"]
        assert list(desk.store.streams_holding("other", "a")) == []
