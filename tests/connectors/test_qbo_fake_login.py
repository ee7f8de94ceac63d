"""The login of the fake of QuickBooks by plain requests: consent, codes, tokens that rotate, and their ends."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from ..fakes.qbo import LOCAL, REALM
from ..fakes.qbo_login import SCOPE
from .qbo_client import opened

DAY = 86_400
WRONG = "00000000"


@pytest.fixture
def client():
    with opened() as made:
        made.fake.environment = "sandbox"
        made.tokens = made.fake.login.connect(app=made.fake.app)
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def login(fake):
    return fake.login


def wanted(fake, **other):
    """The parameters of the page of consent."""
    asked = {"client_id": fake.app.client_id, "response_type": "code", "scope": SCOPE, "state": "S"}
    return {**asked, "redirect_uri": LOCAL, **other}


def told(answer):
    """What the browser brings back."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def code_of(client):
    return told(client.browse(**wanted(client.fake)))["code"]


def exchanged(client, code, **other):
    return client.token(**{"grant_type": "authorization_code", "code": code, "redirect_uri": LOCAL, **other})


# Consent


def test_only_the_callback_tells_the_company(client, fake):
    back = told(client.browse(**wanted(fake, state="a b")))
    answer = exchanged(client, back["code"])

    assert (back["state"], back["realmId"]) == ("a b", REALM)
    assert answer.json().keys() == {
        *("token_type", "access_token", "expires_in", "refresh_token", "x_refresh_token_expires_in")
    }
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 3600)
    assert answer.json()["x_refresh_token_expires_in"] == 8_726_400
    assert answer.headers["intuit_tid"]


def test_a_person_may_choose_another_company_or_none(client, fake, login):
    url = str(client.browse(**wanted(fake)).request.url)

    assert "realmId=777" in login.consent(url, realm_id="777")
    login.consents = False
    assert told(client.browse(**wanted(fake))) == {"error": "access_denied", "state": "S"}


@pytest.mark.parametrize(
    "other",
    [{"redirect_uri": f"{LOCAL}/"}, {"redirect_uri": "http://127.0.0.1:8080/"}, {"state": ""}, {"client_id": "nobody"}],
)
def test_what_the_page_of_consent_refuses_at_once(client, fake, login, other):
    answer = client.browse(**wanted(fake, **other))

    assert (answer.status_code, "location" in answer.headers) == (400, False)
    with pytest.raises(AssertionError):
        login.consent(str(answer.request.url))


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_what_the_page_of_consent_sends_back(client, fake, other, error):
    assert told(client.browse(**wanted(fake, **other))) == {"error": error, "state": "S"}


@pytest.mark.parametrize(
    ("keys", "uri", "good"),
    [
        ("sandbox", "http://localhost:1234/oauth/callback", True),
        ("sandbox", "http://127.0.0.1:1234/oauth/callback", False),
        ("sandbox", "https://my.host/cb", True),
        ("production", "https://my.host/cb", True),
        ("production", LOCAL, False),
        ("production", "https://10.0.0.1/cb", False),
        ("production", "https://10.0.0.1:8443/cb", False),
        ("production", "http://my.host/cb", False),
    ],
)
def test_which_redirect_addresses_may_be_registered(fake, keys, uri, good):
    fake.environment = keys
    if good:
        fake.app.register(uri)
        assert uri in fake.app.redirect_uris
    else:
        with pytest.raises(ValueError, match="cannot be registered"):
            fake.app.register(uri)


def test_the_discovery_document_names_the_places(fake):
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        found = httpx.get(f"{fake.url}/.well-known/{name}/").json()
        assert found["token_endpoint"] == f"{fake.url}/oauth2/v1/tokens/bearer"


# Codes


def test_a_code_that_is_used_twice_ends_the_tokens_of_the_first_time(client):
    code = code_of(client)
    client.tokens = exchanged(client, code).json()
    assert client.query("select * from Invoice") == {}
    again = exchanged(client, code)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert client.get("/query", query="select * from Invoice").status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"


@pytest.mark.parametrize("other", [{"redirect_uri": f"{LOCAL}/"}, {"code": WRONG}, {"late": 600}])
def test_codes_that_are_not_taken(client, fake, other):
    code = code_of(client)
    fake.tick(other.pop("late", 0))
    answer = exchanged(client, **{"code": code, **other})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_for_the_keys_that_asked(client, fake):
    code = code_of(client)
    fake.environment = "production"

    assert exchanged(client, code).json()["error"] == "invalid_grant"


