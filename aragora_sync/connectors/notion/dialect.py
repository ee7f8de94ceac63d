"""Notion's own Markdown as everybody's: its tags and attributes become Markdown, or go."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .ids import address_of, id_of
from .richtext import link, unsigned

_FENCE = re.compile(r"(`{3,}|~{3,})")
_ATTRIBUTES = re.compile(r"(?<!\\)\s*\{(?:[\w-]+=\"[^\"]*\"\s*)+\}\s*$")
_PAIR = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_OPENING = re.compile(r"<([a-z][\w-]*)((?:\s+[\w-]+=\"[^\"]*\")*)\s*(/?)>")
_TITLED = re.compile(
    r"<(?P<tag>page|database|mention-[\w-]+|audio|video|file|pdf|image|embed|bookmark|unknown)"
    r"(?P<given>(?:\s+[\w-]+=\"[^\"]*\")*)\s*(?:/>|>(?P<text>.*?)</(?P=tag)>)",
    re.DOTALL,
)
_CODE = re.compile(r"(?P<ticks>`+)(?!`)(?:.*?[^`])??(?P=ticks)(?!`)", re.DOTALL)
_EQUATION = re.compile(r"\$`(.*?)`\$", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}^$])")
_SPAN = re.compile(r"</?span(?:\s+[\w-]+=\"[^\"]*\")*\s*>")
_ITEM = re.compile(r"([-*+]|\d+[.)])\s")
_LINE_TAG = re.compile(r"</?([a-z][\w-]*)(?:\s+[\w-]+=\"[^\"]*\")*\s*/?>")

STRUCTURE = frozenset(  # tags that hold blocks and say nothing themselves
    {
        *("columns", "column", "synced_block", "synced_block_reference", "meeting-notes", "notes", "transcript"),
        *("tab", "tabs", "tab-group", "breadcrumb", "table_of_contents", "colgroup", "col"),
    }
)


@dataclass
class Body:
    """The text of a page, and the ids of what it shows as pages and databases: its own, or others' behind links.

    `block` gives the text of a block that Notion's Markdown leaves out, by its kind and id.
    """

    text: str = ""
    pages: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    block: Callable[[str, str], str] = field(default=lambda kind, _block_id: unsupported(kind), repr=False)


def body_of(told: str, body: Body | None = None) -> Body:
    """What a page's Markdown says."""
    body = body or Body()
    lines = [""]
    for line in (*_lines(told, body), ""):
        if _is_empty(line) and _is_empty(lines[-1]):  # one is enough; where a quote ends, that outside
            lines[-1] = min(line, lines[-1], key=len)
        else:
            lines.append(line)
    body.text = "\n".join(lines).strip("\n")
    return body


def _is_empty(line: str) -> bool:
    return not line.strip("> ")


# Lines


def _lines(told: str, body: Body) -> Iterator[str]:
    """Line by line, each as deep as the list items above it make it."""
    source = iter(told.split("\n"))
    depths = _Depths()
    for line in source:
        depth, text = len(line) - len(line.lstrip("\t")), line.strip()
        if not text:
            continue
        if fence := _FENCE.match(text):
            yield from _fenced(text, fence[1], source, depths.prefix(depth), depth)
        elif text == "$$":
            yield from _equation(source, depths.prefix(depth))
        elif text.startswith("<table") and (tag := _OPENING.match(text)) and tag[1] == "table":
            prefix = depths.prefix(depth)
            yield from ("", *(prefix + each for each in _table(_until(text, "</table>", source), body)), "")
        elif (tag := _LINE_TAG.fullmatch(text)) is not None and not _is_shown(tag[1]):
            yield from _structure(text, tag[1], depth, depths)
        else:
            yield from _block(_ATTRIBUTES.sub("", text), depth, depths, body)


def _block(text: str, depth: int, depths: _Depths, body: Body) -> Iterator[str]:
    prefix = depths.prefix(depth)
    item = _ITEM.match(text)
    was_item = depths.last_is_item
    depths.note(depth, len(item[0]) if item else 0)
    shown = _inline(text, body)
    if not (item and was_item):
        yield prefix.rstrip()
    yield from (f"{prefix}{each}" for each in shown.split("\n"))
    if not item:
        yield prefix.rstrip()


