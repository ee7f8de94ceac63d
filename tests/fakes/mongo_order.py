"""How MongoDB orders values of every type, and which documents a filter of its query language finds.

From the manual: "BSON comparison order", and that `$gt` and its like compare within one type only.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bson import Binary, Code, DBRef, Decimal128, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

# The place of each type in the order, and its name for `$type`.
TYPES: list[tuple[Any, int, str]] = [
    (MinKey, 0, "minKey"),
    (type(None), 5, "null"),
    (bool, 40, "bool"),
    ((int, float, Decimal128), 10, "number"),
    (Code, 60, "javascript"),
    (str, 15, "string"),
    ((DBRef, Mapping), 20, "object"),
    (list, 25, "array"),
    ((Binary, bytes), 30, "binData"),
    (ObjectId, 35, "objectId"),
    (DatetimeMS, 45, "date"),
    (Timestamp, 47, "timestamp"),
    (Regex, 50, "regex"),
    (MaxKey, 127, "maxKey"),
]
WITH_SCOPE = (65, "javascriptWithScope")  # code that has one


class Refused(Exception):
    """The server answers with an error."""

    def __init__(self, code: int, name: str, message: str, labels: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.name, self.labels = code, name, labels


def type_of(value: Any) -> tuple[int, str]:
    if isinstance(value, Code) and value.scope is not None:
        return WITH_SCOPE
    return next((place, name) for kind, place, name in TYPES if isinstance(value, kind))


def order(value: Any) -> Any:
    """A key that sorts as the server does."""
    place, name = type_of(value)
    return (place, _within(name, value))


def _within(name: str, value: Any) -> Any:
    return _WITHIN[name](value) if name in _WITHIN else 0


def _number(value: Any) -> Any:
    number = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
    return (0, 0) if number.is_nan() else (1, number)


def _document(value: Any) -> Any:
    document = value.as_doc() if isinstance(value, DBRef) else value
    return tuple((order(part)[0], _text(field), order(part)) for field, part in document.items())


def _text(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def _binary(value: Any) -> Any:
    return (len(value), getattr(value, "subtype", 0), bytes(value))


_WITHIN: dict[str, Callable[[Any], Any]] = {
    "number": _number,
    "string": _text,
    "object": _document,
    "array": lambda value: tuple(order(part) for part in value),
    "binData": _binary,
    "date": int,
    "javascript": _text,
    "javascriptWithScope": lambda value: (_text(value), _document(value.scope)),
    "objectId": lambda value: value,
    "timestamp": lambda value: value,
    "bool": bool,
}


def matches(document: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    """Whether a filter finds this document."""
    return all(_holds(document, path, wanted) for path, wanted in condition.items())


def _holds(document: Mapping[str, Any], path: str, wanted: Any) -> bool:
    if path == "$or":
        return any(matches(document, each) for each in wanted)
    if path == "$nor":
        return not any(matches(document, each) for each in wanted)
    found = list(_at(document, path.split(".")))
    members = [*found, *(member for value in found if isinstance(value, list) for member in value)]
    if not isinstance(wanted, Mapping) or not all(name.startswith("$") for name in wanted):
        wanted = {"$eq": wanted}
    for name, operand in wanted.items():
        if name not in _OPERATORS:
            raise Refused(2, "BadValue", f"unknown operator: {name}")
        if not any(_OPERATORS[name](value, operand) for value in members):
            return False
    return True


def _at(value: Any, parts: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for member in value:
            if isinstance(member, Mapping):
                yield from _at(member, parts)
    elif isinstance(value, Mapping) and parts[0] in value:
        inner = value[parts[0]]
        if len(parts) == 1:
            yield inner
        else:
            yield from _at(inner, parts[1:])


def _comparing(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(value: Any, operand: Any) -> bool:
        alike = type_of(value)[0] == type_of(operand)[0]
        if not alike:
            return False
        if _nan(value) or _nan(operand):  # equal to itself, and to nothing else comparable
            return _nan(value) and _nan(operand) and compare(0, 0)
        return compare(order(value), order(operand))

    return holds


def _nan(value: Any) -> bool:
    if isinstance(value, Decimal128):
        return value.to_decimal().is_nan()
    return isinstance(value, float) and math.isnan(value)


_equal = _comparing(lambda one, other: one == other)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$in": lambda value, operand: any(_equal(value, each) for each in operand),
    "$gt": _comparing(lambda one, other: one > other),
    "$gte": _comparing(lambda one, other: one >= other),
    "$lt": _comparing(lambda one, other: one < other),
    "$exists": lambda value, operand: True,
    "$type": lambda value, operand: type_of(value)[1] in (operand if isinstance(operand, list) else [operand]),
}


def sorted_by(documents: list[Any], sort: Mapping[str, int], read: Callable[[Any], Mapping[str, Any]]) -> list[Any]:
    """The documents in this order."""
    for path, way in reversed(sort.items()):

        def key(each: Any, path: str = path) -> Any:
            return order(next(_at(read(each), path.split(".")), None))

        documents = sorted(documents, key=functools.cmp_to_key(lambda one, other: _compare(key(one), key(other))))
        documents = documents[::-1] if way < 0 else documents
    return documents


def _compare(one: Any, other: Any) -> int:
    return (one > other) - (one < other)
