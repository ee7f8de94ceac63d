"""What is found of pages and databases while others are read, and whether it belongs there."""

from __future__ import annotations

from threading import Event
from typing import NamedTuple

from ...core.errors import NotFound, SourceError
from ...core.source import Known
from .api import Api, Raw, Told
from .errors import NotThatKind, is_of_one
from .pages import DATABASE, PAGE, Parent, database_item, is_gone, is_unchanged, parent_of, source_of, version_of
from .reading import Made, Pages, Same, Unread

DEEPEST = 50  # blocks within each other
NOWHERE = Parent("", "")


class Found(NamedTuple):
    """A page or database that may belong here. `parent`: where it was found, if it was; `within`: no doubt about it."""

    id: str
    kind: str = PAGE
    parent: str = ""
    told: Told | None = None
    within: bool = False


class Gone(NamedTuple):
    """It is in the trash, or not shown any more."""

    id: str


class Elsewhere(NamedTuple):
    """It was found behind a link; it hangs under another parent."""

    id: str
    kind: str
    parent: str
    told: Told


class Loose(NamedTuple):
    """What the API says of something of which nobody knows yet where it belongs."""

    found: Found


class View(NamedTuple):
    """A database that cannot be asked for: it shows one that lies elsewhere."""

    id: str


Looked = Same | Made | Unread | Gone | Elsewhere | Loose | View


class Looking:
    """Asks for what was found. Safe among threads."""

    def __init__(self, pages: Pages, *, with_databases: bool) -> None:
        self._pages = pages
        self._api: Api = pages.api
        self._with_databases = with_databases

    def look(self, found: Found, known: Known | None, _halt: Event | None = None) -> Looked:
        """What became of it."""
        try:
            told = found.told or self._told(found)
            return self._looked(found._replace(told=told), told, known)
        except (NotFound, NotThatKind):
            is_view = found.kind == DATABASE and (known is None or known.kind != DATABASE)
            return View(found.id) if is_view else Gone(found.id)
        except SourceError as error:
            if not is_of_one(error):
                raise
            return Unread(found.id, error)

    def _told(self, found: Found) -> Told:
        return self._api.database(found.id) if found.kind == DATABASE else self._api.page(found.id)

    def _looked(self, found: Found, told: Told, known: Known | None) -> Looked:
        raw = told.raw
        if is_gone(raw) or (source_of(raw) and not self._with_databases):
            return Gone(found.id)
        if not found.within and not found.parent:
            return Loose(found)
        version = version_of(raw, told.at)
        if known is not None and is_same(found, known, version):
            return Same(known)
        parent = self.above(raw).id
        if not found.within and parent != found.parent:
            return Elsewhere(found.id, found.kind, parent, told)
        return self._made(found.kind, raw, parent, version)

    def _made(self, kind: str, raw: Raw, parent: str, version: str) -> Made | Unread:
        if kind == DATABASE:
            return Made(database_item(raw, parent, version, self._api.names()))
        return self._pages.read(raw, parent, version)

    def above_of(self, thing: Parent) -> Parent:
        """What a page or database hangs under that is known as a parent only."""
        ask = self._api.database if thing.kind == "database_id" else self._api.page
        return self.above(ask(thing.id).raw)

    def above(self, raw: Raw) -> Parent:
        """The page or database that this hangs under; what lies within a block of a page hangs under that page.
        Nothing where that is not shown.
        """
        parent = parent_of(raw)
        for _ in range(DEEPEST):
            if parent.kind != "block_id":
                return parent
            try:
                parent = parent_of(self._api.block(parent.id))
            except (NotFound, NotThatKind):
                break
        return NOWHERE


def is_same(found: Found, known: Known, version: str) -> bool:
    """Whether nothing happened to a page, and it hangs where it did."""
    if found.kind == DATABASE or found.parent not in ("", known.parent):
        return False
    return is_unchanged(version, known.version)
