"""`gusto` when the login, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.gusto import GustoConnector, UnbalancedPayroll
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from ..fakes.gusto import SECRET, too_many
from ..fakes.web import Answer, html
from .gusto_desk import opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 99


@pytest.fixture
def desk(tmp_path):
    """One employee and one payroll, of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.options["history_from"] = "2026-01-01"
        made.hire()
        made.payroll = made.pay(-10)
        assert made.sync().counts.created == 2
        yield made


# The login


def test_access_that_is_refused_again_and_again_ends_after_one_renewal(desk):
    desk.fake.order(Answer(401, {"error": "invalid_token"}), path="/v1/", times=ALWAYS)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Gusto refused the access token."
    assert hint == "aragora-sync oauth login gusto --tenant default"
    assert desk.counted()["token"] == 1 and len(desk.items()) == 2


def test_nobody_logged_in_says_what_to_do(desk):
    desk.connector().tokens.forget()

    assert problem(desk.sync()) == (
        Status.NEEDS_LOGIN,
        "nobody has logged in at Gusto yet.",
        "aragora-sync oauth login gusto --tenant default",
    )


def test_secret_of_the_application_that_is_wrong_is_told(desk):
    desk.options["credentials"] = {**desk.usual()["credentials"], "GUSTO_CLIENT_SECRET": "another"}
    desk.fake.tick(7200)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("the application was refused")
    assert "client ID and secret" in hint


@pytest.mark.parametrize(("scope", "stream"), [("payrolls:read", "payrolls"), ("employees:read", "employees")])
def test_scope_that_is_missing_ends_one_stream_and_the_other_goes_on(desk, scope, stream):
    desk.grant.scopes.discard(scope)
    desk.hire()
    desk.pay(-5)
    result = desk.sync()
    status, message, hint = problem(result)

    assert (status, result.counts.created) == (Status.PARTIAL, 1)
    assert message == f"the login lacks {scope}."
    assert "developer portal" in hint and "oauth login gusto" in hint
    assert result.stream_errors[0].stream.endswith(stream)
    assert len(desk.items()) == 3


def test_check_tells_which_scopes_are_missing_and_which_would_be_useful(desk):
    desk.grant.scopes -= {"employee_benefits:read"}
    checks = {check.name: check for check in desk.connector().check()}
    assert "without benefits of each employee in payrolls (employee_benefits:read)" in checks["scopes"].message

    desk.grant.scopes -= {"payrolls:read"}
    last = list(desk.connector().check())[-1]
    assert (last.ok, last.message) == (False, "the login lacks payrolls:read.")


def test_check_of_a_login_that_ended_says_so(desk):
    desk.grant.alive = False
    (check,) = desk.connector().check()

    assert (check.name, check.ok) == ("login", False)
    assert "oauth login gusto" in check.hint


