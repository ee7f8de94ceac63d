"""`slack` and the numbered cases of the vendor's file: what each run finds, and what it asks for."""

from __future__ import annotations

import json

import pytest

from aragora_sync.engine.result import Status
from aragora_sync.net.retry import ATTEMPTS
from aragora_sync.store.base import PassKind

from ..fakes.slack import BOT, PERSON, too_many
from ..fakes.web import Answer
from .slack_desk import HISTORY, REPLIES, opened_desk, problem

BOTH = {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": PERSON}


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


def test_case_01_refused_token_is_no_empty_success(desk, post):
    post("text")
    desk.fake.tokens[BOT].refusal = "invalid_auth"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert message == "Slack refused the token (invalid_auth)."
    assert "ARAGORA_SLACK_BOT_TOKEN" in hint


def test_case_02_limit_is_waited_for_and_the_same_is_asked_again(desk, post):
    post("text")
    desk.fake.order(too_many(3), path=HISTORY)
    assert desk.sync().counts.created == 1

    first, second = desk.asked(HISTORY)
    assert first == second
    assert desk.time.waited >= 3


def test_case_03_page_that_fails_loses_and_doubles_nothing(desk, post):
    for number in range(6):
        post(f"text {number}")
    desk.fake.page_sizes[HISTORY] = 3
    desk.fake.order(Answer(500), path=HISTORY, skip=1, times=ATTEMPTS)
    assert desk.sync().status is Status.TRY_LATER
    assert len(desk.items()) == 3
    assert desk.cursor()["below"]  # the rest is known to be missing

    desk.sync()
    assert desk.texts() == [f"text {number}" for number in range(6)]
    assert desk.cursor()["below"] == ""


def test_case_03_what_came_while_the_rest_was_missing_is_found_in_the_same_run(desk, post):
    for number in range(6):
        post(f"text {number}")
    desk.fake.page_sizes[HISTORY] = 3
    desk.fake.order(Answer(500), path=HISTORY, skip=1, times=ATTEMPTS)
    desk.sync()
    post("text 6")
    desk.sync()

    assert desk.texts() == [f"text {number}" for number in range(7)]


def test_case_04_pages_may_be_empty_before_the_end(desk, post):
    for number in range(4):
        post(f"text {number}")
    desk.fake.short_pages = True
    desk.fake.page_sizes[HISTORY] = 3
    desk.sync()

    assert len(desk.texts()) == 4
    assert desk.calls()[HISTORY] == 3


def test_case_05_reply_to_an_old_root_is_found_by_one_request(desk, post, reply):
    root, other = post("three weeks ago", 21), post("also", 21)
    reply(root, "first")
    reply(other, "first of another")
    desk.sync()
    reply(root, "late")
    result = desk.sync()

    assert [each["ts"] for each in desk.asked(REPLIES)] == [root]
    assert (result.counts.updated, "late" in desk.items()[desk.id_of(root)]) == (1, True)


def test_case_06_deleted_reply_leaves_the_item(desk, post, reply):
    root = post("question")
    _, middle, _ = (reply(root, text) for text in ("one", "two", "three"))
    desk.sync()
    desk.fake.state.delete(desk.channel, middle)
    desk.sync()

    assert "two" not in desk.items()[desk.id_of(root)]
    assert "three" in desk.items()[desk.id_of(root)]
    assert len(desk.asked(REPLIES)) == 1


def test_case_07_deleted_root_leaves_its_replies(desk, post, reply):
    root = post("a secret")
    reply(root, "an answer")
    desk.sync()
    desk.fake.state.delete(desk.channel, root)
    desk.sync()
    (item,) = desk.entries().values()

    assert item.id == desk.id_of(root)
    assert "secret" not in item.content + item.title
    assert "an answer" in item.content
    assert desk.sync().counts.updated == 0


def test_case_08_thread_that_is_gone_when_it_is_asked_for_is_deleted_and_the_run_goes_on(desk, post, reply):
    root, other = post("going"), post("staying")
    reply(root, "answer")
    desk.sync()
    reply(root, "another")
    fake = desk.fake
    fake.before = lambda asked: fake.state.delete_thread(desk.channel, root) if REPLIES in asked.path else None
    result = desk.sync()

    assert (result.status, result.counts.deleted) == (Status.OK, 1)
    assert list(desk.items()) == [desk.id_of(other)]


def test_message_that_is_gone_is_asked_for_once_and_deleted(desk, post):
    gone, _ = post("going"), post("staying")
    desk.sync()
    desk.fake.state.delete(desk.channel, gone)

    assert desk.sync().counts.deleted == 1
    assert desk.texts() == ["staying"]
    desk.sync()
    assert REPLIES not in desk.calls()


def test_case_09_edit_is_told_once(desk, post):
    ts = post("first")
    desk.sync()
    desk.fake.state.edit(desk.channel, ts, "second")

    assert desk.sync().counts.updated == 1
    assert desk.texts() == ["second"]
    assert desk.sync().counts.updated == 0


def test_edit_that_sets_no_mark_is_told_too(desk, post):
    ts = post("look at https://a.b")
    desk.sync()
    desk.fake.state.unfurl(desk.channel, ts, "what is behind it")
    assert desk.sync().counts.updated == 1
    desk.fake.state.react(desk.channel, ts, "tada")
    assert desk.sync().counts.updated == 0


def test_edited_reply_is_found_by_a_reconcile_and_an_edited_broadcast_at_once(desk, post, reply):
    root = post("question")
    quiet, loud = reply(root, "quiet"), reply(root, "loud", broadcast=True)
    desk.sync()
    desk.fake.state.edit(desk.channel, quiet, "hushed")
    assert desk.sync().counts.updated == 0
    desk.reconcile()
    assert "hushed" in desk.items()[desk.id_of(root)]

    desk.fake.state.edit(desk.channel, loud, "shouted")
    assert desk.sync().counts.updated == 1
    assert "shouted" in desk.items()[desk.id_of(root)]
    desk.sync()
    assert REPLIES not in desk.calls()


def test_case_10_timestamps_travel_with_all_their_digits(desk, post, reply):
    root = desk.fake.state.post(desk.channel, "text", ts=f"{int(desk.fake.now.timestamp()) - 5}.123456")
    reply(root, "answer")
    desk.sync()

    assert desk.asked(REPLIES)[0]["ts"] == root
    assert root in desk.items().popitem()[0]
    assert desk.cursor()["newest"] == root
    assert '"newest": "' in json.dumps(desk.cursor())


def test_case_11_broadcast_is_part_of_its_thread_alone(desk, post, reply):
    root = post("question")
    reply(root, "loud answer", broadcast=True)
    desk.sync()

    assert list(desk.items()) == [desk.id_of(root)]
    assert desk.texts()[0].count("loud answer") == 1


def test_case_11_broadcast_tells_of_an_old_thread_once(desk, post, reply):
    root, unknown = post("long ago", 60), post("longer ago", 200)
    desk.sync()
    for each in (root, unknown):
        reply(each, "loud answer", broadcast=True)

    assert desk.sync().counts.updated == 1
    assert "loud answer" in desk.items()[desk.id_of(root)]
    assert desk.sync().counts.updated == 0
    assert REPLIES not in desk.calls()


def test_case_12_named_public_channel_is_joined_and_a_private_one_reported(desk, post):
    state = desk.fake.state
    post("text")
    public = state.create_channel("open", member=False)
    state.post(public, "in the open")
    state.create_channel("closed", private=True, member=False)
    desk.options["channels"] = ["#open", "closed", "general"]
    status, message, hint = problem(desk.sync())

    assert status is Status.PARTIAL
    assert message == "no channel #closed can be seen with this token."
    assert "/invite" in hint
    assert desk.calls()["conversations.join"] == 1
    assert sorted(desk.texts()) == ["in the open", "text"]


def test_channel_that_may_not_be_joined_is_reported(desk, post):
    post("text")
    desk.fake.state.create_channel("open", member=False)
    desk.fake.tokens[BOT].scopes.discard("channels:join")
    desk.options["channels"] = ["open", "general"]
    status, message, hint = problem(desk.sync())

    assert (status, message) == (Status.PARTIAL, "#open cannot be read: the app is not in it; nothing was deleted.")
    assert "/invite" in hint and desk.texts() == ["text"]


def test_person_reads_what_the_app_is_not_in_without_joining(desk):
    state = desk.fake.state
    for name, more in (("open", {}), ("closed", {"private": True, "with_person": True})):
        channel = state.create_channel(name, member=False, **more)
        state.reply(channel, state.post(channel, f"in the {name}"), "answer")
    desk.options |= {
        "channels": ["open", "closed"],
        "credentials": {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": PERSON},
    }
    assert desk.sync().status is Status.OK

    assert [text.partition("\n")[0] for text in desk.texts()] == ["in the open", "in the closed"]
    assert not any(channel.member for channel in list(state.channels.values())[1:])


def test_channels_of_a_person_are_read_only_where_they_are_named(desk):
    desk.fake.state.create_channel("mine", private=True, member=False, with_person=True)
    desk.options["credentials"] = BOTH
    desk.sync()

    with desk.store() as store:
        assert len(store.streams("slack")) == 1


@pytest.mark.parametrize("scope", ["channels:history", "channels:read"])
def test_case_13_missing_scope_is_named(desk, post, scope):
    post("text")
    desk.fake.tokens[BOT].scopes.discard(scope)
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert f"the app lacks the scope {scope}." in message
    assert "install the app again" in hint


def test_case_13_scopes_of_the_guide_suffice_for_public_channels(desk, post, reply):
    root = post("text")
    reply(root, "answer to <!subteam^S00000001>")
    desk.fake.tokens[BOT].scopes = {"channels:history", "channels:read", "users:read"}

    assert desk.sync().status is Status.OK
    assert "answer to @S00000001" in desk.texts()[0]
    desk.fake.tokens[BOT].scopes.discard("users:read")
    assert desk.sync(PassKind.FULL).status is Status.OK
    assert desk.entries().popitem()[1].author == "U00000001"


def test_case_14_expired_token_tells_of_rotation(desk):
    desk.fake.tokens[BOT].refusal = "token_expired"
    status, message, hint = problem(desk.sync())

    assert status is Status.NEEDS_LOGIN
    assert "rotates tokens" in message and "--manifest" in hint


def test_case_15_low_limits_are_noticed_and_kept(desk, post, reply, caplog):
    for number in range(40):
        post(f"text {number}")
    reply(post("question"), "answer")
    desk.fake.low_regime = True
    assert desk.sync().status is Status.OK

    assert len(desk.items()) == 41
    assert [each["limit"] for each in desk.asked(HISTORY)] == ["200", "15", "15"]
    assert sum("15 messages a minute" in record.message for record in caplog.records) == 1
    assert 120 <= desk.time.waited < 200


def test_case_16_renamed_channel_goes_on(desk, post):
    post("before")
    desk.options["channels"] = ["general"]
    desk.sync()
    desk.fake.state.rename_channel(desk.channel, "everybody")
    post("after")
    result = desk.sync()

    assert (result.counts.created, result.counts.unchanged) == (1, 1)
    assert desk.texts() == ["before", "after"]


def test_case_20_unknown_person_is_asked_for_once(desk, post):
    stranger = desk.fake.state.add_user("cleo", stranger=True)
    for _ in range(3):
        post(f"<@{stranger}> and <@U99999999>", user=stranger)
    desk.sync()

    assert desk.texts() == ["@Cleo and @U99999999"] * 3
    assert (desk.calls()["users.list"], desk.calls()["users.info"]) == (1, 2)
