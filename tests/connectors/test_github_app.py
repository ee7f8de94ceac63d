"""`github` as a GitHub App, which signs for itself and gets tokens of an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aragora_sync.engine.result import Status

from ..fakes.web import Answer
from .github_desk import opened_desk, problem


@pytest.fixture
def desk(tmp_path, monkeypatch):
    with opened_desk(tmp_path) as made:
        app = made.fake.app
        app.install("acme")
        made.options["credentials"] = {"GITHUB_APP_ID": app.client_id, "GITHUB_APP_PRIVATE_KEY": app.private_key}
        monkeypatch.setattr("aragora_sync.connectors.github.access.utc_now", lambda: made.fake.now)
        made.app.open_issue("Bug")
        yield made


def test_installation_is_found_and_one_token_serves_a_run(desk):
    assert desk.sync().status is Status.OK
    assert desk.fake.app.minted == 1
    assert len(desk.items()) == 1


def test_20_token_that_ends_in_the_middle_is_replaced_once(desk):
    for number in range(250):
        desk.app.open_issue(f"Issue {number}")
    asked = 0

    def forget(_asked):
        nonlocal asked
        asked += 1
        if asked == 7:
            desk.fake.tokens = {token: refused for token, refused in desk.fake.tokens.items() if "ghs_" not in token}

    desk.fake.before = forget
    desk.options["parallel"] = 1

    assert desk.sync().status is Status.OK
    assert desk.fake.app.minted == 2
    assert len(desk.items()) == 251


def test_token_is_replaced_before_it_ends(desk):
    connector = desk.connector()
    connector.open()
    try:
        connector._access.headers()
        desk.fake.now += timedelta(minutes=56)
        connector._access.headers()
    finally:
        connector.close()

    assert desk.fake.app.minted == 2


def test_app_that_is_not_installed_is_told(desk):
    desk.options["organization"] = "elsewhere"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "the GitHub App is not installed at elsewhere."
    assert "ARAGORA_GITHUB_APP_ID" in hint


def test_key_that_is_none_is_told(desk):
    desk.options["credentials"]["GITHUB_APP_PRIVATE_KEY"] = "-----BEGIN NONSENSE-----"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "ARAGORA_GITHUB_APP_PRIVATE_KEY is no private key."
    assert ".pem" in hint


def test_suspended_app_is_told(desk):
    desk.fake.order(Answer(403, {"message": "This installation has been suspended"}), path="access_tokens", times=9)

    assert "suspended" in problem(desk.sync())[1]
