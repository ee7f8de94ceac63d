"""How messages of `slack` read: markup, blocks, names, titles; and how times and windows are reckoned."""

from __future__ import annotations

import json

import pytest

from aragora_sync.connectors.slack.blocks import blocks_of, text_of
from aragora_sync.connectors.slack.channels import Channel, Wanted
from aragora_sync.connectors.slack.message import Message, thread_of
from aragora_sync.connectors.slack.moments import before, moment_of, ts_of
from aragora_sync.connectors.slack.mrkdwn import markdown_of
from aragora_sync.connectors.slack.window import TOP, Window
from aragora_sync.core.errors import ConfigError, CursorExpired

from ..specs import spec_file

TS = "1763650000.123456"


class Names:
    """Everybody is called by what stands here."""

    def user(self, user_id: str) -> str:
        return {"U1": "Ann", "U2": "Bob"}.get(user_id, user_id)

    def group(self, group_id: str) -> str:
        return {"S1": "oncall"}.get(group_id, group_id)

    def channel(self, channel_id: str) -> str:
        return {"C1": "general"}.get(channel_id, channel_id)


NAMES = Names()


def message(**raw: object) -> Message:
    return Message.read({"type": "message", "ts": TS, **raw})


# 18: markup


def test_case_18_mentions_links_and_escapes_become_markdown_and_code_stays():
    assert markdown_of("<@U1> &lt;b&gt; <https://a.b|x>", NAMES) == "@Ann <b> [x](https://a.b)"
    assert markdown_of("`*a* ~b~`", NAMES) == "`*a* ~b~`"
    assert markdown_of("```*a*\n~b~ &amp;```", NAMES) == "```\n*a*\n~b~ &\n```"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("*bold* _soft_ ~gone~", "**bold** _soft_ ~~gone~~"),
        ("2*3*4 and a*b", "2*3*4 and a*b"),
        ("*<@U1> did it*", "**@Ann did it**"),
        ("<@U9> <@U1|ann> <@W7>", "@U9 @Ann @W7"),
        ("<#C1> <#C2|random> <#C1|>", "#general #random #general"),
        ("<!subteam^S1> <!subteam^S2|@ops>", "@oncall @ops"),
        ("<!here> <!channel> <!everyone>", "@here @channel @everyone"),
        ("<!date^1763650000^{date}|Nov 20th>", "2025-11-20T14:46:40Z (Nov 20th)"),
        ("<!date^x^{date}|some day>", "some day"),
        ("<mailto:a@b.c|a@b.c> <https://a.b>", "a@b.c https://a.b"),
        ("<https://a.b/(x)|a ]b>", "[a \\]b](https://a.b/%28x%29)"),
        ("<https://a.b?x=1&amp;y=2|x>", "[x](https://a.b?x=1&y=2)"),
        ("&gt; quoted\nnot &amp;lt;", "> quoted\nnot &lt;"),
        ("1 < 2 > 1, a <", "1 < 2 > 1, a <"),
        (":+1::skin-tone-3:", ":+1::skin-tone-3:"),
    ],
)
def test_markup_reads_as_markdown(text, shown):
    assert markdown_of(text, NAMES) == shown


# Blocks


def rich(*elements: object) -> list[dict[str, object]]:
    return [{"type": "rich_text", "elements": list(elements)}]


def section(*leaves: object, kind: str = "rich_text_section") -> dict[str, object]:
    return {"type": kind, "elements": list(leaves)}


def text(words: str, **style: bool) -> dict[str, object]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def test_rich_text_is_read_with_its_styles_mentions_and_lists():
    blocks = rich(
        section(
            text("see "), text("this ", bold=True), {"type": "user", "user_id": "U1"}, text(" & "), text("x", code=True)
        ),
        {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [section(text("third"))]},
        section(text("a\nb"), kind="rich_text_quote"),
        section(text("if x:\n  *y*"), {"type": "link", "url": "https://a.b"}, kind="rich_text_preformatted"),
        section(
            {"type": "link", "url": "https://a.b", "text": "there"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "tada"},
            {"type": "date", "timestamp": 1763650000, "fallback": "then"},
            {"type": "color", "value": "#fff"},
            {"type": "news", "of": "tomorrow"},
        ),
    )

    assert blocks_of(blocks, NAMES).splitlines() == [
        "see **this** @Ann & `x`",
        "    3. third",
        "> a",
        "> b",
        "```",
        "if x:",
        "  *y*https://a.b",
        "```",
        "[there](https://a.b)@oncall#general@here:tada:2025-11-20T14:46:40Z (then)#fff",
    ]


