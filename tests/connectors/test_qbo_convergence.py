"""`qbo` and its books, edited at random between runs that break: in the end both are equal, to the cent."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .qbo_desk import FEED, QUERY, QuickBooksDesk, opened_desk
from .qbo_world import Editor

EDITS = 10  # between two runs
RUNS = 5
EXAMPLES = 8


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("qbo")) as made:
        yield made


def faults(desk: QuickBooksDesk) -> list[Callable[[Asked], Answer] | Answer]:
    started = Answer(200, b'{"QueryResponse": {"Inv', {"Content-Type": "application/json"})
    cut = Answer(200, b'{"QueryResponse": {"Invoice": [{"Id"', {"Content-Type": "application/json"}, cut=20)
    return [desk.fake.throttled, desk.fake.expired, desk.fake.lost, Answer(500), Answer(503), html(), started, cut]


def trouble(desk: QuickBooksDesk, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good; what is written is seen late; a right is lost."""
    for _ in range(chance.randrange(4)):
        path, times, skip = chance.choice([QUERY, FEED]), chance.choice([1, 1, 9]), chance.randrange(6)
        desk.fake.order(chance.choice(faults(desk)), path=path, times=times, skip=skip)
    desk.books.lag = chance.choice([0.0, 0.0, 30.0, 90.0])
    desk.books.denied = {chance.choice(["Invoice", "Bill", "Vendor"])} if chance.random() < 0.2 else set()


def live_through(desk: QuickBooksDesk, seed: int) -> None:
    desk.begin_anew()
    chance = random.Random(seed)
    editor = Editor(desk.fake, chance)
    silent = chance.random() < 0.3
    desk.books.balances = "silent" if silent else "stamped"
    with small_answers(desk, chance):
        for _ in range(RUNS):
            trouble(desk, chance)
            desk.sync()
            for _ in range(EDITS):
                editor.edit()
            if chance.random() < 0.1:
                desk.later(days=31)
        editor.settle()
        desk.fake.forget()
        desk.hours += 25
        result = desk.sync()
        assert not result.stream_errors, result.errors
        if silent:
            desk.assert_equal_of("Account")  # whose balances follow from transactions
        else:
            desk.assert_equal()
        finish(desk)


@contextmanager
def small_answers(desk: QuickBooksDesk, chance: random.Random) -> Iterator[None]:
    """Pages and feeds that hold little, so that what happens to large companies happens to this one."""
    desk.fake.cdc_objects = most = chance.choice([6, 25, 1000])
    page = mock.patch("aragora_sync.connectors.qbo.company.PAGE_SIZE", chance.choice([3, 5, 1000]))
    with page, mock.patch("aragora_sync.connectors.qbo.feed.MOST_CHANGES", most):
        yield


def finish(desk: QuickBooksDesk) -> None:
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    desk.assert_equal()
    counts = desk.sync().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_after_random_edits_and_troubles_store_and_books_are_equal(shared, tmp_path_factory, seed):
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_sums_in_the_store_are_the_sums_at_the_source(shared, tmp_path_factory, seed):
    """For any sequence of edits, voids and deletions, after one incremental run."""
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    shared.begin_anew()
    editor = Editor(shared.fake, random.Random(seed))
    shared.sync()
    for _ in range(30):
        editor.edit()
    shared.sync()
    totals: dict[str, Decimal] = {}
    for item_id, row in shared.rows().items():
        kind = item_id.partition("/")[0]
        totals[kind] = totals.get(kind, Decimal(0)) + Decimal(row.get("TotalAmt", "0"))

    assert {kind: total for kind, total in totals.items() if total} == {
        kind: total
        for kind in totals
        if (total := sum((row.get("TotalAmt", Decimal(0)) for row in shared.books.rows(kind)), Decimal(0)))
    }


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 400, 100))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, first):
    for seed in range(first, first + soak_size(40, 100)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed)
