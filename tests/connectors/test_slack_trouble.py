"""`slack` when the token, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.slack import SlackConnector
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status
from aragora_sync.net.retry import ATTEMPTS

from ..fakes.slack import BOT, PERSON
from ..fakes.web import Answer, html
from .slack_desk import HISTORY, REPLIES, opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 99


@pytest.fixture
def desk(tmp_path):
    """Two channels, of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.reply(made.post("question"), "answer")
        made.other = made.fake.state.create_channel("other")
        made.fake.state.post(made.other, "elsewhere")
        assert made.sync().counts.created == 2
        yield made


# The token


@pytest.mark.parametrize(
    ("refusal", "message", "hint"),
    [
        ("invalid_auth", "Slack refused the token (invalid_auth).", "xoxb-…"),
        ("token_revoked", "the token was revoked (token_revoked).", "install the app again"),
        ("account_inactive", "the token was revoked (account_inactive).", "install the app again"),
        ("token_expired", "the token has expired (token_expired): its app rotates tokens", "without rotation"),
        ("ekm_access_denied", "administrators suspended the app", "ask them"),
        ("org_login_required", "Slack refused the token (org_login_required).", "api.slack.com/apps"),
    ],
)
def test_token_that_is_refused_is_said_and_nothing_deleted(desk, refusal, message, hint):
    desk.fake.tokens[BOT].refusal = refusal
    found = problem(desk.sync())

    assert found[0] is Status.NEEDS_LOGIN
    assert message in found[1]
    assert hint in found[2]
    assert len(desk.items()) == 2


