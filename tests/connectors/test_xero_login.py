"""The login at Xero, through the fake's own pages: scopes, organisations, renewals, the end of it."""

from __future__ import annotations

import urllib.request
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest

from aragora_sync.auth.login import Login
from aragora_sync.auth.secrets import redact
from aragora_sync.auth.tokens import Tokens
from aragora_sync.connectors.xero import exchange_code, get_oauth_url
from aragora_sync.connectors.xero.endpoints import ENDPOINTS
from aragora_sync.connectors.xero.login import scopes
from aragora_sync.core.errors import AragoraSyncError, ConfigError, CredentialError
from aragora_sync.engine.result import Status

from ..fakes.xero_apps import CUSTOM, CUSTOM_SECRET, PKCE, REDIRECT, WEB, WEB_SECRET
from .xero_desk import BASE, opened_desk, problem


class Person:
    """Visits the page, allows what is asked there, and pastes where the browser was sent."""

    def __init__(self, choice: str = "1") -> None:
        self.said: list[str] = []
        self.visited = ""
        self._choice = choice

    def tell(self, text: str) -> None:
        self.said.append(text)

    def visit(self, url: str) -> None:
        self.visited = url

    def ask(self, question: str) -> str:
        if "Which one" in question:
            return self._choice
        return came_back(self.visited)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def came_back(url: str) -> str:
    """The address to which the browser is sent."""
    try:
        urllib.request.build_opener(_Stay).open(url).close()
    except HTTPError as answer:
        with answer:
            if answer.code == 302:
                return str(answer.headers["Location"])
            raise CredentialError("nobody came back from Xero: it showed a page of its own.") from answer
    raise AssertionError("the page sent nobody anywhere")


def logged_in(desk, person: Person | None = None, client_id: str = PKCE, secret: str = "") -> Tokens:
    """As `oauth login` does; what the desk's connector uses from now on."""
    given = {"XERO_CLIENT_ID": client_id} | ({"XERO_CLIENT_SECRET": secret} if secret else {})
    desk.options = {"xero_tenant_id": "", "token_file": True, **desk.options, "credentials": given}
    made = desk.connector()
    try:
        person = person or Person()
        begun = Login(person, made.open_http, paste=True)
        kept: Tokens = made.tokens.begin(made.log_in(begun))
    finally:
        made.close()
    return kept


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_login_asks_for_no_more_than_reading_needs():
    assert scopes(["invoices", "credit_notes", "accounts"], "granular", writing=False) == [
        "offline_access",
        "accounting.invoices.read",
        "accounting.settings.read",
    ]
    assert scopes(["invoices", "contacts"], "granular", writing=True) == [
        *("offline_access", "accounting.contacts.read", "accounting.invoices", "accounting.manualjournals")
    ]
    assert scopes(["invoices", "payments"], "broad", writing=False)[1:] == ["accounting.transactions.read"]


