"""`confluence` when the token, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.confluence import ConfluenceConnector
from aragora_sync.core.errors import ConfigError, CredentialError
from aragora_sync.engine.result import Status
from aragora_sync.net.retry import ATTEMPTS
from aragora_sync.store.base import PassKind

from ..fakes.confluence import EMAIL, GATEWAY, PAT, SCOPED_TOKEN, TOKEN
from ..fakes.confluence_doors import too_many
from ..fakes.web import Answer, html
from ..net.clock import BEGAN
from .confluence_desk import opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 9999


@pytest.fixture
def desk(tmp_path):
    """Two spaces, of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.first = made.page("words")
        made.other = made.site.create_space("OPS")
        made.second = made.page("elsewhere", space=made.other)
        assert made.sync().counts.created == 2
        yield made


@pytest.fixture
def center(tmp_path):
    with opened_desk(tmp_path, cloud=False) as made:
        made.first = made.page("words")
        assert made.sync().counts.created == 1
        yield made


# Tokens


def test_case_14_missing_scope_is_named_and_is_no_dead_token(desk):
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets}
    desk.fake.tokens[SCOPED_TOKEN].scopes.discard("read:comment:confluence")
    result = desk.sync()

    assert result.status is Status.NEEDS_LOGIN and len(desk.items()) == 2
    for error in result.stream_errors:
        assert "lacks the scope read:comment:confluence" in error.message and "scope" in error.hint


def test_case_14_refused_token_may_have_expired(desk):
    desk.fake.tokens.clear()
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Confluence refused the API token: it is wrong, expired or revoked."
    assert "ARAGORA_CONFLUENCE_API_TOKEN" in hint and "year" in hint


def test_case_15_a_pause_is_kept_to_and_the_request_sent_once_more(desk):
    desk.fake.order(too_many(11, desk.fake.now), path="/blogposts")
    result = desk.sync()

    assert result.success and 11 <= desk.time.waited < 13
    assert len(desk.asked("blogposts")) == 1 + 2  # the trash, and the posts, of which one was asked for twice


def test_case_15_a_pause_of_which_no_length_is_told_takes_five_seconds(desk):
    desk.fake.order(too_many(11, desk.fake.now, told=False), path="/blogposts")

    assert desk.sync().success and 5 <= desk.time.waited < 7


def test_case_15_near_the_limit_requests_go_slower(desk):
    desk.fake.throttle.near = True
    desk.sync()

    assert desk.time.waited >= len(desk.fake.asked) - 3


# Answers


def test_case_16_a_poisonous_page_is_found_alone(desk):
    pages = [desk.page(f"page {number}") for number in range(50)]
    desk.fake.quirks.poisonous.add(pages[20])
    result = desk.sync()

    assert (result.counts.created, result.counts.failed) == (49, 1)
    assert set(desk.items()) & set(pages) == set(pages) - {pages[20]}

    desk.fake.quirks.poisonous.clear()
    desk.hours += 25
    desk.later()
    assert set(pages) <= set(desk.items())


def test_case_16_a_server_that_stumbles_over_everything_is_not_taken_for_pages(desk):
    for number in range(30):
        desk.page(f"page {number}")
    desk.fake.order(lambda asked: Answer(500) if "body-format" in asked.query else None, path="/pages", times=9999)
    result = desk.sync()

    assert [(error.stream, error.status) for error in result.stream_errors] == [(desk.space, Status.TRY_LATER)]
    assert len(desk.items()) == 2 and len(desk.fake.asked) < 40 * ATTEMPTS


def test_missing_scope_for_files_alone_leaves_the_pages(desk):
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets}
    desk.fake.tokens[SCOPED_TOKEN].scopes.discard("readonly:content.attachment:confluence")
    file = desk.site.attach(desk.first, "notes.txt", b"inside")
    result = desk.later()

    assert result.counts.failed == 1 and file not in desk.items()
    with desk.store() as store:
        (failure,) = store.failures("confluence")
    assert "readonly:content.attachment:confluence" in failure.error


def test_missing_scope_for_names_leaves_ids(desk):
    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets}
    desk.fake.tokens[SCOPED_TOKEN].scopes.discard("read:user:confluence")
    desk.edit(desk.first, "edited")

    assert desk.later().success
    assert desk.entries()[desk.first].author.startswith("712020:")


