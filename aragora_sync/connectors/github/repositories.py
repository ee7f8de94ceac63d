"""What repositories there are, and whether anything moved in them: one query for a hundred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.errors import NotFound, SourceError
from .api import Api
from .errors import no_organization

PAGE = 100
NEWEST = "(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{updatedAt}}"
FIELDS = f"""
fragment R on Repository {{
  databaseId name nameWithOwner url visibility isArchived isDisabled hasIssuesEnabled hasWikiEnabled
  hasDiscussionsEnabled owner {{ login }}
  defaultBranchRef {{ name target {{ oid ... on Commit {{ tree {{ oid }} }} }} }}
  issues{NEWEST} pullRequests{NEWEST} discussions{NEWEST}
}}"""
ALL = (
    f"query($owner:String!,$after:String){{repositoryOwner(login:$owner){{repositories(first:{PAGE},after:$after,"
    "ownerAffiliations:[OWNER],orderBy:{field:NAME,direction:ASC}){pageInfo{hasNextPage endCursor} nodes{...R}}}}"
)


@dataclass(frozen=True, slots=True)
class Newest:
    """How many of a kind there are, and when the latest was touched; empty where there is none."""

    count: int
    updated_at: str

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Newest:
        nodes = raw["nodes"]
        return cls(raw["totalCount"], nodes[0]["updatedAt"] if nodes and nodes[0] else "")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as one look saw it. `branch` is empty where nothing was ever committed."""

    id: str
    owner: str
    name: str
    full_name: str
    url: str
    visibility: str
    archived: bool
    has_issues: bool
    has_discussions: bool
    has_wiki: bool
    branch: str
    commit: str
    tree: str
    issues: Newest
    pulls: Newest
    discussions: Newest
    seen_at: datetime | None  # the server's clock

    @classmethod
    def read(cls, raw: dict[str, Any], seen_at: datetime | None) -> Repository:
        branch = raw["defaultBranchRef"] or {}
        target = branch.get("target") or {}
        return cls(
            id=str(raw["databaseId"]),
            owner=raw["owner"]["login"],
            name=raw["name"],
            full_name=raw["nameWithOwner"],
            url=raw["url"],
            visibility=raw["visibility"].lower(),
            archived=raw["isArchived"],
            has_issues=raw["hasIssuesEnabled"],
            has_discussions=raw["hasDiscussionsEnabled"],
            has_wiki=raw["hasWikiEnabled"],
            branch=branch.get("name", ""),
            commit=target.get("oid", ""),
            tree=(target.get("tree") or {}).get("oid", ""),
            issues=Newest.read(raw["issues"]),
            pulls=Newest.read(raw["pullRequests"]),
            discussions=Newest.read(raw["discussions"]),
            seen_at=seen_at,
        )

    @property
    def acl(self) -> list[str]:
        """Who may read what is in it."""
        return ["public"] if self.visibility == "public" else [f"repository:{self.id}"]


def list_all(api: Api, owner: str) -> Iterator[Repository]:
    """Every repository that the token sees of an organization or a user, by name."""
    after = None
    while True:
        asked = {"query": ALL + FIELDS, "variables": {"owner": owner, "after": after}}
        answer = api.http.post(api.addresses.graphql, json=asked, bucket="graphql")
        found = (answer.body.get("data") or {}).get("repositoryOwner")
        if found is None:
            raise no_organization(owner)
        page = found["repositories"]
        for raw in page["nodes"]:
            if raw is not None:  # one that this token may not look into
                yield Repository.read(raw, answer.at)
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def list_named(api: Api, organization: str, names: Sequence[str]) -> Iterator[tuple[str, Repository | None]]:
    """Each of these repositories, `name` or `owner/name`, with what was found; None where nothing is shown."""
    for first in range(0, len(names), PAGE):
        some = names[first : first + PAGE]
        variables, parts = {}, []
        for place, written in enumerate(some):
            owner, _, name = written.rpartition("/")
            variables |= {f"o{place}": owner or organization, f"r{place}": name}
            parts.append(f"n{place}: repository(owner:$o{place},name:$r{place}){{...R}}")
        declared = ",".join(f"${name}:String!" for name in variables)
        asked = {"query": f"query({declared}){{{' '.join(parts)}}}{FIELDS}", "variables": variables}
        answer = api.http.post(api.addresses.graphql, json=asked, bucket="graphql")
        found = answer.body.get("data") or {}
        for place, written in enumerate(some):
            raw = found.get(f"n{place}")
            yield written, None if raw is None else Repository.read(raw, answer.at)


def owner_now(api: Api, repository_id: str) -> str:
    """Who owns a repository that is no longer listed; empty where it is not shown to us at all."""
    try:
        return str(api.get(f"/repositories/{repository_id}").body["owner"]["login"])
    except (NotFound, SourceError):
        return ""
