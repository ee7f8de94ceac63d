"""The edge cases of GitHub that are known to have cost others data, by their numbers in our notes on the API."""

from __future__ import annotations

import pytest

from aragora_sync.engine.result import Status

from ..fakes.github_access import CLASSIC, FINE
from ..fakes.github_limits import graphql_limit, primary, secondary
from ..fakes.web import Answer
from .github_desk import GRAPHQL, changes, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_01_second_issue_of_the_boundary_second_is_found(desk):
    first = desk.app.open_issue("One")
    desk.sync()
    second = desk.app.open_issue("Two")
    second.created_at = second.updated_at = first.updated_at

    assert changes(desk.sync()) == (1, 0, 0)


def test_02_issue_that_shifts_the_pages_hides_no_other(desk):
    issues = [desk.app.open_issue(f"Issue {number}") for number in range(300)]

    def shift(asked):
        if "since" in asked.query and asked.path.endswith("/issues"):
            desk.app.edit(issues[len(desk.fake.asked)], title="moved")

    desk.fake.before = shift
    desk.sync()

    assert len(desk.items()) == 300


def test_03_no_number_of_a_page_is_ever_made_up(desk):
    moment = desk.fake.now
    for number in range(1250):
        issue = desk.app.open_issue(f"Issue {number}")
        issue.created_at = issue.updated_at = moment  # as after an import
    desk.sync()

    assert len(desk.items()) == 1250
    assert all("page" not in each or "after" in each for each in desk.asked("/issues"))


def test_04_deleted_comment_is_gone_after_a_reconcile(desk):
    issue = desk.app.open_issue("Bug")
    kept, gone = desk.app.comment(issue, "kept"), desk.app.comment(issue, "rude")
    desk.sync()
    desk.app.delete(gone)
    desk.reconcile()

    assert kept.body in desk.text(1) and "rude" not in desk.text(1)


def test_05_deleted_and_transferred_issues_leave_at_a_reconcile(desk):
    other = desk.state.create_repository("acme/other")
    deleted, moved = desk.app.open_issue("Deleted"), desk.app.open_issue("Moved")
    desk.app.comment(moved, "said")
    desk.app.open_issue("Kept")
    desk.sync()
    desk.app.delete_issue(deleted)
    there = desk.state.transfer_issue(moved, desk.app, other)
    desk.reconcile()

    assert desk.items().keys() == {desk.id_of(3), f"{other.id}/issues/{there.number}"}


def test_06_truncated_tree_loses_no_file(desk):
    desk.app.code.commit({f"f{number % 5}/{number}.txt": str(number) for number in range(40)})
    desk.fake.tree_entries = 10
    desk.sync()

    assert len(desk.items()) == 40


def test_07_force_push_takes_away_what_it_no_longer_has(desk):
    desk.app.code.commit({"a.txt": "one", "b.txt": "two"})
    desk.sync()
    desk.app.code.force_push({"b.txt": "rewritten"})
    desk.sync()

    assert desk.items() == {f"{desk.app.id}/code/b.txt": "rewritten"}


def test_08_empty_repository_is_no_failure(desk):
    assert desk.sync().status is Status.OK
    assert desk.items() == {}


def test_09_renamed_repository_stays_itself_and_a_new_one_of_its_name_is_another(desk):
    desk.app.open_issue("Bug")
    desk.sync()
    desk.state.rename_repository(desk.app, "renamed")
    other = desk.state.create_repository("acme/app")
    other.open_issue("Other")
    desk.sync()

    assert desk.items().keys() == {desk.id_of(1), f"{other.id}/issues/1"}
    assert desk.entries()[desk.id_of(1)].url.endswith("/acme/renamed/issues/1")


def test_09_renamed_repository_is_found_by_its_former_name(desk):
    desk.options["repositories"] = ["app"]
    desk.app.open_issue("Bug")
    desk.sync()
    desk.state.rename_repository(desk.app, "renamed")

    assert desk.sync().status is Status.OK
    assert list(desk.items()) == [desk.id_of(1)]


def test_09_repository_that_went_to_somebody_else_leaves(desk):
    kept = desk.state.create_repository("acme/kept")
    kept.open_issue("Kept")
    desk.app.open_issue("Bug")
    desk.sync()
    desk.state.transfer_repository(desk.app, "somebody")
    desk.sync()

    assert desk.items().keys() == {f"{kept.id}/issues/1"}