def test_missing_credentials_are_named(desk):
    desk.options["credentials"] = {}
    connector = ConfluenceConnector(base_url="https://acme.atlassian.net/wiki", credentials={})
    connector.open()
    with pytest.raises(CredentialError, match="CONFLUENCE_EMAIL"):
        list(connector.streams([]))

    status, message, _ = problem(desk.sync())
    assert status is Status.NEEDS_LOGIN and "CONFLUENCE_API_TOKEN" in message


@pytest.mark.parametrize(
    ("refusal", "words"), [("unlicensed", "not permitted to use Confluence"), ("address", "allowlist")]
)
def test_who_may_not_use_confluence_is_told_why(desk, refusal, words):
    desk.fake.tokens[TOKEN].refusal = refusal
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN and words in message and "access" in hint
    assert len(desk.items()) == 2


def test_token_that_sees_nothing_deletes_nothing(desk):
    desk.fake.tokens[TOKEN].refusal = "blind"
    result = desk.reconcile()

    assert {error.stream for error in result.stream_errors} == {desk.space, desk.other}
    assert len(desk.items()) == 2


def test_captcha_of_a_data_center_is_told(center):
    center.fake.tokens[PAT].refusal = "captcha"
    status, message, hint = problem(center.sync())

    assert status is Status.NEEDS_LOGIN
    assert "CAPTCHA" in message and "browser" in hint


def test_token_of_a_data_center_that_is_refused_is_told_where_to_make_one(center):
    center.fake.tokens.clear()
    _, _, hint = problem(center.sync())

    assert "personal access token" in hint


def test_a_data_center_may_be_asked_with_name_and_password(center):
    center.options["credentials"] = {"CONFLUENCE_EMAIL": "me", "CONFLUENCE_API_TOKEN": "password"}

    assert center.sync().success


def test_redirect_to_a_login_is_a_refused_token(desk):
    there = "https://id.atlassian.com/login?continue=x"
    desk.fake.order(Answer(302, b"", {"Location": there}), times=ALWAYS)
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN and "refused the API token" in message


def test_redirect_elsewhere_is_not_followed(desk):
    desk.fake.order(Answer(302, b"", {"Location": "https://else.example/wiki?a=1"}), times=ALWAYS)
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message == "Confluence sends us to https://else.example/wiki." and "base_url" in hint


def test_a_login_page_instead_of_a_file_is_no_text(desk):
    file = desk.site.attach(desk.first, "notes.txt", b"inside")
    desk.fake.order(Answer(401), path="/media/", times=ALWAYS)
    result = desk.later()

    assert result.counts.failed == 1 and file not in desk.items()
    assert not result.stream_errors


# Answers that break off, or are none


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Answer(503), Status.TRY_LATER, "Confluence answered 503 Service Unavailable."),
        (Answer(200, b'{"results": [', {"Content-Type": "application/json"}), Status.TRY_LATER, "breaks off"),
        (Answer(200, b'{"results": []}', cut=5), Status.TRY_LATER, "broke the connection off"),
        (html(), Status.FAILED, "a web page instead of data"),
        (Answer(200, []), Status.FAILED, "what answered is not Confluence's API."),
        (Answer(200, {"ok": True}), Status.FAILED, "what answered is not Confluence's API: it lists nothing."),
        (too_many(3600, BEGAN), Status.TRY_LATER, "asks for a pause"),
    ],
)
def test_answers_that_cannot_be_used_end_the_run(desk, answer, status, words):
    desk.fake.order(answer, times=ALWAYS)
    told, message, _ = problem(desk.sync())

    assert told is status and words in message
    assert len(desk.items()) == 2


def test_one_space_in_trouble_leaves_the_others(desk):
    desk.edit(desk.first, "edited")
    desk.site.edit(desk.second, "<p>edited too</p>")
    hurt = {desk.space}
    desk.fake.order(
        lambda asked: Answer(503) if asked.query.get("space-id") in hurt else None, path="/pages", times=ALWAYS
    )
    desk.options["parallel"] = 1
    result = desk.sync(PassKind.FULL)

    assert [error.stream for error in result.stream_errors] == [desk.space]
    assert desk.items()[desk.second] == "edited too"


