"""`xero` and its books, edited at random between runs that break: in the end both are equal, to the cent."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aragora_sync.connectors.xero import ledger

from ..fakes.web import Answer, Asked, html
from ..fakes.xero_limits import offline, too_many
from ..kill.desk import soak_size
from .xero_desk import BASE, XeroDesk, changes, opened_desk
from .xero_world import Keeper

EDITS = 15  # between two runs
RUNS = 6
EXAMPLES = 8
SHOWN = ("Status", "ContactStatus", "Reference", "Narration", "Name", "DueDate")
AMOUNTS = ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid", "AmountCredited", "RemainingCredit", "Amount")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("xero")) as made:
        yield made


def cut(_asked: Asked) -> Answer:
    return Answer(200, b'{"Id": "x", "Invo', {"Content-Type": "application/json"}, cut=10)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    too_many("minute", 7),
    too_many("day", 40_000),
    too_many("concurrent", 1),
    offline(),
    Answer(500),
    Answer(502),
    html(),
    Answer(200, b'{"Id": "x", "Invo'),
    Answer(200, {"Id": "x"}),
    cut,
    Answer(401, {"Detail": "AuthorizationUnsuccessful", "Status": 401}),
]


def trouble(desk: XeroDesk, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good; the organisation may be connected no more."""
    for _ in range(chance.randrange(4)):
        path = BASE + chance.choice(["", "Invoices", "Payments", "Contacts", "ManualJournals"])
        times, skip = chance.choice([1, 1, 9]), chance.randrange(5)
        desk.fake.order(chance.choice(FAULTS), path=path, times=times, skip=skip)


def compare(desk: XeroDesk, keeper: Keeper, quiet: set[str]) -> None:
    """Every record is there with its words and amounts, and no other."""
    stored = {item_id: json.loads(entry.metadata) for item_id, entry in desk.entries().items()}
    expected = keeper.expected()
    assert stored.keys() == expected.keys()
    for item_id, fields in expected.items():
        if item_id in quiet:
            continue
        told = stored[item_id]
        for name in SHOWN:
            assert str(fields.get(name) or "") == told.get(name, ""), f"{item_id}: {name}"
        for name in AMOUNTS:
            assert fields.get(name) == _amount(told.get(name)), f"{item_id}: {name}"
        lines = [Decimal(line["LineAmount"]) for line in told.get("LineItems", [])]
        assert lines == [line["LineAmount"] for line in fields.get("LineItems", [])], item_id
    if not quiet:
        for name in AMOUNTS:
            at_xero = sum(fields.get(name, 0) for fields in expected.values())
            assert sum(_amount(told.get(name)) or 0 for told in stored.values()) == at_xero, name


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def live_through(desk: XeroDesk, seed: int) -> None:
    desk.begin_anew()
    desk.folder /= str(seed)
    chance = random.Random(seed)
    keeper = Keeper(desk.books, chance)
    desk.fake.limits.on = chance.random() < 0.3
    desk.fake.lists.since = chance.choice(["after", "from", "second"])
    desk.books.lag = chance.choice([0.0, 20.0])
    for _ in range(RUNS):
        trouble(desk, chance)
        desk.fake.before = _busy(keeper, chance) if chance.random() < 0.3 else lambda _asked: None
        desk.sync()
        desk.fake.before = lambda _asked: None
        for _ in range(EDITS):
            keeper.act()
        desk.later(chance.choice([0, 3, 4000, 90_000]))
        desk.hours += chance.choice([0, 1, 13])
    desk.later(100_000)  # a spent day, too, is over
    desk.fake.forget()
    desk.hours += 25  # what failed is asked for again
    finish(desk, keeper)


def _busy(keeper: Keeper, chance: random.Random) -> Callable[[Asked], None]:
    """Somebody works while it is read."""

    def act(asked: Asked) -> None:
        if asked.path.startswith(BASE) and chance.random() < 0.3:
            keeper.act()

    return act


def finish(desk: XeroDesk, keeper: Keeper) -> None:
    result = desk.sync()
    assert not result.stream_errors, result.errors
    compare(desk, keeper, keeper.quiet)
    result = desk.reconcile()
    assert not result.stream_errors, result.errors
    compare(desk, keeper, set())
    assert changes(desk.sync()) == (0, 0, 0)
    assert changes(desk.full()) == (0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_after_random_edits_and_troubles_store_and_books_are_equal(shared, tmp_path_factory, monkeypatch, seed):
    monkeypatch.setattr(ledger, "PAGE", 7)
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed)


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 200, 50))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, monkeypatch, first):
    monkeypatch.setattr(ledger, "PAGE", 7)
    for seed in range(first, first + soak_size(12, 50)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed)
