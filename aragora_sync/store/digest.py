"""An item in its one canonical form: what is compared, and what is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from ..core.changes import JSON, Item
from ..core.clock import to_micros
from ..core.errors import SourceError

DIGEST_BYTES = 16

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Prepared(NamedTuple):
    """An item ready to be compared and stored; times in microseconds."""

    item: Item
    content_digest: bytes | None  # None: the item said no content
    rest_digest: bytes  # of every other field but the version
    created_at: int | None
    updated_at: int | None
    metadata: str
    acl: str | None


def prepare(item: Item) -> Prepared:
    """The digests tell two items apart whenever any field but `version` differs.

    Lengths stand before the texts, so that no text can be taken for the end of another. Lone surrogates, which no
    store takes, become U+FFFD in texts; in an id they are the connector's mistake and a SourceError.
    """
    try:
        return _prepare(item)
    except UnicodeEncodeError:
        return _prepare(_clean(item))


def _prepare(item: Item) -> Prepared:
    created = None if item.created_at is None else to_micros(item.created_at)
    updated = None if item.updated_at is None else to_micros(item.updated_at)
    metadata = _encode(item.metadata) if item.metadata else "{}"
    acl = None if item.acl is None else _encode(sorted(item.acl))
    kind, title, url, author, parent = item.kind, item.title, item.url, item.author, item.parent
    rest = (
        f"{len(kind)} {len(title)} {len(url)} {len(author)} {len(parent)} {len(metadata)} {created} {updated}\n"
        f"{kind}{title}{url}{author}{parent}{metadata}{acl}"
    )
    content = None if item.content is None else sha256(item.content.encode()).digest()[:DIGEST_BYTES]
    return Prepared(item, content, sha256(rest.encode()).digest()[:DIGEST_BYTES], created, updated, metadata, acl)


def _clean(item: Item) -> Item:
    try:
        item.id.encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"the id {item.id!r} is not valid text; the connector must percent-encode it.") from error
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


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clean_json(metadata: Mapping[str, JSON]) -> Mapping[str, JSON]:
    cleaned: Mapping[str, JSON] = json.loads(clean_text(json.dumps(metadata, ensure_ascii=False)))
    return cleaned
