"""Confluence Data Center, by the older API: listings by offset, changes by search."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ...core.errors import AccessError, NotFound
from ...net.answer import Answer
from ...net.http import Http
from .cloud import ENTRY_BYTES, SEARCH, cql_of_labels, quoted
from .gathered import Gathered
from .paging import base_of, get, offset_pages, results_of
from .records import (
    ARCHIVED,
    ATTACHMENT,
    BLOG_POST,
    CURRENT,
    PAGE,
    TRASHED,
    Attachment,
    Comment,
    Page,
    Raw,
    Space,
    moment_of,
    name_of,
)

T = TypeVar("T")

SPACES_SIZE, PAGE_SIZE = 500, 200
BODIES_SIZE = 50  # the most that a search gives with bodies
IDS_SIZE = 1000
LATENESS_MINUTES = 15  # of the search index
CONTENT, COMMENTS = "content", "comment"
SUMMARY = "version,history,ancestors,space"
BODY = f"{SUMMARY},body.storage"
OF_ATTACHMENT = "version,container,space"
OF_COMMENT = "version,container,ancestors,extensions.resolution,extensions.inlineProperties"


class DataCenter:
    """What a Data Center is asked. Its searches know no time zone, only how long ago something was, by the minute."""

    reach = timedelta(minutes=LATENESS_MINUTES)
    comment_lists = (COMMENTS,)
    page_lists: Mapping[str, str] = {PAGE: CONTENT, BLOG_POST: CONTENT}
    statuses = (CURRENT,)  # of what is in: single pages cannot be archived there, only spaces

    def __init__(self, http: Http, once: Callable[[str, Callable[[], Any]], Any], *, archived: bool) -> None:
        self._http = http
        self._archived = archived
        self.base = http.base_url
        self.began_at: datetime | None = None
        self.space_ids: Sequence[str] = ()
        self._ids: Collection[str] = ()  # of all spaces that are not archived
        self._latest: datetime | None = None  # the server's clock, as it was told last

    # Spaces

    def list_spaces(self, keys: Sequence[str]) -> list[Space]:
        """The spaces of these keys, or all that the token sees; archived ones where they may be needed."""
        found = self._list_spaces(CURRENT)
        self._ids = {space.id for space in found}
        if self._archived or not set(keys) <= {space.key for space in found}:
            found += self._list_spaces(ARCHIVED)
        return [space for space in found if not keys or space.key in keys]

    def list_archived(self) -> list[Space]:
        """The archived ones that were not listed with the others."""
        return [] if self._archived else self._list_spaces(ARCHIVED)

    def _list_spaces(self, status: str) -> list[Space]:
        spaces: list[Space] = []
        for answer in self._listing("rest/api/space", status=status, limit=SPACES_SIZE):
            self.began_at = self.began_at or answer.at
            self.base = base_of(answer) or self.base
            spaces += (Space.read({"status": status, **raw}) for raw in results_of(answer))
        return spaces

    def shows(self, space_id: str) -> bool:
        """Whether a space that nobody named can be seen."""
        return space_id in self._ids

    def sees(self, space: Space) -> bool:
        """Whether the space can be seen now."""
        try:
            get(self._http, f"rest/api/space/{space.key}")
        except NotFound:
            return False
        return True

    def try_out(self, *, files: bool, labels: bool) -> None:
        """Asks once for what a sync will ask for; raises what it would."""
        get(self._http, SEARCH, cql=f"type = {PAGE}", limit=1)

    # Pages and blog posts

    def list_pages(self, space: Space, *, bodies: bool) -> Iterator[list[Page]]:
        """All pages and blog posts of a space."""
        for kind in (PAGE, BLOG_POST):
            asked: dict[str, Any] = {"spaceKey": space.key, "type": kind, "status": CURRENT, "limit": PAGE_SIZE}
            asked["expand"] = BODY if bodies else SUMMARY
            for raws in self._entries("rest/api/content", {"expand": SUMMARY}, **asked):
                yield list(map(Page.read_v1, raws))

    def changed_pages(self, space: Space, _list: str, low: datetime | None) -> Iterator[list[Page]]:
        """Those of a space that changed since."""
        for raws in self._changes(space, f"{PAGE}, {BLOG_POST}", low, SUMMARY):
            yield list(map(Page.read_v1, raws))

    def newest_page(self, _list: str) -> datetime | None:
        """No listing covers several spaces."""
        return None

    def outside(self, space: Space) -> Iterator[list[str]]:
        """The ids of what is in the space's trash."""
        for kind in (PAGE, BLOG_POST):
            asked: dict[str, Any] = {"spaceKey": space.key, "type": kind, "status": TRASHED, "limit": IDS_SIZE}
            for raws in self._entries("rest/api/content", **asked):
                yield [str(raw["id"]) for raw in raws]

    def get_pages(self, kind: str, ids: Sequence[str]) -> list[Page]:
        """Those of these ids that are shown, whatever became of them, with their bodies."""
        found: list[Page] = []
        for first in range(0, len(ids), BODIES_SIZE):
            part = ids[first : first + BODIES_SIZE]
            for answer in self._search(f"id in ({', '.join(part)})", BODY, BODIES_SIZE):
                found += map(Page.read_v1, results_of(answer))
            here = {page.id for page in found}
            found += (page for page_id in part if page_id not in here for page in self._get_page(page_id))
        return [page for page in found if page.kind == kind]

    def _get_page(self, page_id: str) -> Iterator[Page]:
        """One that no search finds: it is in the trash, or too new."""
        with suppress(NotFound, AccessError):
            yield Page.read_v1(get(self._http, f"rest/api/content/{page_id}", status="any", expand=BODY).body)

    def labelled(self, space: Space, labels: Sequence[str]) -> Iterator[str]:
        """The ids of the pages and blog posts of a space that have one of these labels."""
        for raws in self._found(space, cql_of_labels(space, labels), "", IDS_SIZE):
            yield from (str(raw["id"]) for raw in raws)

    # What hangs under pages

    def changed_attachments(self, space: Space, low: datetime | None) -> Iterator[list[Attachment]]:
        """Those of a space that changed since."""
        for raws in self._changes(space, ATTACHMENT, low, OF_ATTACHMENT):
            yield list(map(Attachment.read_v1, raws))

    def changed_comments(self, space: Space, kind: str, low: datetime | None) -> Iterator[list[Comment]]:
        """Those of a space that changed since."""
        for raws in self._changes(space, kind, low, OF_COMMENT):
            yield list(map(Comment.read_v1, raws))

    def gather_attachments(self, space: Space) -> Gathered[Attachment]:
        """All of a space."""
        found: Gathered[Attachment] = Gathered(self.reach)
        for entries in self.changed_attachments(space, None):
            for each in entries:
                found.list_named(ATTACHMENT).note(each.id, moment_of(each.modified))
                if each.page and each.status == CURRENT:
                    found.add(each.page, each.id, each, ENTRY_BYTES)
        return found

    def gather_comments(self, space: Space) -> Gathered[Comment]:
        """All of a space."""
        found: Gathered[Comment] = Gathered(self.reach)
        for raws in self._changes(space, COMMENTS, None, f"{OF_COMMENT},body.storage", BODIES_SIZE):
            for each in map(Comment.read_v1, raws):
                found.list_named(COMMENTS).note(each.mark, moment_of(each.modified))
                if each.is_shown:
                    found.add(each.page, each.mark, each, ENTRY_BYTES + len(each.body))
        return found

    def attachments_of(self, page_id: str, _kind: str) -> Iterator[Attachment]:
        """The files at a page."""
        path = f"rest/api/content/{page_id}/child/attachment"
        for raws in self._entries(path, limit=PAGE_SIZE, expand=OF_ATTACHMENT):
            yield from (Attachment.read_v1({"container": {"id": page_id}, **raw}) for raw in raws)

    def get_attachment(self, attachment_id: str) -> Attachment:
        """One, whatever its status; raises NotFound."""
        path = f"rest/api/content/{attachment_id}"
        return Attachment.read_v1(get(self._http, path, status="any", expand=OF_ATTACHMENT).body)

    def comments_of(self, page: Page) -> Iterator[Comment]:
        """All comments of a page, answers to answers too."""
        path, expand = f"rest/api/content/{page.id}/child/comment", f"{OF_COMMENT},body.storage"
        for raws in self._entries(path, depth="all", limit=PAGE_SIZE, expand=expand):
            told = (Comment.read_v1(raw, page.id) for raw in raws)
            yield from (each for each in told if each.is_shown)

    def download(self, attachment: Attachment, most_bytes: int) -> Answer:
        """The bytes of a file."""
        return self._http.download(attachment.download, most_bytes=most_bytes)

    def names_of(self, accounts: Sequence[str]) -> dict[str, str]:
        """The names of these people, by their keys, as far as they are shown."""
        names = {}
        for key in accounts:
            try:
                names[key] = name_of(get(self._http, "rest/api/user", key=key).body) or key
            except (NotFound, AccessError):
                names[key] = key
        return names

    # Searching

    def _changes(
        self, space: Space, types: str, low: datetime | None, expand: str, size: int = PAGE_SIZE
    ) -> Iterator[list[Raw]]:
        """In an order that no edit changes."""
        cql = f"space = {quoted(space.key)} and type in ({types})"
        if low is not None and self._latest is not None:
            minutes = math.ceil((self._latest - low) / timedelta(minutes=1))
            cql += f' and lastmodified >= now("-{max(1, minutes)}m")'
        return self._found(space, f"{cql} order by created asc", expand, size)

    def _found(self, space: Space, cql: str, expand: str, size: int) -> Iterator[list[Raw]]:
        """What a search finds. Only the general one looks into archived spaces."""
        asked: dict[str, Any] = {"cql": cql, "limit": size, "expand": expand or None}
        if space.status == CURRENT:
            return self._entries(SEARCH, **asked)
        asked["expand"] = ",".join(f"content.{each}" for each in expand.split(",") if each) or None
        return self._entries("rest/api/search", **asked, includeArchivedSpaces=True, excerpt="none")

    def _search(self, cql: str, expand: str | None, size: int) -> Iterator[Answer]:
        asked = {"cql": cql, "limit": size, **({"expand": expand} if expand else {})}
        return self._listing(SEARCH, **asked)

    def _entries(self, target: str, again: Mapping[str, Any] | None = None, **asked: Any) -> Iterator[list[Raw]]:
        """Each entry once. What is taken away while we read moves the rest up, past our offset: so more than one page
        is looked through again, where `again` may ask for less.
        """
        told = set[str]()
        for params in (asked, {**asked, **(again or {})}):
            pages = 0
            for answer in self._listing(target, **params):
                pages += 1
                raws = [raw.get("content") or raw for raw in results_of(answer)]
                yield [raw for raw in raws if str(raw["id"]) not in told]
                told.update(str(raw["id"]) for raw in raws)
            if pages == 1:
                return

    def _listing(self, target: str, **asked: Any) -> Iterator[Answer]:
        for answer in offset_pages(self._http, target, **asked):
            self._latest = answer.at or self._latest
            yield answer
