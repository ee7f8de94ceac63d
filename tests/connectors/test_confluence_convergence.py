"""`confluence` and its site, edited at random between and within runs that break: in the end both are equal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..fakes.confluence_doors import too_many
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from ..net.clock import BEGAN
from .confluence_desk import ConfluenceDesk, opened_desk
from .confluence_world import Editor, Shown, shown_of

EDITS = 12  # between two runs
RUNS = 5
EXAMPLES = 8

PATHS = ["/api/", "/pages", "comments", "attachment", "/content", "/search", "download"]
FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    too_many(2, BEGAN),
    Answer(500),
    Answer(503),
    Answer(404, {"errors": [{"status": 404, "title": "Not Found"}]}),
    html(),
    Answer(200, b'{"results": ['),
    Answer(200, b'{"results": [{"id": "1", "status": "curr', {"Content-Type": "application/json"}, cut=20),
]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, ConfluenceDesk]]:
    """One in the cloud, one on a Data Center."""
    with ExitStack() as opened:
        yield {
            cloud: opened.enter_context(opened_desk(tmp_path_factory.mktemp("desk"), cloud=cloud))
            for cloud in (True, False)
        }


def trouble(desk: ConfluenceDesk, editor: Editor, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good, and people go on while it reads."""
    for _ in range(chance.randrange(4)):
        times, skip = chance.choice([1, 1, 9]), chance.randrange(4)
        path, fault = chance.choice(PATHS), chance.choice(FAULTS)
        desk.fake.order(_of_the_api(fault), path=path, times=times, skip=skip)
    if chance.random() < 0.3:
        desk.fake.quirks.poisonous = {chance.choice(sorted(desk.site.contents))}

    def go_on(_asked: Asked) -> None:
        if chance.random() < 0.05:
            editor.act()

    desk.fake.before = go_on


def _of_the_api(fault: Callable[[Asked], Answer] | Answer) -> Callable[[Asked], Answer | None]:
    """What would be said instead of a file's content would pass for that content."""

    def answer(asked: Asked) -> Answer | None:
        made = fault(asked) if callable(fault) else fault
        is_file = "download" in asked.path or "/media/" in asked.path
        return None if is_file and made.status == 200 else made

    return answer


def begin(desk: ConfluenceDesk, seed: int) -> Editor:
    """An edited site, and a store with nothing in it."""
    desk.fake.begin_anew()
    desk.site, desk.hours, desk.fake.before = desk.fake.site, 0.0, lambda _asked: None
    chance = random.Random(seed)
    include, exclude = chance.choice([[], [], ["public"]]), chance.choice([[], ["draft"]])
    archived = chance.random() < 0.3
    desk.options = {"include_labels": include, "exclude_labels": exclude, "include_archived": archived}
    quirks = desk.fake.quirks
    quirks.short_pages, quirks.hollow_end = chance.choice([2, 5, 0]), chance.random() < 0.3
    quirks.trash_moves, quirks.past_end = chance.random() < 0.5, chance.random() < 0.3
    desk.site.moves_make_versions = chance.random() < 0.3
    desk.site.index.lag = chance.choice([0, 0, 60, 600])
    return Editor(desk.fake, chance, include=include, exclude=exclude, archived=archived)


def stored(desk: ConfluenceDesk) -> dict[str, Shown]:
    return {item_id: shown_of(entry) for item_id, entry in desk.entries().items()}


def live_through(desk: ConfluenceDesk, seed: int) -> None:
    editor, chance = begin(desk, seed), random.Random(seed + 1)
    for _ in range(RUNS):
        trouble(desk, editor, chance)
        desk.sync()
        desk.fake.forget()
        desk.fake.before = lambda _asked: None
        for _ in range(EDITS):
            editor.act()
        desk.hours += chance.choice([0, 1, 13])
    editor.settle()
    desk.hours += 25  # what failed is asked for again
    finish(desk, editor)


def finish(desk: ConfluenceDesk, editor: Editor) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    expected, held = editor.expected(), stored(desk)
    loud = (expected.keys() | held.keys()) - editor.quiet
    assert {each: held.get(each) for each in loud} == {each: expected.get(each) for each in loud}

    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    assert stored(desk) == editor.expected()
    counts: Any = desk.later().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), cloud=st.booleans())
def test_after_random_edits_and_troubles_store_and_site_are_equal(desks, tmp_path_factory, seed, cloud):
    desks[cloud].folder = tmp_path_factory.mktemp("run")
    live_through(desks[cloud], seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("cloud", [True, False], ids=["cloud", "data center"])
@pytest.mark.parametrize("first", range(0, 200, 100))
def test_after_hundreds_of_such_lives_they_are_equal(desks, tmp_path_factory, first, cloud):
    for seed in range(first, first + soak_size(25, 100)):
        desks[cloud].folder = tmp_path_factory.mktemp("run")
        live_through(desks[cloud], seed)
