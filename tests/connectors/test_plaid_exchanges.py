"""The exchanges of Plaid's vendor file, word for word: what is asked, and what becomes of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aragora_sync.engine.result import Status

from ..fakes.web import Answer
from .plaid_desk import ACCOUNTS, ITEM, SYNC, opened_desk

ACCOUNT = json.loads(
    """{"account_id":"A1","balances":{"available":100.0,"current":110.0,"limit":null,"iso_currency_code":"USD",
    "unofficial_currency_code":null},"mask":"0000","name":"Plaid Checking","official_name":"..","type":"depository",
    "subtype":"checking"}"""
)
T1 = """{"transaction_id":"T1","account_id":"A1","amount":12.34,"iso_currency_code":"USD",
 "unofficial_currency_code":null,"date":"2026-11-20","authorized_date":"2026-11-19","datetime":null,
 "name":"UBER 072515 SF","merchant_name":"Uber","pending":false,"pending_transaction_id":null,
 "payment_channel":"online","personal_finance_category":{"primary":"TRANSPORTATION",
 "detailed":"TRANSPORTATION_TAXIS_AND_RIDE_SHARES","confidence_level":"VERY_HIGH","version":"v2"}}"""
NOTHING = {"accounts": [], "added": [], "modified": [], "removed": [], "has_more": False}
STATUS = "transactions_update_status"


@pytest.fixture
def desk(tmp_path):
    """Plaid is asked for transactions alone, and tells what a test orders."""
    with opened_desk(tmp_path) as made:
        made.options["balances"] = "none"
        yield made


def tell(desk, status: int = 200, **told: Any) -> None:
    desk.fake.order(Answer(status, {"request_id": "r1", **told}), path=SYNC)


def transaction(**more: Any) -> dict[str, Any]:
    return {**json.loads(T1), **more}


def read_two_pages(desk) -> None:
    """Exchange A."""
    first = {"accounts": [ACCOUNT], "added": [transaction()], "modified": [], "removed": []}
    tell(desk, **first, next_cursor="c1", has_more=True, **{STATUS: "INITIAL_UPDATE_COMPLETE"})
    tell(desk, **NOTHING, next_cursor="c2", **{STATUS: "INITIAL_UPDATE_COMPLETE"})
    assert desk.sync().success


def test_a_first_sync_of_two_pages(desk):
    read_two_pages(desk)

    assert [told.get("cursor") for told in desk.sent()] == [None, "c1"]
    assert desk.sent()[0]["access_token"] == desk.item.access_token
    assert desk.cursor() == {"next_cursor": "c2", "historical_complete": False}
    assert desk.items() == {
        "T1": "2026-11-20: paid 12.34 USD\nMerchant: Uber\nName: UBER 072515 SF\n"
        "Category: Transportation, Taxis and ride shares\nAuthorized: 2026-11-19"
    }


@pytest.mark.parametrize("following", ["c2", "another"])
def test_b_no_change(desk, following):
    read_two_pages(desk)
    tell(desk, **NOTHING, next_cursor=following, **{STATUS: "HISTORICAL_UPDATE_COMPLETE"})
    desk.sync()

    assert desk.cursors() == ["c2"]
    assert desk.cursor() == {"next_cursor": following, "historical_complete": True}


def test_c_mutation_goes_back_to_the_start(desk):
    read_two_pages(desk)
    page = {**NOTHING, "added": [transaction(transaction_id="T2")], "has_more": True, "next_cursor": "c3"}
    tell(desk, **page, **{STATUS: "HISTORICAL_UPDATE_COMPLETE"})
    message = (
        "Underlying transaction data changed since last page was fetched. Please restart pagination from last update."
    )
    error = {"display_message": None, "error_message": message, "error_type": "TRANSACTIONS_ERROR"}
    tell(desk, 400, **error, error_code="TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", suggested_action=None)
    tell(desk, **NOTHING, next_cursor="c4", **{STATUS: "HISTORICAL_UPDATE_COMPLETE"})
    desk.sync()

    assert desk.cursors() == ["c2", "c3", "c2"]
    assert list(desk.items()) == ["T1"]


def test_d_not_ready(desk):
    desk.options["wait_ready"] = 0
    tell(desk, **NOTHING, next_cursor="", **{STATUS: "NOT_READY"})

    assert desk.sync().status is Status.OK
    assert desk.cursor() is None


def test_e_pending_posts(desk):
    pending = {**NOTHING, "added": [transaction(transaction_id="T5", pending=True)]}
    tell(desk, **pending, next_cursor="c1", **{STATUS: "HISTORICAL_UPDATE_COMPLETE"})
    desk.sync()
    posted = transaction(transaction_id="T9", pending_transaction_id="T5")
    removed = [{"transaction_id": "T5", "account_id": "A1"}]
    told = {**NOTHING, "added": [posted], "removed": removed, "next_cursor": "c2"}
    tell(desk, **told, **{STATUS: "HISTORICAL_UPDATE_COMPLETE"})
    desk.sync()

    assert list(desk.items()) == ["T9"]


def test_f_login_broken(desk):
    message = (
        "the login details of this item have changed (credentials, MFA, or required user action) and a user login is "
        "required to update this information. use Link's update mode to restore the item to a good state"
    )
    error = {"error_type": "ITEM_ERROR", "error_code": "ITEM_LOGIN_REQUIRED", "error_message": message}
    tell(desk, 400, **error, display_message=None)

    assert desk.sync().status is Status.NEEDS_LOGIN


def test_g_limit(desk):
    message = "rate limit exceeded for attempts to access this item. please try again later"
    error = {"error_type": "RATE_LIMIT_EXCEEDED", "error_code": "ACCOUNTS_LIMIT", "error_message": message}
    desk.options["balances"] = "cached"
    answer = Answer(429, {**error, "display_message": None, "request_id": "HNTD"})
    desk.fake.order(answer, path=ACCOUNTS)

    assert desk.sync().success
    assert desk.time.waited == 60


def test_h_exchange(desk):
    told = {"access_token": "access-sandbox-new", "item_id": "M5eV", "request_id": "Aim3b"}
    desk.fake.order(Answer(200, told), path="/item/public_token/exchange")
    item = {"item_id": "M5eV", "institution_id": "ins_1", "institution_name": "Bank", "error": None}
    desk.fake.order(Answer(200, {"item": item, "request_id": "r"}), path=ITEM)
    with desk.program() as plaid:
        made = plaid.exchange_public_token("public-sandbox-1")

    assert desk.sent("/item/public_token/exchange") == [{"public_token": "public-sandbox-1"}]
    assert (made.access_token, made.item_id, made.institution_name) == ("access-sandbox-new", "M5eV", "Bank")


def test_i_hosted_link_is_asked_for_and_looked_at(desk):
    desk.log_in(desk.bank.visit)

    assert desk.sent("/link/token/create") == [
        {
            "client_name": "aragora-sync",
            "language": "en",
            "country_codes": ["US"],
            "user": {"client_user_id": "default"},
            "products": ["transactions"],
            "transactions": {"days_requested": 730},
            "hosted_link": {"url_lifetime_seconds": 1800},
        }
    ]
    assert len(desk.sent("/link/token/get")) == 1


def test_every_request_carries_keys_and_version_in_its_headers_alone(desk):
    desk.sync()
    for asked in desk.fake.asked:
        assert (asked.method, asked.headers["plaid-version"]) == ("POST", "2020-09-14")
        assert {"plaid-client-id", "plaid-secret"} <= asked.headers.keys()
        assert not {"client_id", "secret"} & asked.json.keys()
