"""`qbo` when the login, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import socket

import pytest

from aragora_sync.engine.result import Status

from ..fakes.web import Answer, html
from .qbo_desk import FEED, QUERY, opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 999


@pytest.fixture
def desk(tmp_path):
    """A customer and an invoice, which one run has read."""
    with opened_desk(tmp_path) as made:
        made.acme = made.books.customer("Acme")
        made.invoice = made.books.invoice(made.acme, "10")
        made.options["entities"] = ["Customer", "Invoice"]
        assert made.sync().counts.created == 2
        yield made


def fault(status: int, code: str, message: str, detail: str = "", kind: str = "ValidationFault") -> Answer:
    told = {"Message": message, "Detail": detail or message, "code": code, "element": ""}
    return Answer(status, {"Fault": {"Error": [told], "type": kind}, "time": "2026-11-02T01:00:00.000-08:00"})


def test_right_that_one_kind_lacks_is_said_and_the_others_go_on(desk):
    desk.books.denied = {"Invoice"}
    desk.books.edit("Customer", desk.acme, DisplayName="Acme 2")
    desk.books.edit("Invoice", desk.invoice, PrivateNote="unseen")
    result = desk.sync()
    status, message, hint = problem(result)

    assert status is Status.PARTIAL
    assert message.startswith("the login may not read this (Authorization Failure: no permission to view Invoice")
    assert hint == "log in as somebody who may, or leave it out"
    assert result.counts.updated == 1
    assert len(desk.items()) == 2

    desk.books.denied = set()
    assert desk.sync().counts.updated == 1


def test_company_without_subscription_is_said_once(desk):
    desk.books.lapsed = True
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("the company's subscription has ended (")
    assert hint == "renew it at QuickBooks"
    assert len(desk.items()) == 2


def test_access_that_the_owner_took_away_needs_a_login(desk):
    desk.fake.login.disconnect(str(desk.tokens["realmId"]))
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "QuickBooks refused the refresh token: it was used before, revoked, or is too old."


@pytest.mark.parametrize(
    ("answer", "message", "status"),
    [
        (html(), "QuickBooks answered with a web page instead of data", Status.FAILED),
        (Answer(200, b'{"CDCResponse": [{'), "QuickBooks answered with JSON that breaks off", Status.TRY_LATER),
        (
            Answer(200, b'{"CDCResp', {"Content-Type": "application/json"}, cut=4),
            "broke the connection",
            Status.TRY_LATER,
        ),
        (Answer(200, {}), "what answered is not the API of QuickBooks", Status.FAILED),
        (Answer(200, [1]), "what answered is not the API of QuickBooks", Status.FAILED),
        (Answer(500, {}), "QuickBooks answered 500 Internal Server Error", Status.TRY_LATER),
        (Answer(404, b"not here"), "QuickBooks answered 404 Not Found", Status.FAILED),
        (
            fault(400, "4000", "Error parsing query"),
            "QuickBooks refused a request: Error parsing query (4000)",
            Status.FAILED,
        ),
    ],
    ids=["html", "truncated", "cut", "empty", "strange", "500", "404", "400"],
)
def test_answer_that_is_none_is_said_and_nothing_deleted(desk, answer, message, status):
    desk.fake.order(answer, times=ALWAYS)
    result = desk.sync()

    assert result.status is status
    assert message in result.errors[0]
    assert len(desk.items()) == 2


def test_refusal_tells_the_name_by_which_support_finds_it(desk):
    refused = fault(400, "4000", "Parsing")
    refused.headers["intuit_tid"] = "1-67-abc"
    desk.fake.order(refused, times=ALWAYS)

    assert desk.sync().stream_errors[0].hint == "if it stays so, QuickBooks' support knows this answer as 1-67-abc"


def test_absurdly_large_answer_is_not_read(desk):
    desk.fake.order(Answer(200, b"x", {"Content-Length": str(10**9)}, cut=1), path=FEED, times=ALWAYS)
    result = desk.sync()

    assert "answered with more than 64 MB at once" in result.errors[0]


def test_what_breaks_once_is_asked_again(desk):
    for answer in (Answer(503), Answer(200, b"{", cut=1)):
        desk.fake.order(answer, path=FEED)

        assert desk.sync().status is Status.OK


def test_nobody_listens_there(desk):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    desk.options["base_url"] = f"http://127.0.0.1:{port}"
    result = desk.sync()

    assert result.status is Status.TRY_LATER
    assert "127.0.0.1 could not be reached" in result.errors[0]


@pytest.mark.parametrize("name", ["base_url", "token_url"])
def test_plain_http_beyond_this_machine_is_refused(desk, name):
    desk.options[name] = "http://quickbooks.example"
    desk.fake.login.expire_access()
    result = desk.sync()

    assert result.status is Status.MISCONFIGURED
    assert "plain http" in result.errors[0]


def test_missing_keys_of_the_application_are_named_when_they_are_needed(desk):
    desk.options["credentials"] = {"QBO_REFRESH_TOKEN": desk.tokens["refresh_token"]}
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "has no QBO_CLIENT_ID (the application at developer.intuit.com)" in message


def test_wrong_refresh_token_needs_a_login(desk):
    desk.options["credentials"] = {**desk.without_tokens(), "QBO_REFRESH_TOKEN": "RT1-wrong"}
    status, _, hint = problem(desk.sync())

    assert (status, hint) == (Status.NEEDS_LOGIN, "aragora-sync oauth login qbo --tenant default")


def test_tokens_without_a_company_are_no_login(desk):
    desk.options["realm_id"] = ""
    status, message, hint = problem(desk.sync())

    assert (status, message) == (Status.NEEDS_LOGIN, "nobody told which company is meant.")
    assert hint.endswith("; or set realm_id")


def test_check_says_what_is_wrong(desk):
    desk.options["credentials"] = {**desk.without_tokens(), "QBO_REFRESH_TOKEN": "RT1-wrong"}
    login, company = desk.connector().check()

    assert (login.ok, company.ok) == (True, False)
    assert "refused the refresh token" in company.message


def test_cursor_of_another_version_begins_anew(desk):
    with desk.store() as store, desk.asking() as made:
        made.open()
        from aragora_sync.core.errors import CursorExpired
        from aragora_sync.core.source import Stream

        with pytest.raises(CursorExpired):
            list(made.read(Stream("Invoice"), {"page": 3}, store.known("qbo", "Invoice")))


def test_no_token_is_in_any_file_but_its_own(desk):
    desk.fake.order(desk.fake.expired, path=FEED)
    desk.later(days=2)
    desk.sync()
    desk.fake.order(fault(400, "4000", "Error"), path=QUERY, times=ALWAYS)
    desk.reconcile()
    secrets = [grant.refresh for grant in desk.fake.login.grants] + [desk.fake.app.secret]
    secrets += [access for grant in desk.fake.login.grants for access in grant.access]
    files = [path for path in desk.folder.rglob("*") if path.is_file() and path.parent.name != "tokens"]

    assert len(files) > 2
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path
