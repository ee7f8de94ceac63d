"""The edge cases of Plaid's vendor file, each by its number there."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from aragora_sync.core.errors import TransientError
from aragora_sync.engine.result import Status

from ..fakes.plaid import MUTATION, Refused, too_many
from ..fakes.web import Answer, Asked
from .plaid_desk import ACCOUNTS, SYNC, PlaidDesk, changes, opened_desk, problem

CHANGED = Refused("TRANSACTIONS_ERROR", MUTATION).answer


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def spend(desk: PlaidDesk, number: int) -> list[str]:
    return [desk.bank.spend(desk.item, f"{each}.01") for each in range(number)]


def pages_of(desk: PlaidDesk, *pages: dict[str, list[object]]) -> None:
    """The feed tells exactly this, page by page."""
    for number, told in enumerate(pages, 1):
        shown = {"accounts": [], "added": [], "modified": [], "removed": [], **told}
        more = {"next_cursor": f"page-{number}", "has_more": number < len(pages), "request_id": "r"}
        status = {"transactions_update_status": "HISTORICAL_UPDATE_COMPLETE"}
        desk.fake.order(Answer(200, {**shown, **more, **status}), path=SYNC)


def raw(desk: PlaidDesk, transaction_id: str) -> dict[str, object]:
    told = desk.item.transactions[transaction_id]
    return {**told, "amount": float(told["amount"])}


def gone(transaction_id: str) -> dict[str, object]:
    return {"transaction_id": transaction_id, "account_id": "acc"}


def test_01_feed_that_is_not_ready_leaves_no_cursor_and_is_no_failure(desk):
    spend(desk, 1)
    desk.fake.stays_ready = False
    result = desk.sync()

    assert result.status is Status.OK
    assert (desk.transactions(), desk.cursor()) == ({}, None)
    assert [seconds for seconds, _ in desk.time.waits] == [2, 4, 8, 16, 30]

    desk.fake.stays_ready = True
    assert desk.sync().counts.created == 1


def test_01_programs_are_told_that_a_feed_is_not_ready(desk):
    desk.fake.stays_ready = False
    with desk.program() as plaid, pytest.raises(TransientError, match="still gathers the transactions of First"):
        plaid.get_transactions()


def test_01_feed_that_gets_ready_while_it_is_waited_for_is_read(desk):
    spend(desk, 2)
    desk.fake.stays_ready = False

    def get_ready(_asked: Asked) -> None:
        desk.fake.stays_ready = desk.time.waited > 5

    desk.fake.before = get_ready
    desk.sync()

    assert len(desk.transactions()) == 2
    assert desk.time.waited == 6


def test_01_product_that_is_not_ready_is_the_same(desk):
    desk.options["wait_ready"] = 0
    desk.fake.order(Refused("ITEM_ERROR", "PRODUCT_NOT_READY").answer, path=SYNC)

    assert desk.sync().status is Status.OK
    assert desk.cursor() is None


def test_02_change_between_two_pages_stores_nothing_of_the_first_and_reads_all_again(desk):
    spend(desk, 4)
    desk.fake.page_size = 2
    stored: list[int] = []

    def look(asked: Asked) -> None:
        if asked.path == SYNC and asked.json.get("cursor"):
            stored.append(len(desk.transactions()))

    desk.fake.before = look
    desk.fake.order(CHANGED, path=SYNC, skip=1)
    result = desk.sync()

    assert changes(result) == (5, 0, 0)
    assert stored == [0, 0]
    assert [bool(cursor) for cursor in desk.cursors()] == [False, True, False, True]


def test_02_change_in_an_incremental_update_goes_back_to_the_stored_cursor(desk):
    spend(desk, 1)
    desk.sync()
    began = desk.cursor()["next_cursor"]
    spend(desk, 4)
    desk.fake.page_size = 2
    desk.fake.order(CHANGED, path=SYNC, skip=1)
    desk.sync()

    assert [desk.cursors()[place] for place in (0, 2)] == [began, began]
    assert desk.amounts() == desk.there()


def test_03_change_that_persists_ends_in_reading_all_and_what_is_gone_goes(desk):
    first, *_ = spend(desk, 6)
    desk.sync()
    desk.bank.remove(desk.item, first)
    spend(desk, 4)
    desk.fake.page_size = 2
    desk.fake.order(lambda asked: CHANGED if asked.json.get("cursor") else None, path=SYNC, times=6)
    result = desk.sync()

    assert desk.amounts() == desk.there()
    assert first not in desk.transactions()
    assert not result.stream_errors
    assert any("everything is read again" in note for note in result.notes)
    assert desk.cursors()[6] == ""


def test_04_pages_with_nothing_in_them_are_passed_over(desk):
    spend(desk, 3)
    desk.fake.empty_pages = True
    desk.fake.page_size = 1
    desk.sync()

    assert desk.amounts() == desk.there()


def test_04_cursor_that_comes_twice_ends_the_reading(desk):
    nothing = {"accounts": [], "added": [], "modified": [], "removed": [], "has_more": True, "request_id": "r"}
    status = {"transactions_update_status": "HISTORICAL_UPDATE_COMPLETE"}
    desk.fake.order(Answer(200, {**nothing, **status, "next_cursor": "again"}), path=SYNC, times=99)
    _, message, _ = problem(desk.sync())

    assert "round in circles" in message
    assert desk.calls()[SYNC] == 2


def test_05_what_came_and_went_in_one_update_was_never_there(desk):
    (one,) = spend(desk, 1)
    pages_of(desk, {"added": [raw(desk, one)]}, {"removed": [gone(one)]})
    result = desk.sync()

    assert changes(result) == (1, 0, 0)
    assert list(desk.entries()) == list(desk.item.accounts)


def test_05_added_and_modified_in_one_update_is_one_item_as_it_was_last(desk):
    (one,) = spend(desk, 1)
    pages_of(desk, {"added": [raw(desk, one)]}, {"modified": [{**raw(desk, one), "merchant_name": "Later"}]})
    result = desk.sync()

    assert result.counts.created == 2
    assert desk.transactions()[one].title == "Later"


def test_06_what_is_removed_and_comes_again_is_there(desk):
    (one,) = spend(desk, 1)
    desk.sync()
    pages_of(desk, {"removed": [gone(one)]}, {"added": [raw(desk, one)]})
    desk.sync()

    assert list(desk.transactions()) == [one]


def test_06_what_was_removed_can_come_again_in_a_later_update(desk):
    (one,) = spend(desk, 1)
    desk.sync()
    again = raw(desk, one)
    pages_of(desk, {"removed": [gone(one)]})
    assert desk.sync().counts.deleted == 1

    pages_of(desk, {"added": [again]})
    desk.sync()
    assert list(desk.transactions()) == [one]


@pytest.mark.parametrize("tells_removal", [True, False])
def test_07_posted_transaction_takes_the_place_of_the_pending_one(desk, tells_removal):
    pending = desk.bank.spend(desk.item, pending=True)
    desk.sync()
    assert "pending" in desk.transactions()[pending].content

    posted = desk.bank.post(desk.item, pending, tells_removal=tells_removal)
    result = desk.sync()

    assert list(desk.transactions()) == [posted]
    assert changes(result)[0::2] == (1, 1)
    assert desk.told(posted)["pending_transaction_id"] == pending


@pytest.mark.parametrize("tells_removal", [True, False])
def test_07_pair_that_is_read_together_is_the_posted_one(desk, tells_removal):
    posted = desk.bank.post(desk.item, desk.bank.spend(desk.item, pending=True), tells_removal=tells_removal)
    desk.sync()

    assert list(desk.transactions()) == [posted]


def test_08_currency_that_is_none_of_the_official_ones_is_kept(desk):
    account = desk.bank.open_account(desk.item, "Coins", currency="BTC", unofficial=True, current=Decimal("0.5"))
    one = desk.bank.spend(desk.item, "0.00012345", account=account)
    desk.sync()

    assert desk.told(one)["currency"] == "BTC"
    assert "0.00012345 BTC" in desk.transactions()[one].content
    assert desk.told(account.account_id)["currency"] == "BTC"
    assert "Balance: 0.5 BTC" in desk.accounts()[account.account_id].content


@pytest.mark.parametrize("amount", ["0", "0.00", "12.340", "0.1234567890123456789", "-99999999999999999.99"])
def test_09_amounts_keep_every_digit(desk, amount):
    one = desk.bank.spend(desk.item, amount)
    desk.sync()
    told = desk.told(one)

    assert told["amount"] == amount
    assert Decimal(told["signed_amount"]) == -Decimal(amount)
    assert told["direction"] == ("inflow" if amount[0] == "-" else "outflow" if Decimal(amount) else "none")


def test_10_login_that_has_ended_leaves_the_other_bank_alone(desk):
    other = desk.link(institution_id="ins_2", institution_name="Second Bank")
    desk.sync()
    desk.bank.break_login(desk.item)
    one = desk.bank.spend(other)
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert {error.hint for error in result.stream_errors} == {"aragora-sync oauth login plaid --tenant default"}
    assert all("First Platypus Bank: a person must log in" in error.message for error in result.stream_errors)
    assert one in desk.transactions()


def test_10_login_that_has_ended_at_the_only_bank_needs_a_person_and_keeps_the_cursor(desk):
    spend(desk, 1)
    desk.sync()
    before = desk.cursor()
    desk.bank.break_login(desk.item)
    result = desk.sync()
    assert result.status is Status.NEEDS_LOGIN
    assert desk.cursor() == before

    spend(desk, 1)
    desk.bank.repair(desk.item)
    assert desk.sync().counts.created == 1


def test_11_token_that_another_process_rotated_is_read_again_once(desk):
    spend(desk, 1)
    kept = desk.keep(desk.item)
    with desk.program() as plaid:
        bank = plaid.bank_api(kept)
        bank.accounts()
        desk.bank.rotate(desk.item)
        desk.keep(desk.item)
        assert bank.accounts()

    assert bank.bank.access_token == desk.item.access_token


def test_11_token_that_is_refused_for_good_is_asked_with_once(desk):
    desk.sync()
    desk.bank.rotate(desk.item)
    result = desk.sync()

    assert result.status is Status.NEEDS_LOGIN
    assert desk.calls() == {SYNC: 1, ACCOUNTS: 1}
    assert "takes its access token no more (INVALID_ACCESS_TOKEN)" in result.stream_errors[0].message


def test_12_limit_that_tells_nothing_is_waited_for_a_minute(desk):
    spend(desk, 1)
    desk.fake.order(_too_many(), path=SYNC)
    result = desk.sync()

    assert result.status is Status.OK
    assert desk.time.waited == 60
    assert desk.amounts() == desk.there()


def _too_many() -> Answer:
    return replace(too_many("TRANSACTIONS_SYNC_LIMIT").answer, status=429)


def test_12_limit_of_one_bank_does_not_halt_the_other(desk):
    other = desk.link(institution_id="ins_2")
    desk.bank.spend(other)
    desk.fake.order(
        lambda asked: _too_many() if asked.json["access_token"] == desk.item.access_token else None, path=SYNC
    )
    waited_at: dict[str, float] = {}

    def note(asked: Asked) -> None:
        waited_at[asked.json["access_token"]] = desk.time.waited

    desk.options["parallel"] = 1
    desk.fake.before = note
    desk.sync()

    assert set(waited_at) == {desk.item.access_token, other.access_token}
    assert desk.time.waited == 60


def test_13_balances_that_the_bank_does_not_tell_are_not_zero(desk):
    account = desk.bank.open_account(desk.item, "Silent", current=None, available=None)
    desk.sync()
    told = desk.told(account.account_id)

    assert (told["balances"]["current"], told["balances"]["available"]) == (None, None)
    assert "Balance" not in desk.items()[account.account_id]


def test_15_crash_between_data_and_cursor_repeats_work_and_changes_nothing(desk):
    spend(desk, 3)
    desk.sync()
    with desk.store() as store:
        row = store.streams("plaid")[f"{desk.item.item_id}/transactions"]
    spend(desk, 2)
    desk.sync()
    before = desk.entries()
    with desk.store() as store:  # the cursor of the run before, as if the last commit had not told its own
        store._db.execute("UPDATE stream SET cursor = ? WHERE name = ?", (json.dumps(row.cursor), row.name))
    result = desk.sync()

    assert changes(result) == (0, 0, 0)
    assert desk.entries() == before


def test_16_cursor_that_is_not_taken_any_more_reads_all_and_drops_what_is_gone(desk):
    first, *_ = spend(desk, 5)
    desk.sync()
    desk.bank.remove(desk.item, first)
    refused = Refused("INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token").answer
    desk.fake.order(refused, path=SYNC)
    result = desk.sync()

    assert desk.cursors()[1] == ""
    assert desk.amounts() == desk.there()
    assert not result.stream_errors


def test_16_bank_that_was_linked_anew_replaces_what_was_read_of_the_lost_item(desk):
    spend(desk, 3)
    desk.sync()
    desk.item.removed = True
    desk.log_in(desk.bank.visit)
    (new,) = [item for item in desk.bank.items.values() if not item.removed]
    desk.bank.spend(new, "7.77")
    desk.sync()

    assert desk.amounts() == desk.there(new)
    assert list(desk.accounts()) == list(new.accounts)
