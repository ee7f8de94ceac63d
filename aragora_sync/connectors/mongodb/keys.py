"""What tells documents apart: the `_id` as text that can be read back, and which documents come behind one."""

from __future__ import annotations

import base64
import functools
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

from ...core.clock import from_micros, to_micros
from ...core.errors import SourceError
from .texts import escaped, is_unicode

# The order in which the server sorts values of different types. `$gt` finds only values of the type it is given.
BRACKETS = (
    "minKey",
    "null",
    "number",
    "string",
    "object",
    "binData",
    "objectId",
    "bool",
    "date",
    "timestamp",
    "javascript",
    "javascriptWithScope",
    "maxKey",
)
MOST_DIGITS = 400  # of a whole number; a double has no more
LONGEST_INTEGER = 1 << 63
UUID_SUBTYPE, UUID_BYTES = 4, 16

_exactly = Context(prec=34)  # as many digits as a decimal of the server has


def key_of(value: Any) -> str:
    """The `_id` as text. Numbers that the server takes for the same have the same, whatever their type."""
    if type(value) is _object_id():  # nearly all are
        return str(value)
    kind = bracket_of(value)
    if kind == "string" and is_unicode(value):
        return f"string:{value}"
    if kind == "number":
        return _number(value)
    if kind == "bool":
        return f"bool:{'true' if value else 'false'}"
    if (found := uuid_of(value)) is not None:
        return f"uuid:{found}"
    if kind == "binData":
        return f"binary:{getattr(value, 'subtype', 0)}:{base64.b64encode(value).decode()}"
    if isinstance(value, datetime):
        return f"date:{to_micros(value) // 1000}"
    return "json:" + escaped(extended(value))


def uuid_of(value: Any) -> UUID | None:
    """The UUID that it is. The driver is not asked for them: one of another length would cost its whole answer."""
    if isinstance(value, bytes) and getattr(value, "subtype", 0) == UUID_SUBTYPE and len(value) == UUID_BYTES:
        return UUID(bytes=bytes(value))
    return value if isinstance(value, UUID) else None


def value_of(key: str) -> Any:
    """The `_id` of a key; raises ValueError where no key can be like this."""
    from bson import ObjectId
    from bson.errors import BSONError

    kind, colon, text = key.partition(":")
    try:
        return _readers()[kind](text) if colon else ObjectId(kind)
    except (ArithmeticError, BSONError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{key!r} is no key") from error


def bracket_of(value: Any) -> str:
    """Among which values the server compares this one."""
    from bson import Binary, Code, DBRef, Decimal128, MaxKey, MinKey, ObjectId, Timestamp
    from bson.datetime_ms import DatetimeMS

    kinds: tuple[tuple[Any, str], ...] = (
        (ObjectId, "objectId"),
        (Code, "javascript"),  # before the strings, of which Python takes it for one
        (str, "string"),
        (bool, "bool"),  # before the numbers, of which Python takes it for one
        ((int, float, Decimal128), "number"),
        ((UUID, Binary, bytes), "binData"),
        ((datetime, DatetimeMS), "date"),
        (Timestamp, "timestamp"),
        ((Mapping, DBRef), "object"),
        (MinKey, "minKey"),
        (MaxKey, "maxKey"),
    )
    if value is None:
        return "null"
    found = next((name for kind, name in kinds if isinstance(value, kind)), "")
    if not found:
        raise SourceError(
            f"a document has an _id of the type {type(value).__name__}, behind which nothing can be looked for.",
            hint="leave its collection out of the option 'collections', or give it another _id",
        )
    return "javascriptWithScope" if isinstance(value, Code) and value.scope is not None else found


def behind(key: str | None) -> dict[str, Any]:
    """The condition for all documents that come after this one in the order of `_id`, whatever their type."""
    if key is None:
        return {}
    value = value_of(key)
    kind = bracket_of(value)
    parts: list[dict[str, Any]] = []
    if kind == "number" and is_nan(value):  # the lowest number, but nothing is greater than it
        parts.append({"_id": {"$gte": -math.inf}})
    elif kind not in ("minKey", "null", "maxKey"):  # of those there is only one each
        parts.append({"_id": {"$gt": value}})
    if later := BRACKETS[BRACKETS.index(kind) + 1 :]:
        parts.append({"_id": {"$type": list(later)}})
    return {"$or": parts} if parts else {"_id": {"$in": []}}


def extended(value: Any) -> str:
    """The value as canonical Extended JSON, from which it can be read back exactly."""
    from bson import json_util

    return json_util.dumps(value, json_options=_options(), separators=(",", ":"), ensure_ascii=False)


def read_extended(text: str) -> Any:
    """The value that `extended` wrote."""
    from bson import json_util

    return json_util.loads(text, json_options=_options())


def is_nan(value: Any) -> bool:
    """Whether it is the number that equals none."""
    return bool(_decimal(value).is_nan())


def _options() -> Any:
    from bson import json_util
    from bson.binary import UuidRepresentation
    from bson.codec_options import DatetimeConversion

    return json_util.CANONICAL_JSON_OPTIONS.with_options(
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        tz_aware=True,
        tzinfo=UTC,
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    )


def _decimal(value: Any) -> Decimal:
    from bson import Decimal128

    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)


def _number(value: Any) -> str:
    number = _decimal(value)
    if number.is_nan():
        return "number:NaN"
    if number.is_infinite():
        return f"number:{number}"
    if number.adjusted() < MOST_DIGITS and number == number.to_integral_value():
        return f"number:{int(number)}"
    if Decimal(float(number)) == number:
        return f"double:{float(number)!r}"
    return f"decimal:{number.normalize(_exactly) if number.adjusted() < MOST_DIGITS else number}"


def _read_number(text: str) -> Any:
    from bson import Decimal128

    if text in ("NaN", "Infinity", "-Infinity"):
        return float(text)
    number = int(text)
    if -LONGEST_INTEGER <= number < LONGEST_INTEGER:
        return number
    return float(number) if int(float(number)) == number else Decimal128(text)


@functools.cache
def _object_id() -> type:
    """An import costs, also the second one, and this is asked of every document."""
    from bson import ObjectId

    return ObjectId


@functools.cache
def _readers() -> Mapping[str, Callable[[str], Any]]:
    """What reads the text behind each first word of a key."""
    from bson import Decimal128

    return {
        "binary": _read_binary,
        "bool": lambda text: {"true": True, "false": False}[text],
        "date": lambda text: from_micros(int(text) * 1000),
        "decimal": Decimal128,
        "double": float,
        "json": read_extended,
        "number": _read_number,
        "string": str,
        "uuid": _read_uuid,
    }


def _read_binary(text: str) -> Any:
    from bson import Binary

    subtype, _, encoded = text.partition(":")
    return Binary(base64.b64decode(encoded, validate=True), int(subtype))


def _read_uuid(text: str) -> Any:
    from bson import Binary

    return Binary(UUID(text).bytes, UUID_SUBTYPE)