def test_an_absurdly_large_page_is_skipped_alone(desk):
    large, small = desk.page("large"), desk.page("small")
    boast = Answer(200, b"{}", {"Content-Length": "99999999999"})
    desk.fake.order(lambda asked: boast if large in asked.query.get("id", "").split(",") else None, times=ALWAYS)
    result = desk.later()

    assert (result.counts.skipped, result.counts.created) == (1, 1)
    assert small in desk.items() and large not in desk.items()
    assert desk.later().counts.skipped == 0


def test_a_file_that_is_larger_than_we_read_is_skipped(desk, monkeypatch):
    monkeypatch.setattr("aragora_sync.connectors.confluence.contents.MOST_FILE_BYTES", 10)
    file = desk.site.attach(desk.first, "notes.txt", b"much too much")
    result = desk.later()

    assert (result.counts.skipped, result.counts.failed) == (1, 0) and file not in desk.items()


def test_a_file_that_is_not_there_fails_alone(desk):
    file = desk.site.attach(desk.first, "notes.txt", b"inside")
    desk.fake.order(Answer(404), path="/download", times=ALWAYS)
    result = desk.later()
    assert result.counts.failed == 1 and not result.stream_errors

    desk.fake.forget()
    desk.hours += 25
    desk.later()
    assert desk.items()[file] == "inside"


def test_cursor_that_grew_old_is_begun_anew(desk):
    desk.fake.quirks.short_pages = 1
    third = desk.page("third")
    desk.fake.order(lambda asked: Answer(400, {"message": "Invalid cursor"}) if "cursor" in asked.query else None)
    desk.later()
    desk.later()

    assert third in desk.items()


def test_comments_that_cannot_be_read_fail_their_page_alone(desk):
    desk.site.comment(desk.first, "<p>said</p>")
    desk.edit(desk.second, "edited")
    desk.fake.order(Answer(500), path=f"/pages/{desk.first}/footer-comments", times=ALWAYS)
    result = desk.later()

    assert result.counts.failed == 1 and not result.stream_errors
    assert desk.items() == {desk.first: "words", desk.second: "edited"}


# The address and the network


def test_address_must_be_safe():
    for address in ("http://wiki.example", "acme.atlassian.net/wiki", "https://acme.atlassian.net/wiki?x=1"):
        with pytest.raises(ConfigError, match="base_url"):
            ConfluenceConnector(base_url=address).open()
    with pytest.raises(ConfigError, match="base_url"):
        ConfluenceConnector()


def test_address_without_confluence(desk):
    desk.options["base_url"] = f"{desk.fake.url}/nowhere/wiki"
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert "there is no Confluence at" in message and "https://mycompany.atlassian.net/wiki" in hint
    assert len(desk.items()) == 2


# Secrets


def test_token_is_in_no_line_error_or_file(desk, caplog):
    caplog.set_level(logging.DEBUG)
    desk.site.attach(desk.first, "notes.txt", b"inside")
    results = [desk.later()]
    desk.fake.tokens.clear()
    results.append(desk.sync())
    written = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())

    for secret in (TOKEN, EMAIL):
        assert secret not in caplog.text + repr(results) + repr(desk.connector())
        assert secret.encode() not in written
    assert "GET /wiki/api/v2/pages 200" in caplog.text


# check


def test_check_of_a_data_center_tells_its_spaces(center):
    assert [(check.name, check.ok, check.message) for check in center.connector().check()][1:2] == [
        ("spaces", True, "ENG")
    ]


def test_check_tells_the_spaces_and_that_all_may_be_read(desk):
    assert [(check.name, check.ok, check.message) for check in desk.connector().check()] == [
        ("token", True, f"taken at {desk.fake.url}/wiki"),
        ("spaces", True, "ENG, OPS"),
        ("permissions", True, "all that a sync asks for may be read"),
    ]


def test_check_names_what_is_missing(desk):
    desk.options["spaces"] = ["NOPE"]
    last = list(desk.connector().check())[-1]
    assert (last.name, last.ok) == ("spaces", False) and "NOPE" in last.message

    secrets = {"CONFLUENCE_EMAIL": EMAIL, "CONFLUENCE_API_TOKEN": SCOPED_TOKEN}
    desk.options |= {"base_url": f"{desk.fake.url}{GATEWAY}", "credentials": secrets, "spaces": []}
    desk.fake.tokens[SCOPED_TOKEN].scopes.discard("read:attachment:confluence")
    last = list(desk.connector().check())[-1]
    assert (last.name, last.ok) == ("permissions", False) and "read:attachment:confluence" in last.message
