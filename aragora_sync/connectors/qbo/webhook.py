"""What Intuit posts to a webhook: CloudEvents since 2026, and the format before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.hints import Hint
from ...core.webhook import Receipt, Request, Terms, check_signature, understood
from .credentials import WEBHOOK_TOKEN
from .entities import ENTITIES, wanted
from .items import item_id
from .login import REALM

if TYPE_CHECKING:
    from . import QuickBooksConnector

TERMS = Terms((WEBHOOK_TOKEN,))
SIGNATURE = "intuit-signature"


class Event(NamedTuple):
    """One thing that changed."""

    realm_id: str
    entity: str
    id: str


def receive(connector: QuickBooksConnector, request: Request) -> Receipt:
    """The answer to a signed list of events."""
    check_signature(request, WEBHOOK_TOKEN, SIGNATURE, base64=True)
    return Receipt(hints=understood(partial(_hints, connector, request.json()), "QuickBooks"))


def _hints(connector: QuickBooksConnector, told: Any) -> Iterator[Hint]:
    events = list(_cloud_events(told) if isinstance(told, list) else _old_events(told))
    if not events:
        return
    realm_id = connector.realm_id or connector.told(REALM)
    entities = {entity.name for entity in wanted(connector.entities)}
    by_case = {name.lower(): entity for name, entity in ENTITIES.items() if name in entities}
    for event in events:
        entity = by_case.get(event.entity.lower())
        if entity is not None and realm_id in ("", event.realm_id):
            yield Hint(entity.name, (item_id(entity, event.id),))


def _cloud_events(told: list[Any]) -> Iterator[Event]:
    for raw in told:
        yield Event(str(raw["intuitaccountid"]), raw["type"].split(".")[1], str(raw["intuitentityid"]))


def _old_events(told: Any) -> Iterator[Event]:
    for notification in told["eventNotifications"]:
        for raw in notification.get("dataChangeEvent", {}).get("entities", []):
            yield Event(str(notification["realmId"]), raw["name"], str(raw["id"]))
            if raw.get("deletedId"):  # what a merge ended
                yield Event(str(notification["realmId"]), raw["name"], str(raw["deletedId"]))
