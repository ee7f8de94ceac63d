"""What happens to channels of `slack` over the years: archived, made private, renamed; and replies that come slowly."""

from __future__ import annotations

import json

import pytest

from aragora_sync.engine.result import Status

from ..fakes.slack import BOT, PERSON
from .slack_desk import HISTORY, REPLIES, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


# Archived


@pytest.mark.parametrize("options", [{}, {"channels": ["general"]}, {"channel_patterns": ["^gen"]}])
def test_archived_channel_is_kept_without_a_word_and_goes_on_when_it_is_back(desk, post, options):
    desk.options |= options
    post("before")
    desk.sync()
    desk.fake.state.archive(desk.channel)
    for run in (desk.sync, desk.reconcile, desk.sync):
        result = run()
        assert (result.status, result.stream_errors, desk.texts()) == (Status.OK, [], ["before"])
    assert not {HISTORY, "conversations.join"} & desk.calls().keys()

    desk.fake.state.restore(desk.channel)
    desk.fake.state.invite_app(desk.channel)
    post("after")
    desk.sync()
    assert desk.texts() == ["before", "after"]


def test_archived_channels_that_were_never_read_are_not_meant_by_patterns(desk, post):
    post("text")
    old = desk.fake.state.create_channel("general-old", member=False)
    desk.fake.state.post(old, "old")
    desk.fake.state.archive(old)
    desk.options["channel_patterns"] = ["^general"]

    assert (desk.sync().status, desk.texts()) == (Status.OK, ["text"])


def test_archived_channel_that_is_named_but_was_never_read_is_told(desk, post):
    post("text")
    desk.fake.state.archive(desk.channel)
    desk.options["channels"] = ["general"]
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "#general cannot be read: it is archived, and the app is not in it."
    assert "restore the channel" in hint


def test_person_reads_on_what_is_archived(desk, post):
    post("text")
    desk.fake.state.archive(desk.channel)
    desk.options |= {
        "channels": ["general"],
        "credentials": {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": PERSON},
    }

    assert (desk.sync().status, desk.texts()) == (Status.OK, ["text"])


def test_what_failed_in_a_channel_waits_while_that_is_archived(desk, post, reply):
    reply(bad := post("question"), "answer")
    post("fine")
    desk.fake.failing.add(bad)
    desk.sync()
    desk.fake.failing.clear()
    desk.fake.state.archive(desk.channel)
    desk.hours += 1
    result = desk.sync()

    assert (result.stream_errors, result.failures_waiting) == ([], 1)


# Made private


def test_what_was_said_in_public_is_for_members_once_the_channel_is_private(desk, post, reply):
    desk.options["include_files"] = True
    reply(post("long ago", 60), "answered")
    desk.fake.state.share_file(desk.channel, "look", "plan.txt", b"the plan")
    desk.sync()
    desk.fake.state.make_private(desk.channel)
    desk.sync()

    assert {json.loads(entry.acl)[0] for entry in desk.entries().values()} == {f"channel:{desk.channel}"}
    assert len(desk.items()) == 3
    assert desk.sync().counts.updated == 0
    assert REPLIES not in desk.calls()


# Renamed


def test_name_that_went_to_another_channel_means_both(desk, post):
    post("before")
    desk.options["channels"] = ["general"]
    desk.sync()
    desk.fake.state.rename_channel(desk.channel, "general-2025")
    new = desk.fake.state.create_channel("general")
    desk.fake.state.post(new, "anew")
    post("on and on")

    assert (desk.sync().status, desk.texts()) == (Status.OK, ["before", "on and on", "anew"])


# Slow replies


def test_reply_that_is_counted_before_it_shows_up_is_found_later(desk, post, reply):
    root = post("question")
    desk.fake.tick(60)
    desk.fake.state.lag = 30
    reply(root, "slow answer")
    desk.sync()
    assert desk.texts() == ["question"]
    desk.fake.tick(40)
    desk.sync()

    assert "slow answer" in desk.texts()[0]


def test_reply_that_never_shows_up_is_waited_for_a_minute(desk, post, reply):
    root = post("question")
    desk.fake.tick(3600)
    desk.fake.state.lag = 3600
    reply(root, "lost answer")
    for seconds, calls in ((0, 1), (30, 1), (60, 1), (0, None)):
        desk.fake.tick(seconds)
        desk.sync()
        assert desk.calls().get(REPLIES) == calls


@pytest.mark.parametrize("keep", [False, True])
def test_thread_whose_only_reply_is_deleted_is_a_message_again(desk, post, reply, keep):
    desk.fake.state.empty_threads_keep_marks = keep
    gone = reply(post("question"), "answer")
    desk.sync()
    desk.fake.state.delete(desk.channel, gone)
    desk.sync()

    assert desk.texts() == ["question"]
    assert desk.sync().counts.updated == 0
