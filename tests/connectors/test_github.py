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
    issue = desk.state.open(desk.app, "Bug", "it breaks")
    desk.state.comment(issue, "me too")
    desk.state.label(issue, "bug", "a")
    desk.state.edit(issue, assignees=["mona"], milestone="v1")
    desk.sync()
    entry = desk.entries()[desk.id_of(1)]
    metadata = json.loads(entry.metadata)

    assert entry.title == "Bug (#1)"
    assert entry.content == "it breaks\n\n**hubot**, 2026-11-02 09:00:\n\nme too"
    assert entry.url == f"{desk.fake.url}/acme/app/issues/1"
    assert (entry.kind, entry.author, entry.acl) == ("issue", "mona", f'["repository:{desk.app.id}"]')
    assert metadata["labels"] == ["a", "bug"]
    assert (metadata["assignees"], metadata["milestone"]) == (["mona"], "v1")
    assert metadata["repository"] == "acme/app"


def test_pull_request_holds_comments_reviews_and_what_was_said_of_lines(desk):
    pull = desk.state.propose(desk.app, "Fix", "fixes it")
    desk.state.comment(pull, "nice")
    line = desk.state.discuss_line(pull, "why this?")
    desk.state.review(pull, "CHANGES_REQUESTED", "not yet")
    desk.state.review(pull, "PENDING", "nobody sees this")
    desk.state.review(pull, "APPROVED")
    pull.pull.threads[0].comments.append(type(line)(9, "mona", "because", desk.fake.now, desk.fake.now))
    desk.sync()
    text = desk.text(1, "pulls")

    assert [part.partition("\n")[0] for part in text.split("\n\n")] == [
        "fixes it",
        "**hubot**, 2026-11-02 09:00:",
        "nice",
        "**hubot** on `app.py:3`, 2026-11-02 09:00:",
        "why this?",
        "**hubot** changes requested, 2026-11-02 09:00:",
        "not yet",
        "**hubot** approved, 2026-11-02 09:00:",
        "**mona** on `app.py:3`, 2026-11-02 09:00:",
        "because",
    ]


def test_more_than_one_query_shows_is_read_to_the_end(desk):
    pull = desk.state.propose(desk.app, "Long")
    for number in range(130):
        desk.state.comment(pull, f"comment-{number}.")
    for number in range(35):
        desk.state.review(pull, "COMMENTED", f"review-{number}.")
        desk.state.discuss_line(pull, f"line-{number}.")
    for number in range(40):
        now = desk.fake.tick()
        first = pull.pull.threads[0].comments[0]
        pull.pull.threads[0].comments.append(type(first)(desk.state.id(), "mona", f"deep-{number}.", now, now))
    desk.sync()
    text = desk.text(1, "pulls")

    for what, many in (("comment", 130), ("review", 35), ("line", 35), ("deep", 40)):
        assert all(text.count(f"{what}-{number}.") == 1 for number in range(many)), what


