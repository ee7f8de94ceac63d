"""Confluence, in Atlassian's cloud or on a Data Center: pages, blog posts and files of its spaces, as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from ...connector import Connector
from ...core.address import address_problem
from ...core.changes import Change, Cursor
from ...core.errors import AccessError, ConfigError, SourceError
from ...core.options import option
from ...core.source import Check, KnownItems, Stream
from ...core.webhook import Receipt, Request
from . import webhook
from .errors import EMAIL, TOKEN, WEBHOOK_SECRET, lost_space, unknown_space
from .reading import SpaceReading
from .site import Site

URL = "https://mycompany.atlassian.net/wiki"
UNKNOWN = "#"  # before a key in the options that no space has
NAMES_TOLD = 20


class ConfluenceConnector(Connector):
    """Reads spaces, each a stream. Lists of what changed last are read down to where the run before began; all that
    leaves no trace there (moves, what is gone) is found by listing everything, without the texts.
    """

    type = "confluence"
    title = "Pages of a Confluence site"
    keys: ClassVar[Mapping[str, str]] = {
        EMAIL: "mail address of the token's owner; not for personal access tokens of a Data Center",
        TOKEN: "API token of the cloud, or personal access token of a Data Center",
        WEBHOOK_SECRET: "secret of a Data Center's webhook or of a rule in the cloud, for schedule --listen; optional",
    }
    webhook_terms = webhook.TERMS

    base_url: str = option(help="Address of Confluence.", example=URL, identity=True)
    spaces: list[str] = option(
        [], help="Keys of the spaces to sync; by default all that the token sees.", example=["ENG", "DESIGN", "PRODUCT"]
    )
    include_archived: bool = option(False, help="Also read archived pages and spaces.")
    include_attachments: bool = option(True, help="Also read files at pages that hold text.")
    include_labels: list[str] = option(
        [], help="Only pages that have one of these labels.", example=["documentation", "public"]
    )
    exclude_labels: list[str] = option([], help="No page that has one of these labels.", example=["draft", "internal"])
    allow_http: bool = option(False, help="Allow addresses with plain http beyond this machine.", neutral=True)

    def open(self) -> None:
        """Reads the options once; Confluence is asked for the first time when it must be."""
        if wrong := address_problem("base_url", self.base_url, URL, allow_http=self.allow_http):
            raise ConfigError(f"confluence: {wrong}")
        self._site = Site(self)

    def streams(self, stored: Collection[str]) -> Iterable[Stream]:
        """The spaces that the options mean, and those that were read before and cannot be seen any more."""
        site = self._site
        lost = site.lost(stored)
        if not site.spaces() and not lost and not site.absent() and not site.archived():
            raise _sees_nothing()
        for space in site.wanted().values():
            yield Stream(space.id, f"{space.key} {space.name}")
        yield from (Stream(name, f"space {name}") for name in lost)
        yield from (Stream(f"{UNKNOWN}{key}", key) for key in site.absent())

    def check(self) -> Iterator[Check]:
        """Whether the token is taken, and which spaces it sees."""
        name = "token"
        try:
            self.open()
            spaces = self._site.wanted()
            yield Check(name, True, f"taken at {self._site.api.base}")
            name = "spaces"
            if absent := self._site.absent():
                raise unknown_space(absent[0])
            if not spaces:
                raise _sees_nothing()
            keys = [space.key for space in spaces.values()]
            more = f" and {len(keys) - NAMES_TOLD} more" if len(keys) > NAMES_TOLD else ""
            yield Check(name, True, ", ".join(keys[:NAMES_TOLD]) + more)
            name = "permissions"
            labels = bool(self.include_labels or self.exclude_labels)
            self._site.api.try_out(files=self.include_attachments, labels=labels)
            yield Check(name, True, "all that a sync asks for may be read")
        except SourceError as error:
            yield Check(name, False, error.message, error.hint)
        finally:
            self.close()

    def read(self, stream: Stream, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """What changed in a space since `cursor`; without a cursor, everything."""
        return self._reading(stream, known).changes(cursor)

    def receive(self, request: Request) -> Receipt:
        """The answer to a webhook, with what it says changed."""
        return webhook.receive(self, request)

    def fetch(self, stream: Stream, refs: Sequence[str], known: KnownItems) -> Iterator[Change]:
        """The pages and files of these ids."""
        return self._reading(stream, known).single(refs)

    def _reading(self, stream: Stream, known: KnownItems) -> SpaceReading:
        if stream.name.startswith(UNKNOWN):
            raise unknown_space(stream.name.removeprefix(UNKNOWN))
        space = self._site.wanted().get(stream.name)
        if space is None:
            raise lost_space(stream.name)
        return SpaceReading(self, self._site, space, known)


def _sees_nothing() -> AccessError:
    return AccessError(
        "the token sees no space at all.",
        hint="give its user access to Confluence and to the spaces; a token with scopes needs read:space:confluence",
    )
