"""Pages and files of a space, asked for and made into what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from threading import Event
from typing import TypeAlias

from ...core.changes import Deleted, Failed, Item, Named, Seen, Skipped
from ...core.errors import AccessError, NotFound, SourceError, TransientError
from ...core.source import Known, KnownItems
from ...extract.text import decode
from ...net.prefetch import Ask, prefetch
from ...net.trouble import TooLarge
from .errors import lost_space
from .items import Place, without_text
from .labels import Labelled
from .records import BLOG_POST, PAGE, Attachment, Comment, Page, Space
from .site import Site
from .storage import mentioned

WIDTH = 8
WAITING_BYTES = 32_000_000  # of what was read ahead
UNKNOWN_BYTES = 100_000  # taken for the size of a page, or of an answer that lists files
MEGABYTE = 1_000_000
MOST_FILE_BYTES = 50 * MEGABYTE
MOST_UNREAD = 10  # pages of one question that may fail before it is Confluence that fails
OF_ONE = (500, 502, 504)  # what a server says that stumbles over a single page
NOT_SHOWN = (
    "Confluence does not show it any more, not even in the trash: access to it was taken away, or it was deleted for "
    "good; what was read is kept"
)

Step: TypeAlias = "Named | Ask[Named]"
Said: TypeAlias = "Page | Named"
Asked: TypeAlias = "tuple[str, list[Attachment]] | Ask[tuple[str, list[Attachment]]]"


class Contents:
    """Reads what is in one space; `labelled` decides what of it is in."""

    def __init__(self, site: Site, space: Space) -> None:
        self._api = site.api
        self._names = site.names
        self._space = space
        self._place = Place(space, self._api.base)
        self._space_seen = False
        self.labelled = Labelled(None)

    # Bodies

    def list_pages(self, *, bodies: bool) -> Iterator[list[Page]]:
        """All pages; without their bodies as soon as these are too much for one answer."""
        try:
            yield from self._api.list_pages(self._space, bodies=bodies)
        except SourceError as error:
            if not bodies or not _is_of_one(error):
                raise
            yield from self._api.list_pages(self._space, bodies=False)

    def read_bodies(self, pages: Sequence[Page]) -> dict[str, Said]:
        """These pages with their bodies, or what is in the way of one; those that vanished are not among them."""
        found: dict[str, Said] = {page.id: page for page in pages if page.body is not None}
        for kind in (PAGE, BLOG_POST):
            if ids := [page.id for page in pages if page.body is None and page.kind == kind]:
                found |= self._read_bodies(kind, ids)
        return found

    def _read_bodies(self, kind: str, ids: Sequence[str]) -> dict[str, Said]:
        """Halves, again and again, of what cannot be had at once: so a page that cannot be read is found alone."""
        found: dict[str, Said] = {}
        waiting, unread = [list(ids)], 0
        while waiting:
            part = waiting.pop()
            try:
                found |= {page.id: page for page in self._api.get_pages(kind, part)}
            except SourceError as error:
                if not _is_of_one(error):
                    raise
                if len(part) == 1:
                    unread += 1
                    if unread > MOST_UNREAD:
                        raise
                    found[part[0]] = _unread(part[0], error)
                else:
                    middle = len(part) // 2
                    waiting += [part[middle:], part[:middle]]
        return found

    def read(self, ids: Sequence[str], *kinds: str) -> Iterator[Step]:
        """What is to be said of the pages with these ids, which may be of these kinds, wherever they are now."""
        said: dict[str, Said] = {}
        for kind in kinds:
            if left := [page_id for page_id in ids if page_id not in said]:
                said |= self._read_bodies(kind, left)
        self.learn_from(said, {})
        for page_id in ids:
            each = said.get(page_id)
            yield self._as_it_is(each) if isinstance(each, Page) else each or self._not_shown(page_id)

    def learn_from(self, said: Mapping[str, Said], below: Mapping[str, Sequence[Comment] | None]) -> None:
        """The names of all who wrote these pages and comments, or are mentioned there, in one question."""
        pages = [each for each in said.values() if isinstance(each, Page)]
        self._learn(*pages, *(comment for comments in below.values() for comment in comments or ()))

    def _learn(self, *written: Page | Comment) -> Mapping[str, str]:
        people = {account for each in written for account in each.accounts}
        return self._names.learn(people.union(*(mentioned(each.body or "") for each in written)))

    # Pages

    def page(self, page: Page, said: Said | None, comments: Sequence[Comment] | None) -> Step:
        """What is to be said of a page that was listed; its comments are asked for where they are None."""
        if isinstance(said, Skipped):
            return Skipped(page.id, said.reason, page.state)
        if not isinstance(said, Page):
            return said or self._not_shown(page.id)
        if comments is None or not self._is_in(said):
            return self._as_it_is(said)
        return self._place.page_item(said, comments, self._names.learn(()))

    def moved(self, page: Page, version: str) -> Item:
        """A page that hangs somewhere else now."""
        return self._place.moved_item(page, version, self._names.learn(page.accounts))

    def _as_it_is(self, page: Page) -> Step:
        if not self._is_in(page):
            return Deleted(page.id)
        return Ask(partial(self._with_comments, page), len(page.body or "") + UNKNOWN_BYTES)

    def _is_in(self, page: Page) -> bool:
        here = page.space_id in ("", self._space.id)
        return here and page.status in self._api.statuses and self.labelled.has(page.id)

    def _with_comments(self, page: Page, _halt: Event) -> Named:
        try:
            comments = list(self._api.comments_of(page))
        except NotFound:
            return self._not_shown(page.id)
        except TransientError as error:
            if not _is_of_one(error):
                raise
            return Failed(page.id, f"its comments cannot be read: {error.message}")
        return self._place.page_item(page, comments, self._learn(page, *comments))

    def _not_shown(self, item_id: str) -> Failed:
        """That is no deletion: of what was restricted Confluence says as little."""
        if not self._space_seen:
            if not self._api.sees(self._space):
                raise lost_space(self._space.key)
            self._space_seen = True
        return Failed(item_id, NOT_SHOWN)

    # Files

    def list_files(self, pages: Iterable[Page]) -> dict[str, list[Attachment]]:
        """The files at each of these pages."""

        def ask(page: Page, _halt: Event) -> tuple[str, list[Attachment]]:
            try:
                return page.id, list(self._api.attachments_of(page.id, page.kind))
            except NotFound:
                return page.id, []

        asks: Iterator[Asked] = (Ask(partial(ask, page), UNKNOWN_BYTES) for page in pages)
        return dict(prefetch(asks, width=WIDTH, weight=WAITING_BYTES))

    def file(self, file: Attachment, known: Known | None) -> Step:
        """What is to be said of a file that was listed."""
        version = str(file.number)
        if known is not None and known.version == version and known.parent in ("", file.page):
            return Seen(file.id)
        if reason := without_text(file) or _too_large(file.size):
            return Skipped(file.id, reason, version)
        return Ask(partial(self._download, file), file.size)

    def file_of(self, file_id: str, known: KnownItems) -> Step:
        """What is to be said of the file with this id."""
        return Ask(partial(self._file_of, file_id, known), UNKNOWN_BYTES)

    def _file_of(self, file_id: str, known: KnownItems, halt: Event) -> Named:
        try:
            file = self._api.get_attachment(file_id)
        except NotFound:
            return self._file_not_shown(file_id, known)
        except SourceError as error:
            if isinstance(error, AccessError) or _is_of_one(error):
                return _unread(file_id, error)
            raise
        if file.status not in self._api.statuses or file.page not in known.get([file.page]):
            return Deleted(file_id)
        step = self.file(file, None)
        return step.run(halt) if isinstance(step, Ask) else step

    def _file_not_shown(self, file_id: str, known: KnownItems) -> Named:
        """A file can be restricted only with its page: where that shows its files, this one is gone."""
        before = known.get([file_id]).get(file_id)
        pages = known.get([before.parent]) if before else {}
        for page in pages.values():
            try:
                files = list(self._api.attachments_of(page.id, page.kind))
            except NotFound:
                break
            if file_id not in {each.id for each in files}:
                return Deleted(file_id)
        return self._not_shown(file_id)

    def _download(self, file: Attachment, _halt: Event) -> Named:
        try:
            content = self._api.download(file, MOST_FILE_BYTES).content
        except TooLarge:
            return Skipped(file.id, _too_large(MOST_FILE_BYTES + 1), str(file.number))
        except SourceError as error:
            if isinstance(error, TransientError) and not _is_of_one(error):
                raise
            return Failed(file.id, error.message)
        text = decode(content)
        if text is None:
            return Skipped(file.id, "binary", str(file.number))
        return self._place.file_item(file, text, self._names.learn(file.accounts))


def _is_of_one(error: SourceError) -> bool:
    """Whether a single thing may be what cannot be had, and not the whole site."""
    return isinstance(error, TooLarge) or (isinstance(error, TransientError) and error.status in OF_ONE)


def _unread(item_id: str, error: SourceError) -> Failed | Skipped:
    if isinstance(error, TooLarge):
        return Skipped(item_id, "larger than what is read of one page")
    return Failed(item_id, error.message)


def _too_large(size: int) -> str:
    return f"larger than {MOST_FILE_BYTES // MEGABYTE} MB" if size > MOST_FILE_BYTES else ""
