"""What is asked of Notion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.clock import utc_now
from ...core.errors import AccessError
from ...net.access import bearer
from ...net.answer import Answer
from .errors import TOKEN, explain

if TYPE_CHECKING:
    from . import NotionConnector

VERSION = "2026-03-11"
PAGE_SIZE = 100
WIDTH = 3  # requests at once; Notion allows three a second in the long run

Raw = Mapping[str, Any]


class Told(NamedTuple):
    """An object as Notion tells it, and when by its own clock."""

    raw: Raw
    at: datetime


class Api:
    """One workspace, as its integration sees it. Safe among threads."""

    def __init__(self, connector: NotionConnector) -> None:
        self.once = connector.once
        self._http = connector.http(
            connector.base_url,
            bearer(connector.credential(TOKEN)),
            place="Notion",
            explain=explain,
            headers={"Notion-Version": VERSION},
            width=WIDTH,
        )

    # Single things

    def me(self) -> Raw:
        """The integration itself."""
        return self.once("me", lambda: self._told("users/me").raw)

    def page(self, page_id: str) -> Told:
        return self._told(f"pages/{page_id}")

    def database(self, database_id: str) -> Told:
        return self._told(f"databases/{database_id}")

    def source(self, source_id: str) -> Told:
        return self._told(f"data_sources/{source_id}")

    def block(self, block_id: str) -> Raw:
        return self._told(f"blocks/{block_id}").raw

    def markdown(self, page_id: str) -> Raw:
        """The body of a page, or of a block, in Notion's own Markdown."""
        return self._told(f"pages/{page_id}/markdown").raw

    # Lists

    def rows(self, source_id: str, asked: Raw) -> Iterator[Answer]:
        """The pages of a query."""
        return self._posted(f"v1/data_sources/{source_id}/query", asked)

    def search(self, asked: Raw) -> Iterator[Answer]:
        """The pages of a search through all that is shared with the integration."""
        return self._posted("v1/search", asked)

    def children(self, block_id: str) -> Iterator[Raw]:
        """The blocks right below this one, in their order."""
        return self._listed(f"v1/blocks/{block_id}/children")

    def property(self, page_id: str, property_id: str) -> Iterator[Answer]:
        """All values of a property of which the page shows the first ones only."""
        target = f"v1/pages/{page_id}/properties/{property_id}"
        return self._http.pages(target, {"page_size": PAGE_SIZE}, after=after)

    def names(self) -> Mapping[str, str]:
        """The people and bots of the workspace by id; none where the integration may not know them."""
        return self.once("names", self._list_names)

    def _list_names(self) -> dict[str, str]:
        try:
            return {user["id"]: user["name"] for user in self._listed("v1/users") if user.get("name")}
        except AccessError:
            return {}

    def _told(self, target: str) -> Told:
        answer = self._http.get(f"v1/{target}")
        return Told(answer.body, at(answer))

    def _posted(self, target: str, asked: Raw) -> Iterator[Answer]:
        return self._http.pages(target, json={**asked, "page_size": PAGE_SIZE}, after=after)

    def _listed(self, target: str) -> Iterator[Raw]:
        for answer in self._http.pages(target, {"page_size": PAGE_SIZE}, after=after):
            yield from answer.body["results"]


def at(answer: Answer) -> datetime:
    """Notion's clock when it answered."""
    return answer.at or utc_now()


def after(answer: Answer) -> Raw | None:
    """What the next page of a list is asked for with."""
    return {"start_cursor": answer.body["next_cursor"]} if answer.body.get("has_more") else None


def is_cut(answer: Answer) -> bool:
    """Whether Notion gives no more of this list, though there is more."""
    return bool((answer.body.get("request_status") or {}).get("type") == "incomplete")
