"""Slack's official description judges what `slack` asks and what the fake answers; it is of 2021, and says less."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from aragora_sync.connectors.slack.channels import Channel
from aragora_sync.connectors.slack.message import Message
from aragora_sync.connectors.slack.names import _name_of

from ..fakes.slack import BOT, PERSON
from ..fakes.web import Answer
from ..specs import description, spec_file
from .slack_desk import opened_desk

pytestmark = pytest.mark.contract

# What the vendor's file says otherwise, or what came after 2021: a part of the complaint, and why it is none.
NEWER = {
    "missing query parameter 'token'": "tokens travel in a header",
    "Additional properties are not allowed ('response_metadata' was unexpected)": "how pages of messages go on",
    "Additional properties are not allowed ('file_access' was unexpected)": "files that only files.info tells of",
    "shares/public: Additional properties are not allowed ('C": "keyed by channel",
    "'root' was unexpected": "what a reply answers that was sent to the channel, too",
    "'is_locked' w": "of threads",
    "error: 'not_in_channel' is not one of": "the most usual refusal of all",
}


@pytest.fixture
def desk(tmp_path):
    with opened_desk(tmp_path) as made:
        made.fake.answers = []
        yield made


def _judged(answer: Answer) -> Answer:
    """Errors come with status 200, too; the description keeps them apart."""
    return replace(answer, status=400) if not answer.body["ok"] else answer


def complaints(desk) -> Counter[str]:
    judge = description("slack/slack_web_openapi_v2.json", "/api")
    api = [(asked, answer) for asked, answer in desk.fake.answers if asked.path.startswith("/api/")]
    assert api
    found = [problem for asked, answer in api for problem in judge.problems(asked, _judged(answer))]
    return Counter(problem for problem in found if not any(known in problem for known in NEWER))


def test_whatever_is_asked_and_answered_is_described(desk):
    state = desk.fake.state
    gone, root = desk.post("going"), desk.post("question")
    other = state.create_channel("open", member=False)
    state.post(other, f"<@{state.add_user('cleo', stranger=True)}> <!subteam^S00000001>")
    desk.reply(root, "answer", broadcast=True)
    state.share_file(desk.channel, "look", "plan.txt", b"the plan", file_access="check_file_info")
    desk.options |= {"include_files": True, "channels": ["general", "open", "absent"]}
    desk.options["credentials"] = {"SLACK_BOT_TOKEN": BOT, "SLACK_USER_TOKEN": PERSON}
    desk.sync()  # full
    desk.sync()  # no change
    state.edit(desk.channel, root, "edited")
    desk.reply(root, "late")
    desk.sync()
    state.delete(desk.channel, gone)
    state.delete(desk.channel, root)
    desk.sync()
    desk.reconcile()
    desk.options["credentials"] = {"SLACK_BOT_TOKEN": BOT}
    desk.sync()  # joins
    list(desk.connector().check())

    assert complaints(desk) == {}


@pytest.mark.parametrize("method", ["users.conversations", "conversations.list"])
def test_recorded_channels_are_read(method):
    sample = json.loads(spec_file(f"samples/slack-api/{method}.json").read_text())

    assert [Channel.read(raw, is_member=True).id for raw in sample["channels"]]


def test_recorded_people_are_read():
    sample = json.loads(spec_file("samples/slack-api/users.list.json").read_text())

    assert all(isinstance(_name_of(raw), str) for raw in sample["members"])


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
def test_recorded_messages_are_read(method):
    sample = json.loads(spec_file(f"samples/slack-api/{method}.json").read_text())

    assert all(Message.read(raw).version(True) for raw in sample["messages"])
