"""What repositories there are, and whether anything moved in them: one query for a hundred."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.clock import utc_now
from ...core.errors import AccessError, NotFound, SourceError
from ...net.answer import Answer
from .api import PAGE_INFO, Api
from .errors import WIDEN, refused_parts

PAGE = 100
ISSUES, DISCUSSIONS, CODE, WIKI = "issues", "discussions", "code", "wiki"  # the streams of each
NEWEST = "(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{updatedAt}}"
FIELDS = f"""
fragment R on Repository {{
  databaseId name nameWithOwner url visibility hasIssuesEnabled hasWikiEnabled hasDiscussionsEnabled owner {{ login }}
  defaultBranchRef {{ name target {{ oid ... on Commit {{ tree {{ oid }} }} }} }}
  issues{NEWEST} pullRequests{NEWEST} discussions{NEWEST}
}}"""
ALL = (
    f"query($owner:String!,$after:String){{repositoryOwner(login:$owner){{repositories(first:{PAGE},after:$after,"
    f"ownerAffiliations:[OWNER],orderBy:{{field:NAME,direction:ASC}}){{{PAGE_INFO} nodes{{...R}}}}}}}}{FIELDS}"
)


@dataclass(frozen=True, slots=True)
class Newest:
    """How many there are of a kind, and when the latest was touched; empty where there is none."""

    count: int = 0
    updated_at: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Any] | None) -> Newest:
        nodes = raw["nodes"] if raw else []
        return cls(raw["totalCount"], nodes[0]["updatedAt"]) if raw and nodes and nodes[0] else cls()


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as one look saw it. `commit` and `tree` are empty where nothing was ever committed; `refused` are
    the fields that the token may not see.
    """

    id: str
    owner: str
    name: str
    full_name: str
    url: str
    visibility: str
    has_issues: bool
    has_discussions: bool
    has_wiki: bool
    commit: str
    tree: str
    issues: Newest
    pulls: Newest
    discussions: Newest
    refused: frozenset[str]
    seen_at: datetime  # by GitHub's clock

    @classmethod
    def read(cls, raw: Mapping[str, Any], refused: frozenset[str], seen_at: datetime) -> Repository:
        target = (raw["defaultBranchRef"] or {}).get("target") or {}
        return cls(
            id=str(raw["databaseId"]),
            owner=raw["owner"]["login"],
            name=raw["name"],
            full_name=raw["nameWithOwner"],
            url=raw["url"],
            visibility=raw["visibility"].lower(),
            has_issues=raw["hasIssuesEnabled"],
            has_discussions=raw["hasDiscussionsEnabled"],
            has_wiki=raw["hasWikiEnabled"],
            commit=target.get("oid", ""),
            tree=(target.get("tree") or {}).get("oid", ""),
            issues=Newest.read(raw["issues"]),
            pulls=Newest.read(raw["pullRequests"]),
            discussions=Newest.read(raw["discussions"]),
            refused=refused,
            seen_at=seen_at,
        )

    @property
    def acl(self) -> list[str]:
        """Who may read what is in it."""
        return ["public"] if self.visibility == "public" else [f"repository:{self.id}"]

    @property
    def mark(self) -> str:
        """Changes with what every item of it tells, though nothing moved inside: its name and who may read it."""
        return hashlib.sha256(f"{self.full_name} {self.visibility}".encode()).hexdigest()[:8]

    def must_show(self, *fields: str) -> None:
        """AccessError where the token may not see one of these fields."""
        if hidden := self.refused.intersection(fields):
            raise AccessError(f"the token may not read {', '.join(sorted(hidden))} of {self.full_name}.", hint=WIDEN)


def list_all(api: Api, owner: str) -> Iterator[Repository]:
    """Every repository that the token sees of an organization or a user, by name."""
    after = None
    while True:
        answer = api.post(ALL, {"owner": owner, "after": after})
        found = _data(answer).get("repositoryOwner")
        if found is None:
            if refused_parts(answer.body.get("errors", ())):
                raise AccessError(f"the token may not look into {owner}.", hint=WIDEN)
            raise NotFound(
                f"GitHub shows neither an organization nor a user {owner!r} to this token.",
                hint="look at the option 'organization', and give the token access to it",
            )
        page = found["repositories"]
        for place, raw in enumerate(page["nodes"]):
            if raw is not None:  # else one that this token may not look into
                yield _read(raw, answer, ("repositoryOwner", "repositories", "nodes", place))
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def list_named(api: Api, organization: str, names: Sequence[str]) -> Iterator[tuple[str, Repository | None]]:
    """Each of these repositories, `name` or `owner/name`, with what was found; None where nothing is shown."""
    for first in range(0, len(names), PAGE):
        some = names[first : first + PAGE]
        variables: dict[str, str] = {}
        parts = []
        for place, written in enumerate(some):
            owner, _, name = written.rpartition("/")
            variables |= {f"o{place}": owner or organization, f"r{place}": name}
            parts.append(f"n{place}: repository(owner:$o{place},name:$r{place}){{...R}}")
        declared = ",".join(f"${name}:String!" for name in variables)
        answer = api.post(f"query({declared}){{{' '.join(parts)}}}{FIELDS}", variables)
        found = _data(answer)
        for place, written in enumerate(some):
            raw = found.get(f"n{place}")
            yield written, None if raw is None else _read(raw, answer, (f"n{place}",))


def get_owner(api: Api, repository_id: str) -> str:
    """Who owns a repository that is no longer listed; AccessError where it is not shown at all."""
    try:
        return str(api.get(f"repositories/{repository_id}").body["owner"]["login"])
    except NotFound as error:
        raise AccessError(
            "the repository was deleted, or the token may not see it any more; what was read before is kept.",
            hint="give the token access to it; if it is gone for good: aragora-sync reset --stream … --purge",
        ) from error


def _data(answer: Answer) -> dict[str, Any]:
    found = answer.body.get("data") if isinstance(answer.body, dict) else None
    if found is None:
        raise SourceError("what answered is not GitHub's GraphQL interface.", hint="look at base_url")
    data: dict[str, Any] = found
    return data


def _read(raw: Mapping[str, Any], answer: Answer, path: tuple[str | int, ...]) -> Repository:
    parts = refused_parts(answer.body.get("errors", ()))
    hidden = frozenset(str(part[len(path)]) for part in parts if part[: len(path)] == path and len(part) > len(path))
    return Repository.read(raw, hidden, answer.at or utc_now())
