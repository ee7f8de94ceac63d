"""Notion: pages and the rows of databases, as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from ...connector import Connector
from ...core.address import address_problem
from ...core.changes import Change, Cursor
from ...core.errors import ConfigError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from . import webhook
from .bodies import Bodies
from .errors import SHARE, TOKEN, WEBHOOK_TOKEN
from .feed import edited
from .reading import Pages
from .source import SourceReading
from .tree import TreeReading
from .workspace import DATABASE, PAGE, SOURCE, Workspace

URL = "https://api.notion.com"


class NotionConnector(Connector):
    """Reads databases row by row, and pages with all that hangs below them. Each run asks for what was edited since the
    last one and for what went to the trash.
    """

    type = "notion"
    title = "Pages and databases of a Notion workspace"
    keys: ClassVar[Mapping[str, str]] = {
        TOKEN: "secret of the integration, ntn_…",
        WEBHOOK_TOKEN: "verification token of the webhook, for schedule --listen, which keeps it; optional",
    }
    webhook_terms = webhook.TERMS

    databases: list[str] = option(
        [],
        help="Databases whose rows are synced, by ID or link.",
        example=["2f26ee68df3042518ad48ddc420cba3d"],
    )
    root_pages: list[str] = option(
        [],
        help="Pages to sync with all that hangs below them, by ID or link; by default, where no database is named "
        "either, all that is shared with the integration.",
        example=["b55c9c91384d452bb81a8cfd33d40a1a"],
    )
    include_database_items: bool = option(
        True, help="Also read the databases that lie in pages, with their rows; those of `databases` are always read."
    )
    read_blocks: bool = option(
        False, help="Read pages block by block, with several requests for each, not as Notion's own Markdown."
    )
    base_url: str = option(URL, help="Address of the API.", example="https://notion.example.com", neutral=True)
    allow_http: bool = option(False, help="Allow addresses with plain http beyond this machine.", neutral=True)

    def open(self) -> None:
        """Reads the options once; Notion is asked for the first time when it must be."""
        if wrong := address_problem("base_url", self.base_url, URL, allow_http=self.allow_http):
            raise ConfigError(f"notion: {wrong}")
        self._workspace = Workspace(self)
        self._pages = Pages(self._workspace.api, Bodies(self._workspace.api, by_blocks=self.read_blocks))

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The data sources and pages that the options mean, or everything that is shared."""
        return self._workspace.streams(stored)

    def check(self) -> Iterator[Check]:
        """Whose token it is, and whether what the options name is shared with it."""
        name = "token"
        try:
            self.open()
            me = self._workspace.api.me()
            yield Check(name, True, f"{me.get('name')} in {(me.get('bot') or {}).get('workspace_name')}")
            name = "databases"
            if self.databases:
                yield self._check_databases()
            name = "pages"
            if self.root_pages or not self.databases:
                yield self._check_pages()
        except SourceError as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def _check_databases(self) -> Check:
        for lost in self._workspace.lost():
            return Check("databases", False, lost.error.message, lost.error.hint)
        return Check("databases", True, ", ".join(each.title for each in self._workspace.sources().values()))

    def _check_pages(self) -> Check:
        names = []
        for page_id, root in self._workspace.roots():
            if isinstance(root, SourceError):
                return Check("pages", False, root.message, root.hint)
            names.append(page_id)
        if not names and edited(self._workspace.api).is_empty():
            return Check("pages", False, "nothing is shared with the integration", SHARE)
        return Check("pages", True, ", ".join(names) or "all that is shared with the integration")

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What was edited since `cursor`; without a cursor, everything."""
        return self._reading(stream, known).changes(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The pages, rows and databases of these ids."""
        return self._reading(stream, known).single(refs)

    def _reading(self, stream: Stream, known: KnownItems) -> SourceReading | TreeReading:
        kind, _, thing_id = stream.name.partition("/")
        if f"{kind}/" == DATABASE:
            raise self._workspace.lost_error(thing_id)
        if f"{kind}/" == SOURCE:
            source = self._workspace.source(thing_id)
            return SourceReading(self._pages, source.id, source.title, known)
        root = self._workspace.root(thing_id) if f"{kind}/" == PAGE else None
        if isinstance(root, SourceError):
            raise root
        return TreeReading(
            self._pages, root, stream.title or stream.name, known, with_databases=self.include_database_items
        )
