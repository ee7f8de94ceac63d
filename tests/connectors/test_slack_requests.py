"""How many requests `slack` needs: the minimum that the API allows, for a first run and for one without changes."""

from __future__ import annotations

import math

import pytest

from .slack_desk import HISTORY, REPLIES, opened_desk

PAGE = 200
CHANNELS, MESSAGES, THREADS, USERS = 3, 450, 7, 410


@pytest.fixture
def desk(tmp_path):
    """Each channel has messages of many days, and some threads; there are many people."""
    with opened_desk(tmp_path) as made:
        state = made.fake.state
        channels = [made.channel, *(state.create_channel(f"more-{number}") for number in range(CHANNELS - 1))]
        while len(state.users) < USERS:
            state.add_user("someone")
        for channel in channels:
            for number in range(MESSAGES):
                ts = state.post(channel, f"text {number}", ts=state.ago(85 - number * 85 / MESSAGES))
                if number >= MESSAGES - THREADS:
                    state.reply(channel, ts, "answer")
        yield made


def recent(desk, channel) -> int:
    """How many messages of a channel a run looks through again: those of 30 days."""
    since = desk.fake.now.timestamp() - 30 * 86_400
    messages = desk.fake.state.channels[channel].messages
    return sum(float(ts) >= since for ts, raw in messages.items() if raw.get("thread_ts", ts) == ts)


def test_first_run(desk):
    """⌈C/200⌉ lists + Σ⌈m/200⌉ pages + one request per thread + ⌈U/200⌉ pages of people + one for the address."""
    desk.sync()

    assert desk.calls() == {
        "users.conversations": math.ceil(CHANNELS / PAGE),
        HISTORY: CHANNELS * math.ceil(MESSAGES / PAGE),
        REPLIES: CHANNELS * THREADS,
        "users.list": math.ceil(USERS / PAGE),
        "auth.test": 1,
    }


def test_run_without_changes(desk):
    """One list + Σ max(1, ⌈m30/200⌉) pages, and nothing else."""
    desk.sync()
    result = desk.sync()
    pages = sum(max(1, math.ceil(recent(desk, channel) / PAGE)) for channel in desk.fake.state.channels)

    assert desk.calls() == {"users.conversations": 1, HISTORY: pages}
    assert pages == CHANNELS
    assert (result.counts.created, result.counts.updated) == (0, 0)


def test_late_reply_costs_one_request_for_its_thread_and_names(desk):
    desk.sync()
    root = max(desk.fake.state.channels[desk.channel].roots())
    desk.reply(root, "late")
    desk.sync()

    assert desk.calls()[REPLIES] == 1
    assert desk.calls()["users.list"] == math.ceil(USERS / PAGE)


def test_reconcile_reads_all_pages_and_the_threads_with_replies(desk):
    desk.sync()
    desk.reconcile()  # which begins with what changed, as every run

    assert desk.calls()[HISTORY] == CHANNELS * (math.ceil(MESSAGES / PAGE) + 1)
    assert desk.calls()[REPLIES] == CHANNELS * THREADS


def test_named_channels_that_the_app_is_in_need_one_list(desk):
    desk.options["channels"] = ["general"]
    desk.sync()
    assert desk.calls()["users.conversations"] == 1 and "conversations.list" not in desk.calls()

    desk.options |= {"channels": [], "channel_patterns": ["^more-"]}
    desk.sync()
    assert desk.calls()["conversations.list"] == 1 and "users.conversations" not in desk.calls()
