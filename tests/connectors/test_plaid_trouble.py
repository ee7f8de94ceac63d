"""`plaid` when keys, address, network or answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from aragora_sync.connectors.plaid import PlaidConnector
from aragora_sync.core.errors import ConfigError, CredentialError
from aragora_sync.engine.result import Status

from ..fakes.plaid import SECRET, Refused, too_many
from ..fakes.web import Answer, html
from .plaid_desk import ACCOUNTS, KEYS, SYNC, opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 99
RELINK = "aragora-sync oauth login plaid --tenant default"


@pytest.fixture
def desk(tmp_path):
    """Two banks, of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.bank.spend(made.item)
        made.other = made.link(institution_id="ins_2", institution_name="Second Bank")
        made.bank.spend(made.other)
        assert made.sync().counts.created == 4
        yield made


def of_the_first(desk, answer):
    """The answer, for requests about the first bank."""
    return lambda asked: answer if asked.json.get("access_token") == desk.item.access_token else None


# Keys and tokens


@pytest.mark.parametrize("name", ["PLAID_CLIENT_ID", "PLAID_SECRET"])
def test_wrong_keys_are_told_with_the_environment_and_nothing_is_deleted(desk, name):
    desk.options["credentials"] = {**KEYS, name: "wrong-one"}
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Plaid refused client id and secret for sandbox (INVALID_API_KEYS)."
    assert "ARAGORA_PLAID_SECRET" in hint and "dashboard.plaid.com" in hint
    assert len(desk.items()) == 4


def test_absent_keys_are_told_with_every_place_that_was_asked(desk):
    desk.options["credentials"] = {"PLAID_CLIENT_ID": "a-client"}
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "PLAID_SECRET (its secret for the environment)" in message
    assert "ARAGORA_PLAID_SECRET" in hint


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ITEM_LOGIN_REQUIRED", "a person must log in at the bank again"),
        ("ITEM_LOCKED", "unlock it there first"),
        ("ACCESS_NOT_GRANTED", "the right to read transactions was not given"),
        ("NO_ACCOUNTS", "no account is shared"),
        ("SOMETHING_NEW", "its login does not work (SOMETHING_NEW)"),
    ],
)
def test_bank_that_needs_a_person_is_told_and_the_other_goes_on(desk, code, message):
    desk.bank.break_login(desk.item, code)
    one = desk.bank.spend(desk.other)
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert all(error.message.startswith("First Platypus Bank: ") for error in result.stream_errors)
    assert all(message in error.message and error.hint == RELINK for error in result.stream_errors)
    assert one in desk.transactions() and len(desk.items()) == 5


def test_bank_that_was_unlinked_elsewhere_is_kept_and_told(desk):
    desk.item.removed = True
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert result.stream_errors[0].hint == f"link it again: {RELINK}"
    assert len(desk.items()) == 4


def test_token_of_the_other_environment_is_told(desk):
    desk.options["credentials"] = {**KEYS, "PLAID_ACCESS_TOKEN": "access-production-1"}
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert "the token in ARAGORA_PLAID_ACCESS_TOKEN: Plaid takes its access token no more" in str(result.errors)
    assert "not of the environment sandbox" in str(result.errors)
    assert "access-production-1" not in str(result.errors)


def test_institution_that_is_given_up_is_told(desk):
    refused = Refused("INSTITUTION_ERROR", "INSTITUTION_NO_LONGER_SUPPORTED").answer
    desk.fake.order(of_the_first(desk, refused), times=ALWAYS)
    result = desk.sync()

    assert "Plaid has given up this bank" in result.stream_errors[0].message
    assert len(desk.items()) == 4


