"""What the fake of QuickBooks posts to a webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from ..fakes.qbo_webhooks import notify

AT = datetime(2026, 9, 10, 21, 31, 25, 179851, UTC)
EVENTS = [("Invoice", "1234", "updated"), ("Customer", "4", "merged")]


def test_deliveries_are_lists_of_cloud_events():
    body, headers = notify("310687", EVENTS, AT, "verifier")
    event, other = json.loads(body)

    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": event["source"],
        "type": "qbo.invoice.updated.v1",
        "datacontenttype": "application/json",
        "time": "2026-09-10T21:31:25.179851517Z",
        "intuitentityid": "1234",
        "intuitaccountid": "310687",
        "data": {},
    }
    assert (other["type"], other["id"] == event["id"]) == ("qbo.customer.merged.v1", False)
    signed = hmac.new(b"verifier", body, hashlib.sha256).digest()
    assert base64.b64decode(headers["intuit-signature"]) == signed


def test_the_same_event_has_the_same_id():
    first, again = (json.loads(notify("1", EVENTS, AT, "v")[0]) for _ in range(2))

    assert first == again


def test_deliveries_of_the_format_before():
    body, _ = notify("310687", EVENTS, AT, "verifier", old=True)
    ((notification,),) = json.loads(body).values()

    assert notification["realmId"] == "310687"
    assert notification["dataChangeEvent"]["entities"] == [
        {"id": "1234", "operation": "Update", "name": "Invoice", "lastUpdated": "2026-09-10T21:31:25.000Z"},
        {"id": "4", "operation": "Merge", "name": "Customer", "lastUpdated": "2026-09-10T21:31:25.000Z"},
    ]