def _fenced(first: str, fence: str, source: Iterator[str], prefix: str, depth: int) -> Iterator[str]:
    """Code as it is; a language that says that there is none goes."""
    language = _ATTRIBUTES.sub("", first[len(fence) :]).strip()
    yield from (prefix.rstrip(), f"{prefix}{fence}{'' if language == 'plain text' else language}")
    for line in source:
        inner = re.sub(rf"^\t{{0,{depth}}}", "", line)
        if inner.strip() == fence:
            break
        yield f"{prefix}{inner}"
    yield from (f"{prefix}{fence}", prefix.rstrip())


def _equation(source: Iterator[str], prefix: str) -> Iterator[str]:
    yield from (prefix.rstrip(), f"{prefix}$$")
    for line in source:
        yield prefix + line.strip()
        if line.strip() == "$$":
            break
    yield prefix.rstrip()


def _until(first: str, end: str, source: Iterator[str]) -> str:
    parts = [first]
    while end not in parts[-1] and (line := next(source, None)) is not None:
        parts.append(line.strip())
    return "\n".join(parts)


def _structure(text: str, tag: str, depth: int, depths: _Depths) -> Iterator[str]:
    """A line with nothing but a tag."""
    prefix = depths.prefix(depth)
    if tag == "callout":
        depths.note(depth, 0, quote=not text.startswith("</"))
        if not text.startswith("</"):
            icon = dict(_PAIR.findall(text)).get("icon", "")
            shown = f" {icon}" if icon and "://" not in icon else ""
            yield from (prefix.rstrip(), f"{prefix}> [!NOTE]{shown}")
        else:
            yield prefix.rstrip()
        return
    depths.note(depth, 0)
    if tag == "details":
        yield from (prefix.rstrip(), prefix + ("</details>" if text.startswith("</") else "<details>"))
    elif tag == "empty-block" or tag in STRUCTURE or tag == "summary":
        yield prefix.rstrip()
    else:
        yield f"{prefix}{_LINE_TAG.sub('', text)}"


class _Depths:
    """What the lines above make of the depth of a line: room for a list's marker, a quote's sign, or nothing."""

    def __init__(self) -> None:
        self._above: list[str] = []
        self.last_is_item = False

    def prefix(self, depth: int) -> str:
        return "".join(self._above[:depth])

    def note(self, depth: int, room: int, *, quote: bool = False) -> None:
        """What a line of this depth means for those below it."""
        del self._above[depth:]
        self._above += [""] * (depth - len(self._above))
        self._above.append("> " if quote else " " * room)
        self.last_is_item = bool(room)


# Within a line


def _inline(text: str, body: Body) -> str:
    """Everything between code stays code."""
    parts, end = [], 0
    for token in re.finditer(rf"{_EQUATION.pattern}|{_CODE.pattern}", text, re.DOTALL):
        if text[: token.start()].endswith("\\") and not text[: token.start()].endswith("\\\\"):
            continue
        parts.append(_plain(text[end : token.start()], body))
        parts.append(f"${token[1]}$" if token[0].startswith("$`") else token[0])
        end = token.end()
    return "".join([*parts, _plain(text[end:], body)])


def _plain(text: str, body: Body) -> str:
    parts, end = [], 0
    for found in _TITLED.finditer(text):
        parts += [_words(text[end : found.start()]), _titled(found, body)]
        end = found.end()
    return "".join([*parts, _words(text[end:])])


def _words(text: str) -> str:
    if "<" in text:
        text = _SPAN.sub("", text)
    text = re.sub(r"^<summary>(.*?)</summary>$", r"<summary>\1</summary>\n", text)
    return _ESCAPED.sub(r"\1", unsigned(text))


