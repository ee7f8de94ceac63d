"""The stream of discussions of one repository: with their answers and replies, by GraphQL alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...core.changes import JSON, Change, Checkpoint, Cursor, Deleted, Item, Seen
from ...core.errors import CursorExpired
from ...core.source import KnownItems
from .api import Api
from .issues import earlier, time_of
from .repositories import Repository
from .threads import NUL, PAGE, Said, heading, login_of

BATCH = 25  # discussions in one query
OVERLAP = timedelta(minutes=5)
LIST = (
    "query($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){discussions(first:100,"
    "after:$after,orderBy:{field:UPDATED_AT,direction:DESC}){pageInfo{hasNextPage endCursor} "
    "nodes{number updatedAt comments{totalCount}}}}}"
)
REPLY = "author{login} body createdAt deletedAt"
COMMENT = f"id {REPLY} isAnswer replies(first:30){{{PAGE} nodes{{{REPLY}}}}}"
FRAGMENT = f"""
fragment D on Discussion {{ id number title body url createdAt updatedAt closed isAnswered locked author{{login}}
  category{{name}} labels(first:50){{nodes{{name}}}}
  comments(first:30){{totalCount {PAGE} nodes{{{COMMENT}}}}} }}"""


class Discussions:
    """Reads the stream. The list is newest first, so that its cursor moves at its end."""

    def __init__(self, api: Api, repository: Repository) -> None:
        self._api = api
        self._repository = repository

    def read(self, cursor: Cursor, known: KnownItems) -> Iterator[Change]:
        """The changes since `cursor`, or everything."""
        repository = self._repository
        now = {"at": time_of(repository.seen_at), "count": repository.discussions.count, "visibility": repository.visibility}
        if cursor is None:
            for nodes in self._list(""):
                yield from self._tell(nodes, known)
        else:
            assert isinstance(cursor, dict)
            if cursor["visibility"] != repository.visibility:
                raise CursorExpired(f"{repository.full_name} is {repository.visibility} now")
            since = earlier(str(cursor["at"]), OVERLAP)
            newest = repository.discussions
            if newest.updated_at >= since or newest.count != cursor["count"]:
                for nodes in self._list(since):
                    yield from self._read_anew([node["number"] for node in nodes])
        yield Checkpoint(now, complete=True)

    def fetch(self, refs: Sequence[str]) -> Iterator[Change]:
        """These discussions now."""
        numbers = {int(ref.rpartition("/")[2]): ref for ref in refs}
        for number, raw in self._get(list(numbers)):
            yield Deleted(numbers[number]) if raw is None else self._item(raw)

    def _list(self, since: str) -> Iterator[list[dict[str, Any]]]:
        """Pages of what was updated since, the newest first, and always the first page whole."""
        after = None
        while True:
            asked = {"owner": self._repository.owner, "name": self._repository.name, "after": after}
            found = self._api.query(LIST, asked)["repository"]
            page = (found or {"discussions": {"nodes": [], "pageInfo": {"hasNextPage": False}}})["discussions"]
            nodes = page["nodes"]
            yield nodes if after is None else [node for node in nodes if node["updatedAt"] >= since]
            if not page["pageInfo"]["hasNextPage"] or nodes[-1]["updatedAt"] < since:
                return
            after = page["pageInfo"]["endCursor"]

    def _tell(self, nodes: Sequence[dict[str, Any]], known: KnownItems) -> Iterator[Change]:
        """What nobody commented on is read only where it is new; an edited reply moves no clock that is told."""
        before = known.get([self._id(node["number"]) for node in nodes])
        silent = {
            node["number"]
            for node in nodes
            if not node["comments"]["totalCount"]
            and (at := before.get(self._id(node["number"]))) is not None
            and at.version == _version(node)
        }
        yield from (Seen(self._id(number)) for number in silent)
        yield from self._read_anew([node["number"] for node in nodes if node["number"] not in silent])

    def _read_anew(self, numbers: Sequence[int]) -> Iterator[Change]:
        for _, raw in self._get(numbers):
            if raw is not None:  # else it vanished after it was listed
                yield self._item(raw)

    def _get(self, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any] | None]]:
        for first in range(0, len(numbers), BATCH):
            some = numbers[first : first + BATCH]
            selections = [f"discussion(number:{number}){{...D}}" for number in some]
            found = self._api.by_alias(self._repository.owner, self._repository.name, selections, FRAGMENT)
            yield from zip(some, found, strict=True)

    def _item(self, raw: dict[str, Any]) -> Item:
        said = list(self._said(raw))
        metadata: dict[str, JSON] = {
            "repository": self._repository.id,
            "number": raw["number"],
            "category": (raw["category"] or {}).get("name"),
            "labels": [*sorted(label["name"] for label in (raw["labels"] or {"nodes": []})["nodes"])],
            "closed": raw["closed"],
            "answered": raw["isAnswered"],
            "locked": raw["locked"],
            "comments": raw["comments"]["totalCount"],
        }
        return Item(
            id=self._id(raw["number"]),
            kind="discussion",
            title=f"{raw['title']} (#{raw['number']})",
            content="\n\n".join(part for part in (raw["body"], *said) if part).translate(NUL),
            url=raw["url"],
            author=login_of(raw["author"]),
            created_at=datetime.fromisoformat(raw["createdAt"]),
            updated_at=datetime.fromisoformat(raw["updatedAt"]),
            version=_version(raw),
            metadata=metadata,
            acl=self._repository.acl,
        )

    def _said(self, raw: dict[str, Any]) -> Iterator[str]:
        """Comments with their replies. One that was deleted stays only as the place of its replies."""
        for comment in self._api.rest_of(raw["id"], "Discussion", "comments", COMMENT, raw["comments"]):
            if comment is None:
                continue
            if not comment["deletedAt"]:
                one = Said.read(comment)
                one.what = "(answer)" if comment["isAnswer"] else ""
                yield heading(one) + one.body
            for reply in self._api.rest_of(comment["id"], "DiscussionComment", "replies", REPLY, comment["replies"]):
                if reply is not None and not reply["deletedAt"]:
                    one = Said.read(reply)
                    yield heading(one) + one.body

    def _id(self, number: int) -> str:
        return f"{self._repository.id}/discussions/{number}"


def _version(raw: dict[str, Any]) -> str:
    return f"{raw['updatedAt']}/{raw['comments']['totalCount']}"
