"""The login at Google, at a fake that ends logins for all of Google's reasons; and Google's own library at the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from aragora_sync.auth.login import Login
from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.gdrive import exchange_code, get_oauth_url
from aragora_sync.core.errors import AragoraSyncError, ConfigError, CredentialError
from aragora_sync.engine.result import Status

from ..auth.test_oauth_login import Person
from ..fakes.google import DRIVE, EMAIL, MOST_LOGINS, FakeGoogle
from ..fakes.web import Answer
from .gdrive_desk import BACK, WhoseDrive, google, whose_drive
from .service_desk import problem

LOGIN = "aragora-sync oauth login gdrive --tenant default"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with google() as made:
        yield made


@pytest.fixture
def connector(fake: FakeGoogle, tmp_path: Path) -> Iterator[WhoseDrive]:
    made = whose_drive(fake, tmp_path)
    yield made
    made.close()


@pytest.fixture
def person() -> Iterator[Person]:
    made = Person()
    yield made
    for thread in made.threads:
        thread.join()


def log_in(connector: WhoseDrive, person: Person, **more: object) -> Tokens:
    """As the command does it."""
    begun = Login(person, connector.open_http, **{"port": 0, "patience": 5.0, **more})
    return connector.tokens.begin(connector.log_in(begun))


def refused(connector: WhoseDrive, person: Person, **more: object) -> AragoraSyncError:
    with pytest.raises(AragoraSyncError) as caught:
        log_in(connector, person, **more)
    assert connector.tokens.current() is None
    return caught.value


# The login


def test_login_stays_and_a_run_needs_nothing_else(fake, connector, person):
    kept = log_in(connector, person)

    assert kept.refresh == fake.logins[0].refresh
    assert kept.told == {}
    assert connector.sync().success
    fake.tick(7200)
    assert connector.sync().success
    assert connector.tokens.current().refresh == kept.refresh


def test_page_is_asked_for_a_login_that_stays_with_a_challenge_and_may_only_read(fake, connector, person):
    log_in(connector, person)
    asked = dict(fake.asked[0].query)

    assert asked.pop("redirect_uri").endswith("/oauth/callback")
    assert len(asked.pop("state")) > 20 and len(asked.pop("code_challenge")) == 43
    assert asked == {
        "client_id": fake.app.client_id,
        "response_type": "code",
        "scope": DRIVE,
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "false",
        "code_challenge_method": "S256",
    }


def test_second_login_of_the_same_person_gives_a_refresh_token_too(fake, connector, person):
    first = log_in(connector, person)

    assert log_in(connector, person).refresh not in ("", first.refresh)


def test_box_that_was_left_empty_is_told_and_nothing_is_kept(fake, connector, person):
    """Where an app asks for more than this, the person may untick one."""

    def narrow(asked):
        fake.person.unticked = {DRIVE}
        more = {**asked.query, "scope": f"{DRIVE} {EMAIL}"}
        return fake.answer(replace(asked, query=more))

    fake.order(narrow, path="/auth")
    error = refused(connector, person)

    assert error.message == "the login does not let Google Drive be read: that box was left empty."
    assert "See and download all your Google Drive files" in error.hint


def test_answer_without_a_refresh_token_is_told_and_nothing_is_kept(fake, connector, person):
    def forgetful(asked):
        body = fake.answer(asked).body
        return Answer(200, {name: value for name, value in body.items() if name != "refresh_token"})

    fake.order(forgetful, path="/token")
    error = refused(connector, person)

    assert error.message == "Google gave no refresh token, so that nothing was kept."
    assert "myaccount.google.com" in error.hint


def test_app_in_testing_is_told_with_the_day_at_once(fake, connector, person):
    fake.app.testing = True
    kept = log_in(connector, person)

    assert kept.told["login_ends_at"].startswith("2026-11-09T08:59:59")
    assert any("Google ends this login on 2026-11-09" in line and "publish the app" in line for line in person.told)


def test_consent_that_is_refused_tells_of_test_users(fake, connector, person):
    fake.person.consents = False
    error = refused(connector, person)

    assert error.message == "Google Drive was not allowed: consent was refused."
    assert "test users" in error.hint


def test_web_application_needs_its_address_registered(fake, connector, person):
    fake.app.desktop = False
    error = refused(connector, person, patience=0.4)
    person.threads[0].join()

    assert "redirect_uri_mismatch" in person.pages[0].text
    assert "nobody came back" in error.message
    assert "redirect_uri_mismatch: register http://localhost:8080/oauth/callback" in error.hint


@pytest.mark.parametrize("said", ["admin_policy_enforced", "org_internal", "access_denied"])
def test_what_only_googles_page_says_is_in_the_hint(fake, connector, person, said):
    fake.app.internal = said == "org_internal"
    fake.app.testing = said == "access_denied"
    fake.person.trusted, fake.person.of_organisation, fake.person.is_tester = (
        said != "admin_policy_enforced",
        False,
        False,
    )
    error = refused(connector, person, patience=0.4)
    person.threads[0].join()

    assert said in person.pages[0].text
    assert f"{said}: " in error.hint


@pytest.mark.parametrize("said", ["admin_policy_enforced", "org_internal", "redirect_uri_mismatch"])
def test_reason_that_does_come_back_is_told_in_our_words(fake, connector, person, said):
    def visit(url: str) -> None:
        asked = httpx.URL(url).params
        person.answers.append(f"{asked['redirect_uri']}?error={said}&state={asked['state']}")

    person.visit = visit
    error = refused(connector, person, paste=True)

    assert said not in error.message and isinstance(error, CredentialError)
    assert error.hint


def test_code_that_came_too_late_is_told(fake, connector, person):
    fake.order(lambda asked: fake.tick(700) and None, path="/token")
    error = refused(connector, person)

    assert error.message.startswith("Google did not take the code: it was used before, is older than ten minutes")
    assert error.hint == "log in again"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("secret", "Google does not know this client, or its secret is another."),
        ("client", "the client at Google was deleted."),
    ],
)
def test_client_that_google_does_not_take_is_told(fake, connector, person, what, words):
    def spoil(asked):
        fake.app.secret, fake.app.gone = ("another", "") if what == "secret" else (fake.app.secret, "deleted_client")

    fake.order(spoil, path="/token")

    assert refused(connector, person).message == words


def test_secret_that_is_missing_is_told_before_anybody_visits(fake, person, tmp_path):
    connector = whose_drive(fake, tmp_path)
    connector.credentials = {"GDRIVE_CLIENT_ID": fake.app.client_id}

    assert "GDRIVE_CLIENT_SECRET" in refused(connector, person).message
    assert fake.asked == []


# Afterwards


def given(fake: FakeGoogle, tmp_path: Path, **options: object) -> WhoseDrive:
    """Somebody has logged in elsewhere, and set the variable."""
    return whose_drive(fake, tmp_path, credentials={"GDRIVE_REFRESH_TOKEN": fake.consent().refresh}, **options)


def test_refresh_token_that_was_given_needs_no_place_for_tokens(fake, tmp_path):
    with contextlib.closing(given(fake, tmp_path, token_file=False)) as connector:
        assert connector.whose() == "Mona"
        fake.tick(7200)
        assert connector.whose() == "Mona"

    assert fake.counts["POST /token"] == 2
    assert not list(tmp_path.rglob("gdrive_default.json"))


def test_where_there_is_a_place_the_next_process_finds_the_access_token(fake, tmp_path):
    connector = given(fake, tmp_path)
    assert connector.whose() == "Mona"
    other = whose_drive(fake, tmp_path, credentials=connector.credentials)
    assert other.whose() == "Mona"
    connector.close()
    other.close()

    assert fake.counts["POST /token"] == 1


def test_login_that_is_needed_cannot_do_without_a_place(fake, person, tmp_path):
    with pytest.raises(CredentialError, match="keyring"):
        log_in(whose_drive(fake, tmp_path, token_file=False), person)


def test_login_that_is_over_names_the_day_when_it_was_of_an_app_in_testing(fake, connector, person):
    fake.app.testing = True
    log_in(connector, person)
    fake.tick(7 * 86400)
    status, message, hint = problem(connector.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Google ended the login on 2026-11-09, as it does for an app in testing."
    assert hint.startswith(f"{LOGIN}; then publish the app")


def end_by_revoking(fake: FakeGoogle) -> None:
    fake.logins[0].why = "Token has been expired or revoked."


def end_by_silence(fake: FakeGoogle) -> None:
    fake.now += timedelta(days=181)


def end_by_newer_logins(fake: FakeGoogle) -> None:
    for _ in range(MOST_LOGINS):
        fake.consent()


@pytest.mark.parametrize("end", [end_by_revoking, end_by_silence, end_by_newer_logins])
def test_login_that_google_ended_tells_all_that_it_may_be(fake, connector, person, end):
    log_in(connector, person)
    end(fake)
    fake.tick(7200)
    status, message, hint = problem(connector.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("Google takes the refresh token no more: access was taken away, nobody used it for six")
    assert hint.startswith(LOGIN)
    assert fake.counts["POST /token"] == 2  # one of the login; this one is not tried again


def test_workspace_that_lets_logins_last_for_hours_is_told(fake, connector, person):
    log_in(connector, person)
    fake.logins[0].why = "reauth related error (invalid_rapt)"
    fake.tick(7200)
    status, message, hint = problem(connector.sync())

    assert status is Status.NEEDS_LOGIN
    assert "for some hours only" in message
    assert LOGIN in hint


def test_refresh_token_that_may_not_read_is_told(fake, tmp_path):
    narrow = fake.consent("https://www.googleapis.com/auth/drive.file").refresh
    connector = whose_drive(fake, tmp_path, credentials={"GDRIVE_REFRESH_TOKEN": narrow})
    status, message, hint = problem(connector.sync())

    assert status is Status.NEEDS_LOGIN
    assert "does not let Google Drive be read" in message and LOGIN in hint


def test_trouble_at_google_is_no_login_that_ended(fake, connector, person):
    log_in(connector, person)
    fake.tick(7200)
    fake.order(Answer(503, b""), path="/token", times=99)
    connector.max_retries = 0

    assert connector.sync().status is Status.TRY_LATER


def test_log_out_ends_the_login_at_google(fake, connector, person):
    log_in(connector, person)
    connector.log_out()

    assert fake.logins[0].why
    assert problem(connector.sync())[1] == "nobody has logged in at Google Drive yet."


def test_login_that_has_ended_already_can_be_logged_out(fake, connector, person):
    log_in(connector, person)
    end_by_revoking(fake)
    connector.log_out()

    assert connector.tokens.current() is None


# For programs


def test_address_of_the_guide(fake):
    url = httpx.URL(get_oauth_url(client_id="my-app", redirect_uri=BACK))

    assert (url.host, url.path) == ("accounts.google.com", "/o/oauth2/v2/auth")
    assert len(url.params["state"]) > 20 and "code_challenge" not in url.params
    assert url.params["access_type"] == "offline" and url.params["scope"] == DRIVE


def came_back(fake: FakeGoogle, verifier: str = "") -> str:
    url = get_oauth_url(
        fake.app.client_id, BACK, state="s", code_verifier=verifier, auth_url=f"{fake.url}/o/oauth2/v2/auth"
    )
    return str(httpx.get(url, trust_env=False).headers["location"])


@pytest.mark.parametrize("verifier", ["", "v" * 64])
@pytest.mark.parametrize("how", ["whole address", "as it stands there", "decoded"])
def test_code_is_exchanged_as_the_guide_has_it(fake, how, verifier):
    back = came_back(fake, verifier)
    code = {
        "whole address": back,
        "as it stands there": back.partition("code=")[2].partition("&")[0],
        "decoded": httpx.URL(back).params["code"],
    }[how]
    tokens = exchange_code(code, fake.app.client_id, fake.app.secret, BACK, verifier, token_url=f"{fake.url}/token")

    assert tokens["refresh_token"] == fake.logins[0].refresh
    assert tokens["scope"] == DRIVE and tokens["access_token"] in fake.logins[0].access
    assert tokens["expires_at"].endswith("+00:00")


def test_code_that_was_used_is_told(fake):
    keys = {"client_id": fake.app.client_id, "client_secret": fake.app.secret, "redirect_uri": BACK}
    keys |= {"code": came_back(fake), "token_url": f"{fake.url}/token"}
    exchange_code(**keys)

    with pytest.raises(CredentialError, match="it was used before"):
        exchange_code(**keys)


def test_address_that_brings_a_refusal_is_told_without_asking(fake):
    fake.person.consents = False
    back = came_back(fake)
    fake.asked.clear()

    with pytest.raises(CredentialError, match="consent was refused"):
        exchange_code(back, fake.app.client_id, fake.app.secret, BACK)
    assert fake.asked == []


def test_address_beyond_this_machine_needs_https(fake, tmp_path, person):
    connector = whose_drive(fake, tmp_path, auth_url="http://accounts.example/auth")

    with pytest.raises(ConfigError, match="auth_url"):
        log_in(connector, person)
