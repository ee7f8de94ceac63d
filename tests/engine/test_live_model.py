"""Convergence of what is watched: whatever happens meanwhile, the store equals the source, and after a kill the next
watch makes it so."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, note, settings
from hypothesis import strategies as st

from aragora_sync.core.errors import AccessError, CursorExpired, ReadAgain, SourceError, TransientError
from aragora_sync.engine.result import Status
from aragora_sync.store.base import UNDER_WAY

from ..clock import FakeClock
from ..world import MANNERS, REPORTING, World
from ..world_connector import LiveWorldConnector
from .fuse import FusedHouse, Killed
from .house import RECONCILE
from .soundness import check_soundness
from .watcher import Watcher

STREAMS = ("one", "two")
IDS = [f"{letter}{number}" for letter in "ab" for number in range(3)]
TROUBLE = {
    "cut": TransientError("cut off"),
    "again": ReadAgain("it changed"),
    "expired": CursorExpired("too long ago"),
    "refused": AccessError("not yours"),
    "broken": SourceError("it is broken"),
    "bug": RuntimeError("a bug"),
}
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["write", "write", "remove", "binary"]), st.sampled_from(STREAMS), st.sampled_from(IDS)),
    st.tuples(st.sampled_from(sorted(TROUBLE)), st.integers(1, 12), st.integers(1, 4)),
    st.tuples(st.just("turn"), st.sampled_from([0.02, 1, 25, -24]), st.none()),
    st.tuples(st.just("forget log"), st.sampled_from(STREAMS), st.none()),
    st.tuples(st.just("later"), st.integers(1, 8), st.sampled_from(IDS)),
)


class Play:
    """A world of two streams, and a watcher of it."""

    def __init__(self, folder: Path, manners: tuple[str, str], size: int) -> None:
        self.clock = FakeClock()
        self.world = World(**dict(zip(STREAMS, manners, strict=True)))
        self.house = FusedHouse(folder, self.clock, self.world, retry_delay=1, batch_size=size, page=2)
        self.house.kind = LiveWorldConnector
        self.number = 0

    def watch(self, script: list[tuple[object, ...]]) -> None:
        self.watcher = Watcher(self.house, self.clock, [self.action(*each) for each in script])
        if not any(part.manner != "unordered" for part in self.world.parts.values()):
            self.watcher.happens_at_rest()
        result = self.watcher.watch()
        note(f"{result.status} {result.counts} {self.house.reads()}")
        assert result.status is Status.INTERRUPTED

    def action(self, what: str, one: object, two: object) -> Callable[[], None]:
        return lambda: self.act(what, one, two)

    def act(self, what: str, one, two) -> None:
        if what in ("write", "remove", "binary"):
            self.edit(what, one, two)
        elif what in TROUBLE:
            self.world.raises_at(one, TROUBLE[what], two)
        elif what == "turn":
            self.clock.turn(hours=one)
        elif what == "forget log":
            if self.world.parts[one].manner != "updated":  # when empty, it would give a cursor that it refuses
                self.world.forget_log(one)
        else:  # while it is being read, not while nothing comes
            self.world.at(one, lambda: self.edit("write", "one", two))

    def edit(self, what: str, stream: str, item: str) -> None:
        self.number += 1
        held = item in self.world.parts[stream].things
        if what == "write" and held:
            self.world.edit(item, f"text {self.number}", stream=stream)
        elif what == "write":
            self.world.add(item, f"text {self.number}", stream=stream)
        elif held:
            (self.world.remove if what == "remove" else self.world.make_binary)(item, stream=stream)

    def check(self) -> None:
        """What the source tells is stored the moment it is stopped; the rest a reconcile finds."""
        watched = next((read for read in reversed(self.house.reads()) if read.startswith("watch")), "").split()
        for name, part in self.world.parts.items():
            held, truth = self.house.held(name), self.world.truth(name)
            if name not in watched:
                continue  # it cannot be, or failed and is read again in a minute
            if part.manner not in REPORTING:
                held = {item: text for item, text in held.items() if item in truth}
            assert held == truth, f"{name} ({part.manner})"
        assert self.world.opened == 0
        check_soundness(self.house.path)
        runs = self.house.store.runs("c", 1000)
        assert all(run.status not in UNDER_WAY for run in runs)
        self.world.calm()
        result = self.house.run(kind=RECONCILE)
        assert result.success, result.errors
        assert all(self.house.held(name) == self.world.truth(name) for name in STREAMS)


MANNER = st.sampled_from(MANNERS)
FEWER = settings(max_examples=settings.default.max_examples // 3)  # each is a life of several runs, all on disk


@FEWER
@given(manners=st.tuples(MANNER, MANNER), size=st.integers(1, 4), script=st.lists(ACTIONS, max_size=12))
def test_what_is_watched_equals_its_source(manners, size, script):
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        play = Play(Path(folder), manners, size)
        try:
            play.watch(script)
            play.check()
        finally:
            play.house.close()


@FEWER
@given(
    manners=st.tuples(MANNER, MANNER),
    size=st.integers(1, 4),
    script=st.lists(ACTIONS, min_size=1, max_size=10),
    steps=st.integers(1, 250),
)
def test_a_killed_watch_loses_and_doubles_nothing(manners, size, script, steps):
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        play = Play(Path(folder), manners, size)
        for item in IDS[:4]:
            play.edit("write", "one", item)
        play.house.fuse.light(steps)
        try:
            play.watch(script)
        except Killed:
            pass
        finally:
            play.house.abandon()
        try:
            play.world.calm()
            play.watch([])
            play.check()
        finally:
            play.house.close()
