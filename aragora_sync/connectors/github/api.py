"""The two ways to ask GitHub, over one connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...core.errors import AccessError, NotFound, SourceError
from ...net.answer import Answer
from ...net.http import Http
from .addresses import Addresses
from .errors import BUSY, FORBIDDEN, NOT_FOUND, WIDEN, TooMuch

if TYPE_CHECKING:
    from .repositories import Repository

GRAPHQL = "graphql"  # its limit is counted apart
PAGE_INFO = "pageInfo{hasNextPage endCursor}"


class Api:
    """REST and GraphQL of one GitHub. Safe among threads."""

    def __init__(self, http: Http, addresses: Addresses) -> None:
        self.http = http
        self.addresses = addresses

    def get(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """One REST answer."""
        return self.http.get(path, params, **more)

    def post(self, query: str, variables: Mapping[str, Any]) -> Answer:
        """The answer to a GraphQL query, with the errors that concern parts of it."""
        asked = {"query": query, "variables": variables}
        return self.http.post(self.addresses.graphql, json=asked, bucket=GRAPHQL)

    def query(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What a GraphQL query gave, whole. What does not exist is None."""
        body = self.post(query, variables).body
        for error in body.get("errors", ()):
            if error.get("type") in FORBIDDEN:
                raise AccessError(f"the token may not read this ({error.get('message', '')}).", hint=WIDEN)
            if error.get("type") != NOT_FOUND:
                raise TooMuch(f"GitHub answered a query in part only: {error.get('message', '')}")
        if body.get("data") is None:
            raise SourceError("GitHub answered a query without data.", hint="run again later")
        found: dict[str, Any] = body["data"]
        return found

    def in_repository(self, repository: Repository, selections: Sequence[str], fragments: str) -> Iterator[Any]:
        """What each selection in a repository gave, in order; None for what does not exist. Smaller queries follow
        where GitHub finds one too large, down to a single selection, whose error stands in its place.
        """
        inner = " ".join(f"n{place}: {selection}" for place, selection in enumerate(selections))
        query = f"query($owner:String!,$name:String!){{repository(owner:$owner,name:$name){{{inner}}}}} {fragments}"
        try:
            found = self.query(query, {"owner": repository.owner, "name": repository.name})["repository"]
        except SourceError as error:
            if not _is_too_much(error):
                raise
            if len(selections) == 1:
                yield error
                return
            half = len(selections) // 2
            yield from self.in_repository(repository, selections[:half], fragments)
            yield from self.in_repository(repository, selections[half:], fragments)
            return
        if found is None:
            raise _not_shown(repository)
        yield from (found[f"n{place}"] for place in range(len(selections)))

    def pages(
        self, repository: Repository, connection: str, selection: str, *, order: str, size: int, fragments: str = ""
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a connection of a repository, smaller ones where GitHub finds them too large. What it cannot
        tell even alone has only its `number`, and the `error`.
        """
        after, most, broken = None, size, None
        while True:
            query = _query_of_page(connection, "number" if broken else selection, order) + ("" if broken else fragments)
            asked = {"owner": repository.owner, "name": repository.name, "size": size, "after": after}
            try:
                found = self.query(query, asked)["repository"]
            except SourceError as error:
                if broken or not _is_too_much(error):
                    raise
                size, broken = max(1, size // 2), error if size == 1 else None
                continue
            if found is None:
                raise _not_shown(repository)
            page = found[connection]
            told = {"error": broken} if broken else {}
            yield [{**node, **told} for node in page["nodes"] if node is not None]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after, size, broken = page["pageInfo"]["endCursor"], min(most, size * 2), None

    def rest_of(self, node: str, on: str, connection: str, selection: str, page: Mapping[str, Any]) -> Iterator[Any]:
        """The nodes of a connection of one node: those of `page` first, then those of all pages after it."""
        query = (
            f"query($id:ID!,$after:String){{node(id:$id){{... on {on}{{"
            f"{connection}(first:100,after:$after){{{PAGE_INFO} nodes{{{selection}}}}}}}}}}}"
        )
        yield from filter(None, page["nodes"])
        while page["pageInfo"]["hasNextPage"]:
            found = self.query(query, {"id": node, "after": page["pageInfo"]["endCursor"]})["node"]
            if not found:
                return  # it vanished in the meantime
            page = found[connection]
            yield from filter(None, page["nodes"])


def _query_of_page(connection: str, selection: str, order: str) -> str:
    page = f"first:$size,after:$after,orderBy:{{{order}}}"
    return (
        "query($owner:String!,$name:String!,$size:Int!,$after:String){repository(owner:$owner,name:$name){"
        f"{connection}({page}){{{PAGE_INFO} nodes{{{selection}}}}}}}}}"
    )


def _is_too_much(error: SourceError) -> bool:
    return isinstance(error, TooMuch) or error.status in BUSY


def _not_shown(repository: Repository) -> NotFound:
    return NotFound(
        f"GitHub no longer shows {repository.full_name} to this token.", hint="what was read before is kept"
    )
