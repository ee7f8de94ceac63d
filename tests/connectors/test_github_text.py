"""What `github` makes of the words of its source, without asking anybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aragora_sync.connectors.github.addresses import Addresses
from aragora_sync.connectors.github.api import Api
from aragora_sync.connectors.github.errors import TooMuch, explain
from aragora_sync.connectors.github.git import _explained
from aragora_sync.connectors.github.moments import earlier
from aragora_sync.connectors.github.place import OVERLAP, Feed, Place
from aragora_sync.connectors.github.repositories import Newest, Repository
from aragora_sync.connectors.github.threads import Said, Ticket, login_of
from aragora_sync.core.errors import AccessError, CredentialError, NotFound, SourceError, TransientError
from aragora_sync.net.answer import Answer

from ..specs import spec_file

REPOSITORY = Repository(
    id="7",
    owner="acme",
    name="app",
    full_name="acme/app",
    url="https://github.com/acme/app",
    visibility="private",
    has_issues=True,
    has_discussions=True,
    has_wiki=False,
    commit="",
    tree="",
    issues=Newest(),
    pulls=Newest(),
    discussions=Newest(),
    refused=frozenset(),
    seen_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
)


ASKING_NOBODY: Any = Api(None, None)  # type: ignore[arg-type]


def answered(status: int, body: Any = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("GET", "https://api.github.com/repos/acme/app/issues", status, named, b"", body)


# Addresses


@pytest.mark.parametrize(
    ("written", "rest", "graphql", "web"),
    [
        ("https://api.github.com/", "https://api.github.com", "https://api.github.com/graphql", "https://github.com"),
        (
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com",
            "https://api.acme.ghe.com/graphql",
            "https://acme.ghe.com",
        ),
        (
            "https://git.acme.com",
            "https://git.acme.com/api/v3",
            "https://git.acme.com/api/graphql",
            "https://git.acme.com",
        ),
        (
            "https://git.acme.com:8443/api/v3/",
            "https://git.acme.com:8443/api/v3",
            "https://git.acme.com:8443/api/graphql",
            "https://git.acme.com:8443",
        ),
    ],
)
def test_every_kind_of_github_is_found_by_its_address(written, rest, graphql, web):
    assert Addresses.of(written) == Addresses(rest, graphql, web)


# What was said

ROW: dict[str, Any] = {
    "number": 5,
    "title": "Bot found a\0 bug",
    "body": None,
    "state": "open",
    "html_url": "https://github.com/acme/app/issues/5",
    "user": {"login": "dependabot[bot]", "id": 1, "type": "Bot"},
    "created_at": "2026-10-01T10:00:00Z",
    "updated_at": "2026-11-02T09:00:00Z",
    "closed_at": None,
    "locked": False,
    "labels": [{"name": "z"}, "a"],
    "assignees": [{"login": "mona"}],
    "milestone": {"title": "v1"},
    "comments": 0,
}
NODE: dict[str, Any] = {
    "__typename": "Issue",
    "id": "I_5",
    "number": 5,
    "title": "Bot found a\0 bug",
    "body": "",
    "issueState": "OPEN",
    "url": "https://github.com/acme/app/issues/5",
    "author": {"login": "dependabot"},
    "createdAt": "2026-10-01T10:00:00Z",
    "updatedAt": "2026-11-02T09:00:00Z",
    "closedAt": None,
    "locked": False,
    "labels": {"nodes": [{"name": "a"}, {"name": "z"}]},
    "assignees": {"nodes": [{"login": "mona"}]},
    "milestone": {"title": "v1"},
    "comments": {"totalCount": 0, "pageInfo": {"hasNextPage": False}, "nodes": []},
}


def test_issue_is_the_same_whichever_interface_told_of_it():
    by_rest = Ticket.from_row(ROW).item(REPOSITORY)
    by_graphql = Ticket.from_node(ASKING_NOBODY, NODE).item(REPOSITORY)

    assert by_rest == by_graphql
    assert by_rest.title == "Bot found a\N{REPLACEMENT CHARACTER} bug (#5)"
    assert by_rest.id == "7/issues/5"
    assert by_rest.acl == ["repository:7"]


def test_public_repository_may_be_read_by_everybody():
    assert replace(REPOSITORY, visibility="public").acl == ["public"]


def test_mark_changes_with_name_and_readers_alone():
    marks = {
        REPOSITORY.mark,
        replace(REPOSITORY, full_name="acme/new").mark,
        replace(REPOSITORY, visibility="internal").mark,
    }
    assert len(marks) == 3
    assert replace(REPOSITORY, tree="abc").mark == REPOSITORY.mark


def test_deleted_account_is_a_ghost():
    assert login_of(None) == "ghost"


def test_comment_tells_who_and_when():
    said = Said("mona", "2026-11-02T09:05:00Z", "yes", "approved")

    assert said.text == "**mona** approved, 2026-11-02 09:05:\n\nyes"
    assert replace(said, body="", what="").text == "**mona**, 2026-11-02 09:05:"


def test_recorded_issues_are_read():
    recorded = json.loads(next(spec_file("samples/github-rest/paginate-issues").glob("*.json")).read_text())
    rows = [row for exchange in recorded for row in exchange["response"] if isinstance(row, dict) and "number" in row]
    old = [{"locked": False, "assignees": [], **row} for row in rows]

    assert rows
    assert all(Ticket.from_row(row).item(REPOSITORY).content is not None for row in old)


# Where we are


def test_place_survives_as_cursor():
    place = Place("2026-11-02T09:00:00Z", "m", Feed("x", '"e"', frozenset({"b@1", "a@2"})), Feed("y"), "z")

    assert Place.read(json.loads(json.dumps(place.cursor()))) == place


def test_overlap_reaches_back_over_midnight():
    assert earlier("2026-11-02T00:00:30Z", OVERLAP) == "2026-11-01T23:58:30Z"


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (answered(401, {"message": "Bad credentials"}), CredentialError, "refused the credential: Bad credentials"),
        (answered(403, {"message": "Resource not accessible by integration"}), AccessError, "not accessible"),
        (answered(403, {"message": "x"}, x_accepted_github_permissions="issues=read"), AccessError, "may not read"),
        (
            answered(403, {"message": "x"}, x_github_sso="required; url=https://github.com/a/sso?b"),
            AccessError,
            "single",
        ),
        (answered(403, {"message": "This installation has been suspended"}), CredentialError, "suspended"),
        (answered(403, {"message": "You have exceeded a secondary rate limit"}), TransientError, "limit"),
        (answered(429), TransientError, "limit"),
        (answered(410, {"message": "Gone"}, sunset="Fri"), SourceError, "retired this version"),
        (answered(451), AccessError, "legal reasons"),
        (answered(200, {"errors": [{"type": "RATE_LIMITED", "message": "x"}]}), TransientError, "GraphQL"),
        (answered(200, {"errors": [{"code": "graphql_rate_limit", "message": "x"}]}), TransientError, "GraphQL"),
        (answered(200, {"data": None, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED"}]}), TooMuch, "more than"),
        (answered(200, {"errors": [{"message": "Field 'x' doesn't exist"}]}), SourceError, "did not understand"),
        (answered(200, {"errors": [{"type": "INSUFFICIENT_SCOPES", "message": "needs x"}]}), AccessError, "needs x"),
    ],
)
def test_refusal_is_told_by_its_kind(answer, kind, words):
    error = explain(answer)

    assert type(error) is kind
    assert words in error.message


@pytest.mark.parametrize(
    "answer",
    [
        answered(200, []),
        answered(404, {"message": "Not Found"}),
        answered(410, {"message": "Issues are disabled for this repo"}),
        answered(200, {"data": {"a": None}, "errors": [{"type": "NOT_FOUND", "path": ["a"], "message": "x"}]}),
        answered(200, {"data": {"a": None}, "errors": [{"type": "FORBIDDEN", "path": ["a"], "message": "x"}]}),
    ],
)
def test_what_is_no_refusal_of_the_whole_is_left_to_who_asked(answer):
    assert explain(answer) is None


def test_pause_is_as_long_as_the_headers_say():
    by_header = explain(answered(403, {"message": "secondary rate limit"}, retry_after="7"))
    by_reset = explain(
        answered(
            403,
            {"message": "API rate limit exceeded"},
            x_ratelimit_remaining="0",
            x_ratelimit_reset="1793610000",
            date="Mon, 02 Nov 2026 08:30:00 GMT",
        )
    )

    assert isinstance(by_header, TransientError) and by_header.retry_after == 7
    assert isinstance(by_reset, TransientError) and by_reset.retry_after == 1793610000 - 1793608200 + 1


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", NotFound),
        ("fatal: Authentication failed for 'https://x/'", AccessError),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", TransientError),
        ("fatal: unable to access 'http://127.0.0.1:40403/a': The requested URL returned error: 500", TransientError),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", AccessError),
        ("", TransientError),
    ],
)
def test_git_is_understood(told, kind):
    assert type(_explained(told)) is kind
