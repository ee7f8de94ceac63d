"""Somebody logs in at `qbo`: in the sandbox by a browser, in production by pasting; and logs out."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from aragora_sync.auth.login import Login
from aragora_sync.connectors.qbo import exchange_code, get_oauth_url
from aragora_sync.connectors.qbo.login import ENDS_AT, SCOPE
from aragora_sync.core.errors import ConfigError, CredentialError
from aragora_sync.engine.result import Status

from ..fakes.qbo import REALM
from .qbo_desk import opened_desk, problem

CALLBACK = "https://example.com/callback"
STATE = "the-state-of-this-login"
TOKEN, REVOKE = "/oauth2/v1/tokens/bearer", "/v2/oauth2/tokens/revoke"


class Person:
    """Follows where the login leads; `paste` makes of the last address what is pasted."""

    def __init__(self, desk, paste=lambda url: url) -> None:
        self.login, self.make_paste = desk.fake.login, paste
        self.told: list[str] = []
        self.address = ""

    def tell(self, text: str) -> None:
        self.told.append(text)

    def visit(self, url: str) -> None:
        self.address = self.login.consent(url)

    def ask(self, question: str) -> str:
        return self.make_paste(self.address)


class Surfer(Person):
    """Has a browser that comes back to this machine."""

    def visit(self, url: str) -> None:
        super().visit(url)
        self.page = httpx.get(self.address, trust_env=False)


@pytest.fixture
def desk(tmp_path):
    """Nobody has logged in."""
    with opened_desk(tmp_path) as made:
        made.books.customer("Acme")
        made.options |= {"realm_id": "", "credentials": made.without_tokens(), "entities": ["Customer"]}
        yield made


def log_in(desk, person, **more):
    with desk.asking() as made:
        begun = Login(person, made.open_http, **{"redirect_uri": CALLBACK, "new_state": lambda: STATE, **more})
        return made.tokens.begin(made.log_in(begun))


def test_production_is_logged_in_to_by_pasting(desk):
    kept = log_in(desk, Person(desk))

    assert kept.told["realmId"] == REALM
    assert desk.sync().counts.created == 1


def test_sandbox_is_logged_in_to_by_a_browser_that_comes_back(desk):
    desk.fake.environment = "sandbox"
    desk.options["credentials"] = desk.without_tokens()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    desk.fake.app.register(f"http://localhost:{port}/oauth/callback")
    person = Surfer(desk)
    kept = log_in(desk, person, redirect_uri="", port=port)

    assert "You are logged in" in person.page.text
    assert kept.told["realmId"] == REALM
    assert desk.sync().status is Status.OK


def test_nobody_has_logged_in_yet(desk):
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert (message, hint) == (
        "nobody has logged in at QuickBooks yet.",
        "aragora-sync oauth login qbo --tenant default",
    )


def test_address_without_company_is_not_exchanged(desk):
    person = Person(desk, lambda url: url.replace("realmId", "nothing"))
    with pytest.raises(ConfigError, match="QuickBooks did not say realmId in this address, so that nothing was kept"):
        log_in(desk, person)

    assert desk.fake.asked == []


def test_page_of_the_login_beyond_this_machine_needs_https(desk):
    desk.options["auth_url"] = "http://intuit.example/connect"
    person = Person(desk)

    with pytest.raises(ConfigError, match="qbo: option 'auth_url' is plain http"):
        log_in(desk, person)
    assert person.address == ""


def test_refused_consent_is_said(desk):
    desk.fake.login.consents = False
    with pytest.raises(CredentialError, match="consent was refused"):
        log_in(desk, Person(desk))


def test_login_for_another_company_than_the_options_name_is_not_kept(desk):
    desk.options["realm_id"] = "77"
    with pytest.raises(ConfigError, match="this login is for company 9341452000000001, and the option 'realm_id'"):
        log_in(desk, Person(desk))

    with desk.asking() as made:
        assert made.tokens.current() is None


def test_consent_is_asked_for_with_state_and_scope_and_without_pkce(desk):
    asked = []
    desk.fake.login.consent, honest = lambda url: (asked.append(url), honest(url))[1], desk.fake.login.consent
    log_in(desk, Person(desk))
    query = parse_qs(urlsplit(asked[0]).query)

    assert (query["scope"], query["state"], query["response_type"]) == ([SCOPE], [STATE], ["code"])
    assert "code_challenge" not in query
    form = next(each.form for each in desk.fake.asked if each.path == TOKEN)
    assert "client_secret" not in form and form["redirect_uri"] == CALLBACK


def test_end_of_the_whole_login_is_kept_and_told_before(desk, caplog):
    kept = log_in(desk, Person(desk))
    assert kept.told[ENDS_AT] == (desk.fake.now + timedelta(days=5 * 365)).isoformat()

    desk.fake.login.hard_seconds = 50 * 86_400
    log_in(desk, Person(desk))
    desk.sync()
    assert "the login at QuickBooks ends for good on 2026-12-22; try: aragora-sync oauth login qbo" in caplog.text
    (login, company) = desk.connector().check()
    assert (login.ok, login.message, company.ok) == (False, "ends for good on 2026-12-22", True)


def test_end_that_is_not_told_is_no_end(desk, caplog):
    desk.fake.login.tells_hard = False
    kept = log_in(desk, Person(desk))
    desk.sync()

    assert ENDS_AT not in kept.told
    assert "ends for good" not in caplog.text


def test_renewal_keeps_the_company(desk):
    log_in(desk, Person(desk))
    desk.later(days=3)
    assert desk.sync().status is Status.OK

    with desk.asking() as made:
        assert made.tokens.current().told["realmId"] == REALM


@pytest.mark.parametrize("again", [False, True])
def test_logging_out_takes_the_tokens_back_even_where_they_were_taken_before(desk, again):
    log_in(desk, Person(desk))
    if again:
        desk.fake.login.disconnect(REALM)
    with desk.asking() as made:
        made.log_out()
        assert made.tokens.current() is None

    (asked,) = [each for each in desk.fake.asked if each.path == REVOKE]
    assert list(asked.json) == ["token"]
    assert desk.fake.login.grants[-1].revoked


def test_check_names_the_company(desk):
    log_in(desk, Person(desk))
    login, company = desk.connector().check()

    assert (login.ok, company.ok) == (True, True)
    assert company.message == f"Sandbox Company US 1 ({REALM}, production)"


# For programs


def test_program_with_a_page_of_its_own(desk):
    app = desk.fake.app
    url = get_oauth_url(app.client_id, CALLBACK, scope=[SCOPE], auth_url=f"{desk.fake.url}/connect/oauth2")
    back = desk.fake.login.consent(url)
    tokens = exchange_code(back, app.client_id, app.secret, CALLBACK, token_url=f"{desk.fake.url}{TOKEN}")

    assert tokens["realm_id"] == REALM
    assert tokens["access_token"].startswith("eyJ") and tokens["refresh_token"].startswith("RT1-")
    assert parse_qs(urlsplit(back).query)["state"][0] in url


def test_bare_code_needs_the_company_and_is_not_spent_without_it(desk):
    app, where = desk.fake.app, f"{desk.fake.url}{TOKEN}"
    code = new_code(desk)
    with pytest.raises(ConfigError, match="nobody told the realmId of this login"):
        exchange_code(code, app.client_id, app.secret, CALLBACK, token_url=where)
    assert exchange_code(code, app.client_id, app.secret, CALLBACK, "77", token_url=where)["realm_id"] == "77"


@pytest.mark.parametrize(
    ("told", "missing"),
    [("code=AB1&state=S", "the realmId"), ("realmId=7&state=S", "the code"), ("error=x", "the code and the realmId")],
)
def test_address_that_lacks_something_is_refused_before_the_code_is_spent(desk, told, missing):
    app, back = desk.fake.app, f"{CALLBACK}?{told}"
    with pytest.raises(ConfigError, match=f"nobody told {missing} of this login"):
        exchange_code(back, app.client_id, app.secret, CALLBACK, token_url="http://localhost:1")


def new_code(desk) -> str:
    url = get_oauth_url(desk.fake.app.client_id, CALLBACK, auth_url=f"{desk.fake.url}/connect/oauth2")
    return parse_qs(urlsplit(desk.fake.login.consent(url)).query)["code"][0]


def test_wrong_secret_of_the_application_is_said(desk):
    desk.options["credentials"] = {**desk.without_tokens(), "QBO_CLIENT_SECRET": "a-wrong-secret"}
    with pytest.raises(CredentialError, match="the application was refused"):
        log_in(desk, Person(desk))
