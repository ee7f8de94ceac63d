"""What QuickBooks posts to a webhook: CloudEvents since 2026, and the format before."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from .qbo_json import written

SOURCE = "intuit.dsnNJQHmlYsZmAYbqxVnEQ=="
OLD_NAMES = {"created": "Create", "updated": "Update", "deleted": "Delete", "merged": "Merge", "voided": "Void"}

Event = tuple[str, str, str]  # kind, id, and created, updated, deleted, merged, voided or emailed


def notify(
    realm_id: str, events: Iterable[Event], at: datetime, verifier: str, *, old: bool = False
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one delivery, signed with the verifier token of the app."""
    made = _old(realm_id, events, at) if old else [_event(realm_id, event, at) for event in events]
    body = written(made)
    digest = hmac.new(verifier.encode(), body, hashlib.sha256).digest()
    return body, {"Content-Type": "application/json", "intuit-signature": base64.b64encode(digest).decode()}


def _event(realm_id: str, event: Event, at: datetime) -> dict[str, object]:
    kind, thing, happened = event
    told = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "517Z"  # nine digits
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{realm_id} {event} {told}")),
        "source": SOURCE,
        "type": f"qbo.{kind.lower()}.{happened}.v1",
        "datacontenttype": "application/json",
        "time": told,
        "intuitentityid": thing,
        "intuitaccountid": realm_id,
        "data": {},
    }


def _old(realm_id: str, events: Iterable[Event], at: datetime) -> dict[str, object]:
    told = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    entities = [
        {"id": thing, "operation": OLD_NAMES.get(happened, "Emailed"), "name": kind, "lastUpdated": told}
        for kind, thing, happened in events
    ]
    return {"eventNotifications": [{"realmId": realm_id, "dataChangeEvent": {"entities": entities}}]}
