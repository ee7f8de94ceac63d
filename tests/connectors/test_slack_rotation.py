"""An app that rotates its token: renewed once, kept before it is used, and told where a person must act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aragora_sync.auth.token_store import token_path
from aragora_sync.auth.tokens import Tokens
from aragora_sync.engine.result import Status

from ..fakes.slack import BOT
from ..fakes.slack_rotation import CLIENT, SECRET, RotatingSlack
from ..fakes.web import running
from ..net.clock import patient
from .slack_desk import SlackDesk, problem

HALF_A_DAY = 12 * 3600
RENEWAL = "oauth.v2.access"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackDesk]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with running(RotatingSlack()) as fake, patient(fake) as time:
        monkeypatch.setattr("aragora_sync.auth.refreshing.utc_now", lambda: fake.now)
        made = SlackDesk(tmp_path, fake, time)
        made.options = {"token_file": True, "credentials": keys(fake)}
        made.post("hello")
        yield made


def keys(fake: RotatingSlack, **more: str) -> dict[str, str]:
    """What the page of the app shows after it was installed."""
    app = {"SLACK_CLIENT_ID": CLIENT, "SLACK_CLIENT_SECRET": SECRET}
    return {"SLACK_BOT_TOKEN": BOT, "SLACK_REFRESH_TOKEN": fake.refresh, **app, **more}


def kept(desk: SlackDesk) -> Tokens:
    path = token_path("slack", "default")
    return Tokens.read(path.read_text(), str(path))


def test_token_that_holds_is_used_as_it_is(desk):
    assert desk.sync().status is Status.OK
    assert RENEWAL not in desk.calls()


def test_token_that_has_expired_is_renewed_once_and_kept(desk):
    desk.fake.tick(HALF_A_DAY)
    assert desk.sync().status is Status.OK
    assert desk.calls()[RENEWAL] == 1
    assert (kept(desk).access, kept(desk).refresh) == (desk.fake.bot, desk.fake.refresh)

    assert desk.sync().status is Status.OK
    assert RENEWAL not in desk.calls()
    desk.fake.tick(HALF_A_DAY)
    assert desk.sync().status is Status.OK
    assert desk.calls()[RENEWAL] == 1
    assert desk.fake.refusals == 0


def test_new_refresh_token_is_kept_before_the_request_is_sent_again(desk):
    desk.fake.tick(HALF_A_DAY)
    seen = []

    def look(asked):
        if asked.headers.get("authorization") == f"Bearer {desk.fake.bot}" != f"Bearer {BOT}":
            seen.append(kept(desk).refresh == desk.fake.refresh)

    desk.fake.before = look
    desk.sync()

    assert seen and all(seen)


def test_refresh_token_alone_is_enough(desk):
    del desk.options["credentials"]["SLACK_BOT_TOKEN"]

    assert desk.sync().status is Status.OK
    assert desk.calls()[RENEWAL] == 1


def test_two_that_are_refused_at_once_renew_once(desk):
    first, second = desk.connector(), desk.connector()
    for each in (first, second):
        each.open()
        list(each.streams([]))
        each.close()
    desk.fake.tick(HALF_A_DAY)
    desk.fake.asked.clear()
    for each in (first, second):
        each.open()
        list(each.streams([]))
        each.close()

    assert desk.calls()[RENEWAL] == 1
    assert desk.fake.refusals == 0


def test_renewal_that_could_not_be_kept_is_not_spent(desk):
    desk.options["token_file"] = False
    desk.fake.tick(HALF_A_DAY)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "could not be kept, so the old one was not used up" in message
    assert "token_file: true" in hint
    assert RENEWAL not in desk.calls()


def test_refresh_token_that_was_used_elsewhere_is_told(desk):
    desk.fake.tick(HALF_A_DAY)
    desk.fake.refresh = "xoxe-1-another"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Slack refused the refresh token: it was used before, or the app was installed anew."
    assert "ARAGORA_SLACK_REFRESH_TOKEN" in hint


@pytest.mark.parametrize("name", ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"])
def test_app_that_slack_does_not_know_is_told(desk, name):
    desk.options["credentials"][name] = "another-one"
    desk.fake.tick(HALF_A_DAY)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Slack does not know the app, or its secret is another."
    assert f"ARAGORA_{name}" in hint


def test_app_that_was_installed_anew_begins_another_line(desk):
    desk.fake.tick(HALF_A_DAY)
    desk.sync()
    desk.fake.refresh = "xoxe-1-of-a-new-installation"
    desk.options["credentials"] = keys(desk.fake)
    del desk.options["credentials"]["SLACK_BOT_TOKEN"]

    assert desk.sync().status is Status.OK
    assert desk.fake.refusals == 0


def test_no_token_is_in_what_is_told(desk, caplog):
    caplog.set_level("DEBUG")
    desk.fake.tick(HALF_A_DAY)
    before = desk.fake.refresh
    result = desk.sync()

    for secret in (SECRET, before, desk.fake.refresh, desk.fake.bot):
        assert secret not in caplog.text + repr(result)
