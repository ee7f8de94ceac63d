"""Items that cannot be read: said, asked for again, and never forgotten."""

from __future__ import annotations

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.engine.result import Status

from .house import FULL, RECONCILE


def fail(house, *ids, stream="s", fails=True):
    for item_id in ids:
        house.world.parts[stream].things[item_id].fails = fails


def test_an_unreadable_item_is_a_failure_and_the_rest_goes_on(build):
    house = build(things=3)
    fail(house, "i01")
    result = house.run()

    assert (result.status, result.failures_waiting, result.counts.created) == (Status.PARTIAL, 1, 2)
    assert house.row().cursor is not None


@pytest.mark.parametrize("refs", [False, True])
def test_it_is_fetched_when_its_rest_is_over(build, clock, refs):
    house = build(things=3)
    house.world.refs = refs
    fail(house, "i01")
    house.run()
    fail(house, "i01", fails=False)
    house.run()
    assert len(house.reads()) == 1

    clock.turn(minutes=2)
    result = house.run()
    assert house.reads()[1:] == ["fetch s " + ("ref:i01" if refs else "i01")]
    assert (result.status, result.counts.created) == (Status.OK, 1)


def test_it_rests_longer_each_time(build, clock):
    house = build(things=2)
    fail(house, "i00")
    house.run()
    asked = 0
    for _ in range(60):
        clock.turn(minutes=1)
        house.run()
        asked += any(request.startswith("fetch") for request in house.reads())

    assert asked == 5  # after 1, 3, 7, 15 and 31 minutes


def test_a_failing_item_keeps_its_old_text(build):
    house = build(things=2)
    house.run()
    house.world.edit("i00", "new")
    fail(house, "i00")
    house.run()

    assert house.held()["i00"] == ("title", "text 0")


def test_many_are_fetched_in_pages(build, clock):
    house = build()
    for number in range(250):
        house.world.add(f"i{number}")
        fail(house, f"i{number}")
    house.world.add("last")  # the moment of the last event is read again by each run
    house.run()
    clock.turn(minutes=2)
    house.run()

    fetches = [request for request in house.reads() if request.startswith("fetch")]
    assert [len(request.split()) - 2 for request in fetches] == [100, 100, 50]


def test_what_was_deleted_meanwhile_is_no_failure_any_more(build, clock):
    house = build("updated", things=2)
    fail(house, "i00")
    house.run()
    house.world.remove("i00")
    clock.turn(minutes=2)

    assert house.run().status is Status.OK


def test_fetching_never_moves_a_cursor(build, clock):
    house = build(things=2, options={"max_retries": 0})
    fail(house, "i00")
    house.run()
    before = house.row().cursor
    clock.turn(minutes=2)
    house.run(items=("i00",))

    assert house.row().cursor == before


def test_failures_of_an_atomic_stream_are_fetched_too(build, clock):
    house = build("atomic", things=2)
    fail(house, "i00")
    house.run()
    fail(house, "i00", fails=False)
    clock.turn(minutes=2)

    assert house.run().status is Status.OK
    assert house.held() == house.world.truth()


def test_under_an_unlistable_folder_everything_known_is_kept(build):
    house = build("unordered")
    house.world.add("d")
    for number in range(5):
        house.world.add(f"x{number}", parent="d")
    house.run()
    house.world.parts["s"].things["d"].unlistable = True
    result = house.run(kind=RECONCILE)

    assert (result.status, result.counts.swept, result.counts.unchanged) == (Status.PARTIAL, 0, 5)
    assert len(house.held()) == 6


def test_also_in_a_full_pass(build):
    house = build("unordered")
    house.world.add("d")
    house.world.add("x", parent="d")
    house.run()
    house.world.parts["s"].things["d"].unlistable = True

    assert house.run(kind=FULL).counts.swept == 0
    assert set(house.held()) == {"d", "x"}


# Connectors that cannot fetch


