"""A page in Notion's own Markdown, as GET /v1/pages/{id}/markdown writes it ("enhanced Markdown").

Children are indented with tabs; what Markdown does not know comes as tags; title and properties are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .notion_model import Block, Database, Page, Span, Spans, spans
from .notion_shapes import FILES, Shapes
from .notion_sight import ADDRESS, bare

SPECIAL = re.compile(r"([\\*~`$\[\]<>{}|^])")
UNKNOWN = (
    "bookmark",
    "embed",
    "link_preview",
    "breadcrumb",
    "template",
    "tab",
    "unsupported",
)  # not yet in this format
PREFIXES = {"heading_1": "# ", "heading_2": "## ", "heading_3": "### ", "heading_4": "#### "}
PREFIXES |= {"bulleted_list_item": "- ", "numbered_list_item": "1. ", "paragraph": ""}
MARKS = (("code", "`"), ("bold", "**"), ("italic", "*"), ("strikethrough", "~~"))  # the innermost first


class Markdown:
    """Of one page or block: `lines`, and the blocks that could not be shown in `unknown`."""

    def __init__(self, shapes: Shapes, most: int, *, transcript: bool = False, prefix_only: bool = False) -> None:
        self.shapes = shapes
        self.most = most  # so many blocks are rendered
        self.transcript = transcript
        self.prefix_only = prefix_only  # as was seen: nothing after the first divider
        self.fenced = self.ticked = False
        self.unknown: list[str] = []
        self._count = 0

    def of(self, asked: Block) -> str:
        """Of a page what is in it; of a block itself, too."""
        if isinstance(asked, Page):
            lines = self._all(self._until_divider(self.shapes.children(asked)))
        else:
            lines = self._block(asked)
        return "\n".join(lines) + ("\n" if lines else "")

    def _until_divider(self, blocks: list[Block]) -> list[Block]:
        kinds = [each.kind for each in blocks]
        return blocks[: kinds.index("divider")] if self.prefix_only and "divider" in kinds else blocks

    def _all(self, blocks: Iterable[Block]) -> list[str]:
        return [line for each in blocks for line in self._block(each)]

    def _block(self, block: Block) -> list[str]:
        self._count += 1
        opaque = isinstance(block, Page | Database)
        if self._count > self.most or block.unrenderable or (opaque and not self.shapes.shown(block)):
            self.unknown.append(block.id)
            return [self._unknown(block)]
        if block.kind in UNKNOWN:
            return [self._unknown(block)]
        writers: dict[str, Callable[[Block], list[str]]] = {
            "to_do": self._to_do,
            "quote": self._quote,
            "toggle": self._toggle,
            "callout": self._callout,
            "code": self._code,
            "equation": lambda one: ["$$", one.content["expression"], "$$"],
            "divider": lambda _one: ["---"],
            "table": self._table,
            "column_list": lambda one: self._tagged("columns", one),
            "column": lambda one: self._tagged("column", one),
            "synced_block": self._synced,
            "child_page": self._child_page,
            "child_database": self._child_database,
            "table_of_contents": lambda _one: ["<table_of_contents/>"],
            "link_to_page": self._link_to_page,
            "meeting_notes": self._meeting,
        }
        if block.kind in FILES:
            return [self._file(block)]
        if block.kind in PREFIXES:
            return self._text(block)
        return writers[block.kind](block) if block.kind in writers else [self._unknown(block)]

    def _unknown(self, block: Block) -> str:
        alt = block.content.get("block_type", block.kind) if block.kind == "unsupported" else block.kind
        return f'<unknown url="{self.shapes.block_address(block)}" alt="{alt}"/>'

    def _inside(self, block: Block) -> list[str]:
        return [f"\t{line}" for line in self._all(self.shapes.children(block))]

    def _tagged(self, tag: str, block: Block, attributes: str = "") -> list[str]:
        return [f"<{tag}{attributes}>", *self._inside(block), f"</{tag}>"]

    # Blocks of text

    def _text(self, block: Block) -> list[str]:
        words, inside = self.rich(block.rich), self._inside(block)
        if block.kind == "paragraph" and not words and not inside:
            return ["<empty-block/>"]
        toggle = ['toggle="true"'] if block.kind.startswith("heading") and inside else []
        return [f"{PREFIXES[block.kind]}{words}{_attributes(block, *toggle)}", *inside]

    def _to_do(self, block: Block) -> list[str]:
        box = "[x]" if block.content.get("checked") else "[ ]"
        return [f"- {box} {self.rich(block.rich)}{_attributes(block)}", *self._inside(block)]

    def _quote(self, block: Block) -> list[str]:
        return [f"> {self.rich(block.rich)}{_attributes(block)}", *self._inside(block)]

    def _toggle(self, block: Block) -> list[str]:
        color = _color(block.content.get("color", ""))
        attribute = f' color="{color}"' if color else ""
        summary = f"<summary>{self.rich(block.rich)}</summary>"
        return [f"<details{attribute}>", summary, *self._inside(block), "</details>"]

    def _callout(self, block: Block) -> list[str]:
        icon, color = block.content.get("icon"), _color(block.content.get("color", ""))
        attributes = (f' icon="{icon}"' if icon else "") + (f' color="{color}"' if color else "")
        if self.fenced:
            told = f" {{{attributes.strip()}}}" if attributes else ""
            return [f"::: callout{told}", self.rich(block.rich), *self._all(self.shapes.children(block)), ":::"]
        first, *rest = self._tagged("callout", block, attributes)
        return [first, f"\t{self.rich(block.rich)}", *rest]

    def _code(self, block: Block) -> list[str]:
        """Literally, whatever it holds."""
        text = self.shapes.words(block.rich)
        return [f"```{block.content.get('language', 'plain text')}", *text.split("\n"), "```"]

    # Blocks with a form of their own

    def _table(self, block: Block) -> list[str]:
        headed = [("header-row", "has_column_header"), ("header-column", "has_row_header")]
        attributes = "".join(f' {name}="{str(bool(block.content.get(key))).lower()}"' for name, key in headed)
        lines = [f"<table{attributes}>"]
        for row in self.shapes.children(block):
            self._count += 1
            cells = [f"\t\t<td>{self.rich(cell)}</td>" for cell in row.content["cells"]]
            lines += ["\t<tr>", *cells, "\t</tr>"]
        return [*lines, "</table>"]

    def _synced(self, block: Block) -> list[str]:
        origin = block.content.get("synced_from")
        if not origin:
            return self._tagged("synced_block", block, f' url="{self.shapes.block_address(block)}"')
        original = self.shapes.original(block)
        address = self.shapes.block_address(original) if original else f"{ADDRESS}/#{bare(origin)}"
        hidden = "" if original and self.shapes.shown(original) else ' notice="Content is not available."'
        return self._tagged("synced_block_reference", block, f' url="{address}"{hidden}')

    def _child_page(self, page: Block) -> list[str]:
        return [f'<page url="{self.shapes.address(page)}">{_escaped(self.shapes.title(page))}</page>']

    def _child_database(self, database: Block) -> list[str]:
        inline = str(isinstance(database, Database) and database.inline).lower()
        title = _escaped(self.shapes.title(database))
        return [f'<database url="{self.shapes.address(database)}" inline="{inline}">{title}</database>']

    def _link_to_page(self, block: Block) -> list[str]:
        kind, target = next(iter(block.content.items()))
        tag = "mention-database" if kind == "database_id" else "mention-page"
        return [f'<{tag} url="{ADDRESS}/{bare(target)}"/>']

    def _file(self, block: Block) -> str:
        """Uploaded ones have signed addresses, others with each answer."""
        held = self.shapes.file(block.content.get("name", f"{block.kind}.bin"), block.content.get("external"))
        address = held[held["type"]]["url"]
        caption = self.rich(spans(block.content.get("caption", "")))
        if block.kind == "image":
            return f"![{caption}]({address})"
        return f'<{block.kind} src="{address}">{caption}</{block.kind}>'

    def _meeting(self, block: Block) -> list[str]:
        lines = ["<meeting-notes>", f"\t{self.rich(block.rich)}"]
        for name, part in zip(("summary", "notes", "transcript"), self.shapes.children(block), strict=False):
            hidden = name == "transcript" and not self.transcript
            placeholder = [f"\t\tTranscript omitted: {self.shapes.block_address(block)}"]
            inside = placeholder if hidden else [f"\t{line}" for line in self._inside(part)]
            lines += [f"\t<{name}>", *inside, f"\t</{name}>"]
        return [*lines, "</meeting-notes>"]

    # Rich text

    def rich(self, parts: Spans) -> str:
        raw = self.shapes.rich(parts)
        return "".join(self._span(part, told) for part, told in zip(parts, raw, strict=True)).replace("\n", "<br>")

    def _span(self, part: Span, told: dict[str, Any]) -> str:
        if part.kind == "equation":
            return f"$`{part.value}`$" if self.ticked else f"${part.value}$"
        if part.kind == "mention":
            return self._mention(told, *part.value)
        words = part.value if "code" in part.marks else _escaped(part.value)
        for mark, sign in MARKS:
            words = f"{sign}{words}{sign}" if mark in part.marks else words
        if "underline" in part.marks:
            words = f'<span underline="true">{words}</span>'
        if part.color != "default":
            words = f'<span color="{_color(part.color)}">{words}</span>'
        return f"[{words}]({part.link})" if part.link else words

    def _mention(self, told: dict[str, Any], kind: str, value: Any) -> str:
        words = _escaped(told["plain_text"])
        if kind == "user":
            return f'<mention-user url="user://{value}">{words.removeprefix("@")}</mention-user>'
        if kind in ("page", "database"):
            return f'<mention-{kind} url="{told["href"]}">{words}</mention-{kind}>'
        if kind == "date":
            date = told["mention"]["date"]
            end = f' end="{date["end"]}"' if date["end"] else ""
            return f'<mention-date start="{date["start"]}"{end}/>'
        return f"[{words}]({told['href']})" if told["href"] else words


def _escaped(words: str) -> str:
    return SPECIAL.sub(r"\\\1", words)


def _color(color: str) -> str:
    return "" if color in ("", "default") else color.replace("_background", "_bg")


def _attributes(block: Block, *more: str) -> str:
    color = _color(block.content.get("color", ""))
    told = [*more, *([f'color="{color}"'] if color else [])]
    return f" {{{' '.join(told)}}}" if told else ""