def test_10_secondary_limit_is_waited_for_once(desk):
    desk.app.open_issue("Bug")
    desk.fake.order(secondary(7), path="/issues")
    desk.sync()

    assert desk.counted()["issues"] == 2
    assert desk.time.waited >= 7
    assert len(desk.items()) == 1


def test_11_primary_limit_that_ends_too_late_ends_the_stream_for_now(desk):
    for number in range(150):
        desk.app.open_issue(f"Issue {number}")
    desk.fake.order(primary(desk.fake.now), path="/issues", skip=1)
    result = desk.sync()
    assert {error.status for error in result.stream_errors} == {Status.TRY_LATER}
    assert len(desk.items()) == 100

    desk.later()
    desk.sync()
    assert len(desk.items()) == 150
    assert all(each.get("since") for each in desk.asked("/issues"))


@pytest.mark.parametrize("newer", [False, True])
def test_12_limit_of_graphql_is_told_with_status_200(desk, newer):
    desk.app.open_issue("Bug")
    desk.fake.order(Answer(200, graphql_limit(newer=newer)), path=GRAPHQL)

    assert desk.sync().status is Status.OK
    assert desk.time.waited >= 60


def test_12_answer_that_used_the_limit_up_is_kept(desk):
    issue = desk.app.open_issue("Bug")
    desk.app.comment(issue, "said")
    honest = desk.fake.answer
    reset = str(int(desk.fake.now.timestamp()) + 90)

    def last(asked):
        answer = honest(asked)
        answer.headers |= {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return answer

    desk.fake.order(last, path=GRAPHQL)
    desk.sync()

    assert "said" in desk.text(1)
    assert desk.time.waited >= 85


def test_13_query_that_is_answered_in_part_is_asked_again_in_parts(desk):
    for number in range(60):
        desk.app.discussions.comment(desk.app.discussions.begin(f"Talk {number}"), "hm")
    desk.fake.heavy_nodes = 10_000
    desk.sync()

    assert len(desk.items()) == 60


def test_14_lists_that_did_not_change_cost_nothing(desk):
    desk.app.comment(desk.app.open_issue("Bug"), "said")
    desk.sync()
    desk.later()
    desk.sync()
    desk.later()
    cursor = desk.cursor()
    desk.sync()
    desk.fake.answers = []
    desk.sync()

    assert [answer.status for asked, answer in desk.fake.answers if asked.method == "GET"] == [304, 304]
    assert desk.cursor()["comments"] == cursor["comments"]


def test_15_odd_files_are_told_and_named(desk):
    desk.app.code.commit({"long.txt": "z" * 1_400_000, "latin.txt": b"caf\xe9 au lait, s'il vous pla\xeet"})

    assert desk.sync().counts.skipped == 0
    assert len(desk.file("long.txt")) == 1_400_000
    assert desk.file("latin.txt").startswith("café")


def test_16_organization_that_is_hidden_by_single_sign_on_deletes_nothing(desk):
    desk.app.open_issue("Bug")
    desk.sync()
    hidden = {"data": {"repositoryOwner": None}, "errors": [{"type": "FORBIDDEN", "path": ["repositoryOwner"]}]}
    desk.fake.order(Answer(200, hidden), path=GRAPHQL)
    result = desk.sync()

    assert result.exit_code == 4
    assert len(desk.items()) == 1


def test_17_pull_requests_that_are_switched_off_keep_what_was_read(desk):
    desk.app.open_issue("Bug")
    desk.app.open_pull("Fix")
    desk.sync()
    desk.app.has_pull_requests = False
    desk.app.open_issue("New")
    assert desk.sync().status is Status.OK
    desk.reconcile()

    assert len(desk.items()) == 3


def test_17_issues_that_are_switched_off_keep_what_was_read(desk):
    desk.app.open_issue("Bug")
    pull = desk.app.open_pull("Fix")
    desk.sync()
    desk.app.has_issues = False
    desk.later()
    desk.app.comment(pull, "still read")
    assert desk.sync().status is Status.OK
    desk.reconcile()

    assert len(desk.items()) == 2
    assert "still read" in desk.text(2, "pulls")


def test_17_discussions_that_are_switched_off_keep_what_was_read(desk):
    desk.app.discussions.begin("Talk")
    desk.sync()
    desk.app.has_discussions = False
    assert desk.reconcile().status is Status.OK

    assert len(desk.items()) == 1


def test_18_retired_version_is_said_and_deletes_nothing(desk):
    desk.app.open_issue("Bug")
    desk.sync()
    desk.fake.retired = {"2022-11-28": desk.fake.now}
    result = desk.sync()

    assert result.exit_code == 1
    assert "retired" in result.stream_errors[0].message if result.stream_errors else "retired" in result.errors[0]
    assert len(desk.items()) == 1


def test_19_ghosts_and_odd_characters(desk):
    desk.app.open_issue("N\0UL 😀", None, author=None)
    desk.app.comment(desk.app.open_issue("Said", "a\r\nb\0"), "😀", author=None)
    desk.sync()
    entry = desk.entries()[desk.id_of(1)]

    assert (entry.title, entry.content, entry.author) == ("N�UL 😀 (#1)", "", "ghost")
    assert desk.text(2).startswith("a\r\nb�\n\n**ghost**")


def test_20_token_of_a_person_that_is_refused_is_not_asked_with_again(desk):
    desk.fake.tokens[CLASSIC].refused = True
    result = desk.sync()

    assert result.status is Status.NEEDS_LOGIN
    assert len(desk.fake.asked) == 1


def test_21_first_run_asks_for_no_moment(desk):
    desk.app.open_issue("Bug")
    desk.sync()

    assert "since" not in desk.asked("/issues")[0]


def test_23_run_that_broke_goes_on_where_it_was(desk):
    for number in range(450):
        desk.app.open_issue(f"Issue {number}")
    desk.fake.order(Answer(500), path="/issues", times=99, skip=2)
    desk.sync()
    stored = len(desk.items())
    desk.fake.forget()
    desk.sync()

    assert 190 <= stored < 450
    assert len(desk.items()) == 450
    assert desk.counted()["issues"] <= 5


def test_24_comment_on_a_line_moves_no_issue_and_is_read(desk):
    pull = desk.app.open_pull("Fix")
    desk.sync()
    desk.later()
    desk.app.comment_on_line(pull, "look here")
    desk.sync()

    assert "look here" in desk.text(1, "pulls")


def test_24_label_of_a_pull_request_is_read_when_anything_else_moves(desk):
    pull = desk.app.open_pull("Fix")
    desk.sync()
    desk.later()
    desk.sync()
    desk.later()
    desk.app.label(pull, "urgent")
    desk.later()
    desk.sync()
    desk.later()
    desk.app.open_issue("Bug")
    desk.sync()

    assert '"urgent"' in desk.entries()[desk.id_of(1, "pulls")].metadata


def test_25_lists_that_come_again_with_another_mark_change_nothing(desk):
    desk.app.comment(desk.app.open_issue("Bug"), "said")
    desk.sync()
    desk.later()
    desk.sync()
    desk.options["credentials"] = {"GITHUB_TOKEN": FINE}
    desk.fake.answers = []
    result = desk.sync()

    assert {answer.status for asked, answer in desk.fake.answers if asked.method == "GET"} == {200}
    assert result.counts.named == 0


def test_minimal_permissions_are_told_part_by_part(desk):
    desk.app.open_issue("Bug")
    desk.app.code.commit({"a.txt": "text"})
    desk.sync()
    desk.options["credentials"] = {"GITHUB_TOKEN": FINE}
    del desk.fake.tokens[FINE].permissions["contents"]
    status, message, hint = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message == "the token may not read this (Resource not accessible by personal access token)."
    assert hint == "give it contents=read"
    assert len(desk.items()) == 2


def test_repository_that_is_not_shown_any_more_is_reported_and_kept(desk):
    desk.app.open_issue("Bug")
    desk.sync()
    desk.state.take_access(desk.app)
    result = desk.sync()
    assert {error.hint for error in result.stream_errors} and result.exit_code == 4
    assert len(desk.items()) == 1

    desk.state.give_access(desk.app)
    assert desk.sync().status is Status.OK


def test_edited_review_comment_of_a_thread_is_read(desk):
    pull = desk.app.open_pull("Fix")
    line = desk.app.comment_on_line(pull, "typo")
    desk.sync()
    desk.later()
    desk.app.edit(line, "no typo")
    desk.sync()

    assert "no typo" in desk.text(1, "pulls")
