"""The fake of Slack, asked plainly, keeps what Slack's documents say: who may ask, messages, threads, pages."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ..fakes.slack import BOT, PERSON
from .slack_calls import opened_slack

HISTORY, REPLIES = "conversations.history", "conversations.replies"


@pytest.fixture(scope="module")
def served():
    with opened_slack() as calls:
        yield calls


@pytest.fixture
def slack(served):
    """A workspace anew for each test, on the same server."""
    served.begin_anew()
    return served


@pytest.fixture
def six(slack):
    """Six messages, the oldest first."""
    return [slack.state.post(slack.channel, f"text {number}") for number in range(6)]


# Who may ask


def test_errors_come_with_status_200(slack):
    assert slack.refused("auth.test", token="") == "not_authed"
    assert slack.refused("auth.test", token="xoxb-wrong") == "invalid_auth"
    slack.fake.tokens[BOT].refusal = "account_inactive"
    assert slack.refused("auth.test") == "account_inactive"


def test_token_counts_in_the_header_alone(slack):
    answer = slack.client.get(f"{slack.fake.url}/api/auth.test", headers={"Authorization": f"Basic {BOT}"})

    assert answer.json()["error"] == "not_authed"


def test_missing_scope_is_named_with_those_there_are(slack):
    slack.fake.tokens[BOT].scopes = {"channels:read"}
    body = slack.send(HISTORY, channel=slack.channel).json()

    assert body == {"ok": False, "error": "missing_scope", "needed": "channels:history", "provided": "channels:read"}


def test_every_answer_lists_the_scopes_of_the_token(slack):
    slack.fake.tokens[BOT].scopes = {"users:read", "channels:read"}

    assert slack.send("users.list").headers["x-oauth-scopes"] == "channels:read,users:read"


def test_unknown_methods_and_missing_arguments_are_refused(slack):
    assert slack.refused("conversations.read") == "unknown_method"
    assert slack.refused(HISTORY) == slack.refused(REPLIES, channel=slack.channel) == "invalid_arguments"


def test_body_as_json_is_not_read(slack):
    address, headers = f"{slack.fake.url}/api/conversations.join", {"Authorization": f"Bearer {BOT}"}

    assert slack.client.post(address, json={"channel": slack.channel}, headers=headers).json()["ok"] is False


# The history


def test_history_tells_the_newest_first_and_no_replies(slack, six):
    slack.state.reply(slack.channel, six[0], "a reply")

    assert slack.history() == [f"text {number}" for number in (5, 4, 3, 2, 1, 0)]


def test_pages_of_a_window_go_down_without_gap_or_overlap(slack, six):
    pages = slack.pages(HISTORY, channel=slack.channel, limit=2, oldest=six[0], inclusive=True)
    told = [raw["ts"] for page in pages for raw in page["messages"]]

    assert told == sorted(six, reverse=True)
    assert [(len(page["messages"]), page["has_more"]) for page in pages] == [(2, True), (2, True), (2, False)]
    assert pages[-1]["response_metadata"]["next_cursor"] == ""
    assert "response_metadata" not in slack.get(HISTORY, channel=slack.channel)


def test_bounds_are_exclusive_unless_told_otherwise(slack, six):
    within = {"oldest": six[1], "latest": six[4]}

    assert slack.history(**within) == ["text 3", "text 2"]
    assert slack.history(**within, inclusive="true") == ["text 4", "text 3", "text 2", "text 1"]
    assert slack.history(**within, inclusive="1") == ["text 4", "text 3", "text 2", "text 1"]


def test_what_arrives_during_a_walk_moves_no_page(slack, six):
    first = slack.get(HISTORY, channel=slack.channel, limit=3)
    slack.state.post(slack.channel, "meanwhile")
    slack.state.delete(slack.channel, six[2])  # where the cursor points to
    rest = slack.get(HISTORY, channel=slack.channel, limit=3, cursor=first["response_metadata"]["next_cursor"])

    assert [raw["text"] for raw in rest["messages"]] == ["text 1", "text 0"]


def test_cursor_holds_for_its_bounds_alone(slack, six):
    cursor = slack.get(HISTORY, channel=slack.channel, limit=2)["response_metadata"]["next_cursor"]

    assert slack.get(HISTORY, channel=slack.channel, limit=3, cursor=cursor)["messages"]
    assert slack.refused(HISTORY, channel=slack.channel, cursor=cursor, oldest=six[0]) == "invalid_cursor"
    assert slack.refused(HISTORY, channel=slack.channel, cursor="bm9uc2Vuc2U") == "invalid_cursor"


@pytest.mark.parametrize(("limit", "taken"), [("999", True), ("1000", False), ("0", False), ("many", False)])
def test_most_that_a_page_may_hold(slack, limit, taken):
    body = slack.send(HISTORY, channel=slack.channel, limit=limit).json()

    assert body.get("error", "") == ("" if taken else "invalid_limit")


@pytest.mark.parametrize("bound", ["oldest", "latest"])
@pytest.mark.parametrize("wrong", ["1.7e9", "1763650000.1234567", "yesterday"])
def test_times_must_be_decimal_text(slack, bound, wrong):
    assert slack.refused(HISTORY, channel=slack.channel, **{bound: wrong}) == f"invalid_ts_{bound}"


def test_timestamps_are_unique_text_with_six_digits(slack, six):
    assert all(older < newer for older, newer in pairwise(six))
    assert {len(ts.partition(".")[2]) for ts in six} == {6}


def test_pages_may_be_empty_though_there_is_more(slack, six):
    slack.fake.short_pages = True
    pages = slack.pages(HISTORY, channel=slack.channel)

    assert (pages[0]["messages"], pages[0]["has_more"]) == ([], True)
    assert [raw["ts"] for raw in pages[1]["messages"]] == sorted(six, reverse=True)


def test_what_the_plan_hides_is_told_with_the_last_page(slack, six):
    slack.state.channels[slack.channel].hidden_before = six[3]
    body = slack.get(HISTORY, channel=slack.channel)

    assert ([raw["text"] for raw in body["messages"]], body["is_limited"]) == (["text 5", "text 4", "text 3"], True)


def test_message_shows_up_late_and_so_does_a_reply_that_is_counted_already(slack):
    root = slack.state.post(slack.channel, "question")
    slack.fake.tick(60)
    slack.state.lag = 30
    slack.state.reply(slack.channel, root, "answer")
    slack.state.post(slack.channel, "new")
    assert slack.history() == ["question"]
    assert (slack.message(root)["reply_count"], slack.thread(root)) == (1, ["question"])

    slack.fake.tick(31)
    assert slack.history() == ["new", "question"]
    assert slack.thread(root) == ["question", "answer"]


# Threads


def test_first_message_of_a_thread_counts_its_replies(slack, six):
    assert "thread_ts" not in slack.message(six[0])
    one, two = (slack.state.reply(slack.channel, six[0], text, user=user) for text, user in (("a", "U1"), ("b", "U2")))
    root = slack.message(six[0])

    assert (root["thread_ts"], root["reply_count"], root["latest_reply"]) == (six[0], 2, two)
    assert (root["reply_users"], root["reply_users_count"], one < two) == (["U1", "U2"], 2, True)


def test_replies_begin_on_every_page_with_the_first_message_and_go_up(slack, six):
    replies = [slack.state.reply(slack.channel, six[0], f"answer {number}") for number in range(5)]
    pages = slack.pages(REPLIES, channel=slack.channel, ts=six[0], limit=3)

    assert [page["messages"][0]["ts"] for page in pages] == [six[0]] * 3
    assert [raw["ts"] for page in pages for raw in page["messages"][1:]] == replies
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert all(raw["thread_ts"] == six[0] for page in pages for raw in page["messages"])


def test_bounds_of_a_thread_leave_its_first_message_in(slack, six):
    replies = [slack.state.reply(slack.channel, six[0], f"answer {number}") for number in range(3)]

    assert slack.thread(six[0], oldest=replies[1], inclusive=True) == ["text 0", "answer 1", "answer 2"]
    assert slack.thread(six[0], oldest=replies[1]) == ["text 0", "answer 2"]


def test_any_message_of_a_thread_leads_to_it_and_a_lone_one_to_itself(slack, six):
    reply = slack.state.reply(slack.channel, six[0], "answer")

    assert slack.thread(reply) == ["text 0", "answer"]
    assert slack.thread(six[1]) == ["text 1"]
    assert slack.refused(REPLIES, channel=slack.channel, ts="1.000001") == "thread_not_found"


def test_reply_that_is_sent_to_the_channel_is_in_both_and_carries_its_root(slack, six):
    loud = slack.state.reply(slack.channel, six[0], "loud", broadcast=True)
    message = slack.message(loud)

    assert (message["subtype"], message["thread_ts"], message["root"]["ts"]) == ("thread_broadcast", six[0], six[0])
    assert slack.thread(six[0]) == ["text 0", "loud"]


def test_edit_is_marked_and_moves_nothing_else(slack, six):
    before = slack.message(six[2])
    slack.state.edit(slack.channel, six[2], "edited")
    after = slack.message(six[2])

    assert (after["text"], after["edited"]["ts"] > six[2]) == ("edited", True)
    assert {name for name in after if before.get(name) != after[name]} == {"text", "edited"}


def test_links_that_are_unfurled_and_reactions_leave_no_mark_of_an_edit(slack, six):
    slack.state.unfurl(slack.channel, six[0], "behind it")
    slack.state.react(slack.channel, six[0], "tada")
    message = slack.message(six[0])

    assert "edited" not in message
    assert (message["attachments"][0]["text"], message["reactions"][0]["count"]) == ("behind it", 1)


def test_deleted_root_leaves_a_tombstone_as_long_as_there_are_replies(slack, six):
    reply = slack.state.reply(slack.channel, six[0], "answer")
    slack.state.delete(slack.channel, six[0])
    tombstone = slack.message(six[0])

    assert (tombstone["subtype"], tombstone["user"], tombstone["hidden"]) == ("tombstone", "USLACKBOT", True)
    assert (tombstone["text"], tombstone["reply_count"]) == ("This message was deleted.", 1)
    assert slack.thread(six[0]) == ["This message was deleted.", "answer"]

    slack.state.delete(slack.channel, reply)
    assert slack.refused(REPLIES, channel=slack.channel, ts=six[0]) == "thread_not_found"
    assert "This message was deleted." not in slack.history()


@pytest.mark.parametrize("moves", [False, True])
def test_deleted_reply_is_counted_no_more(slack, six, moves):
    slack.state.latest_reply_moves = moves
    first, last = (slack.state.reply(slack.channel, six[0], text) for text in ("one", "two"))
    slack.state.delete(slack.channel, last)
    root = slack.message(six[0])

    assert (root["reply_count"], root["latest_reply"]) == (1, first if moves else last)
    assert slack.thread(six[0]) == ["text 0", "one"]


@pytest.mark.parametrize("keep", [False, True])
def test_thread_without_replies_is_a_message_again(slack, six, keep):
    slack.state.empty_threads_keep_marks = keep
    slack.state.delete(slack.channel, slack.state.reply(slack.channel, six[0], "answer"))
    root = slack.message(six[0])

    assert (root.get("reply_count"), root.get("thread_ts")) == ((0, six[0]) if keep else (None, None))
    assert slack.thread(six[0]) == ["text 0"]


def test_whole_thread_that_is_removed_leaves_nothing(slack, six):
    slack.state.reply(slack.channel, six[0], "answer", broadcast=True)
    slack.state.delete_thread(slack.channel, six[0])

    assert slack.history() == [f"text {number}" for number in (5, 4, 3, 2, 1)]


# People


def test_people_are_listed_page_by_page_and_strangers_only_alone(slack):
    stranger = slack.state.add_user("cleo", stranger=True)
    pages = slack.pages("users.list", limit=1)

    assert [[each["name"] for each in page["members"]] for page in pages] == [["ann"], ["bob"]]
    assert slack.get("users.info", user=stranger)["user"]["name"] == "cleo"
    assert slack.refused("users.info", user="U99999999") == "user_not_found"


def test_token_tells_whose_it_is(slack):
    app, person = slack.get("auth.test"), slack.get("auth.test", token=PERSON)

    assert (app["team_id"], app["team"], "bot_id" in app) == (slack.state.team_id, "Acme", True)
    assert (person["user"], "bot_id" in person) == ("ann", False)