def test_the_token_endpoint_wants_the_secret_and_a_form(client, fake):
    answer = client.refresh(secret=WRONG)
    url = f"{fake.url}/oauth2/v1/tokens/bearer"
    auth = (fake.app.client_id, fake.app.secret)
    form = {"grant_type": "refresh_token", "refresh_token": client.tokens["refresh_token"]}

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert httpx.post(url, data={**form, "client_id": auth[0], "client_secret": auth[1]}).status_code == 401
    assert httpx.post(url, json=form, auth=auth).json()["error"] == "invalid_request"
    assert client.token(grant_type="password").json()["error"] == "unsupported_grant_type"


# Refreshing


def test_2_the_refresh_token_stays_the_same_within_a_day(client, fake):
    before = client.renew()
    fake.tick(DAY - 1)
    client.renew()

    assert client.tokens["refresh_token"] == before["refresh_token"]
    assert client.tokens["access_token"] != before["access_token"]


def test_a_day_later_it_is_another_and_the_old_one_is_dead(client, fake):
    fake.tick(DAY)
    before = client.renew()
    answer = client.refresh(before["refresh_token"])

    assert client.tokens["refresh_token"] != before["refresh_token"]
    assert (answer.status_code, answer.json()) == (
        400,
        {"error_description": "Incorrect or invalid refresh token", "error": "invalid_grant"},
    )
    assert client.refresh().status_code == 200


def test_the_old_one_may_live_on_for_a_while(client, fake, login):
    login.grace = fake.now - fake.now.replace(hour=8)
    fake.tick(DAY)
    before = client.renew()
    fake.tick(3599)
    again = client.refresh(before["refresh_token"])
    fake.tick(1)

    assert again.json()["refresh_token"] == client.tokens["refresh_token"]
    assert client.refresh(before["refresh_token"]).status_code == 400


def test_using_a_replaced_one_may_end_the_chain(client, fake, login):
    login.reuse_kills = True
    fake.tick(DAY)
    before = client.renew()

    assert client.refresh(before["refresh_token"]).status_code == 400
    assert client.refresh().json()["error"] == "invalid_grant"


def test_3_an_answer_that_is_lost_after_rotation_takes_the_login_with_it(client, fake):
    fake.tick(DAY)
    fake.order(fake.lost, path="/tokens/bearer")
    with pytest.raises(httpx.RemoteProtocolError):
        client.refresh()

    assert client.refresh().json()["error"] == "invalid_grant"


def test_a_chain_that_is_not_used_ends_and_one_that_is_used_does_not(client, fake):
    fake.tick(8_726_400 - 1)
    client.renew()
    fake.tick(8_726_400 - 1)
    client.renew()
    fake.tick(8_726_400)

    assert client.refresh().json()["error"] == "invalid_grant"


def test_every_chain_ends_after_five_years(client, fake):
    ask = {"x-include-refresh-token-hard-expires-in": "true"}
    assert client.refresh(headers=ask).json()["x_refresh_token_hard_expires_in"] == 157_680_000
    for _ in range(19):
        fake.tick(95 * DAY)
        client.renew()
    left = client.refresh(headers=ask).json()

    assert left["x_refresh_token_hard_expires_in"] == left["x_refresh_token_expires_in"] == 20 * DAY
    fake.tick(20 * DAY)
    assert client.refresh().json()["error"] == "invalid_grant"


def test_the_end_of_a_chain_is_not_told_to_those_who_do_not_ask_nor_always(client, fake, login):
    ask = {"x-include-refresh-token-hard-expires-in": "true"}
    assert "x_refresh_token_hard_expires_in" not in client.refresh().json()

    login.tells_hard = False
    assert "x_refresh_token_hard_expires_in" not in client.refresh(headers=ask).json()


def test_what_is_no_refresh_token(client):
    for value in (client.tokens["access_token"], WRONG):
        assert client.refresh(value).json()["error"] == "invalid_grant"


# The end


def test_1_access_ends_after_an_hour(client, fake):
    fake.tick(3599)
    assert client.query("select * from Invoice") == {}

    fake.tick(1)
    assert client.get("/query", query="select * from Invoice").status_code == 401
    client.renew()
    assert client.query("select * from Invoice") == {}


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoking_either_ends_both(client, which):
    answer = client.revoke(client.tokens[which])

    assert (answer.status_code, answer.content) == (200, b"")
    assert client.revoke(client.tokens[which]).status_code == 400
    assert client.get("/query", query="select * from Invoice").status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"


def test_the_owner_of_a_company_can_take_access_away(client, login):
    login.disconnect(REALM)

    assert client.get("/query", query="select * from Invoice").status_code == 401
    assert client.refresh().json()["error"] == "invalid_grant"


def test_access_can_be_ended_for_a_test(client, login):
    login.expire_access()

    assert client.get("/query", query="select * from Invoice").status_code == 401
    assert client.refresh().status_code == 200
