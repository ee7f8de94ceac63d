"""Google's own libraries log in at the fake of Google, and ask what the connector asks."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow

from aragora_sync.auth.oauth import refreshed
from aragora_sync.connectors.gdrive import exchange_code, get_oauth_url
from aragora_sync.connectors.gdrive.login import AUTH_URL, STAYING, TOKEN_URL, client_of
from aragora_sync.net.http import Http

from ..fakes.google import DRIVE, FakeGoogle
from .gdrive_desk import BACK, google

VERIFIER = "v" * 64


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the fake speaks plain http
    with google() as made:
        yield made


def flow(fake: FakeGoogle, auth_url: str = "", token_url: str = "") -> Flow:
    places = {"auth_uri": auth_url or fake.places["auth_url"], "token_uri": token_url or fake.places["token_url"]}
    client = {"client_id": fake.app.client_id, "client_secret": fake.app.secret, **places}
    made = Flow.from_client_config({"installed": client}, [DRIVE], redirect_uri=BACK, code_verifier=VERIFIER)
    made.oauth2session.trust_env = False
    return made


def address_of(made: Flow) -> str:
    return str(made.authorization_url(**STAYING, state="the-state")[0])


def logged_in(fake: FakeGoogle) -> Credentials:
    made = flow(fake)
    back = httpx.get(address_of(made), trust_env=False).headers["location"]
    made.fetch_token(code=httpx.URL(back).params["code"])
    return made.credentials


def transport() -> Request:
    session = requests.Session()
    session.trust_env = False
    return Request(session)


def test_both_visit_the_same_page(fake):
    theirs = httpx.URL(address_of(flow(fake, AUTH_URL, TOKEN_URL)))
    ours = httpx.URL(get_oauth_url(fake.app.client_id, BACK, state="the-state", code_verifier=VERIFIER))

    assert (ours.scheme, ours.host, ours.path) == (theirs.scheme, theirs.host, theirs.path)
    assert dict(ours.params) == dict(theirs.params)


def test_both_exchange_the_code_alike(fake):
    logged_in(fake)
    theirs = fake.asked[-1].form
    url = get_oauth_url(fake.app.client_id, BACK, code_verifier=VERIFIER, auth_url=fake.places["auth_url"])
    back = httpx.get(url, trust_env=False).headers["location"]
    exchange_code(back, fake.app.client_id, fake.app.secret, BACK, VERIFIER, token_url=fake.places["token_url"])
    ours = fake.asked[-1].form
    client = {ours.pop(name) for name in ("client_id", "client_secret")}

    assert {**ours, "code": ""} == {**theirs, "code": ""}
    assert client == {fake.app.client_id, fake.app.secret}


def test_both_refresh_alike(fake):
    credentials = logged_in(fake)
    credentials.refresh(transport())
    theirs = fake.asked[-1].form
    form = {"grant_type": "refresh_token", "refresh_token": fake.logins[0].refresh}
    client = client_of(fake.app.client_id, fake.app.secret, token_url=fake.places["token_url"])
    refreshed(Http, client, fake.logins[0].refresh)
    ours = fake.asked[-1].form

    assert ours.items() >= form.items()
    assert {**ours, "scope": DRIVE} == theirs


def test_fake_renews_and_ends_a_login_of_googles_library(fake):
    credentials = logged_in(fake)
    refresh = credentials.refresh_token
    credentials.refresh(transport())
    assert credentials.refresh_token == refresh == fake.logins[0].refresh
    assert credentials.token in fake.logins[0].access

    fake.tick(181 * 86400)
    with pytest.raises(RefreshError, match="Token has been expired or revoked"):
        credentials.refresh(transport())
