"""The suite for connectors passes good ones, and finds each mistake of bad ones."""

from __future__ import annotations

import time
from typing import ClassVar

import pytest

from aragora_sync.core.changes import Checkpoint, Item, Seen
from aragora_sync.testing import ConnectorContract

from .world import MANNERS, World
from .world_connector import FetchingWorldConnector, WorldConnector


class ContractedWorld(World):
    """A world with the words of the suite."""

    def add(self, item_id, text="text", **more):
        return super().add(item_id, text, **more)

    def fail(self, item_id):
        self.parts["s"].things[item_id].fails = True

    def mend(self, item_id=""):
        self.parts["s"].things[item_id].fails = False


class WorldContract(ConnectorContract):
    manner: ClassVar[str]
    still: ClassVar[bool] = False
    connector: ClassVar[type[WorldConnector]] = WorldConnector

    def make_world(self, folder):
        return ContractedWorld(s=self.manner)

    def setup_method(self):
        super().setup_method()
        self.world.still = self.still

    def make(self, world, **options):
        return self.connector(world=world, **options)


for _manner in MANNERS:
    for _connector in (WorldConnector, FetchingWorldConnector):
        _name = f"Test{_connector.__name__}{_manner.title()}"
        _said = {"manner": _manner, "connector": _connector, "__module__": __name__}
        globals()[_name] = type(_name, (WorldContract,), _said)


# Mistakes

left_open = []


class PromisesTooEarly(WorldConnector):
    def read(self, stream, cursor, known):
        held = None
        for change in super().read(stream, cursor, known):
            if isinstance(change, Checkpoint):
                yield change
                continue
            if held is not None:
                yield held
            held = change
        if held is not None:
            yield held


class SaysCompleteTooEarly(WorldConnector):
    def read(self, stream, cursor, known):
        for change in super().read(stream, cursor, known):
            yield Checkpoint(change.cursor, complete=True) if isinstance(change, Checkpoint) else change


class CountsInsteadOfKnowing(WorldConnector):
    """Its cursor is an offset."""

    def read(self, stream, cursor, known):
        things = sorted(self.world.parts["s"].things.values(), key=lambda thing: thing.id)
        for thing in things[cursor or 0 :]:
            yield self._item(thing, known)
        yield Checkpoint(len(things), complete=True)


class ExcludesTheBound(WorldConnector):
    def read(self, stream, cursor, known):
        since = 0 if cursor is None else cursor + 1
        top = self.world.now
        for thing in [thing for thing in self.world.parts["s"].things.values() if thing.updated >= since]:
            yield self._item(thing, known)
        yield Checkpoint(top, complete=True)


class NamesByPlace(WorldConnector):
    def read(self, stream, cursor, known):
        things = sorted(self.world.parts["s"].things.values(), key=lambda thing: thing.updated)
        for number, thing in enumerate(things):
            yield Item(f"number {number}", "thing", thing.title, thing.text)
        yield Checkpoint(None, complete=True)


class TrustsItsMemory(WorldConnector):
    def read(self, stream, cursor, known):
        for change in super().read(stream, cursor, known):
            yield Seen(change.id) if isinstance(change, Item) and known.get([change.id]) else change


class ForgetsARef(FetchingWorldConnector):
    def fetch(self, stream, refs, known):
        yield from list(super().fetch(stream, refs, known))[1:]


class Sleeps(WorldConnector):
    def read(self, stream, cursor, known):
        time.sleep(0)
        yield from super().read(stream, cursor, known)


class LeavesOpen(WorldConnector):
    def read(self, stream, cursor, known):
        left_open.append(open("/dev/null"))  # noqa: SIM115 - the mistake
        yield from super().read(stream, cursor, known)
        left_open.pop().close()


class SharesItsPlace(WorldConnector):
    def read(self, stream, cursor, known):
        self.todo = list(super().read(stream, cursor, known))
        while self.todo:
            yield self.todo.pop(0)


class RaisesForOne(WorldConnector):
    def _item(self, thing, known, held=None):
        if thing.fails:
            raise KeyError(thing.id)
        return super()._item(thing, known, held)


@pytest.mark.parametrize(
    ("kind", "manner", "test"),
    [
        (PromisesTooEarly, "sorted", "test_each_checkpoint_keeps_its_promise"),
        (PromisesTooEarly, "sorted", "test_cut_at_every_change_and_resumed_it_ends_equal"),
        (SaysCompleteTooEarly, "sorted", "test_complete_is_said_after_everything_was_named"),
        (CountsInsteadOfKnowing, "sorted", "test_an_old_cursor_still_tells_of_everything_since"),
        (ExcludesTheBound, "updated", "test_an_edit_at_once_after_a_sync_is_seen"),
        (NamesByPlace, "unordered", "test_every_thing_becomes_one_item_with_its_text"),
        (TrustsItsMemory, "unordered", "test_a_full_pass_reads_everything_again"),
        (ForgetsARef, "events", "test_fetch_answers_every_ref_once_and_moves_no_cursor"),
        (Sleeps, "events", "test_it_never_sleeps"),
        (LeavesOpen, "events", "test_a_generator_that_is_closed_early_leaves_nothing_open"),
        (SharesItsPlace, "events", "test_one_stream_can_be_read_from_two_threads"),
        (RaisesForOne, "events", "test_an_unreadable_thing_is_said_and_the_rest_goes_on"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
@pytest.mark.sleeps
def test_a_mistake_is_found(kind, manner, test):
    told = {"manner": manner, "connector": kind, "still": kind is ExcludesTheBound}
    assert_found(type("Suite", (WorldContract,), told), test)


def assert_found(contract, test):
    """A test of this suite fails, and says what is wrong."""
    suite = contract()
    suite.setup_method()
    try:
        with pytest.raises(AssertionError):
            getattr(suite, test)()
    finally:
        suite.teardown_method()
        for file in left_open:
            file.close()
        left_open.clear()
