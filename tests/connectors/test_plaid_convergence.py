"""`plaid` and its banks, used at random between runs that break: in the end both are equal, to the cent."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..fakes.plaid import MUTATION, Refused, too_many
from ..fakes.web import Answer, Asked, html
from ..kill.desk import soak_size
from .plaid_desk import ACCOUNTS, SYNC, PlaidDesk, opened_desk
from .plaid_world import Customer

ACTS = 12  # between two runs
RUNS = 6
EXAMPLES = 12
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with opened_desk(tmp_path_factory.mktemp("plaid")) as made:
        yield made


def cut(asked: Asked) -> Answer:
    return Answer(200, b'{"accounts": [], "added": [{"transact', {"Content-Type": "application/json"}, cut=20)


FAULTS: list[Callable[[Asked], Answer] | Answer] = [
    too_many("TRANSACTIONS_SYNC_LIMIT").answer,
    Refused("TRANSACTIONS_ERROR", MUTATION).answer,
    Refused("API_ERROR", "INTERNAL_SERVER_ERROR", status=500).answer,
    Refused("API_ERROR", "PLANNED_MAINTENANCE", status=503).answer,
    Refused("INSTITUTION_ERROR", "INSTITUTION_DOWN").answer,
    Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token").answer,
    Refused("ITEM_ERROR", "PRODUCT_NOT_READY").answer,
    Answer(500),
    html(),
    Answer(200, b'{"added": [], "modif'),
    cut,
]


def trouble(desk: PlaidDesk, customer: Customer, chance: random.Random) -> None:
    """Some requests of the next run go wrong, once or for good; a login ends, a token is rotated elsewhere."""
    for _ in range(chance.randrange(4)):
        path, times, skip = chance.choice([SYNC, SYNC, ACCOUNTS]), chance.choice([1, 1, 9]), chance.randrange(4)
        desk.fake.order(chance.choice(FAULTS), path=path, times=times, skip=skip)
    item = chance.choice(customer.items)
    match chance.randrange(5):
        case 0:
            desk.bank.break_login(item)
        case 1:
            desk.bank.rotate(item)
            desk.keep(item)
        case 2:
            between = chance.randrange(1, 5)

            def act_in_the_middle(_asked: Asked) -> None:
                if len(desk.fake.asked) == between:
                    customer.act()

            desk.fake.before = act_in_the_middle


def settle(desk: PlaidDesk, customer: Customer) -> None:
    """Nothing is wrong any more."""
    desk.fake.forget()
    desk.fake.before = lambda _asked: None
    for item in customer.items:
        desk.bank.repair(item)
    desk.hours += 25


def compare(desk: PlaidDesk, customer: Customer) -> None:
    there, stored = customer.transactions(), desk.amounts()
    assert stored == {one: raw["amount"] for one, raw in there.items()}
    assert sum(stored.values(), Decimal(0)) == sum((raw["amount"] for raw in there.values()), Decimal(0))
    contents = desk.items()
    for one, raw in there.items():
        assert raw["name"] in contents[one]
        assert contents[one].startswith(raw["date"])
    accounts = customer.accounts()
    assert {one: each.title for one, each in desk.accounts().items()} == {
        one: f"{each.name} ••{each.mask}" for one, each in accounts.items()
    }


def live_through(desk: PlaidDesk, seed: int) -> None:
    chance = random.Random(seed)
    desk.begin_anew()
    customer = Customer(desk, chance)
    desk.fake.page_size = chance.choice([3, 7, 500])
    desk.fake.empty_pages = chance.random() < 0.3
    for _ in range(RUNS):
        trouble(desk, customer, chance)
        desk.sync()
        desk.fake.before = lambda _asked: None
        for _ in range(ACTS):
            customer.act()
        desk.hours += chance.choice([0, 1, 13])
        if chance.random() < 0.5:
            settle(desk, customer)
    settle(desk, customer)
    finish(desk, customer)


def finish(desk: PlaidDesk, customer: Customer) -> None:
    for run in (desk.sync, desk.reconcile, desk.full):
        result = run()
        assert not result.stream_errors, result.errors
        compare(desk, customer)
    counts = desk.sync().counts
    assert (counts.created, counts.updated, counts.deleted, counts.failed) == (0, 0, 0, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_after_random_acts_and_troubles_store_and_banks_are_equal(shared, tmp_path_factory, seed):
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    live_through(shared, seed)


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_the_banks_own_wherever_the_program_runs(shared, tmp_path_factory, monkeypatch, zone):
    shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
    shared.begin_anew()
    days = {shared.bank.spend(shared.item, date=f"2026-{month:02}-01"): month for month in range(1, 13)}
    monkeypatch.setitem(os.environ, "TZ", zone)
    time.tzset()
    try:
        shared.sync()
        with shared.program() as plaid:
            typed = {each.transaction_id: each.date.isoformat() for each in plaid.get_transactions()}
    finally:
        monkeypatch.undo()
        time.tzset()

    assert typed == {one: f"2026-{month:02}-01" for one, month in days.items()}
    assert {one: shared.told(one)["date"] for one in days} == typed


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("first", range(0, 400, 100))
def test_after_hundreds_of_such_lives_they_are_equal(shared, tmp_path_factory, first):
    for seed in range(first, first + soak_size(40, 100)):
        shared.folder, shared.hours = tmp_path_factory.mktemp("run"), 0.0
        live_through(shared, seed)
