"""`xero` when the token, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.xero import XeroConnector
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from ..fakes.web import Answer, html
from ..fakes.xero_apps import PKCE
from ..fakes.xero_limits import offline, too_many
from ..fakes.xero_scopes import READING
from .test_xero_login import logged_in
from .unreachable import *  # noqa: F403 - tests
from .xero_desk import BASE, opened_desk, problem
from .xero_world import break_record

ALWAYS = 10**4
LOGIN = "aragora-sync oauth login xero --tenant default"


@pytest.fixture
def desk(tmp_path):
    """An organisation of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.kept = made.invoice("kept")
        assert made.sync().success
        yield made


def use(desk, token):
    desk.fake.login.access[token].expires_at = desk.fake.login.access[desk.token].expires_at
    desk.options["credentials"] = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": token}


# The token


def test_token_that_is_none_is_told_and_nothing_deleted(desk):
    desk.options["credentials"] = {"XERO_CLIENT_ID": PKCE, "XERO_ACCESS_TOKEN": "wrong"}
    kept = desk.items()
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Xero refused the access token: AuthenticationUnsuccessful."
    assert hint == LOGIN
    assert desk.items() == kept


def test_token_that_ended_is_told(desk):
    desk.fake.login.end_access()
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("Xero refused the access token: TokenExpired: token expired at")
    assert hint == LOGIN


@pytest.mark.parametrize("status_of_fake", [401, 403])
def test_scope_that_is_missing_ends_its_lists_alone_and_asks_for_no_token(desk, status_of_fake):
    desk.fake.scope_status = status_of_fake
    use(desk, desk.fake.token_for(*(scope for scope in READING if "invoices" not in scope)))
    desk.books.add_contact("Meanwhile")
    result = desk.sync()
    told = {error.message for error in result.stream_errors}

    assert result.status is Status.PARTIAL
    assert told == {"the login lacks the scope for Invoices.", "the login lacks the scope for CreditNotes."}
    assert {error.hint for error in result.stream_errors} == {
        f"log in again and allow it: {LOGIN}; a scope that the app itself lacks is added at developer.xero.com"
    }
    assert any("Meanwhile" in text for text in desk.items().values())
    assert f"invoices/{desk.kept}" in desk.items()
    assert desk.calls("/") == {f"{BASE.strip('/')}/{name}": 1 for name in (*desk.calls(),)}


def test_client_id_that_is_missing_is_told_with_every_place_that_was_asked(desk):
    desk.options |= {"xero_tenant_id": "", "credentials": {"XERO_REFRESH_TOKEN": "some-refresh-token"}}
    desk.options["token_file"] = True
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "XERO_CLIENT_ID (client id of your app at developer.xero.com)" in message


def test_rotating_token_that_could_not_be_kept_is_not_spent(desk):
    given = desk.fake.login.log_in(tenants=[desk.books.tenant_id])
    desk.options |= {
        "token_file": False,
        "credentials": {"XERO_CLIENT_ID": PKCE, "XERO_REFRESH_TOKEN": given["refresh_token"]},
    }
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "the old one was not used up" in message
    assert "token_file: true" in hint
    assert "/connect/token" not in desk.fake.paths()


