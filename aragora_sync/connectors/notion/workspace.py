"""Which databases and pages the options mean, and what Notion says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.errors import AccessError, ConfigError, NotFound, SourceError
from ...core.source import Stream
from .api import Api, Told
from .errors import SHARE, NotThatKind, not_shared
from .ids import id_of
from .pages import is_gone, title_of_database
from .properties import title_of
from .richtext import plain

if TYPE_CHECKING:
    from . import NotionConnector

SOURCE, PAGE, DATABASE, WORKSPACE = "data_source/", "page/", "database/", "workspace"


@dataclass(frozen=True, slots=True)
class Source:
    """A data source, which holds the rows of a database."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Lost:
    """What the options name and Notion does not show."""

    id: str
    error: AccessError


class Workspace:
    """What is to be read. Safe among threads."""

    def __init__(self, connector: NotionConnector) -> None:
        self.api = Api(connector)
        self._databases = ids_in("databases", connector.databases)
        self._pages = ids_in("root_pages", connector.root_pages)

    def streams(self, stored: Collection[str]) -> Iterator[Stream]:
        """Those of the options, and those that were read before and may belong to a database that is not shown."""
        if not self._databases and not self._pages:
            yield Stream(WORKSPACE, "all that is shared")
        for source in self.sources().values():
            yield Stream(f"{SOURCE}{source.id}", source.title)
        yield from self._lost_streams(stored)
        for page_id, root in self.roots():
            if isinstance(root, SourceError):
                yield Stream(f"{PAGE}{page_id}")
            elif not is_gone(root.raw):  # what is in the trash is deleted, and no share that was lost
                yield Stream(f"{PAGE}{page_id}", title_of(root.raw.get("properties") or {}))

    def _lost_streams(self, stored: Collection[str]) -> Iterator[Stream]:
        before = [
            name for name in stored if name.startswith(SOURCE) and name.removeprefix(SOURCE) not in self.sources()
        ]
        names = before or [f"{DATABASE}{lost.id}" for lost in self.lost()]
        yield from map(Stream, names if self.lost() else ())

    def source(self, source_id: str) -> Source:
        """A data source that is to be read; AccessError where its database is not shown any more."""
        found = self.sources().get(source_id)
        if found is None:
            raise self.lost_error()
        return found

    def sources(self) -> dict[str, Source]:
        """The data sources of the databases that the options name, by id."""
        return self._resolved()[0]

    def lost(self) -> Sequence[Lost]:
        """The databases that the options name and Notion does not show."""
        return self._resolved()[1]

    def lost_error(self, database_id: str = "") -> AccessError:
        """Why this database cannot be seen, or that of a data source: nobody knows any more which one that was."""
        about = [lost for lost in self.lost() if database_id in ("", lost.id)]
        if len(about) == 1:
            return about[0].error
        ids = ", ".join(lost.id for lost in about)
        return AccessError(f"none of the databases {ids} can be seen. What was read is kept.", hint=SHARE)

    def root(self, page_id: str) -> Told | SourceError:
        """A page that the options name, as it was when this run began, or why it cannot be seen."""
        return self.api.once(f"page {page_id}", lambda: self._root(page_id))

    def roots(self) -> Iterator[tuple[str, Told | SourceError]]:
        for page_id in self._pages:
            yield page_id, self.root(page_id)

    def _root(self, page_id: str) -> Told | SourceError:
        try:
            return self.api.page(page_id)
        except (NotFound, NotThatKind) as error:
            return not_shared(f"page {page_id}", error)

    def _resolved(self) -> tuple[dict[str, Source], list[Lost]]:
        return self.api.once("databases", self._resolve)

    def _resolve(self) -> tuple[dict[str, Source], list[Lost]]:
        found: dict[str, Source] = {}
        lost = []
        for database_id in self._databases:
            try:
                found |= {source.id: source for source in self._sources_of(database_id)}
            except (NotFound, NotThatKind) as error:
                lost.append(Lost(database_id, not_shared(f"database {database_id}", error)))
        return found, lost

    def _sources_of(self, database_id: str) -> Iterator[Source]:
        """All data sources of a database, or the one that the id names."""
        try:
            raw = self.api.database(database_id).raw
        except (NotFound, NotThatKind):
            raw = self.api.source(database_id).raw
            if not is_gone(raw):
                yield Source(raw["id"], plain(raw.get("title") or ()) or raw["id"])
            return
        if is_gone(raw):
            return
        title = title_of_database(raw)
        for each in raw["data_sources"]:
            name = str(each.get("name") or "")
            yield Source(str(each["id"]), title if name in ("", title) else f"{title}: {name}")


def ids_in(option: str, named: Sequence[str]) -> list[str]:
    """The ids in an option, each once; ConfigError for what is none."""
    found: dict[str, None] = {}
    for place, text in enumerate(named):
        found[id_of(text)] = None
        if not id_of(text):
            raise ConfigError(
                f"notion: option '{option}[{place}]': {text!r} holds no id of Notion, 32 hexadecimal digits",
                hint="in Notion: ••• > Copy link; the link will do",
            )
    return list(found)
