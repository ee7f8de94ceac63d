"""What Confluence tells, as the two APIs word it: `read` is of Cloud's v2, `read_v1` of the older one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

PAGE, BLOG_POST, ATTACHMENT = "page", "blogpost", "attachment"
CURRENT, ARCHIVED, TRASHED = "current", "archived", "trashed"
DELETED = "deleted"  # from the trash, for good
FOOTER, INLINE = "footer", "inline"
OPEN = "open"
LIVE = "live"  # pages that are edited without being published

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Space:
    """A space."""

    id: str
    key: str
    name: str
    status: str
    alias: str = ""  # another key by which people know it

    @classmethod
    def read(cls, raw: Raw) -> Space:
        alias = str(raw.get("currentActiveAlias") or raw.get("alias") or "")
        return cls(str(raw["id"]), raw["key"], raw.get("name") or raw["key"], raw.get("status") or CURRENT, alias)


@dataclass(frozen=True, slots=True)
class Page:
    """A page or a blog post; `body` is None where it was not asked for."""

    id: str
    kind: str
    status: str
    title: str
    space_id: str  # empty where the answer does not tell it
    parent: str
    parent_kind: str
    number: int  # of its version
    step: str  # of a live page: its state between two versions
    created: str
    modified: str
    author: str  # who made it: an account id, or on a Data Center a name
    editor: str
    web_path: str
    body: str | None = None
    accounts: tuple[str, ...] = ()  # people whose names must be asked for

    @classmethod
    def read(cls, raw: Raw, kind: str) -> Page:
        version = raw["version"]
        return cls(
            str(raw["id"]),
            kind,
            raw.get("status") or CURRENT,
            raw.get("title") or "",
            str(raw.get("spaceId") or ""),
            str(raw.get("parentId") or ""),
            raw.get("parentType") or "",
            version["number"],
            str(version.get("ncsStepVersion") or "") if raw.get("subtype") == LIVE else "",
            raw.get("createdAt") or "",
            version["createdAt"],
            raw.get("authorId") or "",
            version.get("authorId") or "",
            (raw.get("_links") or {}).get("webui") or "",
            _body(raw),
            _accounts(raw.get("authorId"), version.get("authorId")),
        )

    @classmethod
    def read_v1(cls, raw: Raw) -> Page:
        version, history = raw["version"], raw.get("history") or {}
        ancestors = raw.get("ancestors") or []
        return cls(
            str(raw["id"]),
            raw["type"],
            raw.get("status") or CURRENT,
            raw.get("title") or "",
            str((raw.get("space") or {}).get("id") or ""),
            str(ancestors[-1]["id"]) if ancestors else "",
            PAGE if ancestors else "",
            version["number"],
            "",
            history.get("createdDate") or "",
            version["when"],
            name_of(history.get("createdBy")),
            name_of(version.get("by")),
            (raw.get("_links") or {}).get("webui") or "",
            _body(raw),
        )

    @property
    def state(self) -> str:
        """Tells without its body or comments whether it changed; holds no dot."""
        live = f"+{self.step}" if self.step else ""
        return f"{self.number}{live}{'a' if self.status == ARCHIVED else ''}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file at a page."""

    id: str
    status: str
    title: str
    page: str  # or blog post; empty where it hangs under something else
    media_type: str
    size: int
    number: int
    modified: str
    author: str
    comment: str
    web_path: str
    download: str  # its path; empty where it follows from the ids
    accounts: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Raw) -> Attachment:
        version = raw["version"]
        return cls(
            str(raw["id"]),
            raw.get("status") or CURRENT,
            raw.get("title") or "",
            str(raw.get("pageId") or raw.get("blogPostId") or ""),
            raw.get("mediaType") or "",
            raw.get("fileSize") or 0,
            version["number"],
            version["createdAt"],
            version.get("authorId") or "",
            raw.get("comment") or "",
            raw.get("webuiLink") or (raw.get("_links") or {}).get("webui") or "",
            "",
            _accounts(version.get("authorId")),
        )

    @classmethod
    def read_v1(cls, raw: Raw) -> Attachment:
        version, links = raw["version"], raw.get("_links") or {}
        told = {**(raw.get("metadata") or {}), **(raw.get("extensions") or {})}
        return cls(
            str(raw["id"]),
            raw.get("status") or CURRENT,
            raw.get("title") or "",
            str((raw.get("container") or {}).get("id") or ""),
            told.get("mediaType") or "",
            told.get("fileSize") or 0,
            version["number"],
            version["when"],
            name_of(version.get("by")),
            told.get("comment") or "",
            links.get("webui") or "",
            links.get("download") or "",
        )


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment below a page or at some words of it; `parent` is the comment that it answers."""

    id: str
    place: str  # FOOTER or INLINE
    status: str
    page: str
    parent: str
    number: int
    modified: str
    author: str
    state: str  # open, resolved, reopened, dangling; empty below a page
    words: str  # those it stands at
    body: str
    accounts: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: Raw, place: str, page: str = "") -> Comment:
        version = raw["version"]
        return cls(
            str(raw["id"]),
            place,
            raw.get("status") or CURRENT,
            str(raw.get("pageId") or raw.get("blogPostId") or page),
            str(raw.get("parentCommentId") or ""),
            version["number"],
            version["createdAt"],
            version.get("authorId") or "",
            raw.get("resolutionStatus") or "",
            (raw.get("properties") or {}).get("inlineOriginalSelection") or "",
            _body(raw) or "",
            _accounts(version.get("authorId")),
        )

    @classmethod
    def read_v1(cls, raw: Raw, page: str = "") -> Comment:
        version, told = raw["version"], raw.get("extensions") or {}
        answered = [str(each["id"]) for each in raw.get("ancestors") or () if each.get("type") == "comment"]
        container = raw.get("container") or {}
        return cls(
            str(raw["id"]),
            INLINE if told.get("location") == INLINE or told.get("inlineProperties") else FOOTER,
            raw.get("status") or CURRENT,
            str(container.get("id") or page),
            answered[-1] if answered else "",
            version["number"],
            version["when"],
            name_of(version.get("by")),
            (told.get("resolution") or {}).get("status") or "",
            (told.get("inlineProperties") or {}).get("originalSelection") or "",
            _body(raw) or "",
        )

    @property
    def is_shown(self) -> bool:
        """Whether readers of its page see it."""
        return bool(self.page) and self.status in (CURRENT, ARCHIVED)

    @property
    def mark(self) -> str:
        """Tells it and its state apart from every other."""
        return f"{self.id}.{self.number}{'' if self.state in ('', OPEN) else self.state[0]}"


def _accounts(*told: str | None) -> tuple[str, ...]:
    return tuple(account for account in told if account)


def _body(raw: Raw) -> str | None:
    storage = (raw.get("body") or {}).get("storage")
    return None if storage is None else storage.get("value") or ""


def name_of(user: Raw | None) -> str:
    """How the older API names a person."""
    told = user or {}
    return str(told.get("displayName") or told.get("publicName") or told.get("username") or "")


def moment_of(text: str) -> datetime | None:
    """A time as both APIs word it, in UTC; None where there is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def digest_of(text: str) -> int:
    """A number for a text; sums of them stand for sets, whatever their order."""
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big")
