"""How `notion` writes blocks of every type, where pages are read block by block."""

from __future__ import annotations

from typing import Any

import pytest

from aragora_sync.connectors.notion.blocks import BlockReading
from aragora_sync.core.errors import NotFound

PAGE = "b55c9c91-384d-452b-b81a-8cfd33d40a1a"
OTHER = "2f26ee68-df30-4251-aad4-8ddc420cba3d"
DATABASE = "d9824bdc-8445-4327-be8b-5b47500af6ce"
HERE = "https://www.notion.so/b55c9c91384d452bb81a8cfd33d40a1a"
SIGNED = {"type": "file", "file": {"url": "https://files.example/x?X-Amz-Signature=abc"}}
OUTSIDE = {"type": "external", "external": {"url": "https://example.com/x"}}


class Shelf:
    """Blocks by the id of what holds them."""

    def __init__(self) -> None:
        self.held: dict[str, list[Any]] = {}
        self.asked: list[str] = []

    def children(self, block_id: str) -> list[Any]:
        self.asked.append(block_id)
        if block_id not in self.held:
            raise NotFound("not shared")
        return self.held[block_id]

    def names(self) -> dict[str, str]:
        return {}

    def put(self, where: str, *blocks: dict[str, Any]) -> None:
        """Blocks, each with what `below` says to be in it."""
        self.held[where] = []
        for number, block in enumerate(blocks):
            below = block.pop("below", None)
            block.setdefault("id", f"{where}/{number}")
            self.held[where].append({**block, "has_children": below is not None})
            if below is not None:
                self.put(block["id"], *below)


@pytest.fixture
def shelf():
    return Shelf()


def rich(text: str) -> list[Any]:
    return [{"type": "text", "plain_text": text, "annotations": {}}]


def block(kind: str, text: str = "", *below: Any, **more: Any) -> dict[str, Any]:
    held = {**({"rich_text": rich(text)} if text else {}), **more}
    return {"type": kind, kind: held, **({"below": list(below)} if below else {})}


def row(*cells: str) -> dict[str, Any]:
    return block("table_row", cells=[rich(cell) for cell in cells])


def written(shelf: Shelf, *blocks: dict[str, Any]) -> str:
    shelf.put(PAGE, *blocks)
    return BlockReading(shelf, PAGE).body().text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (block("paragraph", "text"), "text"),
        (block("paragraph", "text", block("paragraph", "below")), "text\n\nbelow"),
        (block("heading_1", "one"), "# one"),
        (block("heading_4", "four", block("paragraph", "toggled"), is_toggleable=True), "#### four\n\ntoggled"),
        (block("bulleted_list_item", "a", block("bulleted_list_item", "b")), "- a\n\n  - b"),
        (block("numbered_list_item", "a\nb", block("paragraph", "c")), "1. a\n   b\n\n   c"),
        (block("to_do", "open", checked=False), "- [ ] open"),
        (block("to_do", "done", checked=True), "- [x] done"),
        (block("toggle", "more", block("paragraph", "in")), "<details>\n<summary>more</summary>\n\nin\n\n</details>"),
        (block("quote", "said", block("paragraph", "on")), "> said\n>\n> on"),
        (block("callout", "look", icon={"type": "emoji", "emoji": "💡"}), "> [!NOTE] 💡\n> look"),
        (block("code", "x = 1", language="python"), "```python\nx = 1\n```"),
        (block("code", "a ``` b", language="plain text"), "````\na ``` b\n````"),
        (block("code", "x", language="c", caption=rich("why")), "```c\nx\n```\n\nwhy"),
        (block("equation", expression="x^2"), "$$\nx^2\n$$"),
        (block("divider"), "---"),
        (block("breadcrumb"), ""),
        (block("table_of_contents"), ""),
        (block("column_list", "", block("column", "", block("paragraph", "left"))), "left"),
        (block("tab", "", block("paragraph", "in")), "in"),
        (block("template", "", block("paragraph", "old")), "old"),
        (block("bookmark", url="https://example.com", caption=rich("see")), "[see](https://example.com)"),
        (block("embed", url="https://example.com/x"), "[https://example.com/x](https://example.com/x)"),
        (block("link_preview", url="https://e.org/1"), "[https://e.org/1](https://e.org/1)"),
        (block("image", **OUTSIDE, caption=rich("pic")), "![pic](https://example.com/x)"),
        (block("video", **OUTSIDE), "[https://example.com/x](https://example.com/x)"),
        (block("audio", **SIGNED, caption=rich("hear")) | {"id": OTHER}, f"[hear]({HERE}#{OTHER.replace('-', '')})"),
        (block("pdf", **SIGNED) | {"id": OTHER}, f"[pdf]({HERE}#{OTHER.replace('-', '')})"),
        (block("file", **SIGNED, name="plan.txt") | {"id": OTHER}, f"[plan.txt]({HERE}#{OTHER.replace('-', '')})"),
        (block("link_to_page", type="page_id", page_id=PAGE), f"[{PAGE}]({HERE})"),
        (block("meeting_notes", "", block("paragraph", "notes"), title=rich("Standup")), "Standup\n\nnotes"),
        (block("transcription", "", block("paragraph", "notes"), title=rich("Standup")), "Standup\n\nnotes"),
        (block("unsupported", block_type="ai_block"), "<!-- unsupported block: ai_block -->"),
        (block("hologram"), "<!-- unsupported block: hologram -->"),
        (block("synced_block", "", block("paragraph", "first"), synced_from=None), "first"),
    ],
)
def test_block_of_every_type_is_markdown(shelf, told, expected):
    assert written(shelf, told) == expected


