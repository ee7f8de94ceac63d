"""`plaid`: what it stores of accounts and transactions, and what programs get."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aragora_sync.connectors.plaid import PlaidAccount, PlaidConnector, PlaidCredentials, PlaidEnvironment
from aragora_sync.connectors.plaid.items import transaction_item
from aragora_sync.core.errors import ConfigError, CredentialError, ReadAgain
from aragora_sync.engine.result import Status

from ..fakes.plaid import CLIENT, MUTATION, SECRET, Refused, too_many
from ..fakes.web import Answer
from .plaid_desk import KEYS, SYNC, changes, opened_desk, without


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


@pytest.fixture
def account(desk):
    (found,) = desk.item.accounts.values()
    return found


# What is stored


def test_transaction_as_a_person_reads_and_searches_it(desk, account):
    one = desk.bank.spend(
        desk.item,
        "12.34",
        merchant_name="Uber",
        original_description="UBER 072515 SF**POOL**",
        location={"city": "San Francisco", "region": "CA", "address": None},
        payment_meta={"reference_number": "R-77", "payee": None},
        counterparties=[{"name": "Uber Technologies", "type": "merchant"}],
        check_number="0042",
    )
    desk.sync()
    stored = desk.entries()[one]

    assert (stored.kind, stored.title, stored.parent) == ("transaction", "Uber", account.account_id)
    assert stored.content.splitlines() == [
        "2026-10-20: paid 12.34 USD",
        "Merchant: Uber",
        "Name: UBER 072515 SF",
        "Description: UBER 072515 SF**POOL**",
        "Category: Transportation, Taxis and ride shares",
        "With: Uber Technologies",
        "Place: San Francisco, CA",
        "Payment: R-77",
        "Check: 0042",
        "Authorized: 2026-10-19",
    ]


def test_transaction_keeps_plaids_fields_by_their_names(desk):
    one = desk.bank.spend(desk.item, "-5.00", location={"lat": Decimal("40.7400"), "city": "New York"})
    desk.sync()
    told = desk.told(one)

    assert (told["amount"], told["signed_amount"], told["direction"], told["currency"]) == (
        *("-5.00", "5.00", "inflow"),
        "USD",
    )
    assert told["date"] == "2026-10-20"
    assert told["location"] == {"lat": "40.7400", "city": "New York"}
    assert told["personal_finance_category"]["primary"] == "TRANSPORTATION"
    assert told["institution_name"] == "First Platypus Bank"
    assert "received 5.00 USD" in desk.items()[one]
    assert "access" not in str(told)


def test_account_with_its_balances(desk, account):
    desk.sync()
    stored, told = desk.entries()[account.account_id], desk.told(account.account_id)

    assert (stored.kind, stored.title) == ("account", f"Plaid Checking ••{account.mask}")
    assert stored.content.splitlines() == [
        "First Platypus Bank: depository checking",
        "Plaid Checking of the bank",
        "Balance: 110.00 USD",
        "Available: 100.00 USD",
    ]
    assert told["balances"] == {"available": "100.00", "current": "110.00", "limit": None, "iso_currency_code": "USD"}
    assert (told["role"], told["freshness"], told["item_id"]) == ("asset", "cached", desk.item.item_id)


def test_what_is_owed_is_said_to_be_owed(desk):
    card = desk.bank.open_account(desk.item, "Card", type="credit", subtype="credit card", limit=Decimal("2000"))
    desk.sync()

    assert desk.told(card.account_id)["role"] == "liability"
    assert "Owed: 110.00 USD" in desk.items()[card.account_id]
    assert "Limit: 2000 USD" in desk.items()[card.account_id]


def test_edits_and_removals_are_followed(desk):
    first, second = desk.bank.spend(desk.item), desk.bank.spend(desk.item)
    assert changes(desk.sync()) == (3, 0, 0)

    desk.bank.edit(desk.item, first, amount=Decimal("99.99"))
    desk.bank.remove(desk.item, second)
    assert changes(desk.sync()) == (0, 1, 1)
    assert desk.amounts() == desk.there()


def test_balance_that_moves_is_an_update_and_a_closed_account_goes(desk, account):
    other = desk.bank.open_account(desk.item, "Savings")
    desk.sync()
    account.current = Decimal("120.50")
    desk.bank.close_account(desk.item, other)
    result = desk.sync()

    assert (result.counts.updated, result.counts.swept) == (1, 1)
    assert desk.told(account.account_id)["balances"]["current"] == "120.50"


def test_transactions_do_not_tell_what_their_account_is_called(desk, account):
    one = desk.bank.spend(desk.item)
    desk.sync()
    before = desk.entries()[one]
    account.name = "Renamed"
    desk.full()

    assert desk.entries()[one] == before


def test_same_items_whichever_way_they_were_read(desk):
    desk.sync()
    for number in range(5):
        one = desk.bank.spend(desk.item, f"{number}.10", pending=number == 3)
    desk.bank.edit(desk.item, one, name="edited")
    desk.sync()
    incremental = desk.entries()
    desk.folder /= "another"
    desk.full()

    plain = [
        {one: (e.kind, e.title, e.content, e.metadata) for one, e in each.items()}
        for each in (incremental, desk.entries())
    ]
    assert plain[0] == plain[1]


def test_unreadable_transaction_is_said_and_read_when_it_can_be(desk):
    good, bad = desk.bank.spend(desk.item), desk.bank.spend(desk.item)
    without(desk.fake, bad, "amount")
    result = desk.sync()
    assert result.failures_waiting == 1
    assert list(desk.transactions()) == [good]

    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert desk.amounts() == desk.there()


def test_balances_in_realtime_are_asked_of_the_bank(desk, account):
    desk.options["balances"] = "realtime"
    desk.sync()

    assert desk.calls() == {SYNC: 1, "/accounts/balance/get": 1}
    assert desk.told(account.account_id)["freshness"] == "realtime"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"{", cut=1),
        Answer(504),
        too_many("BALANCE_LIMIT").answer,
        Refused("INSTITUTION_ERROR", "INSTITUTION_DOWN").answer,
        Refused("INVALID_INPUT", "LAST_UPDATED_DATETIME_OUT_OF_RANGE").answer,
    ],
    ids=["cut", "504", "limit", "down", "too old"],
)
def test_bank_is_asked_once_as_that_is_billed_and_older_balances_stand_for_its_answer(desk, account, answer):
    desk.options["balances"] = "realtime"
    desk.fake.order(answer, path="/accounts/balance/get", times=9)
    result = desk.sync()

    assert result.success
    assert desk.calls() == {SYNC: 1, "/accounts/balance/get": 1, "/accounts/get": 1}
    assert desk.told(account.account_id)["freshness"] == "cached"
    assert desk.time.waited == 0


def test_capital_one_is_told_how_old_a_balance_may_be(desk):
    desk.link(institution_id="ins_128026")
    desk.options["balances"] = "realtime"
    desk.sync()

    assert sorted("options" in told for told in desk.sent("/accounts/balance/get")) == [False, True]


def test_without_balances_accounts_are_taken_out(desk):
    desk.bank.spend(desk.item)
    desk.sync()
    desk.options["balances"] = "none"
    result = desk.sync()

    assert desk.accounts() == {}
    assert any("the changed options took out" in note for note in result.notes)


def test_banks_of_the_other_environment_are_left_alone(desk):
    desk.bank.spend(desk.item)
    desk.sync()
    desk.options["environment"] = "production"
    result = desk.sync()

    assert result.status is Status.NEEDS_LOGIN
    assert "no bank is linked in production yet" in result.stream_errors[0].message
    assert len(desk.transactions()) == 1


def test_every_request_leaves_a_line_without_what_was_read(desk):
    desk.bank.spend(desk.item, name="A secret purchase")
    desk.sync()
    lines = desk.trail()

    assert sorted(line["what"] for line in lines) == ["POST /accounts/get", f"POST {SYNC}"]
    assert {(line["action"], line["status"], line["connector"]) for line in lines} == {("read", 200, "plaid")}
    assert "secret" not in str(lines)


@given(amount=st.decimals(allow_nan=False, allow_infinity=False))
def test_any_amount_is_the_same_in_the_store_and_its_sign_turns(amount):
    exact = Decimal(format(amount, "f"))
    raw = {"transaction_id": "T", "account_id": "A", "date": "2026-01-31", "pending": False, "name": "n"}
    item = transaction_item({**raw, "amount": exact, "iso_currency_code": "USD"}, PlaidCredentials("t", "i"))
    told = item.metadata

    assert f" {format(exact, 'f').lstrip('-')} USD" in item.content
    assert told["amount"] == format(exact, "f")
    assert told["signed_amount"] == format(exact.copy_negate() if exact else exact, "f")


# What programs get


def test_accounts_as_the_guide_has_them(desk, account):
    with desk.program() as plaid:
        found = plaid.get_accounts(desk.keep(desk.item))

    assert found == [
        PlaidAccount(
            account_id=account.account_id,
            name="Plaid Checking",
            account_type="depository",
            subtype="checking",
            mask=account.mask,
            official_name="Plaid Checking of the bank",
            current_balance=Decimal("110.00"),
            available_balance=Decimal("100.00"),
            limit=None,
            currency="USD",
        )
    ]


def test_transactions_between_two_days_both_of_which_are_in(desk):
    for day in ("2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01"):
        desk.bank.spend(desk.item, "1.10", date=day)
    with desk.program() as plaid:
        found = plaid.get_transactions(
            desk.keep(desk.item), start_date=datetime(2024, 1, 1, 23), end_date=date(2024, 12, 31)
        )

    assert [each.date for each in found] == [date(2024, 1, 1), date(2024, 12, 31)]
    assert {(each.amount, each.currency, each.category) for each in found} == {
        (Decimal("1.10"), "USD", "TRANSPORTATION")
    }


def test_without_credentials_all_banks_are_meant(desk):
    other = desk.link(institution_id="ins_2")
    desk.bank.spend(desk.item)
    desk.bank.spend(other)
    with desk.program() as plaid:
        assert len(plaid.get_transactions()) == 2
        assert len(plaid.get_accounts()) == 2


def test_program_reads_from_the_beginning_what_changed_meanwhile(desk):
    for _ in range(4):
        desk.bank.spend(desk.item)
    desk.fake.page_size = 2
    desk.fake.mutations = 3
    with desk.program() as plaid:
        assert len(plaid.get_transactions()) == 4

    desk.fake.order(Refused("TRANSACTIONS_ERROR", MUTATION).answer, path=SYNC, times=6)
    with desk.program() as plaid, pytest.raises(ReadAgain):
        plaid.get_transactions()


def test_connector_takes_keys_as_the_guide_gives_them(desk):
    desk.bank.spend(desk.item)
    credentials = PlaidCredentials(desk.item.access_token, desk.item.item_id)
    plaid = PlaidConnector(CLIENT, SECRET, PlaidEnvironment.SANDBOX, base_url=desk.fake.url)

    assert len(plaid.get_transactions(credentials)) == 1
    plaid.close()


@pytest.mark.parametrize("environment", [PlaidEnvironment.DEVELOPMENT, "development"])
def test_retired_environment_is_refused_with_the_reason(environment):
    with pytest.raises(ConfigError, match="Plaid has retired the environment development"):
        PlaidConnector(CLIENT, SECRET, environment)


def test_unknown_environment_is_refused():
    with pytest.raises(ConfigError, match="must be one of production, sandbox"):
        PlaidConnector(environment="elsewhere")


def test_link_of_ones_own_page_ends_with_credentials_that_runs_use(desk):
    with desk.program() as plaid:
        token = plaid.create_link_token("user-123", products=["transactions", "auth"], redirect_uri="https://a.example")
        item = desk.bank.visit(desk.bank.sessions[token])
        public = desk.bank.sessions[token].results[0][0]
        made = plaid.exchange_public_token(public, user_id="user-123", tenant_id="tenant-456")
        plaid.keep(made)

    assert (made.access_token, made.item_id) == (item.access_token, item.item_id)
    assert (made.institution_name, made.user_id, made.tenant_id) == ("First Platypus Bank", "user-123", "tenant-456")
    assert item.access_token not in repr(made)
    assert [each["action"] for each in desk.trail()] == ["write", "write", "read"]
    desk.sync()
    assert len(desk.accounts()) == 2


def test_lasting_token_is_not_lost_where_the_bank_cannot_be_asked(desk):
    desk.fake.order(Answer(500), path="/item/get", times=9)
    with desk.program() as plaid:
        made = plaid.exchange_public_token(plaid.create_sandbox_public_token())

    assert (made.item_id in desk.bank.items, made.institution_name) == (True, "")


def test_public_token_is_good_once(desk):
    with desk.program() as plaid:
        public = plaid.create_sandbox_public_token()
        plaid.exchange_public_token(public)
        with pytest.raises(CredentialError, match="INVALID_PUBLIC_TOKEN"):
            plaid.exchange_public_token(public)


def test_tokens_of_the_user_are_read_beside_those_of_logins_each_bank_once(desk):
    other = desk.bank.link(institution_id="ins_2", institution_name="Second Bank")
    desk.bank.spend(desk.item)
    desk.bank.spend(other)
    tokens = f"{other.access_token}, {desk.item.access_token}"
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": tokens}
    desk.sync()

    assert desk.amounts() == desk.there()
    assert len(desk.accounts()) == 2
