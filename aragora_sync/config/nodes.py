"""YAML text to nodes: every value and every key with its place, and nothing that a configuration has no use for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from .scalars import Scalar, resolve
from .syntax import DEEPEST, TOO_DEEP, Mistake, Place, control_character, shortened, syntax_mistake

MOST_VALUES = 1_000_000  # aliases count with all that they stand for

Parser: Any = getattr(yaml, "CLoader", yaml.SafeLoader)  # only its events are used

Value: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


@dataclass(slots=True)
class Node:
    """A value with its place. What an alias or a merge brought keeps the places where it is written."""

    place: Place
    value: Value
    keys: dict[str, Place] = field(default_factory=dict)  # of a mapping: where each key is written
    size: int = 1  # values in it, aliases with all that they stand for
    height: int = 1

    def at(self, path: tuple[str | int, ...]) -> Place:
        """The place of the value at `path`, or of the last one on the way there that is written."""
        node = self
        for part in path:
            below = _child(node, part)
            if below is None:
                break
            node = below
        return node.place

    def add(self, child: Node) -> None:
        """Counts a child in."""
        self.size += child.size
        self.height = max(self.height, child.height + 1)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says: its root, None where it says nothing; or the mistakes that keep it from being read."""

    root: Node | None
    mistakes: list[Mistake]


def parse(text: str) -> Document:
    """The one document in `text`. Never raises; takes time and memory in proportion to the text."""
    if mistake := control_character(text):
        return Document(None, [mistake])
    composer = _Composer()
    try:
        return Document(composer.document(text), composer.mistakes)
    except _EndlessError as error:
        return Document(None, [error.mistake])
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        return Document(None, [syntax_mistake(error, text)])


class _EndlessError(Exception):
    """A mistake after which it would be wrong to read on."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.mistake = Mistake(place, message)


class _Composer:
    """Turns the parser's events into nodes; a mistake that has an end is noted, and reading goes on."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self._anchors: dict[str, Node | None] = {}  # None while what it names is still open
        self._left = MOST_VALUES

    def document(self, text: str) -> Node | None:
        parser = Parser(text)
        self._next = parser.get_event
        try:
            self._next()  # the stream starts
            if isinstance(self._next(), StreamEndEvent):
                return None
            root = self._node(self._next(), 1)
            self._next()  # the document ends
            if not isinstance(after := self._next(), StreamEndEvent):
                self._stop(_place(after), "a second document starts here; a file holds one")
            return root
        finally:
            parser.dispose()

    def _node(self, event: Any, depth: int) -> Node:
        place = _place(event)
        self._spend(1, place)
        if isinstance(event, AliasEvent):
            return self._alias(str(event.anchor), place, depth)
        self._refuse_tag(event, place)
        if isinstance(event, ScalarEvent):
            plain = not event.style and event.tag is None
            node = Node(place, resolve(event.value) if plain else event.value)
        else:
            node = self._collection(event, place, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _collection(self, event: Any, place: Place, depth: int) -> Node:
        if depth > DEEPEST:
            self._stop(place, TOO_DEEP)
        if event.anchor:
            self._anchors[event.anchor] = None
        return self._mapping(place, depth) if isinstance(event, MappingStartEvent) else self._sequence(place, depth)

    def _sequence(self, place: Place, depth: int) -> Node:
        entries: list[Node] = []
        node = Node(place, entries)
        while not isinstance(event := self._next(), SequenceEndEvent):
            entries.append(self._node(event, depth + 1))
            node.add(entries[-1])
        return node

    def _mapping(self, place: Place, depth: int) -> Node:
        entries: dict[str, Node] = {}
        node = Node(place, entries)
        merged: Node | None = None
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, depth)
            value = self._node(self._next(), depth + 1)
            if key == "<<" and not event.style:
                self._refuse_twice(node, key, _place(event))
                merged = value
            elif key is not None:
                self._refuse_twice(node, key, _place(event))
                entries[key] = value
                node.add(value)
        if merged:
            self._merge(node, entries, merged)
        return node

    def _key(self, event: Any, depth: int) -> str | None:
        if isinstance(event, ScalarEvent) and (event.style or isinstance(resolve(event.value), str)):
            self._refuse_tag(event, _place(event))
            return str(event.value)
        self._note(_place(event), "a key must be text; put it in quotes")
        self._node(event, depth + 1)
        return None

    def _refuse_twice(self, node: Node, key: str, place: Place) -> None:
        first = node.keys.setdefault(key, place)
        if first != place:
            self._note(place, f"key {shortened(key)!r} is given twice, first on line {first[0]}")

    def _merge(self, node: Node, entries: dict[str, Node], merged: Node) -> None:
        """Adds what `<<` names, below what the mapping says itself; of several, the first that has a key wins."""
        del node.keys["<<"]
        for source in merged.value if isinstance(merged.value, list) else [merged]:
            if not isinstance(source.value, dict):
                self._note(source.place, "'<<' takes an alias of a mapping, like *defaults, or a list of them")
                continue
            self._spend(source.size, source.place)
            for key, value in source.value.items():
                if key not in entries:
                    entries[key] = value
                    node.keys[key] = source.keys[key]
                    node.add(value)

    def _alias(self, anchor: str, place: Place, depth: int) -> Node:
        if anchor not in self._anchors:
            self._note(place, "this alias has no anchor before it; put a text that starts with '*' in quotes")
            return Node(place, None)
        target = self._anchors[anchor]
        if target is None:
            self._note(place, "this alias stands inside of what it names, so that it would have no end")
            return Node(place, None)
        self._spend(target.size, place)
        if depth + target.height > DEEPEST:
            self._stop(place, TOO_DEEP)
        return Node(place, target.value, target.keys, target.size, target.height)

    def _refuse_tag(self, event: Any, place: Place) -> None:
        text_tags = ("!", "tag:yaml.org,2002:str") if isinstance(event, ScalarEvent) else ()
        if event.tag and event.tag not in text_tags:
            self._note(place, "tags are not allowed; put a text that starts with '!' in quotes")

    def _spend(self, size: int, place: Place) -> None:
        self._left -= size
        if self._left < 0:
            self._stop(place, f"more than {MOST_VALUES:,} values, counting what aliases stand for")

    def _note(self, place: Place, message: str) -> None:
        self.mistakes.append(Mistake(place, message))

    def _stop(self, place: Place, message: str) -> NoReturn:
        raise _EndlessError(place, message)


def _place(event: Any) -> Place:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(part))
    if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None
