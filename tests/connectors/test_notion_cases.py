"""The numbered cases of the vendor's file: what Notion does that others got wrong."""

from __future__ import annotations

from typing import Any

import pytest

from aragora_sync.engine.result import Status

from ..fakes.notion import overloaded, rate_limited
from ..fakes.notion_lists import refusal
from .notion_desk import QUERY, opened_desk, problem, rewritten

ALWAYS = 99
CREATED = "created_time"


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


# Lists


def test_case_01_pages_of_a_list_are_followed_to_an_empty_one(desk):
    for number in range(250):
        desk.row(f"row {number}")
    desk.settle()

    def empty(body: dict[str, Any]) -> None:
        body.update(results=[], has_more=True, next_cursor=body["next_cursor"])

    desk.fake.order(rewritten(desk, empty), path=QUERY, skip=1)
    desk.fake.answers = []
    desk.sync()
    asked, answered = desk.bodies(QUERY), [each.body for at, each in desk.fake.answers if at.path.endswith(QUERY)]

    assert [each.get("start_cursor") for each in asked] == [None, *(each["next_cursor"] for each in answered[:-1])]
    assert answered[-1]["next_cursor"] is None
    assert len(desk.items()) == 150  # those of the emptied page were never told


def test_case_02_cap_of_a_list_is_passed_with_the_time_of_the_last_row(desk):
    desk.fake.result_limit = 5
    for number in range(13):
        desk.row(f"row {number}")
        desk.fake.tick(20)  # three in a minute
    desk.settle()
    result = desk.sync()
    asked = desk.bodies(QUERY)

    assert result.counts.created == len(desk.items()) == 13
    assert len(asked) > 2
    for each in asked[1:]:
        assert list(each["filter"][CREATED]) == ["on_or_after"]
        assert each["sorts"] == [{"timestamp": CREATED, "direction": "ascending"}]
    assert [each["filter"][CREATED]["on_or_after"] for each in asked[1:]] == sorted(
        {each["filter"][CREATED]["on_or_after"] for each in asked[1:]}
    )


@pytest.mark.parametrize("option", ["databases", "root_pages"])
def test_case_02_more_than_the_cap_within_one_minute_fails_loudly_and_deletes_nothing(desk, option):
    desk.options = {option: [desk.database if option == "databases" else desk.home]}
    kept = desk.row("kept")
    desk.settle()
    desk.sync()
    desk.fake.result_limit = 5
    for number in range(7):
        desk.row(f"row {number}")
    desk.settle()
    for run in (desk.reconcile, desk.sync):
        _, message, hint = problem(run())
        assert "no more than 10,000 rows that were made within one minute" in message and "--full" in hint
        assert kept in desk.items()


def test_case_02_what_was_made_after_such_a_minute_is_read(desk):
    desk.fake.result_limit = 5
    for number in range(7):
        desk.row(f"row {number}")
    desk.settle()
    problem(desk.sync())
    later = desk.row("later", "text")
    desk.settle()
    problem(desk.sync())
    assert desk.items()[later] == "text"

    desk.space.write(later, "edited")
    problem(desk.sync())
    assert desk.items()[later] == "edited"


def test_case_02_mass_edit_beyond_the_cap_is_seen_whole(desk):
    rows = []
    for number in range(12):
        rows.append(desk.row(f"row {number}"))
        desk.fake.tick(30)
    desk.settle()
    desk.sync()
    for row in rows:
        desk.space.rename(row, "edited")
    desk.fake.result_limit = 5
    desk.sync()

    assert set(desk.titles()) == {"edited"}


def test_case_03_second_edit_in_the_same_minute_is_seen(desk):
    row = desk.row("row", "first")
    desk.settle()
    desk.sync()
    desk.space.write(row, "second")
    desk.sync()
    before = desk.space[row].minute
    desk.fake.tick(20)
    desk.space.write(row, "third")
    assert desk.space[row].minute == before

    assert desk.sync().counts.updated == 1
    assert desk.items()[row] == "third"


def test_case_04_lower_bounds_are_inclusive(desk):
    desk.row("row")
    desk.settle()
    desk.sync()
    desk.sync()

    assert desk.bodies(QUERY)
    for each in desk.bodies(QUERY):
        assert list(each["filter"]["last_edited_time"]) == ["on_or_after"]


