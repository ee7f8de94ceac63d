"""Objects as the listing tells them, their ids and versions, and the items they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from ...core.changes import JSON, Item

NO_EXTRACTOR = frozenset(
    {
        *("7z", "bz2", "dmg", "ear", "gz", "iso", "jar", "rar", "tar", "tgz", "war", "xz", "zip", "zst"),
        *("avif", "bmp", "gif", "heic", "ico", "jpeg", "jpg", "png", "tif", "tiff", "webp"),
        *("avi", "flac", "m4a", "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "ogg", "wav", "webm"),
        *("doc", "docx", "odp", "ods", "odt", "pdf", "ppt", "pptx", "xls", "xlsb", "xlsx"),
        *("class", "dll", "dylib", "eot", "exe", "orc", "otf", "parquet", "pyc", "so", "ttf", "woff", "woff2"),
    }
)
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})

_ESCAPED = re.compile(r"\0|%(25)*00")


class Listed(NamedTuple):
    """One object, as the listing tells of it; where only its key is known, the rest is empty."""

    key: str
    etag: str = ""
    size: int = 0
    modified: str = ""  # 2026-11-20T08:00:00, in UTC
    archived: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Listed:
        storage_class = raw.get("StorageClass")
        return cls(
            raw["Key"],
            raw.get("ETag", "").strip('"'),
            raw["Size"],
            raw["LastModified"][:19],
            storage_class in ARCHIVES and not _is_restored(raw.get("RestoreStatus", {})),
        )

    @property
    def id(self) -> str:
        return id_of(self.key)

    @property
    def is_marker(self) -> bool:
        """Whether it only stands for a folder, as consoles make them."""
        return self.size == 0 and self.key.endswith("/")


def _is_restored(status: Mapping[str, Any]) -> bool:
    return "RestoreExpiryDate" in status and not status.get("IsRestoreInProgress")


def id_of(key: str) -> str:
    """The key; where it holds a NUL, which no store takes, escaped so that no other key has the same id."""
    if "\0" not in key and "%" not in key:
        return key
    return key.replace("%", "%25").replace("\0", "%00") if _ESCAPED.search(key) else key


def key_of(item_id: str) -> str:
    """The key that `id_of` made this id of."""
    return item_id.replace("%00", "\0").replace("%25", "%") if _ESCAPED.search(item_id) else item_id


def listed_of(before: Listed, answer: Mapping[str, Any]) -> Listed:
    """What a listing would tell now of an object that was got; where nothing changed, exactly what it told before."""
    etag = answer.get("ETag", "").strip('"')
    if etag and etag == before.etag:
        return before
    return Listed(before.key, etag, answer.get("ContentLength", before.size), _moment(answer.get("LastModified")))


def item_of(bucket: str, listed: Listed, text: str, version: str, metadata: Mapping[str, JSON]) -> Item:
    """The item of an object whose text was read."""
    folder, _, name = listed.key.rstrip("/").rpartition("/")
    return Item(
        listed.id,
        "file",
        name or listed.key,
        text,
        url=f"s3://{bucket}/{quote(listed.key)}",
        parent=id_of(folder),
        updated_at=datetime.fromisoformat(f"{listed.modified}+00:00") if listed.modified else None,
        version=version,
        metadata=metadata,
    )


def metadata_of(answer: Mapping[str, Any]) -> dict[str, JSON]:
    """What the headers of an answer tell of the object, by S3's names."""
    told: dict[str, JSON] = {
        "size": answer.get("ContentLength"),
        "content_type": answer.get("ContentType"),
        "content_language": answer.get("ContentLanguage"),
        "storage_class": answer.get("StorageClass"),
        "version_id": answer.get("VersionId"),
        "metadata": {name: _decoded(value) for name, value in sorted(answer.get("Metadata", {}).items())},
    }
    return {name: value for name, value in told.items() if value not in (None, {}, "null")}


def extension_of(key: str) -> str:
    """What follows the last dot of the name, in small letters; empty where there is none."""
    name = key.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""


def _decoded(value: str) -> str:
    """Metadata beyond ASCII come as RFC 2047 wants them."""
    if not value.startswith("=?"):
        return value
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):
        return value


def _moment(header: str | None) -> str:
    """The time of a header as the listing words it, which also tells parts of a second."""
    try:
        return parsedate_to_datetime(header or "").astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return ""
