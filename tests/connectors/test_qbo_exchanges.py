"""The exact exchanges of the vendor's file (section 6b). E, J and K are a matter of the login, G and H of journals."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aragora_sync.engine.result import Status

from .qbo_desk import PREFERENCES, QUERY, changes, opened_desk, problem

ALWAYS = 999


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.acme = made.books.customer("Acme")
        made.options["entities"] = ["Customer", "Invoice"]
        yield made


@pytest.fixture
def books(desk):
    return desk.books


def test_a_query_as_it_is_sent(desk):
    desk.options["entities"] = ["Customer"]
    desk.sync()
    (query,) = desk.asked("/query")

    assert query == {
        "query": "SELECT * FROM Customer WHERE Active IN (true,false) "
        "ORDERBY MetaData.LastUpdatedTime STARTPOSITION 1 MAXRESULTS 1000",
        "minorversion": "75",
    }


def test_b_nothing_changed(desk):
    desk.sync()
    at = desk.cursor_of("Invoice")["at"]
    desk.sync()
    (asked,) = desk.asked("/cdc")

    assert asked["entities"] == "Customer,Invoice"
    assert datetime.fromisoformat(asked["changedSince"]) == datetime.fromisoformat(at) - timedelta(minutes=2)


def test_c_deletion_is_told_by_the_feed(desk, books):
    one = books.invoice(desk.acme, "1")
    desk.sync()
    books.delete("Invoice", one)

    assert changes(desk.sync()) == (0, 1, 1)


@pytest.mark.parametrize("spelling", ["lower", "upper", "xml"])
def test_d_expired_token_in_every_spelling(desk, spelling):
    desk.fake.spelling[401] = spelling
    desk.fake.login.expire_access()

    assert desk.sync().status is Status.OK


def test_d_second_refusal_needs_a_login(desk):
    desk.fake.order(desk.fake.expired, path=QUERY, times=ALWAYS)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("QuickBooks refused the access token (")
    assert hint == "aragora-sync oauth login qbo --tenant default"


@pytest.mark.parametrize("code", ["3001", "003001"])
def test_f_limit_with_either_code(desk, code):
    desk.fake.limits.code = code
    desk.fake.order(desk.fake.throttled, path=QUERY)

    assert desk.sync().status is Status.OK


def test_currency_is_asked_for_once_and_then_remembered(desk, books):
    books.invoice(desk.acme, "1")
    desk.sync()
    assert desk.counted()[PREFERENCES] == 1

    books.invoice(desk.acme, "1")
    assert changes(desk.sync())[0] == 1
    assert PREFERENCES not in desk.counted()
