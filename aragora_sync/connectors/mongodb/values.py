"""Values of documents as JSON, by themselves and as text; nothing of a value is lost but what its length forbids."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import math
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ...core.changes import JSON
from .keys import extended, uuid_of

LONGEST_BINARY = 4096  # bytes; of more, digest and size are kept
VECTOR = 9  # the subtype of numbers in a row
LENGTH_OF_DATE = len("2026-01-01T00:00:00.000")

# The two halves of a decimal: exponent and the high digits, the low digits. Where both bits of SPECIAL are set, it is
# infinite, no number, or has more digits than there are.
EXPONENT_SHIFT, EXPONENT_BIAS, EXPONENT_MASK = 49, 6176, 0x3FFF
SIGN, SPECIAL, HIGH_DIGITS = 1 << 63, 3 << 61, (1 << 49) - 1
MOST_DIGITS = 34
MOST_ZEROS = 5  # between the point and the first digit; smaller numbers are written with an exponent

_halves = struct.Struct("<QQ")
_PLAIN = frozenset({str, int, bool, type(None)})


def as_json(value: Any) -> JSON:
    """The value as JSON: dates and identifiers as strings, decimals to their last digit."""
    kind = type(value)
    if kind in _PLAIN:
        plain: JSON = value
        return plain
    if kind is dict:
        return {name: part if type(part) in _PLAIN else as_json(part) for name, part in value.items()}
    if kind is list:
        return [part if type(part) in _PLAIN else as_json(part) for part in value]
    if kind is float:
        return value if math.isfinite(value) else _odd(value)
    return _converters().get(kind, _extended)(value)


def as_text(value: Any) -> str:
    """The value as a reader would write it: the members of a list one after the other."""
    if isinstance(value, str):
        return value
    plain = as_json(value)
    if isinstance(plain, list) and not any(isinstance(part, dict | list) for part in plain):
        return ", ".join(_scalar(part) for part in plain)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, dict | list) else _scalar(plain)


def iso(moment: datetime) -> str:
    """A date of the server, to the millisecond."""
    return f"{moment.isoformat('T', 'milliseconds')[:LENGTH_OF_DATE]}Z"


def _scalar(plain: JSON) -> str:
    return plain if isinstance(plain, str) else json.dumps(plain)


@functools.cache
def _converters() -> Mapping[type, Callable[[Any], JSON]]:
    from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp
    from bson.datetime_ms import DatetimeMS

    return {
        Binary: _binary,
        Decimal128: _decimal,
        Int64: int,
        ObjectId: str,
        Regex: lambda value: {"$regex": value.pattern, "$options": _options_of(value)},
        Timestamp: lambda value: {"t": value.time, "i": value.inc},
        DatetimeMS: int,
        UUID: str,
        bytes: _binary,
        datetime: iso,
    }


def _odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Any) -> str:
    """To the last digit, zeros at the end as well; money and its like quicker than by way of Python's Decimal."""
    low, high = _halves.unpack(value.bid)
    exponent = (high >> EXPONENT_SHIFT & EXPONENT_MASK) - EXPONENT_BIAS
    digits = str((high & HIGH_DIGITS) << 64 | low)
    point = len(digits) + exponent
    if high & SPECIAL == SPECIAL or exponent > 0 or point < -MOST_ZEROS or len(digits) > MOST_DIGITS:
        return str(value)
    if point <= 0:
        digits = f"0.{digits:0>{-exponent}}"
    elif exponent:
        digits = f"{digits[:point]}.{digits[point:]}"
    return f"-{digits}" if high & SIGN else digits


def _binary(value: bytes) -> JSON:
    subtype = getattr(value, "subtype", 0)
    if subtype == VECTOR:
        with contextlib.suppress(ValueError, struct.error):  # not every binary of this subtype is one
            vector = value.as_vector()  # type: ignore[attr-defined]
            return {"dtype": vector.dtype.name, "length": len(vector.data)}
    if subtype and (found := uuid_of(value)) is not None:
        return str(found)
    if len(value) > LONGEST_BINARY:
        return {"sha256": hashlib.sha256(value).hexdigest(), "size": len(value), "subtype": subtype}
    encoded = base64.b64encode(value).decode()
    return {"$binary": {"base64": encoded, "subType": f"{subtype:02x}"}} if subtype else encoded


def _options_of(pattern: Any) -> str:
    import re

    letters = {re.I: "i", re.L: "l", re.M: "m", re.S: "s", re.U: "u", re.X: "x"}
    return "".join(letter for flag, letter in letters.items() if pattern.flags & flag)


def _extended(value: Any) -> JSON:
    """What JSON has no word for (code, references, the least and the greatest key) in the server's own form."""
    read: JSON = json.loads(extended(value))
    return read
