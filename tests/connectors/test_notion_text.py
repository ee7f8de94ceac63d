"""How `notion` writes what it reads: rich text, properties of every type, and Notion's own Markdown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aragora_sync.connectors.notion.dialect import body_of
from aragora_sync.connectors.notion.ids import address_of, id_of
from aragora_sync.connectors.notion.moments import LATENESS, is_settled, reached
from aragora_sync.connectors.notion.properties import is_cut, lines_of, title_of, value_of, values_of
from aragora_sync.connectors.notion.richtext import markdown, unsigned

ID = "b55c9c91-384d-452b-b81a-8cfd33d40a1a"
BARE = ID.replace("-", "")
SIGNED = "https://files.example/plan.pdf?X-Amz-Expires=3600&X-Amz-Signature=abc"
NAMES = {"u1": "Ann"}


def rich(text: str, href: str | None = None, **marks: bool) -> dict:
    return {"type": "text", "plain_text": text, "href": href, "annotations": marks}


def shown(told: str) -> str:
    return body_of(told).text


# Ids


@pytest.mark.parametrize(
    "text",
    [
        ID,
        BARE,
        BARE.upper(),
        f" {ID} ",
        f"https://www.notion.so/{BARE}",
        f"https://www.notion.so/acme/My-page-{BARE}?pvs=4",
        f"https://www.notion.so/acme/Report-20261120-{BARE}",
        f"https://www.notion.so/acme/Feed-{ID}/",
        f"https://www.notion.so/acme/{BARE}?v=0123456789abcdef0123456789abcdef",
        f"https://app.notion.com/p/{BARE}#0123456789abcdef0123456789abcdef",
    ],
)
def test_ids_are_read_however_people_write_them(text):
    assert id_of(text) == ID


@pytest.mark.parametrize("text", ["", "tasks", "https://www.notion.so/acme", BARE[:-1], f"https://e.org/x?v={BARE}"])
def test_other_text_holds_no_id(text):
    assert id_of(text) == ""


def test_address_of_a_block_is_that_of_its_page():
    assert address_of(ID, ID) == f"https://www.notion.so/{BARE}#{BARE}"


# Minutes


def test_minute_is_settled_when_nothing_more_can_happen_in_it():
    now = datetime(2026, 11, 20, 10, 6, 31, tzinfo=UTC)

    assert is_settled("2026-11-20T10:04", now)
    assert not is_settled("2026-11-20T10:05", now)


@pytest.mark.parametrize(
    ("before", "latest", "since"),
    [
        ("", "", "2026-11-20T10:00"),  # nothing was seen: from a little before now
        ("2026-11-20T09:00", "", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-20T09:30", "2026-11-20T09:31"),
        ("2026-11-20T09:00", "2026-11-20T10:05", "2026-11-20T10:00"),
        ("2026-11-20T10:03", "2026-11-20T10:05", "2026-11-20T10:03"),  # never back
        ("2026-11-20T09:00", "2026-11-20T12:00", "2026-11-20T10:00"),  # stamped by a clock that is ahead
    ],
)
def test_next_read_begins_where_this_one_can_be_trusted(before, latest, since):
    assert reached(before, latest, "2026-11-20T10:05", LATENESS) == since
    assert timedelta(minutes=2) <= LATENESS


# Rich text


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([rich("plain")], "plain"),
        ([rich(" bold ", bold=True)], " **bold** "),
        ([rich("all", bold=True, italic=True, strikethrough=True)], "~~***all***~~"),
        ([rich("a`b", code=True)], "``a`b``"),
        ([rich("`", code=True)], "`` ` ``"),
        ([rich("x", bold=True, code=True)], "**`x`**"),
        ([rich("here", href="https://example.com/a b(c)")], "[here](https://example.com/a%20b%28c%29)"),
        ([rich("2 * 3 [x] <b>")], "2 \\* 3 \\[x\\] \\<b>"),
        ([rich("   ", bold=True)], "   "),
        ([{"type": "equation", "plain_text": "x^2", "equation": {"expression": "x^2"}}], "$x^2$"),
        ([{"type": "mention", "plain_text": "@Anonymous", "mention": {"type": "user", "user": {"id": "u1"}}}], "@Ann"),
        ([{"type": "mention", "plain_text": "@Bob", "mention": {"type": "user", "user": {"id": "u2"}}}], "@Bob"),
        ([{"type": "mention", "plain_text": "2026-11-20", "mention": {"type": "date"}}], "2026-11-20"),
    ],
)
def test_rich_text_is_markdown(parts, expected):
    assert markdown(parts, NAMES) == expected


def test_signature_of_an_address_goes_and_other_questions_stay():
    assert unsigned(SIGNED) == "https://files.example/plan.pdf"
    assert unsigned("https://example.com/?page=2") == "https://example.com/?page=2"


# Properties


@pytest.mark.parametrize(
    ("kind", "held", "value", "line"),
    [
        ("rich_text", [rich("so"), rich(" it is", bold=True)], "so **it is**", "so **it is**"),
        ("number", 3, 3, "3"),
        ("number", 0, 0, "0"),
        ("select", {"name": "High", "color": "red"}, "High", "High"),
        ("multi_select", [{"name": "a"}, {"name": "b"}], ["a", "b"], "a, b"),
        ("status", {"name": "Done"}, "Done", "Done"),
        ("date", {"start": "2026-11-20", "end": None, "time_zone": None}, "2026-11-20", "2026-11-20"),
        ("date", {"start": "2026-11-20", "end": "2026-11-22"}, "2026-11-20 to 2026-11-22", "2026-11-20 to 2026-11-22"),
        ("date", {"start": "2026-11-20T10:00", "time_zone": "UTC"}, "2026-11-20T10:00 UTC", "2026-11-20T10:00 UTC"),
        ("people", [{"id": "u1"}, {"id": "u2", "name": "Bob"}, {"id": "u3"}], ["Ann", "Bob", "u3"], "Ann, Bob, u3"),
        ("files", [{"name": "plan.pdf", "type": "file", "file": {"url": SIGNED}}], ["plan.pdf"], "plan.pdf"),
        ("files", [{"name": "x", "external": {"url": "https://e.org/x"}}], ["https://e.org/x"], "https://e.org/x"),
        ("checkbox", True, True, "yes"),
        ("checkbox", False, False, "no"),
        ("url", "https://example.com", "https://example.com", "https://example.com"),
        ("email", "a@example.com", "a@example.com", "a@example.com"),
        ("phone_number", "+1 555", "+1 555", "+1 555"),
        ("formula", {"type": "string", "string": "yes"}, "yes", "yes"),
        ("formula", {"type": "boolean", "boolean": False}, False, "no"),
        ("formula", {"type": "date", "date": {"start": "2026-11-20"}}, "2026-11-20", "2026-11-20"),
        ("relation", [{"id": ID}], [ID], ID),
        ("rollup", {"type": "number", "number": 7, "function": "sum"}, 7, "7"),
        ("rollup", {"type": "array", "array": [{"type": "number", "number": 1}]}, [1], "1"),
        ("created_time", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000Z"),
        ("created_by", {"id": "u1"}, "Ann", "Ann"),
        ("last_edited_time", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:00.000Z"),
        ("last_edited_by", {"id": "u1"}, "Ann", "Ann"),
        ("unique_id", {"prefix": "T", "number": 9}, "T-9", "T-9"),
        ("unique_id", {"prefix": None, "number": 9}, 9, "9"),
        ("verification", {"state": "verified"}, "verified", "verified"),
        ("place", {"name": "Office", "address": "Main St", "lat": 1, "lon": 2}, "Office, Main St", "Office, Main St"),
        ("place", {"lat": 1.5, "lon": 2}, "1.5, 2", "1.5, 2"),
    ],
)  # fmt: skip
def test_property_of_every_type_is_a_value_and_a_line(kind, held, value, line):
    raw = {"id": "x", "type": kind, kind: held}

    assert value_of(raw, NAMES) == value
    assert lines_of({"Name": value}) == f"- **Name**: {line}"


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "button", "button": {}},
        {"type": "select", "select": None},
        {"type": "date", "date": None},
        {"type": "people", "people": []},
        {"type": "rollup", "rollup": {"type": "incomplete", "incomplete": {}}},
        {"type": "formula", "formula": {"type": "string", "string": None}},
        {"type": "rich_text", "rich_text": []},
    ],
)
def test_empty_properties_are_left_out(raw):
    assert values_of({"Name": {"id": "x", **raw}}, NAMES) == {}


def test_unknown_property_is_kept_as_it_is_and_said():
    value = value_of({"id": "x", "type": "hologram", "hologram": {"depth": 3}}, NAMES)

    assert value == {"unsupported": "hologram", "hologram": {"depth": 3}}
    assert lines_of({"Name": value}) == "- **Name**: <!-- unsupported property: hologram -->"


def test_title_is_no_property_of_its_own():
    properties = {"Task": {"id": "title", "type": "title", "title": [rich("Write", bold=True), rich(" it")]}}

    assert title_of(properties) == "Write it"
    assert values_of(properties, NAMES) == {}


@pytest.mark.parametrize(
    ("raw", "cut"),
    [
        ({"type": "relation", "relation": [{"id": "a"}] * 25, "has_more": True}, True),
        ({"type": "relation", "relation": [{"id": "a"}] * 25, "has_more": False}, False),
        ({"type": "people", "people": [{"id": "a"}] * 25}, True),
        ({"type": "people", "people": [{"id": "a"}] * 24}, False),
        ({"type": "rich_text", "rich_text": [rich("x")] * 25}, True),
        ({"type": "title", "title": [rich("x")] * 25}, True),
        ({"type": "rollup", "rollup": {"type": "incomplete"}}, True),
        ({"type": "rollup", "rollup": {"type": "array", "array": [{}] * 25}}, True),
        ({"type": "rollup", "rollup": {"type": "number", "number": 1}}, False),
        ({"type": "multi_select", "multi_select": [{"name": "x"}] * 25}, False),
    ],
)
def test_whether_more_values_must_be_asked_for(raw, cut):
    assert is_cut(raw) is cut


# Notion's Markdown


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ('# Head {color="red"}', "# Head"),
        ('#### Deep {toggle="true" color="blue"}\n\tinside', "#### Deep\n\ninside"),
        ("one\ntwo", "one\n\ntwo"),
        ("one<br>still one", "one<br>still one"),
        ("- a\n\t- b\n\t\tc\n- d", "- a\n  - b\n\n    c\n\n- d"),
        ("1. a\n\tb\n2. c", "1. a\n\n   b\n\n2. c"),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
        ("> quoted<br>twice", "> quoted<br>twice"),
        ("---", "---"),
        ("a\n<empty-block/>\nb", "a\n\nb"),
        ("```python\nif x:\n\treturn {1}\n```", "```python\nif x:\n\treturn {1}\n```"),
        ("```plain text\n<page>\n```", "```\n<page>\n```"),
        ("- a\n\t```js\n\tf()\n\t\tg()\n\t```", "- a\n\n  ```js\n  f()\n  \tg()\n  ```"),
        ("$$\nx^2\n$$", "$$\nx^2\n$$"),
        ("so $`x_1`$ is", "so $x_1$ is"),
        ("`<page>` \\{a\\} \\$1 \\* b", "`<page>` {a} $1 \\* b"),
        ('<span color="red">red</span> and <span underline="true">more</span>', "red and more"),
        (
            "<details>\n<summary>More</summary>\n\tinside\n</details>",
            "<details>\n\n<summary>More</summary>\n\ninside\n\n</details>",
        ),
        ('<callout icon="💡" color="gray_bg">\n\tone\n\ttwo\n</callout>', "> [!NOTE] 💡\n>\n> one\n>\n> two"),
        ("<columns>\n\t<column>\n\t\tl\n\t</column>\n\t<column>\n\t\tr\n\t</column>\n</columns>", "l\n\nr"),
        (f'<synced_block url="https://n.so/{BARE}#{BARE}">\n\tshared\n</synced_block>', "shared"),
        (f'<synced_block_reference url="https://n.so/{BARE}">\n\tcopied\n</synced_block_reference>', "copied"),
        ("<table_of_contents/>\nx", "x"),
        (f'<mention-page url="https://n.so/Plan-{BARE}">Plan</mention-page>', f"[Plan](https://www.notion.so/{BARE})"),
        ('<mention-user url="user://u1">Ann</mention-user>', "@Ann"),
        ('<mention-date start="2026-11-20" end="2026-11-21"/>', "2026-11-20 to 2026-11-21"),
        (f'<file src="{SIGNED}">The plan</file>', "[The plan](https://files.example/plan.pdf)"),
        (f'<pdf src="{SIGNED}"></pdf>', "[plan.pdf](https://files.example/plan.pdf)"),
        (f"![Picture]({SIGNED})", "![Picture](https://files.example/plan.pdf)"),
        ('<unknown url="https://n.so/x" alt="ai_block"/>', "<!-- unsupported block: ai_block -->"),
        (
            "<meeting-notes>\n\tStandup\n\t<summary>\n\t\tshort\n\t</summary>\n\t<notes>\n\t\tlong\n\t</notes>\n</meeting-notes>",
            "Standup\n\nshort\n\nlong",
        ),
    ],
)  # fmt: skip
def test_notions_markdown_becomes_everybodys(told, expected):
    assert shown(told) == expected


def test_table_becomes_one_of_pipes():
    told = (
        '<table header-row="true">\n\t<tr>\n\t\t<td>A</td>\n\t\t<td>B | b</td>\n\t</tr>\n'
        "\t<tr>\n\t\t<td>1<br>2</td>\n\t</tr>\n</table>\nafter"
    )

    assert shown(told) == "| A | B \\| b |\n| --- | --- |\n| 1<br>2 |  |\n\nafter"
    assert shown(told.replace(' header-row="true"', "")).startswith("|  |  |\n| --- | --- |\n| A |")


def test_pages_and_databases_are_links_and_told_apart():
    other = "2f26ee68-df30-4251-aad4-8ddc420cba3d"
    told = (
        f'<page url="https://www.notion.so/{BARE}" color="red">Child &amp; more</page>\n'
        f'<database url="https://www.notion.so/{other}" inline="true">Tasks</database>\n'
        f'<mention-page url="https://www.notion.so/{other}">elsewhere</mention-page>'
    )
    body = body_of(told)

    assert (body.pages, body.databases) == ([ID], [other])
    assert body.text.startswith(f"[page](https://www.notion.so/{BARE})\n\n[database](https://www.notion.so/2f26")
