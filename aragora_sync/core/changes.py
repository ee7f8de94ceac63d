"""What a connector says about its source: Item, Seen, Skipped, Deleted, Failed, Checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
Cursor: TypeAlias = JSON


@dataclass(slots=True)
class Item:
    """This is there, and looks like this. Replaces what the store holds under the same id.

    `id` is stable for ever within tenant and connector: it survives renames and edits. `content` is text or Markdown;
    None keeps what is stored, only the rest changed. Times are aware and in UTC. `version` (etag, sha, number) tells
    without reading that nothing changed. `metadata` holds the source's fields by their own names, money as decimal
    strings. `acl` says who may read it at the source ("user:…", "group:…", "public"); None means not captured.
    """

    id: str
    kind: str
    title: str
    content: str | None
    url: str = ""
    author: str = ""
    parent: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: str = ""
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    acl: Sequence[str] | None = None


@dataclass(slots=True)
class Seen:
    """This is still there and unchanged; it was not fetched. A version, when said, is remembered."""

    id: str
    version: str | None = None


@dataclass(slots=True)
class Skipped:
    """This is there, but nothing can be read: binary, too large, archived. Asked again when its version changes."""

    id: str
    reason: str
    version: str = ""


@dataclass(slots=True)
class Deleted:
    """This is gone, and the source itself reported it. Never said because something was merely absent."""

    id: str


@dataclass(slots=True)
class Failed:
    """This one could not be read; the others go on. `ref` is what `fetch` gets back, by default the id."""

    id: str
    error: str
    ref: str | None = None


@dataclass(slots=True)
class Checkpoint:
    """Everything of this stream up to `cursor` was yielded before this.

    `complete` adds: this read reached the end, and whoever read from no cursor up to here was told of everything.
    """

    cursor: Cursor
    complete: bool = False


Named: TypeAlias = Item | Seen | Skipped | Deleted | Failed
Change: TypeAlias = Named | Checkpoint
