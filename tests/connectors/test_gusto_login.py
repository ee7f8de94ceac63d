"""The login of `gusto`, at the fake's own pages: consent, company, scopes, renewal, revocation."""

from __future__ import annotations

import json

import httpx
import pytest

from aragora_sync.auth.login import Login
from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.gusto import exchange_code, get_oauth_url
from aragora_sync.core.errors import CredentialError
from aragora_sync.engine.result import Status

from ..auth.test_oauth_login import Person
from ..fakes.gusto import CLIENT, SECRET
from ..fakes.gusto_books import Books
from .gusto_desk import opened_desk, problem

BACK = "http://localhost:8080/oauth/callback"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.hire()
        yield made


@pytest.fixture
def person():
    made = Person()
    yield made
    for thread in made.threads:
        thread.join()


def log_in(desk, person, **more):
    """As the command does it."""
    connector = desk.connector()
    try:
        begun = Login(person, connector.open_http, **{"port": 0, "patience": 5.0, **more})
        return connector.tokens.begin(connector.log_in(begun))
    finally:
        connector.close()


def test_login_finds_out_the_company_and_a_run_needs_nothing_else(desk, person):
    desk.connector().tokens.forget()
    kept = log_in(desk, person)
    person.threads[0].join()

    assert kept.told == {"company_id": desk.books.uuid, "company": "Acme"}
    assert "You are logged in" in person.pages[0].text
    assert desk.sync().status is Status.OK
    assert "token_info" not in desk.counted()


def test_address_to_visit_names_neither_scopes_nor_a_challenge(desk):
    url = httpx.URL(get_oauth_url("my-app", BACK, "the-state"))

    assert url.host == "api.gusto-demo.com" and url.path == "/oauth/authorize"
    assert dict(url.params) == {
        "response_type": "code",
        "client_id": "my-app",
        "redirect_uri": BACK,
        "state": "the-state",
    }
    assert get_oauth_url("my-app", BACK, environment="production").startswith("https://api.gusto.com/oauth/authorize")


def test_state_is_made_where_none_is_given():
    first, second = (httpx.URL(get_oauth_url("my-app", BACK)).params["state"] for _ in range(2))

    assert len(first) > 20 and first != second


def test_program_exchanges_the_code_itself(desk):
    url = get_oauth_url(CLIENT, BACK, base_url=desk.fake.url)
    back = httpx.get(url, trust_env=False).headers["location"]
    desk.fake.asked.clear()
    tokens = exchange_code(httpx.URL(back).params["code"], CLIENT, SECRET, BACK, base_url=desk.fake.url)
    (asked,) = desk.fake.asked

    assert tokens.access == desk.fake.grants[-1].access
    assert set(asked.json) == {"client_id", "client_secret", "redirect_uri", "code", "grant_type"}
    assert asked.query == {} and "authorization" not in asked.headers


def test_login_for_another_company_than_the_configured_one_is_refused_before_it_is_kept(desk, person):
    before = desk.connector().tokens.current()
    desk.options |= {"company_id": "7b1d0df1-6403-4a06-8768-c1dd7d24d27a", "connector_id": "gusto"}

    with pytest.raises(CredentialError, match="and company_id names 7b1d0df1"):
        log_in(desk, person)
    assert desk.connector().tokens.current() == before


def test_login_of_another_company_keeps_what_was_read_and_says_so(desk, person):
    desk.sync()
    held = desk.items()
    desk.fake.books = Books(desk.fake.tick, "Globex", seed=2)
    desk.books.hire("Zoe")
    log_in(desk, person)
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert "another company" in result.errors[0] and "--purge" in result.stream_errors[0].hint
    assert held.items() <= desk.items().items() and len(desk.items()) == 2


def test_scopes_that_are_missing_are_told_at_the_login(desk, person):
    consent = desk.fake.consent

    def narrow():
        grant = consent()
        grant.scopes.discard("payrolls:read")
        return grant

    desk.fake.consent = narrow
    log_in(desk, person)

    assert any("the login lacks payrolls:read" in line and "developer portal" in line for line in person.told)