@pytest.mark.parametrize("manner", ["events", "updated", "sorted", "newest", "atomic"])
def test_without_fetch_a_failure_holds_the_cursor_back_for_three_runs(build, manner):
    house = build(manner, things=2, fetches=False)
    house.run()
    held_at = house.row().cursor
    house.world.edit("i00", "new")
    fail(house, "i00")
    cursors = []
    for _ in range(4):
        house.run()
        cursors.append(house.row().cursor)

    assert cursors[:3] == [held_at] * 3
    assert cursors[3] != held_at


def test_it_holds_back_all_later_batches_of_the_run_too(build):
    house = build("events", things=2, fetches=False, options={"batch_size": 1, "page": 1})
    house.run()
    held_at = house.row().cursor
    house.world.edit("i00", "new")
    house.world.edit("i01", "new")
    fail(house, "i00")
    house.run()

    assert house.row().cursor == held_at
    assert house.held()["i01"] == ("title", "new")


def test_then_a_reconcile_asks_for_it(build, clock):
    house = build("events", things=2, fetches=False)
    house.run()
    house.world.edit("i00", "new")
    fail(house, "i00")
    for _ in range(4):
        house.run()
    fail(house, "i00", fails=False)
    assert len(house.reads()) == 1
    clock.turn(minutes=8)
    result = house.run()

    assert house.reads()[-1] == "read s from None"
    assert (result.status, house.held()) == (Status.OK, house.world.truth())


def test_a_failure_that_mends_in_time_is_read_without_a_pass(build):
    house = build("events", things=2, fetches=False)
    house.run()
    house.world.edit("i00", "new")
    fail(house, "i00")
    house.run()
    fail(house, "i00", fails=False)

    assert house.run().status is Status.OK
    assert house.held() == house.world.truth()
    assert len(house.reads()) == 1


def test_a_failure_in_the_first_pass_keeps_the_pass_open_for_three_runs(build):
    house = build("events", things=2, fetches=False)
    fail(house, "i00")
    opened = []
    for _ in range(4):
        house.run()
        opened.append(house.row().open_pass is not None)

    assert opened == [True, True, True, False]


def test_an_unordered_listing_has_no_cursor_to_hold(build):
    house = build("unordered", things=2, fetches=False)
    fail(house, "i00")

    house.run()
    assert house.row().open_pass is None


# Single items


def test_a_single_item_is_fetched_and_nothing_else(build):
    house = build(things=3)
    house.run()
    house.world.edit("i01", "new")
    house.world.edit("i02", "new")
    result = house.run(items=("i01",))

    assert house.reads() == ["fetch s i01"]
    assert (result.counts.updated, house.held()["i02"]) == (1, ("title", "text 2"))


def test_it_is_asked_of_the_streams_that_hold_it(build):
    house = build(one="events", two="events")
    house.world.add("x", stream="two")
    house.run()

    house.run(items=("x",))
    assert house.reads() == ["fetch two x"]

    house.run(items=("unknown",))
    assert house.reads() == ["fetch one unknown", "fetch two unknown"]


def test_during_an_open_pass_it_counts_as_named(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.run()
    house.world.raises_at(14, TransientError("cut"), 99)
    house.run(kind=RECONCILE)
    house.world.calm()
    house.run(items=("i11",))
    assert house.row().open_pass is not None

    assert house.run().counts.swept == 0


@pytest.mark.parametrize(
    ("fetches", "ran", "hide", "says"),
    [
        (False, True, "", "cannot read single items"),
        (True, False, "", "ever read"),
        (True, True, "z", "options changed"),
    ],
)
def test_why_it_cannot_be_fetched_is_said_with_the_next_step(build, fetches, ran, hide, says):
    house = build(things=2, fetches=fetches)
    if ran:
        house.run()
    house.options["hide"] = hide
    result = house.run(items=("i00",))

    assert says in result.errors[0]
    assert "run" in result.stream_errors[0].hint
    assert not result.success
