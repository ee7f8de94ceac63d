"""What goes wrong at the source: started again, given up, or handed to a human; the rest goes on."""

from __future__ import annotations

import contextlib
import gc
import sqlite3

import pytest

from aragora_sync.core.changes import Checkpoint, Item
from aragora_sync.core.errors import AccessError, CredentialError, CursorExpired, ReadAgain, SourceError, TransientError
from aragora_sync.core.source import Stream
from aragora_sync.engine.events import StreamEnded, Waiting
from aragora_sync.engine.result import Status
from aragora_sync.engine.stop import StopReason

from ..world import World
from .fuse import FusedHouse, Killed
from .house import RECONCILE, WatchedStop

BUSY = TransientError("busy")
FOREVER = 99


def test_a_broken_stream_is_started_again_after_waits_that_double(build):
    house = build(things=2, options={"max_retries": 3, "retry_delay": 5})
    house.world.raises_at(3, BUSY, 3)

    assert house.run().status is Status.OK
    assert house.waits == [5, 10, 20]
    assert [event.reason for event in house.of(Waiting)] == ["busy"] * 3


def test_after_so_many_times_without_progress_it_is_given_up_for_now(build):
    house = build(things=2, options={"max_retries": 2, "retry_delay": 1})
    house.world.raises_at(3, BUSY, FOREVER)
    result = house.run()

    assert (result.status, result.errors, house.waits) == (Status.TRY_LATER, ["s: busy"], [1, 2])


def test_progress_makes_it_patient_again(build):
    house = build("sorted", things=12, options={"max_retries": 1, "retry_delay": 5, "page": 2})
    for step in (8, 14, 20):
        house.world.raises_at(step, BUSY)

    assert house.run().status is Status.OK
    assert house.waits == [5, 5, 5]


def test_it_goes_on_from_the_last_stored_cursor(build):
    house = build("sorted", things=6, options={"page": 2})
    house.world.raises_at(9, BUSY)
    house.run()

    assert house.reads()[0] == "read s from None"
    assert "'after'" in house.reads()[1]


def test_the_server_says_how_long_to_wait(build):
    house = build(things=2, options={"retry_delay": 1})
    house.world.raises_at(3, TransientError("slow down", retry_after=42))
    house.run()

    assert house.waits == [42]


def test_a_wait_of_hours_is_left_to_a_later_run(build):
    house = build(things=2)
    house.world.raises_at(3, TransientError("tomorrow", retry_after=7200))

    assert house.run().status is Status.TRY_LATER
    assert house.waits == []


def test_the_asking_program_may_say_how_often(build):
    house = build(things=2)
    house.world.raises_at(3, BUSY, FOREVER)
    house.run(max_retries=1, retry_delay=0.5)

    assert house.waits == [0.5]


def test_a_stop_wakes_who_waits(build):
    class Impatient(WatchedStop):
        def _wait(self, seconds):
            self.request(StopReason.INTERRUPT)
            return True

    house = build(things=2)
    house.world.raises_at(3, BUSY, FOREVER)

    assert house.run(Impatient()).status is Status.INTERRUPTED


def test_read_again_repeats_from_the_same_cursor_five_times(build):
    house = build("events", things=2)
    house.run()
    cursor = house.row().cursor
    house.world.add("x")
    for read in range(5):
        house.world.raises_at(3 + 2 * read + 1, ReadAgain("it changed"))
    result = house.run()

    assert result.status is Status.OK
    assert set(house.reads()) == {f"read s from {cursor}"}
    assert house.held() == house.world.truth()


def test_after_five_times_everything_is_read(build):
    house = build("events", things=2)
    house.run()
    house.world.raises_at(4, ReadAgain("it changed"), 6)
    house.run()

    assert house.reads()[-1] == "read s from None"
    assert house.row().reconciled_at == house.clock()


def test_an_expired_cursor_starts_the_stream_from_nothing(build):
    house = build("events", things=3)
    house.run()
    house.world.remove("i00")
    house.world.forget_log()
    result = house.run()

    assert (result.status, result.counts.swept) == (Status.OK, 1)
    assert house.reads()[-1] == "read s from None"
    assert "cursor expired" in result.notes[0]


def test_the_expired_cursor_is_never_tried_again(build):
    house = build("events", things=3, options={"max_retries": 0})
    house.run()
    house.world.forget_log()
    house.world.raises_at(6, BUSY)
    house.run()
    assert house.row().cursor is None

    house.run()
    assert house.reads() == ["read s from None"]


def test_a_cursor_that_expires_during_a_pass_begins_the_pass_anew(build):
    house = build("sorted", things=6, options={"page": 2})
    house.world.at(8, house.world.forget_log)
    house.world.raises_at(9, BUSY)

    assert house.run().status is Status.OK
    assert house.reads()[-1] == "read s from None"
    assert house.held() == house.world.truth()


def test_a_source_that_refuses_every_cursor_is_given_up(build):
    house = build("events", things=2)
    house.world.raises_at(3, CursorExpired("too old"), FOREVER)
    result = house.run()

    assert (result.status, len(house.reads())) == (Status.FAILED, 2)
    assert "refused every cursor" in result.errors[0]


