"""The two ways to ask GitHub, over one connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import AccessError, NotFound, SourceError, TransientError
from ...net.answer import Answer
from ...net.http import Http
from .addresses import Addresses
from .errors import FORBIDDEN, TooMuch

BUSY = (502, 504)
GRAPHQL, REST = "graphql", "rest"  # their limits are counted apart


class Api:
    """REST and GraphQL of one GitHub. Safe among threads."""

    def __init__(self, http: Http, addresses: Addresses) -> None:
        self.http = http
        self.addresses = addresses

    def get(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """One REST answer."""
        return self.http.get(path, params, bucket=REST, **more)

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What a GraphQL query gave. Parts that do not exist are None; a part that is forbidden is an AccessError."""
        asked = {"query": text, "variables": variables}
        answer = self.http.post(self.addresses.graphql, json=asked, bucket=GRAPHQL)
        for error in answer.body.get("errors", ()):
            if error.get("type") in FORBIDDEN:
                raise AccessError(f"GitHub forbids this: {error.get('message', '')}", hint="widen the token's rights")
            if error.get("type") != "NOT_FOUND":
                raise TooMuch(f"GitHub answered a query in part only: {error.get('message', '')}")
        found: dict[str, Any] | None = answer.body.get("data")
        if found is None:
            raise SourceError("GitHub answered a query without data.")
        return found

    def by_alias(
        self, owner: str, name: str, selections: Sequence[str], fragments: str, variables: str = ""
    ) -> Iterator[Any]:
        """What each selection in one repository gave, in order; None for what does not exist. Smaller queries follow
        where GitHub finds one too large.
        """
        inner = "\n".join(f"n{place}: {selection}" for place, selection in enumerate(selections))
        text = f"query($owner:String!,$name:String!{variables}){{repository(owner:$owner,name:$name){{{inner}}}}}"
        try:
            found = self.query(text + fragments, {"owner": owner, "name": name})["repository"]
        except (TooMuch, TransientError) as error:
            if len(selections) == 1 or not (isinstance(error, TooMuch) or error.status in BUSY):
                raise
            half = len(selections) // 2
            yield from self.by_alias(owner, name, selections[:half], fragments, variables)
            yield from self.by_alias(owner, name, selections[half:], fragments, variables)
            return
        if found is None:
            raise NotFound(f"GitHub no longer shows the repository {owner}/{name}.")
        yield from (found[f"n{place}"] for place in range(len(selections)))

    def rest_of(self, node: str, on: str, connection: str, selection: str, page: Mapping[str, Any]) -> Iterator[Any]:
        """The nodes of a connection, those of `page` first, then those of all pages after it."""
        yield from page["nodes"]
        text = (
            f"query($id:ID!,$after:String){{node(id:$id){{... on {on}{{{connection}(first:100,after:$after)"
            f"{{pageInfo{{hasNextPage endCursor}} nodes{{{selection}}}}}}}}}}}"
        )
        while page["pageInfo"]["hasNextPage"]:
            found = self.query(text, {"id": node, "after": page["pageInfo"]["endCursor"]})["node"]
            if found is None:
                return  # it vanished in the meantime
            page = found[connection]
            yield from page["nodes"]
