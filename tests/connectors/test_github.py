"""`github` reads what is said, and finds what changed."""

from __future__ import annotations

import json

import pytest

from aragora_sync.core.changes import Deleted, Item

from .github_desk import GRAPHQL, changes, opened_desk


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


# Issues and pull requests


def test_issue_holds_all_that_was_said(desk):
    issue = desk.app.open_issue("Bug", "it breaks")
    desk.app.comment(issue, "me too")
    desk.app.label(issue, "bug", "a")
    desk.app.assign(issue, "mona")
    desk.app.set_milestone(issue, "v1")
    desk.sync()
    entry = desk.entries()[desk.id_of(1)]
    metadata = json.loads(entry.metadata)

    assert entry.title == "Bug (#1)"
    assert entry.content == "it breaks\n\n**ann**, 2026-11-02 09:00:\n\nme too"
    assert entry.url == f"{desk.fake.url}/acme/app/issues/1"
    assert (entry.kind, entry.author, entry.acl) == ("issue", "mona", f'["repository:{desk.app.id}"]')
    assert metadata["labels"] == ["a", "bug"]
    assert (metadata["assignees"], metadata["milestone"]) == (["mona"], "v1")
    assert metadata["repository"] == "acme/app"


def test_pull_request_holds_comments_reviews_and_what_was_said_of_lines(desk):
    pull = desk.app.open_pull("Fix", "fixes it")
    desk.app.comment(pull, "nice")
    line = desk.app.comment_on_line(pull, "why this?", path="app.py", line=3)
    desk.app.review(pull, "CHANGES_REQUESTED", "not yet")
    desk.app.review(pull, "PENDING", "nobody sees this")
    desk.app.review(pull, "APPROVED")
    desk.app.comment_on_line(pull, "because", reply_to=line, author="mona")
    desk.sync()
    text = desk.text(1, "pulls")

    assert [part.partition("\n")[0] for part in text.split("\n\n")] == [
        "fixes it",
        "**ann**, 2026-11-02 09:00:",
        "nice",
        "**bob** on `app.py:3`, 2026-11-02 09:00:",
        "why this?",
        "**bob** changes requested, 2026-11-02 09:00:",
        "not yet",
        "**bob** approved, 2026-11-02 09:00:",
        "**mona** on `app.py:3`, 2026-11-02 09:00:",
        "because",
    ]


def test_more_than_one_query_shows_is_read_to_the_end(desk):
    pull = desk.app.open_pull("Long")
    for number in range(130):
        desk.app.comment(pull, f"comment-{number}.")
    for number in range(35):
        desk.app.review(pull, "COMMENTED", f"review-{number}.")
        line = desk.app.comment_on_line(pull, f"line-{number}.")
    for number in range(40):
        desk.app.comment_on_line(pull, f"deep-{number}.", reply_to=line)
    desk.sync()
    text = desk.text(1, "pulls")

    for what, many in (("comment", 130), ("review", 35), ("line", 35), ("deep", 40)):
        assert all(text.count(f"{what}-{number}.") == 1 for number in range(many)), what


def test_everything_that_moves_a_clock_is_found_by_the_next_run(desk):
    issue, pull = desk.app.open_issue("Bug"), desk.app.open_pull("Fix")
    comment = desk.app.comment(issue, "first")
    line = desk.app.comment_on_line(pull, "why")
    desk.sync()
    acts = [
        (lambda: desk.app.edit(issue, title="Bug 2"), 1),
        (lambda: desk.app.close(issue), 1),
        (lambda: desk.app.label(issue, "bug"), 1),
        (lambda: desk.app.comment(pull, "late"), 2),
        (lambda: desk.app.edit(comment, "edited"), 1),
        (lambda: desk.app.comment_on_line(pull, "and this"), 2),
        (lambda: desk.app.edit(line, "why not"), 2),
        (lambda: desk.app.review(pull, "APPROVED", "go"), 2),
        (lambda: desk.app.edit(pull, body="other"), 2),
    ]
    for act, number in acts:
        desk.later()
        act()
        result = desk.sync()
        assert changes(result) == (0, 1, 0), (number, result)

    desk.later()
    assert changes(desk.sync()) == (0, 0, 0)
    assert "edited" in desk.text(1) and "why not" in desk.text(2, "pulls") and "other" in desk.text(2, "pulls")


def test_only_what_the_options_want_is_read(desk):
    desk.app.open_issue("Bug")
    desk.app.comment(desk.app.open_pull("Fix"), "ok")
    desk.options = {"sync_issues": False}
    desk.sync()
    assert list(desk.items()) == [desk.id_of(2, "pulls")]

    desk.options = {"sync_prs": False}
    desk.sync()
    assert list(desk.items()) == [desk.id_of(1)]

    desk.options = {"sync_prs": False, "sync_issues": False}
    desk.sync()
    assert desk.items() == {}


def test_change_while_pages_are_read_is_not_missed(desk):
    issues = [desk.app.open_issue(f"Issue {number}", f"old-{number}.") for number in range(250)]
    asked = 0

    def edit(request):
        nonlocal asked
        asked += request.path.endswith("/issues")
        if request.path.endswith("/issues") and asked == 2:
            desk.app.edit(issues[3], body="new-3.")
            desk.app.edit(issues[180], body="new-180.")

    desk.fake.before = edit
    desk.sync()

    assert len(desk.items()) == 250
    assert desk.text(4) == "new-3." and desk.text(181) == "new-180."


