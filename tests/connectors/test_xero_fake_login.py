"""The fake of Xero by plain requests: consent, codes, tokens that rotate, and connections."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import jwt
import pytest

from ..fakes.xero_apps import CUSTOM, CUSTOM_SECRET, OLD, PKCE, REDIRECT, WEB, WEB_SECRET, App
from ..fakes.xero_scopes import BROADLY, READING
from .xero_client import opened

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PROOF = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
ASKED = {"scope": " ".join(READING), **PROOF}
HOUR, DAY = 3600, 86_400


@pytest.fixture
def client():
    with opened() as made:
        yield made


@pytest.fixture
def fake(client):
    return client.fake


@pytest.fixture
def login(fake):
    return fake.login


def exchanged(client, **form):
    """What comes of a consent, for somebody who asks for it as a command-line program does."""
    code = client.called_back(**ASKED)["code"]
    usual = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    return client.token_endpoint(**{**usual, "client_id": PKCE, "code_verifier": VERIFIER, **form})


def refused(answer, error="invalid_grant"):
    return (answer.status_code, answer.json()) == (400, {"error": error})


# Consent


def test_callback_is_told_code_state_and_scopes(client):
    told = client.called_back(**ASKED, state="tells us apart")

    assert (told["state"], told["scope"]) == ("tells us apart", " ".join(READING))
    assert told["code"] and "error" not in told


def test_refused_consent_comes_back(client, login):
    login.person.consents = False

    assert client.called_back(**ASKED) == {"error": "access_denied", "state": "s"}


@pytest.mark.parametrize("uri", ["http://localhost:8081/oauth/callback", "http://127.0.0.1:8080/oauth/callback"])
def test_another_redirect_uri_ends_on_a_page(client, uri):
    answer = client.visit(**ASKED, redirect_uri=uri)

    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_plain_http_is_for_localhost_alone():
    app = App("id")
    app.register("http://localhost:9000/x")
    app.register("https://example.org/x")

    for uri in ("http://127.0.0.1:8080/oauth/callback", "http://example.org/x", "https://*.example.org/x"):
        with pytest.raises(ValueError, match=r"localhost|wildcards"):
            app.register(uri)


def test_18_broad_scopes_of_a_new_app_end_on_a_page(client, login):
    answer = client.visit(**{**ASKED, "scope": " ".join(BROADLY)})

    assert answer.status_code == 400 and "invalid_scope" in answer.text
    login.calls_back_invalid_scope = True
    assert client.called_back(**{**ASKED, "scope": "accounting.transactions"})["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("when", "broad", "granular"),
    [("2026-03-15", True, False), ("2026-11-02", True, True), ("2027-08-31", True, True), ("2027-09-01", False, True)],
)
def test_an_old_app_may_ask_for_both_for_a_while(fake, client, when, broad, granular):
    fake.now = datetime.fromisoformat(when).replace(tzinfo=UTC)

    for scopes, allowed in ((BROADLY, broad), (READING, granular)):
        answer = client.visit(**{**ASKED, "scope": " ".join(scopes), "client_id": OLD})
        assert answer.status_code == (302 if allowed else 400)


def test_an_app_without_secret_needs_a_challenge(client):
    for proof in ({}, {"code_challenge": VERIFIER, "code_challenge_method": "plain"}):
        assert client.visit(scope=READING[1], **proof).status_code == 400


def test_scopes_add_up_over_consents(client, login):
    login.log_in(("accounting.contacts.read",))

    assert "accounting.contacts.read" in client.called_back(**{**ASKED, "scope": "offline_access"})["scope"]


def test_a_third_uncertified_app_fails_at_consent(fake, client, login):
    fake.books.other_uncertified_apps = 2
    login.disconnect(fake.books.tenant_id)
    page = client.visit(**ASKED)

    assert (page.status_code, "maximum number of uncertified apps" in page.text) == (400, True)


def test_a_starter_app_has_five_connections(fake, client, login):
    login.apps[PKCE].tier = "Starter"
    for number in range(5):
        fake.add_organisation(f"Organisation {number}")

    assert "limit of 5 connections" in client.visit(**ASKED).text
    login.person.chosen = [*fake.organisations][:5]
    assert client.visit(**ASKED).status_code == 302


# Tokens


def test_a_code_gives_tokens_once(fake, client):
    code = client.called_back(**ASKED)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": PKCE}
    answers = [client.token_endpoint(**form, code_verifier=VERIFIER) for _ in range(2)]
    body = answers[0].json()

    assert {name: body[name] for name in ("expires_in", "token_type", "scope")} == {
        "expires_in": 1800,
        "token_type": "Bearer",
        "scope": " ".join(READING),
    }
    assert body["refresh_token"] and "id_token" not in body
    assert refused(answers[1])


@pytest.mark.parametrize(
    "form",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "v" * 42},
        {"redirect_uri": "http://localhost:8081/oauth/callback"},
    ],
)
def test_a_code_wants_the_proof_and_the_address_it_began_with(client, form):
    assert refused(exchanged(client, **form))


def test_a_code_lasts_five_minutes(fake, client):
    code = client.called_back(**ASKED)["code"]
    fake.tick(300)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": PKCE}

    assert refused(client.token_endpoint(**form, code_verifier=VERIFIER))


def test_an_access_token_tells_what_it_is_for(client):
    token = exchanged(client).json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})

    assert claims["scope"] == list(READING)
    assert {"authentication_event_id", "xero_userid", "exp", "nbf"} <= set(claims)
    assert claims["exp"] - claims["nbf"] == 1800


def test_an_app_with_a_secret_proves_itself_by_it(client):
    told = client.called_back(client_id=WEB, scope="offline_access accounting.contacts.read openid")
    form = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": REDIRECT}

    assert refused(client.token_endpoint((WEB, "wrong"), **form), "invalid_client")
    assert refused(client.token_endpoint(client_id=WEB, **form), "invalid_client")
    body = client.token_endpoint((WEB, WEB_SECRET), **form).json()
    assert body["id_token"]
    again = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert client.token_endpoint((WEB, WEB_SECRET), **again).status_code == 200
    assert refused(client.token_endpoint(client_id=PKCE, **again))  # another app's


def test_a_custom_connection_needs_no_person(fake, client):
    form = {"grant_type": "client_credentials", "scope": "accounting.contacts.read"}
    body = client.token_endpoint((CUSTOM, CUSTOM_SECRET), **form).json()
    client.token, client.tenant = body["access_token"], ""

    assert "refresh_token" not in body
    assert client.read("Contacts")["Contacts"] == []
    assert [one["tenantId"] for one in client.connections().json()] == [fake.books.tenant_id]
    assert refused(client.token_endpoint(client_id=PKCE, grant_type="client_credentials"), "unauthorized_client")


def test_other_requests_to_the_token_endpoint(client):
    assert refused(client.token_endpoint(client_id=PKCE), "invalid_request")
    assert refused(client.token_endpoint(client_id=PKCE, grant_type="password"), "unsupported_grant_type")
    assert refused(client.refresh("never given"))
    headers = {"Authorization": "Basic nonsense"}
    url = f"{client.fake.url}/connect/token"
    answer = client._http.post(url, data={"grant_type": "refresh_token"}, headers=headers)
    assert refused(answer, "invalid_client")


def test_without_offline_access_there_is_no_refresh_token(login):
    assert "refresh_token" not in login.log_in(("accounting.contacts.read",))


# Refreshing


def test_every_refresh_gives_another_refresh_token(client):
    first = exchanged(client).json()
    second = client.refresh(first["refresh_token"]).json()

    assert len({one[name] for one in (first, second) for name in ("access_token", "refresh_token")}) == 4
    assert second["scope"] == first["scope"]


@pytest.mark.parametrize(("minutes", "taken"), [(29, True), (31, False)])
def test_6_the_one_before_is_taken_for_half_an_hour(fake, client, minutes, taken):
    token = exchanged(client).json()["refresh_token"]
    fake.tick(10 * DAY)
    fake.lose_answer("/connect/token")
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        client.refresh(token)
    fake.tick(minutes * 60)

    assert (client.refresh(token).status_code == 200) is taken


def test_the_half_hour_begins_with_the_first_use(fake, client):
    token = exchanged(client).json()["refresh_token"]
    outcomes = []
    for _ in range(3):
        outcomes.append(client.refresh(token).status_code)
        fake.tick(20 * 60)

    assert outcomes == [200, 200, 400]


def test_two_who_refresh_at_once_begin_two_chains(fake, client):
    token = exchanged(client).json()["refresh_token"]
    chains = [client.refresh(token).json()["refresh_token"] for _ in range(2)]
    fake.tick(HOUR)

    assert [client.refresh(each).status_code for each in chains] == [200, 200]


@pytest.mark.parametrize(("days", "taken"), [(59, True), (60, False)])
def test_a_refresh_token_lasts_60_days_unused(fake, client, days, taken):
    token = exchanged(client).json()["refresh_token"]
    fake.tick(days * DAY)

    assert (client.refresh(token).status_code == 200) is taken


def test_revoking_ends_the_chain_and_its_connections(fake, client):
    body = exchanged(client).json()
    client.token = body["access_token"]
    before = client.connections().json()

    assert client.revoke(body["refresh_token"]).status_code == 200
    assert refused(client.refresh(body["refresh_token"]))
    assert (len(before), client.connections().json()) == (1, [])
    assert client.get("Contacts").status_code == 403
    assert client.revoke("never given").status_code == 200
    assert refused(client.revoke(body["refresh_token"], client_id="no app"), "invalid_client")


# Which organisations


def test_connections_tell_moments_with_seven_digits_and_no_zone(fake, client, login):
    fake.add_organisation("Beta Ltd")
    client.token = login.log_in()["access_token"]
    rows = client.connections().json()

    assert [(row["tenantName"], row["tenantType"]) for row in rows] == [
        ("Demo Company (NZ)", "ORGANISATION"),
        ("Beta Ltd", "ORGANISATION"),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}", row["createdDateUtc"]) for row in rows)


def test_connections_of_the_last_consent_alone(fake, client, login):
    login.log_in()
    later = fake.add_organisation("Beta Ltd").tenant_id
    client.token = login.log_in(tenants=[later])["access_token"]
    event = jwt.decode(client.token, options={"verify_signature": False})["authentication_event_id"]

    assert len(client.connections().json()) == 2
    assert [row["tenantId"] for row in client.connections(authEventId=event).json()] == [later]


def test_5_an_organisation_that_is_no_longer_connected_is_403(fake, client, login):
    (connection,) = client.connections().json()
    assert client.disconnect(connection["id"]).status_code == 204
    answer = client.get("Invoices")

    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    assert set(answer.json()) == {"Type", "Title", "Status", "Detail", "Instance", "Extensions"}


def test_another_organisation_and_none_are_403(fake, client):
    client.tenant = fake.add_organisation("Beta Ltd").tenant_id
    assert client.get("Invoices").status_code == 403
    client.tenant = ""
    assert client.get("Invoices").status_code == 403


def test_demo_company_begins_anew_as_another_tenant(fake, client, login):
    fake.books.add_contact("Acme")
    before = client.tenant
    books = fake.reset_demo()

    assert client.get("Contacts").status_code == 403
    client.token, client.tenant = login.log_in()["access_token"], books.tenant_id
    assert (client.read("Contacts")["Contacts"], books.tenant_id != before) == ([], True)


# Being refused


def test_an_old_access_token_says_when_it_ended(fake, client):
    fake.tick(1800)
    answer = client.get("Contacts")

    assert answer.status_code == 401
    assert answer.json()["Detail"] == "TokenExpired: token expired at 11/02/2026 09:30:00"
    assert "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_a_token_of_nobody(client, token):
    client.token = token
    answer = client.get("Contacts")

    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthenticationUnsuccessful")


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_scope(fake, client, status):
    fake.scope_status = status
    client.token = fake.token_for("accounting.contacts.read")
    answer = client.get("Invoices")

    assert (answer.status_code, answer.json()["Detail"]) == (status, "AuthorizationUnsuccessful")
    assert client.get("Contacts").status_code == 200
    assert client.write("PUT", "Contacts", {"Name": "Acme"}).status_code == status


def test_broad_scopes_do_as_well(fake, client):
    client.token = fake.token_for(*BROADLY, client_id=OLD)

    for part in ("Invoices", "CreditNotes", "Payments", "BankTransactions", "ManualJournals", "Contacts", "Accounts"):
        assert client.get(part).status_code == 200


def test_15_journals_want_a_tier_that_few_have(fake, client):
    client.token = fake.token_for("accounting.journals.read")
    answer = client.get("Journals")

    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthorizationUnsuccessful")
    fake.login.apps[PKCE].tier, fake.login.apps[PKCE].assessed = "Advanced", True
    assert client.get("Journals").status_code == 200
