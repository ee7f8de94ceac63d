"""Push channels are attended to beside everything else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aragora_sync.core.subscription import Subscription
from aragora_sync.engine.stop import Stop
from aragora_sync.serve.channel_keeper import WORKERS, ChannelKeeper
from aragora_sync.serve.channel_notes import ChannelNotes
from aragora_sync.serve.channels import Channels, Offer

from ..clock import FakeClock
from .channel_desk import BASE, Radio, Station

WAIT = 30


class Telling(Station):
    """Says when a channel was ended."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, life=None)
        self.closed = threading.Event()

    def close(self, name: str) -> None:
        super().close(name)
        self.closed.set()


class Desk:
    """A keeper, and what its connectors do when they are asked."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.station = Telling(clock)
        self.notes = ChannelNotes(folder)
        self.looked: list[str] = []
        self._changed = threading.Condition()
        channels = Channels(self.notes, BASE, self._look, lambda *_: None, Stop(), clock)
        self.keeper = ChannelKeeper(channels, clock)
        self.acts: dict[str, Callable[[], None]] = {}

    def _look(self, _tenant: str, connector: str) -> None:
        with self._changed:
            self.looked.append(connector)
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.looked) >= count, WAIT), self.looked

    def offer(self, *names: str) -> None:
        def made(name: str) -> Radio:
            radio = Radio(tenant_id="t1", connector_id=name)
            honest = radio.subscribe

            def subscribe(url: str, previous: Subscription | None) -> Subscription:
                self.acts.get(name, lambda: None)()
                return honest(url, previous)

            radio.subscribe = subscribe  # type: ignore[method-assign]
            return radio

        self.keeper.offer([Offer("t1", name, lambda name=name: made(name)) for name in names])  # type: ignore[misc]


@pytest.fixture
def desk(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path, clock)
    monkeypatch.setattr(Radio, "station", made.station, raising=False)
    return made


def test_a_slow_vendor_holds_up_no_other_and_the_end_waits_for_it(desk):
    began, go_on = threading.Event(), threading.Event()

    def dawdle() -> None:
        began.set()
        assert go_on.wait(WAIT)

    desk.acts["slow"] = dawdle
    desk.keeper.start()
    desk.offer("slow", *(f"quick-{number}" for number in range(3 * WORKERS)))
    assert began.wait(WAIT)
    desk.wait(3 * WORKERS)
    assert "slow" not in desk.looked
    ending = threading.Thread(target=desk.keeper.stop)
    ending.start()
    go_on.set()
    ending.join(WAIT)

    assert not ending.is_alive()
    assert desk.notes.load("t1", "slow").current is not None


def test_a_bug_of_one_is_told_and_holds_up_no_other(desk, caplog):
    def stumble() -> None:
        raise RuntimeError("a bug")

    desk.acts["bad"] = stumble
    desk.keeper.start()
    desk.offer("bad", "good")
    desk.wait(1)
    desk.keeper.stop()

    assert desk.looked == ["good"]
    (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.getMessage() == "the push channel of bad of tenant t1 failed unexpectedly"


def test_what_is_offered_later_is_attended_to_and_what_is_not_any_more_is_ended(desk):
    desk.keeper.start()
    desk.offer("one")
    desk.wait(1)
    desk.offer("one", "two")
    desk.wait(2)
    desk.offer("two")
    assert desk.station.closed.wait(WAIT)
    desk.keeper.stop()

    assert desk.looked == ["one", "two"]
    assert desk.station.alive() == [f"{BASE}/webhooks/t1/two"]
