"""What is read, in which order, and from where."""

from __future__ import annotations

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.engine.events import StreamStarted
from aragora_sync.engine.result import Status

from ..world import EXACT, MANNERS
from .house import FULL, RECONCILE

FOREVER = 99


@pytest.mark.parametrize("fetches", [False, True])
@pytest.mark.parametrize("manner", MANNERS)
def test_every_manner_of_reading_ends_equal_to_the_source(build, manner, fetches):
    house = build(manner, things=8, fetches=fetches)
    assert house.run().counts.created == 8

    house.world.edit("i03", "new")
    house.world.remove("i04")
    house.world.add("i99")
    house.run(kind=None if manner in EXACT else RECONCILE)

    assert house.held() == house.world.truth()


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("manner", MANNERS)
def test_what_is_edited_in_the_midst_of_a_full_pass_stays(build, manner, page):
    for step in range(1, 16):
        for thing in ("i00", "i01"):
            house = build(manner, things=3, options={"page": page, "batch_size": 1})
            house.run()
            house.world.at(step, lambda house=house, thing=thing: house.world.edit(thing, "new"))
            house.run(kind=FULL)
            assert house.held().keys() == house.world.truth().keys(), (step, thing)
            house.close()


def test_a_second_run_reads_from_the_cursor(build):
    house = build("sorted", things=2)
    house.run()
    house.run()

    assert house.reads() == [f"read s from {house.row().cursor}"]


def test_an_unordered_listing_is_reconciled_by_every_run(build):
    house = build("unordered", things=5)
    house.run()
    house.world.remove("i00")
    result = house.run()

    assert (result.counts.unchanged, result.counts.swept) == (4, 1)
    assert [event.reading for event in house.of(StreamStarted)] == ["reconcile"]


def test_a_full_pass_reads_everything_again(build):
    house = build("unordered", things=5)
    house.run()
    texts = {each.id: each for each in house.store.snapshot()}
    house.run(kind=FULL)

    assert {each.id: each for each in house.store.snapshot()} == texts
    assert [event.reading for event in house.of(StreamStarted)] == ["full"]


def test_a_full_pass_finds_what_the_version_hides(build):
    house = build("unordered", things=2)
    house.run()
    house.world.parts["s"].things["i00"].text = "changed in secret"
    house.run()
    assert house.held()["i00"] == ("title", "text 0")

    house.run(kind=FULL)
    assert house.held()["i00"] == ("title", "changed in secret")


def test_a_reconcile_comes_after_a_day(build, clock):
    house = build("updated", things=2)
    house.run()
    house.world.remove("i00")
    clock.turn(hours=23)
    assert house.run().counts.swept == 0

    clock.turn(hours=1)
    assert house.run().counts.swept == 1


def test_a_stream_that_tells_of_deletions_needs_no_reconcile(build, clock):
    house = build("events", things=2)
    house.run()
    clock.turn(days=400)
    house.run()

    assert len(house.reads()) == 1


@pytest.mark.parametrize(("hours", "passes"), [(0, 0), (2, 1)])
def test_the_option_says_when_a_reconcile_is_due(build, clock, hours, passes):
    house = build("events", things=2, options={"reconcile_every": hours})
    house.run()
    clock.turn(hours=2)
    house.run()

    assert len(house.reads()) == 1 + passes


def test_a_clock_that_went_back_a_day_makes_a_reconcile_due(build, clock):
    house = build("updated", things=2)
    house.run()
    house.world.remove("i00")
    clock.turn(days=-1)
    result = house.run()

    assert (result.status, result.counts.swept) == (Status.OK, 1)


def test_an_interrupted_pass_goes_on_where_it_was(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.world.raises_at(12, TransientError("cut"), FOREVER)
    assert house.run().status is Status.TRY_LATER
    reached = house.row().open_pass.cursor
    generation = house.row().generation
    house.world.calm()
    house.run()

    assert house.reads() == [f"read s from {reached}"]
    assert house.row().generation == generation
    assert house.held() == house.world.truth()


def test_what_an_open_pass_named_before_it_was_cut_is_not_swept(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.run()
    house.world.raises_at(14, TransientError("cut"), FOREVER)
    house.run(kind=RECONCILE)
    assert house.row().open_pass.cursor is not None
    house.world.calm()

    assert house.run().counts.swept == 0
    assert house.row().open_pass is None


def test_during_an_open_pass_changes_are_read_first(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.run()
    cursor = house.row().cursor
    house.world.raises_at(14, TransientError("cut"), FOREVER)
    house.run(kind=RECONCILE)
    house.world.calm()
    house.run()

    first, second = house.reads()
    assert first == f"read s from {cursor}"
    assert "'after'" in second


def test_a_pass_cut_before_its_first_checkpoint_begins_in_a_new_generation(build):
    house = build("unordered", things=5, options={"max_retries": 0})
    house.run()
    house.world.raises_at(6, TransientError("cut"), FOREVER)
    house.run()
    generation = house.row().generation
    house.world.calm()
    house.run()

    assert house.row().generation == generation + 1


def test_what_the_lost_half_of_a_pass_named_does_not_save_it_later(build):
    house = build("unordered", things=5, options={"max_retries": 1})
    house.run()
    house.world.raises_at(8, TransientError("cut"))
    house.world.at(7, lambda: house.world.remove("i00"))
    house.run()

    assert house.held() == house.world.truth()


def test_full_asked_during_a_reconcile_begins_anew(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.run()
    house.world.raises_at(14, TransientError("cut"), FOREVER)
    house.run(kind=RECONCILE)
    house.world.calm()
    house.run(kind=FULL)

    assert house.reads()[-1] == "read s from None"
    assert house.row().open_pass is None


def test_forgotten_progress_is_a_full_pass(build):
    house = build("sorted", things=2)
    house.run()
    house.store.forget("c")
    house.run()

    assert [event.reading for event in house.of(StreamStarted)] == ["full"]
    assert house.run().counts.created == 0


def test_items_in_two_streams_are_kept_apart(build):
    house = build(one="events", two="events")
    house.world.add("x", "first", stream="one")
    house.world.add("x", "second", stream="two")
    house.run()
    house.world.remove("x", stream="one")
    house.run()

    assert (house.held("one"), house.held("two")) == ({}, {"x": ("title", "second")})


def test_a_moved_item_is_there_once_for_readers(build):
    house = build(one="events", two="events")
    house.world.add("x", stream="one")
    house.run()
    house.world.move("x", "one", "two")
    house.run()

    assert [(entry.id, entry.stream) for entry in house.store.snapshot()] == [("x", "two")]
