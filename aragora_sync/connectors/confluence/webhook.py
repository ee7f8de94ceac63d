"""What a Data Center posts to a webhook, and what a rule of the cloud's Automation sends.

The cloud has webhooks for apps of its marketplace alone; a rule may send a web request with a header of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_secret, check_signature, understood
from .errors import WEBHOOK_SECRET

if TYPE_CHECKING:
    from . import ConfluenceConnector

TERMS = Terms((WEBHOOK_SECRET,))
SIGNATURE, SHARED = "x-hub-signature", "x-webhook-secret"


def receive(connector: ConfluenceConnector, request: Request) -> Receipt:
    """The answer to an event that is signed, or bears the secret.

    Events name a space by its key and streams are named by its id, which nobody may be asked for here: an incremental
    run looks, and it costs a few requests.
    """
    if request.header(SHARED) and not request.header(SIGNATURE):
        check_secret(request, WEBHOOK_SECRET, SHARED)
        told = request.object() if request.body.strip() else {}
        # two edits of a page may send the same body, and whoever could send it again has the secret
        return Receipt(hints=understood(partial(_hints, connector, told), "Confluence"), once=uuid4().hex)
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
