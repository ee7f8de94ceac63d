"""`notion` when the token, the address, the network or the answers are at fault: what is said, and what goes on."""

from __future__ import annotations

import logging

import pytest

from aragora_sync.connectors.notion import NotionConnector
from aragora_sync.connectors.notion.api import WIDTH
from aragora_sync.core.errors import ConfigError
from aragora_sync.engine.result import Status
from aragora_sync.net.retry import ATTEMPTS

from ..fakes.notion import TOKEN, unavailable
from ..fakes.notion_lists import refusal
from ..fakes.web import Answer, html
from .notion_desk import MARKDOWN, QUERY, opened_desk, problem
from .unreachable import *  # noqa: F403 - tests

ALWAYS = 99


@pytest.fixture
def desk(tmp_path):
    """Two databases, of which one run has read all rows."""
    with opened_desk(tmp_path) as made:
        made.row("here", "text")
        made.other = made.space.create_database(made.home, "Other")
        made.other_source = made.space.source_of(made.other)
        made.there = made.space.create_row(made.other_source, "there", "text")
        made.options["databases"] = [made.database, made.other]
        assert made.sync().counts.created == 2
        made.settle()
        yield made


# The token


def test_token_that_is_refused_is_said_and_nothing_deleted(desk):
    desk.fake.revoke()
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Notion refused the token: API token is invalid."
    assert hint == "set ARAGORA_NOTION_TOKEN to the secret of the integration (ntn_…): notion.so/profile/integrations"
    assert len(desk.items()) == 2


def test_absent_token_is_told_with_every_place_that_was_asked(desk):
    desk.options["credentials"] = None
    status, message, _ = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "NOTION_TOKEN (secret of the integration, ntn_…)" in message


def test_missing_capability_is_named(desk):
    desk.fake.connection.can.discard("read_content")
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith("the integration lacks a capability") and "'Read content'" in hint
    assert len(desk.items()) == 2


def test_without_the_right_to_know_people_all_else_is_read(desk):
    desk.fake.connection.can.discard("read_users")
    row = desk.row("new", "text")
    result = desk.sync()

    assert result.status is Status.OK
    assert desk.entries()[row].author == ""


# One database or page


def test_lost_database_is_reported_and_kept_until_it_is_back(desk):
    desk.space.unshare(desk.other)
    status, message, hint = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message.startswith(f"database {desk.other} cannot be seen: it is not shared with the integration, or gone.")
    assert "share the page with the integration" in hint
    assert len(desk.items()) == 2

    desk.space.share(desk.other)
    desk.space.write(desk.there, "meanwhile")
    assert desk.sync().status is Status.OK
    assert desk.items()[desk.there] == "meanwhile"


def test_database_that_was_never_seen_is_reported_and_the_others_read(desk):
    desk.options["databases"] = [desk.database, "2f26ee68-df30-4251-aad4-8ddc420cba3d"]
    result = desk.sync()

    assert [each.stream for each in result.stream_errors] == [f"data_source/{desk.other_source}"]
    assert "2f26ee68-df30-4251-aad4-8ddc420cba3d cannot be seen" in result.stream_errors[0].message
    assert len(desk.items()) == 2


def test_database_that_the_options_name_no_more_goes(desk):
    desk.options["databases"] = [desk.database]
    result = desk.sync()

    assert (result.status, desk.titles()) == (Status.OK, ["here"])
    assert any("the changed options took out" in note for note in result.notes)


def test_lost_root_page_is_reported_and_kept(desk):
    desk.options = {"root_pages": [desk.home]}
    desk.sync()
    before = desk.items()
    desk.space.unshare(desk.home)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith(f"page {desk.home} cannot be seen")
    assert "share the page with the integration" in hint
    assert desk.items() == before


def test_database_named_as_a_page_is_told_so(desk):
    desk.options = {"root_pages": [desk.database]}
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message.startswith(f"page {desk.database} cannot be read: ") and "is a database, not a page" in message
    assert "'databases'" in hint


def test_share_that_is_lost_in_the_middle_deletes_nothing(desk):
    for number in range(150):
        desk.row(f"new {number}")
    desk.fake.before = lambda asked: desk.space.unshare(desk.home) if "start_cursor" in str(asked.body) else None
    before = desk.items()
    result = desk.sync()

    assert result.counts.deleted == 0
    assert before.keys() < desk.items().keys()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (unavailable(500), "Notion answered 500 Internal Server Error"),
        (unavailable(502), "Notion answered 502 Bad Gateway"),
        (unavailable(503), "Notion answered 503 Service Unavailable"),
        (refusal(409, "conflict_error", "Try again."), "Notion answered 409 Conflict: Try again."),
        (Answer(200, b'{"object": "li'), "JSON that breaks off"),
        (html(), "a web page instead of data"),
        (Answer(200, {"results": []}), "what answered is not Notion's API."),
        (refusal(400, "invalid_json", "Error parsing."), "Notion answered 400 Bad Request: Error parsing."),
        (Answer(200, {"object": "list"}, {"Content-Length": "99999999999"}), "more than 64 MB at once"),
        (Answer(200, b"{" * 99, cut=9), "broke the connection off"),
    ],
    ids=["500", "502", "503", "409", "truncated", "html", "foreign", "invalid", "large", "cut"],
)
def test_data_source_that_is_answered_badly_ends_and_the_other_goes_on(desk, answer, message):
    desk.space.create_row(desk.other_source, "new there")
    desk.row("new here")
    desk.fake.order(answer, path=f"{desk.source}{QUERY}", times=ALWAYS)
    found = problem(desk.sync())

    assert found[0] is Status.PARTIAL
    assert message in found[1]
    assert desk.titles() == ["here", "new there", "there"]
    desk.fake.forget()
    desk.sync()
    assert desk.titles() == ["here", "new here", "new there", "there"]