def test_single_items_are_read_anew(desk):
    issue, pull, gone = desk.app.open_issue("Bug"), desk.app.open_pull("Fix"), desk.app.open_issue("Gone")
    desk.app.delete_issue(gone)
    wrong = [desk.id_of(pull.number), desk.id_of(gone.number), desk.id_of(99), f"{desk.app.id}/issues/x"]
    answers = desk.fetch(f"{desk.app.id}/issues", desk.id_of(issue.number), desk.id_of(pull.number, "pulls"), *wrong)

    assert [type(each) for each in answers].count(Item) == 2
    assert sorted(each.id for each in answers if isinstance(each, Deleted)) == sorted(wrong)


# Discussions


def test_discussion_holds_answers_and_replies(desk):
    talk = desk.app.discussions.begin("How?", "tell me")
    answer = desk.app.discussions.comment(talk, "like this")
    desk.app.discussions.answer(answer)
    desk.app.discussions.reply(answer, "thanks")
    deleted = desk.app.discussions.comment(talk, "rude")
    desk.app.discussions.reply(deleted, "calm down")
    desk.app.discussions.delete_comment(deleted)
    desk.sync()

    assert desk.text(1, "discussions").split("\n\n") == [
        "tell me",
        "**ann** (answer), 2026-11-02 09:00:",
        "like this",
        "**bob**, 2026-11-02 09:00:",
        "thanks",
        "**bob**, 2026-11-02 09:00:",
        "calm down",
    ]


def test_discussions_that_moved_are_read_and_no_page_more(desk):
    talks = [desk.app.discussions.begin(f"Talk {number}") for number in range(120)]
    desk.later()
    desk.sync()
    desk.later()
    desk.app.discussions.comment(talks[0], "late")
    desk.app.discussions.begin("New")
    result = desk.sync()

    assert changes(result) == (1, 1, 0)
    assert desk.counted()[GRAPHQL] == 2
    assert "late" in desk.text(1, "discussions")


def test_edited_reply_moves_no_clock_and_is_found_by_a_reconcile(desk):
    talk = desk.app.discussions.begin("Talk")
    reply = desk.app.discussions.reply(desk.app.discussions.comment(talk, "yes"), "no")
    desk.later()
    desk.sync()
    desk.later()
    desk.app.discussions.edit(reply, "maybe")
    desk.sync()
    assert "no" in desk.text(1, "discussions")

    desk.reconcile()
    assert "maybe" in desk.text(1, "discussions")


def test_many_comments_and_replies_of_a_discussion_are_all_read(desk):
    talk = desk.app.discussions.begin("Long")
    for number in range(70):
        comment = desk.app.discussions.comment(talk, f"comment-{number}.")
    for number in range(70):
        desk.app.discussions.reply(comment, f"reply-{number}.")
    desk.sync()

    assert all(
        desk.text(1, "discussions").count(f"{what}-{n}.") == 1 for what in ("comment", "reply") for n in range(70)
    )


def test_single_discussions_are_read_anew(desk):
    desk.app.discussions.begin("Talk")
    stream = f"{desk.app.id}/discussions"
    found, gone = desk.fetch(stream, desk.id_of(1, "discussions"), desk.id_of(2, "discussions"))

    assert isinstance(found, Item) and found.id == desk.id_of(1, "discussions")
    assert gone == Deleted(desk.id_of(2, "discussions"))


# Repositories


def test_streams_of_several_repositories_stand_beside_each_other(desk):
    other = desk.state.create_repository("acme/other")
    desk.state.create_repository("somebody/else")
    desk.app.open_issue("One")
    other.open_issue("Two")
    desk.sync()

    assert desk.items().keys() == {desk.id_of(1), f"{other.id}/issues/1"}


def test_named_repositories_may_belong_to_others(desk):
    other = desk.state.create_repository("somebody/else")
    other.open_issue("Two")
    desk.state.create_repository("acme/unread")
    desk.options["repositories"] = ["app", "somebody/else"]
    desk.sync()

    assert desk.items().keys() == {f"{other.id}/issues/1"}
    assert desk.counted()[GRAPHQL] == 1


def test_repository_that_became_public_shows_it_on_every_item(desk):
    desk.app.comment(desk.app.open_issue("Bug"), "yes")
    desk.app.discussions.begin("Talk")
    desk.app.code.commit({"a.txt": "text"})
    desk.sync()
    desk.later()
    desk.state.set_visibility(desk.app, "public")
    desk.sync()

    assert [entry.acl for entry in desk.entries().values()] == ['["public"]'] * 3


def test_check_tells_what_would_be_read(desk):
    told = [(check.name, check.ok, check.message) for check in desk.connector().check()]

    assert told == [("token", True, "read:discussion, read:org, repo"), ("repositories", True, "acme/app")]


def test_check_names_a_repository_that_is_not_shown(desk):
    desk.options["repositories"] = ["app", "absent"]
    *_, last = desk.connector().check()

    assert (last.ok, last.message) == (False, "GitHub shows no repository absent to this token.")
