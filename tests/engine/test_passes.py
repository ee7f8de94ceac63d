"""Which readings are due: a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aragora_sync.engine.passes import CURSOR_EXPIRED, OPTIONS_CHANGED, Asked, Mode, Reading, due_readings
from aragora_sync.store.base import OpenPass, PassKind, StreamRow

FULL, RECONCILE = PassKind.FULL, PassKind.RECONCILE
CHANGES = Reading(Mode.CHANGES)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = StreamRow("s", "", {"since": 1}, 3, "f", NOW - timedelta(hours=1), None, None, None, "")
ASKED = Asked("f", NOW, DAY)


def begin(kind, why=""):
    return Reading(Mode.BEGIN, kind, why)


def resume(kind):
    return Reading(Mode.RESUME, kind)


def under_way(kind, cursor="c", fingerprint="f"):
    return OpenPass(kind, fingerprint, NOW, cursor)


DUE = {
    "first pass": (None, {}, [begin(RECONCILE, "first pass")]),
    "first pass, full asked": (None, {"kind": FULL}, [begin(FULL, "first pass")]),
    "only access was noted": ({"generation": 0}, {}, [begin(RECONCILE, "first pass")]),
    "nothing but changes": ({}, {}, [CHANGES]),
    "no cursor": ({"cursor": None}, {}, [begin(RECONCILE)]),
    "an empty cursor is one": ({"cursor": ""}, {}, [CHANGES]),
    "full asked": ({}, {"kind": FULL}, [CHANGES, begin(FULL)]),
    "reconcile asked": ({}, {"kind": RECONCILE}, [CHANGES, begin(RECONCILE)]),
    "forgotten": ({"cursor": None, "due": FULL}, {}, [begin(FULL)]),
    "forgotten, reconcile asked": ({"cursor": None, "due": FULL}, {"kind": RECONCILE}, [begin(FULL)]),
    "a day old": ({"reconciled_at": NOW - DAY}, {}, [CHANGES, begin(RECONCILE)]),
    "nearly a day old": ({"reconciled_at": NOW - DAY + timedelta(seconds=1)}, {}, [CHANGES]),
    "old, but never due": ({"reconciled_at": NOW - 99 * DAY}, {"every": None}, [CHANGES]),
    "clock went back": ({"reconciled_at": NOW + timedelta(hours=1)}, {}, [CHANGES, begin(RECONCILE)]),
    "failures nobody can fetch": ({}, {"failures_due": True}, [CHANGES, begin(RECONCILE)]),
    "open": ({"open_pass": under_way(RECONCILE)}, {}, [CHANGES, resume(RECONCILE)]),
    "open, first pass": ({"open_pass": under_way(FULL), "cursor": None}, {}, [resume(FULL)]),
    "open without checkpoint": ({"open_pass": under_way(FULL, None)}, {}, [CHANGES, begin(FULL)]),
    "open, reconcile asked": ({"open_pass": under_way(FULL)}, {"kind": RECONCILE}, [CHANGES, resume(FULL)]),
    "open full, full asked": ({"open_pass": under_way(FULL)}, {"kind": FULL}, [CHANGES, resume(FULL)]),
    "open reconcile, full asked": ({"open_pass": under_way(RECONCILE)}, {"kind": FULL}, [CHANGES, begin(FULL)]),
    "options changed": ({}, {"fingerprint": "g"}, [begin(FULL, OPTIONS_CHANGED)]),
    "options changed, reconcile asked": (
        {},
        {"fingerprint": "g", "kind": RECONCILE},
        [begin(FULL, OPTIONS_CHANGED)],
    ),
    "pass under the new options": (
        {"open_pass": under_way(FULL, fingerprint="g")},
        {"fingerprint": "g"},
        [resume(FULL)],
    ),
    "changed again meanwhile": (
        {"open_pass": under_way(FULL, fingerprint="g")},
        {"fingerprint": "h"},
        [begin(FULL, OPTIONS_CHANGED)],
    ),
    "changed and changed back": (
        {"open_pass": under_way(FULL, fingerprint="g")},
        {},
        [begin(FULL, OPTIONS_CHANGED)],
    ),
    "changed during the first pass": (
        {"open_pass": under_way(RECONCILE), "fingerprint": None, "cursor": None},
        {"fingerprint": "g"},
        [begin(FULL, OPTIONS_CHANGED)],
    ),
}


@pytest.mark.parametrize(("row", "asked", "due"), DUE.values(), ids=DUE)
def test_due_readings(row, asked, due):
    assert due_readings(None if row is None else replace(ROW, **row), replace(ASKED, **asked)) == due


def test_the_reasons_are_words_for_people():
    assert (OPTIONS_CHANGED, CURSOR_EXPIRED) == ("options changed", "cursor expired")
