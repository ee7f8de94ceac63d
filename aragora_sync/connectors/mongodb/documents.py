"""How documents become items of one collection."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from ...core.changes import JSON, Failed, Item
from ...core.errors import SourceError
from .keys import key_of, value_of
from .texts import SURROGATES
from .values import as_json, as_text

DOCUMENT = "document"  # the kind of every item
TITLES = ("title", "name", "subject")
LATEST_SECONDS = 100_000_000_000  # numbers beyond are milliseconds: as seconds, they would be years from now
DIGEST_BYTES = 12

_length = struct.Struct("<i")


class Unreadable(dict[str, Any]):
    """A document of which nothing but its `_id` can be read."""


class Reader:
    """Documents become items of one collection."""

    def __init__(self, collection: str, content_fields: Sequence[str], timestamp_field: str) -> None:
        self._collection = collection
        self._prefix = f"{collection}/"
        self._fields = tuple(content_fields)
        self._timestamp = timestamp_field
        self._titles = tuple(name for name in TITLES if not self._fields or name in self._fields)

    @property
    def projection(self) -> dict[str, int] | None:
        """What is asked of each document; None is all."""
        if not self._fields:
            return None
        paths = sorted({"_id", *self._fields, *([self._timestamp] if self._timestamp else [])})
        return {path: 1 for path in paths if not any(path.startswith(f"{other}.") for other in paths)}

    def id_of(self, value: Any) -> str:
        """The id of the document with this `_id`."""
        return self._prefix + key_of(value)

    def value_of(self, ref: str) -> Any:
        """The `_id` of an item; raises ValueError where none of this collection has such an id."""
        if not ref.startswith(self._prefix):
            raise ValueError(ref)
        return value_of(ref.removeprefix(self._prefix))

    def item(self, document: Mapping[str, Any], version: str) -> Item | Failed:
        """The document as it is."""
        try:
            value = document["_id"]
        except KeyError as error:
            raise SourceError(
                f"documents of {self._collection} have no _id, so that nothing tells them apart.",
                hint="let the view keep _id, or leave it out of the option 'collections'",
            ) from error
        key = key_of(value)
        item_id = self._prefix + key
        if type(document) is Unreadable:
            return Failed(item_id, "the document cannot be read: its bytes are no BSON")
        try:
            content, metadata = self._chosen(document) if self._fields else self._all(document)
        except (RecursionError, ValueError) as error:
            return Failed(item_id, f"the document cannot be read: {type(error).__name__}")
        created_at = datetime.fromtimestamp(int(key[:8], 16), UTC) if ":" not in key else None
        updated_at = moment_of(self.timestamp(document)) if self._timestamp else None
        return Item(
            item_id,
            DOCUMENT,
            self._title_of(document) or f"{self._collection} {key}",
            content,
            created_at=created_at,
            updated_at=updated_at,
            version=version,
            metadata=metadata,
        )

    def timestamp(self, document: Mapping[str, Any]) -> Any:
        """The value of the timestamp field."""
        return next(iter(found_at(document, self._timestamp)), None)

    def _title_of(self, document: Mapping[str, Any]) -> str:
        for name in self._titles:
            found = document.get(name)
            if type(found) is str and found:
                return found
        return ""

    def _chosen(self, document: Mapping[str, Any]) -> tuple[str, dict[str, JSON]]:
        """The fields of the options: texts as paragraphs, other values with their names, and as metadata too."""
        parts: list[str] = []
        metadata: dict[str, JSON] = {}
        for path in self._fields:
            found = [document[path]] if path in document else found_at(document, path)
            if all(type(value) is str for value in found):
                parts += found
                continue
            value = found[0] if len(found) == 1 else found
            metadata[path] = as_json(value)
            if value is not None:
                parts.append(f"{path}: {as_text(value)}")
        return "\n\n".join(parts), metadata

    def _all(self, document: Mapping[str, Any]) -> tuple[str, dict[str, JSON]]:
        """Texts as paragraphs, all else as metadata."""
        texts: list[str] = []
        metadata: dict[str, JSON] = {}
        for name, value in document.items():
            if name == "_id":
                continue
            if type(value) is str:
                texts.append(value)
            else:
                metadata[name] = as_json(value)
        return "\n\n".join(texts), metadata


def found_at(document: Any, path: str) -> list[Any]:
    """What lies at a dotted path; in lists, of each member."""
    name, _, rest = path.partition(".")
    if isinstance(document, list):
        return [value for member in document for value in found_at(member, path)]
    if not isinstance(document, dict) or name not in document:
        return []
    return found_at(document[name], rest) if rest else [document[name]]


def moment_of(value: Any) -> datetime | None:
    """The time that a timestamp of any type tells; None where it tells none."""
    if isinstance(value, datetime):
        return value

    from bson import Timestamp

    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, Timestamp):
            return datetime.fromtimestamp(value.time, UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > LATEST_SECONDS else value, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return None


def decoded(batch: bytes, options: Any) -> list[tuple[Mapping[str, Any], bytes]]:
    """The documents of a batch, each with its bytes. One that is damaged costs no other.

    Of a text that is no UTF-8, all is read that can be; an `_id` stays what it is, because it tells documents apart.
    """
    from bson import decode_all
    from bson.errors import InvalidBSON

    try:
        strict = options.with_options(unicode_decode_error_handler="strict")
        return list(zip(decode_all(batch, strict), split(batch), strict=True))
    except InvalidBSON:
        return [(_readable(raw, options), raw) for raw in split(batch)]


def _readable(raw: bytes, options: Any) -> Mapping[str, Any]:
    from bson import decode
    from bson.errors import InvalidBSON

    exact = options.with_options(unicode_decode_error_handler=SURROGATES)
    try:
        found: dict[str, Any] = decode(raw, options.with_options(unicode_decode_error_handler="replace"))
        if "_id" in found:
            found["_id"] = decode(raw, exact)["_id"]
        return found
    except InvalidBSON:
        for end in range(len(raw)):  # `_id` comes first, and its length depends on its type
            with contextlib.suppress(InvalidBSON, KeyError):
                return Unreadable(_id=decode(_length.pack(end + 5) + raw[4 : 4 + end] + b"\0", exact)["_id"])
        raise


def split(batch: bytes) -> Iterator[bytes]:
    """The documents of a batch, each as the server sent it."""
    place = 0
    while place < len(batch):
        (length,) = _length.unpack_from(batch, place)
        yield batch[place : place + length]
        place += length


def version_of(raw: bytes) -> str:
    """Stands for every value of a document and their order."""
    return blake2b(raw, digest_size=DIGEST_BYTES).hexdigest()
