"""Hints are handed on until they were handled, each connector for itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.core.errors import StoreError
from aragora_sync.core.hints import Hint
from aragora_sync.serve.drain import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, Drain
from aragora_sync.serve.queue import HintQueue

from .desk import Heard

WAIT = 30


class Bench:
    """A queue, what drains it, and a clock for the waiting between."""

    def __init__(self, path: Path, **more: float) -> None:
        self.queue = HintQueue(path)
        self.heard = Heard()
        self.time = 0.0
        self.drain = Drain(self.queue, self.heard, now=lambda: self.time, **{"settle": 0.0, **more})
        self._number = 0

    def add(self, connector: str, *refs: str) -> None:
        self._number += 1
        self.queue.add("t1", connector, [Hint("s", refs)], b"%d" % self._number)
        self.drain.wake()

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.drain.wake()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "queue.db")
    yield made
    made.drain.stop()
    made.queue.close()


def test_what_waited_before_the_start_is_handled(bench):
    bench.add("a", "1")
    bench.drain.start()

    assert bench.heard.wait(1) == [("t1", "a", (Hint("s", ("1",)),))]


def test_what_was_handled_well_is_gone_and_the_rest_stays(bench):
    outcomes = iter([True, False])
    bench.heard.answer = lambda: next(outcomes)
    bench.add("a", "1")
    bench.drain.start()
    bench.heard.wait(1)
    bench.add("b", "2")
    bench.heard.wait(2)
    bench.drain.stop()

    assert bench.queue.waiting() == [("t1", "b")]


@pytest.mark.parametrize("failing", ["told", "raised"])
def test_what_failed_is_tried_again_later_and_not_before(bench, failing):
    def fail() -> bool:
        if failing == "raised":
            raise RuntimeError("a bug of the handler")
        return False

    bench.heard.answer = fail
    bench.add("a", "1")
    bench.drain.start()
    bench.heard.wait(1)
    idle(bench)
    bench.pass_time(FIRST_DELAY_SECONDS - 0.01)
    bench.heard.answer = lambda: True
    bench.add("b")  # once that is handled, `a` was looked at too
    assert [connector for _, connector, _ in bench.heard.wait(2)] == ["a", "b"]
    bench.pass_time(0.01)

    assert bench.heard.wait(3)[2] == ("t1", "a", (Hint("s", ("1",)),))


def idle(bench: Bench) -> None:
    """Nothing is being handled any more."""
    with bench.drain._changed:
        assert bench.drain._changed.wait_for(lambda: not bench.drain._running, WAIT)


def test_the_delay_doubles_up_to_a_quarter_of_an_hour(bench):
    bench.heard.answer = lambda: False
    bench.add("a", "1")
    bench.drain.start()
    delays = []
    for count in range(1, 11):
        bench.heard.wait(count)
        idle(bench)
        delays.append(bench.drain._due["t1", "a"] - bench.time)
        bench.pass_time(delays[-1])

    assert delays[:3] == [FIRST_DELAY_SECONDS, 2 * FIRST_DELAY_SECONDS, 4 * FIRST_DELAY_SECONDS]
    assert delays[-1] == LONGEST_DELAY_SECONDS


def test_a_name_that_can_never_be_read_holds_up_the_others_for_minutes_and_not_for_ever(bench):
    bench.heard.answer = lambda: not any("poison" in hint.refs for hint in bench.heard.calls[-1][2])
    bench.add("a", "1", "poison")
    bench.drain.start()
    for count in range(1, 7):
        bench.heard.wait(count)
        idle(bench)
        bench.pass_time(bench.drain._delays.get(("t1", "a"), 0.0))

    assert bench.heard.calls[4:] == [("t1", "a", (Hint("s", ("1", "poison")),)), ("t1", "a", (Hint("s"),))]
    assert bench.queue.waiting() == []
    assert bench.time < 180


def test_a_success_makes_the_next_failure_a_first_one(bench):
    outcomes = iter([False, False, True, False])
    bench.heard.answer = lambda: next(outcomes)
    bench.add("a", "1")
    bench.drain.start()
    for count in (1, 2):
        bench.heard.wait(count)
        idle(bench)
        bench.pass_time(LONGEST_DELAY_SECONDS)
    bench.heard.wait(3)
    idle(bench)
    bench.add("a", "2")
    bench.heard.wait(4)
    idle(bench)

    assert bench.drain._due["t1", "a"] - bench.time == FIRST_DELAY_SECONDS


def test_what_comes_together_is_handled_together(tmp_path):
    bench = Bench(tmp_path / "queue.db", settle=1.0)
    bench.drain.start()
    for number in range(50):
        bench.add("a", str(number))
    bench.pass_time(1.0)
    bench.heard.wait(1)
    bench.drain.stop()

    assert len(bench.heard.calls) == 1
    assert len(bench.heard.refs) == 50
    bench.queue.close()


def test_one_slow_connector_holds_up_nobody_and_never_runs_twice_at_once(bench):
    free, slow_began = threading.Event(), threading.Event()
    at_once: list[int] = []
    counting = threading.Lock()

    def handle(tenant: str, connector: str, hints: tuple[Hint, ...]) -> bool:
        if connector == "slow":
            with counting:
                at_once.append(1)
            slow_began.set()
            assert free.wait(WAIT)
        return bench.heard(tenant, connector, hints)

    bench.drain._handle = handle
    bench.drain.start()
    bench.add("slow", "1")
    assert slow_began.wait(WAIT)
    bench.add("slow", "2")
    for number in range(5):
        bench.add(f"quick-{number}", "1")
    bench.heard.wait(5)
    assert len(at_once) == 1
    free.set()
    bench.heard.wait(7)

    assert bench.heard.calls[-1][2] == (Hint("s", ("2",)),)


def test_the_end_waits_for_what_is_being_handled(bench):
    began, free = threading.Event(), threading.Event()

    def answer() -> bool:
        began.set()
        return free.wait(WAIT)

    bench.heard.answer = answer
    bench.add("a", "1")
    bench.drain.start()
    assert began.wait(WAIT)
    ending = threading.Thread(target=bench.drain.stop)
    ending.start()
    free.set()
    ending.join(WAIT)

    assert not ending.is_alive()
    assert bench.queue.waiting() == []


def test_a_queue_that_cannot_be_read_now_is_read_later(bench, monkeypatch, caplog):
    troubles = [StoreError("the disk is away.", hint="bring it back")]
    honest = bench.queue.waiting
    monkeypatch.setattr(bench.queue, "waiting", lambda: (_ for _ in ()).throw(troubles.pop()) if troubles else honest())
    bench.queue.add("t1", "a", [Hint("s", ("1",))], b"d")
    bench.drain.start()
    bench.drain.wake()
    while troubles:
        bench.drain.wake()
    bench.drain.wake()

    bench.heard.wait(1)
    assert "the disk is away. try: bring it back" in caplog.text
