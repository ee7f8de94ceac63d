"""A dry run's store answers what the real one would, and writes nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.store.overlay import Overlay
from aragora_sync.store.sqlite import SqliteStore

from ..clock import FakeClock
from ..contract.desk import Desk, entries, items
from ..contract.properties import said

NAMES = st.sampled_from(["one", "two"])
WHOLE = said().filter(lambda change: getattr(change, "content", "") is not None)  # a dry run keeps no texts
SAID = st.lists(WHOLE, min_size=1, max_size=5)
PASSES = st.lists(st.tuples(NAMES, st.lists(SAID, max_size=3)), max_size=2, unique_by=lambda each: each[0])


@given(st.lists(st.tuples(NAMES, SAID), max_size=4), PASSES, st.booleans())
def test_a_dry_run_answers_as_the_real_store_would(before, passes, resumed):
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as name:
        base, real = (SqliteStore(Path(name) / file, clock=clock) for file in ("base.db", "real.db"))
        for store in (base, real):
            desk = Desk(store)
            for stream, changes in before:
                desk.say(*changes, stream=stream)
                desk.begin(stream)
                desk.say(*changes[:1], stream=stream, cursor="half", in_pass=True)
            store.end_run(desk.run, "ok", [])
        clock.turn(hours=1)
        held = entries(base)
        overlay = Overlay(base, clock)
        dry, wet = Desk(overlay), Desk(real)
        dry.run = wet.run
        for stream, batches in passes:
            for desk in (dry, wet):
                if not resumed or desk.store.stream("c", stream) is None:
                    desk.begin(stream)
            for number, changes in enumerate(batches):
                said_dry = dry.say(*changes, stream=stream, cursor=number, in_pass=True)
                said_wet = wet.say(*changes, stream=stream, cursor=number, in_pass=True)
                assert (said_dry.counts, said_dry.held) == (said_wet.counts, said_wet.held)
            assert dry.end(stream, "end") == wet.end(stream, "end")
        assert _progress(dry) == _progress(wet)
        assert dry.failing() == wet.failing()
        assert entries(base) == held
        overlay.close()
        base.close()
        real.close()


def test_the_guard_of_a_dry_run_refuses_too(folder, clock):
    store = SqliteStore(folder / "t.db", clock=clock)
    Desk(store).passed(*items(20))
    dry = Desk(Overlay(store, clock))
    dry.begin()
    dry.say(*items(9), in_pass=True)

    assert dry.end().refusal.would_remove == 11
    assert dry.drop("s").refusal.of == 20
    store.close()


def test_without_a_store_it_is_empty_and_leaves_nothing(clock):
    overlay = Overlay(None, clock)
    desk = Desk(overlay)

    assert desk.say(*items(3)).counts.created == 3
    assert desk.say(*items(3)).counts.unchanged == 3
    overlay.close()


def _progress(desk):
    return {name: replace(row, generation=0) for name, row in desk.store.streams("c").items()}
