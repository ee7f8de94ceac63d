"""The stream of discussions of one repository: with their comments and replies, by GraphQL alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import JSON, Change, Checkpoint, Cursor, Deleted, Failed, Item, Named
from ...core.errors import CursorExpired, SourceError
from ...core.source import KnownItems
from .api import PAGE_INFO, Api
from .issues import NEWEST_FIRST, OLDEST_FIRST
from .moments import earlier, text_of_moment
from .repositories import Repository
from .threads import NO_NUL, NOTHING, Said, login_of, text_of

PAGE = 50  # discussions in one query
OVERLAP = timedelta(minutes=5)
REPLY = "author{login} body createdAt deletedAt"
COMMENT = f"id {REPLY} isAnswer replies(first:30){{{PAGE_INFO} nodes{{{REPLY}}}}}"
FRAGMENT = f"""
fragment D on Discussion {{ id number title body url createdAt updatedAt closed isAnswered locked author{{login}}
  repository{{databaseId}} category{{name}} labels(first:50){{nodes{{name}}}}
  comments(first:30){{totalCount {PAGE_INFO} nodes{{{COMMENT}}}}} }}"""


class Discussions:
    """Reads the stream. What GitHub lists first is what moved last, so that its cursor moves at the end of a read."""

    def __init__(self, api: Api, repository: Repository) -> None:
        self._api = api
        self._repository = repository
        repository.must_show("discussions")

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything where it is None; nothing where discussions are switched off."""
        repository = self._repository
        if not repository.has_discussions:
            return
        here: dict[str, JSON] = {
            "at": text_of_moment(repository.seen_at),
            "count": repository.discussions.count,
            "mark": repository.mark,
        }
        if cursor is not None:
            yield from self._changes(cursor, repository)
        elif repository.discussions.count:
            for nodes in self._list(OLDEST_FIRST):
                yield from map(self._listed, nodes)
        yield Checkpoint(here, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Named]:
        """These discussions as they are now."""
        numbers = {ref: number for ref in refs if (number := ref.rpartition("/")[2]).isdecimal()}
        selections = [f"discussion(number:{number}){{...D}}" for number in numbers.values()]
        for first in range(0, len(selections), PAGE):
            some = list(numbers)[first : first + PAGE]
            found = self._api.in_repository(self._repository, selections[first : first + PAGE], FRAGMENT)
            for ref, raw in zip(some, found, strict=True):
                yield self._told(ref, raw)
        yield from (Deleted(ref) for ref in refs if ref not in numbers)

    def _told(self, ref: str, raw: Mapping[str, Any] | SourceError | None) -> Named:
        if isinstance(raw, SourceError):
            return Failed(ref, raw.message)
        if raw is None or str(raw["repository"]["databaseId"]) != self._repository.id:
            return Deleted(ref)
        return self._item(raw)

    def _changes(self, cursor: Any, repository: Repository) -> Iterator[Named]:
        """Always the whole first page, where anything moved: edits of replies may move no clock."""
        if cursor["mark"] != repository.mark:
            raise CursorExpired(f"{repository.full_name} has another name, or other readers, than before")
        since, newest = earlier(cursor["at"], OVERLAP), repository.discussions
        if newest.updated_at < since and newest.count == cursor["count"]:
            return
        for nodes in self._list(NEWEST_FIRST):
            yield from map(self._listed, nodes)
            if nodes and nodes[-1].get("updatedAt", since) < since:
                return

    def _list(self, order: str) -> Iterator[list[dict[str, Any]]]:
        return self._api.pages(self._repository, "discussions", "...D", order=order, size=PAGE, fragments=FRAGMENT)

    def _listed(self, raw: Mapping[str, Any]) -> Named:
        return Failed(self._id(raw["number"]), raw["error"].message) if "error" in raw else self._item(raw)

    def _item(self, raw: Mapping[str, Any]) -> Item:
        metadata: dict[str, JSON] = {
            "repository": self._repository.full_name,
            "number": raw["number"],
            "category": raw["category"]["name"],
            "labels": [*sorted(label["name"] for label in (raw["labels"] or NOTHING)["nodes"])],
            "closed": raw["closed"],
            "answered": raw["isAnswered"],
            "comments": raw["comments"]["totalCount"],
            "locked": raw["locked"],
        }
        return Item(
            id=self._id(raw["number"]),
            kind="discussion",
            title=f"{raw['title']} (#{raw['number']})".translate(NO_NUL),
            content=text_of(raw["body"], list(self._said(raw))),
            url=raw["url"],
            author=login_of(raw["author"]),
            created_at=datetime.fromisoformat(raw["createdAt"]),
            updated_at=datetime.fromisoformat(raw["updatedAt"]),
            version=f"{raw['updatedAt']}/{raw['comments']['totalCount']}",
            metadata=metadata,
            acl=self._repository.acl,
        )

    def _id(self, number: int) -> str:
        return f"{self._repository.id}/discussions/{number}"

    def _said(self, raw: Mapping[str, Any]) -> Iterator[Said]:
        """Comments, each with its replies. One that was deleted stays only as the place of its replies."""
        for comment in self._api.rest_of(raw["id"], "Discussion", "comments", COMMENT, raw["comments"]):
            if not comment["deletedAt"]:
                yield Said.read(comment, "(answer)" if comment["isAnswer"] else "")
            for reply in self._api.rest_of(comment["id"], "DiscussionComment", "replies", REPLY, comment["replies"]):
                if not reply["deletedAt"]:
                    yield Said.read(reply)
