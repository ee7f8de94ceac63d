"""An item in its one canonical form: what is compared, and what is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from ..core.changes import JSON, Item
from ..core.clock import to_micros
from ..core.errors import SourceError

HASH_BYTES = 16

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Prepared(NamedTuple):
    """An item ready to be compared and stored; times in microseconds."""

    item: Item
    hash: bytes  # of every field but the version
    created_at: int | None
    updated_at: int | None
    metadata: str
    acl: str | None


_new = tuple.__new__  # a NamedTuple without the call of its constructor: once for each item


def prepare(item: Item) -> Prepared:
    """The hashes of two items differ whenever any field but `version` does. The item says its content.

    Lone surrogates, which no store takes, become U+FFFD; ids were checked before.
    """
    try:
        return _prepare(item)
    except UnicodeEncodeError:
        return _prepare(_clean(item))


def _prepare(item: Item) -> Prepared:
    created = None if item.created_at is None else to_micros(item.created_at)
    updated = None if item.updated_at is None else to_micros(item.updated_at)
    metadata = _encode(item.metadata) if item.metadata else "{}"
    acl = None if item.acl is None else _encode_acl(tuple(item.acl))
    fields = [item.kind, item.title, item.url, item.author, item.parent, metadata, acl or "", f"{created} {updated}"]
    head = "\0".join(fields)
    if head.count("\0") >= len(fields):  # a field holds the mark that parts them: then all lengths stand before, so
        head = "\0".join([*(str(len(field)) for field in fields), head])  # that a number is where metadata would be
    if not item.version.isascii():
        item.version.encode()
    digest = sha256(f"{head}\0{item.content}".encode()).digest()[:HASH_BYTES]
    return _new(Prepared, (item, digest, created, updated, metadata, acl))


@lru_cache(64)
def _encode_acl(acl: tuple[str, ...]) -> str:
    """Few lists of readers hold for many items."""
    return _encode(sorted(acl))


def _clean(item: Item) -> Item:
    return replace(
        item,
        kind=clean_text(item.kind),
        title=clean_text(item.title),
        content=None if item.content is None else clean_text(item.content),
        url=clean_text(item.url),
        author=clean_text(item.author),
        parent=clean_text(item.parent),
        version=clean_text(item.version),
        metadata=_clean_json(item.metadata),
        acl=None if item.acl is None else [clean_text(each) for each in item.acl],
    )


def check_ids(ids: Sequence[str]) -> None:
    """Every store takes these ids; an empty one, or one with a NUL or a lone surrogate, is the connector's mistake."""
    joined = "".join(ids)
    if all(ids) and "\0" not in joined and (joined.isascii() or clean_text(joined) == joined):
        return
    wrong = next(each for each in ids if not each or "\0" in each or clean_text(each) != each)
    raise SourceError(f"the id {wrong!r} is not valid text; the connector must percent-encode it.")


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clean_json(metadata: Mapping[str, JSON]) -> Mapping[str, JSON]:
    cleaned: Mapping[str, JSON] = json.loads(clean_text(json.dumps(metadata, ensure_ascii=False)))
    return cleaned