# One stream, all streams


@pytest.mark.parametrize(
    "error", [SourceError("gone"), AccessError("no share"), RuntimeError("bug"), KeyError("id")], ids=repr
)
def test_one_broken_stream_leaves_the_others(build, error):
    house = build(a="events", b="events", c="events")
    for name in "abc":
        house.world.add(f"in {name}", stream=name)
    house.world.raises_at(3, error)
    result = house.run()

    assert (result.status, result.streams) == (Status.PARTIAL, 2)
    assert [each.stream for each in result.stream_errors] == ["a"]
    assert (house.held("a"), len(house.held("b")), len(house.held("c"))) == ({}, 1, 1)
    assert [bool(event.error) for event in house.of(StreamEnded)] == [True, False, False]


def test_an_unexpected_error_is_called_a_bug_and_shows_no_secret(build):
    house = build(things=1)
    house.world.raises_at(3, ValueError("token-12345"))
    result = house.run()

    assert result.status is Status.FAILED
    assert "ValueError" in result.errors[0]
    assert "token" not in result.errors[0]


def test_a_listener_that_breaks_is_told(build):
    def listen(event):
        if isinstance(event, StreamEnded):
            raise ValueError("no such row on the screen")

    house = build(things=1)
    run = house.prepare()
    run._emit = listen
    result = run.sync()

    assert result.status is Status.PARTIAL
    assert "ValueError" in result.errors[0]


def test_what_kills_a_thread_ends_the_run(build):
    house = build(a="events", b="events")
    house.world.raises_at(3, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        house.run()
    assert house.store.runs("c", 1)[0].status == "failed"


def test_a_killed_run_keeps_nothing_open_in_the_store(tmp_path, clock):
    """Not even until the next search for cycles: a statement in a forgotten frame would hold the store's lock."""
    gc.disable()
    try:
        for steps in range(1, 120, 4):
            world = World(s="sorted")
            for number in range(6):
                world.add(f"i{number}")
            house = FusedHouse(tmp_path / f"house{steps}", clock, world, page=2, batch_size=2)
            house.fuse.light(steps)
            with contextlib.suppress(Killed):
                house.run()
            house.abandon()
            with contextlib.closing(sqlite3.connect(house.path, timeout=0)) as other:
                other.execute("BEGIN IMMEDIATE")
    finally:
        gc.enable()


def test_a_refused_credential_ends_the_connector(build):
    house = build(a="events", b="events")
    house.world.raises_at(3, CredentialError("the token was refused", hint="log in"))
    result = house.run()

    assert (result.status, result.errors) == (Status.NEEDS_LOGIN, ["the token was refused"])
    assert house.reads() == ["read a from None"]
    assert house.row("b") is None


def test_a_missing_credential_is_found_before_anything_is_read(build):
    house = build(things=1)
    house.world.raises_at(1, CredentialError("there is no token"))

    assert house.run().status is Status.NEEDS_LOGIN
    assert house.world.requests == ["open"]


def test_a_listing_of_streams_that_breaks_drops_none(build):
    house = build(a="events", b="events")
    house.world.add("x", stream="b")
    house.run()
    house.world.raises_at(2, SourceError("the listing broke"))
    result = house.run()

    assert (result.status, result.errors) == (Status.FAILED, ["the listing broke"])
    assert len(house.held("b")) == 1


def test_a_stream_named_twice_is_the_connectors_mistake(build, monkeypatch):
    house = build(things=1)
    monkeypatch.setattr(house.kind, "streams", lambda self, stored: [Stream("s"), Stream("s")])
    result = house.run()

    assert result.status is Status.PARTIAL
    assert "'s' was named twice" in result.errors[0]


def test_what_read_opened_is_closed_whatever_happened(build):
    for error in (BUSY, SourceError("gone"), RuntimeError("bug")):
        house = build(things=5)
        house.world.raises_at(5, error, FOREVER)
        house.run()

        assert house.world.opened == 0


def test_a_read_that_returns_without_complete_is_no_error_and_sweeps_nothing(build, monkeypatch):
    house = build("sorted", things=3)
    house.run()
    monkeypatch.setattr(house.kind, "read", lambda *_: iter([Item("i00", "thing", "t", "x"), Checkpoint("half")]))
    result = house.run(kind=RECONCILE)

    assert (result.status, result.counts.swept) == (Status.OK, 0)
    assert house.row().open_pass.cursor == "half"


def test_what_a_connector_says_that_no_store_takes_ends_its_stream(build, monkeypatch):
    house = build(a="events", b="events")
    house.world.add("x", stream="b")
    real = house.kind.read

    def read(self, stream, cursor, known):
        return iter([Item("nul\x00", "", "", "")]) if stream.name == "a" else real(self, stream, cursor, known)

    monkeypatch.setattr(house.kind, "read", read)
    result = house.run()

    assert (result.status, len(house.held("b"))) == (Status.PARTIAL, 1)
    assert "percent-encode" in result.errors[0]
