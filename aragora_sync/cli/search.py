"""`aragora-sync search`"""

from dataclasses import asdict
from typing import Annotated

from typer import Argument, Option

from ..core.errors import ConfigError, StoreError
from ..store.base import Hit
from ..store.search import match_expression
from ..store.sqlite import SqliteStore
from .common import Asked, OnlyConnector, command
from .output import indented, say, say_json, talk
from .selection import require_connector, the_store, the_tenant


@command
def search(
    asked: Asked,
    query: Annotated[str, Argument(metavar="QUERY", help='All of these words; "a phrase"; the begin* of a word.')],
    connector: OnlyConnector = None,
    kind: Annotated[
        str | None, Option("--kind", metavar="KIND", help="Only items of this kind, like page or file.")
    ] = None,
    limit: Annotated[int, Option("--limit", min=1, metavar="N", help="How many to show.")] = 10,
) -> int:
    """Finds items by their words.

    What the latest runs brought is made searchable first.
    """
    if not match_expression(query):
        raise ConfigError("the query holds no word.", hint='aragora-sync search "some words"')
    tenant = the_tenant(asked)
    store = _searchable(asked, tenant)
    try:
        require_connector(connector, store)
        hits = store.search(query, connector=connector, kind=kind, limit=limit)
    finally:
        store.close()
    if asked.json:
        say_json({"tenant": tenant, "hits": [asdict(hit) for hit in hits]}, indent=2)
    elif hits:
        say("\n\n".join(map(_shown, hits)))
    elif not asked.quiet:
        talk("Nothing was found.")
    return 0


def _searchable(asked: Asked, tenant: str) -> SqliteStore:
    """The store with everything indexed, or as it is where it can only be read."""
    store = None
    try:
        store = the_store(asked, tenant, read_only=False)
        store.index()
        return store
    except StoreError as error:
        if store is not None:
            store.close()
        readable = the_store(asked, tenant)
        talk(f"What the latest runs brought may be missing: {error.message}")
        return readable


def _shown(hit: Hit) -> str:
    snippet = " ".join(hit.snippet.split())
    where = hit.url or hit.id
    return "\n".join([f"{hit.title or hit.id}  ({hit.connector}, {hit.kind})", *indented(snippet), f"  {where}"])
