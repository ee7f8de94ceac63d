"""QuickBooks' official schemas as judges of JSON: it uses the names of the XML, with lists where things may repeat."""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .specs import spec_file

XS = "{http://www.w3.org/2001/XMLSchema}"
FILES = ("IntuitBaseTypes", "IntuitNamesTypes", "Finance", "Report", "SalesTax", "IntuitRestServiceDef")
ANYTHING = "IntuitAnyType"
MOST_COMPLAINTS = 5


@dataclass
class Member:
    type: str
    many: bool = False
    required: bool = False


@dataclass
class Shape:
    """A complex type. `text`: it has a content of its own, which JSON calls `value`."""

    members: dict[str, Member] = field(default_factory=dict)
    text: bool = False
    objects: bool = False  # any of the vendor's things, under its own name


@functools.cache
def schema() -> Schema:
    """The schemas of SPECS_DIR, read once."""
    return Schema([ET.parse(spec_file(f"qbo/{name}.xsd")).getroot() for name in FILES])


class Schema:
    """Says what is wrong with an object or an answer; nothing where nothing is."""

    def __init__(self, roots: list[ET.Element]) -> None:
        nodes = [node for root in roots for node in root]
        self._complex = {node.get("name", ""): node for node in nodes if node.tag == f"{XS}complexType"}
        self._simple = {node.get("name", ""): node for node in nodes if node.tag == f"{XS}simpleType"}
        elements = [node for node in nodes if node.tag == f"{XS}element"]
        self.things = {
            node.get("name", ""): node.get("type", "")
            for node in elements
            if node.get("substitutionGroup") == "IntuitObject"
        }
        self._shapes: dict[str, Shape] = {}

    def thing(self, kind: str, value: Any) -> list[str]:
        """What is wrong with an object that is read or sent, such as an Invoice."""
        if kind not in self.things:
            return [f"{kind}: no such thing"]
        return list(self._wrong(self.things[kind], value, kind))[:MOST_COMPLAINTS]

    def answer(self, body: Mapping[str, Any]) -> list[str]:
        """What is wrong with an answer of the service; reports stand for themselves."""
        name = "Report" if "Columns" in body else "IntuitResponse"
        return list(self._wrong(name, body, ""))[:MOST_COMPLAINTS]

    def _wrong(self, name: str, value: Any, where: str) -> Iterator[str]:
        name = name.removeprefix("xs:")
        if name == ANYTHING:
            return
        if name not in self._complex:
            if (told := self._wrong_text(name, value)) is not None:
                yield f"{where}: {told}"
            return
        shape = self.shape(name)
        if not isinstance(value, Mapping):
            if not (shape.text and isinstance(value, str)):
                yield f"{where}: {value!r:.60} is no {name}"
            return
        for inside, each in value.items():
            yield from self._wrong_member(shape, name, inside, each, f"{where}.{inside}".lstrip("."))
        yield from (
            f"{where}: no {inside}" for inside, one in shape.members.items() if one.required and inside not in value
        )

    def _wrong_member(self, shape: Shape, owner: str, name: str, value: Any, where: str) -> Iterator[str]:
        if name == "value" and shape.text:
            yield from self._wrong("string", value, where)
            return
        member = shape.members.get(name)
        if member is None and shape.objects and name in self.things:
            many = owner == "QueryResponse"
            member = Member(self.things[name], many)
        if member is None:
            yield f"{where}: a {owner} has no such member"
        elif not member.many:
            yield from self._wrong(member.type, value, where)
        elif not isinstance(value, list):
            yield f"{where}: no list"
        else:
            for number, each in enumerate(value):
                yield from self._wrong(member.type, each, f"{where}[{number}]")

    def _wrong_text(self, name: str, value: Any) -> str | None:
        node = self._simple.get(name)
        if node is not None:
            choices = [each.get("value") for each in node.iter(f"{XS}enumeration")]
            if choices:
                return None if value in choices else f"{value!r} is none of {name}"
            return self._wrong_text(next(node.iter(f"{XS}restriction")).get("base", "").removeprefix("xs:"), value)
        return None if _is(name, value) else f"{value!r:.60} is no {name}"

    def shape(self, name: str) -> Shape:
        """Members of a type with those of what it extends."""
        if name in self._shapes:
            return self._shapes[name]
        made = Shape()
        node = self._complex[name]
        extension = next(node.iter(f"{XS}extension"), None)
        if extension is not None:
            base = extension.get("base", "")
            if base in self._complex:
                inherited = self.shape(base)
                made = Shape(dict(inherited.members), inherited.text, inherited.objects)
            else:
                made.text = True
        optional = {id(each) for choice in node.iter(f"{XS}choice") for each in choice.iter(f"{XS}element")}
        for each in node.iter(f"{XS}element"):
            if each.get("ref") == "IntuitObject":
                made.objects = True
                continue
            required = each.get("minOccurs", "1") != "0" and id(each) not in optional
            required = required and each.get("type") != ANYTHING  # room for extensions
            many = each.get("maxOccurs") == "unbounded"
            made.members[each.get("name", "")] = Member(each.get("type", ""), many, required)
        for each in node.iter(f"{XS}attribute"):
            made.members[each.get("name", "")] = Member(each.get("type", ""))
        self._shapes[name] = made
        return made


def _is(name: str, value: Any) -> bool:
    if name == "boolean":
        return isinstance(value, bool)
    if name == "decimal":
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    if name in ("int", "long", "positiveInteger"):
        return isinstance(value, int) and not isinstance(value, bool) and (name != "positiveInteger" or value > 0)
    if not isinstance(value, str):
        return False
    if name == "date":
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None and bool(date.fromisoformat(value))
    if name == "dateTime":
        return datetime.fromisoformat(value).tzinfo is not None
    return True
