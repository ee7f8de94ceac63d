"""Emptiness is suspicious: mass deletions are refused, said, and remembered; what options took out may go."""

from __future__ import annotations

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.engine.result import Status

from .house import FULL, RECONCILE


def remove(house, count, first=0):
    for number in range(first, first + count):
        house.world.remove(f"i{number:02}")


@pytest.fixture
def refused(build):
    """Twenty items, of which the source lost eleven in silence; the reconcile was refused."""
    house = build("updated", things=20)
    house.run()
    remove(house, 11)
    house.result = house.run(kind=RECONCILE)
    return house


def test_a_sweep_of_more_than_half_is_refused_with_its_numbers(refused):
    result = refused.result

    assert (result.status, result.exit_code, result.counts.swept) == (Status.REFUSED, 5, 0)
    assert "11 of 20" in result.errors[0]
    assert "--allow-mass-delete" in result.stream_errors[0].hint
    assert len(refused.held()) == 20


def test_the_refusal_is_reported_by_every_run(refused):
    for _ in range(3):
        result = refused.run()

        assert (result.status, len(result.errors)) == (Status.REFUSED, 1)


def test_new_items_are_still_read(refused):
    refused.world.add("new")
    refused.run()

    assert "new" in refused.held()


def test_until_a_pass_sweeps(refused):
    for number in range(11):
        refused.world.add(f"i{number:02}", f"text {number}")

    assert refused.run(kind=RECONCILE).status is Status.OK
    assert refused.run().status is Status.OK


def test_allow_mass_delete_lets_it_through(refused):
    result = refused.run(kind=RECONCILE, allow_mass_delete=True)

    assert (result.status, result.counts.swept) == (Status.OK, 11)
    assert refused.held() == refused.world.truth()


def test_half_may_go(build):
    house = build("updated", things=20)
    house.run()
    remove(house, 10)

    assert house.run(kind=RECONCILE).counts.swept == 10


def test_what_the_source_reports_is_never_refused(build):
    house = build("events", things=30)
    house.run()
    remove(house, 30)

    assert house.run().counts.deleted == 30


# Streams that are gone


def test_a_stream_that_is_no_longer_named_is_dropped_by_name(build):
    house = build(a="events", b="events")
    house.world.add("x", stream="a")
    house.world.add("y", stream="b")
    house.run()
    house.world.parts["b"].vanished = True
    result = house.run()

    assert (result.status, result.counts.swept) == (Status.OK, 1)
    assert "b" in result.notes[0]
    assert (house.row("b"), [entry.id for entry in house.store.snapshot()]) == (None, ["x"])


def test_a_stream_that_returns_is_read_whole(build):
    house = build(a="events", b="events")
    house.world.add("y", stream="b")
    house.run()
    house.world.parts["b"].vanished = True
    house.run()
    house.world.parts["b"].vanished = False

    assert house.run().counts.created == 1


def test_more_than_half_of_the_connector_is_refused_again_and_again(build):
    house = build(a="events", b="events")
    for number in range(9):
        house.world.add(f"i{number:02}", stream="a")
    for number in range(11):
        house.world.add(f"i{number:02}", stream="b")
    house.run()
    house.world.parts["b"].vanished = True
    for _ in range(2):
        result = house.run()
        assert (result.status, len(house.held("b"))) == (Status.REFUSED, 11)
        assert "11 of 20" in result.errors[0]

    assert house.run(kind=RECONCILE, allow_mass_delete=True).status is Status.OK
    assert house.row("b") is None


def test_lost_access_keeps_what_is_held_and_is_said(build):
    house = build(a="events", b="events")
    house.world.add("y", stream="b")
    house.run()
    house.world.parts["b"].lost = "no share any more"
    result = house.run()
    assert result.errors == ["b: no share any more"]
    assert (house.row("b").lost, len(house.held("b"))) == ("no share any more", 1)

    house.world.parts["b"].lost = ""
    assert house.run().status is Status.OK
    assert house.row("b").lost == ""


def test_a_stream_never_read_may_be_lost_and_found(build):
    house = build(a="events", b="events")
    house.world.add("y", stream="b")
    house.world.parts["b"].lost = "no share"
    house.run()
    house.world.parts["b"].lost = ""
    house.run()

    assert house.held("b") == house.world.truth("b")


# Changed options


def test_changed_options_are_answered_with_a_pass_and_nothing_else(build):
    house = build("events", things=2)
    house.run()
    house.options["hide"] = "i01"
    result = house.run()

    assert house.reads() == ["read s from None"]
    assert "options changed" in result.notes[0]
    assert set(house.held()) == {"i00"}


def test_what_they_took_out_goes_without_the_guard_and_is_counted(build):
    house = build("updated", things=30)
    house.run()
    house.options["hide"] = "i"
    result = house.run()

    assert (result.status, result.counts.swept, house.held()) == (Status.OK, 30, {})
    assert any("took out 30" in note for note in result.notes)


def test_options_that_decide_nothing_ask_for_nothing(build):
    house = build("events", things=2)
    house.run()
    house.options["parallel"] = 7
    house.options["page"] = 1
    house.run()

    assert house.reads() == [f"read s from {house.row().cursor}"]


def test_an_interrupted_pass_under_new_options_goes_on(build):
    house = build("sorted", things=12, options={"max_retries": 0, "page": 2})
    house.run()
    house.options["hide"] = "i1"
    house.world.raises_at(14, TransientError("cut"), 99)
    house.run()
    house.world.calm()
    house.run()

    assert "'after'" in house.reads()[0]
    assert len(house.held()) == 10


def test_failures_are_not_fetched_under_changed_options(build, clock):
    house = build("events", things=3)
    house.world.parts["s"].things["i00"].fails = True
    house.run()
    clock.turn(hours=1)
    house.options["hide"] = "i02"
    house.run()

    assert house.reads() == ["read s from None"]


def test_streams_that_options_took_out_are_not_guarded(build, monkeypatch):
    house = build(a="events", b="events")
    for number in range(30):
        house.world.add(f"i{number:02}", stream="b")
    house.run()
    house.world.parts["b"].vanished = True
    house.options["hide"] = "zzz"
    result = house.run()

    assert (result.status, house.row("b")) == (Status.OK, None)
    assert any("options took out" in note for note in result.notes)


def test_a_full_pass_is_guarded_too(build):
    house = build("updated", things=20)
    house.run()
    remove(house, 20)

    assert house.run(kind=FULL).status is Status.REFUSED