def _titled(found: re.Match[str], body: Body) -> str:
    """A tag that stands for something with a title: a link to it."""
    given = {name: html.unescape(value) for name, value in _PAIR.findall(found["given"])}
    url = given.get("url") or given.get("src") or given.get("href") or ""
    text = _words(found["text"] or "").strip()
    return _TAGS.get(found["tag"], _linked)(url, text, given, body)


def _page(url: str, _text: str, _given: Mapping[str, str], body: Body) -> str:
    if page_id := id_of(url):
        body.pages.append(page_id)
    return link_below("page", page_id)


def _database(url: str, _text: str, _given: Mapping[str, str], body: Body) -> str:
    if database_id := id_of(url):
        body.databases.append(database_id)
    return link_below("database", database_id)


def link_below(kind: str, thing_id: str) -> str:
    """What hangs below, without its title: where that changes, Notion tells nothing of the page above."""
    return f"[{kind}]({address_of(thing_id)})" if thing_id else unsupported(kind)


def _mentioned(url: str, text: str, _given: Mapping[str, str], _body: Body) -> str:
    """By an address without the title, which would be another one after the next renaming."""
    thing_id = id_of(url)
    return link(text or thing_id, address_of(thing_id)) if thing_id else text


def _date(_url: str, _text: str, given: Mapping[str, str], _body: Body) -> str:
    began = " ".join(given[part] for part in ("start", "startTime") if given.get(part))
    ended = " ".join(given[part] for part in ("end", "endTime") if given.get(part))
    return f"{began} to {ended}" if ended else began


def _person(url: str, text: str, _given: Mapping[str, str], _body: Body) -> str:
    return f"@{(text or url.rpartition('/')[2]).lstrip('@')}"


def _unknown(url: str, text: str, given: Mapping[str, str], body: Body) -> str:
    """A block that Notion's Markdown leaves out."""
    return body.block(given.get("alt") or text, id_of(url.rpartition("#")[2]) if "#" in url else "")


def _picture(url: str, text: str, _given: Mapping[str, str], _body: Body) -> str:
    return f"!{link(text, url)}"


def _linked(url: str, text: str, _given: Mapping[str, str], _body: Body) -> str:
    return link(text or unsigned(url).rpartition("/")[2] or url, url) if url else text


def unsupported(kind: str) -> str:
    """Stands where a block is of which nothing can be read."""
    return f"<!-- unsupported block: {kind or 'unknown'} -->"


_TAGS: Mapping[str, Callable[[str, str, Mapping[str, str], Body], str]] = {
    "page": _page,
    "database": _database,
    "mention-page": _mentioned,
    "mention-database": _mentioned,
    "mention-data-source": _mentioned,
    "mention-date": _date,
    "mention-user": _person,
    "mention-agent": _person,
    "unknown": _unknown,
    "image": _picture,
}


def _is_shown(tag: str) -> bool:
    """Whether it stands for something by itself."""
    return tag in _ALONE or tag.startswith("mention-")


_ALONE = frozenset({"page", "database", "audio", "video", "file", "pdf", "image", "embed", "bookmark", "unknown", "br"})


# Tables


def _table(told: str, body: Body) -> Iterator[str]:
    """Rows of cells; Markdown wants a first row to be the head."""
    rows = [[_cell(cell, body) for cell in cells] for cells in _cells(told)]
    width = max(map(len, rows), default=0)
    if not width:
        return
    has_head = 'header-row="true"' in told.partition(">")[0]
    for number, row in enumerate(rows if has_head else [[""] * width, *rows]):
        yield row_of([*row, *[""] * (width - len(row))])
        if number == 0:
            yield row_of(["---"] * width)


def _cells(told: str) -> Iterator[list[str]]:
    for row in re.findall(r"<tr\b[^>]*>(.*?)</tr>", told, re.DOTALL):
        yield re.findall(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", row, re.DOTALL)


def _cell(told: str, body: Body) -> str:
    return cell_of(_inline(told.strip(), body))


def row_of(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell_of(text: str) -> str:
    """What may stand in a cell: one line, and no bar."""
    return re.sub(r"(?<!\\)\|", r"\\|", text.strip().replace("\n", "<br>"))
