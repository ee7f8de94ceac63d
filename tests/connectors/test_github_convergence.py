"""`github` and its repositories, edited at random between runs that break: in the end both are equal."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.connectors.github import issues

from ..fakes.github_limits import secondary
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .github_desk import GRAPHQL, GitHubDesk, changes, opened_desk
from .github_world import Editor

EDITS = 15  # between two runs
RUNS = 6
EXAMPLES = 8


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("github")) as made:
        yield made


def cut(asked: Asked) -> Answer:
    return Answer(200, b'[{"number": 1, "tit', {"Content-Type": "application/json"}, cut=10)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    secondary(2),
    Answer(429, {"message": "wait"}, {"Retry-After": "3"}),
    Answer(500),
    Answer(502),
    html(),
    Answer(200, b'{"data": {"repos'),
    cut,
    Answer(404, {"message": "Not Found"}),
]
OF_QUERIES = [
    Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}),
    Answer(200, {"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "too much"}]}),
]


def trouble(desk: GitHubDesk, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good, or the token loses a right."""
    for _ in range(chance.randrange(4)):
        path = chance.choice([GRAPHQL, GRAPHQL, "/issues", "/comments", "/git/trees"])
        fault = chance.choice([*FAULTS, *OF_QUERIES] if path == GRAPHQL else FAULTS)
        desk.fake.order(fault, path=path, times=chance.choice([1, 1, 9]), skip=chance.randrange(5))
    for repository in desk.fake.state.repositories.values():
        repository.accessible = chance.random() > 0.1


def compare(desk: GitHubDesk, editor: Editor, quiet: set[str]) -> None:
    """Every word is where it belongs, once, and no word is left that went; of the quiet ones nobody asks."""
    stored, expected = desk.items(), editor.expected()
    for item, words in expected.items():
        loud = [word for word in words if word and word not in quiet]
        assert item in stored or not loud, f"missing: {item} with {loud}"
        for word in loud:
            assert stored[item].count(word) == 1, f"{item}: {word} in {stored[item]!r}"
    everything = "\n".join(stored.values())
    left = {word for word in editor.gone - quiet if word in everything}
    assert not left, f"gone, but still there: {sorted(left)}"


def live_through(desk: GitHubDesk, seed: int) -> None:
    desk.begin_anew()
    desk.folder /= str(seed)
    chance = random.Random(seed)
    editor = Editor(desk.fake, chance)
    desk.fake.pull_clock = chance.choice(["newest", "pull"])
    desk.state.review_comments_move_pulls = chance.random() < 0.5
    desk.state.lag = chance.choice([0, 20])
    desk.fake.tree_entries = chance.choice([5, 1000])
    for _ in range(RUNS):
        trouble(desk, chance)
        desk.sync()
        for _ in range(EDITS):
            editor.act()
        desk.hours += chance.choice([0, 1, 13])
    editor.settle()
    desk.fake.forget()
    desk.hours += 25  # what failed is asked for again
    finish(desk, editor)


def finish(desk: GitHubDesk, editor: Editor) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    compare(desk, editor, editor.quiet)
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    compare(desk, editor, set())
    assert desk.items().keys() == editor.expected().keys()
    told = {item: (entry.title, entry.url, entry.acl, entry.content) for item, entry in desk.entries().items()}
    assert changes(desk.sync()) == (0, 0, 0)
    desk.full()
    assert told == {item: (each.title, each.url, each.acl, each.content) for item, each in desk.entries().items()}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_after_random_edits_and_troubles_store_and_repositories_are_equal(shared, tmp_path_factory, monkeypatch, seed):
    monkeypatch.setattr(issues, "PAGE", 7)
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, monkeypatch, first):
    monkeypatch.setattr(issues, "PAGE", 7)
    for seed in range(first, first + soak_size(12, 50)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed)
