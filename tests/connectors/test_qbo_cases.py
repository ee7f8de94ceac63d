"""Every numbered edge case of the vendor's file, by its number (section 6)."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from unittest import mock

import pytest

from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.qbo.company import PAGE_SIZE
from aragora_sync.engine.result import Status

from ..fakes.qbo import SANDBOX
from ..fakes.web import Answer
from .qbo_desk import FEED, QUERY, changes, opened_desk, problem

ALWAYS = 999
TOKEN = "/oauth2/v1/tokens/bearer"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.acme = made.books.customer("Acme")
        made.options["entities"] = ["Customer", "Invoice"]
        yield made


@pytest.fixture
def books(desk):
    return desk.books


@pytest.fixture
def three_a_page():
    with mock.patch("aragora_sync.connectors.qbo.company.PAGE_SIZE", 3):
        yield


def bills(desk, number: int) -> list[str]:
    return [desk.books.invoice(desk.acme, str(one + 1)) for one in range(number)]


def kept(desk) -> dict:
    (path,) = (desk.home / ".aragora" / "tokens").glob("*.json")
    return json.loads(path.read_text())


def test_1_token_that_expires_between_pages_is_renewed_and_the_page_asked_again(desk, three_a_page):
    bills(desk, 8)
    desk.options |= {"entities": ["Invoice"]}
    desk.fake.order(desk.fake.expired, path=QUERY, skip=2)
    result = desk.sync()

    assert result.status is Status.OK
    assert (result.counts.created, result.counts.updated, result.counts.unchanged) == (8, 0, 0)
    assert desk.calls()[TOKEN] == 1


def test_2_renewal_may_give_the_same_refresh_token(desk):
    desk.fake.login.expire_access()
    desk.sync()
    first = kept(desk)
    desk.fake.login.expire_access()
    desk.sync()
    second = kept(desk)

    assert first["refresh"] == second["refresh"] == desk.tokens["refresh_token"]
    assert first["access"] != second["access"]


def test_2_rotated_refresh_token_is_kept_before_anything_is_asked_with_it(desk):
    desk.fake.login.expire_access()
    desk.sync()
    desk.later(days=2)
    seen = []
    desk.fake.before = lambda asked: seen.append(kept(desk)["refresh"]) if FEED in asked.path else None
    desk.sync()

    assert seen[-1] == kept(desk)["refresh"] != desk.tokens["refresh_token"]


def test_3_renewal_whose_answer_was_lost_needs_a_login_and_leaves_the_state(desk):
    bills(desk, 1)
    desk.sync()
    cursor = desk.cursor_of("Invoice")
    desk.later(days=2)
    desk.fake.order(desk.fake.lost, path=TOKEN)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "QuickBooks refused the refresh token: it was used before, revoked, or is too old."
    assert hint == "aragora-sync oauth login qbo --tenant default"
    assert desk.cursor_of("Invoice") == cursor


def test_4_no_rows_at_all_are_no_items(desk):
    result = desk.sync()

    assert desk.items().keys() == {"Customer/1"}
    assert (result.status, result.counts.created) == (Status.OK, 1)
    assert desk.cursor_of("Invoice")["at"] == desk.cursor_of("Customer")["at"]


@pytest.mark.parametrize("number", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1])
def test_5_feed_that_is_full_is_not_believed(desk, books, number):
    books.balances = "silent"
    gone = bills(desk, 1)[0]
    desk.sync()
    books.delete("Invoice", gone)
    for one in range(number - 1):
        books.create("Invoice", CustomerRef={"value": desk.acme}, TotalAmt=one, TxnDate="2026-11-02", Line=[])
    desk.later(minutes=10)
    desk.sync()

    desk_ids = {item_id for item_id in desk.items() if item_id.startswith("Invoice/")}
    assert desk_ids == {f"Invoice/{row['Id']}" for row in books.rows("Invoice")}
    assert (QUERY in desk.counted()) is (number >= PAGE_SIZE)


def test_balance_of_an_account_is_what_it_is_though_no_stamp_tells_that_it_moved(desk, books):
    books.balances, desk.options = "silent", {}
    made = books.deposit("7.00")
    desk.sync()
    desk.later(minutes=10)
    books.deposit("5.50")
    books.delete("Deposit", made)
    result = desk.sync()

    assert Decimal(desk.row(f"Account/{books.standing['bank']}")["CurrentBalance"]) == Decimal("5.50")
    assert changes(result) == (1, 1, 1)  # all other accounts are only named
    desk.later(minutes=10)
    assert changes(desk.sync()) == (0, 0, 0)  # what was told last is told again, and moves nothing
    desk.later(minutes=10)
    desk.sync()
    assert desk.counted() == {FEED: 1}


def test_5_feed_that_is_full_for_all_is_asked_for_each(desk, books):
    """Then one that changed much does not make the others be read anew."""
    desk.sync()
    books.bulk("Vendor", 600, DisplayName="Vendor {}")
    desk.options["entities"] = ["Customer", "Vendor", "Invoice"]
    desk.later(minutes=10)
    desk.sync()
    books.bulk("Customer", 600, DisplayName="New {}")
    books.bulk("Vendor", 600, DisplayName="Newer {}")
    desk.sync()

    assert desk.counted() == {FEED: 4}
    assert len(desk.items()) == 1 + 600 + 1200


def test_6_after_more_than_thirty_days_everything_is_compared(desk, books):
    one, other = bills(desk, 2)
    desk.sync()
    books.delete("Invoice", one)
    desk.later(days=31)
    result = desk.sync()

    assert result.status is Status.OK
    assert f"Invoice/{one}" not in desk.items() and f"Invoice/{other}" in desk.items()
    assert (result.counts.swept, desk.counted()[FEED]) == (1, 2)  # the first with a token that had expired


def test_6_feed_that_answers_after_so_long_is_not_believed(desk, books):
    """It may tell of thirty days alone, without a word."""
    desk.fake.cdc_days = 400
    one = bills(desk, 1)[0]
    desk.sync()
    books.delete("Invoice", one)
    desk.later(days=31)
    desk.sync()

    assert desk.counted()[QUERY] == 2
    assert f"Invoice/{one}" not in desk.items()


def test_7_row_that_is_deleted_between_two_pages_hides_no_other(desk, books, three_a_page):
    ids = bills(desk, 9)
    desk.options["entities"] = ["Invoice"]
    deleted = []

    def delete_one(asked):
        if QUERY in asked.path and len(desk.asked("/query")) == 2 and not deleted:
            deleted.append(books.delete("Invoice", ids[0]))

    desk.fake.before = delete_one
    desk.sync()
    assert desk.items().keys() >= {f"Invoice/{one}" for one in ids[1:]}

    desk.sync()
    assert desk.items().keys() == {f"Invoice/{one}" for one in ids[1:]}


def test_7_row_that_is_edited_between_two_pages_is_read_again(desk, books, three_a_page):
    ids = bills(desk, 9)
    desk.options["entities"] = ["Invoice"]
    edited = []

    def edit_one(asked):
        if QUERY in asked.path and len(desk.asked("/query")) == 2 and not edited:
            edited.append(books.edit("Invoice", ids[0], PrivateNote="moved to the end"))

    desk.fake.before = edit_one
    desk.sync()

    assert desk.items().keys() == {f"Invoice/{one}" for one in ids}
    assert "moved to the end" in desk.items()[f"Invoice/{ids[0]}"]


def test_7_row_whose_balance_alone_moves_is_read_again(desk, books, three_a_page):
    """It keeps its SyncToken, and has another clock."""
    ids = bills(desk, 9)
    desk.options["entities"] = ["Invoice"]
    paid = []

    def pay_one(asked):
        if QUERY in asked.path and len(desk.asked("/query")) == 2 and not paid:
            paid.append(books.payment(desk.acme, "1", {ids[0]: "1"}))

    desk.fake.before = pay_one
    desk.sync()

    assert Decimal(desk.row(f"Invoice/{ids[0]}")["Balance"]) == 0


def test_8_customer_that_is_made_inactive_is_told_as_such(desk, books):
    desk.sync()
    books.deactivate("Customer", desk.acme)
    assert changes(desk.sync()) == (0, 1, 0)
    assert desk.row(f"Customer/{desk.acme}")["Active"] is False

    desk.full()
    assert "- Inactive" in desk.items()[f"Customer/{desk.acme}"]


@pytest.mark.parametrize("number", [PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE + 500])
def test_9_many_rows_of_one_second_are_all_read(desk, books, number):
    books.bulk("Customer", number, DisplayName="Import {}")
    books.customer("Later")
    desk.options["entities"] = ["Customer"]
    result = desk.sync()

    assert result.counts.created == number + 2
    assert desk.asked_for()["Customer"] <= number // (PAGE_SIZE - 1) + 2


def test_9_rows_that_leave_a_second_while_it_is_read_hide_no_other(desk, books, three_a_page):
    ids = books.bulk("Customer", 10, DisplayName="Import {}")
    desk.options["entities"] = ["Customer"]
    edited = []

    def edit_one(asked):
        if "STARTPOSITION 5" in asked.query.get("query", "") and not edited:
            edited.append(books.edit("Customer", ids[0], DisplayName="Renamed"))

    desk.fake.before = edit_one
    desk.sync()

    assert edited
    desk.assert_equal_of("Customer")


def test_10_amounts_are_exact(desk, books):
    made = books.invoice(desk.acme, [("0.1", "one"), ("0.2", "two")])
    books.invoice(desk.acme, [(Decimal("1e2"), "three")])
    books.must("Invoice", made).pop("TotalAmt")
    desk.sync()
    (missing,) = (row for item_id, row in desk.rows().items() if item_id == f"Invoice/{made}")
    with desk.asking() as qbo:
        first, second = qbo.get_transactions(datetime(2026, 1, 1), datetime(2026, 12, 31), types=["Invoice"])

    assert [line["Amount"] for line in missing["Line"][:2]] == ["0.1", "0.2"]
    assert "TotalAmt" not in missing
    assert (first.total, second.total) == (None, Decimal(100))
    assert sum(line.amount for line in first.lines[:2]) == Decimal("0.3")


def test_11_foreign_invoice_keeps_its_currency_and_tells_what_it_is_worth_at_home(desk, books):
    books.multicurrency = True
    euro = books.customer("Euro", CurrencyRef={"value": "EUR"})
    made = books.invoice(euro, "10.05", currency="EUR", rate="1.1")
    books.must("Invoice", made).pop("HomeTotalAmt", None)
    desk.sync()
    row = desk.row(f"Invoice/{made}")

    assert (row["currency"], row["TotalAmt"], row["HomeTotalAmt"]) == ("EUR", "10.05", "11.06")
    assert "10.05 EUR" in desk.entries()[f"Invoice/{made}"].title


@pytest.mark.parametrize("retry_after", [None, 7])
def test_12_limit_is_waited_for(desk, retry_after):
    desk.fake.limits.retry_after = retry_after
    desk.fake.order(desk.fake.throttled, path=QUERY)
    result = desk.sync()

    assert result.status is Status.OK
    assert desk.time.waited == pytest.approx(retry_after or 60, abs=1)


def test_12_limit_that_never_ends_is_the_quota_of_the_month(desk):
    desk.fake.limits.monthly = 0
    result = desk.sync()

    assert result.status is Status.TRY_LATER
    assert "its quota of this month may be spent" in result.errors[0]
    assert 120 <= desk.time.waited <= 300
    assert sum(desk.counted().values()) < 20


def test_13_fault_in_xml_is_understood_by_its_status(desk):
    desk.fake.spelling[401] = "xml"
    desk.fake.login.expire_access()
    assert desk.sync().status is Status.OK

    desk.fake.order(
        Answer(503, b"<?xml version='1.0'?><IntuitResponse/>", {"Content-Type": "application/xml"}), path=FEED
    )
    assert desk.sync().status is Status.OK


def test_14_keys_of_the_sandbox_do_not_open_a_company_of_production(desk):
    desk.tokens = desk.fake.login.connect(app=desk.fake.login.apps[SANDBOX])
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("QuickBooks does not let this application read this company: ")
    assert "keys of the sandbox fit environment: sandbox alone" in hint
    assert TOKEN not in desk.calls()  # another token would not help


def test_15_clocks_that_go_back_change_no_order(desk, books, three_a_page):
    """Of two changes, that with the later text is the earlier one."""
    desk.fake.now = datetime.fromisoformat("2026-11-01T08:30:00+00:00")  # 01:30 in summer time
    desk.tokens = desk.fake.login.connect(app=desk.fake.app)
    books.pace = 600
    ids = bills(desk, 12)
    stamps = [books.must("Invoice", one)["MetaData"]["LastUpdatedTime"] for one in ids]
    assert stamps != sorted(stamps)

    desk.options["entities"] = ["Invoice"]
    desk.sync()
    assert desk.items().keys() == {f"Invoice/{one}" for one in ids}
    books.edit("Invoice", ids[0], PrivateNote="after the night")
    assert changes(desk.sync()) == (0, 1, 0)


def test_16_another_company_than_that_of_the_login_is_refused_before_anything_is_asked(desk):
    desk.sync()
    path = next((desk.home / ".aragora" / "tokens").glob("*.json"), None)
    assert path is None  # nothing had to be kept

    with desk.asking() as made:
        made.tokens.keep(made.tokens.current().followed_by(login_for("123")))
    status, message, hint = problem(desk.sync())
    assert status is Status.MISCONFIGURED
    assert message.startswith("qbo: the login is for company 123, and the option 'realm_id' names ")
    assert "aragora-sync oauth login qbo" in hint
    assert desk.fake.asked == []


def test_16_what_is_stored_of_another_company_is_not_mixed(desk):
    """Nobody named a company, and somebody logged in to another one."""
    bills(desk, 1)
    desk.options |= {"realm_id": "", "credentials": desk.without_tokens()}
    desk.log_in()
    desk.sync()
    desk.fake.company("77")
    desk.log_in("77")
    result = desk.sync()

    assert result.status is Status.FAILED
    assert result.stream_errors[0].message.endswith("and the login is for 77.")
    assert len(desk.items()) == 2


def login_for(realm_id: str) -> Tokens:
    return Tokens(told={"realmId": realm_id})
