"""Convergence: whatever happens between and during runs, the store ends equal to the source."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aragora_sync.core.errors import AccessError, CursorExpired, ReadAgain, TransientError
from aragora_sync.engine.result import Status, SyncResult

from ..clock import FakeClock
from ..contract.follower import Follower
from ..world import EXACT, MANNERS, World
from .fuse import FusedHouse, Killed
from .house import FULL, RECONCILE
from .soundness import check_soundness

# Three streams of six hold less than the guard of a connector watches; it has tests of its own.
IDS = st.sampled_from([f"{letter}{number}" for letter in "ab" for number in range(3)])
STREAMS = st.sampled_from(["one", "two", "three"])
MANNER = st.sampled_from(MANNERS)
ASKED = st.sampled_from([None, None, None, FULL, RECONCILE])
STEP = st.integers(1, 40)
ERRORS = {
    "transient": lambda: TransientError("the network went away."),
    "expired": lambda: CursorExpired("that was too long ago."),
    "again": lambda: ReadAgain("it changed."),
    "refused": lambda: AccessError("not yours."),
    "bug": lambda: RuntimeError("a bug of the connector"),
}


class Convergence(RuleBasedStateMachine):
    """`clean` tells that nothing happened during the latest run that a later one has to repair."""

    @initialize(
        manners=st.tuples(MANNER, MANNER, MANNER), fetches=st.booleans(), refs=st.booleans(), size=st.integers(1, 4)
    )
    def build(self, manners: tuple[str, str, str], fetches: bool, refs: bool, size: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="model-"))
        self.clock = FakeClock()
        self.world = World(**dict(zip(("one", "two", "three"), manners, strict=True)))
        self.world.refs = refs
        self.house = FusedHouse(
            self.folder, self.clock, self.world, fetches=fetches, retry_delay=0, batch_size=size, page=2
        )
        self.follower = Follower()
        self.copies = 0

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.settle()
        finally:
            self.house.close()
            shutil.rmtree(self.folder)

    # What happens at the source

    @rule(stream=STREAMS, item=IDS, text=st.sampled_from(["red", "green", ""]), parent=IDS)
    def write(self, stream: str, item: str, text: str, parent: str) -> None:
        things = self.world.parts[stream].things
        if item in things:
            self.world.edit(item, text, stream=stream)
        else:
            self.world.add(item, text, stream=stream, parent=parent if parent < item else "")

    @rule(stream=STREAMS, texts=st.lists(IDS, min_size=3, max_size=6, unique=True))
    def write_many(self, stream: str, texts: list[str]) -> None:
        for item in texts:
            self.write(stream, item, "many", "a0")

    @rule(
        stream=STREAMS,
        item=IDS,
        how=st.sampled_from(["rename", "binary", "remove", "remove", "fail", "mend", "unlist"]),
    )
    def change(self, stream: str, item: str, how: str) -> None:
        thing = self.world.parts[stream].things.get(item)
        if thing is None:
            return
        if how == "rename":
            self.world.rename(item, f"title {self.world.now}", stream=stream)
        elif how == "binary":
            self.world.make_binary(item, stream=stream)
        elif how == "remove":
            self.world.remove(item, stream=stream)
        elif how == "unlist":
            thing.unlistable = True
        else:
            thing.fails = how == "fail"
            thing.unlistable = False

    @rule(old=STREAMS, new=STREAMS, item=IDS)
    def move(self, old: str, new: str, item: str) -> None:
        if old != new and item in self.world.parts[old].things and item not in self.world.parts[new].things:
            self.world.move(item, old, new)

    @rule(stream=STREAMS, what=st.sampled_from(["lose", "regain", "vanish", "return", "forget log"]))
    def turn(self, stream: str, what: str) -> None:
        part = self.world.parts[stream]
        if what in ("lose", "regain"):
            part.lost = "not shared" if what == "lose" else ""
        elif what in ("vanish", "return"):
            part.vanished = what == "vanish"
        else:
            self.world.forget_log(stream)

    @rule(still=st.booleans())
    def share_moments(self, still: bool) -> None:
        self.world.still = still

    # What happens here

    @rule(hours=st.sampled_from([0.02, 1, 7, 25, -24]))
    def wait(self, hours: float) -> None:
        self.clock.turn(hours=hours)

    @rule(hide=st.sampled_from(["", "b"]))
    def change_options(self, hide: str) -> None:
        self.house.options["hide"] = hide

    @rule(what=st.sampled_from(["removed", "kept", "put back", "older"]))
    def state_file(self, what: str) -> None:
        path, copy = self.house.state.path, self.folder / "state-copy"
        if what == "removed":
            self.house.state.remove()
        elif what == "kept" and path.exists():
            shutil.copy(path, copy)
        elif copy.exists():
            path.parent.mkdir(exist_ok=True)
            shutil.copy(copy, path)

    @rule(what=st.sampled_from(["backup", "backup", "restore", "restore", "put back", "delete"]))
    def store_file(self, what: str) -> None:
        backup = self.folder / "backup"
        if what == "backup":
            self.house.store.backup(backup)
        elif what == "restore" and backup.exists():
            self.house.restore(backup)
        elif what == "put back" and backup.exists():
            self.house.close()
            self.drop_store()
            shutil.copy(backup, self.house.path)
        elif what == "delete":
            self.house.close()
            self.drop_store()

    def drop_store(self) -> None:
        for path in self.house.path.parent.glob("default.db*"):
            path.unlink()

    @rule(streams=st.sampled_from([None, ["one"]]), purge=st.booleans())
    def reset(self, streams: list[str] | None, purge: bool) -> None:
        held = self.house.store.streams("c")
        if streams is None or streams[0] in held:
            (self.house.store.purge if purge else self.house.store.forget)("c", streams)

    # Runs

    @rule(kind=ASKED)
    def run(self, kind: object) -> None:
        if self.mended_state():
            self.check_run(self.house.run(kind=kind), clean=True, complete=kind is not None)

    @rule(
        kind=ASKED,
        step=STEP,
        error=st.sampled_from(sorted(ERRORS)),
        times=st.integers(1, 6),
        stream=STREAMS,
        removed=st.none() | IDS,
    )
    def run_with_errors(
        self, kind: object, step: int, error: str, times: int, stream: str, removed: str | None
    ) -> None:
        """Something may be removed just before, so that what was named a moment ago is gone when it is read again."""
        if removed is not None:
            self.world.at(step, lambda: self.change(stream, removed, "remove"))
        self.world.raises_at(step + 1, ERRORS[error](), times)
        self.disturbed_run(kind=kind)

    @rule(kind=ASKED, step=STEP, stream=STREAMS, item=IDS, how=st.sampled_from(["write", "remove", "move"]))
    def run_while_the_source_changes(self, kind: object, step: int, stream: str, item: str, how: str) -> None:
        def act() -> None:
            if how == "write":
                self.write(stream, item, f"at {step}", "")
            elif how == "remove":
                self.change(stream, item, "remove")
            else:
                self.move(stream, "one", item)

        self.world.at(step, act)
        self.disturbed_run(kind=kind)

    @rule(limit=st.integers(1, 12), kind=ASKED)
    def run_a_part(self, limit: int, kind: object) -> None:
        self.disturbed_run(max_items=limit, kind=kind)

    @rule(item=IDS)
    def fetch_one(self, item: str) -> None:
        self.disturbed_run(items=(item,))

    @rule(kind=ASKED, steps=st.integers(1, 150))
    def run_until_killed(self, kind: object, steps: int) -> None:
        before = self.live()
        self.house.fuse.light(steps)
        try:
            self.house.run(kind=kind)
        except Killed:
            pass
        finally:
            self.house.abandon()
        self.world.calm()
        self.check_kept(before)

    @rule()
    def index(self) -> None:
        self.house.store.index()

    def disturbed_run(self, **asked: object) -> None:
        if self.mended_state():
            self.check_run(self.house.run(**asked), clean=False, complete=False)
        self.world.calm()

    def mended_state(self) -> bool:
        self.before = self.live()
        return True

    # What must be true

    def check_run(self, result: SyncResult, *, clean: bool, complete: bool) -> None:
        note(f"{result.status} {result.counts} {result.errors} {result.notes}")
        counts = self.house.store.runs("c", 1)[0].counts
        assert counts == result.counts
        assert result.status != Status.REFUSED
        self.check_kept(self.before)
        if clean:
            assert counts.named == self.house.said
            lost = {name for name, part in self.world.parts.items() if part.lost and not part.vanished}
            assert {error.stream for error in result.stream_errors} == lost
            for name, part in self.world.parts.items():
                if not part.lost:
                    self.check_equal(name, exact=complete or part.manner in EXACT)

    def check_equal(self, stream: str, *, exact: bool) -> None:
        part = self.world.parts[stream]
        truth = {} if part.vanished else self.world.truth(stream, self.house.options.get("hide", ""))
        held = self.house.held(stream)
        for item_id in self.unreadable(stream):
            truth.pop(item_id, None)
            held.pop(item_id, None)
        if not exact:
            held = {item_id: text for item_id, text in held.items() if item_id in truth}
        assert held == truth, f"{stream} ({part.manner})"

    def unreadable(self, stream: str) -> set[str]:
        """What the source fails to tell, or the store waits to ask for again; with all below what cannot be listed."""
        things = self.world.parts[stream].things
        found = {failure.id for failure in self.house.store.failures("c", stream)}
        found |= {thing.id for thing in things.values() if thing.fails or thing.unlistable}
        while below := {thing.id for thing in things.values() if thing.parent in found} - found:
            found |= below
        return found

    def live(self) -> dict[str, set[str]]:
        """What the store holds of each stream, and the source shows."""
        hide = self.house.options.get("hide", "")
        return {
            name: self.house.held(name).keys() & self.world.truth(name, hide).keys()
            for name, part in self.world.parts.items()
            if not part.vanished and self.house.path.exists()
        }

    def check_kept(self, before: dict[str, set[str]]) -> None:
        """Nothing that the source shows all the time was removed."""
        hide = self.house.options.get("hide", "")
        for name, ids in before.items():
            gone = ids - self.house.held(name).keys()
            assert not gone & self.world.truth(name, hide).keys(), f"{name} lost {gone}"

    @invariant()
    def nothing_is_double(self) -> None:
        if hasattr(self, "house") and self.house.path.exists():
            check_soundness(self.house.path)
            self.follower.follow(self.house.store)

    @precondition(lambda self: hasattr(self, "house"))
    @rule()
    def settle(self) -> None:
        """The source mends, time passes: open passes end, and a reconcile makes all equal."""
        self.world.mend()
        self.clock.turn(hours=49)
        for _ in range(2):
            result = self.house.run()
            assert result.status in (Status.OK, Status.PARTIAL), result.errors
            self.clock.turn(hours=25)
        result = self.house.run(kind=RECONCILE)
        assert result.status is Status.OK, result.errors
        for name, part in self.world.parts.items():
            self.check_equal(name, exact=True)
            assert part.vanished or self.house.row(name).open_pass is None
        assert self.house.store.totals("c").failures == 0
        assert self.world.opened == 0
        check_soundness(self.house.path)
        self.follower.follow(self.house.store)


TestConvergence = Convergence.TestCase
