"""Hints: what is named is read now, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aragora_sync.core.hints import Hint
from aragora_sync.engine.events import StreamStarted
from aragora_sync.engine.heeding import wanted
from aragora_sync.engine.history import last_run, read_runs
from aragora_sync.engine.result import Status
from aragora_sync.engine.stop import Stop, StopReason


@pytest.mark.parametrize(
    ("hints", "asked"),
    [
        ([Hint("a", ("1",)), Hint("b", ("2", "3"))], {"a": ("1",), "b": ("2", "3")}),
        ([Hint("a", ("1", "2")), Hint("a", ("2", "3"))], {"a": ("1", "2", "3")}),
        ([Hint("a", ("1",)), Hint("a")], {"a": ()}),
        ([Hint("a"), Hint("a", ("1",))], {"a": ()}),
        ([Hint("a", ("1",)), Hint()], None),
    ],
)
def test_what_hints_ask_for_is_asked_for_once(hints, asked):
    assert wanted(hints) == asked


def test_only_the_items_of_a_hint_are_read_and_no_cursor_moves(build):
    house = build("events", things=5)
    house.run()
    cursor = house.row().cursor
    for item in ("i00", "i01", "i02"):
        house.world.edit(item, "edited")
    house.world.remove("i02")
    result = house.run(hints=(Hint("s", ("i00", "i02")),))

    assert (result.status, result.counts.updated, result.counts.deleted, result.streams) == (Status.OK, 1, 1, 1)
    assert house.reads() == ["fetch s i00 i02"]
    assert {house.held()[item][1] for item in ("i00", "i01")} == {"edited", "text 1"}
    assert house.row().cursor == cursor
    assert [event.reading for event in house.of(StreamStarted)] == ["hints"]
    assert house.store.runs("c", 1)[0].counts == result.counts


def test_a_hinted_item_that_cannot_be_read_is_asked_for_again(build):
    house = build("events", things=2)
    house.run()
    house.world.edit("i00", "edited")
    house.world.parts["s"].things["i00"].fails = True
    assert house.run(hints=(Hint("s", ("i00",)),)).failures_waiting == 1
    house.world.mend()
    house.clock.turn(hours=2)

    assert house.run().failures_waiting == 0
    assert house.held()["i00"][1] == "edited"


def test_a_hint_without_items_reads_what_changed_in_its_stream_alone(build):
    house = build(a="events", b="events")
    house.world.add("x", stream="a")
    house.world.add("y", stream="b")
    house.run()
    house.world.edit("x", "edited", stream="a")
    house.world.edit("y", "edited", stream="b")
    house.run(hints=(Hint("a"),))

    assert house.held("a")["x"][1] == "edited"
    assert house.held("b")["y"][1] == "text"
    assert all("b" not in read.split() for read in house.reads())


def test_a_hint_without_a_stream_is_a_run_of_all_that_also_finds_gone_streams(build):
    house = build(a="events", b="events")
    house.world.add("x", stream="a")
    house.world.add("y", stream="b")
    house.run()
    house.world.edit("x", "edited", stream="a")
    house.world.parts["b"].vanished = True
    house.run(hints=(Hint(),))

    assert house.held("a")["x"][1] == "edited"
    assert house.held("b") == {}


def test_hints_of_some_streams_drop_no_other(build):
    house = build(a="events", b="events")
    house.world.add("y", stream="b")
    house.run()
    house.world.parts["b"].vanished = True
    house.run(hints=(Hint("a"),))

    assert "y" in house.held("b")


def test_a_stream_that_was_never_met_is_read_and_one_that_is_none_is_told(build):
    house = build(a="events")
    house.world.add("x", stream="a")
    result = house.run(hints=(Hint("a", ("x",)), Hint("nowhere", ("z",))))

    assert house.held("a") == {"x": ("title", "text")}
    assert result.notes == ["nowhere: hinted at, but not a part of the source"]


def test_who_cannot_fetch_reads_what_changed(build):
    house = build("events", things=3, fetches=False)
    house.run()
    house.world.edit("i00", "edited")
    house.world.edit("i01", "edited")
    house.run(hints=(Hint("s", ("i00",)),))

    assert [house.held()[item][1] for item in ("i00", "i01")] == ["edited", "edited"]


def test_changed_options_ask_for_more_than_hinted_items(build):
    house = build("events", things=3)
    house.world.add("b0")
    house.run()
    house.options["hide"] = "b"
    house.run(hints=(Hint("s", ("i00",)),))

    assert "b0" not in house.held()


def test_a_run_that_is_over_leaves_nothing_behind_at_the_stop_of_the_process():
    stop = Stop()
    children = [Stop(stop) for _ in range(3)]
    kept = children.pop()
    del children[:]
    Stop(stop)
    stop.request(StopReason.TERMINATE)

    assert kept.reason is StopReason.TERMINATE
    assert len(stop._children) <= 2


@pytest.mark.parametrize(("hint", "is_whole"), [(Hint("s", ("i00",)), False), (Hint("s"), False), (Hint(), True)])
def test_a_run_of_hints_stands_for_no_run_of_the_schedule_unless_it_read_all(build, hint, is_whole):
    house = build("events", things=2)
    house.run()
    began = house.clock()
    house.clock.turn(hours=1)
    house.run(hints=(hint,))

    last = last_run(house.store, "c", "t")
    assert last is not None and last.ended
    assert (last.started_at - began >= timedelta(minutes=59)) is is_whole
    assert house.store.last_success("c") == last.started_at
    assert [run.status for run in read_runs(house.store, "c", "t", 2)] == ["ok", "ok"]