def test_items_of_one_list_stand_together_and_count(shelf):
    items = [block("numbered_list_item", text) for text in "ab"]
    dots = [block("bulleted_list_item", text) for text in "xy"]

    assert written(shelf, *items, *dots, block("paragraph", "z")) == "1. a\n2. b\n\n- x\n- y\n\nz"


def test_table_has_a_head(shelf):
    told = block("table", "", row("A|a", "B"), row("1\n2"), has_column_header=True, table_width=2)
    assert written(shelf, told) == "| A\\|a | B |\n| --- | --- |\n| 1<br>2 |  |"

    told = block("table", "", row("1", "2"), has_column_header=False, table_width=2)
    assert written(shelf, told) == "|  |  |\n| --- | --- |\n| 1 | 2 |"


def test_copy_of_a_synced_block_shows_its_original(shelf):
    copy = block("synced_block", synced_from={"type": "block_id", "block_id": OTHER})
    shelf.put(OTHER, block("paragraph", "original"))

    assert written(shelf, copy) == "original"


def test_copy_of_what_is_not_shared_is_said(shelf):
    copy = block("synced_block", synced_from={"type": "block_id", "block_id": OTHER})

    assert written(shelf, copy) == "<!-- unsupported block: synced_block that is not shared -->"


def test_copy_within_its_original_ends(shelf):
    copy = block("synced_block", synced_from={"type": "block_id", "block_id": OTHER})
    shelf.put(OTHER, block("paragraph", "original"), copy)

    assert written(shelf, dict(copy)) == "original"


def test_pages_and_databases_are_named_and_not_entered(shelf):
    page = block("child_page", "", block("paragraph", "inside"), title="Child") | {"id": OTHER}
    database = block("child_database", "", block("paragraph", "row"), title="") | {"id": DATABASE}
    shelf.put(PAGE, page, database)
    body = BlockReading(shelf, PAGE).body()  # type: ignore[arg-type]

    assert (body.pages, body.databases) == ([OTHER], [DATABASE])
    assert body.text.splitlines()[0].startswith("[page](https://www.notion.so/2f26")
    assert shelf.asked == [PAGE]


def test_only_blocks_with_children_are_asked_for_them(shelf):
    written(shelf, block("paragraph", "a"), block("toggle", "b", block("paragraph", "c")))

    assert shelf.asked == [PAGE, f"{PAGE}/1"]
