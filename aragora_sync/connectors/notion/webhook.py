"""What Notion posts to a webhook subscription: https://developers.notion.com/reference/webhooks"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_signature, handshake, understood
from .errors import WEBHOOK_TOKEN
from .workspace import PAGE, SOURCE, WORKSPACE, ids_in

if TYPE_CHECKING:
    from . import NotionConnector

TERMS = Terms((WEBHOOK_TOKEN,), begins_unsigned=True)
SIGNATURE = "x-notion-signature"
TOKEN = "verification_token"  # noqa: S105 - the name of a field
MOST_ROOTS = 10  # pages of the options that are each asked whether a page hangs below them


def receive(connector: NotionConnector, request: Request) -> Receipt:
    """The answer to a signed event, or to the handshake that comes before all others."""
    if WEBHOOK_TOKEN not in request.secrets:
        return handshake(request, WEBHOOK_TOKEN, TOKEN)
    check_signature(request, WEBHOOK_TOKEN, SIGNATURE, prefix="sha256=")
    told = request.object()
    hints = understood(partial(_hints, connector, told), "Notion")
    return Receipt(hints=hints, once=str(told.get("id") or ""))


def _hints(connector: NotionConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    kind = told["type"].partition(".")[0]
    if kind == "page":
        yield from _page(connector, told["entity"]["id"], told.get("data", {}).get("parent") or {})
    elif kind in ("database", "data_source"):
        yield Hint()  # a schema or a title, which rows and pages show; or rows that went with it


def _page(connector: NotionConnector, page_id: str, parent: Mapping[str, Any]) -> Iterator[Hint]:
    """The streams in which the page may be. Which page of the options it hangs below, if any, its reading finds out."""
    databases, roots = ids_in("databases", connector.databases), ids_in("root_pages", connector.root_pages)
    if not databases and not roots:
        yield Hint(WORKSPACE, (page_id,))
    source_id = str(parent.get("data_source_id") or "")
    if parent.get("type") in ("database", "data_source") and {parent.get("id"), source_id} & set(databases):
        yield Hint(f"{SOURCE}{source_id}", (page_id,)) if source_id else Hint()
    if len(roots) > MOST_ROOTS:
        yield Hint()
    else:
        yield from (Hint(f"{PAGE}{root}", (page_id,)) for root in roots)