# One list


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(500), "Xero answered 500 Internal Server Error"),
        (offline(), "Xero answered 503 Service Unavailable"),
        (Answer(200, b'{"Id": "x", "Invo'), "JSON that breaks off"),
        (html(), "a web page instead of data"),
        (Answer(200, {"Id": "x"}), "what answered is not Xero's API."),
        (Answer(200, b"{", {"Content-Length": "99999999999"}), "more than 64 MB at once"),
        (Answer(200, b"[" * 99, cut=9), "broke the connection off"),
        (Answer(404, {"Message": "no"}), "Xero answered 404 Not Found"),
        (
            Answer(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No such field", "Elements": []}),
            "Xero did not take it: No such field",
        ),
        (too_many("day", 70_000), "Xero's limit of requests for a day is used up"),
    ],
    ids=["500", "offline", "truncated", "html", "foreign", "large", "cut", "404", "400", "day"],
)
def test_list_that_is_answered_badly_ends_and_the_others_go_on(desk, answer, message):
    desk.invoice("new here")
    desk.books.post_journal("new elsewhere", ("1", "720"), ("-1", "180"))
    desk.options["record_types"] = ["manual_journals", "invoices"]
    desk.options["parallel"] = 1
    desk.full()
    desk.invoice("newer here")
    desk.books.post_journal("newer elsewhere", ("1", "720"), ("-1", "180"))
    desk.fake.order(answer, path="/Invoices", times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is Status.PARTIAL
    assert message in found[1]
    assert any("newer elsewhere" in text for text in desk.items().values())
    desk.fake.forget()
    desk.later(80_000)
    desk.sync()
    assert any("newer here" in text for text in desk.items().values())


def test_limit_of_a_minute_is_waited_for(desk):
    desk.fake.order(too_many("minute", 37), path="Invoices")
    assert desk.sync().success

    assert 37 in [round(seconds) for seconds, _ in desk.time.waits]


@pytest.mark.parametrize("problem_of_limit", ["Concurrent", "appminute"])
def test_other_limits_are_waited_for_whatever_they_are_called(desk, problem_of_limit):
    desk.fake.order(too_many(problem_of_limit, 2), path="Invoices")

    assert desk.sync().success


def test_record_that_makes_no_sense_has_failed_and_the_rest_goes_on(desk):
    bad, fine = desk.invoice("bad"), desk.invoice("fine")
    break_record(desk.fake, bad)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert f"invoices/{fine}" in desk.items() and f"invoices/{bad}" not in desk.items()
    desk.fake.forget()
    desk.hours += 1
    desk.later()
    desk.sync()
    assert f"invoices/{bad}" in desk.items()


def test_record_that_cannot_be_told_alone_does_not_hide_the_others(desk):
    invoice = desk.invoice()
    bad, fine = (desk.books.pay(invoice, "1.00") for _ in range(2))
    desk.fake.order(Answer(500), path=bad, times=ALWAYS)
    failed, told = desk.fetch(desk.stream("payments"), f"payments/{bad}", f"payments/{fine}")

    assert (type(failed).__name__, failed.id) == ("Failed", f"payments/{bad}")
    assert told.id == f"payments/{fine}"


# The address and the network


@pytest.mark.parametrize("option", ["base_url", "auth_url", "token_url"])
def test_address_must_be_safe(desk, option):
    desk.options |= {option: "http://xero.example", "token_file": True}
    with pytest.raises(ConfigError, match=r"plain http|https"):
        logged_in(desk)


def test_base_address_is_looked_at_before_anything_is_asked():
    with pytest.raises(ConfigError, match="base_url"):
        XeroConnector(base_url="api.xero.com").open()


def test_wrong_address_of_the_right_host(desk):
    desk.options["base_url"] = desk.fake.url + "/somewhere"
    result = desk.sync()

    assert result.status is Status.FAILED
    assert all("404" in error.message and "base_url" in error.hint for error in result.stream_errors)


# Secrets


def test_tokens_are_in_no_line_error_or_file_but_their_own(desk, caplog):
    caplog.set_level(logging.DEBUG)
    kept = logged_in(desk)
    results = [desk.sync()]
    desk.fake.login.end_access()
    results.append(desk.sync())
    desk.fake.login.revoke_all()
    desk.fake.login.end_access()
    results.append(desk.sync())
    secrets = [*desk.fake.login.access, *desk.fake.login.refresh]
    files = [path for path in desk.folder.rglob("*") if path.is_file()]
    own = [path for path in files if path.parent.name == "tokens" and path.suffix == ".json"]
    written = b"".join(path.read_bytes() for path in files if path not in own)
    said = caplog.text + repr(results) + repr(desk.connector()) + repr(kept)

    assert len(own) == 1 and own[0].stat().st_mode & 0o077 == 0
    assert [secret for secret in secrets if secret in said or secret.encode() in written] == []
    assert f"GET {BASE}Invoices 200" in caplog.text
