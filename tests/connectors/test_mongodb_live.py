"""`mongodb` watched by the program, while the server forgets, cannot tell or loses what is watched: nothing is lost."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from aragora_sync.engine.events import RunEnded, Watched

from ..fakes.mongo_world import LARGEST
from .collections_desk import number
from .live_tables import LiveTables, started

DOCUMENTS = 8


class LiveCollections(LiveTables):
    OPTIONS: ClassVar[dict[str, Any]] = {}


def edit(desk):
    """What a change stream tells, were nothing in the way."""
    desk.put(1, "edited")
    desk.delete(2)
    desk.put("new", "new")


def forget(desk):
    edit(desk)
    desk.fake.world.forget()


def forget_and_step_down(desk):
    forget(desk)
    desk.fake.step_down()


def tell_too_much(desk):
    """The event of the last change is beyond what an answer holds."""
    edit(desk)
    desk.put(3, "edited, and more")
    desk.fake.world.log[-1].event["to"] = {"coll": "x" * LARGEST}


def restore(desk):
    """The database is dropped, and what comes in its place is nearly the same."""
    desk.fake.world.drop_database("app")
    for each in range(1, DOCUMENTS):
        desk.put(each, f"restored {each}")


def make_anew(desk):
    desk.fake.world.drop("app", "documents")
    for each in range(1, DOCUMENTS):
        desk.put(each, f"anew {each}")


def rename(desk):
    desk.fake.world.rename("app", "documents", "elsewhere")
    for each in range(1, DOCUMENTS):
        desk.put(each, f"in the old place {each}")


def delete_what_is_looked_up(desk):
    """Between the change and the question what the document is now."""
    desk.put(4, "never seen")

    def meanwhile(name):
        if name == "find":
            desk.fake.before = lambda name: None
            desk.delete(4)

    desk.fake.before = meanwhile


@pytest.mark.parametrize(
    ("happens", "codes"),
    [
        (forget, {286}),
        (forget_and_step_down, {10107, 286}),
        (tell_too_much, {10334}),
        (restore, set()),
        (make_anew, set()),
        (rename, set()),
        (delete_what_is_looked_up, set()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_whatever_ends_a_change_stream_the_watch_goes_on_and_nothing_is_lost(wired, monkeypatch, happens, codes):
    monkeypatch.setattr("aragora_sync.connectors.mongodb.watching.BURST_SECONDS", 0.01)
    for each in range(DOCUMENTS):
        wired.put(each, f"text {each}")
    with started(LiveCollections(wired)) as live:
        with wired.fake.world.lock:
            happens(wired)
        live.until(lambda: live.items() == wired.source())
        told = len(live.of(Watched))
        wired.put("last", "told live")
        live.until(lambda: live.items() == wired.source() and len(live.of(Watched)) > told)

    assert not live.errors()
    assert codes <= set(wired.fake.refused)


def test_a_database_that_is_dropped_and_comes_back_later_is_watched_again(wired, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.mongodb.watching.BURST_SECONDS", 0.01)
    wired.put(1)
    with started(LiveCollections(wired)) as live:
        ended = len(live.of(RunEnded))
        wired.fake.world.drop_database("app")
        live.until(lambda: len(live.of(RunEnded)) > ended + 1)
        wired.put(1, "back")
        live.until(lambda: live.items() == {number(1): "back"})
        told = len(live.of(Watched))
        wired.put(2, "told live")
        live.until(lambda: live.items() == wired.source() and len(live.of(Watched)) > told)

    assert not live.errors()
