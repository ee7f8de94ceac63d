"""Confluence Cloud, by its API of the second version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from ...core.errors import NotFound
from ...net.answer import Answer
from ...net.http import Http
from .errors import lost_space
from .gathered import Gathered
from .paging import base_of, cursor_pages, get, next_target, results_of
from .records import (
    ARCHIVED,
    BLOG_POST,
    CURRENT,
    DELETED,
    FOOTER,
    INLINE,
    PAGE,
    TRASHED,
    Attachment,
    Comment,
    Page,
    Space,
    moment_of,
)

T = TypeVar("T", Page, Attachment, Comment)

PAGE_SIZE = 250
SEARCH, SEARCH_SIZE = "rest/api/content/search", 1000
MOST_SPACES = 100  # that one request is narrowed to
NEWEST_FIRST = "-modified-date"
OLDEST_FIRST = "created-date"  # an order that no edit changes
PATHS = {PAGE: "pages", BLOG_POST: "blogposts"}
ALL_STATUSES = {PAGE: (CURRENT, ARCHIVED, TRASHED, DELETED), BLOG_POST: (CURRENT, TRASHED, DELETED)}
ENTRY_BYTES = 500  # about what one takes in memory, beside its text


@dataclass(frozen=True, slots=True)
class Head(Generic[T]):
    """The first page of a listing for all spaces, which all streams of a run share."""

    entries: list[T]
    next: str | None

    def reaches(self, low: datetime | None) -> bool:
        """Whether whatever changed since is in it."""
        return self.next is None or _is_below(self.entries, low)


class Cloud:
    """What a site of Atlassian's cloud is asked. Listings of changes are newest first and shared by all spaces."""

    reach = timedelta(minutes=2)  # how far below a mark a list is read again
    comment_lists = (FOOTER, INLINE)
    page_lists: Mapping[str, str] = {PAGE: PAGE, BLOG_POST: BLOG_POST}  # by kind, the list that tells of a change

    def __init__(self, http: Http, once: Callable[[str, Callable[[], Any]], Any], *, archived: bool) -> None:
        self._http = http
        self._once = once
        self._archived = archived
        self.statuses = (CURRENT, ARCHIVED) if archived else (CURRENT,)  # of what is in
        self.base = http.base_url
        self.began_at: datetime | None = None
        self.space_ids: Sequence[str] = ()  # of the spaces that are read

    # Spaces

    def list_spaces(self, keys: Sequence[str]) -> list[Space]:
        """The spaces of these keys, or all that the token sees. Some people know a space by an alias."""
        if not keys:
            return self._list_spaces()
        found = self._list_spaces(keys=",".join(keys)) if len(keys) <= MOST_SPACES else []
        if missing := set(keys) - {space.key for space in found}:
            found += [space for space in self._list_spaces() if missing & {space.key, space.alias}]
        return found

    def list_archived(self) -> list[Space]:
        """The archived ones that were not listed with the others."""
        return []

    def _list_spaces(self, **params: str) -> list[Space]:
        spaces: list[Space] = []
        for answer in cursor_pages(self._http, "api/v2/spaces", **params, limit=PAGE_SIZE):
            self.began_at = self.began_at or answer.at
            self.base = base_of(answer) or self.base
            spaces += map(Space.read, results_of(answer))
        return spaces

    def sees(self, space: Space) -> bool:
        """Whether the space can be seen now."""
        return self.shows(space.id)

    def shows(self, space_id: str) -> bool:
        """Whether a space that was not listed, perhaps because nobody named it, can be seen."""
        try:
            get(self._http, f"api/v2/spaces/{space_id}")
        except NotFound:
            return False
        return True

    def try_out(self, *, files: bool, labels: bool) -> None:
        """Asks once for all that a sync will ask for; raises what it would."""
        for kind, path in PATHS.items():
            get(self._http, f"api/v2/{path}", status=self._statuses(kind), limit=1)
        for place in self.comment_lists:
            get(self._http, f"api/v2/{place}-comments", limit=1)
        if files:
            get(self._http, "api/v2/attachments", status=CURRENT, limit=1)
        if labels:
            get(self._http, SEARCH, cql="type = page", limit=1)

    # Pages and blog posts

    def _statuses(self, kind: str) -> str:
        return f"{CURRENT},{ARCHIVED}" if self._archived and kind == PAGE else CURRENT

    def list_pages(self, space: Space, *, bodies: bool) -> Iterator[list[Page]]:
        """All pages and blog posts of a space. One that is lost meanwhile looks like one that ends there."""
        for kind, path in PATHS.items():
            asked = {"status": self._statuses(kind), "sort": "id", "limit": PAGE_SIZE}
            if bodies:
                asked["body-format"] = "storage"
            listing = cursor_pages(self._http, f"api/v2/{path}", **{"space-id": space.id}, **asked)
            for number, answer in enumerate(listing, 1):
                pages = _pages_of(answer, kind)
                if number > 1 and not pages and not self.sees(space):
                    raise lost_space(space.key)
                yield pages

    def changed_pages(self, space: Space, kind: str, low: datetime | None) -> Iterator[list[Page]]:
        """Those of a space that changed since, the newest first."""
        asked = {"status": self._statuses(kind), "sort": NEWEST_FIRST, "limit": PAGE_SIZE}
        if len(self.space_ids) > 1:
            head: Head[Page] = self._head(f"newest {kind}", kind, asked)
            if head.reaches(low):
                yield [page for page in _since(head.entries, low) if page.space_id == space.id]
                return
        yield from self._newest(PATHS[kind], _reader(kind), low, **{"space-id": space.id}, **asked)

    def newest_page(self, kind: str) -> datetime | None:
        """The newest change of any space, where all were asked for together."""
        if len(self.space_ids) <= 1:
            return None
        asked = {"status": self._statuses(kind), "sort": NEWEST_FIRST, "limit": PAGE_SIZE}
        head: Head[Page] = self._head(f"newest {kind}", kind, asked)
        return max((moment for page in head.entries if (moment := moment_of(page.modified))), default=None)

    def outside(self, space: Space) -> Iterator[list[str]]:
        """The ids of what is in the space's trash, or archived where that counts as out."""
        for kind, path in PATHS.items():
            statuses = f"{TRASHED},{ARCHIVED}" if kind == PAGE and not self._archived else TRASHED
            asked = {"status": statuses, "sort": NEWEST_FIRST, "limit": PAGE_SIZE}
            head: Head[Page] | None = None
            if len(self.space_ids) > 1:
                head = self._head(f"outside {kind}", kind, asked)
            if head is not None and head.next is None:
                yield [page.id for page in head.entries if page.space_id == space.id]
                continue
            for answer in cursor_pages(self._http, f"api/v2/{path}", **{"space-id": space.id}, **asked):
                yield [str(raw["id"]) for raw in results_of(answer)]

    def _head(self, name: str, kind: str, asked: dict[str, Any]) -> Head[Page]:
        def ask() -> Head[Page]:
            narrowed = len(self.space_ids) <= MOST_SPACES
            where = {"space-id": ",".join(self.space_ids)} if narrowed else {}
            answer = get(self._http, f"api/v2/{PATHS[kind]}", **where, **asked)
            return Head(_pages_of(answer, kind), next_target(answer))

        head: Head[Page] = self._once(name, ask)
        return head

    def get_pages(self, kind: str, ids: Sequence[str]) -> list[Page]:
        """Those of these ids that are shown, whatever became of them, with their bodies."""
        asked = {"status": ",".join(ALL_STATUSES[kind]), "body-format": "storage", "limit": PAGE_SIZE}
        answers = cursor_pages(self._http, f"api/v2/{PATHS[kind]}", id=",".join(ids), **asked)
        return [page for answer in answers for page in _pages_of(answer, kind)]

    def labelled(self, space: Space, labels: Sequence[str]) -> Iterator[str]:
        """The ids of the pages and blog posts of a space that have one of these labels."""
        asked = {"cql": cql_of_labels(space, labels), "limit": SEARCH_SIZE}
        if self._archived:
            asked["cqlcontext"] = json.dumps({"contentStatuses": [CURRENT, ARCHIVED]})
        for answer in cursor_pages(self._http, SEARCH, **asked):
            yield from (str(raw["id"]) for raw in results_of(answer))

    # What hangs under pages

    def changed_attachments(self, space: Space, low: datetime | None) -> Iterator[list[Attachment]]:
        """Those of the whole site that changed since or are in the trash, the newest first."""
        asked = {"status": f"{self._statuses(PAGE)},{TRASHED}", "sort": NEWEST_FIRST, "limit": PAGE_SIZE}
        return self._newest_of_site("attachments", Attachment.read, low, **asked)

    def changed_comments(self, space: Space, place: str, low: datetime | None) -> Iterator[list[Comment]]:
        """Those of the whole site that changed since, the newest first."""
        asked = {"sort": NEWEST_FIRST, "limit": PAGE_SIZE}
        return self._newest_of_site(f"{place}-comments", partial(Comment.read, place=place), low, **asked)

    def _newest_of_site(
        self, path: str, read: Callable[[Any], T], low: datetime | None, **asked: Any
    ) -> Iterator[list[T]]:
        """The first page is shared; who must read further goes on alone."""

        def ask() -> Head[T]:
            answer = get(self._http, f"api/v2/{path}", **asked)
            return Head(list(map(read, results_of(answer))), next_target(answer))

        head: Head[T] = self._once(f"newest {path}", ask)
        if head.reaches(low):
            yield _since(head.entries, low)
        else:
            yield from self._newest(path, read, low, **asked)

    def _newest(self, path: str, read: Callable[[Any], T], low: datetime | None, **asked: Any) -> Iterator[list[T]]:
        """From the newest down to `low`. What is taken away meanwhile may move the rest past our cursor: so more than
        one page is looked through again.
        """
        told = set[tuple[str, int]]()
        for _ in range(2):
            pages = 0
            for answer in cursor_pages(self._http, f"api/v2/{path}", **asked):
                pages += 1
                entries = list(map(read, results_of(answer)))
                yield [each for each in _since(entries, low) if (each.id, each.number) not in told]
                told.update((each.id, each.number) for each in entries)
                if _is_below(entries, low):
                    break
            if pages == 1:
                return

    def gather_attachments(self, space: Space) -> Gathered[Attachment]:
        """All of the site, once for all spaces."""
        return self._once("attachments", self._gather_attachments)  # type: ignore[no-any-return]

    def _gather_attachments(self) -> Gathered[Attachment]:
        found: Gathered[Attachment] = Gathered(self.reach)
        asked = {"status": self._statuses(PAGE), "sort": OLDEST_FIRST, "limit": PAGE_SIZE}
        for answer in cursor_pages(self._http, "api/v2/attachments", **asked):
            for each in map(Attachment.read, results_of(answer)):
                found.list_named("attachment").note(each.id, moment_of(each.modified))
                if each.page:
                    found.add(each.page, each.id, each, ENTRY_BYTES)
        return found

    def gather_comments(self, space: Space) -> Gathered[Comment]:
        """All of the site, once for all spaces."""
        return self._once("comments", self._gather_comments)  # type: ignore[no-any-return]

    def _gather_comments(self) -> Gathered[Comment]:
        found: Gathered[Comment] = Gathered(self.reach)
        asked = {"body-format": "storage", "sort": OLDEST_FIRST, "limit": PAGE_SIZE}
        for place in (FOOTER, INLINE):
            for answer in cursor_pages(self._http, f"api/v2/{place}-comments", **asked):
                for raw in results_of(answer):
                    each = Comment.read(raw, place)
                    found.list_named(place).note(each.mark, moment_of(each.modified))
                    if each.is_shown:
                        found.add(each.page, each.mark, each, ENTRY_BYTES + len(each.body))
        return found

    def attachments_of(self, page_id: str, kind: str) -> Iterator[Attachment]:
        """The files at a page."""
        asked = {"status": self._statuses(PAGE), "limit": PAGE_SIZE}
        for answer in cursor_pages(self._http, f"api/v2/{PATHS[kind]}/{page_id}/attachments", **asked):
            yield from map(Attachment.read, results_of(answer))

    def get_attachment(self, attachment_id: str) -> Attachment:
        """One, whatever its status; raises NotFound."""
        return Attachment.read(get(self._http, f"api/v2/attachments/{attachment_id}").body)

    def comments_of(self, page: Page) -> Iterator[Comment]:
        """All comments of a page, answers to answers too."""
        for place in (FOOTER, INLINE):
            first = f"api/v2/{PATHS[page.kind]}/{page.id}/{place}-comments"
            yield from (each for each in self._thread(first, place, page.id) if each.is_shown)

    def _thread(self, path: str, place: str, page_id: str) -> Iterator[Comment]:
        waiting = [(path, "")]
        while waiting:
            path, parent = waiting.pop()
            for answer in cursor_pages(self._http, path, **{"body-format": "storage", "limit": PAGE_SIZE}):
                for raw in results_of(answer):
                    told = {**raw, "parentCommentId": raw.get("parentCommentId") or parent}
                    yield Comment.read(told, place, page_id)
                    waiting.append((f"api/v2/{place}-comments/{raw['id']}/children", str(raw["id"])))

    def download(self, attachment: Attachment, most_bytes: int) -> Answer:
        """The bytes of a file, which lie on another host."""
        path = f"rest/api/content/{attachment.page}/child/attachment/{attachment.id}/download"
        return self._http.download(path, most_bytes=most_bytes)

    def names_of(self, accounts: Sequence[str]) -> dict[str, str]:
        """The names of these people, as far as they are shown."""
        answer = self._http.post("api/v2/users-bulk", {"accountIds": list(accounts)}, follow=False)
        return {
            str(raw["accountId"]): str(raw.get("displayName") or raw.get("publicName") or raw["accountId"])
            for raw in results_of(answer)
        }


def cql_of_labels(space: Space, labels: Sequence[str]) -> str:
    """A search for what has one of these labels."""
    return f"space = {quoted(space.key)} and type in (page, blogpost) and label in ({', '.join(map(quoted, labels))})"


def quoted(text: str) -> str:
    """Text within a search."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _reader(kind: str) -> Callable[[Any], Page]:
    return partial(Page.read, kind=kind)


def _pages_of(answer: Answer, kind: str) -> list[Page]:
    return list(map(_reader(kind), results_of(answer)))


def _is_below(entries: Sequence[Page | Attachment | Comment], low: datetime | None) -> bool:
    """Whether the last of these, which come newest first, changed before."""
    oldest = moment_of(entries[-1].modified) if entries else None
    return low is not None and oldest is not None and oldest < low


def _since(entries: Iterable[T], low: datetime | None) -> list[T]:
    if low is None:
        return list(entries)
    return [each for each in entries if (moment_of(each.modified) or low) >= low]
