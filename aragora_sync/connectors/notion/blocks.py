"""Bodies read block by block, where they cannot be had as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...core.errors import AccessError, NotFound
from .dialect import Body, cell_of, link_below, row_of, unsupported
from .ids import address_of
from .richtext import Names, link, markdown, plain

if TYPE_CHECKING:
    from .api import Api

DEEPEST = 50  # levels; beyond, blocks hold each other
NO_LANGUAGE = ("", "plain text")

Raw = Mapping[str, Any]


class BlockReading:
    """One page, with all that is in its blocks; what hangs below it is only named."""

    def __init__(self, api: Api, page_id: str) -> None:
        self._api = api
        self._page_id = page_id
        self._body = Body()
        self._above: set[str] = set()  # blocks that are open: a copy may lie within its original

    def body(self) -> Body:
        self._body.text = self._below(self._page_id)
        return self._body

    def left_out(self, kind: str, block_id: str) -> str:
        """One block that Notion's Markdown does not show, though it can be read."""
        if not block_id or kind not in LEFT_OUT:
            return unsupported(kind)
        try:
            raw = self._api.block(block_id)
            return self._block(str(raw["type"]), raw, 1)
        except (AccessError, NotFound):
            return unsupported(kind)

    def _below(self, block_id: str) -> str:
        """The blocks within this one; items of one list stand close together."""
        if block_id in self._above or len(self._above) > DEEPEST:
            return ""
        self._above.add(block_id)
        text, before, number = "", "", 0
        for raw in self._api.children(block_id):
            kind = str(raw.get("type", ""))
            number = number + 1 if kind == before else 1
            if told := self._block(kind, raw, number):
                close = kind == before and kind in LISTS
                text += ("\n" if close else "\n\n") + told if text else told
            before = kind
        self._above.discard(block_id)
        return text

    def _block(self, kind: str, raw: Raw, number: int) -> str:
        held: Raw = raw.get(kind) or {}
        if kind in LISTS:
            return self._item(_marker(kind, held, number), held, raw)
        if kind in QUOTES:
            return _quoted(f"{QUOTES[kind](held)}{self._with_children(self._text(held), raw)}")
        if kind in HEADINGS:
            return self._with_children(f"{HEADINGS[kind]}{self._text(held).replace(chr(10), ' ')}", raw)
        if kind in LINKED:
            return self._with_children(self._linked(kind, held, raw), raw)
        if kind in HOLDING:
            return self._children_of(raw)
        special = SPECIAL.get(kind)
        return special(self, held, raw) if special is not None else unsupported(_type_of(kind, held))

    def _text(self, held: Raw) -> str:
        return markdown(held.get("rich_text") or (), self._names())

    def _names(self) -> Names:
        return self._api.names()

    def _children_of(self, raw: Raw) -> str:
        return self._below(raw["id"]) if raw.get("has_children") else ""

    def _with_children(self, text: str, raw: Raw) -> str:
        return "\n\n".join(part for part in (text, self._children_of(raw)) if part)

    # One by one

    def paragraph(self, held: Raw, raw: Raw) -> str:
        return self._with_children(self._text(held), raw)

    def toggle(self, held: Raw, raw: Raw) -> str:
        summary = f"<details>\n<summary>{self._text(held)}</summary>"
        return "\n\n".join(part for part in (summary, self._children_of(raw), "</details>") if part)

    def code(self, held: Raw, _raw: Raw) -> str:
        text, fence = plain(held.get("rich_text") or ()), "```"
        while fence in text:
            fence += "`"
        language = str(held.get("language") or "")
        caption = markdown(held.get("caption") or (), self._names())
        block = f"{fence}{'' if language in NO_LANGUAGE else language}\n{text}\n{fence}"
        return f"{block}\n\n{caption}" if caption else block

    def equation(self, held: Raw, _raw: Raw) -> str:
        return f"$$\n{held.get('expression', '')}\n$$"

    def divider(self, _held: Raw, _raw: Raw) -> str:
        return "---"

    def nothing(self, _held: Raw, _raw: Raw) -> str:
        return ""

    def table(self, held: Raw, raw: Raw) -> str:
        rows = [
            [cell_of(markdown(cell, self._names())) for cell in row["table_row"]["cells"]]
            for row in (self._api.children(raw["id"]) if raw.get("has_children") else ())
            if row.get("type") == "table_row"
        ]
        width = max(map(len, rows), default=0)
        if not width:
            return ""
        head = [] if held.get("has_column_header") else [[""] * width]
        filled = [[*row, *[""] * (width - len(row))] for row in (*head, *rows)]
        return "\n".join(row_of(row) for row in (filled[0], ["---"] * width, *filled[1:]))

    def synced(self, held: Raw, raw: Raw) -> str:
        """The original, or a copy of one that may lie on another page."""
        origin = (held.get("synced_from") or {}).get("block_id")
        if not origin:
            return self._children_of(raw)
        try:
            return self._below(origin)
        except NotFound:
            return unsupported("synced_block that is not shared")

    def child_page(self, _held: Raw, raw: Raw) -> str:
        self._body.pages.append(raw["id"])
        return link_below("page", raw["id"])

    def child_database(self, _held: Raw, raw: Raw) -> str:
        self._body.databases.append(raw["id"])
        return link_below("database", raw["id"])

    def link_to_page(self, held: Raw, _raw: Raw) -> str:
        target = str(held.get(str(held.get("type"))) or "")
        return link(target, address_of(target)) if target else ""

    def meeting(self, held: Raw, raw: Raw) -> str:
        """Summary, notes and transcript lie in blocks of their own."""
        title = markdown(held.get("title") or held.get("rich_text") or (), self._names())
        sections = [] if raw.get("has_children") else (held.get("children") or {}).values()
        told = [self._children_of(raw), *(self._below(str(each)) for each in sections)]
        return "\n\n".join(part for part in (title, *told) if part)

    def _item(self, marker: str, held: Raw, raw: Raw) -> str:
        first, *more = (marker + self._text(held)).split("\n")
        children = self._children_of(raw)
        room = " " * (3 if marker[0].isdigit() else 2)
        nested = ["", *children.split("\n")] if children else []
        return "\n".join([first, *(f"{room}{line}".rstrip() for line in (*more, *nested))])

    def _linked(self, kind: str, held: Raw, raw: Raw) -> str:
        """A link with its caption. The address of a kept file is another each hour; that of its block stays."""
        caption = markdown(held.get("caption") or (), self._names())
        outside = held.get("url") or (held.get("external") or {}).get("url")
        address = str(outside or address_of(self._page_id, raw["id"]))
        shown = link(caption or str(held.get("name") or outside or kind), address)
        return f"!{shown}" if kind == "image" and outside else shown


