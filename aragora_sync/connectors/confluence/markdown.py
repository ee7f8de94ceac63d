"""Storage format to Markdown, for people and for search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from .storage import Child, Node, parse
from .tables import Grid, beside_rows, html_of, table_of

_SPACE = re.compile(r"[ \t\r\n\f]+")
_BREAKS = re.compile(r" *\n *")
_SPACES = re.compile(r"  +")

MARKS = {
    **dict.fromkeys(("strong", "b"), "**"),
    **dict.fromkeys(("em", "i"), "*"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
}
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
CONTAINERS = frozenset(
    {
        *("storage", "div", "section", "article", "center", "ac:layout", "ac:layout-section", "ac:layout-cell"),
        *("ac:rich-text-body", "ac:task-body", "ac:link-body", "ac:adf-fallback", "ac:adf-content", "dl", "dd", "dt"),
    }
)
DROPPED = frozenset(
    {"ac:placeholder", "ac:parameter", "ac:adf-attribute", "ac:adf-node", "colgroup", "style", "script"}
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a body does not tell itself: where it stands, and who the people are that it mentions."""

    base: str = ""  # the site's address, before `/spaces`
    space_key: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


def to_markdown(storage: str, setting: Setting) -> str:
    """What a reader of the page sees, as Markdown."""
    if not storage:
        return ""
    return Renderer(setting).document(parse(storage))


Block: TypeAlias = Callable[["Renderer", Node], str]


class Renderer:
    """One body. Blocks are joined by an empty line; within a line, white space is one space."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.in_cell = False  # of a table, where lines must not end

    def document(self, root: Node) -> str:
        return self.blocks(root.children)

    # Blocks

    def blocks(self, children: Iterable[Child]) -> str:
        """What is in an element that may hold paragraphs."""
        return "\n\n".join(self.list_blocks(children))

    def list_blocks(self, children: Iterable[Child]) -> list[str]:
        found: list[str] = []
        line: list[Child] = []
        for child in children:
            if isinstance(child, str) or not self._is_block(child):
                line.append(child)
                continue
            self._end_line(line, found)
            if block := self._block(child):
                found.append(block)
        self._end_line(line, found)
        return found

    def _end_line(self, line: list[Child], found: list[str]) -> None:
        if line and (text := self.inline(line).strip()):
            found.append(text)
        line.clear()

    def _is_block(self, node: Node) -> bool:
        if node.name == "ac:structured-macro":
            from .macros import is_inline

            return not is_inline(node)
        return node.name in BLOCKS or node.name in CONTAINERS or node.name in HEADINGS

    def _block(self, node: Node) -> str:
        if (marks := HEADINGS.get(node.name)) is not None:
            text = self.line(node)
            return f"{marks} {text}" if text else ""
        if (made := BLOCKS.get(node.name)) is not None:
            return made(self, node)
        return self.blocks(node.children)

    # Within a line

    def line(self, node: Node) -> str:
        """What is in an element, as one line."""
        return self.inline(node.children).strip().replace("\n", " ")

    def inline(self, children: Iterable[Child]) -> str:
        text = "".join(
            _SPACE.sub(" ", child.replace("\xa0", " ")) if isinstance(child, str) else self._inline(child)
            for child in children
        )
        text = _SPACES.sub(" ", text) if "  " in text else text
        return _BREAKS.sub("\n", text) if "\n" in text else text

    def _inline(self, node: Node) -> str:
        name = node.name
        if (mark := MARKS.get(name)) is not None:
            return _marked(self.inline(node.children), mark)
        if (made := INLINE.get(name)) is not None:
            return made(self, node)
        if name in DROPPED:
            return ""
        if self._is_block(node):
            return f"\n{self._block(node)}\n"
        return self.inline(node.children)

    # What refers to something

    def link(self, node: Node) -> str:
        """A link of Confluence's own: to a page, a person, a file, an address."""
        body = node.first("ac:link-body", "ac:plain-text-link-body")
        text = self.line(body) if body is not None else ""
        target = next((each for each in node.elements() if each.name.startswith("ri:")), None)
        if target is None:
            anchor = node.get("ac:anchor")
            return f"[{text or anchor}](#{anchor})" if anchor else text
        name, address = self.resource(target)
        if target.name == "ri:user" or not address:
            return text or name
        anchor = f"#{node.get('ac:anchor')}" if node.get("ac:anchor") else ""
        return f"[{text or name}]({address}{anchor})"

    def resource(self, node: Node) -> tuple[str, str]:
        """What an `ri:` element stands for: its name, and its address where there is one."""
        match node.name:
            case "ri:page" | "ri:blog-post":
                title = node.get("ri:content-title")
                return title, self.page_address(node) if title else ""
            case "ri:content-entity":
                page_id = node.get("ri:content-id")
                return page_id, f"{self.setting.base}/pages/viewpage.action?pageId={page_id}"
            case "ri:space":
                key = node.get("ri:space-key")
                return key, f"{self.setting.base}/spaces/{key}"
            case "ri:user":
                who = node.get("ri:account-id") or node.get("ri:userkey") or node.get("ri:username")
                return f"@{self.setting.names.get(who, who)}", ""
            case "ri:attachment":
                return node.get("ri:filename"), attached(node.get("ri:filename"))
            case "ri:url":
                return node.get("ri:value"), node.get("ri:value")
            case "ri:shortcut":
                return f"{node.get('ri:parameter')}@{node.get('ri:key')}", ""
        return "", ""

    def page_address(self, node: Node) -> str:
        """The address by which Confluence finds a page by its title, and a blog post by its day, too."""
        space_key = node.get("ri:space-key") or self.setting.space_key
        parts = [space_key, node.get("ri:posting-day"), quote_plus(node.get("ri:content-title"))]
        return f"{self.setting.base}/display/{'/'.join(filter(None, parts))}"


