"""A page with all that hangs below it, or all that is shared, beside what is known of it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any, TypeAlias

from ...core.changes import Change, Checkpoint, Cursor, Deleted, Failed, Item, Named, Seen, Skipped
from ...core.errors import AccessError, NotFound
from ...core.source import Known, KnownItems
from ...net.prefetch import Ask, prefetch
from .api import Told
from .errors import SHARE, NotThatKind
from .feed import edited, everything, trashed
from .looking import Elsewhere, Found, Gone, Looked, Looking, Loose, View, is_same
from .moments import SEARCH_LATENESS, minute_in
from .pages import DATABASE, DATABASES, PAGE, PAGES, ROW, SOURCES, is_whole, parent_of, source_of, version_of
from .reading import BODY_BYTES, WAITING_BYTES, WIDTH, Made, Pages, Same, Unread, Unreadable, below
from .rows import list_rows, list_trash, refuse_hidden
from .rows import trashed as trashed_rows
from .territory import Territory
from .walk import Walk

LOOKED_UP = 100  # ids that the store is asked for at once
OF_ELSEWHERE = "it shows a database that lies elsewhere, or that is not shared with the integration"

Step: TypeAlias = "Looked | Ask[Looked]"


class TreeReading:
    """What is to be said of a tree of pages. Without a root, everything that is shared belongs to it."""

    def __init__(self, pages: Pages, root: Told | None, title: str, known: KnownItems, *, with_databases: bool) -> None:
        self._api = pages.api
        self._root = root
        self._root_id = "" if root is None else root.raw["id"]
        self._known = known
        self._with_databases = with_databases
        self._looking = Looking(pages, with_databases=with_databases)
        self._territory = Territory(self._looking, self._root_id, known)
        self._unreadable = Unreadable(title, known)
        self._met: set[str] = set()  # what was looked at
        self._gone: list[str] = []
        self._databases: list[Item] = []
        self._following: list[Iterable[Found]] = []
        self._whole = False
        self._began: datetime | None = None if root is None else root.at

    def changes(self, cursor: Cursor) -> Iterator[Change]:
        """What was edited since; without a cursor, the whole tree."""
        walk = Walk.read(cursor)
        if walk.since:
            walk = yield from self._edited(walk)
        else:
            walk = yield from self._everything(walk)
        yield Checkpoint(walk.ended(SEARCH_LATENESS).cursor(), complete=True)

    def single(self, refs: Sequence[str]) -> Iterator[Named]:
        """The pages and databases of these ids, as they are now."""
        known = self._known.get(refs)
        for ref in refs:
            looked = self._single(ref, known.get(ref))
            match looked:
                case Made(item):
                    yield item
                case Unread(_, error):
                    yield Failed(ref, error.message)
                case _:
                    yield Deleted(ref)

    def _single(self, ref: str, known: Known | None) -> Looked:
        kinds = [DATABASE] if known is not None and known.kind == DATABASE else [PAGE, DATABASE]
        for kind in kinds if self._with_databases else [PAGE]:
            looked = self._looking.look(Found(ref, kind), None)
            if isinstance(looked, Loose):
                within = self._territory.placed(looked.found)
                return Gone(ref) if within is None else self._looking.look(within, None)
            if isinstance(looked, Unread):
                return looked
        return Gone(ref)

    # The whole tree

    def _everything(self, walk: Walk) -> Generator[Change, None, Walk]:
        self._whole = True
        if self._root is not None:
            yield from self._levels([Found(self._root_id, PAGE, told=self._root, within=True)])
        else:
            yield from self._levels(self._all_shared())
            self._refuse_nothing()
            yield from self._levels(self._unlisted())
        return walk if self._began is None else walk.begun(self._began)

    def _all_shared(self) -> Iterator[Found]:
        for told in everything(self._api):
            self._began = self._began or told.at
            yield from self._listed(told)

    def _listed(self, told: Told) -> Iterator[Found]:
        """What a search shows."""
        raw = told.raw
        if raw.get("object") == "data_source":
            database = parent_of(raw).id if is_whole(raw) else ""
            if database and self._with_databases:
                yield Found(database, DATABASE, within=self._root is None)
        elif not source_of(raw) or self._with_databases:
            yield Found(raw["id"], PAGE, told=told if is_whole(raw) else None, within=self._root is None)

    def _unlisted(self) -> Iterator[Found]:
        """What is known and was not met: a search is not bound to show everything."""
        for known in self._known.items():
            listed = known.kind == ROW and known.parent in self._territory.there  # a query shows every row
            if known.id not in self._met and not listed:
                yield Found(known.id, DATABASE if known.kind == DATABASE else PAGE, within=True)

    def _refuse_nothing(self) -> None:
        """Nothing at all is shown: that is a lost share, and no deletion."""
        if not self._met and next(self._known.items(), None) is not None:
            raise AccessError(
                "nothing is shared with the integration any more; what was read before is kept.", hint=SHARE
            )

    # What was edited

    def _edited(self, walk: Walk) -> Generator[Change, None, Walk]:
        feed = edited(self._api)
        if self._root is None and feed.is_empty():
            self._refuse_nothing()
        listed = feed.since(walk.since)
        rows = self._edited_rows(walk.since)
        thrown = trashed(self._api).since(walk.since)
        walk = walk.begun(feed.at)
        for told in (*listed, *thrown):
            walk = walk.saw(minute_in(told.raw["last_edited_time"]))
        sources = [told for told in thrown if told.raw.get("object") == "data_source"]  # the database may be left
        yield from self._levels(chain(rows, chain.from_iterable(map(self._listed, (*listed, *sources)))))
        self._throw_away(told.raw for told in thrown)
        yield from self._deleted()
        return walk

    def _edited_rows(self, since: str) -> Iterator[Found]:
        """Of all databases that are known to be here: a query is sure where a search is not."""
        if not self._with_databases:
            return
        ids = [known.id for known in self._known.items(DATABASE)]
        details = chain.from_iterable(self._known.get(part, details=True).values() for part in _parts(ids))
        for known in details:
            sources: Any = (known.metadata or {}).get(SOURCES) or ()
            for source_id in sources:
                yield from self._rows(known.id, source_id, since)
                for answer in list_trash(self._api, source_id, since):
                    self._throw_away(trashed_rows(answer))

    def _rows(self, database_id: str, source_id: str, since: str) -> Iterator[Found]:
        """The rows of one data source; none where it went meanwhile, or is that of another place."""
        try:
            for page in list_rows(self._api, source_id, Walk(since)):
                refuse_hidden(page.walk)
                for raw in page.rows:
                    told = Told(raw, page.at) if is_whole(raw) else None
                    yield Found(raw["id"], PAGE, database_id, told, within=True)
                for nested in page.sources:
                    yield from self._rows(database_id, nested, since)
        except (NotFound, NotThatKind):
            return

    def _throw_away(self, raws: Iterable[Any]) -> None:
        for part in _parts(raw["id"] for raw in raws):
            self._gone += self._known.get(part)

    def _deleted(self) -> Iterator[Deleted]:
        """What is gone, and what hung below it, unless it hangs elsewhere now."""
        said: set[str] = set()
        for gone in self._gone:
            if gone not in self._territory.there and gone not in said:
                said.add(gone)
                yield Deleted(gone)
        yield from map(Deleted, self._territory.orphans(said))

    # Level by level

    def _levels(self, first: Iterable[Found]) -> Iterator[Change]:
        level = first
        while True:
            self._following = []
            told: Generator[Looked, None, None] = prefetch(self._steps(level), width=WIDTH, weight=WAITING_BYTES)
            with closing(told):
                for looked in told:
                    yield from self._said(looked)
            if not self._following:
                break
            level = chain.from_iterable(self._following)
        yield from self._databases
        self._databases = []

    def _steps(self, level: Iterable[Found]) -> Iterator[Step]:
        for part in _parts(level):
            known = self._known.get([found.id for found in part], details=True)
            for found in part:
                if found.id not in self._met:
                    self._met.add(found.id)
                    yield self._step(found, known.get(found.id))

    def _step(self, found: Found, known: Known | None) -> Step:
        told = found.told
        if told is None:
            return Ask(partial(self._looking.look, found, known), BODY_BYTES)
        if known is not None and is_same(found, known, version_of(told.raw, told.at)):
            return Same(known)
        if found.within or found.parent:
            return Ask(partial(self._looking.look, found, known), BODY_BYTES)
        within = self._territory.placed(found)
        if within is None:
            return Gone(found.id)
        return Ask(partial(self._looking.look, within, known), BODY_BYTES)

    def _said(self, looked: Looked) -> Iterator[Change]:
        match looked:
            case Same(known):
                self._territory.there.add(known.id)
                yield Seen(known.id)
                self._follow_shown(known.id, known.metadata or {})
            case Made(item) if item.kind == DATABASE:
                self._territory.note(item)
                self._follow_rows(item)
                self._databases.append(item)  # after its rows: who knows it counts on them
            case Made(item):
                self._territory.note(item)
                yield item
                self._follow_shown(item.id, item.metadata)
            case Unread(thing_id):
                held = {thing_id, *below(thing_id, self._known)}
                self._territory.there |= held
                self._met |= held
                yield from self._unreadable.said(looked)
            case View(thing_id):
                yield Skipped(thing_id, OF_ELSEWHERE)
            case Loose(found):
                self._met.discard(found.id)
                self._follow([found])
            case Elsewhere():
                self._met.discard(looked.id)
                if looked.parent in self._territory.there:
                    self._follow([Found(looked.id, looked.kind, looked.parent, looked.told)])
            case Gone(thing_id) if self._known.get([thing_id]):
                self._gone.append(thing_id)

    def _shown(self, page_id: str, metadata: Mapping[str, Any]) -> list[Found]:
        """What a page shows as its own; some of it may be links. Whatever is shared is in, link or not."""
        databases = metadata.get(DATABASES, ()) if self._with_databases else ()
        kinds = dict.fromkeys(metadata.get(PAGES, ()), PAGE) | dict.fromkeys(databases, DATABASE)
        return [Found(each, kind, self._root_id and page_id, within=not self._root_id) for each, kind in kinds.items()]

    def _follow(self, founds: Sequence[Found]) -> None:
        if founds:
            self._following.append(founds)

    def _follow_shown(self, page_id: str, metadata: Mapping[str, Any]) -> None:
        """What hangs below: in a whole reading all of it, otherwise what came and what may have gone."""
        founds = self._shown(page_id, metadata)
        before = {each.id: each for each in self._known.children(page_id)}
        shown = {found.id for found in founds}
        missing = [_found(each, page_id if self._whole else "") for each in before.values() if each.id not in shown]
        self._follow([found for found in founds if self._whole or found.id not in before])
        self._follow(missing)

    def _follow_rows(self, item: Item) -> None:
        """Every row, unless only what was edited is read and the data source was known before."""
        known = self._known.get([item.id], details=True).get(item.id)
        before: Any = ((known.metadata or {}) if known is not None and not self._whole else {}).get(SOURCES)
        sources: Any = item.metadata[SOURCES]
        for source_id in sources:
            if source_id not in (before or ()):
                self._following.append(self._rows(item.id, source_id, ""))


def _found(known: Known, parent: str) -> Found:
    return Found(known.id, DATABASE if known.kind == DATABASE else PAGE, parent)


def _parts(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while part := list(islice(rest, LOOKED_UP)):
        yield part