def _marker(kind: str, held: Raw, number: int) -> str:
    if kind == "to_do":
        return f"- [{'x' if held.get('checked') else ' '}] "
    return f"{number}. " if kind == "numbered_list_item" else "- "


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _note(held: Raw) -> str:
    """What begins a callout."""
    icon = held.get("icon") or {}
    return f"[!NOTE]{' ' + str(icon['emoji']) if icon.get('emoji') else ''}\n"


def _type_of(kind: str, held: Raw) -> str:
    return str(held.get("block_type") or kind)


LISTS = frozenset({"bulleted_list_item", "numbered_list_item", "to_do"})
HEADINGS = {f"heading_{level}": f"{'#' * level} " for level in range(1, 5)}
QUOTES: Mapping[str, Callable[[Raw], str]] = {"quote": lambda _held: "", "callout": _note}
LINKED = frozenset({"bookmark", "embed", "link_preview", "image", "video", "audio", "pdf", "file"})
LEFT_OUT = frozenset({"bookmark", "embed", "link_preview", "tab", "template"})
HOLDING = frozenset({"column_list", "column", "tab", "tabs", "template"})
SPECIAL: Mapping[str, Callable[[BlockReading, Raw, Raw], str]] = {
    "paragraph": BlockReading.paragraph,
    "toggle": BlockReading.toggle,
    "code": BlockReading.code,
    "equation": BlockReading.equation,
    "divider": BlockReading.divider,
    "table": BlockReading.table,
    "synced_block": BlockReading.synced,
    "child_page": BlockReading.child_page,
    "child_database": BlockReading.child_database,
    "link_to_page": BlockReading.link_to_page,
    "meeting_notes": BlockReading.meeting,
    "transcription": BlockReading.meeting,
    "breadcrumb": BlockReading.nothing,
    "table_of_contents": BlockReading.nothing,
}
