"""A login, renewals and its end at an authorization server that nobody here wrote (npm oauth2-mock-server).

It checks PKCE, and takes a code with a challenge once. It knows no clients, no scopes, and gives a new refresh token
for any; refusals are ordered. What is strict about renewals is tried at the suite's own server.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from aragora_sync.auth.login import Login
from aragora_sync.auth.oauth import authorization_url, exchange, new_verifier
from aragora_sync.auth.tokens import Tokens
from aragora_sync.core.clock import utc_now
from aragora_sync.core.errors import CredentialError, SourceError
from aragora_sync.engine.result import Status

from ..net.clock import patient
from ..servers.oauth2_mock import MockServer, mock_server, mock_server_process  # noqa: F401 - fixtures
from .club import ClubConnector, club
from .test_oauth_login import Person

pytestmark = [pytest.mark.contract, pytest.mark.timeout(600)]  # the first one installs it

BACK = "https://acme.example/cb"


@pytest.fixture
def connector(mock_server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClubConnector]:  # noqa: F811
    monkeypatch.setenv("HOME", str(tmp_path))
    with patient(), contextlib.closing(club(mock_server.url)) as made:
        yield made


@pytest.fixture
def person() -> Iterator[Person]:
    made = Person()
    yield made
    for thread in made.threads:
        thread.join()


def log_in(connector: ClubConnector, person: Person, **more: object) -> Tokens:
    begun = Login(person, connector.open_http, **{"port": 0, "patience": 30.0, **more})
    return connector.tokens.begin(connector.log_in(begun))


def pasting(person: Person) -> Person:
    """Copies where the browser was sent."""
    person.visit = lambda url: person.answers.append(httpx.get(url, trust_env=False).headers["location"])
    return person


def test_login_in_a_browser(mock_server, connector, person):  # noqa: F811
    kept = log_in(connector, person)
    (asked,) = mock_server.seen("token")

    assert kept.access.count(".") == 2 and kept.refresh
    assert timedelta(minutes=50) < kept.expires_at - utc_now() <= timedelta(hours=1)
    assert asked["grant_type"] == "authorization_code" and len(asked["code_verifier"]) == 64


def test_login_by_pasting(mock_server, connector, person):  # noqa: F811
    kept = log_in(connector, pasting(person), redirect_uri=BACK)
    (asked,) = mock_server.seen("token")

    assert kept.refresh and asked["redirect_uri"] == BACK


def test_consent_that_is_refused(mock_server, connector, person):  # noqa: F811
    mock_server.order(deny="access_denied")

    with pytest.raises(CredentialError, match="consent was refused"):
        log_in(connector, person)
    assert mock_server.seen("token") == []


def came_back(connector: ClubConnector, verifier: str) -> str:
    url = authorization_url(connector.oauth_client(), BACK, "the-state", verifier)
    location = httpx.URL(httpx.get(url, trust_env=False).headers["location"])
    assert location.params["state"] == "the-state"
    return location.params["code"]


def test_code_is_worth_nothing_without_its_verifier(connector):
    code = came_back(connector, new_verifier())

    with pytest.raises(SourceError, match="code_verifier provided does not match code_challenge"):
        exchange(connector.open_http, connector.oauth_client(), code, BACK, new_verifier())


def test_code_is_taken_once(connector):
    verifier = new_verifier()
    code = came_back(connector, verifier)
    exchange(connector.open_http, connector.oauth_client(), code, BACK, verifier)

    with pytest.raises(SourceError, match="the login was refused"):
        exchange(connector.open_http, connector.oauth_client(), code, BACK, verifier)


def test_renewal_keeps_the_new_refresh_token(mock_server, connector, person):  # noqa: F811
    first = log_in(connector, person)
    second = connector.access.renewed()
    asked = mock_server.seen("token")[-1]

    assert asked == {"grant_type": "refresh_token", "refresh_token": first.refresh}
    assert second.refresh not in ("", first.refresh)
    assert club(mock_server.url).tokens.current().refresh == second.refresh


def test_grant_that_is_refused_needs_a_person(mock_server, connector, person):  # noqa: F811
    log_in(connector, person)
    mock_server.seen("token")
    mock_server.order(token={"statusCode": 400, "body": {"error": "invalid_grant"}})

    with pytest.raises(CredentialError, match="the club refused the refresh token") as caught:
        connector.access.renewed()
    assert caught.value.hint == "aragora-sync oauth login club --tenant default"
    assert len(mock_server.seen("token")) == 1


def test_trouble_of_the_server_is_waited_for(mock_server, connector, person):  # noqa: F811
    first = log_in(connector, person)
    mock_server.order(token={"statusCode": 503, "body": {}})

    assert connector.access.renewed().refresh != first.refresh


def test_log_out_revokes_and_forgets(mock_server, connector, person):  # noqa: F811
    log_in(connector, person)
    connector.log_out()

    assert len(mock_server.seen("revoke")) == 1
    assert connector.tokens.current() is None
    assert connector.sync().status is Status.NEEDS_LOGIN
