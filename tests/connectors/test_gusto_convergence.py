"""`gusto` and its company, edited at random between runs that break: in the end both are equal."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.connectors.gusto import api

from ..fakes.gusto import too_many
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .gusto_desk import GustoDesk, changes, opened_desk
from .gusto_world import Editor, stored_state

EDITS = 15  # between two runs
RUNS = 6
EXAMPLES = 8
OPTIONAL = ("payrolls:read", "employees:read", "companies:read")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("gusto")) as made:
        yield made


def cut(asked: Asked) -> Answer:
    return Answer(200, b'[{"uuid": "1", "first', {"Content-Type": "application/json"}, cut=10)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    too_many(2),
    Answer(429, {"errors": []}, {"Retry-After": "37"}),
    Answer(401, {"error": "invalid_token"}),
    Answer(500),
    Answer(502),
    html(),
    Answer(200, b'[{"uuid": '),
    Answer(200, {"hello": "world"}),
    cut,
]


def trouble(desk: GustoDesk, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good; the login loses a right, or its access ends."""
    for _ in range(chance.randrange(4)):
        path = chance.choice(["/employees", "/payrolls", "/payrolls/", "/oauth/token"])
        times = chance.choice([1, 1, 9])
        desk.fake.order(chance.choice(FAULTS), path=path, times=times, skip=chance.randrange(4))
    desk.grant.scopes.update(OPTIONAL)
    if chance.random() < 0.15:
        desk.grant.scopes.discard(chance.choice(OPTIONAL))
    if chance.random() < 0.3:
        desk.fake.tick(7200)


def compare(desk: GustoDesk, editor: Editor, late: set[str]) -> None:
    """Everything is there as it is at Gusto, and nothing else; of what is late nobody asks."""
    expected = editor.expected()
    stored = {item_id: stored_state(entry) for item_id, entry in desk.entries().items()}
    differ = {item_id for item_id in expected if stored.get(item_id) != expected[item_id]}
    assert not differ - late, {item_id: (stored.get(item_id), expected[item_id]) for item_id in differ - late}
    assert not stored.keys() - expected.keys(), "gone, but still there"


def live_through(desk: GustoDesk, seed: int) -> None:
    desk.begin_anew()
    desk.folder /= str(seed)
    chance = random.Random(seed)
    editor = Editor(desk, chance)
    desk.options["history_from"] = "2024-06-01"
    for _ in range(RUNS):
        trouble(desk, chance)
        desk.sync()
        for _ in range(EDITS):
            editor.act()
        desk.hours += chance.choice([0, 1, 13])
    desk.fake.forget()
    desk.grant.scopes.update(OPTIONAL)
    desk.hours += 25  # what failed is asked for again
    finish(desk, editor)


def finish(desk: GustoDesk, editor: Editor) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    compare(desk, editor, editor.late)
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    compare(desk, editor, set())
    told = {item: (each.title, each.content, each.metadata) for item, each in desk.entries().items()}
    assert changes(desk.sync()) == (0, 0, 0)
    desk.full()
    assert told == {item: (each.title, each.content, each.metadata) for item, each in desk.entries().items()}
    assert desk.fake.refusals == 0


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_after_random_edits_and_troubles_store_and_company_are_equal(shared, tmp_path_factory, monkeypatch, seed):
    monkeypatch.setattr(api, "PAGE", 7)
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, monkeypatch, first):
    monkeypatch.setattr(api, "PAGE", 7)
    for seed in range(first, first + soak_size(20, 50)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed)
