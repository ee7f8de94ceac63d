"""`github` when the token, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.github import GitHubEnterpriseConnector
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status

from ..fakes.github_access import CLASSIC
from ..fakes.web import Answer, html
from .github_desk import GRAPHQL, REST, break_on, opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 99


@pytest.fixture
def desk(tmp_path):
    """Two repositories, of which one run has read all."""
    with opened_desk(tmp_path) as made:
        made.options = {"sync_code": False, "sync_discussions": False}
        made.other = made.state.create_repository("acme/other")
        made.app.open_issue("Bug")
        made.other.open_issue("Elsewhere")
        assert made.sync().counts.created == 2
        yield made


# The token


@pytest.mark.parametrize(
    ("answer", "status", "message", "hint"),
    [
        (
            Answer(401, {"message": "Bad credentials"}),
            Status.NEEDS_LOGIN,
            "refused the credential",
            "ARAGORA_GITHUB_TOKEN",
        ),
        (
            Answer(403, {"message": "Resource not accessible"}, {"X-Accepted-GitHub-Permissions": "issues=read"}),
            Status.NEEDS_LOGIN,
            "the token may not read this (Resource not accessible).",
            "give it issues=read",
        ),
        (
            Answer(403, {"message": "SAML"}, {"X-GitHub-SSO": "required; url=https://git.example/sso?x"}),
            Status.NEEDS_LOGIN,
            "demands single sign-on",
            "https://git.example/sso",
        ),
        (
            Answer(200, {"errors": [{"type": "INSUFFICIENT_SCOPES", "message": "needs ['repo']"}]}),
            Status.NEEDS_LOGIN,
            "needs ['repo']",
            "read access",
        ),
    ],
)
def test_token_that_is_refused_is_said_and_nothing_deleted(desk, answer, status, message, hint):
    desk.fake.order(answer, times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is status
    assert message in found[1]
    assert hint in found[2]
    assert len(desk.items()) == 2


def test_absent_token_is_told_with_every_place_that_was_asked(desk):
    desk.options["credentials"] = None
    found = problem(desk.sync())

    assert found[0] is Status.NEEDS_LOGIN
    assert "GITHUB_TOKEN (classic or fine-grained token" in found[1]


def test_organization_that_is_not_there_is_told(desk):
    desk.options["organization"] = "acne"
    desk.options["connector_id"] = "github"
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message == "GitHub shows neither an organization nor a user 'acne' to this token."
    assert "'organization'" in hint


def test_repository_that_is_not_there_is_told_and_the_others_are_read(desk):
    desk.options["repositories"] = ["app", "absent"]
    desk.app.open_issue("New")
    status, message, hint = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message == "GitHub shows no repository absent to this token."
    assert "'repositories'" in hint
    assert desk.id_of(2) in desk.items()


# One repository


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(500), "GitHub answered 500 Internal Server Error"),
        (Answer(200, b'[{"number": 1, "tit'), "JSON that breaks off"),
        (html(), "a web page instead of data"),
        (Answer(200, b"[", {"Content-Length": "99999999999"}), "more than 64 MB at once"),
        (Answer(200, b"[" * 99, cut=9), "broke the connection off"),
        (Answer(451, {"message": "blocked"}), "for legal reasons"),
        (Answer(422, {"message": "Validation Failed"}), "GitHub answered 422"),
    ],
    ids=["500", "truncated", "html", "large", "cut", "blocked", "refused"],
)
def test_repository_that_is_answered_badly_ends_and_the_other_goes_on(desk, answer, message):
    desk.other.open_issue("New elsewhere")
    desk.app.open_issue("New here")
    desk.fake.order(answer, path="/acme/app/issues", times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is Status.PARTIAL
    assert message in found[1]
    assert len(desk.items()) == 3
    desk.fake.forget()
    desk.sync()
    assert len(desk.items()) == 4


def test_issue_that_cannot_be_told_has_failed_and_the_rest_goes_on(desk):
    bad, fine = desk.app.open_issue("Bad"), desk.app.open_issue("Fine")
    for issue in (bad, fine):
        desk.app.comment(issue, "said")
    desk.sync()
    for issue in (bad, fine):
        desk.app.comment(issue, "more")
    break_on(desk.fake, bad.number)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert "more" in desk.text(fine.number)
    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert "more" in desk.text(bad.number)


def test_discussion_that_cannot_be_told_has_failed_and_the_rest_goes_on(desk):
    desk.options["sync_discussions"] = True
    for number in range(9):
        desk.app.discussions.begin(f"Talk {number}")
    break_on(desk.fake, 5)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert desk.id_of(5, "discussions") not in desk.items() and len(desk.items()) == 10
    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert desk.id_of(5, "discussions") in desk.items()


# The address and the network


def test_address_must_be_safe():
    for address in ("http://git.example", "git.example/api/v3", "https://git.example/api/v3?x=1"):
        with pytest.raises(ConfigError, match="base_url"):
            GitHubEnterpriseConnector(organization="acme", base_url=address).open()


def test_wrong_address_of_the_right_host(desk):
    desk.options["base_url"] = desk.fake.url + "/somewhere"
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert "GitHub answered 404" in message and "base_url" in hint


def test_address_of_something_else(desk):
    desk.fake.order(Answer(200, {"hello": "world"}), path=GRAPHQL)
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message == "what answered is not GitHub's GraphQL interface."
    assert "base_url" in hint


def test_web_page_instead_of_the_api(desk):
    desk.fake.order(html(), times=ALWAYS)
    _, message, hint = problem(desk.sync())

    assert "a web page instead of data" in message and "base_url" in hint


# Secrets


def test_token_is_in_no_line_error_or_file(desk, caplog):
    caplog.set_level(logging.DEBUG)
    results = [desk.sync()]
    desk.fake.tokens[CLASSIC].refused = True
    results.append(desk.sync())
    written = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())

    assert CLASSIC not in caplog.text + repr(results) + repr(desk.connector())
    assert CLASSIC.encode() not in written
    assert f"GET {REST}/repos/acme/app/issues/comments 200" in caplog.text
