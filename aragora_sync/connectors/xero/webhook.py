"""What Xero posts to a webhook: https://developer.xero.com/documentation/guides/webhooks"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_signature, understood
from .endpoints import ENDPOINTS
from .items import id_of
from .login import TENANT, WEBHOOK_KEY

if TYPE_CHECKING:
    from . import XeroConnector

TERMS = Terms((WEBHOOK_KEY,))
SIGNATURE = "x-xero-signature"
STREAMS = {"CONTACT": "contacts", "CREDITNOTE": "credit_notes", "INVOICE": "invoices"}


def receive(connector: XeroConnector, request: Request) -> Receipt:
    """The answer to signed events; Xero's trial of the address (intent to receive) has none, and is answered alike."""
    check_signature(request, WEBHOOK_KEY, SIGNATURE, base64=True)
    return Receipt(hints=understood(partial(_hints, connector, request.json()), "Xero"))


def _hints(connector: XeroConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    """A gap in the sequence is a delivery that was lost: an incremental run finds what it told."""
    events, first, last = told["events"], told["firstEventSequence"], told["lastEventSequence"]
    if not events:
        return
    if connector.webhooks_seen.follows_gap(first, last):
        yield Hint()
    organisation = connector.xero_tenant_id or connector.told(TENANT)
    for event in events:
        endpoint = ENDPOINTS.get(STREAMS.get(event["eventCategory"], ""))
        if endpoint is None or endpoint.name not in (connector.record_types or ENDPOINTS):
            continue
        if organisation in ("", event["tenantId"]):
            yield Hint(f"{event['tenantId']}/{endpoint.name}", (id_of(endpoint, event["resourceId"]),))


class Sequence:
    """How far the numbers of events came, in this process: whoever starts it runs everything once anyway."""

    def __init__(self) -> None:
        self._last = 0

    def follows_gap(self, first: int, last: int) -> bool:
        """Whether numbers are missing between the last delivery and this one."""
        gap = bool(self._last) and first > self._last + 1
        self._last = max(self._last, last)
        return gap
