"""A Confluence site: spaces, trees of pages and what hangs on them, edited in the words of those who use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from .confluence_index import Index
from .confluence_model import IN_TREES, Content, Space, User, Version

ME, ANN, BOB = "712020:0000-me", "712020:0001-ann", "712020:0002-bob"
FIRST_ID = 65_536


class Site:
    """Everything on the site. Each act takes a second of the service's clock, or happens `at` a moment of its own."""

    def __init__(self, tick: Callable[[float], datetime]) -> None:
        self._tick = tick
        self.index = Index(tick)
        self.spaces: dict[str, Space] = {}
        self.contents: dict[str, Content] = {}
        self.graves: dict[str, Content] = {}  # pages and posts that were deleted for good
        self.users: dict[str, User] = {}
        self.reader = ME  # whose token is used
        self.moves_make_versions = False  # the documents do not say
        self._number = self._acts = 0
        for account, name in ((ME, "me"), (ANN, "ann"), (BOB, "bob")):
            self.add_user(name, account_id=account)

    # People

    def add_user(self, name: str, *, account_id: str = "", **more: Any) -> str:
        number = len(self.users)
        account = account_id or f"712020:{number:04d}-{name}"
        more.setdefault("key", f"ff8080817{number:07x}")
        self.users[account] = User(account, name, name.title(), **more)
        return account

    def rename_user(self, account: str, name: str) -> None:
        self.users[account].display_name = name

    # Spaces

    def create_space(self, key: str, name: str = "", *, homepage: bool = False, **more: Any) -> str:
        """The id of the new space. A personal one has a key with `~`."""
        space_id = self._new_id()
        kind = "personal" if key.startswith("~") else "global"
        facts = {"type": kind, "alias": key, "author": ANN, "created_at": self._act(), **more}
        self.spaces[space_id] = Space(space_id, key, name or key.title(), **facts)
        if homepage:
            self.spaces[space_id].homepage = self.create(space_id, f"{key} Home")
        return space_id

    def rename_space(self, space_id: str, name: str) -> None:
        self.spaces[space_id].name = name

    def archive_space(self, space_id: str) -> None:
        """Its pages keep the status they have."""
        self.spaces[space_id].status = "archived"
        self._note_space(space_id)

    def restore_space(self, space_id: str) -> None:
        self.spaces[space_id].status = "current"
        self._note_space(space_id)

    def delete_space(self, space_id: str) -> None:
        """All of it goes, at once and without a trash."""
        for each in [one.id for one in self.contents.values() if one.space == space_id]:
            self._drop(each)
        del self.spaces[space_id]

    def block_space(self, space_id: str, blocked: bool = True) -> None:
        """A data policy keeps apps out."""
        self.spaces[space_id].blocked = blocked

    def take_away(self, space_id: str) -> None:
        """The reading user may no longer see the space."""
        self.spaces[space_id].readers = {ANN}

    def give_back(self, space_id: str) -> None:
        self.spaces[space_id].readers = None

    # Pages and their kin

    def create(
        self, space_id: str, title: str, body: str = "<p></p>", *, parent: str = "", kind: str = "page", **more: Any
    ) -> str:
        """A page, or what else hangs in trees: folder, whiteboard, database, embed, or a blog post. Its id."""
        at, by = more.pop("at", None) or self._act(), more.pop("by", ANN)
        content = Content(self._new_id(), kind, space_id, at, by, [Version(1, at, by, title, body)], parent, **more)
        content.owner = content.owner or by
        if kind in IN_TREES and content.position is None:
            content.position = self._number
        return self._add(content)

    def blog(self, space_id: str, title: str, body: str = "<p></p>", **more: Any) -> str:
        return self.create(space_id, title, body, kind="blogpost", **more)

    def draft(self, space_id: str, title: str, body: str = "<p></p>", **more: Any) -> str:
        """Not published yet: no list shows it."""
        return self.create(space_id, title, body, status="draft", **more)

    def publish(self, content_id: str) -> None:
        self.contents[content_id].status = "current"
        self._version(content_id, {})

    def edit(self, content_id: str, body: str, *, minor: bool = False, **more: Any) -> None:
        self._version(content_id, {"body": body, "minor": minor, **more})

    def rename(self, content_id: str, title: str, **more: Any) -> None:
        self._version(content_id, {"title": title, **more})

    def write_live(self, content_id: str, body: str) -> None:
        """Somebody writes in a live doc: a session moves, no version is made until `edit`."""
        self._act()
        version = self.contents[content_id].version
        version.body, version.session = body, f"{int(version.session or 0) + 1}"

    def move(self, content_id: str, *, parent: str = "", space: str = "", position: int | None = None) -> None:
        """Under another parent (none: to the top), also of another space; what lies below comes along. No version."""
        content = self.contents[content_id]
        if parent in (content_id, *self.below(content_id)):
            raise ValueError("nothing can hang under itself")
        self._act()
        target = space or (self.contents[parent].space if parent else content.space)
        content.parent, content.position = parent, self._number if position is None else position
        for each in [content_id, *self.below(content_id)]:
            self.contents[each].space = target
            self._follow(each)
        if self.moves_make_versions:
            self._version(content_id, {"message": "Moved"})

    # Labels, restrictions: no version

    def label(self, content_id: str, *names: str, prefix: str = "global") -> None:
        self._act()
        self.contents[content_id].labels.update(dict.fromkeys(names, prefix))
        self.index.note(self.contents[content_id])

    def unlabel(self, content_id: str, *names: str) -> None:
        self._act()
        for name in names:
            self.contents[content_id].labels.pop(name, None)
        self.index.note(self.contents[content_id])

    def restrict(self, content_id: str, *readers: str) -> None:
        """Only these accounts and groups may read it and what lies below; by default the reading user may not."""
        self._act()
        self.contents[content_id].readers = set(readers or (ANN,))

    def unrestrict(self, content_id: str) -> None:
        self._act()
        self.contents[content_id].readers = set()

    def restrict_editing(self, content_id: str, *editors: str) -> None:
        self.contents[content_id].editors = set(editors or (ANN,))

    # Ends: no version

    def archive(self, content_id: str, *, below: bool = False) -> None:
        self._act()
        for each in [content_id, *(self.below(content_id) if below else ())]:
            self.contents[each].status = "archived"
            self._follow(each)

    def unarchive(self, content_id: str) -> None:
        self._act()
        self.contents[content_id].status = "current"
        self._follow(content_id)

    def trash(self, content_id: str, *, below: bool = False) -> None:
        """Into the trash. Pages below it are put under its parent, unless they go too."""
        content, at = self.contents[content_id], self._act()
        going = [content_id, *(self.below(content_id) if below else ())]
        for child in list(self.children(content_id)):
            if not below:
                child.parent = content.parent
                self._follow(child.id)
        for each in going:
            self.contents[each].status, self.contents[each].trashed_at = "trashed", at
            self._follow(each)

    def restore(self, content_id: str) -> None:
        """Out of the trash, where it was, or to the top where its parent is gone."""
        self._act()
        content = self.contents[content_id]
        content.status, content.trashed_at = "current", None
        parent = self.contents.get(content.parent)
        if content.type != "comment" and (parent is None or parent.status == "trashed"):
            content.parent = ""
        self._follow(content_id)

    def purge(self, content_id: str) -> None:
        """Gone for ever, with its comments and attachments."""
        self._act()
        for child in list(self.children(content_id)):
            child.parent = self.contents[content_id].parent
        for each in [content_id, *(one.id for one in self.on(content_id))]:
            self._drop(each)

    # Comments

    def comment(self, content_id: str, body: str, *, on: str = "", **more: Any) -> str:
        """A footer comment; with `on`, the words it is about, an inline one. Its id."""
        title = f"Re: {self.contents[content_id].title}"
        if on:
            more |= {"inline": True, "selection": on, "marker": f"marker-{self._number + 1}"}
        return self._attached(content_id, "comment", title, body, **more)

    def reply(self, comment_id: str, body: str, **more: Any) -> str:
        above = self.contents[comment_id]
        more |= {"inline": above.inline, "parent": comment_id}
        return self._attached(above.container, "comment", above.title, body, **more)

    def edit_comment(self, comment_id: str, body: str, **more: Any) -> None:
        self.edit(comment_id, body, **more)

    def delete_comment(self, comment_id: str) -> None:
        """At once and for ever, with what answers it: comments have no trash."""
        self._act()
        for each in [comment_id, *self.below(comment_id)]:
            self._drop(each)

    def resolve(self, comment_id: str, resolution: str = "resolved", *, by: str = BOB) -> None:
        """`open`, `reopened`, `resolved`, or `dangling` where the words are gone."""
        content = self.contents[comment_id]
        content.resolution, content.resolved_by, content.resolved_at = resolution, by, self._act()

    # Attachments

    def attach(self, content_id: str, name: str, content: bytes, media_type: str = "text/plain", **more: Any) -> str:
        """A file on a page or post. Its id begins with `att`."""
        more |= {"media_type": media_type, "file_id": f"file-{self._number + 1:04d}"}
        return self._attached(content_id, "attachment", name, "", content=content, **more)

    def replace(self, attachment_id: str, content: bytes, **more: Any) -> None:
        """A new version of the file. The page gets none."""
        self._version(attachment_id, {"content": content, **more})

    # What is where

    def children(self, parent: str, space_id: str = "") -> Iterator[Content]:
        """What hangs directly under it, or at the top of a space; without what is in the trash."""
        for one in list(self.contents.values()):
            here = one.type in IN_TREES and one.parent == parent and (parent or one.space == space_id)
            if here and one.status in ("current", "archived"):
                yield one

    def below(self, content_id: str) -> list[str]:
        """The ids of all that hangs under it, at any depth; of a comment, of what answers it."""
        found, left = [], [content_id]
        while left:
            parent = left.pop(0)
            some = [one.id for one in self.contents.values() if one.parent == parent]
            found += some
            left += some
        return found

    def above(self, content: Content) -> list[Content]:
        """Its ancestors, the highest first."""
        found: list[Content] = []
        while content.parent in self.contents and content.type in IN_TREES:
            content = self.contents[content.parent]
            found.insert(0, content)
        return found

    def answered(self, comment: Content) -> list[Content]:
        """The comments above it in its thread, the first one first."""
        found: list[Content] = []
        while comment.parent in self.contents:
            comment = self.contents[comment.parent]
            found.insert(0, comment)
        return found

    def on(self, content_id: str, kind: str = "") -> list[Content]:
        """Its comments and attachments, replies too."""
        return [one for one in self.contents.values() if one.container == content_id and kind in ("", one.type)]

    def home(self, content: Content) -> Content:
        """What a comment or an attachment belongs to; anything else belongs to itself."""
        return self.contents[content.container] if content.container else content

    def sees(self, content: Content) -> bool:
        """Whether the reading user may read it: its space, itself, all above it, and what it belongs to."""
        home = self.home(content)
        mine = {self.reader, *self.users[self.reader].groups}
        if not self.sees_space(home.space):
            return False
        return all(not one.readers or one.readers & mine for one in [home, *self.above(home)])

    def sees_space(self, space_id: str) -> bool:
        space = self.spaces.get(space_id)
        mine = {self.reader, *self.users[self.reader].groups}
        return space is not None and (space.readers is None or bool(space.readers & mine))

    # Helpers

    def _act(self) -> datetime:
        """A second passes; the moment of the act lies somewhere within it, to the millisecond."""
        self._acts += 1
        return self._tick(1) - timedelta(milliseconds=self._acts * 137 % 1000)

    def _attached(self, home: str, kind: str, title: str, body: str, content: bytes = b"", **more: Any) -> str:
        at, by = more.pop("at", None) or self._act(), more.pop("by", BOB)
        number = self._new_id()
        first = Version(1, at, by, title, body, content=content)
        made = Content(number if kind == "comment" else f"att{number}", kind, "", at, by, [first], **more)
        made.space, made.container = self.contents[home].space, home
        return self._add(made)

    def _version(self, content_id: str, changes: dict[str, Any]) -> None:
        content = self.contents[content_id]
        last = content.version
        kept = {"title": last.title, "body": last.body, "content": last.content, "session": last.session}
        stamp = {"at": changes.pop("at", None) or self._act(), "author": changes.pop("by", BOB)}
        content.versions.append(Version(last.number + 1, **{**stamp, **kept, **changes}))
        self.index.note(content)

    def _add(self, content: Content) -> str:
        self.contents[content.id] = content
        self.index.note(content)
        return content.id

    def _drop(self, content_id: str) -> None:
        if content_id in self.contents:
            content = self.contents.pop(content_id)
            self.index.forget(content)
            if content.type in ("page", "blogpost"):
                content.status = "deleted"
                self.graves[content_id] = content

    def _follow(self, content_id: str) -> None:
        """Comments and attachments go where their page goes; the index hears of all."""
        content = self.contents[content_id]
        self.index.note(content)
        for one in self.on(content_id):
            one.space = content.space
            self.index.note(one)

    def _note_space(self, space_id: str) -> None:
        for one in self.contents.values():
            if one.space == space_id:
                self.index.note(one)

    def _new_id(self) -> str:
        self._number += 1
        return str(FIRST_ID + 2 * self._number)
