"""The fake of Notion, asked plainly: pages in its own Markdown."""

from __future__ import annotations

import pytest

from ..fakes.notion_model import block, equation, mention, table, text


@pytest.fixture
def written(notion, space, top):
    """A page of these blocks in Markdown."""

    def markdown(*blocks):
        return notion.text(space.create_page(top, "page", *blocks))

    return markdown


def test_children_are_indented_with_tabs(written):
    listed = block("bulleted_list_item", "a", block("to_do", "b", "c", checked=True))

    assert written(listed, block("numbered_list_item", "n")) == "- a\n\t- [x] b\n\t\tc\n1. n"


def test_what_is_special_is_escaped_outside_of_code(written):
    assert written("a*b_[c]|{d}") == r"a\*b_\[c\]\|\{d\}"
    assert written(block("code", "a*b\n`x`", language="python")) == "```python\na*b\n`x`\n```"
    assert written(block("paragraph", text("a*b", "code"))) == "`a*b`"


def test_text_has_marks_colors_and_links(written):
    parts = [text("b", "bold", "italic"), text("u", "underline"), text("r", color="red_background")]

    assert written(block("paragraph", parts)) == ('***b***<span underline="true">u</span><span color="red_bg">r</span>')
    assert written(block("paragraph", text("l", link="https://x.example"))) == "[l](https://x.example)"
    assert written(block("heading_2", "h", color="blue")) == '## h {color="blue"}'


def test_mentions_are_tags_or_links(space, top, written):
    bare = top.replace("-", "")

    assert written(block("paragraph", mention("user", space.owner))) == (
        f'<mention-user url="user://{space.owner}">Ann Owner</mention-user>'
    )
    assert written(block("paragraph", mention("page", top))) == (
        f'<mention-page url="https://www.notion.so/{bare}">Top</mention-page>'
    )
    assert written(block("paragraph", mention("date", "2026-11-20"))) == '<mention-date start="2026-11-20"/>'
    link = "https://x.example"
    assert written(block("paragraph", mention("link_mention", link))) == f"[{link}]({link})"
    assert written(block("paragraph", mention("template_mention", "today"))) == "@Today"
    assert written(block("paragraph", mention("custom_emoji", "wave"))) == ":wave:"


def test_what_markdown_does_not_know_comes_as_tags(written):
    assert written(block("toggle", "more", "inner")) == "<details>\n<summary>more</summary>\n\tinner\n</details>"
    assert written(block("callout", "look", icon="💡")) == '<callout icon="💡">\n\tlook\n</callout>'
    assert written(block("heading_1", "h", "inner")) == '# h {toggle="true"}\n\tinner'
    assert written("") == "<empty-block/>"
    assert written("two\nlines") == "two<br>lines"


def test_markdown_has_other_forms_too(notion, written):
    notion.fake.fenced_callouts = notion.fake.ticked_formulas = True

    assert written(block("callout", "look", "inner", icon="!")) == '::: callout {icon="!"}\nlook\ninner\n:::'
    assert written(block("paragraph", equation("e"))) == "$`e`$"


def test_tables_are_tags(written):
    expected = (
        '<table header-row="true" header-column="false">\n\t<tr>\n\t\t<td>a</td>\n\t\t<td>b</td>\n\t</tr>\n</table>'
    )

    assert written(table(["a", "b"])) == expected


def test_pages_and_databases_in_it_are_links(notion, space, top):
    page, database = space.create_page(top, "in"), space.create_database(top, "Tasks", inline=True)
    bare = [each.replace("-", "") for each in (page, database)]

    assert notion.text(top) == (
        f'<page url="https://www.notion.so/in-{bare[0]}">in</page>\n'
        f'<database url="https://www.notion.so/{bare[1]}" inline="true">Tasks</database>'
    )


def test_blocks_that_markdown_cannot_show_yet_are_unknown_but_not_missing(notion, space, top):
    mark = space.append(top, block("bookmark", url="https://x.example"))[0]

    told = notion.get(f"pages/{top}/markdown")

    address = f"https://www.notion.so/{top.replace('-', '')}#{mark.replace('-', '')}"
    assert told["markdown"] == f'<unknown url="{address}" alt="bookmark"/>\n'
    assert (told["truncated"], told["unknown_block_ids"]) == (False, [])


def test_a_page_that_is_too_long_is_told_in_parts(notion, space, top):
    _first, second = space.append(top, block("toggle", "t", "inner"), block("quote", "second", "inner"))
    notion.fake.record_limit = 2

    told = notion.get(f"pages/{top}/markdown")

    assert (told["truncated"], told["unknown_block_ids"]) == (True, [second])
    assert f"#{second.replace('-', '')}" in told["markdown"]
    assert notion.text(second) == "> second\n\tinner"


def test_some_blocks_are_unknown_for_ever(notion, space, top):
    bad = space.append(top, "words")[0]
    space[bad].unrenderable = True

    assert notion.get(f"pages/{top}/markdown")["unknown_block_ids"] == [bad]
    assert notion.get(f"pages/{bad}/markdown")["unknown_block_ids"] == [bad]


def test_a_page_in_it_that_is_not_shared_is_unknown(notion, space, top):
    secret = space.create_page(top, "secret")
    space.unshare(secret)

    told = notion.get(f"pages/{top}/markdown")

    assert (told["truncated"], told["unknown_block_ids"]) == (True, [secret])
    assert "secret" not in told["markdown"]
    assert notion.refused("GET", f"pages/{secret}/markdown") == (404, "object_not_found")


def test_a_synced_copy_is_written_with_the_original(notion, space, top):
    original = space.append(top, block("synced_block", "", "words"))[0]
    page = space.create_page(top, "other", block("synced_block", synced_from=original))

    assert notion.text(page).startswith("<synced_block_reference url=")
    assert "\twords\n" in notion.text(page)


def test_transcripts_are_written_on_demand(notion, space, top):
    parts = (block("paragraph", "", "short"), block("paragraph", "", "mine"), block("paragraph", "", "all said"))
    space.append(top, block("meeting_notes", "Weekly", *parts))

    assert "all said" not in notion.text(top)
    assert "all said" in notion.get(f"pages/{top}/markdown", include_transcript="true")["markdown"]


def test_a_page_may_end_at_a_divider(notion, space, top):
    space.append(top, "before", block("divider"), "after")
    notion.fake.prefix_only.add(top)

    assert notion.text(top) == "before"


def test_the_endpoint_may_be_missing(notion, top):
    notion.fake.without_markdown = True

    assert notion.refused("GET", f"pages/{top}/markdown") == (400, "invalid_request_url")
