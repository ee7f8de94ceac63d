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
MOST = 2**63  # what a file can hold
STREAMS = {"CONTACT": "contacts", "CREDITNOTE": "credit_notes", "INVOICE": "invoices"}


def receive(connector: XeroConnector, request: Request) -> Receipt:
    """The answer to signed events; Xero's trial of the address (intent to receive) has none, and is answered alike."""
    check_signature(request, WEBHOOK_KEY, SIGNATURE, base64=True)
    told = request.json()
    return Receipt(hints=understood(partial(_hints, connector, told), "Xero"), numbers=_numbers(told))


def _hints(connector: XeroConnector, told: Mapping[str, Any]) -> Iterator[Hint]:
    events = told["events"]
    organisation = connector.xero_tenant_id or connector.told(TENANT)
    for event in events:
        endpoint = ENDPOINTS.get(STREAMS.get(event["eventCategory"], ""))
        if endpoint is None or endpoint.name not in (connector.record_types or ENDPOINTS):
            continue
        if organisation in ("", event["tenantId"]):
            yield Hint(f"{event['tenantId']}/{endpoint.name}", (id_of(endpoint, event["resourceId"]),))


def _numbers(told: Any) -> tuple[int, int] | None:
    """Those of the events; None for the trial of the address, which has none, and for what nobody foresaw."""
    if not isinstance(told, dict) or not told.get("events"):
        return None
    first, last = told.get("firstEventSequence"), told.get("lastEventSequence")
    return (first, last) if isinstance(first, int) and isinstance(last, int) and 0 < first <= last < MOST else None