def test_wrong_token_of_a_person_names_its_variable(desk):
    desk.options |= {"channels": ["absent"], "credentials": {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": "xoxp-wrong"}}
    found = problem(desk.sync())

    assert found[0] is Status.NEEDS_LOGIN
    assert "ARAGORA_SLACK_USER_TOKEN" in found[2]


def test_absent_token_is_told_with_every_place_that_was_asked(desk):
    desk.options["credentials"] = None
    found = problem(desk.sync())

    assert found[0] is Status.NEEDS_LOGIN
    assert "SLACK_BOT_TOKEN (token of the app, xoxb-…)" in found[1]


# One channel


def test_lost_channel_is_reported_and_kept_until_it_is_back(desk):
    desk.fake.state.remove_app(desk.other)
    status, message, hint = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message == "#other cannot be read: the app is not in it any more; what was read before is kept."
    assert "/invite" in hint
    assert len(desk.items()) == 2

    desk.fake.state.post(desk.other, "meanwhile")
    desk.fake.state.invite_app(desk.other)
    assert desk.sync().counts.created == 1


def test_deleted_channel_is_reported_and_kept(desk):
    desk.fake.state.delete_channel(desk.other)
    status, message, _ = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message.startswith(f"{desk.other} is not listed any more: it was deleted, or is private")
    assert len(desk.items()) == 2


def test_channel_that_the_options_name_no_more_goes(desk):
    desk.options["channels"] = ["general"]
    result = desk.sync()

    assert (result.status, len(desk.items())) == (Status.OK, 1)
    assert any("the changed options took out" in note for note in result.notes)


def test_permission_lost_in_the_middle_of_a_channel_keeps_what_was_read(desk):
    for number in range(6):
        desk.post(f"new {number}")
    desk.fake.page_sizes[HISTORY] = 3
    lost = Answer(200, {"ok": False, "error": "channel_not_found"})
    desk.fake.order(lambda asked: lost if asked.query.get("channel") == desk.channel else None, path=HISTORY, skip=2)
    desk.options["parallel"] = 1
    result = desk.sync()
    assert len(desk.items()) in (5, 8)

    desk.sync()
    assert result.counts.deleted == 0
    assert len(desk.items()) == 8


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (Answer(500), Status.PARTIAL, "Slack answered 500 Internal Server Error."),
        (Answer(200, {"ok": False, "error": "fatal_error"}), Status.PARTIAL, "could not answer conversations.history"),
        (Answer(200, b'{"ok": true, "mess'), Status.PARTIAL, "JSON that breaks off"),
        (html(), Status.PARTIAL, "a web page instead of data"),
        (Answer(200, {"messages": []}), Status.PARTIAL, "what answered conversations.history is not Slack's API."),
        (Answer(200, {"ok": False, "error": "method_deprecated"}), Status.PARTIAL, "has retired conversations.history"),
        (Answer(200, {"ok": False, "error": "new_word"}), Status.PARTIAL, "refused conversations.history (new_word)"),
        (Answer(200, {"ok": True}, {"Content-Length": "99999999999"}), Status.PARTIAL, "more than 64 MB at once"),
        (Answer(200, b"{" * 99, cut=9), Status.PARTIAL, "broke the connection off"),
    ],
    ids=["500", "fatal", "truncated", "html", "foreign", "retired", "unknown", "large", "cut"],
)
def test_channel_that_is_answered_badly_ends_and_the_other_goes_on(desk, answer, status, message):
    desk.fake.state.post(desk.other, "new elsewhere")
    desk.post("new here")
    bad = lambda asked: answer if asked.query.get("channel") == desk.channel else None  # noqa: E731
    desk.fake.order(bad, path=HISTORY, times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is status
    assert message in found[1]
    assert sorted(desk.texts())[0] == "elsewhere" and "new elsewhere" in desk.texts()
    desk.fake.forget()
    desk.sync()
    assert len(desk.items()) == 4


@pytest.mark.parametrize("fault", [Answer(500), Answer(200, {"ok": False, "error": "internal_error"}), html()])
def test_thread_that_cannot_be_read_has_failed_and_the_rest_goes_on(desk, fault):
    bad, fine = desk.post("bad"), desk.post("fine")
    for root in (bad, fine):
        desk.reply(root, "answer")
    desk.fake.order(lambda asked: fault if asked.query["ts"] == bad else None, path=REPLIES, times=ALWAYS)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert desk.id_of(fine) in desk.items()
    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert desk.id_of(bad) in desk.items()


def test_many_threads_that_cannot_be_read_are_no_matter_of_threads(desk):
    for number in range(15):
        desk.reply(desk.post(f"root {number}"), "answer")
    desk.fake.order(Answer(500), path=REPLIES, times=20 * ATTEMPTS)
    status, message, _ = problem(desk.sync())

    assert status is Status.PARTIAL
    assert "#general: 11 threads cannot be read." in message


# The address and the network


def test_address_must_be_safe():
    for address in ("http://slack.example/api", "slack.com/api", "https://slack.com/api?x=1"):
        with pytest.raises(ConfigError, match="base_url"):
            SlackConnector(base_url=address).open()
    with pytest.raises(ConfigError, match="no regular expression"):
        SlackConnector(channel_patterns=["*team"], credentials={"SLACK_BOT_TOKEN": BOT}).open()


def test_wrong_address_of_the_right_host(desk):
    desk.fake.order(html(404, "<html>nothing here</html>"), times=ALWAYS)
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert "Slack answered 404" in message and "base_url" in hint


# Secrets


def test_token_is_in_no_line_error_or_file(desk, caplog):
    caplog.set_level(logging.DEBUG)
    desk.options["credentials"] = {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": PERSON}
    desk.options["channels"] = ["general", "absent"]
    results = [desk.sync()]
    desk.fake.tokens[BOT].refusal = "invalid_auth"
    results.append(desk.sync())
    written = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())

    for secret in (BOT, PERSON):
        assert secret not in caplog.text + repr(results) + repr(desk.connector())
        assert secret.encode() not in written
    assert "GET /api/conversations.history 200" in caplog.text


# check


def test_check_tells_whose_token_it_is_and_what_it_may_do(desk):
    assert [(check.name, check.ok, check.message) for check in desk.connector().check()][::2] == [
        ("token", True, "aragora in Acme"),
        ("channels", True, "#general, #other"),
    ]
    desk.fake.tokens[BOT].scopes.discard("users:read")
    desk.options["channels"] = ["genral"]
    _, scopes, channels = desk.connector().check()

    assert (scopes.ok, scopes.message) == (False, "the app lacks users:read")
    assert (channels.ok, channels.message) == (False, "no channel #genral can be seen with this token.")
    assert "--manifest" in scopes.hint and "'channels'" in channels.hint


def test_check_of_an_app_without_channels(desk):
    desk.fake.state.remove_app(desk.channel)
    desk.fake.state.remove_app(desk.other)
    last = list(desk.connector().check())[-1]

    assert (last.ok, last.message) == (False, "the app is in no channel")