def test_blocks_of_apps_are_read_and_unknown_ones_say_nothing():
    mrkdwn = {"type": "mrkdwn", "text": "*up* <@U1>"}
    plain = {"type": "plain_text", "text": "*as it is*"}
    blocks = [
        {"type": "header", "text": plain},
        {"type": "section", "text": mrkdwn, "fields": [plain]},
        {"type": "divider"},
        {"type": "context", "elements": [mrkdwn, {"type": "image", "alt_text": "face"}]},
        {"type": "image", "alt_text": "a chart"},
        {"type": "actions", "elements": [{"type": "button", "text": plain}]},
        {"type": "markdown", "text": "# raw"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a|b"}], [{"type": "raw_text", "text": "c"}]]},
        {"type": "video", "title": plain, "title_url": "https://v"},
        {"type": "of tomorrow"},
    ]

    assert blocks_of(blocks, NAMES).split("\n\n") == [
        "### *as it is*",
        "**up** @Ann\n*as it is*",
        "**up** @Ann face",
        "Image: a chart",
        "[*as it is*]",
        "# raw",
        "| a\\|b |\n| --- |\n| c |",
        "Video: [*as it is*](https://v)",
    ]


def test_blocks_win_over_text_and_attachments_follow():
    shown = text_of(
        message(
            text="for notifications",
            blocks=rich(section(text("the words"))),
            attachments=[
                {
                    "pretext": "look",
                    "title": "T",
                    "title_link": "https://t",
                    "text": "x",
                    "fields": [{"title": "f", "value": "v"}],
                },
                {"fallback": "only this", "author_name": "Ann &amp; Bob", "footer": "Posted in #general"},
            ],
            files=[{"id": "F1", "title": "plan", "permalink": "https://f"}, {"id": "F2", "mode": "tombstone"}],
        ),
        NAMES,
    )

    assert (
        shown
        == "the words\n\nlook\n[T](https://t)\nx\nf: v\n\nAnn & Bob\nonly this\nPosted in #general\n\nFile: [plan](https://f)"
    )


@pytest.mark.parametrize("name", ["conversations.history", "conversations.replies"])
@pytest.mark.contract
def test_whatever_slack_may_send_is_read(name):
    """The recorded samples hold every field that was ever seen, with blank values."""
    sample = json.loads(spec_file(f"samples/slack-api/{name}.json").read_text())
    for raw in sample["messages"]:
        assert isinstance(text_of(Message.read(raw), NAMES), str)
        assert Message.read(raw).version(True)


# Messages and threads


def test_version_moves_with_what_is_read_and_not_with_reactions():
    plain = message(text="a")
    same = message(text="a", reactions=[{"name": "tada"}], subscribed=True, reply_users=["U1"])
    others = [
        message(text="b"),
        message(text="a", edited={"user": "U1", "ts": "1763650001.000000"}),
        message(text="a", files=[{"id": "F1"}]),
        message(text="a", attachments=[{"text": "unfurled"}]),
        message(text="a", reply_count=1, latest_reply="1763650002.000000"),
    ]

    assert plain.version(True) == same.version(True)
    assert len({each.version(True) for each in [plain, *others]}) == 1 + len(others)


def test_thread_that_repeats_its_first_message_on_each_page_has_it_once():
    root, first, second = ({"ts": f"176365000{n}.000000", "text": str(n)} for n in range(3))
    thread = thread_of(root["ts"], [root, first, root, second], "v")

    assert thread is not None and [each.ts for each in thread.messages] == [root["ts"], first["ts"], second["ts"]]


# 10: time


def test_case_10_timestamps_keep_all_their_digits():
    assert ts_of(moment_of(TS)) == TS
    assert before(TS, 0.000001) == "1763650000.123455"
    assert before("0000000001.000000", 5) == "0000000000.000000"
    cursor = Window.everything(TS, TS).down_to(TS, TS).cursor()
    assert Window.read(json.loads(json.dumps(cursor))).below == TS


def test_next_window_reaches_back_thirty_days_from_when_the_last_began_but_not_below_the_first():
    day = 86_400
    first = Window.everything(before(TS, 90 * day), TS).down_to("1763640000.000000", TS).closed()
    later = before(TS, -3600)

    assert first.next(later) == Window(first.since, before(TS, 30 * day), later, TS, TOP)
    assert Window.everything(before(TS, 7 * day), TS).next(later).floor == before(TS, 7 * day)


def test_next_window_reaches_what_is_new_even_where_the_clock_was_ahead():
    ahead = before(TS, -400 * 86_400)
    closed = Window.everything("1000000000.000000", ahead).down_to(TS, TS).closed()

    assert closed.next(ahead).floor == before(TS, 60)


@pytest.mark.parametrize("cursor", ["text", {"v": 9}, [1], {"since": TS}])
def test_cursor_of_another_kind_begins_anew(cursor):
    with pytest.raises(CursorExpired):
        Window.read(cursor)


# Channels


def channel(channel_id: str, name: str, *earlier: str, member: bool = True) -> Channel:
    return Channel(channel_id, name, is_member=member, earlier_names=earlier)


def test_channels_are_meant_by_name_id_pattern_and_former_name():
    there = [
        channel("C1", "general"),
        channel("C2", "team-red", member=False),
        channel("C3", "new", "old"),
        channel("C4", "old-things"),
    ]

    def meant(*names: str, patterns: tuple[str, ...] = ()) -> list[str]:
        return [each.id for each in Wanted(names, patterns).among(there)]

    assert meant() == ["C1", "C3", "C4"]
    assert meant("#general", "C2") == ["C1", "C2"]
    assert meant("old") == ["C3"]
    assert meant(patterns=("^team-",)) == ["C2"]
    assert meant(patterns=("old",)) == ["C3", "C4"]
    assert Wanted(["genral", "C1"], []).absent(there) == ["genral"]


def test_name_that_another_channel_has_now_is_that_channel():
    there = [channel("C1", "archive", "general"), channel("C2", "general")]

    assert [each.id for each in Wanted(["general"], []).among(there)] == ["C2"]


def test_pattern_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"channel_patterns\[1\]"):
        Wanted([], ["fine", "team-("])
