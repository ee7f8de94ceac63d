"""The fake of Slack, asked plainly: channels and who reads them, files, limits."""

from __future__ import annotations

import pytest

from ..fakes.slack import BOT, PERSON
from .slack_calls import opened_slack

HISTORY, REPLIES = "conversations.history", "conversations.replies"
BOTH = "public_channel,private_channel"


@pytest.fixture(scope="module")
def served():
    with opened_slack() as calls:
        yield calls


@pytest.fixture
def slack(served):
    """A workspace anew for each test, on the same server."""
    served.begin_anew()
    return served


def listed(slack, method: str = "conversations.list", token: str = BOT, **query: object) -> list[str]:
    return [raw["name"] for page in slack.pages(method, token=token, **query) for raw in page["channels"]]


# Channels


def test_app_sees_public_channels_and_private_ones_that_it_is_in(slack):
    slack.state.create_channel("open", member=False)
    slack.state.create_channel("closed", private=True, member=False)
    slack.state.create_channel("ours", private=True)

    assert listed(slack) == ["general", "open"]
    assert listed(slack, types=BOTH) == ["general", "open", "ours"]
    assert listed(slack, "users.conversations", types=BOTH) == ["general", "ours"]


def test_only_the_list_of_all_tells_who_is_a_member(slack):
    assert slack.get("conversations.list")["channels"][0]["is_member"] is True
    assert "is_member" not in slack.get("users.conversations")["channels"][0]


def test_private_channels_need_a_scope_and_unknown_types_are_refused(slack):
    slack.fake.tokens[BOT].scopes.discard("groups:read")

    assert slack.refused("conversations.list", types=BOTH) == "missing_scope"
    assert slack.refused("conversations.list", types="im") == "missing_scope"
    assert slack.refused("conversations.list", types="channels") == "invalid_types"


def test_lists_may_be_short_or_empty_before_their_end(slack):
    slack.state.create_channel("more")
    slack.fake.short_pages = True
    pages = slack.pages("conversations.list", limit=2)

    assert [len(page["channels"]) for page in pages] == [0, 1, 1]
    assert pages[-1]["response_metadata"]["next_cursor"] == ""


def test_renamed_channel_keeps_its_id_its_names_and_shows_it(slack):
    slack.state.rename_channel(slack.channel, "everybody")
    channel = slack.get("conversations.info", channel=slack.channel)["channel"]

    assert (channel["name"], channel["previous_names"]) == ("everybody", ["general"])
    assert slack.get(HISTORY, channel=slack.channel)["messages"][0]["subtype"] == "channel_name"


def test_channel_that_becomes_private_keeps_its_id_and_asks_for_other_scopes(slack):
    slack.state.post(slack.channel, "said in public")
    slack.state.make_private(slack.channel)
    slack.fake.tokens[BOT].scopes.discard("groups:history")

    assert slack.get("conversations.info", channel=slack.channel)["channel"]["is_private"] is True
    assert slack.refused(HISTORY, channel=slack.channel) == "missing_scope"


@pytest.mark.parametrize(
    ("more", "refusal"), [({}, "not_in_channel"), ({"private": True}, "channel_not_found")], ids=["public", "private"]
)
def test_app_reads_no_channel_that_it_is_not_in(slack, more, refusal):
    channel = slack.state.create_channel("other", member=False, **more)

    assert slack.refused(HISTORY, channel=channel) == slack.refused(REPLIES, channel=channel, ts="1.1") == refusal


def test_person_reads_all_public_channels_and_own_private_ones(slack):
    public = slack.state.create_channel("open", member=False)
    private = slack.state.create_channel("ours", private=True, member=False, with_person=True)
    other = slack.state.create_channel("closed", private=True)

    assert all(slack.get(HISTORY, token=PERSON, channel=each)["ok"] for each in (public, private))
    assert slack.refused(HISTORY, token=PERSON, channel=other) == "channel_not_found"


def test_app_joins_public_channels_and_is_seen_to_come(slack):
    channel = slack.state.create_channel("open", member=False)
    slack.get("conversations.join", channel=channel)
    (joined,) = slack.get(HISTORY, channel=channel)["messages"]

    assert joined["subtype"] == "channel_join"
    assert slack.get("conversations.join", channel=channel)["warning"] == "already_in_channel"
    assert len(slack.get(HISTORY, channel=channel)["messages"]) == 1


def test_app_joins_no_private_and_no_archived_channel(slack):
    private = slack.state.create_channel("ours", private=True)
    slack.state.archive(slack.channel)

    assert slack.refused("conversations.join", channel=private) == "method_not_supported_for_channel_type"
    assert slack.refused("conversations.join", channel=slack.channel) == "is_archived"
    assert slack.refused("conversations.join", channel="C99999999") == "channel_not_found"


