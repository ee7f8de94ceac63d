"""`notion` and its workspace, edited at random between runs that break: in the end both are equal."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..fakes.notion import overloaded, rate_limited, unavailable
from ..fakes.notion_lists import refusal
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .notion_desk import MARKDOWN, QUERY, SEARCH, NotionDesk, opened_desk
from .notion_world import SHARED, WAYS, Editor

EDITS = 12  # between two runs
RUNS = 6
EXAMPLES = 12


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("notion")) as made:
        yield made


def cut(asked: Asked) -> Answer:
    return Answer(200, b'{"object": "list", "results": [{"object": "pa', {"Content-Type": "application/json"}, cut=20)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    rate_limited(2),
    overloaded(2),
    unavailable(500),
    unavailable(),
    refusal(409, "conflict_error", "Try again."),
    refusal(400, "validation_error", "start_cursor provided is invalid"),
    html(),
    html(502),
    Answer(200, b'{"object": "list", "res'),
    cut,
]


def trouble(desk: NotionDesk, editor: Editor, chance: random.Random) -> bool:
    """Some requests of the next run go wrong, once or for good, or a share is lost for that long; whether it is."""
    desk.fake.forget()
    for _ in range(chance.randrange(4)):
        path, times = chance.choice([QUERY, SEARCH, MARKDOWN, "/v1/"]), chance.choice([1, 1, 9])
        desk.fake.order(chance.choice(FAULTS), path=path, times=times, skip=chance.randrange(6))
    lost = chance.random() < 0.15
    (desk.space.unshare if lost else desk.space.share)(editor.home)
    return lost


def begin(desk: NotionDesk, seed: int, way: str) -> Editor:
    """An edited workspace, and a store with nothing in it."""
    desk.fake.begin_anew()
    desk.space = desk.fake.space
    desk.folder /= str(seed)
    chance = random.Random(seed)
    desk.fake.lists.short_pages = chance.random() < 0.3
    desk.fake.result_limit = chance.choice([4, 10_000]) if way != SHARED else 10_000  # searches have it, too
    desk.fake.search_delay = chance.choice([0, 1800])
    desk.fake.query_delay = chance.choice([0, 90])
    desk.space.trash_stamps = chance.random() < 0.5
    editor = Editor(desk.fake, chance, way)
    desk.options = editor.options() | {"read_blocks": chance.random() < 0.3, "reconcile_every": 0}
    return editor


def compare(desk: NotionDesk, editor: Editor, quiet: set[str]) -> None:
    """Every word is where it belongs, once, and no word is left that went; of the quiet things nobody asks."""
    stored, expected = desk.entries(), editor.expected()
    missing = {thing: word for thing, word in expected.items() if thing not in stored and thing not in quiet}
    assert not missing, f"missing: {missing}"
    for thing, word in expected.items():
        if thing not in quiet:
            entry = stored[thing]
            assert (entry.title, entry.content.partition("\n")[0]) == (editor.titles[thing], f"says {word}.")
    everything = {thing: f"{entry.title}\n{entry.content}" for thing, entry in stored.items() if thing not in quiet}
    left = {word for word in editor.absent() if any(word in text for text in everything.values())}
    assert not left, f"gone, but still there: {sorted(left)}"


def live_through(desk: NotionDesk, seed: int, way: str) -> None:
    editor, chance = begin(desk, seed, way), random.Random(seed + 1)
    for _ in range(RUNS):
        lost = trouble(desk, editor, chance)
        editor.again()
        result = desk.sync()
        if lost and result.counts.swept:  # a whole reading missed what is not shared, and nobody tells of a new share
            editor.quiet |= {each.id for each in desk.space.within(desk.space[editor.home])}
        editor.again()
        for _ in range(EDITS):
            editor.edit()
        desk.hours += chance.choice([0, 1, 13])
    editor.settle()
    desk.fake.forget()
    desk.space.share(editor.home)
    desk.hours += 25  # what failed is asked for again
    finish(desk, editor)


def finish(desk: NotionDesk, editor: Editor) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    compare(desk, editor, editor.quiet)
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    compare(desk, editor, set())
    others = {entry.id for entry in desk.entries().values() if entry.kind == "database"} | {editor.home, editor.outside}
    assert desk.items().keys() - others == editor.expected().keys()
    counts: Any = desk.sync().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), way=st.sampled_from(WAYS))
def test_after_random_edits_and_troubles_store_and_workspace_are_equal(shared, tmp_path_factory, seed, way):
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed, way)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("way", WAYS)
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, way):
    for seed in range(soak_size(25, 100)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed, way)