# Limits


@pytest.mark.parametrize(
    ("pause", "seconds"),
    [
        (rate_limited(7), 7),
        (rate_limited(90, "workspace_rate_limit"), 90),
        (rate_limited(7, "new"), 7),
        (overloaded(), 5),
    ],
)
def test_case_05_and_06_pause_is_kept_and_the_same_asked_again(desk, pause, seconds):
    desk.row("row")
    desk.fake.order(pause, path=QUERY)
    assert desk.sync().counts.created == 1

    first, second = desk.bodies(QUERY)
    assert first == second
    assert seconds <= desk.time.waited < 2 * seconds


# Refusals


def test_case_07_refused_token_in_the_middle_keeps_what_was_read(desk):
    for number in range(250):
        desk.row(f"row {number:03}")
        desk.fake.tick(1)
    desk.settle()
    desk.options["parallel"] = 1
    desk.fake.order(refusal(401, "unauthorized", "API token is invalid."), path=QUERY, skip=2, times=ALWAYS)
    status, message, hint = problem(desk.sync())
    reached = desk.space[max(desk.items(), key=lambda row: desk.space[row].created)].created_minute

    assert (status, len(desk.items())) == (Status.NEEDS_LOGIN, 200)
    assert message == "Notion refused the token: API token is invalid."
    assert "ARAGORA_NOTION_TOKEN" in hint
    assert desk.cursor()["made"] == reached.strftime("%Y-%m-%dT%H:%M")

    desk.fake.forget()
    assert desk.sync().counts.created == 50
    assert len(desk.items()) == 250


def test_case_08_row_whose_text_is_not_found_has_failed_and_is_kept(desk):
    bad, fine = desk.row("bad", "text"), desk.row("fine", "text")
    desk.settle()
    desk.sync()
    desk.space.write(bad, "edited")
    desk.space.write(fine, "edited")
    desk.fake.failing[bad] = 404
    result = desk.sync()

    assert (result.failures_waiting, result.stream_errors) == (1, [])
    assert desk.items() == {bad: "text", fine: "edited"}

    desk.fake.failing.clear()
    desk.hours += 1
    desk.sync()
    assert desk.items()[bad] == "edited"


def test_case_09_row_in_the_trash_is_deleted_and_comes_back(desk):
    row, other = desk.row("row", "text"), desk.row("other")
    desk.settle()
    desk.sync()
    desk.space.trash(row)
    assert desk.sync().counts.deleted == 1
    assert list(desk.items()) == [other]

    desk.space.restore(row)
    assert desk.sync().counts.created == 1
    assert desk.items()[row] == "text"


def test_case_09_trash_that_leaves_no_time_is_found_by_a_reconcile(desk):
    desk.space.trash_stamps = False
    row, other = desk.row("row"), desk.row("other")
    desk.settle()
    desk.sync()
    desk.settle()
    desk.space.trash(row)
    desk.sync()
    assert row in desk.items()

    desk.reconcile()
    assert list(desk.items()) == [other]


def test_case_09_deleted_for_ever_is_found_by_a_reconcile(desk):
    row, other = desk.row("row"), desk.row("other")
    desk.sync()
    desk.space.trash(row)
    desk.space.empty_trash()
    desk.reconcile()

    assert list(desk.items()) == [other]
    assert desk.fetch(row)[0].id == row


@pytest.mark.parametrize("options", ["databases", "root_pages", ""])
def test_case_10_when_nothing_is_shared_any_more_nothing_is_deleted(desk, options):
    wanted = {"databases": [desk.database], "root_pages": [desk.home]}
    desk.options = {options: wanted[options]} if options else {}
    for number in range(3):
        desk.row(f"row {number}")
    desk.sync()
    before = desk.items()
    assert len(before) >= 3
    desk.space.unshare(desk.home)
    for kind in (desk.sync, desk.reconcile):
        result = kind()
        status, message, hint = problem(result)

        assert status is Status.NEEDS_LOGIN
        assert "is not shared" in message or "nothing is shared" in message
        assert "share the page with the integration" in hint
        assert result.counts.deleted == result.counts.swept == 0
    assert desk.items() == before

    desk.space.share(desk.home)
    desk.space.write(desk.row("back"), "again")
    assert desk.sync().counts.created == 1
