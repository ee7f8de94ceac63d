"""What holds for any sequence of changes: how they are cut into batches does not matter, and followers keep up."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.core.changes import Deleted, Failed, Item, Named, Seen, Skipped
from aragora_sync.store.base import Store

from ..clock import FakeClock
from .desk import Desk
from .follower import Follower

IDS = st.sampled_from(["a", "b", "c"])
STREAMS = st.sampled_from(["one", "two", "three"])
EDITED = st.one_of(st.none(), st.integers(0, 3).map(lambda day: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(day)))


@st.composite
def said(draw: st.DrawFn) -> Named:
    item_id = draw(IDS)
    kind = draw(st.sampled_from([Item, Item, Item, Seen, Skipped, Deleted, Failed]))
    if kind is Item:
        content = draw(st.sampled_from([None, "", "red", "green", "red green"]))
        title, version = draw(st.sampled_from(["t", "u"])), draw(st.sampled_from(["", "v1", "v2"]))
        return Item(item_id, "page", title, content, updated_at=draw(EDITED), version=version)
    if kind is Seen:
        return Seen(item_id, draw(st.sampled_from([None, "v1", "v2"])))
    if kind is Skipped:
        return Skipped(item_id, draw(st.sampled_from(["large", "binary"])), draw(st.sampled_from(["", "v1"])))
    return Deleted(item_id) if kind is Deleted else Failed(item_id, "no", draw(st.sampled_from([None, "ref"])))


BATCHES = st.lists(st.lists(said(), min_size=1, max_size=6), min_size=1, max_size=8)
STEPS = st.one_of(
    st.tuples(st.just("say"), STREAMS, st.lists(said(), min_size=1, max_size=5)),
    st.tuples(st.just("pass"), STREAMS, st.lists(said(), max_size=3)),
    st.tuples(st.sampled_from(["drop", "purge"]), STREAMS),
    st.tuples(st.sampled_from(["follow", "follow", "index", "reopen", "backup", "restore", "forget deletions"])),
)


class StoreProperties:
    """Subclasses say how a store is made."""

    def make(self, folder: Path, clock: FakeClock) -> Store:
        raise NotImplementedError

    @given(BATCHES)
    def test_how_changes_are_cut_into_batches_does_not_matter(self, batches):
        clock = FakeClock()
        with tempfile.TemporaryDirectory() as name:
            whole, cut = self.make(Path(name) / "whole", clock), self.make(Path(name) / "cut", clock)
            one, many = Desk(whole), Desk(cut)
            for batch in batches:
                counts = one.say(*batch).counts
                alone = [many.say(change).counts for change in batch]
                assert counts.named == len(batch) == sum(each.named for each in alone)
            assert _all(one) == _all(many)
            assert whole.runs("c", 1)[0].counts == cut.runs("c", 1)[0].counts
            whole.close()
            cut.close()

    @given(st.lists(STEPS, max_size=14))
    def test_a_follower_holds_what_the_store_holds(self, steps):
        with tempfile.TemporaryDirectory() as name:
            world = _Followed(self, Path(name))
            for step in steps:
                world.do(*step)
            world.follow()
            world.desk.store.close()


class _Followed:
    """A store, and a reader that keeps a copy of it."""

    def __init__(self, suite: StoreProperties, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.clock = FakeClock()
        self.desk = Desk(suite.make(folder / "store", self.clock))
        self.follower = Follower()

    def do(self, step: str, stream: str = "", changes: list[Named] | None = None) -> None:
        self.clock.turn(minutes=1)
        desk, store = self.desk, self.desk.store
        if step == "say":
            desk.say(*changes, stream=stream)
        elif step == "pass":
            desk.passed(*changes, stream=stream)
        elif step == "follow":
            self.follow()
        elif step == "index":
            store.index()
        elif step == "reopen":
            store.close()
            self.desk = Desk(self.suite.make(self.folder / "store", self.clock))
        elif step == "backup":
            store.backup(self.folder / "backup")
        elif step == "restore" and (self.folder / "backup").exists():
            store.restore(self.folder / "backup")
        elif step == "forget deletions":
            store.purge_tombstones(self.clock.now - timedelta(minutes=2))
        elif step in ("drop", "purge") and stream in store.streams("c"):
            desk.drop(stream) if step == "drop" else store.purge("c", [stream])

    def follow(self) -> None:
        self.follower.follow(self.desk.store)
        held = {entry.id: entry for entry in self.desk.store.snapshot()}
        self.desk.store.index()
        for word in ("red", "green", "t", "u"):
            hits = {hit.id for hit in self.desk.store.search(word, limit=10)}
            assert hits == {key for key, each in held.items() if word in f"{each.title} {each.content}".split()}


def _all(desk: Desk) -> tuple[object, ...]:
    failures = [(f.id, f.ref, f.error, f.attempts, f.next_at) for f in desk.store.failures("c")]
    shown = {e.id: (e.title, e.content, e.version, e.updated_at) for e in desk.store.snapshot()}
    return desk.versions(), failures, shown, desk.store.totals("c")