# Answers


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(500), "Plaid answered 500 Internal Server Error."),
        (Refused("API_ERROR", "INTERNAL_SERVER_ERROR", status=500).answer, "Plaid could not answer (INTERNAL_SERVER"),
        (Refused("API_ERROR", "PLANNED_MAINTENANCE").answer, "Plaid could not answer (PLANNED_MAINTENANCE"),
        (Refused("INSTITUTION_ERROR", "INSTITUTION_DOWN").answer, "Plaid cannot reach the bank (INSTITUTION_DOWN)."),
        (Refused("INVALID_REQUEST", "NEW_CODE", "some words").answer, "Plaid refused a request: some words (NEW_CODE"),
        (Answer(200, b'{"accounts": [], "add'), "JSON that breaks off"),
        (html(), "a web page instead of data"),
        (html(404, "<html>nothing here</html>"), "Plaid answered 404"),
        (Answer(200, {"items": []}), "is not Plaid's API."),
        (Answer(200, {"a": 1}, {"Content-Length": "99999999999"}), "more than 64 MB at once"),
        (Answer(200, b"{" * 99, cut=9), "broke the connection off"),
    ],
    ids=["500", "api", "works", "down", "new", "truncated", "html", "404", "foreign", "large", "cut"],
)
def test_bank_that_is_answered_badly_ends_and_the_other_goes_on(desk, answer, message):
    here, elsewhere = desk.bank.spend(desk.item), desk.bank.spend(desk.other)
    desk.fake.order(of_the_first(desk, answer), path=SYNC, times=ALWAYS)
    status, told, _ = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message in told
    assert elsewhere in desk.transactions() and here not in desk.transactions()
    desk.fake.forget()
    desk.sync()
    assert here in desk.transactions()


def test_refusal_that_nobody_knows_names_its_request(desk):
    refused = Refused("INVALID_REQUEST", "NEW_CODE").answer
    desk.fake.order(replace(refused, body={**refused.body, "request_id": "req-77"}), path=ACCOUNTS)

    assert "request req-77" in problem(desk.sync())[1]


def test_limit_that_lasts_is_left_for_later(desk):
    desk.fake.order(of_the_first(desk, too_many().answer), path=SYNC, times=ALWAYS)
    result = desk.sync()

    assert result.status is Status.PARTIAL
    assert "limit of requests a minute" in result.stream_errors[0].message
    assert desk.time.waited == 300


def test_limits_that_plaid_holds_are_kept_to(desk):
    desk.fake.limited = True
    desk.fake.page_size = 1
    for _ in range(120):
        desk.bank.spend(desk.item)
    result = desk.sync()

    assert result.status is Status.OK
    assert desk.amounts() == desk.there()
    assert desk.time.waited == 120


# The address and the network


@pytest.mark.parametrize("address", ["http://plaid.example", "plaid.example", "https://plaid.example/?x=1"])
def test_address_must_be_safe(address):
    with pytest.raises(ConfigError, match="base_url"):
        PlaidConnector(base_url=address, credentials=KEYS).open()


# Secrets


def test_keys_and_tokens_are_in_no_line_error_or_file_but_the_token_file(desk, caplog):
    caplog.set_level(logging.DEBUG)
    results = [desk.sync()]
    desk.bank.break_login(desk.item)
    results.append(desk.sync())
    desk.bank.rotate(desk.other)
    results.append(desk.sync())
    files = [each for each in desk.folder.rglob("*") if each.is_file() and each.name != "plaid_default.json"]
    written = b"".join(path.read_bytes() for path in files)

    for secret in (SECRET, desk.item.access_token, "access-sandbox-"):
        assert secret not in caplog.text + repr([each.errors for each in results]) + repr(desk.connector())
        assert secret.encode() not in written
    assert f"POST {SYNC} 200" in caplog.text


# check


def test_check_tells_of_each_bank(desk):
    assert [(check.name, check.ok) for check in desk.connector().check()] == [
        ("banks", True),
        ("First Platypus Bank", True),
        ("Second Bank", True),
    ]
    desk.bank.break_login(desk.item)
    desk.other.removed = True
    _, first, second = desk.connector().check()

    assert (first.ok, first.message, first.hint) == (False, "its login does not work (ITEM_LOGIN_REQUIRED)", RELINK)
    assert (second.ok, second.hint) == (False, f"link it again: {RELINK}")


def test_check_where_nobody_is_logged_in_tells_the_command(desk):
    with desk.program() as plaid:
        plaid.log_out()
    with pytest.raises(CredentialError, match="no bank is linked in sandbox yet") as caught:
        list(desk.connector().check())

    assert caught.value.hint == RELINK
