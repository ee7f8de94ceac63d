"""Texts whose bytes are no UTF-8: some drivers write them, the server keeps them, and each stands for itself.

As an `_id` they are read with a surrogate for each byte that is none, so that no two become one, and are sent back as
the bytes that they were.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

STRING, DOCUMENT, ARRAY = b"\2", b"\3", b"\4"  # types of BSON
SURROGATES = "surrogateescape"

_size = struct.Struct("<i")


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(json: str) -> str:
    """The same JSON; what cannot be written as UTF-8 is escaped."""
    return json.encode("utf-8", "backslashreplace").decode()


def sendable(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition as the driver takes it, which refuses to write such texts itself."""
    if _is_plain(condition):
        return condition

    from bson.raw_bson import RawBSONDocument

    return RawBSONDocument(_document(condition))


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, Mapping | list):
        return all(map(_is_plain, value.values() if isinstance(value, Mapping) else value))
    return True


def _document(value: Mapping[str, Any]) -> bytes:
    body = b"".join(_element(name, part) for name, part in value.items())
    return _size.pack(len(body) + 5) + body + b"\0"


def _element(name: str, value: Any) -> bytes:
    from bson import encode

    named = name.encode() + b"\0"
    if type(value) is str:
        text = value.encode("utf-8", SURROGATES) + b"\0"
        return STRING + named + _size.pack(len(text)) + text
    if isinstance(value, list):
        return ARRAY + named + _document({str(place): part for place, part in enumerate(value)})
    if isinstance(value, Mapping):
        return DOCUMENT + named + _document(value)
    return encode({name: value})[_size.size : -1]
