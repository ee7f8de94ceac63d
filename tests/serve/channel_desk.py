"""A vendor with push channels that end, a connector that makes them, and what keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from aragora_sync.connector import Connector
from aragora_sync.core.subscription import Subscription
from aragora_sync.engine.stop import Stop
from aragora_sync.serve.channel_notes import ChannelNote, ChannelNotes
from aragora_sync.serve.channels import Channels, Offer

from ..clock import FakeClock

BASE = "https://sync.example.com"
URL = f"{BASE}/webhooks/t1/radio"
LIFE = timedelta(days=7)


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Station:
    """The vendor. Channels are listed, and those with a `life` end by themselves."""

    clock: FakeClock
    life: timedelta | None = LIFE
    trouble: Exception | None = None
    waits_for: str = ""
    kill_at: int = 0  # the process ends at the so manieth step from now, before the vendor hears of it or after
    channels: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)
    made: int = 0
    asked: int = 0

    def step(self) -> None:
        self.kill_at -= 1
        if self.kill_at == 0:
            raise Killed

    def open(self, url: str) -> str:
        self.asked += 1
        self.step()
        if self.trouble is not None:
            raise self.trouble
        self.made += 1
        name = f"channel-{self.made}"
        self.channels[name] = url, self.ends()
        self.step()
        return name

    def close(self, name: str) -> None:
        self.asked += 1
        self.step()
        if self.trouble is not None:
            raise self.trouble
        self.channels.pop(name, None)
        self.step()

    def ends(self) -> datetime | None:
        return self.clock() + self.life if self.life else None

    def alive(self) -> list[str]:
        """The addresses of those that still send."""
        return [url for url, ends in self.channels.values() if ends is None or ends > self.clock()]


class Radio(Connector):
    """Makes another channel each time, where channels end; confirms the one that is there, where they do not."""

    type = "radio"
    title = "A station"
    station: ClassVar[Station]

    def subscribe(self, url: str, previous: Subscription | None) -> Subscription:
        station = self.station
        same = [name for name, (to, _) in station.channels.items() if to == url] if station.life is None else []
        if same and station.trouble is not None:
            raise station.trouble
        name = same[0] if same else station.open(url)
        return Subscription(url, {"id": name}, station.channels[name][1], station.waits_for)

    def unsubscribe(self, subscription: Subscription) -> None:
        for name, (url, _) in list(self.station.channels.items()):
            if name == subscription.channel.get("id", name if url == subscription.url else ""):
                self.station.close(name)


class Tower:
    """Keeps the channels of what is offered, in processes that may be killed."""

    def __init__(self, folder: Path, clock: FakeClock, monkeypatch: Any) -> None:
        self.folder, self.clock = folder, clock
        self.station = Station(clock)
        monkeypatch.setattr(Radio, "station", self.station, raising=False)
        self.looked: list[tuple[str, str]] = []
        self.kill_looking = False
        self.expected: list[tuple[str, str]] = []
        self.notes = ChannelNotes(folder)
        self.start()

    def start(self, base: str = BASE, offers: Mapping[str, bool] | None = None) -> None:
        """A process begins. `offers`: connectors, and whether each is to have a channel."""

        def look(*pair: str) -> None:
            if self.kill_looking:
                raise Killed
            self.looked.append(pair)  # type: ignore[arg-type]

        hide = lambda text: text.replace("s3cret", "***")  # noqa: E731
        expect = lambda *pair: self.expected.append(pair)  # noqa: E731
        self.channels = Channels(self.notes, base, look, expect, Stop(), self.clock, hide)
        self.offer({"radio": True} if offers is None else offers)

    def offer(self, offers: Mapping[str, bool]) -> None:
        def made(name: str) -> Offer:
            return Offer("t1", name, lambda: Radio(tenant_id="t1", connector_id=name), offers[name])

        self.channels.offer([made(name) for name in offers])

    def attend(self) -> int:
        """Does all that is due; how much that was."""
        due = self.channels.due()
        for offer in due:
            self.channels.attend(offer)
        return len(due)

    def pass_time(self, *, steps: int = 1, **amount: float) -> None:
        """Time goes by, and what becomes due meanwhile is done."""
        for _ in range(steps):
            self.clock.turn(**amount)
            self.attend()

    @property
    def note(self) -> ChannelNote:
        return self.notes.load("t1", "radio")


@contextmanager
def killed(tower: Tower, **offers: bool) -> Iterator[list[bool]]:
    """What is done inside is cut off, and another process begins. What it gives is empty until then."""
    was_killed: list[bool] = []
    try:
        yield was_killed
    except Killed:
        was_killed.append(True)
        tower.station.kill_at, tower.kill_looking = 0, False
        tower.start(offers=offers or None)
