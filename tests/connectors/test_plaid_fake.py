"""The fake of Plaid answers as Plaid does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..fakes.plaid import CLIENT, MUTATION, SECRET, VERSION, FakePlaid
from ..fakes.web import running

LINK = {"client_name": "aragora-sync", "language": "en", "country_codes": ["US"], "user": {"client_user_id": "t"}}


class Client:
    """Plain calls, as anybody could send them."""

    def __init__(self, fake: FakePlaid) -> None:
        headers = {"PLAID-CLIENT-ID": CLIENT, "PLAID-SECRET": SECRET, "Plaid-Version": VERSION}
        self._http = httpx.Client(base_url=fake.url, trust_env=False, headers=headers)

    def call(self, path: str, **told: Any) -> Any:
        """What is answered; the code of the error where it is one."""
        answer = self._http.post(path, json=told)
        body = json.loads(answer.content, parse_float=Decimal)
        return body if answer.status_code == 200 else body["error_code"]

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def service() -> Iterator[FakePlaid]:
    with running(FakePlaid()) as made:
        yield made


@pytest.fixture
def fake(service: FakePlaid) -> FakePlaid:
    service.begin_anew()
    return service


@pytest.fixture
def client(fake: FakePlaid) -> Iterator[Client]:
    made = Client(fake)
    yield made
    made.close()


def read_on(
    client: Client, token: str, cursor: str = "", count: int = 500, before: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str] | str:
    """What is there after all pages of one update, for somebody who had `before` at its cursor; or the error."""
    there = {**(before or {})}
    while True:
        since = {"cursor": cursor} if cursor else {}
        page = client.call("/transactions/sync", access_token=token, count=count, **since)
        if isinstance(page, str):
            return page
        there |= {raw["transaction_id"]: raw for raw in [*page["added"], *page["modified"]]}
        for raw in page["removed"]:
            there.pop(raw["transaction_id"], None)
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return there, cursor


# Who asks


def test_wrong_application_is_refused(fake):
    answer = httpx.post(f"{fake.url}/item/get", json={"client_id": "x", "secret": "y"}, trust_env=False)
    assert answer.json()["error_code"] == "INVALID_API_KEYS"


def test_credentials_may_stand_in_the_body(fake):
    item = fake.bank.link()
    told = {"client_id": CLIENT, "secret": SECRET, "access_token": item.access_token}
    assert httpx.post(f"{fake.url}/item/get", json=told, trust_env=False).status_code == 200


def test_unknown_tokens_and_broken_logins_are_told_apart(fake, client):
    item = fake.bank.link()
    assert client.call("/accounts/get", access_token="access-sandbox-none") == "INVALID_ACCESS_TOKEN"
    fake.bank.break_login(item)
    assert client.call("/accounts/get", access_token=item.access_token) == "ITEM_LOGIN_REQUIRED"
    assert (
        client.call("/item/get", access_token=item.access_token)["item"]["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    )


def test_calls_per_item_and_minute(fake, client):
    item, other = fake.bank.link(), fake.bank.link()
    fake.limited = True
    answers = [client.call("/accounts/get", access_token=item.access_token) for _ in range(16)]
    assert answers[-1] == "ACCOUNTS_LIMIT"
    assert isinstance(client.call("/accounts/get", access_token=other.access_token), dict)
    fake.tick(61)
    assert isinstance(client.call("/accounts/get", access_token=item.access_token), dict)


# Link


def test_bank_is_linked_on_a_page_of_plaids(fake, client):
    made = client.call("/link/token/create", **LINK, products=["transactions"], hosted_link={})
    assert made["hosted_link_url"].startswith("https://secure.plaid.com/hl/")
    assert client.call("/link/token/get", link_token=made["link_token"])["link_sessions"] == []

    item = fake.bank.visit(fake.bank.sessions[made["link_token"]])
    (session,) = client.call("/link/token/get", link_token=made["link_token"])["link_sessions"]
    token = session["results"]["item_add_results"][0]["public_token"]
    got = client.call("/item/public_token/exchange", public_token=token)
    assert (got["access_token"], got["item_id"]) == (item.access_token, item.item_id)
    assert client.call("/item/public_token/exchange", public_token=token) == "INVALID_PUBLIC_TOKEN"


def test_person_who_leaves_ends_the_session_without_a_result(fake, client):
    made = client.call("/link/token/create", **LINK, products=["transactions"], hosted_link={})
    fake.bank.leave(fake.bank.sessions[made["link_token"]])
    (session,) = client.call("/link/token/get", link_token=made["link_token"])["link_sessions"]

    assert session["finished_at"] and "results" not in session


def test_login_is_repaired_without_a_new_token(fake, client):
    item = fake.bank.link()
    fake.bank.break_login(item)
    assert client.call("/link/token/create", **LINK, products=["x"], access_token=item.access_token) == "INVALID_FIELD"
    made = client.call("/link/token/create", **LINK, access_token=item.access_token, hosted_link={})
    fake.bank.visit(fake.bank.sessions[made["link_token"]])

    assert client.call("/item/get", access_token=item.access_token)["item"]["error"] is None


def test_what_link_demands(client):
    assert client.call("/link/token/create", **LINK) == "MISSING_FIELDS"
    assert client.call("/link/token/create", **LINK, products=["balance"]) == "INVALID_PRODUCT"
    assert client.call("/link/token/create", **{**LINK, "client_name": "x" * 31}, products=["a"]) == "INVALID_FIELD"


def test_sandbox_needs_no_page(client):
    token = client.call("/sandbox/public_token/create", institution_id="ins_1", initial_products=["transactions"])
    assert client.call("/item/public_token/exchange", public_token=token["public_token"])["item_id"]


def test_rotated_and_removed_tokens_are_dead_at_once(fake, client):
    item = fake.bank.link()
    old = item.access_token
    new = client.call("/item/access_token/invalidate", access_token=old)["new_access_token"]
    assert client.call("/item/get", access_token=old) == "INVALID_ACCESS_TOKEN"
    client.call("/item/remove", access_token=new)
    assert client.call("/item/get", access_token=new) == "INVALID_ACCESS_TOKEN"


# The feed


def test_amounts_keep_their_digits(fake, client):
    item = fake.bank.link()
    fake.bank.spend(item, "12.340")
    fake.bank.spend(item, "0.1234567890123456789")
    (there, _) = read_on(client, item.access_token)

    assert [str(raw["amount"]) for raw in there.values()] == ["12.340", "0.1234567890123456789"]


def test_pages_of_at_most_500(fake, client):
    item = fake.bank.link()
    assert client.call("/transactions/sync", access_token=item.access_token, count=501) == "INVALID_FIELD"


def test_change_between_two_pages_is_told_until_the_update_is_read_from_its_beginning(fake, client):
    item = fake.bank.link()
    for _ in range(5):
        fake.bank.spend(item)
    first = client.call("/transactions/sync", access_token=item.access_token, count=2)
    fake.bank.spend(item)

    again = client.call("/transactions/sync", access_token=item.access_token, count=2, cursor=first["next_cursor"])
    assert again == MUTATION
    assert len(read_on(client, item.access_token, count=2)[0]) == 6


def test_feed_that_is_not_ready_has_no_cursor(fake, client):
    item = fake.bank.link()
    fake.stays_ready = False
    told = client.call("/transactions/sync", access_token=item.access_token)

    assert (told["next_cursor"], told["transactions_update_status"]) == ("", "NOT_READY")


def test_cursor_of_another_item_is_refused(fake, client):
    item, other = fake.bank.link(), fake.bank.link()
    _, cursor = read_on(client, item.access_token)
    assert client.call("/transactions/sync", access_token=other.access_token, cursor=cursor) == "INVALID_FIELD"


def test_posted_transaction_names_the_pending_one(fake, client):
    item = fake.bank.link()
    pending = fake.bank.spend(item, pending=True)
    _, cursor = read_on(client, item.access_token)
    posted = fake.bank.post(item, pending)
    told = client.call("/transactions/sync", access_token=item.access_token, cursor=cursor)

    assert [(raw["transaction_id"], raw["pending_transaction_id"]) for raw in told["added"]] == [(posted, pending)]
    assert [raw["transaction_id"] for raw in told["removed"]] == [pending]


@settings(max_examples=40, deadline=None)
@given(
    acts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=30),
    count=st.integers(1, 5),
    empty=st.booleans(),
)
def test_whoever_follows_the_feed_has_what_is_there(service, acts, count, empty):
    service.begin_anew()
    service.empty_pages = empty
    item, client = service.bank.link(), Client(service)
    cursor, there = "", {}
    for act, which in acts:
        ids = sorted(item.transactions)
        if act == 0 or not ids:
            service.bank.spend(item, f"{which}.01")
        elif act == 1:
            service.bank.edit(item, ids[which % len(ids)], name=f"edited {which}")
        elif act == 2:
            service.bank.remove(item, ids[which % len(ids)])
        else:
            told = read_on(client, item.access_token, cursor, count, there)
            assert not isinstance(told, str)
            there, cursor = told
            assert there == item.transactions
    client.close()
