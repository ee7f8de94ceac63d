"""`slack` and its workspace, edited at random between runs that break: in the end both are equal."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..fakes.slack import BOT, too_many
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .slack_desk import HISTORY, REPLIES, SlackDesk, opened_desk
from .slack_world import Editor

EDITS = 12  # between two runs
RUNS = 6
EXAMPLES = 8


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("slack")) as made:
        yield made


def cut(asked: Asked) -> Answer:
    return Answer(200, b'{"ok": true, "messages": [{"type": "mess', {"Content-Type": "application/json"}, cut=20)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    too_many(2),
    Answer(500),
    Answer(503),
    html(),
    Answer(200, b'{"ok": true, "mess'),
    cut,
    Answer(200, {"ok": False, "error": "internal_error"}),
    Answer(200, {"ok": False, "error": "invalid_cursor"}),
]


def trouble(desk: SlackDesk, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good, or the app loses a right.

    Only of the API: what it says instead of a file's content would pass for that content.
    """
    for _ in range(chance.randrange(4)):
        path, times, skip = chance.choice([HISTORY, REPLIES, "/api/"]), chance.choice([1, 1, 9]), chance.randrange(4)
        desk.fake.order(chance.choice(FAULTS), path=path, times=times, skip=skip)
    scopes = desk.fake.tokens[BOT].scopes
    scopes.add("groups:history")
    if chance.random() < 0.2:
        scopes.discard("groups:history")


def begin(desk: SlackDesk, seed: int, files: bool) -> Editor:
    """An edited workspace, and a store with nothing in it."""
    desk.fake.begin_anew()
    desk.folder /= str(seed)
    desk.options |= {"include_files": files}
    chance = random.Random(seed)
    editor = Editor(desk.fake, chance, files=files)
    desk.fake.page_sizes = {HISTORY: chance.choice([3, 7, 1000]), REPLIES: chance.choice([3, 1000])}
    desk.fake.latest_reply_moves = chance.random() < 0.5
    desk.fake.short_pages = chance.random() < 0.3
    desk.fake.state.empty_threads_keep_marks = chance.random() < 0.5
    desk.fake.state.lag = chance.choice([0, 0, 20])
    return editor


def compare(desk: SlackDesk, editor: Editor, quiet: set[str]) -> None:
    """Every word is where it belongs, once, and no word is left that went; of the quiet ones nobody asks."""
    entries, expected = desk.entries(), editor.expected()
    stored = {item: entry.content for item, entry in entries.items()}
    loud = {item for item, words in expected.items() if set(words) - quiet}
    assert loud <= stored.keys(), f"missing: {sorted(loud - stored.keys())}"
    for item, words in expected.items():
        for word in set(words) - quiet:
            assert stored[item].count(word) == 1, f"{item}: {word} in {stored[item]!r}"
    for item in loud:
        channel = desk.fake.state.channels[item.split("/")[1]]
        readers = f"channel:{channel.id}" if channel.private else f"team:{desk.fake.state.team_id}"
        assert json.loads(entries[item].acl) == [readers], item
    everything = "\n".join(f"{entry.title}\n{entry.content}" for entry in entries.values())
    left = {word for word in editor.absent() - quiet if word in everything}
    assert not left, f"gone, but still there: {sorted(left)}"


def live_through(desk: SlackDesk, seed: int, *, files: bool = False) -> None:
    editor, chance = begin(desk, seed, files), random.Random(seed + 1)
    for _ in range(RUNS):
        trouble(desk, chance)
        desk.sync()
        for _ in range(EDITS):
            editor.edit()
        desk.hours += chance.choice([0, 1, 13])
    editor.settle()
    desk.fake.forget()
    desk.fake.tokens[BOT].scopes.add("groups:history")
    desk.hours += 25  # what failed is asked for again
    finish(desk, editor)


def finish(desk: SlackDesk, editor: Editor) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    compare(desk, editor, editor.quiet)
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    compare(desk, editor, set())
    assert desk.items().keys() == editor.expected().keys()
    counts: Any = desk.sync().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), files=st.booleans())
def test_after_random_edits_and_troubles_store_and_workspace_are_equal(shared, tmp_path_factory, seed, files):
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed, files=files)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 400, 100))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, first):
    for seed in range(first, first + soak_size(40, 100)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed, files=seed % 2 == 0)
