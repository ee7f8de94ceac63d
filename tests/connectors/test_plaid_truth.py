"""Plaid's official description judges what `plaid` asks and what the fake answers, where it lies in SPECS_DIR.

Its repository, plaid/plaid-openapi, carries no licence, so that it may be absent; then the exchanges of the vendor file
alone judge, in test_plaid_exchanges.py.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from ..fakes.plaid import Refused
from ..fakes.web import Answer
from ..specs import FOLDER, description
from .plaid_desk import SYNC, opened_desk

NAME = "plaid/2020-09-14.yml"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not (FOLDER / NAME).exists(), reason=f"no {NAME} in SPECS_DIR ({FOLDER})"),
]


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.fake.answers = []
        yield made


def parsed(answer: Answer) -> Answer:
    """Floats, as the description has numbers; exactness is another test's."""
    return replace(answer, body=json.loads(answer.content)) if answer.content else answer


def judge(desk) -> Counter[str]:
    """How often each path was asked for; nothing was wrong with any of it."""
    plaid = description(NAME)
    found = [problem for asked, answer in desk.fake.answers for problem in plaid.problems(asked, parsed(answer))]
    assert not found, "\n".join(dict.fromkeys(found))
    return Counter(asked.path for asked, _ in desk.fake.answers)


def test_runs_and_what_they_are_answered(desk):
    for number in range(5):
        desk.bank.spend(desk.item, f"{number}.50", pending=number == 0)
    desk.fake.page_size = 2
    desk.sync()
    first, second, *_ = desk.item.transactions
    desk.bank.post(desk.item, first)
    desk.bank.edit(desk.item, second, name="edited")
    desk.fake.page_size = 500
    desk.sync()
    desk.options["balances"] = "realtime"
    desk.reconcile()

    assert judge(desk).keys() == {SYNC, "/accounts/get", "/accounts/balance/get"}


def test_refusals(desk):
    desk.sync()
    desk.bank.break_login(desk.item)
    desk.sync()
    desk.bank.rotate(desk.item)
    desk.sync()
    desk.fake.order(Refused("RATE_LIMIT_EXCEEDED", "TRANSACTIONS_SYNC_LIMIT", status=429).answer, path=SYNC)
    desk.sync()

    assert judge(desk)[SYNC] == 5


def test_logins_repairs_and_their_end(desk):
    desk.log_in(desk.bank.visit)
    desk.bank.break_login(desk.item)
    desk.log_in(desk.bank.visit)
    with desk.program() as plaid:
        plaid.exchange_public_token(plaid.create_sandbox_public_token())
        plaid.create_link_token("user-1", ["transactions", "auth"])
        plaid.leaving(remove_item=True).leave()

    assert judge(desk).keys() >= {
        "/link/token/create",
        "/link/token/get",
        "/item/public_token/exchange",
        "/item/get",
        "/item/remove",
        "/sandbox/public_token/create",
    }


def test_description_tells_a_wrong_request_apart(desk):
    desk.fake.order(Answer(200, {"request_id": "r"}), path=SYNC)
    with desk.program() as plaid:
        plaid.api.post(SYNC, {"access_token": "a", "count": 501})

    with pytest.raises(AssertionError, match="501"):
        judge(desk)
