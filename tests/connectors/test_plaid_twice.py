"""Edge case 14 of Plaid's vendor file: the same accounts, linked twice, would double every transaction."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.plaid.linking import signature
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from .plaid_desk import KEYS, PlaidDesk, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_14_same_accounts_linked_twice_are_refused_and_the_second_link_is_taken_back(desk):
    (account,) = desk.item.accounts.values()

    def link_again(session):
        twin = desk.bank.visit(session)
        next(iter(twin.accounts.values())).mask = account.mask

    with pytest.raises(ConfigError, match="linked already"):
        desk.log_in(link_again)

    assert [item.removed for item in desk.bank.items.values()] == [False, True]
    assert list(_banks(desk)) == [desk.item.item_id]


def test_14_token_of_the_user_for_accounts_that_are_linked_already_is_refused(desk):
    (account,) = desk.item.accounts.values()
    twin = desk.bank.link()
    next(iter(twin.accounts.values())).mask = account.mask
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": twin.access_token}
    status, message, hint = problem(desk.sync())

    assert status is Status.MISCONFIGURED
    assert "reach the same accounts" in message and "PLAID_ACCESS_TOKEN" in hint


def test_14_accounts_that_plaid_knows_for_good_are_told_apart_by_that(desk):
    one = {"account_id": "a", "name": "A", "type": "credit", "mask": "1", "persistent_account_id": "p1"}

    assert signature(one) == signature({**one, "name": "B", "mask": "2"})
    assert signature(one) != signature({**one, "persistent_account_id": "p2"})


def test_14_other_accounts_of_the_same_bank_may_be_linked(desk):
    desk.log_in(desk.bank.visit)

    assert len(_banks(desk)) == 2


def _banks(desk: PlaidDesk) -> list[str]:
    with desk.program() as plaid:
        return list(plaid.banks())
