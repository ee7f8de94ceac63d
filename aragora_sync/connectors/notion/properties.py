"""Properties of a row as plain values: for programs as they are, for people as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...core.changes import JSON
from .richtext import Names, markdown, person, plain, unsigned

if TYPE_CHECKING:
    from .api import Api

SHOWN = 25  # Notion shows so many values of a property; the others are asked for
LISTS = ("title", "rich_text", "people", "relation")

Property = Mapping[str, Any]


def title_of(properties: Mapping[str, Property]) -> str:
    """The title of a page, which is the property of that type."""
    return next((plain(each["title"]) for each in properties.values() if each.get("type") == "title"), "")


def values_of(properties: Mapping[str, Property], names: Names) -> dict[str, JSON]:
    """All properties but the title that hold something, by name."""
    found: dict[str, JSON] = {}
    for name in sorted(properties):
        each = properties[name]
        if each.get("type") != "title" and (value := value_of(each, names)) not in (None, "", []):
            found[name] = value
    return found


def value_of(each: Property, names: Names) -> JSON:
    """What a property holds; of an unknown type what Notion says of it."""
    kind = each.get("type", "")
    held = each.get(kind)
    if held is None:
        return None
    read = READERS.get(kind)
    return read(held, names) if read is not None else {"unsupported": kind, kind: held}


def lines_of(values: Mapping[str, JSON]) -> str:
    """The values as a list in Markdown."""
    return "\n".join(f"- **{name}**: {_text(value)}" for name, value in values.items())


def is_cut(each: Property) -> bool:
    """Whether a page shows only the first values of a property."""
    kind = each.get("type", "")
    held = each.get(kind)
    if kind == "relation":
        return bool(each.get("has_more"))
    if kind == "rollup" and isinstance(held, Mapping):
        return held.get("type") == "incomplete" or len(held.get("array") or ()) == SHOWN
    return kind in LISTS and isinstance(held, list) and len(held) == SHOWN


def completed(api: Api, raw: Mapping[str, Any]) -> dict[str, Property]:
    """The properties of a page, with all values of those that it shows in part."""
    return {
        name: _whole(api, raw["id"], each) if is_cut(each) else each for name, each in raw.get("properties", {}).items()
    }


def _whole(api: Api, page_id: str, each: Property) -> Property:
    kind = each["type"]
    held: list[Any] = []
    summary: Mapping[str, Any] = {}
    for answer in api.property(page_id, each["id"]):
        if answer.body["object"] != "list":
            return {**each, kind: answer.body.get(kind)}
        held += answer.body["results"]
        summary = answer.body.get("property_item", {}).get(kind) or {}
    if kind == "rollup":
        return {**each, kind: {**summary, "array": held} if summary.get("type") == "array" else summary}
    return {**each, kind: [item[kind] for item in held]}


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("\n", "\n  ")
    if isinstance(value, Mapping):
        return f"<!-- unsupported property: {value.get('unsupported')} -->"
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _many(held: Any) -> Iterator[Any]:
    yield from held if isinstance(held, list) else [held]


def _date(held: Any, _names: Names) -> JSON:
    told = " to ".join(part for part in (held.get("start"), held.get("end")) if part)
    return f"{told} {held['time_zone']}" if held.get("time_zone") else told


def _inner(held: Any, names: Names) -> JSON:
    """What a formula or rollup came to."""
    kind = held.get("type")
    if kind == "array":
        return [value for each in held.get("array") or () if (value := value_of(each, names)) not in (None, "", [])]
    if kind in ("incomplete", "unsupported"):
        return None
    inner = held.get(kind)
    return _date(inner, names) if kind == "date" and inner else inner


def _file(raw: Mapping[str, Any]) -> str:
    external = (raw.get("external") or {}).get("url")
    return unsigned(str(external or raw.get("name") or "file"))


def _unique_id(held: Any, _names: Names) -> JSON:
    return f"{held['prefix']}-{held['number']}" if held.get("prefix") else held.get("number")


def _place(held: Any, _names: Names) -> JSON:
    told = [held.get(part) for part in ("name", "address") if held.get(part)]
    return ", ".join(told) or f"{held.get('lat')}, {held.get('lon')}"


def _as_it_is(held: Any, _names: Names) -> JSON:
    value: JSON = held
    return value


def _name(held: Any, _names: Names) -> JSON:
    return str(held.get("name", ""))


READERS: Mapping[str, Callable[[Any, Names], JSON]] = {
    "title": lambda held, _names: plain(_many(held)),
    "rich_text": lambda held, names: markdown(_many(held), names),
    "number": _as_it_is,
    "select": _name,
    "status": _name,
    "multi_select": lambda held, _names: [str(each.get("name", "")) for each in held],
    "date": _date,
    "people": lambda held, names: [person(each, names) for each in _many(held)],
    "files": lambda held, _names: [_file(each) for each in held],
    "checkbox": _as_it_is,
    "url": lambda held, _names: unsigned(held),
    "email": _as_it_is,
    "phone_number": _as_it_is,
    "formula": _inner,
    "relation": lambda held, _names: [str(each["id"]) for each in _many(held)],
    "rollup": _inner,
    "created_time": _as_it_is,
    "created_by": person,
    "last_edited_time": _as_it_is,
    "last_edited_by": person,
    "unique_id": _unique_id,
    "verification": lambda held, _names: str(held.get("state", "")),
    "place": _place,
    "button": lambda _held, _names: None,
}