def test_consent_that_is_refused_is_told(desk, person):
    desk.fake.deny = "access_denied"

    with pytest.raises(CredentialError, match="Gusto was not allowed: consent was refused"):
        log_in(desk, person)


def test_access_is_renewed_when_it_ends_and_what_comes_is_kept(desk):
    desk.fake.tick(7200)
    assert desk.sync().status is Status.OK
    kept = desk.connector().tokens.current()

    assert desk.counted()["token"] == 1
    assert (kept.access, kept.refresh) == (desk.grant.access, desk.grant.refresh)
    assert kept.told["company_id"] == desk.books.uuid
    body = next(asked.json for asked in desk.fake.asked if asked.path == "/oauth/token")
    assert set(body) == {"client_id", "client_secret", "refresh_token", "grant_type"}


def test_login_that_another_process_renewed_is_taken_over(desk):
    connector = desk.connector()
    connector.get_employees()
    other = desk.connector()
    other.access.renewed()
    other.get_employees()
    desk.fake.asked.clear()
    connector.get_employees()
    for each in (connector, other):
        each.close()

    assert desk.counted() == {"employees": 2}  # the first one was refused
    assert desk.fake.refusals == 0


def test_login_that_was_ended_at_gusto_needs_a_person(desk):
    desk.sync()
    desk.grant.alive = False
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Gusto refused the refresh token: it was used before, revoked, or is too old."
    assert hint == "aragora-sync oauth login gusto --tenant default"


def test_revocation_ends_access_and_refresh(desk):
    access = desk.grant.access
    connector = desk.connector()
    connector.log_out()
    connector.close()
    body = next(asked.json for asked in desk.fake.asked if asked.path == "/oauth/revoke")

    assert body["token"] == access and set(body) == {"client_id", "client_secret", "token"}
    assert not desk.grant.alive
    assert problem(desk.sync())[1] == "nobody has logged in at Gusto yet."


def test_token_of_the_application_itself_is_for_no_company(desk):
    desk.connector().tokens.forget()
    desk.options["credentials"] = {**desk.usual()["credentials"], "GUSTO_ACCESS_TOKEN": desk.grant.access}
    told = {"scope": "public", "resource": None, "resource_owner": None}
    desk.fake.order(json_answer(told), path="/token_info")

    assert problem(desk.sync())[1] == "the login at Gusto is for no company."


def json_answer(told):
    from ..fakes.web import Answer

    return Answer(200, told)


def test_access_token_alone_is_used_until_it_ends(desk):
    desk.connector().tokens.forget()
    desk.options |= {
        "credentials": {"GUSTO_ACCESS_TOKEN": desk.grant.access},
        "token_file": False,
    }
    assert desk.sync().status is Status.OK

    desk.grant.ends_at = desk.fake.now
    status, message, hint = problem(desk.sync())
    assert status is Status.NEEDS_LOGIN
    assert message == "Gusto refused the access token."
    assert "oauth login gusto" in hint


def test_every_access_to_payroll_data_leaves_a_line(desk, tmp_path):
    desk.pay(-10)
    desk.sync()
    lines = [json.loads(line) for line in (tmp_path / ".aragora/audit/default.jsonl").read_text().splitlines()]
    asked = [f"{each.method} {each.path}" for each in desk.fake.asked]

    assert sorted(line["what"] for line in lines) == sorted(asked)
    assert {(line["action"], line["status"], line["connector"]) for line in lines} == {("read", 200, "gusto")}


def test_tokens_are_in_no_other_file(desk, tmp_path):
    desk.pay(-10)
    desk.fake.tick(7200)
    desk.sync()
    secrets = [SECRET, desk.grant.access, desk.grant.refresh]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "tokens"]

    assert len(files) > 2
    assert not [path for path in files for secret in secrets if secret.encode() in path.read_bytes()]


def test_tokens_that_are_kept_are_read_again(desk):
    assert desk.connector().tokens.current() == Tokens(
        desk.grant.access,
        desk.grant.refresh,
        desk.grant.ends_at,
        "public",
        {"company_id": desk.books.uuid, "company": "Acme"},
    )