def test_login_without_a_secret_is_proven_by_pkce_and_leads_to_the_one_organisation(desk):
    person = Person()
    kept = logged_in(desk, person)
    asked = parse_qs(urlsplit(person.visited).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [REDIRECT]
    assert kept.told["tenant_id"] == desk.books.tenant_id
    assert kept.told["tenant_name"] == "Demo Company (NZ)"
    assert desk.sync().success
    assert "/connections" not in desk.fake.paths()


def test_address_to_visit_can_be_shown_as_it_is(desk):
    person = Person()
    logged_in(desk, person)

    assert redact(person.visited) == person.visited


def test_login_with_a_secret(desk):
    person = Person()
    logged_in(desk, person, WEB, WEB_SECRET)

    assert "code_challenge" not in person.visited
    assert desk.sync().success


def test_one_of_several_organisations_is_chosen(desk):
    other = desk.fake.add_organisation("Other Company")
    person = Person("2")
    kept = logged_in(desk, person)

    assert kept.told["tenant_id"] == other.tenant_id
    assert any("Other Company" in line for line in person.said)


def test_organisation_of_the_options_must_be_allowed(desk):
    other = desk.fake.add_organisation("Other Company")
    desk.fake.login.person.chosen = [desk.books.tenant_id]
    desk.options["xero_tenant_id"] = other.tenant_id
    with pytest.raises(ConfigError, match=f"not connected to the organisation {other.tenant_id}, but to: Demo"):
        logged_in(desk)


def test_login_that_is_refused_by_the_person_is_told(desk):
    desk.fake.login.person.consents = False
    with pytest.raises(CredentialError, match="consent was refused"):
        logged_in(desk)


def test_page_that_never_comes_back_is_told_what_may_be_wrong(desk):
    desk.options["scope_style"] = "broad"
    with pytest.raises(AragoraSyncError) as refused:
        logged_in(desk)

    assert "scope_style" in refused.value.hint


def test_access_that_ended_is_renewed_once_and_the_request_is_sent_again(desk):
    logged_in(desk)
    desk.sync()
    desk.fake.login.end_access()
    desk.options["parallel"] = 1
    result = desk.sync()

    assert result.success
    assert desk.calls("/")["connect/token"] == 1
    assert len([path for path in desk.fake.paths() if path.startswith(BASE)]) == len(ENDPOINTS) + 1  # the first twice


def test_login_that_ended_is_told_with_the_command(desk):
    logged_in(desk)
    desk.sync()
    desk.fake.login.revoke_all()
    desk.fake.login.end_access()
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Xero refused the refresh token: it was used before, revoked, or is too old."
    assert hint == "aragora-sync oauth login xero --tenant default"


def test_nobody_has_logged_in(desk):
    desk.options |= {"xero_tenant_id": "", "credentials": {"XERO_CLIENT_ID": PKCE}}
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "nobody has logged in at Xero yet."
    assert hint == "aragora-sync oauth login xero --tenant default"


def test_refresh_token_of_the_environment_is_enough(desk):
    given = desk.fake.login.log_in(tenants=[desk.books.tenant_id])
    desk.options |= {
        "xero_tenant_id": "",
        "token_file": True,
        "credentials": {"XERO_CLIENT_ID": PKCE, "XERO_REFRESH_TOKEN": given["refresh_token"]},
    }

    assert desk.sync().success
    assert desk.calls("/")["connections"] == 1
    assert desk.sync().success
    assert "connect/token" not in desk.calls("/")


def test_log_out_ends_the_connection(desk):
    logged_in(desk)
    made = desk.connector()
    made.log_out()
    made.close()

    assert problem(desk.sync())[1] == "nobody has logged in at Xero yet."
    assert not [one for one in desk.fake.login.connections if one.person == "ann"]


def test_check_tells_organisation_and_scopes(desk):
    logged_in(desk)
    found = {check.name: (check.ok, check.message) for check in desk.connector().check()}

    assert found["organisation"] == (True, f"Demo Company (NZ) ({desk.books.tenant_id})")
    assert found["scopes"][0] and "accounting.invoices.read" in found["scopes"][1]
    desk.options["allow_writes"] = True
    *_, last = desk.connector().check()
    assert (last.ok, last.message) == (False, "the login lacks accounting.invoices, accounting.manualjournals")


def test_program_with_a_page_of_its_own(desk):
    url = get_oauth_url(
        client_id=WEB, redirect_uri=REDIRECT, scope=["offline_access", "accounting.contacts"], state="s"
    )
    assert url.startswith("https://login.xero.com/identity/connect/authorize?")
    here = url.replace("https://login.xero.com", desk.fake.url)
    code = parse_qs(urlsplit(came_back(here)).query)["code"][0]
    tokens = exchange_code(
        code=code,
        client_id=WEB,
        client_secret=WEB_SECRET,
        redirect_uri=REDIRECT,
        token_url=f"{desk.fake.url}/connect/token",
    )

    assert tokens.scope == "offline_access accounting.contacts"
    assert tokens.access and tokens.refresh and tokens.access not in repr(tokens)


# Custom connections: an app that logs in by itself


def by_itself(desk, **more):
    given = {"XERO_CLIENT_ID": CUSTOM, "XERO_CLIENT_SECRET": CUSTOM_SECRET, **more}
    desk.options = {"custom_connection": True, "xero_tenant_id": "", "credentials": given}


def test_custom_connection_needs_no_login_and_keeps_no_token(desk):
    by_itself(desk)
    invoice = desk.invoice()
    assert desk.sync().success
    asked = [each for each in desk.fake.asked if each.path == "/connect/token"]
    checks = list(desk.connector().check())

    assert f"invoices/{invoice}" in desk.items()
    assert [parse_qs(each.body.decode())["grant_type"] for each in asked] == [["client_credentials"]]
    assert "offline_access" not in asked[0].body.decode()
    assert [(check.name, check.ok) for check in checks] == [("login", True), ("organisation", True), ("scopes", True)]
    assert not list((desk.folder / "home").rglob("tokens/*.json"))


def test_custom_connection_asks_again_when_its_access_has_ended(desk):
    by_itself(desk)
    with desk.program() as xero:
        assert [each.name for each in xero.get_contacts()] == ["Acme"]
        desk.fake.login.end_access()
        assert [each.name for each in xero.get_contacts()] == ["Acme"]

    assert desk.calls("/")["connect/token"] == 2


def test_custom_connection_is_nothing_that_a_person_logs_in_to(desk):
    by_itself(desk)
    connector = desk.connector()
    with pytest.raises(ConfigError, match="a custom connection logs in by itself"):
        connector.log_in(Login(None, connector.open_http))
    connector.close()


@pytest.mark.parametrize(
    ("secret", "told"), [("", "XERO_CLIENT_SECRET"), ("a-wrong-one", "the application was refused")]
)
def test_custom_connection_that_is_refused_is_told(desk, secret, told):
    by_itself(desk, XERO_CLIENT_SECRET=secret)
    status, message, _hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert told in message
