"""One reading of a space: everything, what changed, or single items."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Named, Seen
from ...core.source import Known, KnownItems
from ...net.prefetch import prefetch
from .contents import WAITING_BYTES, WIDTH, Contents, Step
from .errors import lost_space
from .gathered import MASK, REMEMBERED, Gathered
from .items import had_comments, state_of, version_of
from .labels import Labelled
from .marks import Latest, Marks
from .records import (
    ARCHIVED,
    ATTACHMENT,
    BLOG_POST,
    CURRENT,
    PAGE,
    Attachment,
    Comment,
    Page,
    Space,
    digest_of,
    moment_of,
)
from .site import Site

if TYPE_CHECKING:
    from . import ConfluenceConnector

MOST_KNOWN = 1000  # ids that the store is asked for at once
MOST_AT_ONCE = 250  # pages in one question

LONG_AGO = datetime.min.replace(tzinfo=UTC)

Naming: TypeAlias = Callable[[Sequence[Page]], Iterator[Step]]


class SpaceReading:
    """Says what is in a space. Comments are looked for before the pages that they belong to are read, and pages
    before their files, so that nothing falls between two listings.
    """

    def __init__(self, connector: ConfluenceConnector, site: Site, space: Space, known: KnownItems) -> None:
        self._api = site.api
        self._space = space
        self._known = known
        self._options = connector
        self._contents = Contents(site, space)
        self._marks = Marks(None, None)  # of this reading
        self._commented: dict[str, str] = {}  # pages with new comments, and their kinds
        self._talked_of: set[str] = set()  # pages of any space at which there are newer comments
        self._new: set[str] = set()  # pages that are so young that all their files are listed as changed
        self._told: set[str] = set()  # pages of which something was said
        self._out: set[str] = set()  # those of them that are out

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """What changed since `cursor`, or everything where it is None."""
        self._marks = Marks(cursor, self._api.began_at)
        yield from self._in_order(self._everything() if cursor is None else self._since())
        yield Checkpoint(self._marks.cursor, complete=True)

    def single(self, refs: Sequence[str]) -> Iterator[Change]:
        """The items of these ids, each once."""
        self._contents.labelled = self._read_labels()
        yield from self._in_order(self._single(refs))

    def _in_order(self, steps: Iterator[Step]) -> Iterator[Named]:
        told: Generator[Named, None, None] = prefetch(steps, width=WIDTH, weight=WAITING_BYTES)
        return told

    # Everything

    def _everything(self) -> Iterator[Step]:
        """Each page with its comments and files, which are gathered first."""
        self._contents.labelled = self._read_labels()
        self._marks.labels = self._contents.labelled.digest
        yield from self._gone()
        comments = self._api.gather_comments(self._space)
        self._mark(comments, self._api.comment_lists)
        files = None
        if self._options.include_attachments:
            files = self._api.gather_attachments(self._space)
            self._mark(files, (ATTACHMENT,))
        unread = not any(each.version for each in islice(self._known.items(), MOST_AT_ONCE))
        listing = self._contents.list_pages(bodies=unread)
        yield from self._listed(listing, partial(self._named, comments=comments, files=files))
        yield from self._missing()

    def _missing(self) -> Iterator[Step]:
        """What is known and was not listed: whether it is gone, or only not shown any more, is asked for."""
        for kind in (PAGE, BLOG_POST):
            missing = (each.id for each in self._known.items(kind) if each.id not in self._told)
            while ids := list(islice(missing, MOST_AT_ONCE)):
                for page_id, step in zip(ids, self._contents.read(ids, kind), strict=True):
                    yield step
                    if not isinstance(step, Deleted):
                        yield from (Seen(each.id) for each in self._known.children(page_id) if each.kind == ATTACHMENT)

    def _mark(self, gathered: Gathered[Comment] | Gathered[Attachment], names: Iterable[str]) -> None:
        for name in names:
            latest = gathered.list_named(name)
            self._marks.advance(name, latest.newest)
            if name != ATTACHMENT:
                self._marks.remember(name, latest, self._api.reach + REMEMBERED)

    def _listed(self, listing: Iterable[list[Page]], named: Naming) -> Iterator[Step]:
        """Every page of a listing. One that ends in emptiness may be that of a space that is lost in this moment."""
        newest: dict[str, datetime] = {}
        empty = True
        for pages in listing:
            empty = empty and not pages
            self._note(newest, pages)
            yield from named(pages)
        if empty and next(self._known.items(), None) is not None and not self._api.sees(self._space):
            raise lost_space(self._space.key)
        for name, moment in newest.items():
            self._marks.advance(name, moment)

    # What changed

    def _since(self) -> Iterator[Step]:
        labels = self._marks.labels
        self._contents.labelled = self._read_labels()
        self._marks.labels = self._contents.labelled.digest
        self._look_for_comments()
        came_back = yield from self._gone()
        if came_back or self._marks.labels != labels:
            yield from self._listed(self._contents.list_pages(bodies=False), self._named)
        else:
            yield from self._changed_pages()
        yield from self._again()
        if self._options.include_attachments:
            yield from self._changed_files()

    def _look_for_comments(self) -> None:
        """Finds the pages of this space with new or edited comments."""
        for name in self._api.comment_lists:
            latest, seen = Latest(self._api.reach + REMEMBERED), self._marks.was_seen(name)
            for entries in self._api.changed_comments(self._space, name, self._marks.low(name, self._api.reach)):
                for each in entries:
                    latest.note(each.mark, moment_of(each.modified))
                self._talked_of.update(each.page for each in entries)
                pages = {each.page for each in entries if each.mark not in seen}
                self._commented |= {page.id: page.kind for page in self._known.get(pages).values()}
            self._marks.advance(name, latest.newest)
            self._marks.remember(name, latest, self._api.reach + REMEMBERED)

    def _gone(self) -> Generator[Step, None, bool]:
        """What is known and lies outside now; whether something came back from there, which nobody else tells."""
        total, explained = 0, self._marks.outside
        for ids in self._api.outside(self._space):
            known = self._known.get(ids)
            for page_id in ids:
                total += digest_of(page_id)
                if page_id in known:
                    explained = None if explained is None else explained + digest_of(page_id)
                    yield from self._deleted(page_id)
        self._marks.outside = total & MASK
        return explained is not None and explained & MASK != self._marks.outside

    def _deleted(self, page_id: str) -> Iterator[Step]:
        """A page is out, and the files at it."""
        self._out.add(page_id)
        self._told.add(page_id)
        yield Deleted(page_id)
        yield from (Deleted(each.id) for each in self._known.children(page_id) if each.kind == ATTACHMENT)

    def _changed_pages(self) -> Iterator[Step]:
        for name in dict.fromkeys(self._api.page_lists.values()):
            newest: dict[str, datetime] = {}
            for pages in self._api.changed_pages(self._space, name, self._marks.low(name, self._api.reach)):
                self._note(newest, pages)
                yield from self._named(pages)
            self._marks.advance(name, newest.get(name))
            self._marks.advance(name, self._api.newest_page(name))

    def _note(self, newest: dict[str, datetime], pages: Iterable[Page]) -> None:
        """The newest change in each list of pages."""
        for page in pages:
            moment, name = moment_of(page.modified), self._api.page_lists[page.kind]
            if moment is not None and moment > newest.get(name, LONG_AGO):
                newest[name] = moment

    def _again(self) -> Iterator[Step]:
        """Pages that have not changed themselves, but have new comments."""
        ids = [page_id for page_id in self._commented if page_id not in self._out]
        for first in range(0, len(ids), MOST_AT_ONCE):
            page = ids[first : first + MOST_AT_ONCE]
            for kind in (PAGE, BLOG_POST):
                if of_kind := [page_id for page_id in page if self._commented[page_id] == kind]:
                    yield from self._contents.read(of_kind, kind)

    def _changed_files(self) -> Iterator[Step]:
        latest = Latest(REMEMBERED)
        for files in self._api.changed_attachments(self._space, self._marks.low(ATTACHMENT, self._api.reach)):
            for each in files:
                latest.note(each.id, moment_of(each.modified))
            pages = self._new.union(self._known.get({each.page for each in files})) - self._out
            known = self._known.get({each.id for each in files})
            for each in files:
                if each.status not in (CURRENT, ARCHIVED):
                    yield from (Deleted(each.id) for _ in range(each.id in known))
                elif each.page in pages:
                    yield self._contents.file(each, known.get(each.id))
        self._marks.advance(ATTACHMENT, latest.newest)

    # What is to be said of pages

    def _named(
        self,
        pages: Sequence[Page],
        *,
        comments: Gathered[Comment] | None = None,
        files: Gathered[Attachment] | None = None,
    ) -> Iterator[Step]:
        """Each of these pages, and the files at it where they are to be looked for."""
        known = self._known.get({page.id for page in pages})
        chosen = [page for page in pages if self._contents.labelled.has(page.id)]
        self._told.update(page.id for page in pages)
        for page in pages:
            if page.id in known and not self._contents.labelled.has(page.id):
                yield from self._deleted(page.id)
        changed = [page for page in chosen if self._is_changed(page, known.get(page.id), comments)]
        said = self._contents.read_bodies(changed)
        below = {page.id: self._comments_at(page, known.get(page.id), comments) for page in changed}
        self._contents.learn_from(said, below)
        files_at = self._files_at(chosen, known, files)
        known_files = self._known_files(files_at)
        for page in chosen:
            if page.id in below:
                yield self._contents.page(page, said.get(page.id), below[page.id])
            else:
                yield self._unchanged(page, known[page.id])
            self._commented.pop(page.id, None)
            yield from (self._contents.file(each, known_files.get(each.id)) for each in files_at.get(page.id, ()))

    def _is_changed(self, page: Page, known: Known | None, comments: Gathered[Comment] | None) -> bool:
        """Whether it must be read: its version tells of all its comments where these were gathered."""
        if known is None or not known.version:
            return True
        if comments is not None:
            return known.version != version_of(page, comments.digest(page.id))
        return state_of(known.version) != page.state or page.id in self._commented

    def _comments_at(self, page: Page, known: Known | None, comments: Gathered[Comment] | None) -> list[Comment] | None:
        """Its comments; None where they must be asked for."""
        if comments is not None:
            return comments.of(page.id)
        if known is None:
            quiet = self._is_younger(page, self._api.comment_lists) and page.id not in self._talked_of
        else:
            quiet = bool(known.version) and not had_comments(known.version) and page.id not in self._commented
        return [] if quiet else None

    def _is_younger(self, page: Page, lists: Iterable[str]) -> bool:
        """Whether whatever hangs under it is in the part of these lists that is read again."""
        lows = [low for name in lists if (low := self._marks.low(name, self._api.reach)) is not None]
        created = moment_of(page.created)
        return not lows or (created is not None and created >= max(lows))

    def _unchanged(self, page: Page, known: Known) -> Step:
        """A page that was moved has no new version."""
        return Seen(page.id) if known.parent == page.parent else self._contents.moved(page, known.version)

    def _files_at(
        self, pages: Sequence[Page], known: dict[str, Known], gathered: Gathered[Attachment] | None
    ) -> dict[str, list[Attachment]]:
        """The files at these pages; where they were not gathered, those at pages that are new here but not young, as
        the list of changes tells of all others.
        """
        if not self._options.include_attachments:
            return {}
        if gathered is None:
            strange = [page for page in pages if page.id not in known]
            young = {page.id for page in strange if self._is_younger(page, (ATTACHMENT,))}
            self._new |= young
            return self._contents.list_files([page for page in strange if page.id not in young])
        found = {page.id: gathered.of(page.id) for page in pages}
        missing = self._contents.list_files([page for page in pages if found[page.id] is None])
        return {page_id: missing.get(page_id, []) if files is None else files for page_id, files in found.items()}

    def _known_files(self, files_at: dict[str, list[Attachment]]) -> dict[str, Known]:
        ids = [each.id for files in files_at.values() for each in files]
        known: dict[str, Known] = {}
        for first in range(0, len(ids), MOST_KNOWN):
            known |= self._known.get(ids[first : first + MOST_KNOWN])
        return known

    # Single items

    def _single(self, refs: Sequence[str]) -> Iterator[Step]:
        known = self._known.get(refs)
        pages: dict[str, list[str]] = {}
        for ref in dict.fromkeys(refs):
            kind = known[ref].kind if ref in known else ""
            if kind == ATTACHMENT or ref.startswith("att"):
                yield self._contents.file_of(ref, self._known)
            elif ref.isdigit():
                pages.setdefault(kind if kind in (PAGE, BLOG_POST) else "", []).append(ref)
            else:
                yield Deleted(ref)
        for kind, ids in pages.items():
            kinds = [kind] if kind else [PAGE, BLOG_POST]
            for first in range(0, len(ids), MOST_AT_ONCE):
                yield from self._contents.read(ids[first : first + MOST_AT_ONCE], *kinds)

    def _read_labels(self) -> Labelled:
        include, exclude = self._options.include_labels, self._options.exclude_labels
        return Labelled.read(
            self._api.labelled(self._space, include) if include else None,
            self._api.labelled(self._space, exclude) if exclude else (),
        )
