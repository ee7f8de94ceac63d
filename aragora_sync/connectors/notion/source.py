"""One data source, read row by row beside what is known of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from threading import Event
from typing import TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Named, Seen
from ...core.errors import NotFound, SourceError
from ...core.source import Known, KnownItems
from ...net.prefetch import Ask, prefetch
from .api import Told, at
from .errors import NotThatKind, is_of_one, not_shared
from .moments import LATENESS, minute_in
from .pages import is_gone, is_unchanged, is_whole, parent_of, source_of, version_of
from .reading import BODY_BYTES, WAITING_BYTES, WIDTH, Made, Pages, Same, Unread, Unreadable
from .rows import Renamed, RowPage, list_rows, list_trash, refuse_hidden, trashed
from .walk import Walk

Row: TypeAlias = "Same | Made | Unread | None"
Step: TypeAlias = "Row | Walk | Ask[Row | Walk]"


class SourceReading:
    """What is to be said of the rows of one data source."""

    def __init__(self, pages: Pages, source_id: str, title: str, known: KnownItems) -> None:
        self._pages = pages
        self._source_id = source_id
        self._title = title
        self._known = known
        self._unreadable = Unreadable(title, known)

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """What was edited since; without a cursor, every row. A walk that broke off is ended before that."""
        walk = Walk.read(cursor)
        try:
            if walk.is_open:
                walk = yield from self._walk(walk)
                yield Checkpoint(walk.cursor())
            walk = yield from self._walk(walk)
        except (NotFound, NotThatKind) as error:
            raise not_shared(self._title, error) from error
        yield Checkpoint(walk.cursor(), complete=not walk.hidden)
        refuse_hidden(walk)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """The rows of these ids, as they are now."""
        for ref in refs:
            match self._asked(ref, None):
                case Made(item):
                    yield item
                case Unread(_, error):
                    yield Failed(ref, error.message)
                case _:
                    yield Deleted(ref)

    def _walk(self, walk: Walk) -> Generator[Change, None, Walk]:
        """All changes of a walk; the one that follows it."""
        if walk.since:
            walk = yield from self._trash(walk)
        try:
            walk = yield from self._said(walk)
        except Renamed as error:
            walk = yield from self._said(Walk(schema=error.schema))
        return walk.ended(LATENESS)

    def _said(self, walk: Walk) -> Generator[Change, None, Walk]:
        told: Generator[Row | Walk, None, None] = prefetch(self._steps(walk), width=WIDTH, weight=WAITING_BYTES)
        with closing(told):
            for step in told:
                match step:
                    case Walk():
                        walk = step
                        yield Checkpoint(walk.cursor())
                    case Same(known):
                        yield Seen(known.id)
                    case Made(item):
                        yield item
                    case Unread():
                        yield from self._unreadable.said(step)
        return walk

    def _trash(self, walk: Walk) -> Generator[Change, None, Walk]:
        for answer in list_trash(self._pages.api, self._source_id, walk.since):
            gone = trashed(answer)
            known = self._known.get([raw["id"] for raw in gone])
            walk = walk.begun(at(answer))
            for raw in gone:
                walk = walk.saw(minute_in(raw.get("last_edited_time", "")))
                if raw["id"] in known:
                    yield Deleted(raw["id"])
        return walk

    def _steps(self, walk: Walk) -> Iterator[Step]:
        for page in list_rows(self._pages.api, self._source_id, walk):
            known = self._known.get([raw["id"] for raw in page.rows])
            yield from self._page(page, known)
            yield page.walk

    def _page(self, page: RowPage, known: dict[str, Known]) -> Iterator[Step]:
        for raw in page.rows:
            row = known.get(raw["id"])
            if not is_whole(raw):
                yield Ask(partial(self._asked, raw["id"], row), BODY_BYTES)
            elif not is_gone(raw):
                yield self._step(Told(raw, page.at), row)

    def _step(self, told: Told, known: Known | None) -> Same | Ask[Row | Walk]:
        version = version_of(told.raw, told.at)
        if known is not None and is_unchanged(version, known.version):
            return Same(known)
        return Ask(partial(self._read, told, version), BODY_BYTES)

    def _read(self, told: Told, version: str, _halt: Event | None = None) -> Made | Unread:
        return self._pages.read(told.raw, parent_of(told.raw).id or self._source_id, version)

    def _asked(self, row_id: str, known: Known | None, _halt: Event | None = None) -> Row:
        """A row asked for by itself; None where it is not among these any more."""
        try:
            told = self._pages.api.page(row_id)
        except (NotFound, NotThatKind):
            return None
        except SourceError as error:
            if not is_of_one(error):
                raise
            return Unread(row_id, error)
        if is_gone(told.raw) or source_of(told.raw) != self._source_id:
            return None
        version = version_of(told.raw, told.at)
        if known is not None and is_unchanged(version, known.version):
            return Same(known)
        return self._read(told, version)
