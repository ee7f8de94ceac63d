"""Texts whose bytes are no UTF-8: some drivers write them, the server keeps them, and each stands for itself.

As an `_id` they are read with a surrogate for each byte that is none, so that no two become one, and are sent back as
the bytes that they were.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

STRING, DOCUMENT, ARRAY, CODE, CODE_WITH_SCOPE = b"\2", b"\3", b"\4", b"\x0d", b"\x0f"  # types of BSON
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
        return is_unicode(value) and _is_plain(getattr(value, "scope", None))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    members = _members(value)
    return members is None or all(is_unicode(name) and _is_plain(part) for name, part in members.items())


def _members(value: Any) -> Mapping[str, Any] | None:
    """Those of a document, which a reference is, too."""
    if isinstance(value, Mapping):
        return value

    from bson import DBRef

    return value.as_doc() if isinstance(value, DBRef) else None


def _document(value: Mapping[str, Any]) -> bytes:
    body = b"".join(_element(name, part) for name, part in value.items())
    return _size.pack(len(body) + 5) + body + b"\0"


def _element(name: str, value: Any) -> bytes:
    from bson import Code, encode

    named = _bytes(name)
    if isinstance(value, Code) and value.scope is not None:
        body = _sized(value) + _document(value.scope)
        return CODE_WITH_SCOPE + named + _size.pack(len(body) + _size.size) + body
    if isinstance(value, str):
        return (CODE if isinstance(value, Code) else STRING) + named + _sized(value)
    if isinstance(value, list):
        return ARRAY + named + _document({str(place): part for place, part in enumerate(value)})
    if (members := _members(value)) is not None:
        return DOCUMENT + named + _document(members)
    return encode({"": value})[_size.size : -1].replace(b"\0", named, 1)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", SURROGATES) + b"\0"


def _sized(text: str) -> bytes:
    return _size.pack(len(_bytes(text))) + _bytes(text)
