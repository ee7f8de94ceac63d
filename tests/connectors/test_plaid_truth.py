"""What `plaid` asks and what the fake answers is judged by the shapes of Plaid's API.

Where Plaid's official description lies in SPECS_DIR, it judges too. Its repository, plaid/plaid-openapi, carries no
licence, so that it is absent from there by default.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from ..fakes.plaid import Refused
from ..fakes.web import Answer
from ..plaid_shapes import document
from ..specs import FOLDER, Description, description
from .plaid_desk import SYNC, opened_desk

NAME = "plaid/2020-09-14.yml"

pytestmark = pytest.mark.contract


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
    judges = [Description(document(), ""), *([description(NAME)] if (FOLDER / NAME).exists() else [])]
    exchanges = [(asked, parsed(answer)) for asked, answer in desk.fake.answers]
    found = [problem for plaid in judges for exchange in exchanges for problem in plaid.problems(*exchange)]
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


def test_repairs_send_no_products(desk):
    desk.log_in(desk.bank.visit, item=desk.item.item_id)

    assert judge(desk)["/link/token/create"] == 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (SYNC, {"access_token": "a", "count": 501}),
        (SYNC, {"access_token": "a", "days": 3}),
        ("/accounts/get", {}),
        ("/link/token/create", {"client_name": "a" * 31}),
    ],
)
def test_wrong_requests_are_told_apart(desk, path, told):
    desk.fake.order(Answer(200, {"request_id": "r"}), path=path)
    with desk.program() as plaid:
        plaid.api.post(path, told)

    with pytest.raises(AssertionError, match="body"):
        judge(desk)


def test_wrong_answers_are_told_apart(desk):
    desk.item.transactions.clear()
    desk.bank.spend(desk.item, iso_currency_code=None)
    desk.sync()

    with pytest.raises(AssertionError, match="answer added/0"):
        judge(desk)
