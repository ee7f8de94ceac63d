"""What Slack's events say changed."""

from __future__ import annotations

import json

import pytest

from aragora_sync.core.hints import Hint

from ..specs import spec_file
from .test_webhooks import post_of

SAMPLES = (
    *("AppRateLimited", "ChannelArchive", "ChannelDeleted", "ChannelRename", "MemberJoinedChannel", "MessageChanged"),
    *("MessageDeleted", "MessageFileShare", "Message", "MessageReplied", "MessageThreadBroadcast", "ReactionAdded"),
)


def envelope(**event: object) -> dict[str, object]:
    return {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": {"type": "message", **event}}


def test_the_challenge_is_given_back_to_slack_alone():
    post = post_of("slack")
    told = {"type": "url_verification", "challenge": "3eZbrw1aB", "token": "old"}
    answer = post(told)

    assert (answer.body, answer.content_type[:10], answer.hints) == (b"3eZbrw1aB", "text/plain", ())
    assert post({**told, "challenge": "\ud800"}).body == b"?"


@pytest.mark.parametrize(
    ("event", "thread"),
    [
        ({"ts": "10.1"}, "10.1"),
        ({"ts": "11.1", "thread_ts": "10.1"}, "10.1"),
        ({"ts": "12.1", "subtype": "message_changed", "message": {"ts": "10.1", "edited": {}}}, "10.1"),
        ({"ts": "12.1", "subtype": "message_changed", "message": {"ts": "11.1", "thread_ts": "10.1"}}, "10.1"),
        (
            {"ts": "13.1", "subtype": "message_deleted", "deleted_ts": "10.1", "previous_message": {"ts": "10.1"}},
            "10.1",
        ),
        (
            {
                "ts": "13.1",
                "subtype": "message_deleted",
                "deleted_ts": "11.1",
                "previous_message": {"ts": "11.1", "thread_ts": "10.1"},
            },
            "10.1",
        ),
        ({"ts": "13.1", "subtype": "message_deleted", "deleted_ts": "10.1"}, "10.1"),
    ],
)
def test_a_message_names_its_thread(event, thread):
    told = envelope(channel="C01", **event)

    assert post_of("slack").hints(told) == (Hint("T1/C01", (f"T1/C01/{thread}",)),)


def test_without_threads_a_message_names_itself():
    told = envelope(channel="C01", ts="11.1", thread_ts="10.1")

    assert post_of("slack", include_threads=False).hints(told) == (Hint("T1/C01", ("T1/C01/11.1",)),)


def test_a_channel_of_several_workspaces_is_looked_through():
    told = {**envelope(channel="C01", ts="10.1"), "is_ext_shared_channel": True}

    assert post_of("slack").hints(told) == (Hint(),)


def test_the_same_event_has_the_same_name_however_often_slack_tries():
    post = post_of("slack")

    assert post(envelope(channel="C01", ts="10.1")).once == "Ev1"


@pytest.mark.parametrize("name", SAMPLES)
def test_recorded_envelopes_are_understood(name, caplog):
    told = json.loads(spec_file(f"samples/slack-events/{name}Payload.json").read_text())
    hints = post_of("slack").hints(told)

    assert "unexpected form" not in caplog.text
    assert (hints == ()) == (name == "ReactionAdded")


def test_a_rate_limited_app_reads_what_it_missed():
    told = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1763652000, "api_app_id": "A1"}

    assert post_of("slack").hints(told) == (Hint(),)
