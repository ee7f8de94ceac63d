"""What every reading needs: pages and rows made into items, whatever goes wrong with single ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...core.changes import Failed, Item, Seen
from ...core.errors import SourceError, TransientError
from ...core.source import Known, KnownItems
from .api import Api, Raw
from .bodies import Bodies
from .errors import is_of_one
from .pages import page_item
from .properties import completed

WIDTH = 3  # pages that are asked for at once
WAITING_BYTES = 8_000_000  # of bodies that were read ahead
BODY_BYTES = 20_000  # about
MOST_UNREAD = 10  # pages that may fail in one reading before it is Notion that fails


class Same(NamedTuple):
    """Nothing happened to it."""

    known: Known


class Made(NamedTuple):
    """It is so now."""

    item: Item


class Unread(NamedTuple):
    """This one could not be read."""

    id: str
    error: SourceError


class Pages:
    """Pages and rows as items. Safe among threads."""

    def __init__(self, api: Api, bodies: Bodies) -> None:
        self.api = api
        self._bodies = bodies

    def read(self, raw: Raw, parent: str, version: str) -> Made | Unread:
        """The page with all of its properties and its text."""
        try:
            whole = {**raw, "properties": completed(self.api, raw)}
            body = self._bodies.body(raw["id"])
            return Made(page_item(whole, body, parent, version, self.api.names()))
        except SourceError as error:
            if not is_of_one(error):
                raise
            return Unread(raw["id"], error)


class Unreadable:
    """Pages that could not be read in one reading: a few are told, many are no matter of pages."""

    def __init__(self, title: str, known: KnownItems) -> None:
        self._title = title
        self._known = known
        self._count = 0

    def said(self, unread: Unread) -> Iterator[Failed | Seen]:
        """The failure; what is known to hang below is still there."""
        self._count += isinstance(unread.error, TransientError)
        if self._count > MOST_UNREAD:
            raise TransientError(f"{self._title}: {self._count} pages cannot be read.") from unread.error
        yield Failed(unread.id, unread.error.message)
        for each in below(unread.id, self._known):
            yield Seen(each)


def below(thing_id: str, known: KnownItems) -> Iterator[str]:
    """The ids of all that is known to hang below, level by level."""
    level = [thing_id]
    met = {thing_id}
    while level:
        level = [each.id for parent in level for each in known.children(parent) if each.id not in met]
        met.update(level)
        yield from level