def test_everything_that_moves_a_clock_is_found_by_the_next_run(desk):
    state = desk.state
    issue, pull = state.open(desk.app, "Bug"), state.propose(desk.app, "Fix")
    comment = state.comment(issue, "first")
    line = state.discuss_line(pull, "why")
    desk.sync()
    acts = [
        (lambda: state.edit(issue, title="Bug 2"), 1),
        (lambda: state.edit(issue, closed=desk.fake.now), 1),
        (lambda: state.label(issue, "bug"), 1),
        (lambda: state.comment(pull, "late"), 2),
        (lambda: state.edit_comment(comment, "edited"), 1),
        (lambda: state.discuss_line(pull, "and this"), 2),
        (lambda: state.edit_comment(line, "why not"), 2),
        (lambda: state.review(pull, "APPROVED", "go"), 2),
        (lambda: state.edit(pull, body="other"), 2),
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
    desk.state.open(desk.app, "Bug")
    desk.state.comment(desk.state.propose(desk.app, "Fix"), "ok")
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
    issues = [desk.state.open(desk.app, f"Issue {number}", f"old-{number}.") for number in range(250)]
    asked = 0

    def edit(request):
        nonlocal asked
        asked += request.path.endswith("/issues")
        if request.path.endswith("/issues") and asked == 2:
            desk.state.edit(issues[3], body="new-3.")
            desk.state.edit(issues[180], body="new-180.")

    desk.fake.before = edit
    desk.sync()

    assert len(desk.items()) == 250
    assert desk.text(4) == "new-3." and desk.text(181) == "new-180."


def test_single_items_are_read_anew(desk):
    state = desk.state
    issue, pull, gone = state.open(desk.app, "Bug"), state.propose(desk.app, "Fix"), state.open(desk.app, "Gone")
    state.delete_issue(desk.app, gone)
    wrong = [desk.id_of(pull.number), desk.id_of(gone.number), desk.id_of(99), f"{desk.app.id}/issues/x"]
    answers = desk.fetch(f"{desk.app.id}/issues", desk.id_of(issue.number), desk.id_of(pull.number, "pulls"), *wrong)

    assert [type(each) for each in answers].count(Item) == 2
    assert sorted(each.id for each in answers if isinstance(each, Deleted)) == sorted(wrong)


# Discussions


def test_discussion_holds_answers_and_replies(desk):
    talk = desk.state.start(desk.app, "How?", "tell me")
    answer = desk.state.say(talk, "like this")
    answer.is_answer = True
    desk.state.reply(answer, "thanks")
    deleted = desk.state.say(talk, "rude")
    desk.state.reply(deleted, "calm down")
    desk.state.unsay(talk, deleted)
    desk.sync()

    assert desk.text(1, "discussions").split("\n\n") == [
        "tell me",
        "**hubot** (answer), 2026-11-02 09:00:",
        "like this",
        "**mona**, 2026-11-02 09:00:",
        "thanks",
        "**mona**, 2026-11-02 09:00:",
        "calm down",
    ]


def test_discussions_that_moved_are_read_and_no_page_more(desk):
    talks = [desk.state.start(desk.app, f"Talk {number}") for number in range(120)]
    desk.later()
    desk.sync()
    desk.later()
    desk.state.say(talks[0], "late")
    desk.state.start(desk.app, "New")
    result = desk.sync()

    assert changes(result) == (1, 1, 0)
    assert desk.counted()[GRAPHQL] == 2
    assert "late" in desk.text(1, "discussions")


def test_edited_reply_moves_no_clock_and_is_found_by_a_reconcile(desk):
    talk = desk.state.start(desk.app, "Talk")
    reply = desk.state.reply(desk.state.say(talk, "yes"), "no")
    desk.later()
    desk.sync()
    desk.later()
    desk.state.edit_comment(reply, "maybe")
    desk.sync()
    assert "no" in desk.text(1, "discussions")

    desk.reconcile()
    assert "maybe" in desk.text(1, "discussions")


def test_many_comments_and_replies_of_a_discussion_are_all_read(desk):
    talk = desk.state.start(desk.app, "Long")
    for number in range(70):
        comment = desk.state.say(talk, f"comment-{number}.")
    for number in range(70):
        desk.state.reply(comment, f"reply-{number}.")
    desk.sync()

    assert all(
        desk.text(1, "discussions").count(f"{what}-{n}.") == 1 for what in ("comment", "reply") for n in range(70)
    )


def test_single_discussions_are_read_anew(desk):
    desk.state.start(desk.app, "Talk")
    stream = f"{desk.app.id}/discussions"
    found, gone = desk.fetch(stream, desk.id_of(1, "discussions"), desk.id_of(2, "discussions"))

    assert isinstance(found, Item) and found.id == desk.id_of(1, "discussions")
    assert gone == Deleted(desk.id_of(2, "discussions"))


# Repositories


def test_streams_of_several_repositories_stand_beside_each_other(desk):
    other = desk.state.create("other")
    desk.state.create("else", owner="somebody")
    desk.state.open(desk.app, "One")
    desk.state.open(other, "Two")
    desk.sync()

    assert desk.items().keys() == {desk.id_of(1), f"{other.id}/issues/1"}


def test_named_repositories_may_belong_to_others(desk):
    other = desk.state.create("else", owner="somebody")
    desk.state.open(other, "Two")
    desk.state.create("unread")
    desk.options["repositories"] = ["app", "somebody/else"]
    desk.sync()

    assert desk.items().keys() == {f"{other.id}/issues/1"}
    assert desk.counted()[GRAPHQL] == 1


def test_repository_that_became_public_shows_it_on_every_item(desk):
    desk.state.comment(desk.state.open(desk.app, "Bug"), "yes")
    desk.state.start(desk.app, "Talk")
    desk.state.commit(desk.app, {"a.txt": "text"})
    desk.sync()
    desk.later()
    desk.app.visibility = "public"
    desk.sync()

    assert [entry.acl for entry in desk.entries().values()] == ['["public"]'] * 3


def test_check_tells_what_would_be_read(desk):
    told = [(check.name, check.ok, check.message) for check in desk.connector().check()]

    assert told == [("token", True, "repo"), ("repositories", True, "acme/app")]


def test_check_names_a_repository_that_is_not_shown(desk):
    desk.options["repositories"] = ["app", "absent"]
    *_, last = desk.connector().check()

    assert (last.ok, last.message) == (False, "GitHub shows no repository absent to this token.")
