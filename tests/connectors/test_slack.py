"""What `slack` makes of channels: items, what is in, single ones again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from aragora_sync.core.changes import Deleted, Failed, Item

from ..fakes.slack import ALL_SCOPES
from ..fakes.web import Answer
from .slack_desk import HISTORY, REPLIES, opened_desk, problem


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        yield made


# What an item looks like


def test_thread_is_one_item_as_its_readers_see_it(desk, post, reply):
    root = post("*Deploy* at noon, <@U00000002>\nbring cake")
    reply(root, "with &lt;cherries&gt;")
    desk.sync()
    (item,) = desk.entries().values()

    assert item.id == f"T0SYNC000/{desk.channel}/{root}"
    assert (item.kind, item.title, item.author) == ("thread", "Deploy at noon, @Bob", "Ann")
    assert item.content == "**Deploy** at noon, @Bob\nbring cake\n\n**Bob**, 2026-11-02 09:00:\nwith <cherries>"
    assert item.url == f"https://acme.slack.com/archives/{desk.channel}/p{root.replace('.', '')}"
    assert (item.created_at[:19], item.updated_at[:19]) == ("2026-11-02T09:00:01", "2026-11-02T09:00:02")
    assert json.loads(item.acl) == ["team:T0SYNC000"]
    assert json.loads(item.metadata)["reply_count"] == 1


def test_private_channel_is_for_its_members(desk):
    private = desk.fake.state.create_channel("secret", private=True)
    desk.fake.state.post(private, "psst")
    desk.sync()

    assert [json.loads(entry.acl) for entry in desk.entries().values()] == [[f"channel:{private}"]]


def test_what_slack_itself_writes_is_no_item_unless_somebody_answers(desk, post, reply):
    post("joined", subtype="channel_join")
    joined = post("<@U00000001> joined", subtype="channel_join")
    reply(joined, "welcome!")
    desk.sync()

    assert [content.rpartition("\n")[2] for content in desk.texts()] == ["welcome!"]


def test_replies_stay_out_where_they_are_not_wanted(desk, post, reply):
    root = post("question")
    reply(root, "quiet answer")
    reply(root, "loud answer", broadcast=True)
    desk.options["include_threads"] = False
    desk.sync()

    assert desk.texts() == ["question", "loud answer"]
    assert REPLIES not in desk.calls()
    assert desk.sync().counts.updated == 0


def test_days_back_bounds_the_first_sync_and_a_larger_one_reads_further(desk, post):
    for days in (3, 20, 200):
        post(f"{days} days ago", days)
    desk.options["days_back"] = 10
    desk.sync()
    assert desk.texts() == ["3 days ago"]
    desk.sync()
    assert desk.texts() == ["3 days ago"]

    desk.options["days_back"] = 90
    desk.sync()
    assert desk.texts() == ["20 days ago", "3 days ago"]

    desk.options["days_back"] = 5
    desk.sync()
    assert desk.texts() == ["20 days ago", "3 days ago"]  # what is stored is kept in step


# Odd workspaces


def test_pages_that_say_there_is_more_but_not_where_are_followed(desk, post, reply):
    roots = [post(f"text {number}") for number in range(7)]
    for number in range(5):
        reply(roots[0], f"answer {number}")
    desk.fake.bare_pages = True
    desk.fake.page_sizes = {HISTORY: 3, REPLIES: 3}
    desk.sync()

    assert len(desk.items()) == 7
    assert all(f"answer {number}" in desk.texts()[0] for number in range(5))


def test_end_that_is_none_is_an_error_and_sweeps_nothing(desk, post):
    post("text")
    desk.sync()
    desk.fake.order(Answer(200, {"ok": True, "messages": [], "has_more": True}), path=HISTORY, times=9)

    assert problem(desk.reconcile())[1] == "Slack says that conversations.history has more, but not where."
    assert desk.texts() == ["text"]


def test_order_is_the_same_where_slack_would_tell_the_oldest_first(desk, post):
    for number in range(7):
        post(f"text {number}")
    desk.fake.oldest_first = True
    desk.fake.page_sizes = {HISTORY: 3}
    desk.sync()

    assert len(desk.items()) == 7


def test_another_order_than_promised_is_an_error(desk, post):
    post("text")
    wrong = [{"ts": desk.fake.state.ago(2), "text": "old"}, {"ts": desk.fake.state.ago(1), "text": "new"}]
    desk.fake.order(Answer(200, {"ok": True, "messages": wrong, "has_more": True}), path=HISTORY)

    assert "another order" in problem(desk.sync())[1]


def test_what_a_free_plan_hides_is_kept(desk, post):
    old = post("old", 80)
    post("new")
    desk.sync()
    desk.fake.state.channels[desk.channel].hidden_before = desk.fake.state.ago(30)
    for _ in range(2):
        desk.reconcile()

    assert desk.id_of(old) in desk.items()


def test_message_that_shows_up_late_is_found(desk, post):
    post("first")
    desk.fake.state.lag = 30
    desk.fake.tick(60)
    late = post("late")
    desk.fake.tick(1)
    post("later")
    desk.fake.state.channels[desk.channel].visible_at[late] = desk.fake.tick(20)
    desk.fake.tick(15)
    desk.sync()
    assert "late" not in desk.texts()
    desk.fake.tick(30)
    desk.sync()

    assert desk.texts() == ["first", "late", "later"]


@pytest.mark.parametrize("days", [-20, 20])
def test_odd_clock_of_the_source_loses_nothing(desk, post, days):
    post("before")
    desk.fake.now += timedelta(days=days)
    desk.sync()
    desk.fake.now -= timedelta(days=days)
    post("after")
    desk.sync()

    assert desk.texts() == ["before", "after"]


# fetch


def test_single_threads_are_fetched_and_answered_once(desk, post, reply):
    root, lone, gone = post("question"), post("lone"), post("gone")
    reply(root, "answer")
    desk.sync()
    desk.fake.state.delete(desk.channel, gone)
    refs = [desk.id_of(ts) for ts in (root, lone, gone, "nonsense")]
    answers = desk.fetch_threads(*refs)

    assert [answer.id for answer in answers] == refs
    assert [type(answer) for answer in answers] == [Item, Item, Deleted, Deleted]
    desk.fake.failing.add(root)
    assert type(desk.fetch_threads(refs[0])[0]) is Failed


def test_all_scopes_of_the_manifest_are_known_to_the_fake():
    from aragora_sync.connectors.slack.manifest import MANIFEST

    assert {scope for scope in ALL_SCOPES if f"- {scope}" in MANIFEST} == set(ALL_SCOPES) - {"team:read"}
