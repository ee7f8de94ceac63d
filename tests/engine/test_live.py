"""A connector that is watched: what is stored when, what closes the watch, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import ClassVar

import pytest

from aragora_sync.core.errors import CredentialError, ReadAgain, SourceError, TransientError
from aragora_sync.engine.events import Resting, RunEnded, StreamStarted, Watched
from aragora_sync.engine.result import Status
from aragora_sync.engine.stop import StopReason

from ..world_connector import FetchingWorldConnector, LiveWorldConnector
from .house import House
from .watcher import Watcher


@pytest.fixture
def begin(build, clock) -> Callable[..., tuple[House, Callable[..., Watcher]]]:
    """A house, and a function that makes a watcher of what is to happen."""

    def make(*arguments, kind=LiveWorldConnector, **options):
        house = build(*arguments, **options)
        house.kind = kind
        return house, lambda *script: Watcher(house, clock, script)

    return make


def watches(house: House) -> int:
    return sum(read.startswith("watch") for read in house.reads())


# What is stored


def test_what_changes_while_it_is_watched_is_stored_before_it_is_stopped(begin):
    house, watcher = begin("events", things=2)
    held = []
    result = watcher(
        lambda: house.world.add("new"),
        lambda: held.append(set(house.held())),
        lambda: house.world.remove("i00"),
        lambda: held.append(set(house.held())),
    ).watch()

    assert held == [{"i00", "i01", "new"}, {"i01", "new"}]
    assert (result.status, result.counts.created, result.counts.deleted) == (Status.INTERRUPTED, 3, 1)
    assert watches(house) == 1
    assert house.world.opened == 0


def test_the_cursor_is_committed_with_its_data_and_the_state_file_follows(begin):
    house, watcher = begin("events", things=1)
    watcher(lambda: house.world.add("new")).watch()

    assert house.row().cursor == {"since": house.world.now}
    assert house.state.load().cursors["s"] == house.row().cursor
    assert house.run().counts.named <= 1  # a moment is read again, no more


def test_each_batch_is_told_with_its_counts(begin):
    house, watcher = begin("events", things=1)
    watcher(lambda: house.world.add("new"), lambda: house.world.add("newer")).watch()

    assert [event.counts.created for event in house.of(Watched)][-2:] == [1, 1]
    assert [event.reading for event in house.of(StreamStarted)] == ["reconcile", "watching"]
    assert len(house.of(RunEnded)) == 2


def test_counts_of_the_store_are_those_of_the_watch(begin):
    house, watcher = begin("events", things=3)
    result = watcher(lambda: house.world.add("new"), lambda: house.world.edit("i00", "edited")).watch()
    runs = house.store.runs("c", 5)

    assert sum(run.counts.named for run in runs) == result.counts.named
    assert {run.status for run in runs} == {"ok", "interrupted"}


def test_an_atomic_stream_becomes_visible_with_its_checkpoints(begin):
    house, watcher = begin("atomic", things=3)
    watcher(lambda: [house.world.add("one"), house.world.edit("i00", "edited")]).watch()

    assert house.held() == house.world.truth()


# What closes the watch for a run


def test_a_due_pass_is_made_and_the_watch_goes_on_afterwards(begin, clock):
    house, watcher = begin("updated", things=5)
    watcher(
        lambda: house.world.remove("i00"),
        lambda: clock.turn(hours=25),
        lambda: house.world.add("new"),
    ).watch()

    assert watches(house) == 2
    assert house.held() == house.world.truth()


def test_a_failure_is_asked_for_again_when_it_is_due(begin, clock):
    house, watcher = begin("events", things=2)

    def fail():
        house.world.edit("i00", "edited")
        house.world.parts["s"].things["i00"].fails = True

    watcher(fail, house.world.mend, lambda: clock.turn(hours=2), lambda: None).watch()

    assert house.held()["i00"][1] == "edited"
    assert house.store.totals("c").failures == 0
    assert watches(house) == 2


def test_the_source_may_ask_for_a_run(begin):
    house, watcher = begin("events", things=1)
    one = watcher(lambda: house.world.raises_at(1, ReadAgain("the tables changed")), lambda: house.world.add("new"))
    one.watch()

    assert house.held() == house.world.truth()
    assert watches(house) == 2
    assert one.stop.waits == []
    assert {event.result.status for event in house.of(RunEnded)} == {Status.OK, Status.INTERRUPTED}


# Breakdowns


def test_a_cut_connection_is_followed_by_a_run_that_catches_up(begin):
    house, watcher = begin("events", things=1)

    def cut():
        house.world.add("unheard")
        raise TransientError("cut off")

    one = watcher(cut, lambda: house.world.add("new"))
    result = one.watch()

    assert house.held() == house.world.truth()
    assert watches(house) == 2
    assert one.stop.waits == [5]
    assert Status.TRY_LATER in [event.result.status for event in house.of(RunEnded)]
    assert result.status is Status.INTERRUPTED


def test_breakdowns_in_a_row_wait_longer_and_longer_but_never_longer_than_it_is_read_anyway(begin):
    house, watcher = begin("events", things=1)

    def cut():
        raise SourceError("a pooler swallows it")

    one = watcher(*[cut] * 6)
    one.watch()

    assert one.stop.waits == [5, 10, 20, 40, 60, 60]
    assert house.held() == house.world.truth()


def test_a_source_that_cannot_be_reached_is_asked_until_it_can(begin):
    house, watcher = begin("events", things=1)
    house.world.raises_at(1, TransientError("down"), times=3)
    one = watcher()
    one.watch()

    assert one.stop.waits == [5, 10, 20]
    assert house.held() == house.world.truth()


def test_a_refused_login_ends_it(begin):
    _house, watcher = begin("events", things=1)

    def refuse():
        raise CredentialError("the password was changed", hint="log in")

    assert watcher(refuse).watch().status is Status.NEEDS_LOGIN


def test_a_bug_of_the_connector_is_told_and_it_goes_on(begin):
    house, watcher = begin("events", things=1)

    def stumble():
        raise RuntimeError("a bug")

    watcher(stumble, lambda: house.world.add("new")).watch()

    assert Status.FAILED in [event.result.status for event in house.of(RunEnded)]
    assert house.held() == house.world.truth()


# What cannot be watched


def test_streams_that_cannot_be_watched_are_read_from_time_to_time(begin, clock):
    house, watcher = begin(a="events", b="unordered")
    house.world.add("x", stream="a")
    watcher(lambda: house.world.add("y", stream="b"), lambda: clock.turn(minutes=1), lambda: None).watch()

    assert "watch a" in house.reads()
    assert house.held("b") == house.world.truth("b")


class RefusingConnector(LiveWorldConnector):
    """Some streams cannot be read."""

    refused: ClassVar[list[str]] = []

    def read(self, stream, cursor, known):
        if stream.name in self.refused:
            raise SourceError("no access")
        return super().read(stream, cursor, known)


@pytest.fixture
def refused() -> Iterator[list[str]]:
    """The names of streams that cannot be read."""
    yield RefusingConnector.refused
    RefusingConnector.refused.clear()


def test_a_stream_that_failed_is_read_again_soon_however_seldom_it_is_read_otherwise(begin, clock, refused):
    house, watcher = begin(a="events", b="events", kind=RefusingConnector)

    def refuse():
        refused.append("b")
        house.world.add("y", stream="b")
        raise ReadAgain("something is different")

    one = watcher(refuse, refused.clear, lambda: clock.turn(minutes=1), lambda: None)
    one.every = timedelta(hours=23)
    one.watch()

    assert Status.PARTIAL in [event.result.status for event in house.of(RunEnded)]
    assert "watch a" in house.reads()
    assert house.held("b") == house.world.truth("b")


def test_a_stream_that_fails_for_ever_is_read_less_and_less(begin, refused):
    refused.append("s")
    house, watcher = begin("events", things=1, kind=RefusingConnector)
    one = watcher(*[lambda: None] * 15)
    one.every = timedelta(minutes=7)
    one.watch()

    assert [event.seconds for event in house.of(Resting)][:5] == [60, 120, 240, 420, 420]
    assert house.held() == {}


def test_a_connector_that_gives_up_watching_is_read_from_time_to_time(begin):
    house, watcher = begin("events", things=1)

    def give_up():
        house.world.watchable = False
        house.world.at(1, lambda: house.world.add("new"))

    one = watcher(give_up)
    one.happens_at_rest()
    one.watch()

    assert house.held() == house.world.truth()
    assert len(house.of(Resting)) >= 1


def test_a_connector_that_cannot_watch_is_read_each_minute(begin):
    house, watcher = begin("events", things=1, kind=FetchingWorldConnector)
    one = watcher(lambda: house.world.add("new"), lambda: None)
    one.watch()

    assert house.held() == house.world.truth()
    assert set(one.stop.waits) == {60.0}


@pytest.mark.parametrize("kind", [LiveWorldConnector, FetchingWorldConnector])
def test_a_clock_that_goes_back_a_day_makes_nobody_wait_for_it(begin, clock, kind):
    house, watcher = begin("unordered", things=1, kind=kind)
    one = watcher(lambda: clock.turn(days=-1), lambda: house.world.add("new"), lambda: None)
    one.happens_at_rest()
    one.watch()

    assert house.held() == house.world.truth()
    assert len(one.stop.waits) < 10


# Ends


def test_nobody_else_runs_a_connector_that_is_watched(begin):
    house, watcher = begin("events", things=1)
    seen = []
    watcher(lambda: seen.append(house.prepare().sync().status)).watch()

    assert seen == [Status.LOCKED]


def test_a_watcher_that_is_shut_out_says_so(begin):
    _house, watcher = begin("events", things=1)
    seen = []
    watcher(lambda: seen.append(watcher().live().sync().status)).watch()

    assert seen == [Status.LOCKED]


@pytest.mark.parametrize("reason", [StopReason.INTERRUPT, StopReason.TERMINATE])
def test_a_stop_while_it_rests_ends_it(begin, reason):
    house, watcher = begin("events", things=1, kind=FetchingWorldConnector)
    one = watcher(lambda: one.stop.request(reason))

    assert one.watch().items_synced == 1
    assert len(house.of(RunEnded)) == 1
