"""What a Confluence site consists of, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

IN_TREES = ("page", "folder", "whiteboard", "database", "embed")
CONTAINED = ("attachment", "comment")


@dataclass
class User:
    """One person. Cloud knows accounts, Data Center keys and names."""

    account_id: str
    name: str
    display_name: str
    zone: str = "UTC"
    key: str = ""
    active: bool = True
    groups: list[str] = field(default_factory=list)


@dataclass
class Space:
    """`readers` are accounts and groups who may look into it; none named: everyone."""

    id: str
    key: str
    name: str
    type: str = "global"
    status: str = "current"
    created_at: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    author: str = ""
    homepage: str = ""
    description: str = ""
    alias: str = ""
    readers: set[str] | None = None
    blocked: bool = False  # for apps, by a data policy


@dataclass
class Version:
    """One state of a thing's title and body, or of a file."""

    number: int
    at: datetime
    author: str
    title: str
    body: str = ""
    message: str = ""
    minor: bool = False
    content: bytes = b""
    session: str = ""  # of a live doc: moves while somebody writes in it


@dataclass
class Content:
    """A page, blog post, folder, whiteboard, database, embed, comment or attachment: all share one row of ids.

    `parent`: what it hangs under in the tree; of a comment the comment that it answers. `container`: what a comment or
    an attachment belongs to.
    """

    id: str
    type: str
    space: str
    created_at: datetime
    author: str
    versions: list[Version]
    parent: str = ""
    container: str = ""
    status: str = "current"
    owner: str = ""
    position: int | None = None
    subtype: str = "page"
    labels: dict[str, str] = field(default_factory=dict)  # name -> prefix
    readers: set[str] = field(default_factory=set)  # accounts and groups; none named: everyone
    editors: set[str] = field(default_factory=set)
    trashed_at: datetime | None = None
    inline: bool = False
    resolution: str = "open"  # of an inline comment
    resolved_by: str = ""
    resolved_at: datetime | None = None
    marker: str = ""
    selection: str = ""
    media_type: str = ""
    file_id: str = ""

    @property
    def version(self) -> Version:
        return self.versions[-1]

    @property
    def title(self) -> str:
        return self.version.title

    @property
    def body(self) -> str:
        return self.version.body

    @property
    def updated_at(self) -> datetime:
        return self.version.at