# Answers


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(500), "Gusto answered 500 Internal Server Error"),
        (Answer(200, b'[{"uuid": 1, "tit'), "JSON that breaks off"),
        (html(), "a web page instead of data"),
        (Answer(200, b"[", {"Content-Length": "99999999999"}), "more than 64 MB at once"),
        (Answer(200, b"[" * 99, cut=9), "broke the connection off"),
        (Answer(200, {"hello": "world"}), "what answered is not Gusto's API"),
        (too_many(9999), "Gusto answered 429 Too Many Requests"),
    ],
    ids=["500", "truncated", "html", "large", "cut", "other", "limit"],
)
def test_list_that_is_answered_badly_ends_its_stream_and_nothing_is_lost(desk, answer, message):
    desk.pay(-5)
    desk.fake.order(answer, path="/payrolls", times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is Status.PARTIAL
    assert message in found[1]
    assert len(desk.items()) == 2
    desk.fake.forget()
    desk.time.waited += 10_000
    assert desk.sync().counts.created == 1


def test_what_gusto_does_not_take_is_told_in_its_words(desk):
    errors = [
        {"error_key": "base", "category": "nested", "errors": [{"error_key": "start_date", "message": "is odd."}]}
    ]
    desk.fake.order(Answer(422, {"errors": errors}), path="/payrolls")

    assert problem(desk.sync())[1] == "Gusto did not take the question: start_date: is odd."


def test_version_that_has_retired_is_told(desk, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.gusto.HEADERS", {"X-Gusto-API-Version": "2024-04-01"})
    status, message, hint = problem_of_all(desk.sync())

    assert status is Status.FAILED
    assert message.startswith("Gusto has retired this version of its API")
    assert hint == "update aragora-sync"


def problem_of_all(result):
    """What went wrong alike in every stream."""
    (message,) = {error.message for error in result.stream_errors}
    return result.status, message, result.stream_errors[0].hint


def test_version_is_asked_for_in_every_request(desk):
    desk.sync()

    assert {asked.headers["x-gusto-api-version"] for asked in desk.fake.asked} == {"2026-06-15"}


def test_one_payroll_that_cannot_be_read_fails_alone_and_is_asked_for_again(desk):
    bad, good = desk.pay(-5), desk.pay(-4)
    desk.fake.order(Answer(500), path=bad.uuid, times=ALWAYS)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors, result.counts.created) == (1, [], 1)
    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert {f"payrolls/{each.uuid}" for each in (bad, good)} <= desk.items().keys()


def test_many_payrolls_that_cannot_be_read_are_gustos_failure(desk):
    for days in range(-60, -20):
        desk.pay(days)
    desk.fake.order(Answer(500), path="/payrolls/", times=10**6)
    found = problem(desk.sync())

    assert "11 payrolls of Gusto cannot be read" in found[1]


def test_pay_that_the_login_may_not_see_hides_no_payroll_and_makes_no_entry(desk):
    def hidden(asked):
        honest = desk.fake.answer(asked)
        for line in honest.body["employee_compensations"]:
            line["gross_pay"] = line["net_pay"] = None
        return honest

    payroll = desk.pay(-5)
    desk.fake.order(hidden, path=payroll.uuid, times=ALWAYS)
    assert desk.sync().counts.created == 1

    connector = desk.connector()
    run = connector.get_payroll_run(payroll.uuid)
    connector.close()
    with pytest.raises(UnbalancedPayroll, match=r"gross_pay of the employees is 0\.00, of the payroll 3000\.00"):
        connector.generate_journal_entry(run)


# The address and the network


def test_address_must_be_safe():
    for address in ("http://gusto.example", "gusto.example", "https://gusto.example/?x=1"):
        with pytest.raises(ConfigError, match="base_url"):
            GustoConnector(base_url=address).open()


def test_address_is_that_of_the_environment():
    connector = GustoConnector(environment="production")
    connector.open()

    assert connector.api.http.base_url == "https://api.gusto.com"
    connector.close()


def test_environment_that_does_not_exist_is_told():
    with pytest.raises(ConfigError, match="'environment' must be one of 'demo' or 'production'"):
        GustoConnector(environment="sandbox")


def test_first_day_that_is_none_is_told():
    with pytest.raises(ConfigError, match="'history_from' must be a day like 2019-01-01, not 'last year'"):
        GustoConnector(history_from="last year")


# Secrets


def test_secrets_are_in_no_line_or_error(desk, caplog):
    caplog.set_level(logging.DEBUG)
    desk.fake.tick(7200)
    results = [desk.sync()]
    secrets = [SECRET, desk.grant.access, desk.grant.refresh]
    desk.grant.alive = False
    results.append(desk.sync())
    told = caplog.text + repr(results) + repr(desk.connector()) + repr(desk.connector().tokens.current())

    assert not [secret for secret in secrets if secret in told]
    assert f"GET /v1/companies/{desk.books.uuid}/payrolls 200" in caplog.text
