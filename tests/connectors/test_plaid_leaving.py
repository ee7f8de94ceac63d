"""Logins at banks that end, or begin again: one of several, or all."""

from __future__ import annotations

import pytest

from aragora_sync.connectors.plaid import PlaidCredentials
from aragora_sync.connectors.plaid.banks import tokens_of
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from .plaid_desk import opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_logging_out_forgets_here_alone(desk):
    with desk.program() as plaid:
        plaid.log_out()

    assert not desk.item.removed
    assert desk.sent("/item/remove") == []
    status, message, hint = problem(desk.sync())
    assert (status, hint) == (Status.NEEDS_LOGIN, "aragora-sync oauth login plaid --tenant default")
    assert message == "no bank is linked in sandbox yet."


def test_logging_out_of_the_sandbox_keeps_the_banks_of_production(desk):
    with desk.program() as plaid:
        other = PlaidCredentials("access-production-1", "item-9", environment="production")
        plaid.tokens.begin(tokens_of([other]))
        plaid.log_out()

        assert [bank.item_id for bank in plaid.tokens.kept()] == ["item-9"]


@pytest.mark.parametrize("remove_item", [False, True])
def test_one_bank_of_several_is_left(desk, remove_item):
    other = desk.link(institution_id="ins_2", institution_name="Second Bank")
    with desk.program() as plaid:
        plaid.leaving("second bank", remove_item=remove_item).leave()

    assert desk.banks() == ["First Platypus Bank"]
    assert (other.removed, desk.item.removed) == (remove_item, False)


def test_banks_that_plaid_has_no_more_are_forgotten_with_the_others(desk):
    desk.link(institution_id="ins_2").removed = True
    with desk.program() as plaid:
        plaid.leaving(remove_item=True).leave()

        assert plaid.tokens.kept() == []
    assert desk.item.removed


def test_banks_of_one_name_are_told_apart_by_their_ids(desk):
    other = desk.link()
    with desk.program() as plaid:
        with pytest.raises(ConfigError, match="several logins are for 'First Platypus Bank'") as caught:
            plaid.leaving("First Platypus Bank")
        assert desk.item.item_id in caught.value.hint and other.item_id in caught.value.hint
        plaid.leaving(other.item_id).leave()

        assert [bank.item_id for bank in plaid.kept_banks()] == [desk.item.item_id]


def test_bank_that_is_not_there_is_told_with_those_that_are(desk):
    with (
        desk.program() as plaid,
        pytest.raises(ConfigError, match="no login that is kept here is for 'Ninth'") as caught,
    ):
        plaid.leaving("Ninth")

    assert f"First Platypus Bank ({desk.item.item_id})" in caught.value.hint


def test_person_logs_in_again_at_one_bank_of_several(desk):
    other = desk.link(institution_id="ins_2", institution_name="Second Bank")
    for item in (desk.item, other):
        desk.bank.break_login(item)
    desk.log_in(desk.bank.visit, item="Second Bank")

    assert (other.error, desk.item.error) == ("", "ITEM_LOGIN_REQUIRED")
    assert desk.sent("/link/token/create")[0]["access_token"] == other.access_token


def test_person_logs_in_again_where_plaid_has_the_bank_no_more(desk):
    other = desk.link(institution_id="ins_2", institution_name="Second Bank")
    other.removed = True
    person, _ = desk.log_in(
        lambda session: desk.bank.visit(session, institution_id="ins_2", institution_name="Second Bank"),
        item=other.item_id,
    )

    assert person.told[0] == "Plaid has Second Bank no more; it is linked anew."
    with desk.program() as plaid:
        (fresh,) = [bank for bank in plaid.kept_banks() if bank.name == "Second Bank"]
    assert (fresh.replaces, len(desk.banks())) == ((other.item_id,), 2)