@pytest.mark.parametrize("fault", [unavailable(500), refusal(403, "restricted_resource", "no"), html()])
def test_row_that_cannot_be_read_has_failed_and_the_rest_goes_on(desk, fault):
    bad, fine = desk.row("bad", "text"), desk.row("fine", "text")
    desk.fake.order(fault, path=f"{bad}{MARKDOWN}", times=ALWAYS)
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert fine in desk.items() and bad not in desk.items()
    desk.fake.forget()
    desk.hours += 1
    desk.sync()
    assert bad in desk.items()


def test_page_that_cannot_be_read_keeps_what_hangs_below(desk):
    desk.options = {"root_pages": [desk.home]}
    page = desk.page("Page", "text")
    desk.page("Below", parent=page)
    desk.sync()
    desk.space.write(page, "edited")
    desk.fake.failing[page] = 500
    result = desk.reconcile()

    assert (result.counts.deleted, result.counts.swept, result.stream_errors) == (0, 0, [])
    assert {"Below", "Page"} <= set(desk.titles())


def test_many_rows_that_cannot_be_read_are_no_matter_of_rows(desk):
    for number in range(15):
        desk.row(f"row {number}", "text")
    desk.fake.order(unavailable(500), path=MARKDOWN, times=20 * ATTEMPTS)
    status, message, _ = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message == "Tasks: 11 pages cannot be read."


def test_budget_of_a_minute_is_kept_to(desk):
    for number in range(400):
        desk.row(f"row {number}", "text")
    desk.fake.limited = True
    result = desk.sync()

    assert (result.counts.created, result.failures_waiting, result.stream_errors) == (400, 0, [])
    assert 60 <= desk.time.waited <= WIDTH * 2 * 60  # each of those under way together may be told of the same minute


# The address and the network


def test_options_must_make_sense():
    for address in ("http://notion.example", "api.notion.com", "https://api.notion.com?x=1"):
        with pytest.raises(ConfigError, match="base_url"):
            NotionConnector(base_url=address).open()
    with pytest.raises(ConfigError, match=r"option 'databases\[0\]': 'Tasks' holds no id of Notion"):
        NotionConnector(databases=["Tasks"], credentials={"NOTION_TOKEN": TOKEN}).open()


def test_wrong_address_of_the_right_host(desk):
    desk.options["base_url"] = f"{desk.fake.url}/api"
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message.startswith("Notion does not know this request")
    assert "base_url" in hint and len(desk.items()) == 2


def test_web_page_instead_of_the_api(desk):
    desk.fake.order(html(404, "<html>nothing here</html>"), times=ALWAYS)
    status, message, hint = problem(desk.sync())

    assert status is Status.FAILED
    assert message == "what answered is not Notion's API."
    assert "base_url" in hint and len(desk.items()) == 2


# Secrets


def test_token_is_in_no_line_error_or_file(desk, caplog):
    caplog.set_level(logging.DEBUG)
    results = [desk.sync()]
    desk.fake.revoke()
    results.append(desk.sync())
    written = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())

    assert TOKEN not in caplog.text + repr(results) + repr(desk.connector())
    assert TOKEN.encode() not in written
    assert f"POST /v1/data_sources/{desk.source}/query 200" in caplog.text


# check


def test_check_tells_whose_token_it_is_and_what_it_sees(desk):
    assert [(check.name, check.ok, check.message) for check in desk.connector().check()] == [
        ("token", True, "aragora in Acme"),
        ("databases", True, "Tasks, Other"),
    ]
    desk.options["root_pages"] = [desk.home]
    desk.space.unshare(desk.home)
    _, databases, pages = desk.connector().check()

    assert not databases.ok and f"database {desk.database} cannot be seen" in databases.message
    assert not pages.ok and f"page {desk.home} cannot be seen" in pages.message
    assert "share the page" in databases.hint and "share the page" in pages.hint


def test_check_without_options(desk):
    desk.options = {}
    assert [(check.name, check.ok) for check in desk.connector().check()] == [("token", True), ("pages", True)]

    desk.space.unshare(desk.home)
    last = list(desk.connector().check())[-1]
    assert (last.ok, last.message) == (False, "nothing is shared with the integration")


def test_check_of_a_refused_token(desk):
    desk.fake.revoke()
    with pytest.raises(Exception, match="refused the token"):
        list(desk.connector().check())