def test_archived_channel_puts_the_app_out_and_a_person_still_reads_it(slack):
    slack.state.post(slack.channel, "text")
    slack.state.archive(slack.channel)

    assert listed(slack, "users.conversations") == []
    assert listed(slack) == ["general"] and listed(slack, exclude_archived="true") == []
    assert slack.refused(HISTORY, channel=slack.channel) == "not_in_channel"
    assert len(slack.get(HISTORY, token=PERSON, channel=slack.channel)["messages"]) == 2
    slack.state.restore(slack.channel)
    assert slack.refused(HISTORY, channel=slack.channel) == "not_in_channel"
    slack.state.invite_app(slack.channel)
    assert slack.get(HISTORY, channel=slack.channel)["messages"][0]["subtype"] == "channel_join"


def test_deleted_channel_is_not_found(slack):
    slack.state.delete_channel(slack.channel)

    assert slack.refused("conversations.info", channel=slack.channel) == "channel_not_found"


# Files


def test_file_hangs_under_its_message_and_tells_where_it_is_shown(slack):
    ts, file_id = slack.state.share_file(slack.channel, "look", "plan.txt", b"the plan")
    (message,) = slack.get(HISTORY, channel=slack.channel)["messages"]
    file = slack.get("files.info", file=file_id)["file"]

    assert (message["subtype"], message["files"][0]["id"]) == ("file_share", file_id)
    assert file["shares"]["public"][slack.channel] == [{"ts": ts}]
    again = slack.state.share_again(slack.channel, "again", file_id, thread_ts=ts)
    slack.state.delete(slack.channel, again)
    assert slack.get("files.info", file=file_id)["file"]["shares"]["public"][slack.channel] == [{"ts": ts}]


def test_content_needs_a_token_else_comes_a_page_to_log_in(slack):
    _, file_id = slack.state.share_file(slack.channel, "look", "plan.txt", b"the plan")
    address = slack.state.files[file_id]["url_private_download"]
    without = slack.client.get(address)

    assert (without.status_code, without.headers["content-type"][:9]) == (200, "text/html")
    assert slack.client.get(address, headers={"Authorization": f"Bearer {BOT}"}).content == b"the plan"


def test_file_of_a_channel_that_the_app_is_not_in_is_not_found(slack):
    channel = slack.state.create_channel("closed", private=True, member=False, with_person=True)
    _, file_id = slack.state.share_file(channel, "look", "plan.txt", b"the plan")

    assert slack.refused("files.info", file=file_id) == "file_not_found"
    assert slack.get("files.info", token=PERSON, file=file_id)["file"]["id"] == file_id


def test_deleted_file_leaves_its_place_in_the_message(slack):
    _, file_id = slack.state.share_file(slack.channel, "look", "plan.txt", b"the plan")
    slack.state.delete_file(file_id)

    assert slack.refused("files.info", file=file_id) == "file_deleted"
    assert slack.get(HISTORY, channel=slack.channel)["messages"][0]["files"] == [{"id": file_id, "mode": "tombstone"}]
    assert slack.refused("files.info", file="F99999999") == "file_not_found"


def test_file_of_another_workspace_is_a_stub_until_it_is_asked_for(slack):
    more = {"file_access": "check_file_info"}
    _, file_id = slack.state.share_file(slack.channel, "look", "plan.txt", b"the plan", **more)
    (stub,) = slack.get(HISTORY, channel=slack.channel)["messages"][0]["files"]
    file = slack.get("files.info", file=file_id)["file"]

    assert (stub["id"], stub["mode"], "name" in stub) == (file_id, "file_access", False)
    assert (file["name"], file["file_access"]) == ("plan.txt", "visible")


# Limits


def test_limit_is_told_by_its_status_and_how_long_to_wait(slack):
    slack.fake.limited = True
    answers = [slack.send("users.list") for _ in range(21)]  # tier 2: twenty a minute

    assert {answer.status_code for answer in answers[:20]} == {200}
    assert (answers[20].status_code, answers[20].json()) == (429, {"ok": False, "error": "ratelimited"})
    assert answers[20].headers["retry-after"] == "60"
    assert slack.get("users.info", user="U00000001")["ok"]  # of another bucket
    slack.fake.tick(60)
    assert slack.get("users.list")["ok"]


def test_low_limits_are_fifteen_messages_once_a_minute(slack):
    root = slack.state.post(slack.channel, "text 0")
    for number in range(1, 40):
        slack.state.post(slack.channel, f"text {number}")
    slack.fake.low_regime = True
    page = slack.get(HISTORY, channel=slack.channel, limit=200)
    again = slack.send(HISTORY, channel=slack.channel, limit=200)

    assert (len(page["messages"]), page["has_more"]) == (15, True)
    assert (again.status_code, again.headers["retry-after"]) == (429, "60")
    assert slack.get(REPLIES, channel=slack.channel, ts=root)["ok"]  # a bucket of its own
    assert (
        slack.send(REPLIES, token=PERSON, channel=slack.channel, ts=root).status_code == 429
    )  # the app's, not a token's
    slack.fake.tick(60)
    assert slack.get(HISTORY, channel=slack.channel)["ok"]
