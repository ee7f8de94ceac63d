"""Confluence's storage format: XHTML with elements of its own, read into a small tree."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate

DEEPEST = 100  # elements within each other; what lies deeper keeps its text alone
ROOT = "storage"

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ENTITY = re.compile(r"<!\[CDATA\[.*?\]\]>|&(?:([A-Za-z][A-Za-z0-9]*)|#(?:x([0-9A-Fa-f]+)|(\d+)));", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # which no XML may hold
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_EMPTY = frozenset({"br", "hr", "img", "col", "wbr", "area", "input", "link", "meta"})
_ACCOUNT = re.compile(r'ri:(?:account-id|userkey|username)="([^"]+)"')
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF


class Node:
    """One element: its name with the prefix (`ac:link`), its attributes, and what is in it."""

    __slots__ = ("attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Child] = []

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute, "")

    def elements(self) -> Iterator[Node]:
        """The elements directly in it."""
        return (child for child in self.children if isinstance(child, Node))

    def first(self, *names: str) -> Node | None:
        """The first element of such a name directly in it."""
        return next((child for child in self.elements() if child.name in names), None)

    @property
    def text(self) -> str:
        """All text in it, as it stands there."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


Child: TypeAlias = "Node | str"


def mentioned(storage: str) -> list[str]:
    """Whom a body mentions, as the source names them."""
    return _ACCOUNT.findall(storage) if "ri:user" in storage else []


def parse(storage: str) -> Node:
    """The tree of a body. One that is no XML, as old pages hold, is read as well as can be."""
    storage = _CONTROLS.sub("", storage)
    if "&" in storage:
        storage = _ENTITY.sub(_plain, storage)
    try:
        return _parse_strictly(storage)
    except ExpatError:
        return _parse_tolerantly(storage)
    except UnicodeEncodeError:  # half of a character, or one in two halves
        return parse(storage.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _parse_strictly(storage: str) -> Node:
    builder = _Builder()
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.Parse(f"<{ROOT}>{storage}</{ROOT}>", True)
    return builder.root.children[0]  # type: ignore[return-value]


def _parse_tolerantly(storage: str) -> Node:
    builder = _Builder()
    parser = _Tolerant(builder)
    parser.feed(_CDATA.sub(lambda found: html.escape(found[1]), storage))
    parser.close()
    return builder.root


def _plain(found: re.Match[str]) -> str:
    """The character that an entity of HTML means; those of XML, and CDATA, stay."""
    name, in_hex, number = found.groups()
    if name:
        return found[0] if name in _OF_XML else html.unescape(found[0])
    if in_hex or number:
        code = int(in_hex, 16) if in_hex else int(number)
        return chr(code) if _FIRST_SURROGATE <= code <= _LAST_SURROGATE else found[0]
    return found[0]


class _Builder:
    """Puts elements into each other; ends that were forgotten are made up for, those of nothing are no news."""

    def __init__(self) -> None:
        self.root = Node(ROOT, {})
        self._open = [self.root]
        self._ignored = 0  # elements that lie too deep

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            self._ignored += 1
            return
        node = Node(name, attributes)
        self._open[-1].children.append(node)
        self._open.append(node)

    def end(self, name: str) -> None:
        if self._ignored:
            self._ignored -= 1
            return
        if self._open[-1].name == name and len(self._open) > 1:
            self._open.pop()
            return
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].name == name:
                del self._open[depth:]
                return

    def text(self, text: str) -> None:
        self._open[-1].children.append(text)


class _Tolerant(HTMLParser):
    """Reads whatever looks like markup. CDATA must have been taken out: HTML has none."""

    def __init__(self, builder: _Builder) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = builder

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in _EMPTY:
            self._builder.end(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        self._builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self._builder.end(tag)

    def handle_data(self, data: str) -> None:
        self._builder.text(data)
