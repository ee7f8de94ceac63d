"""What a Data Center posts to a webhook. The cloud signs none but for apps of its marketplace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_signature, understood
from .errors import WEBHOOK_SECRET

if TYPE_CHECKING:
    from . import ConfluenceConnector

TERMS = Terms((WEBHOOK_SECRET,))
SIGNATURE = "x-hub-signature"


def receive(connector: ConfluenceConnector, request: Request) -> Receipt:
    """The answer to a signed event.

    Events name a space by its key and streams are named by its id, which nobody may be asked for here: an incremental
    run looks, and it costs a few requests.
    """
    check_signature(request, WEBHOOK_SECRET, SIGNATURE, prefix="sha256=")
    return Receipt(hints=understood(partial(_hints, connector, request.json()), "Confluence"))


def _hints(connector: ConfluenceConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    space = _space(told)
    if not space or not connector.spaces or space in connector.spaces:
        yield Hint()


def _space(told: Mapping[str, Any]) -> str:
    """The key of the space, where the event tells it."""
    for what in ("page", "blog", "blogpost", "comment", "attachment", "space"):
        raw = told.get(what)
        if isinstance(raw, Mapping):
            key = raw.get("spaceKey") or (raw.get("key") if what == "space" else "")
            return str(key or "")
    return ""