# Blocks


def _code_block(renderer: Renderer, node: Node) -> str:
    return fenced(node.text)


def _quote(renderer: Renderer, node: Node) -> str:
    return quoted(renderer.blocks(node.children))


def _list(renderer: Renderer, node: Node) -> str:
    ordered, lines = node.name == "ol", []
    number = int(start) if (start := node.get("start")).isdigit() else 1
    for item in node.children:
        if isinstance(item, str):  # between two items; words there are a mistake, and kept
            lines += [f"- {text}"] if (text := renderer.inline([item]).strip()) else []
            continue
        if item.name in ("ul", "ol"):  # a list in a list, without an item around it
            lines.append(_indented(_list(renderer, item), "  "))
            continue
        mark = f"{number}. " if ordered else "- "
        blocks = renderer.list_blocks(item.children)
        lines.append(mark + _indented(_tight(blocks), " " * len(mark)).lstrip(" "))
        number += 1
    return "\n".join(lines)


def _task_list(renderer: Renderer, node: Node) -> str:
    lines = []
    for task in node.elements():
        if task.name == "ac:task-list":
            lines.append(_indented(_task_list(renderer, task), "  "))
            continue
        status, body = task.first("ac:task-status"), task.first("ac:task-body")
        done = status is not None and status.text.strip() == "complete"
        text = _tight(renderer.list_blocks(body.children)) if body is not None else ""
        lines.append(f"- [{'x' if done else ' '}] " + _indented(text, "  ").lstrip(" "))
    return "\n".join(lines)


def _table(renderer: Renderer, node: Node) -> str:
    def cell(each: Node) -> str:
        return "<br>".join(block.replace("\n", "<br>") for block in renderer.list_blocks(each.children))

    inner, renderer.in_cell = renderer.in_cell, True
    grid = Grid.read(node, cell)
    renderer.in_cell = inner
    beside = renderer.blocks(beside_rows(node))
    return "\n\n".join(filter(None, (beside, html_of(grid) if inner else table_of(grid))))


def _macro(renderer: Renderer, node: Node) -> str:
    from .macros import macro

    return macro(renderer, node)


def _adf(renderer: Renderer, node: Node) -> str:
    """What only the new editor knows; it carries a fallback for the old one."""
    for each in node.elements():
        if each.name == "ac:adf-fallback":
            return renderer.blocks(each.children)
    found = [content for each in node.elements() if (content := each.first("ac:adf-content")) is not None]
    return "\n\n".join(renderer.blocks(each.children) for each in found)


BLOCKS: Mapping[str, Block] = {
    "p": lambda renderer, node: renderer.inline(node.children).strip(),
    "pre": _code_block,
    "blockquote": _quote,
    "hr": lambda _renderer, _node: "---",
    "ul": _list,
    "ol": _list,
    "table": _table,
    "ac:task-list": _task_list,
    "ac:structured-macro": _macro,
    "ac:macro": _macro,
    "ac:adf-extension": _adf,
}


# Within a line


def _image(renderer: Renderer, node: Node) -> str:
    target = next(node.elements(), None)
    name, address = renderer.resource(target) if target is not None else ("", "")
    alt = node.get("ac:alt") or ("" if address == name else name)
    return f"![{alt}]({address})" if address else alt


def _anchor(renderer: Renderer, node: Node) -> str:
    text, address = renderer.line(node), node.get("href")
    return f"[{text or address}]({address})" if address else text


def _code(renderer: Renderer, node: Node) -> str:
    text = renderer.line(node)
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`" if text else ""


def _emoticon(renderer: Renderer, node: Node) -> str:
    return node.get("ac:emoji-fallback") or node.get("ac:emoji-shortname") or f":{node.get('ac:name')}:"


INLINE: Mapping[str, Block] = {
    "a": _anchor,
    "br": lambda _renderer, _node: "\n",
    "code": _code,
    "img": lambda _renderer, node: f"![{node.get('alt')}]({node.get('src')})",
    "time": lambda renderer, node: node.get("datetime") or renderer.line(node),
    "ac:emoticon": _emoticon,
    "ac:image": _image,
    "ac:link": Renderer.link,
    "ac:structured-macro": _macro,
    "ri:user": lambda renderer, node: renderer.resource(node)[0],
}


def attached(filename: str) -> str:
    """A link to a file at the page that stays, as those to where it can be got do not."""
    return f"attachment:{quote(filename)}"


def fenced(code: str, language: str = "") -> str:
    """A block of code, as it stands there, whatever fences are in it."""
    fence = "```"
    while fence in code:
        fence += "`"
    lines = code.strip("\n")
    return f"{fence}{language}\n{lines}\n{fence}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _marked(text: str, mark: str) -> str:
    """The mark stands at the words, not at the space beside them."""
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def _tight(blocks: list[str]) -> str:
    """The blocks of a list item: what is a list or one line follows without an empty line."""
    text = blocks[0] if blocks else ""
    for block in blocks[1:]:
        text += ("\n" if block.startswith(("- ", "1. ")) else "\n\n") + block
    return text


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in text.split("\n"))
